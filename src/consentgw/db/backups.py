"""Backups of the embedded database: taken while it is in use, and put back where there is none.

A file in WAL mode is never copied as it lies: what was committed last stands in its journal. PostgreSQL has tools of
its own for this (docs/operations.md).
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy.exc import DBAPIError

from consentgw.db import engines, migrations
from consentgw.errors import Misconfigured

if TYPE_CHECKING:
    from consentgw.settings import Settings


def backup(settings: Settings, target: Path) -> None:
    """Write the database, as it is at one instant, to a new file that is whole or is not there.

    Raises:
        Misconfigured: this is no embedded database, the file exists, the database cannot be opened or holds nothing,
            or the copy cannot be written or is damaged.
    """
    _only_embedded(settings, "pg_dump or pg_basebackup")
    if target.exists():
        raise Misconfigured(f"{target} exists: a backup never replaces another")
    if not settings.file.is_file():
        raise Misconfigured(f"there is no database in {settings.data}")
    # Of whatever schema it is: a backup comes before an upgrade.
    try:
        with engines.connect(settings, reading=True).connect() as connection:
            if migrations.current(connection) is None:
                raise Misconfigured(f"{settings.file} holds nothing yet; run: consentgw db upgrade")
            driver: Any = connection.connection.driver_connection
            _copy(driver, target)
    except DBAPIError as error:
        raise engines.out_of_reach(error) from error


def restore(settings: Settings, source: Path) -> str:
    """Put a backup back as the embedded database and return its schema; no gateway may be using the folder.

    Raises:
        Misconfigured: there is a database already, or the file is no whole backup that this version can read.
        InUse: a gateway is running on this folder.
    """
    _only_embedded(settings, "pg_restore")
    if not source.is_file():
        raise Misconfigured(f"there is no file {source}")
    with engines.exclusive(settings):
        file = settings.file
        if file.exists():
            raise Misconfigured(f"{file} exists: move it away first, a restore never replaces a database")
        with closing(sqlite3.connect(f"{source.resolve().as_uri()}?mode=ro", uri=True)) as kept:
            schema = _schema(kept, source)
            for stray in (Path(f"{file}-wal"), Path(f"{file}-shm")):
                stray.unlink(missing_ok=True)  # a journal of another file would be played into this one
            _copy(kept, file)
    return schema


def _only_embedded(settings: Settings, instead: str) -> None:
    if not settings.embedded:
        raise Misconfigured(f"this is for the embedded database; for PostgreSQL use {instead}")


def _schema(connection: sqlite3.Connection, source: Path) -> str:
    try:
        (found,) = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    except (sqlite3.Error, TypeError):
        raise Misconfigured(f"{source} is no backup of consentgw") from None
    if found not in migrations.known():
        raise Misconfigured(f"{source} has schema {found}, which is newer than this version; install a newer consentgw")
    return found


def _copy(connection: sqlite3.Connection, target: Path) -> None:
    """Copy a database to a file that appears under its name only when it is whole and on the disk."""
    part = target.with_name(f"{target.name}.part")
    try:
        part.unlink(missing_ok=True)
        os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        with closing(sqlite3.connect(part)) as copy:
            connection.backup(copy)
            copy.execute("PRAGMA journal_mode = DELETE")  # one file, with no journal beside it
            (said,) = copy.execute("PRAGMA integrity_check").fetchone()
            if said != "ok":
                raise Misconfigured(f"the database is damaged: {said}")
        _to_disk(part)
        part.rename(target)
        _to_disk(target.parent)
    except sqlite3.DatabaseError as error:
        raise Misconfigured(f"cannot copy the database: {error}") from None
    except OSError as error:
        raise Misconfigured(f"cannot write {target}: {error.strerror}") from None
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)


def _to_disk(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
