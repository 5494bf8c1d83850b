"""Partners' own servers, real ones on this machine, that behave well or badly and write down what they are sent."""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

if TYPE_CHECKING:
    from pathlib import Path

Behaviour = Callable[[asyncio.StreamWriter], Awaitable[None]]


@dataclass(frozen=True)
class Received:
    """A message as it came."""

    line: str
    headers: dict[str, str]
    body: bytes
    at: float


@dataclass
class Receiver:
    """A server that is told."""

    behaviour: Behaviour
    port: int = 0
    connections: int = 0
    under_way: int = 0
    most_under_way: int = 0
    received: list[Received] = field(default_factory=list[Received])
    names: list[str | None] = field(default_factory=list["str | None"])
    """What each TLS connection asked for."""
    came: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def url(self) -> str:
        """Where it is reached over plain http."""
        return f"http://127.0.0.1:{self.port}/told"

    @property
    def messages(self) -> list[str]:
        """Return the ids of what came, in order."""
        return [one.headers["webhook-id"] for one in self.received]

    async def reach(self, count: int, seconds: float = 20) -> None:
        """Wait until so many messages have come."""
        async with asyncio.timeout(seconds):
            while len(self.received) < count:
                self.came.clear()
                await self.came.wait()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                line, *fields = head.strip().split("\r\n")
                headers = {name.lower(): value for name, value in (one.split(": ", 1) for one in fields)}
                body = await reader.readexactly(int(headers["content-length"]))
                self.received.append(Received(line, headers, body, asyncio.get_running_loop().time()))
                self.came.set()
                await self.behaviour(writer)
        finally:
            self.under_way -= 1
            writer.close()
            with suppress(ConnectionError, ssl.SSLError):
                await writer.wait_closed()


def answering(status: int = 204, *fields: str, body: bytes = b"") -> Behaviour:
    """Answer at once."""
    head = "\r\n".join([f"HTTP/1.1 {status} Whatever", f"Content-Length: {len(body)}", *fields])

    async def answer(writer: asyncio.StreamWriter) -> None:
        writer.write(f"{head}\r\n\r\n".encode() + body)
        await writer.drain()

    return answer


def in_turn(*behaviours: Behaviour) -> Behaviour:
    """Behave in one way after another, in the last one for ever."""
    left = list(behaviours)

    async def behave(writer: asyncio.StreamWriter) -> None:
        await (left.pop(0) if len(left) > 1 else left[0])(writer)

    return behave


async def hanging(_: asyncio.StreamWriter) -> None:
    """Never answer."""
    await asyncio.sleep(3600)


async def slamming(writer: asyncio.StreamWriter) -> None:
    """Close without an answer."""


async def babbling(writer: asyncio.StreamWriter) -> None:
    """Answer what is no HTTP."""
    writer.write(b"220 mail.example ESMTP\r\n\r\n")
    await writer.drain()


async def endless(writer: asyncio.StreamWriter) -> None:
    """Say yes, and then go on for ever."""
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n")
    while True:
        writer.write(b"x" * 65_536)
        await writer.drain()


async def endless_head(writer: asyncio.StreamWriter) -> None:
    """Never come to the end of the headers."""
    writer.write(b"HTTP/1.1 200 OK\r\n")
    while True:
        writer.write(b"x-more: " + b"x" * 8000 + b"\r\n")
        await writer.drain()


async def trickling(writer: asyncio.StreamWriter) -> None:
    """Say yes, and then say the rest letter by letter."""
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    while True:
        writer.write(b"x")
        await writer.drain()
        await asyncio.sleep(0.05)


@asynccontextmanager
async def receiving(behaviour: Behaviour | None = None, tls: ssl.SSLContext | None = None) -> AsyncIterator[Receiver]:
    """Run a partner's server; it takes everything unless told otherwise."""
    receiver = Receiver(behaviour or answering())
    if tls:
        tls.sni_callback = lambda _socket, name, _context: receiver.names.append(name)
    server = await asyncio.start_server(receiver._serve, "127.0.0.1", 0, ssl=tls)
    receiver.port = server.sockets[0].getsockname()[1]
    before = asyncio.all_tasks()
    try:
        yield receiver
    finally:
        server.close()
        left = [task for task in asyncio.all_tasks() - before if "Receiver._serve" in repr(task.get_coro())]
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)


async def until(holds: Callable[[], bool], seconds: float = 20) -> None:
    """Wait until the database says so."""
    async with asyncio.timeout(seconds):
        while not holds():  # noqa: ASYNC110  nothing tells when it changes
            await asyncio.sleep(0.01)


class Apart:
    """A receiver in a thread of its own, for messages that other processes send."""

    def __init__(self, behaviour: Behaviour | None = None) -> None:
        self._behaviour = behaviour
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), name="receiver")

    def __enter__(self) -> Receiver:
        """Start it."""
        self._thread.start()
        assert self._ready.wait(20)
        return self._receiver

    def __exit__(self, *_: object) -> None:
        """Stop it."""
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(20)

    async def _run(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        async with receiving(self._behaviour) as self._receiver:
            self._ready.set()
            await self._stop.wait()


def certificate(folder: Path, name: str) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """Return what a server proves itself with to be ``name``, and what believes it."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, SHA256())
    )
    file = folder / "certificate.pem"
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    file.write_bytes(made.public_bytes(Encoding.PEM) + secret)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(file)
    return server, ssl.create_default_context(cadata=made.public_bytes(Encoding.PEM).decode())
