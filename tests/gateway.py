"""A running gateway with two partners, for tests over HTTP.

The shop asks in its own page (``inline``), the news site in our frame. Import the fixtures you need.
"""

from __future__ import annotations

import asyncio
import hashlib
import shutil
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Connection, NullPool, create_engine, text

from consentgw.app import Gateway
from consentgw.consents import store
from consentgw.consents.store import Kept
from consentgw.db import open_database
from consentgw.db.database import utc_now
from consentgw.db.schema import metadata
from consentgw.notices import service as notices
from consentgw.notices.model import Cookie, Kind, Tag
from consentgw.notices.wording import usual
from consentgw.policies import store as versions
from consentgw.settings import Settings
from consentgw.sites import store as sites
from consentgw.sites.model import Style
from tests import databases
from tests.conftest import SECRET
from tests.policies.shop import SHOP as THE_SHOP
from tests.policies.shop import draft
from tests.visitor import GATEWAY, Visitor

SHOP, NEWS = "https://shop.example", "https://news.example"
"""The partners' origins."""
EVE = "https://eve.example"
"""Somebody who is no partner."""

PARTNERS = (
    replace(THE_SHOP, returns={"basket": f"{SHOP}/basket?step=2", "done": f"{SHOP}/after-consent"}),
    replace(
        THE_SHOP,
        slug="news",
        name="Dana's news",
        origins=frozenset({NEWS}),
        style=Style.FRAME,
        returns={"read": f"{NEWS}/read"},
    ),
)
PURPOSES = (usual("necessary"), usual("analytics"), usual("marketing"))
TAGS = (
    Tag(
        name="ga",
        vendor="Google Analytics",
        purposes=frozenset({"analytics"}),
        addresses={
            Kind.SCRIPT: "https://analytics.example/gtag.js?id=G-1",
            Kind.IMAGE: "https://analytics.example/collect?dl=${PAGE_URL}&z=${CACHEBUSTER}&t=${TIMESTAMP}",
        },
        country="US",
        cookies=(Cookie("_ga", 63_072_000, "first"),),
    ),
    Tag(
        name="pixel",
        vendor="Meta Pixel",
        purposes=frozenset({"marketing"}),
        addresses={Kind.IMAGE: "https://pixel.example/tr?id=1"},
        country="US",
    ),
    Tag(
        name="both",
        vendor="Audience Map",
        purposes=frozenset({"analytics", "marketing"}),
        addresses={Kind.FRAME: "https://map.example/frame?p=${PAGE_URL}"},
        country="DE",
    ),
)
VENDORS = ("analytics.example", "pixel.example", "map.example")
COOKIE = {SHOP: "__Host-cg-shop", NEWS: "__Host-cg-news"}


REASONS = {
    "kk": "Енді деректерді тағы бір компания алады.",
    "ru": "Теперь данные получает ещё одна компания.",
    "en": "One more company receives data from now on.",
}


def open_partners(unit: Any, words: str = "We keep what is needed.") -> None:
    """Set up both partners, or publish new words for them as a material change."""
    for site in PARTNERS:
        sites.keep(unit, site)
        notices.configure(unit, site, PURPOSES, TAGS)
    publish(unit, words, reasons=REASONS if versions.latest(unit.connection, "shop") else {})


def publish(unit: Any, words: str, **given: Any) -> None:
    """Publish words for both partners; ``given`` as for ``consentgw.notices.service.publish``."""
    for site in PARTNERS:
        notices.publish(unit, site, {language: draft(f"1.1. {words}") for language in site.languages}, **given)


def seed(settings: Settings) -> Settings:
    """Set up both partners in a database that nobody serves from yet."""
    with open_database(settings) as db:
        db.apply(open_partners)
    return settings


@asynccontextmanager
async def running(settings: Settings, clock: Callable[[], datetime] = utc_now) -> AsyncIterator[Gateway]:
    """Start the app as a server does, and stop it in the end."""
    gateway = Gateway(settings, clock)
    to_app: asyncio.Queue[Any] = asyncio.Queue()
    from_app: asyncio.Queue[Any] = asyncio.Queue()
    life = asyncio.create_task(gateway({"type": "lifespan", "state": {}}, to_app.get, from_app.put))

    async def go(step: str) -> None:
        await to_app.put({"type": f"lifespan.{step}"})
        said = await from_app.get()
        assert said["type"] == f"lifespan.{step}.complete", said

    await go("startup")
    try:
        yield gateway
    finally:
        await go("shutdown")
        await life


