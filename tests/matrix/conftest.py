"""The town, running, and its browsers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.browsers.browser import Browser
from tests.gateway import copy_of
from tests.matrix.town import Town, opened
from tests.matrix.ways import KITS, mounted


@pytest.fixture(scope="session")
def running_town(migrated_file, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """The town, served from this process."""
    place = tmp_path_factory.mktemp("town")
    with opened(copy_of(migrated_file, place), place) as town:
        yield town


@pytest.fixture(scope="session")
def nginx(running_town: Town, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The kit for nginx, on a host of the town."""
    with mounted("nginx", running_town, tmp_path_factory.mktemp("nginx")):
        yield


@pytest.fixture(scope="session")
def caddy(running_town: Town, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The kit for Caddy, on a host of the town."""
    with mounted("caddy", running_town, tmp_path_factory.mktemp("caddy")):
        yield


@pytest.fixture
def ground(request: pytest.FixtureRequest) -> Any:
    """Start the partner's web server, where a way to embed has one of its own."""

    def start(way: str) -> None:
        if way in KITS:
            request.getfixturevalue(way)

    return start


@pytest.fixture
def town(running_town: Town) -> Town:
    """The running town, whose vendors have seen nothing yet."""
    running_town.forget()
    running_town.before += running_town.answered
    running_town.confirmed = 0
    return running_town


@pytest.fixture
def person(town: Town, open_browser: Any) -> Any:
    """Open a browser of somebody in the town, by name and options."""

    def open_one(engine: str, **options: Any) -> Browser:
        return open_browser(engine, proxy=town.proxy.address, authority=town.authority.certificate, **options)

    return open_one
