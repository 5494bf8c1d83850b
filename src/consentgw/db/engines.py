"""Engines: how each database is opened, and the checks without which we do not start.

The pragmas and settings are not taste: each was measured to lose acknowledged rows, or to leave erased
bytes behind, when off (docs/architecture.md, section 2).
"""

from __future__ import annotations

import fcntl
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import NullPool

from consentgw.errors import Misconfigured

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Generator

    from sqlalchemy import Connection, Engine

    from consentgw.settings import Settings

_SQLITE = {
    "journal_mode": "wal",
    "synchronous": 2,  # FULL: with NORMAL a power cut loses acknowledged commits
    "foreign_keys": 1,
    "recursive_triggers": 1,  # or INSERT OR REPLACE slips past the append-only triggers
    "secure_delete": 1,  # or erased bytes stay in the file
    "busy_timeout": 5000,
}
_POSTGRES = {"fsync": "on", "full_page_writes": "on", "synchronous_commit": "on", "server_encoding": "UTF8"}
_POSTGRES_OPTIONS = (
    "-c synchronous_commit=on -c statement_timeout=5000 -c lock_timeout=4000"
    " -c idle_in_transaction_session_timeout=10000 -c timezone=UTC"
)


def connect(settings: Settings) -> Engine:
    """Return an engine that opens every connection safely.

    Raises:
        Misconfigured: the address is malformed or the driver is not installed.
    """
    if settings.embedded:
        return _sqlite(settings.sqlalchemy_url)
    try:
        return create_engine(
            settings.sqlalchemy_url,
            connect_args={
                "options": _POSTGRES_OPTIONS,
                "connect_timeout": 5,
                "application_name": "consentgw",
            },
            pool_size=10,
            max_overflow=0,
            pool_timeout=2,
            pool_pre_ping=False,
        )
    except ArgumentError:
        raise Misconfigured("CONSENTGW_DATABASE_URL is not a database address") from None
    except ModuleNotFoundError:
        raise Misconfigured('PostgreSQL needs its driver: pip install "consentgw[postgres]"') from None


def reading(engine: Engine) -> Connection:
    """Return a connection that cannot change anything."""
    connection = engine.connect().execution_options(isolation_level="AUTOCOMMIT")
    if engine.dialect.name == "sqlite":
        connection.exec_driver_sql("PRAGMA query_only = 1")
    return connection


def check(engine: Engine) -> None:
    """Read every safety setting back, on a connection as the writer gets it.

    Raises:
        Misconfigured: a setting is not what durability needs; the message names it.
    """
    sqlite = engine.dialect.name == "sqlite"
    wanted: dict[str, object] = dict(_SQLITE if sqlite else _POSTGRES)
    with engine.connect() as connection:
        for name, value in wanted.items():
            found = connection.exec_driver_sql(f"PRAGMA {name}" if sqlite else f"SHOW {name}").scalar_one()
            if found != value:
                raise Misconfigured(f"the database runs with {name}={found}; answers are only safe with {name}={value}")


def protected(connection: Connection) -> frozenset[str]:
    """Return the tables whose triggers forbid changes."""
    sqlite = connection.engine.dialect.name == "sqlite"
    query = "SELECT tbl_name FROM sqlite_master WHERE type = 'trigger'" if sqlite else _TRIGGERS
    return frozenset(connection.exec_driver_sql(query).scalars())


_TRIGGERS = "SELECT tgrelid::regclass::text FROM pg_trigger WHERE NOT tgisinternal AND tgenabled IN ('O', 'A')"


@contextmanager
def exclusive(settings: Settings) -> Generator[None]:
    """Hold the right to write to the embedded file: one process at a time.

    Raises:
        Misconfigured: another process holds it, or the folder cannot be written.
    """
    if not settings.embedded:
        yield
        return
    file = Path(make_url(settings.sqlalchemy_url).database or "")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with Path(f"{file}.lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise Misconfigured(f"another consentgw process is using {file}; stop it, or use PostgreSQL") from None
            yield
    except PermissionError:
        raise Misconfigured(f"cannot write to {file.parent}") from None


def _sqlite(url: str) -> Engine:
    # The event loop reads and one thread writes, each on its own connection, never two at once on one.
    engine = create_engine(url, connect_args={"check_same_thread": False}, poolclass=NullPool)

    @event.listens_for(engine, "connect")
    def prepare(connection: sqlite3.Connection, _record: Any) -> None:  # pyright: ignore[reportUnusedFunction]
        connection.isolation_level = None
        for name, value in _SQLITE.items():
            connection.execute(f"PRAGMA {name} = {value}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:  # pyright: ignore[reportUnusedFunction]
        if connection.get_execution_options().get("isolation_level") != "AUTOCOMMIT":
            connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine
