"""The schema's history: bring a database to it, and know where a database stands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from consentgw.db import engines
from consentgw.errors import Misconfigured
from consentgw.resources import folder

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

    from consentgw.settings import Settings


def upgrade(settings: Settings, revision: str = "head") -> None:
    """Bring the database to a revision, creating it where it is the embedded file.

    Raises:
        Misconfigured: another process is using the embedded file, or the database is out of reach.
    """
    _move(settings, revision, command.upgrade)


def downgrade(settings: Settings, revision: str) -> None:
    """Take the database back to an earlier revision; ``base`` is before the first."""
    _move(settings, revision, command.downgrade)


def check(engine: Engine) -> None:
    """Make sure the database has the schema this code knows.

    Raises:
        Misconfigured: it is older or newer; the message says what to do.
    """
    with engine.connect() as connection:
        found = current(connection)
    wanted = head()
    if found is None:
        raise Misconfigured("the database is empty; run: consentgw db upgrade")
    if found != wanted:
        raise Misconfigured(f"the database has schema {found}, this version needs {wanted}; run: consentgw db upgrade")


def current(connection: Connection) -> str | None:
    """Return the revision of a database, None where there is no schema yet."""
    return MigrationContext.configure(connection).get_current_revision()


def head() -> str | None:
    """Return the newest revision this code knows."""
    return ScriptDirectory.from_config(_config()).get_current_head()


def _move(settings: Settings, revision: str, step: object) -> None:
    with engines.exclusive(settings):
        engine = engines.connect(settings)
        try:
            with engine.connect() as connection, connection.begin():
                config = _config()
                config.attributes["connection"] = connection
                step(config, revision)  # pyright: ignore[reportCallIssue]
        finally:
            engine.dispose()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(folder("migrations")).replace("%", "%%"))
    return config
