"""What every test can ask for: settings, a database of its own on SQLite and PostgreSQL, a clock to turn.

Both databases always run: without PostgreSQL the tests fail and say what to do, they are never skipped.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis
import pytest

from tests import databases

if TYPE_CHECKING:
    from consentgw.db import Database
    from consentgw.settings import Settings

pytest_plugins = ("tests.browsers.fixtures", "tests.gateway", "tests.kits.house")

SECRET = "aigerim-bolat-dana-and-eve-share-nothing"

hypothesis.settings.register_profile("house", deadline=None, max_examples=50)  # a busy machine is no defect
hypothesis.settings.load_profile("house")

if "TMPDIR" not in os.environ and (memory := databases.memory()):  # files and profiles that nobody keeps
    os.environ["TMPDIR"] = tempfile.tempdir = memory

for name in [name for name in os.environ if name.startswith("CONSENTGW_")]:
    del os.environ[name]  # an installation on this machine must not leak into its tests


class Clock:
    """A clock that stands still until a test turns it."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        """Return the instant it shows."""
        return self.now

    def step(self, **duration: float) -> datetime:
        """Turn it forward by a duration (`days=1`, `seconds=3`) and return the new instant."""
        self.now += timedelta(**duration)
        return self.now


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Run tests marked `anyio` on asyncio, as the server does."""
    return "asyncio"


@pytest.fixture
def clock() -> Clock:
    """A clock that stands at noon in Astana on a plain working day."""
    return Clock(datetime(2026, 11, 24, 7, 0, tzinfo=UTC))


@pytest.fixture(params=["sqlite", "postgres"])
def settings(request: pytest.FixtureRequest) -> Settings:
    """Settings of an installation with a migrated, empty database: once on SQLite, once on PostgreSQL."""
    return request.getfixturevalue(f"{request.param}_settings")


@pytest.fixture(params=["sqlite", "postgres"])
def unmigrated(request: pytest.FixtureRequest) -> Settings:
    """Settings of an installation whose database has no table yet, on both databases."""
    return request.getfixturevalue(f"unmigrated_{request.param}_settings")


@pytest.fixture
def db(settings: Settings, clock: Clock) -> Iterator[Database]:
    """The open database of `settings`, on both databases; its units of work happen at `clock`."""
    from consentgw.db import open_database

    with open_database(settings, clock=clock) as database:
        yield database


# SQLite: a file of its own, copied from one that was migrated once.


@pytest.fixture
def unmigrated_sqlite_settings(tmp_path: Path) -> Settings:
    """Settings that name a SQLite file which is not there yet."""
    return _settings(tmp_path / "data")


@pytest.fixture
def sqlite_settings(migrated_file: Path, unmigrated_sqlite_settings: Settings) -> Settings:
    """Settings of a migrated, empty SQLite database."""
    unmigrated_sqlite_settings.data.mkdir(mode=0o700)
    shutil.copy(migrated_file, unmigrated_sqlite_settings.data)
    return unmigrated_sqlite_settings


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with every table and no row."""
    settings = _settings(tmp_path_factory.mktemp("migrated") / "data")
    _migrate(settings)
    return settings.data / "consentgw.db"


# PostgreSQL: a server for the whole run, a database of its own made from a migrated template.


@pytest.fixture
def unmigrated_postgres_settings(postgres: str, tmp_path: Path) -> Iterator[Settings]:
    """Settings that name a PostgreSQL database without a table."""
    with databases.database(postgres) as url:
        yield _settings(tmp_path / "data", url)


@pytest.fixture
def postgres_settings(postgres: str, migrated_template: str, tmp_path: Path) -> Iterator[Settings]:
    """Settings of a migrated, empty PostgreSQL database."""
    with databases.database(postgres, template=migrated_template) as url:
        yield _settings(tmp_path / "data", url)


@pytest.fixture(scope="session")
def migrated_template(postgres: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The name of a PostgreSQL database with every table and no row."""
    with databases.database(postgres) as url:
        _migrate(_settings(tmp_path_factory.mktemp("template"), url))
        yield databases.name_of(url)


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The address of a PostgreSQL server: the one in CG_TEST_PG_URL, else our own for this run."""
    if given := os.environ.get("CG_TEST_PG_URL"):
        yield given
    else:
        with databases.PostgreSQL() as server:
            yield server.url()


def _settings(data: Path, url: str = "") -> Settings:
    from consentgw.settings import Settings

    # Nothing happens by itself behind a test; those of the worker let it.
    return Settings.read(
        data=data, database_url=url, secret=SECRET, public_url="http://gateway.localhost:8080", worker_inside=False
    )


def _migrate(settings: Settings) -> None:
    from consentgw.db.migrations import upgrade

    upgrade(settings)
