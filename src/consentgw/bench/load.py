"""The load: a closed loop of connections, each sending its next request when the last was answered.

No event loop and no HTTP library: what this process costs is not measured, but it shares the machine.
"""

from __future__ import annotations

import re
import selectors
import socket
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from consentgw.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator

HOST = "127.0.0.1"
PATIENCE_SECONDS = 10
"""How long an answer may take before the whole run is given up."""

_LENGTH = re.compile(rb"\r\ncontent-length: ([0-9]+)\r\n", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Slice:
    """What one stretch of load saw."""

    answers: int
    seconds: float
    latencies: list[float]
    """Seconds, ascending."""
    unexpected: int
    """Answers with another status than the one that was expected."""
    busy: float
    """Share of the time in which this process was computing; near 1 the load is the bottleneck."""

    @property
    def rate(self) -> float:
        """Return answers per second."""
        return self.answers / self.seconds

    def latency(self, share: float) -> float:
        """Return the latency, in seconds, that this share of the answers kept to."""
        return self.latencies[min(len(self.latencies) - 1, int(share * len(self.latencies)))]


class _Line:
    """One connection and the answer that is arriving on it."""

    __slots__ = ("buffer", "needed", "sent_at", "socket")

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection((HOST, port), timeout=PATIENCE_SECONDS)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = b""
        self.needed = 0
        self.sent_at = 0.0

    def send(self, request: bytes) -> None:
        self.buffer = b""
        self.needed = 0
        self.sent_at = time.perf_counter()
        self.socket.sendall(request)

    def receive(self) -> bool:
        """Take what has arrived; return whether the answer is complete."""
        piece = self.socket.recv(262_144)
        if not piece:
            raise ConnectionResetError
        self.buffer = self.buffer + piece if self.buffer else piece
        if not self.needed:
            head = self.buffer.find(b"\r\n\r\n")
            if head < 0:
                return False
            length = _LENGTH.search(self.buffer, 0, head + 2)
            self.needed = head + 4 + (int(length[1]) if length else 0)
        return len(self.buffer) >= self.needed


def drive(
    port: int,
    requests: Iterable[bytes],
    *,
    connections: int,
    seconds: float,
    expect: int,
    answered: Callable[[bytes], None] | None = None,
) -> Slice:
    """Send requests for so long, or until there are no more, and wait for the last answers.

    Raises:
        Unavailable: the server closed a connection or fell silent.
    """
    waiting = iter(requests)
    start_line = b"HTTP/1.1 %d " % expect
    latencies: list[float] = []
    unexpected = 0
    with ExitStack() as stack:
        stack.enter_context(_said_plainly())
        selector = stack.enter_context(selectors.DefaultSelector())
        lines = [_Line(port) for _ in range(connections)]
        for line in lines:
            stack.enter_context(line.socket)
            selector.register(line.socket, selectors.EVENT_READ, line)
        computing = time.process_time()
        started = time.perf_counter()
        deadline = started + seconds
        under_way = sum(_send_next(line, waiting) for line in lines)
        while under_way:
            ready = selector.select(PATIENCE_SECONDS)
            if not ready:
                raise Unavailable("the server under test fell silent")
            for key, _ in ready:
                line: _Line = key.data
                if not line.receive():
                    continue
                now = time.perf_counter()
                latencies.append(now - line.sent_at)
                if not line.buffer.startswith(start_line):
                    unexpected += 1
                elif answered:
                    answered(line.buffer)
                if now >= deadline or not _send_next(line, waiting):
                    under_way -= 1
        elapsed = time.perf_counter() - started
        computing = time.process_time() - computing
    latencies.sort()
    return Slice(len(latencies), elapsed, latencies, unexpected, computing / elapsed)


@contextmanager
def _said_plainly() -> Generator[None]:
    try:
        yield
    except OSError as error:
        raise Unavailable("the server under test closed a connection") from error


def _send_next(line: _Line, waiting: Iterator[bytes]) -> bool:
    request = next(waiting, None)
    if request is None:
        return False
    line.send(request)
    return True
