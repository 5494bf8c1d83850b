"""Bytes on the wire: what no browser and no HTTP library would send."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Gateway:
    """A served gateway: where it listens."""

    host: str
    port: int

    def exchange(self, *pieces: bytes, pause: float = 0.0, timeout: float = 20.0) -> bytes:
        """Send pieces, with a pause after each, and return all that came back until the server closed."""
        with socket.create_connection((self.host, self.port), timeout=timeout) as connection:
            answer = b""
            for piece in pieces:
                try:
                    connection.sendall(piece)
                except OSError:
                    break  # the server has closed; what it said before is read below
                time.sleep(pause)
            try:
                while received := connection.recv(262_144):
                    answer += received
            except ConnectionResetError:
                pass
            return answer

    def get(self, target: bytes, *fields: bytes) -> bytes:
        """Return the answer to a GET."""
        return self.exchange(request(b"GET", target, *fields))


def request(
    method: bytes, target: bytes, *fields: bytes, body: bytes = b"", host: bytes = b"gateway.localhost:8080"
) -> bytes:
    """Return the bytes of a request on a connection of its own."""
    lines = [b"%s %s HTTP/1.1" % (method, target), b"host: " + host, b"connection: close", *fields]
    return b"\r\n".join([*lines, b"", body])


def form(target: bytes, body: bytes, *fields: bytes, kind: bytes = b"application/x-www-form-urlencoded") -> bytes:
    """Return the bytes of a posted form."""
    return request(b"POST", target, b"content-type: " + kind, b"content-length: %d" % len(body), *fields, body=body)


def chunked(target: bytes, chunks: Iterable[bytes], *fields: bytes) -> bytes:
    """Return the bytes of a form whose body comes as these raw chunks."""
    kind = b"content-type: application/x-www-form-urlencoded"
    return request(b"POST", target, kind, b"transfer-encoding: chunked", *fields, body=b"".join(chunks))


def status(answer: bytes) -> int:
    """Return the status of an answer; 0 when the connection was closed without one."""
    return int(answer.split(b" ", 2)[1]) if answer else 0


def field(answer: bytes, name: str) -> str | None:
    """Return a header field of an answer."""
    head = answer.partition(b"\r\n\r\n")[0].decode("latin-1")
    for line in head.split("\r\n")[1:]:
        key, _, value = line.partition(":")
        if key.lower() == name:
            return value.strip()
    return None
