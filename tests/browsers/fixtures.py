"""Browsers for tests: `browser` runs a test in Chromium and in Firefox, `open_browser` makes any one of `EVERY`.

A missing browser fails the test and says what to install; nothing is skipped.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, closing
from typing import TYPE_CHECKING, Any, Protocol

import pytest

from tests.browsers.browser import Browser, Options
from tests.browsers.firefox import Firefox
from tests.browsers.webkit import Display, WebKit

if TYPE_CHECKING:
    from tests.browsers.chromium import Stage

ENGINES = ("chromium", "firefox")
EVERY = (*ENGINES, "webkit")


class OpenBrowser(Protocol):
    """Open a browser with a private profile of its own: ``open_browser("firefox", gpc=True)``."""

    def __call__(self, name: str, **options: Any) -> Browser: ...


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Try what fails in a real browser once more: it fails twice, or the summary counts it as a rerun.

    Browsers drop a click or a frame when the machine has no time for them, and say nothing of it.
    """
    for item in items:
        if "open_browser" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.flaky(reruns=1))


@pytest.fixture(scope="session")
def stage() -> Iterator[Stage]:
    """Playwright, started once, and imported only by those who need it."""
    from tests.browsers.chromium import Stage

    stage = Stage()
    yield stage
    stage.close()


@pytest.fixture(scope="session")
def firefoxes() -> Iterator[list[Firefox]]:
    """Firefoxes that are running and not in use."""
    running: list[Firefox] = []
    yield running
    for firefox in running:
        firefox.close()


@pytest.fixture(scope="session")
def display() -> Iterator[Display]:
    """A screen for those who cannot do without."""
    display = Display()
    yield display
    display.close()


@pytest.fixture
def open_browser(request: pytest.FixtureRequest) -> Iterator[OpenBrowser]:
    """Open browsers by name and options; they are closed after the test."""
    with ExitStack() as opened:

        def open_one(name: str, **options: Any) -> Browser:
            chosen = Options(**options)
            match name:
                case "chromium":
                    return opened.enter_context(request.getfixturevalue("stage").open(chosen))
                case "webkit":
                    webkit = opened.enter_context(closing(WebKit(request.getfixturevalue("display"), chosen)))
                    return Browser(name, webkit, chosen.patience)
                case "firefox":
                    idle: list[Firefox] = request.getfixturevalue("firefoxes")
                    firefox = idle.pop() if idle else Firefox()
                    opened.callback(lambda: firefox.running and idle.append(firefox))
                    firefox.prepare(chosen)
                    return Browser(name, firefox, chosen.patience)
                case _:
                    raise LookupError(f"no browser is called {name}")

        yield open_one


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> str:
    """The name of a browser, each in turn."""
    return request.param


@pytest.fixture
def browser(engine: str, open_browser: OpenBrowser) -> Browser:
    """A fresh browser with scripts switched off: once Chromium, once Firefox."""
    return open_browser(engine)