@pytest.fixture(params=["sqlite", "postgres"])
def seeded(request: pytest.FixtureRequest) -> Settings:
    """Settings of an installation with both partners, on both databases."""
    return request.getfixturevalue(f"seeded_{request.param}")


@pytest.fixture
def seeded_sqlite(seeded_file: Path, tmp_path: Path) -> Settings:
    """Settings of an installation with both partners on SQLite."""
    return copy_of(seeded_file, tmp_path)


@pytest.fixture
def seeded_postgres(postgres: str, seeded_template: str, tmp_path: Path) -> Iterator[Settings]:
    """Settings of an installation with both partners on PostgreSQL."""
    with databases.database(postgres, template=seeded_template) as url:
        yield _settings(tmp_path / "data", url)


@pytest.fixture(scope="session")
def seeded_file(migrated_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with both partners."""
    return seed(copy_of(migrated_file, tmp_path_factory.mktemp("seeded"))).file


@pytest.fixture(scope="session")
def seeded_template(postgres: str, migrated_template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The name of a PostgreSQL database with both partners."""
    with databases.database(postgres, template=migrated_template) as url:
        seed(_settings(tmp_path_factory.mktemp("seeded"), url))
        yield databases.name_of(url)


def copy_of(file: Path, folder: Path) -> Settings:
    """Return settings of an installation that has a copy of this SQLite file."""
    settings = _settings(folder / "data")
    settings.data.mkdir(mode=0o700)
    shutil.copy(file, settings.data)
    return settings


def _settings(data: Path, url: str = "") -> Settings:
    # Nothing happens by itself behind a test; those of the worker let it.
    return Settings.read(data=data, database_url=url, secret=SECRET, public_url=GATEWAY, worker_inside=False)


@pytest.fixture
async def gateway(seeded: Settings) -> AsyncIterator[Gateway]:
    """A gateway with both partners, on both databases."""
    async with running(seeded) as app:
        yield app


@pytest.fixture
async def embedded(seeded_sqlite: Settings) -> AsyncIterator[Gateway]:
    """A gateway with both partners on SQLite, for what no database decides."""
    async with running(seeded_sqlite) as app:
        yield app


@pytest.fixture
def aigerim(gateway: Gateway) -> Visitor:
    """A visitor of the shop who reads English."""
    return Visitor(gateway)


@pytest.fixture
def bolat(embedded: Gateway) -> Visitor:
    """A visitor of a gateway on SQLite who reads English."""
    return Visitor(embedded)


@contextmanager
def peeking(settings: Settings) -> Iterator[Connection]:
    """Look into the database, or change it, behind the gateway's back."""
    url = f"sqlite:///{settings.file}" if settings.embedded else settings.database_url
    engine = create_engine(url, poolclass=NullPool)
    with engine.begin() as connection:
        yield connection
    engine.dispose()


def ledger(gateway: Gateway) -> list[Kept]:
    """Return every receipt, oldest first."""
    with peeking(gateway.settings) as connection:
        ids = connection.execute(text("SELECT id FROM receipts ORDER BY sequence")).scalars().all()
        return [store.read(connection, UUID(bytes=bytes(value))) for value in ids]


def rows(settings: Settings) -> dict[str, int]:
    """Return how many rows each table has."""
    with peeking(settings) as connection:
        return {name: connection.execute(text(f"SELECT count(*) FROM {name}")).scalar_one() for name in _tables()}


BY_THE_CLOCK = frozenset({"marks", "transfers", "api_keys.used_at"})
"""Tables and columns that a process writes when their time has come, whatever it is asked."""


def digest(settings: Settings) -> str:
    """Return a digest of every row of every table, without what is written by the clock."""
    found = hashlib.sha256()
    with peeking(settings) as connection:
        for name in _tables():
            if name in BY_THE_CLOCK:
                continue
            columns = [one.name for one in metadata.tables[name].columns if f"{name}.{one.name}" not in BY_THE_CLOCK]
            lines = sorted(
                repr([bytes(value) if isinstance(value, memoryview) else value for value in row])
                for row in connection.execute(text(f"SELECT {', '.join(columns)} FROM {name}"))
            )
            found.update(f"{name}{lines}".encode())
    return found.hexdigest()


def _tables() -> list[str]:
    return sorted(metadata.tables)
