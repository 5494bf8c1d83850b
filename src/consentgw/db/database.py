"""The open database: its one writer, its readers and the checks before anybody may use it."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Concatenate, ParamSpec, TypeVar

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as Busy

from consentgw.db import engines, migrations
from consentgw.db.looker import Looker
from consentgw.db.writer import Writer
from consentgw.errors import Misconfigured, Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from sqlalchemy import Connection, Engine

    from consentgw.db.unit import Unit
    from consentgw.settings import Settings

ANSWER_SECONDS = 10.0
"""How long PostgreSQL is waited for: a frozen server does not keep the limit that it was given (``db.engines``)."""
P = ParamSpec("P")
T = TypeVar("T")


def utc_now() -> datetime:
    """Return the present instant, aware UTC."""
    return datetime.now(UTC)


class Database:
    """One way to write, one way to read, with and without an event loop."""

    def __init__(self, engine: Engine, readers: Engine, clock: Callable[[], datetime] = utc_now) -> None:
        self.clock = clock
        self.embedded = engine.dialect.name == "sqlite"
        self._readers = readers
        self._held: Connection | None = None
        self._reading = threading.Lock()
        self._pool = None if self.embedded else ThreadPoolExecutor(engines.READERS, "consentgw-reader")
        self._looker = None if self.embedded else Looker(readers.connect)
        self.writer = Writer(lambda: engines.writing(engine), engines.take_turn, engines.clear_journal, clock)

    async def write(self, verb: Callable[Concatenate[Unit, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a verb and return its answer after the durable commit.

        A verb changes nothing but its unit: it is run again where another one of its group failed.

        Raises:
            Unavailable: it could not be kept; nothing is known to be stored and the same call is safe to repeat.
        """
        return await self.writer.submit_async(lambda unit: verb(unit, *args, **kwargs))

    async def try_again(self) -> None:
        """Where answers cannot be kept, try to write, so that it is noticed when they can though nobody answers."""
        if self.writer.failing:
            with suppress(Unavailable):  # the writer has said so
                await self.writer.submit_async(lambda _: None)

    def apply(self, verb: Callable[Concatenate[Unit, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Do what :meth:`write` does, without an event loop."""
        return self.writer.submit(lambda unit: verb(unit, *args, **kwargs)).result()

    async def read(self, query: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a query and return its answer.

        SQLite answers inline on a held connection: a hop to a thread costs more than the read.

        Raises:
            Unavailable: the database did not answer.
        """
        if self._pool is None:
            return self.ask(query, *args, **kwargs)
        call = asyncio.get_running_loop().run_in_executor(self._pool, lambda: self.ask(query, *args, **kwargs))
        return await _in_time(call)

    async def look_up(self, query: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Do what :meth:`read` does, for a question that many ask at once and an index answers.

        Raises:
            Unavailable: the database did not answer.
        """
        if self._looker is None:
            return self.ask(query, *args, **kwargs)
        return await _in_time(self._looker.submit_async(lambda connection: query(connection, *args, **kwargs)))

    def ask(self, query: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Do what :meth:`read` does, without an event loop."""
        try:
            if self.embedded:
                with self._reading:
                    self._held = self._held or self._readers.connect()
                    return query(self._held, *args, **kwargs)
            with self._readers.connect() as connection:
                return query(connection, *args, **kwargs)
        except (DBAPIError, Busy) as error:
            raise Unavailable("the database did not answer") from error

    def close(self) -> None:
        """Write what is queued and close every connection."""
        self.writer.close()
        if self._looker is not None:
            self._looker.close()
        if self._pool is not None:
            self._pool.shutdown()
        if self._held is not None:
            self._held.close()
        self._readers.dispose()


async def _in_time(answer: asyncio.Future[T]) -> T:
    """Wait for an answer; the thread that asked is left to whatever becomes of its connection.

    Raises:
        Unavailable: it did not come in time.
    """
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            return await answer
    except TimeoutError as error:
        raise Unavailable("the database did not answer in time") from error


@contextmanager
def open_database(settings: Settings, *, clock: Callable[[], datetime] = utc_now) -> Generator[Database]:
    """Open the database of an installation, if it is safe to.

    Raises:
        Misconfigured: there is no database, durability is off, the schema is not ours, or another process writes to
            the file.
    """
    _only_existing(settings)
    with engines.exclusive(settings):
        engine = engines.connect(settings)
        try:
            with engines.writing(engine) as connection:
                migrations.check(connection)
        except DBAPIError as error:
            raise engines.out_of_reach(error) from error
        database = Database(engine, engines.connect(settings, reading=True), clock)
        try:
            yield database
        finally:
            database.close()


@contextmanager
def open_reader(settings: Settings) -> Generator[Connection]:
    """Open the database for reading only: possible while another process serves from it.

    Raises:
        Misconfigured: as :func:`open_database`, but for the right to write.
    """
    _only_existing(settings)
    engine = engines.connect(settings, reading=True)
    try:
        with engine.connect() as connection:
            engines.check(connection, reading=True)
            migrations.check(connection)
            yield connection
    except DBAPIError as error:
        raise engines.out_of_reach(error) from error
    finally:
        engine.dispose()


def _only_existing(settings: Settings) -> None:
    """SQLite makes a file of whatever is opened: only ``consentgw db upgrade`` is to make one."""
    if settings.embedded and not settings.file.is_file():
        raise Misconfigured(f"there is no database in {settings.data}; run: consentgw db upgrade")
