"""A table of the tests' own, and connections that go past the gateway."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import psycopg
from sqlalchemy import text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection

    from consentgw.db import Database, Unit
    from consentgw.settings import Settings


def create(unit: Unit) -> None:
    """Make the tables. A note about a page that is not there is found out at the commit, not before."""
    unit.connection.exec_driver_sql("CREATE TABLE pages (name VARCHAR(40) PRIMARY KEY)")
    unit.connection.exec_driver_sql(
        "CREATE TABLE notes (word VARCHAR(40) PRIMARY KEY,"
        " page VARCHAR(40) REFERENCES pages DEFERRABLE INITIALLY DEFERRED)"
    )


def add(unit: Unit, word: str, page: str | None = None) -> str:
    """Add a note."""
    unit.connection.execute(text("INSERT INTO notes VALUES (:word, :page)"), {"word": word, "page": page})
    return word


def refuse_to_write(connection: Connection) -> None:
    """Let a transaction keep nothing, as a full disk would: what only reads goes on."""
    sqlite = connection.dialect.name == "sqlite"
    connection.exec_driver_sql("PRAGMA query_only = 1" if sqlite else "SET TRANSACTION READ ONLY")


def words(connection: Connection) -> set[str]:
    """Return all notes."""
    return set(connection.exec_driver_sql("SELECT word FROM notes").scalars())


@contextmanager
def stranger(settings: Settings) -> Iterator[Any]:
    """Connect to the database as somebody who never heard of the gateway; every statement commits by itself."""
    if settings.embedded:
        connection: Any = sqlite3.connect(settings.file, isolation_level=None)
    else:
        connection = psycopg.connect(settings.database_url.replace("+psycopg", ""), autocommit=True)
    try:
        yield connection
    finally:
        connection.close()


def column(connection: Any, query: str) -> list[Any]:
    """Return the first column a stranger reads."""
    return [row[0] for row in connection.execute(query).fetchall()]


@contextmanager
def busy(db: Database) -> Iterator[threading.Event]:
    """Keep the writer busy, so that what is queued meanwhile becomes one group; it goes on at the end or when told."""
    begun, go_on = threading.Event(), threading.Event()

    def wait(_: Unit) -> None:
        begun.set()
        assert go_on.wait(30)

    future = db.writer.submit(wait)
    try:
        assert begun.wait(30)
        yield go_on
    finally:
        go_on.set()
        future.result(30)
