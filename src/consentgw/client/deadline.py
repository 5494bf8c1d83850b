"""A deadline for a whole exchange: httpx has one for each read alone, and a server that drips begins each anew."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import httpcore
import httpx

if TYPE_CHECKING:
    import ssl
    from collections.abc import Generator, Iterable

_here = threading.local()


@contextmanager
def within(seconds: float) -> Generator[None]:
    """Let whatever this thread does in a client that :func:`keeps_deadlines` end in time."""
    _here.ends = time.monotonic() + seconds
    try:
        yield
    finally:
        del _here.ends


def keeps_deadlines(client: httpx.Client) -> None:
    """Have a client keep deadlines, also on its way through a proxy."""
    # httpx takes no network of ours and is asked to nevertheless; a test notices if it some day does not listen.
    for way in (client._transport, *client._mounts.values()):  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
        if isinstance(way, httpx.HTTPTransport):
            way._pool._network_backend = _Network()  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]


def _left(timeout: float | None) -> float | None:
    """Return the seconds that are left. Raises where there are none."""
    if (ends := getattr(_here, "ends", None)) is None:
        return timeout
    if (left := ends - time.monotonic()) <= 0:
        raise httpcore.ReadTimeout("no answer in time")
    return left


class _Network(httpcore.SyncBackend):
    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        return _Stream(super().connect_tcp(host, port, _left(timeout), local_address, socket_options))


class _Stream(httpcore.NetworkStream):
    def __init__(self, stream: httpcore.NetworkStream) -> None:
        self._stream = stream

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, _left(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, _left(timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        return _Stream(self._stream.start_tls(ssl_context, server_hostname, _left(timeout)))

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)
