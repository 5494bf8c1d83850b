"""Engines: how each database is opened, and the checks without which we do not start.

The pragmas and settings are not taste: each was measured to lose acknowledged rows, or to leave erased
bytes behind, when off (docs/architecture.md, section 2).
"""

from __future__ import annotations

import fcntl
import logging
import sqlite3
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import URL, create_engine, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import NullPool, QueuePool

from consentgw.errors import InUse, Misconfigured

if TYPE_CHECKING:
    from collections.abc import Generator

    from sqlalchemy import Connection, Engine
    from sqlalchemy.exc import DBAPIError

    from consentgw.settings import Settings

log = logging.getLogger(__name__)

READERS = 8
"""Reads under way at once on PostgreSQL, besides the look-ups, which have a connection of their own."""

_SQLITE = {
    "journal_mode": "wal",
    "synchronous": 2,  # FULL: with NORMAL a power cut loses acknowledged commits
    "foreign_keys": 1,
    "recursive_triggers": 1,  # or INSERT OR REPLACE slips past the append-only triggers
    "secure_delete": 1,  # or erased bytes stay in the file
    "busy_timeout": 5000,
}
_POSTGRES = {
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "on",
    "server_encoding": "UTF8",
    "transaction_isolation": "read committed",  # or a group would not see what was committed before its turn
}
_POSTGRES_ALIVE = {"keepalives_idle": 5, "keepalives_interval": 2, "keepalives_count": 3, "tcp_user_timeout": 10_000}
"""A server that vanished is noticed within seconds, not when the kernel gives up."""
_POSTGRES_OPTIONS = (
    "-c synchronous_commit=on -c statement_timeout=5000 -c lock_timeout=4000"
    r" -c idle_in_transaction_session_timeout=10000 -c timezone=UTC -c default_transaction_isolation=read\ committed"
)
_TAKE_TURN = text("SELECT pg_advisory_xact_lock(:key)")
_ORDER = 0x636F6E73
"""Key of the advisory lock that puts the groups of all processes in one order."""
_IN_ERROR = 3
"""libpq's ``PQTRANS_INERROR``."""


def connect(settings: Settings, *, reading: bool = False) -> Engine:
    """Return an engine that opens every connection safely; one for reading cannot change anything.

    Raises:
        Misconfigured: the address is malformed or the driver is not installed.
    """
    if settings.embedded:
        return _sqlite(settings.file, reading=reading)
    pool: dict[str, Any] = {"poolclass": NullPool}  # the writer holds its one connection itself
    if reading:
        pool = {"poolclass": QueuePool, "pool_size": READERS + 1, "max_overflow": 0, "pool_timeout": 2}
        pool["isolation_level"] = "AUTOCOMMIT"
    read_only = "on" if reading else "off"
    try:
        return create_engine(
            make_url(settings.database_url).set(drivername="postgresql+psycopg"),
            connect_args={
                "options": f"{_POSTGRES_OPTIONS} -c default_transaction_read_only={read_only}",
                "connect_timeout": 5,
                **_POSTGRES_ALIVE,
                "application_name": "consentgw",
                "client_encoding": "utf8",
            },
            hide_parameters=True,  # what people answered is nobody's business in a log
            **pool,
        )
    except (ArgumentError, ValueError):
        raise Misconfigured("CONSENTGW_DATABASE_URL is not a database address") from None
    except ModuleNotFoundError:
        raise Misconfigured('PostgreSQL needs its driver: pip install "consentgw[postgres]"') from None


def writing(engine: Engine) -> Connection:
    """Return a connection to write with, every safety setting read back on it.

    Raises:
        Misconfigured: as :func:`check`.
    """
    connection = engine.connect()
    try:
        check(connection)
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql("PRAGMA user_version = 0")  # fails on a file that can only be read
        connection.rollback()
    except BaseException:
        connection.close()
        raise
    return connection


