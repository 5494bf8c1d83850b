"""The demo, running, and a person in front of a browser."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from consentgw.demo import Addresses, opened
from consentgw.demo.running import free_port
from consentgw.http.server import running
from tests.browsers.browser import Browser

VENDORS = {
    "www.googletagmanager.com": "Google Analytics",
    "www.google-analytics.com": "Google Analytics",
    "matomo.zhanalyq.example": "Matomo",
    "www.facebook.com": "Meta Pixel",
    "googleads.g.doubleclick.net": "Google Ads",
}
"""Who is behind a host; a host that is not here fails the test."""

FRAME = "iframe.cg-frame"


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


@dataclass(frozen=True, slots=True)
class Partner:
    """A partner's site as its visitors know it."""

    origin: str
    analytics: str
    everyone: frozenset[str]
    inline: bool

    @property
    def page(self) -> str:
        """Return the address of its front page in English."""
        return f"{self.origin}/en/"


@dataclass(frozen=True, slots=True)
class Visitor:
    """A person at one partner's site."""

    browser: Browser
    partner: Partner
    demo: Demo

    def visit(self) -> None:
        """Load the partner's page; when it has loaded, so has everything on it that may."""
        self.browser.open(self.partner.page)

    @property
    def asked(self) -> bool:
        """Return whether the page asks; otherwise there is the settings control, and never both."""
        if self.partner.inline:
            asked = self.browser.visible("form.cg-ask")
        else:
            asked = not self.browser.visible("details.cg-set > summary")
            assert asked or self.browser.attribute("details.cg-set", "open") is None
        return asked

    def answer(self, method: str, *purposes: str) -> None:
        """Answer the question, and wait until the gateway says that it is saved."""
        if self.partner.inline:
            self._answer("form.cg-ask", method, purposes)
            self.browser.until(lambda: not self.asked)
        else:
            with self.browser.frame(FRAME):
                self._answer("form", method, purposes)
                self.browser.see("h1", "Your choice is saved")

    @contextmanager
    def settings(self) -> Iterator[Browser]:
        """Open the settings and look inside."""
        self.browser.until(self._opened, lambda: "the settings never opened")
        with self.browser.frame(FRAME):
            yield self.browser

    def change(self, method: str, *purposes: str) -> None:
        """Change the answer in the settings, and wait until that is saved."""
        with self.settings() as frame:
            frame.see("h1", "Your choice")
            self._answer("form", method, purposes)
            # The confirmation is another document with the same words: it is the one with the place for releases.
            frame.see("h1", "Your choice is saved")

    def saw(self, vendors: set[str] | frozenset[str]) -> None:
        """Wait until just these vendors were hit."""
        self.browser.until(lambda: self.demo.seen == vendors, lambda: f"{self.demo.hits} instead of {vendors}")

    def _opened(self) -> bool:
        """Return whether the settings stand open; press their control when it is there and they do not.

        A press that came while the page was still moving is lost, and a person presses again.
        """
        control = "details.cg-set > summary"
        if not self.browser.visible(control) or self.browser.attribute("details.cg-set", "open") is not None:
            return True
        self.browser.click(control)
        return False

    def _answer(self, form: str, method: str, purposes: tuple[str, ...]) -> None:
        for purpose in purposes:
            self.browser.click(f"{form} input[name=granted][value={purpose}]")
        self.browser.click(f"{form} button[value={method}]")


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
