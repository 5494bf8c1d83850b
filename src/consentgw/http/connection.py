"""One connection: uvicorn's, with the deadlines and limits it lacks.

A request that starts must get on: its head within ten seconds and sixteen kilobytes, its body within ten
seconds more and never silent for long. Nothing of this is timed per request: each connection looks at its
deadline once a second.
"""

from __future__ import annotations

import logging
import re
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import httptools
from uvicorn.protocols.http.httptools_impl import (
    HEADER_RE,
    HEADER_VALUE_RE,
    STATUS_LINE,
    HttpToolsProtocol,
    RequestResponseCycle,
)

from consentgw.http import bodies

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Mapping

    from uvicorn._types import ASGISendEvent

    from consentgw.http.surfaces import Head

log = logging.getLogger(__name__)

_HOST = re.compile(rb"(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?")
_NEVER = float("inf")

_FRAMING = frozenset({b"connection", b"transfer-encoding"})
"""Fields by which uvicorn would answer in another way."""


class _RefusedError(Exception):
    """A request that is not taken any further."""

    def __init__(self, status: HTTPStatus, reason: str) -> None:
        super().__init__(reason)
        self.status = status


class Cycle(RequestResponseCycle):
    """One answer. uvicorn's, but an answer on a prepared head (``http/surfaces.py``) leaves in one write.

    Its lines were checked and put together when they were prepared; what was added to them is checked here.
    """

    _head = b""
    """A head that waits for its body."""

    async def send(self, message: ASGISendEvent) -> None:
        """Send a part of the answer."""
        if self._head:
            head, self._head = self._head, b""
            if self._send_whole(head, message):
                return
            self.transport.write(head)
        elif "consentgw.head" in message and self._keep_head(message):
            return
        await super().send(message)

    def _keep_head(self, start: Mapping[str, Any]) -> bool:
        """Keep the head until its body comes, unless it says what uvicorn must hear of."""
        prepared: Head = start["consentgw.head"]
        fields: list[tuple[bytes, bytes]] = start["headers"]
        added = fields[len(prepared.fields) :]
        if fields[: len(prepared.fields)] != prepared.fields or not self.keep_alive:
            return False
        if self.response_started or self.disconnected or self.flow.write_paused:
            return False
        lines = [STATUS_LINE[start["status"]], prepared.lines]
        length = None
        for name, value in self.default_headers:  # uvicorn's own
            lines += (name, b": ", value, b"\r\n")
        for name, value in added:
            if name == b"content-length":
                length = int(value)
            elif name in _FRAMING or HEADER_RE.search(name) or HEADER_VALUE_RE.search(value):
                return False
            lines += (name, b": ", value, b"\r\n")
        if length is None:
            return False
        lines.append(b"\r\n")
        self._head = b"".join(lines)
        self.response_started = True
        self.waiting_for_100_continue = False
        self.chunked_encoding = False
        self.expected_content_length = length
        return True

    def _send_whole(self, head: bytes, message: Mapping[str, Any]) -> bool:
        """Send head and body, if this is all of the body."""
        body: bytes = message.get("body", b"")
        if self.disconnected or message.get("more_body") or len(body) != self.expected_content_length:
            return False
        self.transport.write(head + body)
        self.response_complete = True
        self.message_event.set()
        self.on_response()
        return True


class Connection(HttpToolsProtocol):
    """An HTTP/1.1 connection that ends when a request on it is too slow or too large.

    uvicorn reads, calls the application and ends connections that stay idle between requests.
    """

    head_seconds = 10.0
    """From the first byte, or from the connection, to the end of the head."""
    body_seconds = 10.0
    """From the end of the head to the end of the body."""
    silence_seconds = 5.0
    """The longest pause within a body."""
    linger_seconds = 2.0
    """How long the rest of a body is still taken, and thrown away, after the answer."""
    unread_seconds = 30.0
    """How long an answer waits for a client that does not read it."""
    stopping_seconds = 3.0
    """What remains for a request that is still arriving when the server stops."""
    look_seconds = 1.0
    """How often a connection looks at its deadline."""
    head_bytes = 16_384
    head_fields = 100
    body_bytes = bodies.LARGEST
    """More than any address takes. It bounds what is thrown away and what stands behind a body (trailers)."""

    parser: httptools.HttpRequestParser  # pyright: ignore[reportIncompatibleVariableOverride]

    deadline = _NEVER
    """The instant by which what is arriving must have arrived."""
    _body_ends = _NEVER
    """The last possible deadline of the body that is arriving; never while none is."""
    _stuck_at = _NEVER
    _received = 0
    """Bytes since the request began, perhaps with some before it: an upper bound that is free to know."""
    _chunk = 0
    """Bytes received last."""
    _hosts: list[bytes] | None = None
    """The host of the request before; checked already."""
    _look: asyncio.TimerHandle | None = None

    # The life of a connection

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start the time for the first request."""
        super().connection_made(transport)
        self.deadline = self.loop.time() + self.head_seconds
        self._look = self.loop.call_later(self.look_seconds, self._look_after)

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop looking."""
        super().connection_lost(exc)
        if self._look is not None:
            self._look.cancel()

    def shutdown(self) -> None:
        """Close when idle; let a request that has begun end soon."""
        super().shutdown()
        self.deadline = min(self.deadline, self.loop.time() + self.stopping_seconds)

    def _look_after(self) -> None:
        now = self.loop.time()
        self._look = self.loop.call_later(self.look_seconds, self._look_after)
        if self.transport.is_closing() or self.flow.write_paused:
            self._stuck_at = min(self._stuck_at, now)
            if now > self._stuck_at + self.unread_seconds:
                self.transport.abort()
            return
        self._stuck_at = _NEVER
        if self.flow.read_paused:
            # We stopped reading because the application is busy: the client is not late.
            self.deadline = max(self.deadline, now + self.silence_seconds)
        elif now > self.deadline:
            if self._received:
                self._refuse(HTTPStatus.REQUEST_TIMEOUT, "The request took too long to arrive.")
            else:
                self.transport.close()

    # The parts of a request, in the order in which they arrive

    def data_received(self, data: bytes) -> None:
        """Read on; what is not HTTP, or more than we take, is answered in one plain line."""
        self._unset_keepalive_if_required()
        if self.deadline is _NEVER:
            self.deadline = self.loop.time() + self.head_seconds
        self._chunk = len(data)
        self._received += self._chunk
        try:
            self.parser.feed_data(data)
            if self._received > self.head_bytes:
                self._check_size()
        except httptools.HttpParserUpgrade:
            # We speak nothing else, so we answer in HTTP/1.1 and close: the parser reads no further.
            self.cycle.keep_alive = False
        except (httptools.HttpParserError, _RefusedError) as error:
            # What our own callbacks raise comes wrapped in the parser's error.
            reason = error if isinstance(error, _RefusedError) else error.__context__
            if isinstance(reason, _RefusedError):
                self._refuse(reason.status, str(reason))
            else:
                self._refuse(HTTPStatus.BAD_REQUEST, "This is not a request we understand.")

    def on_message_begin(self) -> None:
        """Count the bytes of a new request."""
        super().on_message_begin()
        self._received = self._chunk

    def on_headers_complete(self) -> None:
        """Check the head, then start the application and the time for the body."""
        headers = self.headers
        if len(headers) > self.head_fields:
            raise _head_too_large()
        if self._received > self.head_bytes:
            size = len(self.url) + sum([len(name) + len(value) + 4 for name, value in headers])
            if size > self.head_bytes:
                raise _head_too_large()
        hosts = [value for name, value in headers if name == b"host"]
        if hosts != self._hosts:
            # RFC 9112 section 3.2: exactly one, and only HTTP/1.0 may do without.
            named = len(hosts) == 1 and _HOST.fullmatch(hosts[0])
            if not named and (hosts or self.parser.get_http_version() != "1.0"):
                raise _RefusedError(HTTPStatus.BAD_REQUEST, "The request does not name one host.")
            self._hosts = hosts
        super().on_headers_complete()
        self.cycle.__class__ = Cycle  # uvicorn has no other way to be told which to make; it has not begun yet
        self.headers = []  # trailers come here, and not among the headers the application reads
        self._body_ends = self.loop.time() + self.body_seconds
        self.deadline = self._body_ends

    def on_body(self, body: bytes) -> None:
        """Hand a piece of the body on and allow the next its pause."""
        super().on_body(body)
        self.deadline = min(self._body_ends, self.loop.time() + self.silence_seconds)

    def on_message_complete(self) -> None:
        """Owe nothing until the next byte."""
        super().on_message_complete()
        self.deadline = self._body_ends = _NEVER
        self._received = 0

    def on_response_complete(self) -> None:
        """Take the rest of a body that was answered early, for a moment, so that the answer can be read."""
        super().on_response_complete()
        if self._body_ends is not _NEVER and self.cycle.response_complete:
            self._body_ends = min(self._body_ends, self.loop.time() + self.linger_seconds)
            self.deadline = min(self.deadline, self._body_ends)

    # What we do not take

    def _check_size(self) -> None:
        if self._body_ends is _NEVER:
            raise _head_too_large()
        if self._received > self.head_bytes + self.body_bytes:
            raise _RefusedError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "The request is too large.")

    def _refuse(self, status: HTTPStatus, reason: str) -> None:
        cycle = self.cycle
        if self._body_ends is not _NEVER:
            if cycle.response_started:
                self.transport.close()
            else:
                self._answer(status, reason)
            # The application may be waiting for the rest of the body: nobody is there any more.
            cycle.disconnected = True
            cycle.message_event.set()
        elif not cycle or cycle.response_complete:
            self._answer(status, reason)
        else:
            # The request before this one is still being answered, and that answer is owed.
            cycle.keep_alive = False

    def _answer(self, status: HTTPStatus, reason: str) -> None:
        log.info("answered %d: %s", status, reason)
        head = f"HTTP/1.1 {status.value} {status.phrase}\r\n"
        fields = f"content-type: text/plain; charset=utf-8\r\ncontent-length: {len(reason)}\r\n"
        rest = "cache-control: no-store\r\nx-content-type-options: nosniff\r\nconnection: close\r\n\r\n"
        self.transport.write((head + fields + rest + reason).encode())
        self.transport.close()


def _head_too_large() -> _RefusedError:
    return _RefusedError(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "The head of the request is too large.")