def check(connection: Connection, *, reading: bool = False) -> None:
    """Read every safety setting back.

    Raises:
        Misconfigured: a setting is not what durability needs; the message names it.
    """
    sqlite = connection.dialect.name == "sqlite"
    wanted: dict[str, object] = dict(_SQLITE if sqlite else _POSTGRES)
    if not sqlite and not reading:
        wanted["transaction_read_only"] = "off"  # on is a standby, which only follows
    for name, value in wanted.items():
        found = connection.exec_driver_sql(f"PRAGMA {name}" if sqlite else f"SHOW {name}").scalar_one()
        if found != value:
            raise Misconfigured(f"the database runs with {name}={found}; answers are only safe with {name}={value}")


def take_turn(connection: Connection) -> None:
    """Wait, in a transaction, until no other process writes; the turn ends with the transaction."""
    if connection.dialect.name == "postgresql":  # SQLite has one writing process, and it has one writer
        connection.execute(_TAKE_TURN, {"key": _ORDER})


def aborted(connection: Connection) -> bool:
    """Return whether PostgreSQL keeps nothing of this transaction: it takes the commit of one all the same."""
    if connection.dialect.name != "postgresql":  # SQLite undoes the statement that failed, and nothing else
        return False
    driver: Any = connection.connection.driver_connection
    return driver.pgconn.transaction_status == _IN_ERROR


def clear_journal(connection: Connection) -> None:
    """Empty SQLite's journal, which still holds what the file has overwritten; outside a transaction.

    A reader in another process can be in the way; then the log says so, and the next erasure clears it.
    """
    if connection.dialect.name != "sqlite":  # PostgreSQL recycles its own (docs/subject-requests.md)
        return
    driver: Any = connection.connection.driver_connection
    try:
        busy, *_ = driver.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    except sqlite3.Error as error:
        busy = error
    if busy:
        log.warning("what was erased is still in the journal: somebody is reading; the next erasure clears it")


def protected(connection: Connection) -> frozenset[str]:
    """Return the tables whose triggers forbid every change."""
    query = _SQLITE_TRIGGERS if connection.dialect.name == "sqlite" else _POSTGRES_TRIGGERS
    return frozenset(connection.exec_driver_sql(query).scalars())


_SQLITE_TRIGGERS = (  # one against updates and one against deletions
    "SELECT tbl_name FROM sqlite_master WHERE type = 'trigger' GROUP BY tbl_name HAVING count(*) = 2"
)
_POSTGRES_TRIGGERS = (  # the same, in one trigger or in two: the bits 8 and 16 of its type
    "SELECT tgrelid::regclass::text FROM pg_trigger WHERE NOT tgisinternal AND tgenabled IN ('O', 'A')"
    " GROUP BY tgrelid HAVING bit_or(tgtype) & 24 = 24"
)


@contextmanager
def exclusive(settings: Settings) -> Generator[None]:
    """Hold the right to write to the embedded file: one process at a time.

    Raises:
        InUse: another process holds it.
        Misconfigured: the folder cannot be written.
    """
    if not settings.embedded:
        yield
        return
    file = settings.file
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = Path(f"{file}.lock").open("w")  # noqa: SIM115 - held open until the end, below
    except OSError as error:
        raise Misconfigured(f"cannot write to the data folder {file.parent}: {error.strerror}") from None
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise InUse(f"another consentgw process is using {file}; stop it, or use PostgreSQL") from None
        yield


def out_of_reach(error: DBAPIError) -> Misconfigured:
    """Return the one sentence for a database that cannot be opened."""
    said = str(error.orig).strip().splitlines()
    return Misconfigured(f"cannot open the database: {said[0] if said else type(error.orig).__name__}")


def _sqlite(file: Path, *, reading: bool) -> Engine:
    # The event loop reads and one thread writes, each on its own connection, never two at once on one.
    url = URL.create("sqlite", database=str(file))
    engine = create_engine(url, connect_args={"check_same_thread": False}, poolclass=NullPool, hide_parameters=True)
    pragmas = {**_SQLITE, "query_only": int(reading)}

    @event.listens_for(engine, "connect")
    def prepare(connection: sqlite3.Connection, _record: Any) -> None:  # pyright: ignore[reportUnusedFunction]
        connection.isolation_level = None
        for name, value in pragmas.items():
            connection.execute(f"PRAGMA {name} = {value}")

    if not reading:

        @event.listens_for(engine, "begin")
        def begin(connection: Connection) -> None:  # pyright: ignore[reportUnusedFunction]
            connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine
