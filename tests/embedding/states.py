"""The states a gateway can be in when it is not well: a small server for each, on loopback, ended with its context.

Each listens on a port and gives it; ``up`` and ``stopped`` are a real gateway, which these do not know.
"""

from __future__ import annotations

import datetime
import ipaddress
import random
import socket
import ssl
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

STATES = (
    "up", "stopped", "refused", "unreachable", "accepts and hangs", "500", "200 with garbage", "TLS error",
    "one byte a second",
)  # fmt: skip
SILENT = frozenset({"unreachable", "accepts and hangs", "stopped", "one byte a second"})
"""Whoever asks has no answer until they give up."""
MEDIA = {"css": "text/css", "js": "text/javascript", "gif": "image/gif"}

Converse = Callable[[socket.socket, threading.Event], None]


@contextmanager
def refused(port: int = 0) -> Iterator[int]:
    """Hold a port and do not listen: whoever connects is refused."""
    with socket.socket() as held:
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        held.bind(("127.0.0.1", port))
        yield held.getsockname()[1]


@contextmanager
def unreachable(port: int = 0) -> Iterator[int]:
    """Listen with a queue that is full: the kernel drops every further SYN, as a network that loses packets does.

    Linux does so (net.ipv4.tcp_abort_on_overflow is 0 unless somebody changed it), and no privilege is needed.
    """
    with ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        listener.listen(0)
        for _ in range(8):
            waiting = stack.enter_context(socket.socket())
            waiting.settimeout(0.5)
            try:
                waiting.connect(listener.getsockname())
            except TimeoutError:
                break
        else:
            raise AssertionError("this kernel lets more connections wait than it was told")
        yield listener.getsockname()[1]


def hangs(port: int = 0) -> AbstractContextManager[int]:
    """Accept every connection, read, and say nothing."""
    return _listening(port, lambda connection, over: over.wait())


def broken(port: int = 0) -> AbstractContextManager[int]:
    """Answer everything with a 500."""
    return _listening(port, lambda connection, over: _answer(connection, "500 Internal Server Error", _page))


def garbage(port: int = 0) -> AbstractContextManager[int]:
    """Answer everything with a 200 and bytes that mean nothing, as what the address promises."""
    return _listening(port, lambda connection, over: _answer(connection, "200 OK", _noise))


def dripping(port: int = 0) -> AbstractContextManager[int]:
    """Begin a good answer, and send one byte of it a second."""

    def drip(connection: socket.socket, over: threading.Event) -> None:
        _path(connection)
        for byte in b"HTTP/1.1 200 OK\r\ncontent-type: text/css\r\ncontent-length: 2\r\n\r\n{}":
            connection.sendall(bytes([byte]))
            if over.wait(1):
                break

    return _listening(port, drip)


@contextmanager
def untrusted(port: int = 0) -> Iterator[int]:
    """Speak TLS with a certificate nobody trusts."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "certificate.pem")
        file.write_bytes(_certificate())
        context.load_cert_chain(file)

    def speak(connection: socket.socket, over: threading.Event) -> None:
        with context.wrap_socket(connection, server_side=True) as secure:
            _answer(secure, "200 OK", _noise)

    with _listening(port, speak) as bound:
        yield bound


BROKEN: dict[str, Callable[[int], AbstractContextManager[int]]] = {
    "refused": refused,
    "unreachable": unreachable,
    "accepts and hangs": hangs,
    "500": broken,
    "200 with garbage": garbage,
    "TLS error": untrusted,
    "one byte a second": dripping,
}


@contextmanager
def _listening(port: int, converse: Converse) -> Iterator[int]:
    """Listen, and hold each conversation in a thread of its own."""
    over = threading.Event()
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        listener.listen(64)
        listener.settimeout(0.1)

        def hold(connection: socket.socket) -> None:
            # The other side may have enough at any time; TLS that was refused is told this way, too.
            with connection, suppress(OSError):
                connection.settimeout(60)
                converse(connection, over)

        def accept() -> None:
            while not over.is_set():
                try:
                    connection, _ = listener.accept()
                except TimeoutError:
                    continue
                threading.Thread(target=hold, args=(connection,), daemon=True).start()

        thread = threading.Thread(target=accept)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            over.set()
            thread.join()


def _path(connection: socket.socket) -> str:
    """Read the head of a request and return its path."""
    head = b""
    while b"\r\n\r\n" not in head:
        received = connection.recv(65_536)
        if not received:
            raise ConnectionResetError
        head += received
    return head.split(b" ", 2)[1].decode("latin-1").partition("?")[0]


def _answer(connection: socket.socket, status: str, content: Callable[[str], tuple[str, bytes]]) -> None:
    media, body = content(_path(connection))
    head = f"HTTP/1.1 {status}\r\ncontent-type: {media}\r\ncontent-length: {len(body)}\r\nconnection: close\r\n\r\n"
    connection.sendall(head.encode() + body)


def _page(path: str) -> tuple[str, bytes]:
    return "text/html; charset=utf-8", b"<!doctype html><h1>Internal Server Error</h1>"


def _noise(path: str) -> tuple[str, bytes]:
    media = MEDIA.get(path.rpartition(".")[2], "text/html")
    return media, random.Random(5).randbytes(4096)


def _certificate() -> bytes:
    """Return a key and a certificate for names below localhost, signed by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Nobody")])
    now = datetime.datetime.now(datetime.UTC)
    names = [x509.DNSName("*.localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .sign(key, hashes.SHA256())
    )
    encoding, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    return key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, plain) + certificate.public_bytes(encoding)
