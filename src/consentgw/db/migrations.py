"""The schema's history: bring a database to it, and know where a database stands.

Every start asks where the database stands, and few move it: Alembic, a quarter of what a start imports, is
loaded only to move. Revisions are numbered, and their files begin with their number (``0001_the_ledger.py``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import inspect
from sqlalchemy.exc import DBAPIError

from consentgw.db import engines
from consentgw.errors import Misconfigured
from consentgw.resources import folder

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from consentgw.settings import Settings


def upgrade(settings: Settings, revision: str = "head") -> None:
    """Bring the database to a revision, creating it where it is the embedded file.

    Raises:
        Misconfigured: another process is using the embedded file, the database is out of reach, or its schema
            is newer than this code.
    """
    _move(settings, "upgrade", revision)


def downgrade(settings: Settings, revision: str) -> None:
    """Take the database back to an earlier revision; ``base`` is before the first."""
    _move(settings, "downgrade", revision)


def check(connection: Connection) -> None:
    """Make sure the database has the schema this code knows.

    Raises:
        Misconfigured: it is older or newer; the message says what to do.
    """
    found, wanted = current(connection), head()
    if found is None:
        raise Misconfigured("the database is empty; run: consentgw db upgrade")
    if found not in known():
        raise _newer(found)
    if found != wanted:
        raise Misconfigured(f"the database has schema {found}, this version needs {wanted}; run: consentgw db upgrade")


def current(connection: Connection) -> str | None:
    """Return the revision of a database, None where there is no schema yet."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()


def head() -> str:
    """Return the newest revision this code knows."""
    return max(known())


def known() -> frozenset[str]:
    """Return every revision this code knows."""
    return frozenset(file.name.partition("_")[0] for file in (folder("migrations") / "versions").glob("[0-9]*.py"))


def _move(settings: Settings, direction: str, revision: str) -> None:
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    with engines.exclusive(settings):
        engine = engines.connect(settings)
        try:
            with engine.connect() as connection, connection.begin():
                engines.take_turn(connection)
                found = current(connection)
                if found is not None and found not in known():
                    raise _newer(found)
                config = Config()
                config.set_main_option("script_location", str(folder("migrations")).replace("%", "%%"))
                config.attributes["connection"] = connection
                getattr(command, direction)(config, revision)
        except DBAPIError as error:
            raise engines.out_of_reach(error) from error
        except CommandError as error:
            raise Misconfigured(f"the schema cannot be brought to {revision}: {error}") from error
        finally:
            engine.dispose()


def _newer(found: str) -> Misconfigured:
    return Misconfigured(
        f"the database has schema {found}, which is newer than this version; install a newer consentgw"
    )
