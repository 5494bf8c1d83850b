"""A thread that works calls off in groups: those that arrive while one group is under way are the next.

Nobody lingers for a fuller group. A caller is told when its whole group is done.
"""

from __future__ import annotations

import asyncio
import threading
from abc import ABC, abstractmethod
from concurrent.futures import Future
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from consentgw.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

T = TypeVar("T")

GROUP = 256
"""Calls in one group at the most."""
QUEUE = 2_000
"""Calls waiting at the most; one more is refused, so that an overload stays short."""


@dataclass(slots=True)
class Job(Generic[T]):
    """A call, and what becomes of it."""

    call: Callable[[T], Any]
    future: Future[Any] | asyncio.Future[Any]
    loop: asyncio.AbstractEventLoop | None
    result: Any = None
    error: BaseException | None = None

    def settle(self) -> None:
        """Tell the caller."""
        if self.future.done():  # the caller gave up waiting; what was kept stays kept
            return
        if self.error is None:
            self.future.set_result(self.result)
        else:
            self.future.set_exception(self.error)


class GroupThread(ABC, Generic[T]):
    """The thread and its queue; what a group means, its kind says."""

    def __init__(self, name: str) -> None:
        """Begin to work."""
        self._waiting: SimpleQueue[Job[T] | None] = SimpleQueue()
        self._door = threading.Lock()
        self._closing = False
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    @abstractmethod
    def _work(self, group: list[Job[T]]) -> None:
        """Give every job of a group its result or its error; raise nothing."""

    @abstractmethod
    def _leave(self) -> None:
        """Let go of what was held; the last thing the thread does."""

    def submit(self, call: Callable[[T], Any]) -> Future[Any]:
        """Queue a call for a caller without an event loop."""
        future: Future[Any] = Future()
        future.set_running_or_notify_cancel()  # it cannot be cancelled while it is settled
        self._put(Job(call, future, None))
        return future

    def submit_async(self, call: Callable[[T], Any]) -> asyncio.Future[Any]:
        """Queue a call for the running event loop."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Any] = loop.create_future()
        self._put(Job(call, future, loop))
        return future

    def close(self) -> None:
        """Do what is queued, then stop the thread."""
        with self._door:
            self._closing = True
            self._waiting.put(None)  # behind the last job
        self._thread.join()

    def _put(self, job: Job[T]) -> None:
        with self._door:
            if self._closing:
                raise Unavailable("the database is closing")
            if self._waiting.qsize() >= QUEUE:
                raise Unavailable("too many are waiting for the database")
            self._waiting.put(job)

    def _run(self) -> None:
        while (job := self._waiting.get()) is not None:
            group = [job, *self._those_who_wait()]
            self._work(group)
            _settle(group)
        self._leave()

    def _those_who_wait(self) -> Iterator[Job[T]]:
        """Yield the jobs that are in one group with the first."""
        for _ in range(GROUP - 1):
            try:
                job = self._waiting.get_nowait()
            except Empty:
                return
            if job is None:
                self._waiting.put(None)  # the end is for the caller to see
                return
            yield job


def _settle(group: list[Job[Any]]) -> None:
    """Wake every caller: one call into each event loop, however many wait there."""
    by_loop: dict[asyncio.AbstractEventLoop, list[Job[Any]]] = {}
    for job in group:
        if job.loop is None:
            job.settle()
        else:
            by_loop.setdefault(job.loop, []).append(job)
    for loop, jobs in by_loop.items():
        try:
            loop.call_soon_threadsafe(_settle_all, jobs)
        except RuntimeError:  # that loop is closed: nobody is left to tell
            continue


def _settle_all(jobs: list[Job[Any]]) -> None:
    for job in jobs:
        job.settle()
