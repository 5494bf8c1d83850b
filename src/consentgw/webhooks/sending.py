"""Sending one message to an address that somebody else chose.

The name is looked up once, every address it has must be one we may reach, and exactly that address is connected to;
the certificate is still checked against the name. No proxy, no redirect, no cookie, no connection kept.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, cast

import httpcore

from consentgw import __version__
from consentgw.webhooks import addresses
from consentgw.webhooks.model import Outcome

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Sequence

TOTAL_SECONDS = 15.0
"""The longest an attempt takes, from looking the name up to the status of the answer."""
COURTESY_SECONDS = 1.0
"""How long the rest of an answer is listened to; it changes nothing."""
CONNECT_SECONDS = 5.0
ANSWER_BYTES = 65_536
"""How much of an answer's body is read, and thrown away."""
LOOKUPS = 32
"""Names looked up at once: one that is slow to resolve must not hold up the others."""

_HEADERS = [
    (b"content-type", b"application/json"),
    (b"user-agent", f"consentgw/{__version__}".encode()),
    (b"accept", b"*/*"),
    (b"connection", b"close"),
]


class _NotAllowed(Exception):
    """The name leads somewhere we do not go."""


class _Unknown(Exception):
    """The name leads nowhere."""


class Checked(httpcore.AsyncNetworkBackend):
    """Connects to an address that was looked up once and checked."""

    def __init__(
        self,
        allowed: Callable[[str], bool],
        lookup: Callable[[str, int], Awaitable[Sequence[str]]],
        connect: httpcore.AsyncNetworkBackend,
    ) -> None:
        self._allowed = allowed
        self._lookup = lookup
        self._connect = connect

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect to the first address of a name that can be reached, if all of them may be."""
        found = await self._lookup(host, port)
        if not found:
            raise _Unknown
        if not all(map(self._allowed, found)):
            raise _NotAllowed
        for address in found[:-1]:
            with suppress(httpcore.ConnectError, httpcore.ConnectTimeout):
                return await self._connect.connect_tcp(address, port, timeout)
        return await self._connect.connect_tcp(found[-1], port, timeout)

    async def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Iterable[Any] | None = None
    ) -> httpcore.AsyncNetworkStream:
        """Refuse: a message goes over the network."""
        raise _NotAllowed


class Sender:
    """Sends messages; one serves a whole process."""

    def __init__(
        self,
        *,
        to_loopback: bool = False,
        lookup: Callable[[str, int], Awaitable[Sequence[str]]] | None = None,
        trust: Callable[[], ssl.SSLContext] | None = None,
    ) -> None:
        self._trust = trust or _authorities
        self._context: ssl.SSLContext | None = None
        self._threads = ThreadPoolExecutor(LOOKUPS, "consentgw-lookup")
        allowed = _public_or_loopback if to_loopback else addresses.public
        self._backend = Checked(allowed, lookup or self._look_up, cast("Any", httpcore.AnyIOBackend()))

    async def send(self, url: str, headers: list[tuple[bytes, bytes]], body: bytes) -> Outcome:
        """Make one attempt; whatever goes wrong is part of its outcome."""
        if self._context is None:
            self._context = await asyncio.to_thread(self._trust)  # reads every authority there is
        begun = time.monotonic()
        status, failure, wish = None, "", None
        try:
            async with asyncio.timeout(TOTAL_SECONDS) as limit:
                status, wish = await self._post(url, headers, body, self._context, limit)
        except (TimeoutError, httpcore.TimeoutException):
            failure = "timed_out"
        except _NotAllowed:
            failure = "address_not_allowed"
        except _Unknown:
            failure = "name_not_found"
        except httpcore.ConnectError as error:
            failure = "tls_failed" if _about_tls(error) else "not_reached"
        except (httpcore.NetworkError, httpcore.ProtocolError, OSError):
            failure = "no_answer"
        return Outcome(status, failure, timedelta(seconds=time.monotonic() - begun), wish)

    def close(self) -> None:
        """Let go of what was held; lookups under way are not waited for."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _post(
        self,
        url: str,
        headers: list[tuple[bytes, bytes]],
        body: bytes,
        context: ssl.SSLContext,
        limit: asyncio.Timeout,
    ) -> tuple[int, timedelta | None]:
        extensions = {"timeout": {"connect": CONNECT_SECONDS}}
        async with (
            httpcore.AsyncConnectionPool(context, network_backend=self._backend) as pool,
            pool.stream("POST", url, headers=[*_HEADERS, *headers], content=body, extensions=extensions) as answer,
        ):
            limit.reschedule(None)  # it has answered
            with suppress(TimeoutError, httpcore.NetworkError, httpcore.ProtocolError):
                async with asyncio.timeout(COURTESY_SECONDS):
                    await _read(answer)
            return answer.status, _wish(answer.headers)

    async def _look_up(self, host: str, port: int) -> Sequence[str]:
        loop = asyncio.get_running_loop()
        try:
            found = await loop.run_in_executor(self._threads, _addresses, host, port)
        except (OSError, UnicodeError):
            return ()
        return found


def _authorities() -> ssl.SSLContext:
    import httpx  # brings its command line along: a tenth of a start, for whoever sends anything

    return httpx.create_ssl_context()


def _addresses(host: str, port: int) -> list[str]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


def _public_or_loopback(address: str) -> bool:
    return addresses.public(address) or addresses.loopback(address)


async def _read(answer: httpcore.Response) -> None:
    read = 0
    async for piece in answer.aiter_stream():
        read += len(piece)
        if read >= ANSWER_BYTES:
            return


def _wish(headers: Iterable[tuple[bytes, bytes]]) -> timedelta | None:
    """Return how long Retry-After asks to wait (RFC 9110 section 10.2.3), None where it cannot be read."""
    said = next((value.decode("latin-1").strip() for name, value in headers if name.lower() == b"retry-after"), "")
    if said.isascii() and said.isdigit() and len(said) < 10:
        return timedelta(seconds=int(said))
    try:
        return max(parsedate_to_datetime(said) - datetime.now(UTC), timedelta())
    except (ValueError, TypeError, OverflowError):
        return None


def _about_tls(error: BaseException) -> bool:
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, ssl.SSLError):
            return True
        seen = seen.__cause__ or seen.__context__
    return False
