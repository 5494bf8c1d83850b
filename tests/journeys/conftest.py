"""The demo, running, and a person in front of a browser."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from consentgw.demo import Addresses, opened
from consentgw.demo.running import free_port
from consentgw.http.server import running
from tests.browsers.browser import Browser
from tests.journeys.visiting import VENDORS, Partner, Visitor


@dataclass(frozen=True, slots=True)
class Demo:
    """The demo as the tests see it."""

    addresses: Addresses

    @property
    def hits(self) -> list[dict[str, Any]]:
        """Return every tag hit, newest last."""
        return httpx.get(f"http://127.0.0.1:{self.addresses.port}/hits.json", headers=self._vendor).json()

    @property
    def seen(self) -> set[str]:
        """Return the vendors that were hit."""
        return {VENDORS[hit["path"].split("/")[1]] for hit in self.hits}

    def forget(self) -> None:
        """Forget every hit."""
        answer = httpx.post(f"http://127.0.0.1:{self.addresses.port}/hits/clear", headers=self._vendor)
        assert answer.status_code == 303

    def get(self, path: str) -> httpx.Response:
        """Return what the gateway answers to a program."""
        host = {"host": f"gateway.localhost:{self.addresses.port}"}
        return httpx.get(f"http://127.0.0.1:{self.addresses.port}{path}", headers=host)

    @property
    def _vendor(self) -> dict[str, str]:
        return {"host": f"vendor.localhost:{self.addresses.port}"}


@pytest.fixture(scope="module")
def running_demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """The demo, served from this process for all tests of a module."""
    port = free_port()
    with running(opened(port, tmp_path_factory.mktemp("demo")), port=port):
        yield Demo(Addresses(port))


@pytest.fixture
def demo(running_demo: Demo) -> Demo:
    """The running demo, whose vendors have seen nothing yet."""
    running_demo.forget()
    return running_demo


@pytest.fixture
def shop(demo: Demo) -> Partner:
    """The partner whose own page asks."""
    return Partner(
        demo.addresses.shop,
        "Google Analytics",
        frozenset({"Google Analytics", "Meta Pixel", "Google Ads"}),
        inline=True,
    )


@pytest.fixture
def news(demo: Demo) -> Partner:
    """The partner whose frame asks."""
    return Partner(demo.addresses.news, "Matomo", frozenset({"Matomo", "Meta Pixel"}), inline=False)


@pytest.fixture(params=["shop", "news"])
def partner(request: pytest.FixtureRequest) -> Partner:
    """Each partner in turn."""
    return request.getfixturevalue(request.param)


@pytest.fixture
def visitor(browser: Browser, partner: Partner, demo: Demo) -> Visitor:
    """Aigerim at each partner, with scripts off, in each browser."""
    return Visitor(browser, partner, demo)
