"""A browser as a person uses it: open, look, click, type. Scripts are off unless a test turns them on.

One `Browser` for every engine: what a journey says is the same, only the driver below differs. A browser is a
private profile of its own; two of them know nothing of each other.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What a person may have set in a browser."""

    scripts: bool = False
    third_party_cookies: Literal["allow", "block", "refuse"] = "block"
    """`allow` them; `block` all but the partitioned, as browsers do; `refuse` the partitioned, too."""
    gpc: bool = False
    """Send Global Privacy Control."""
    width: int = 1280
    height: int = 800
    dark: bool = False
    forced_colors: bool = False
    proxy: str = ""
    """``host:port`` of an HTTP proxy for every name but localhost; without one, names are looked up."""
    authority: Path | None = None
    """A certificate authority this person trusts besides those the browser came with."""
    eager: bool = False
    """Look at a page while it is still loading. WebKitGTK's driver alone would wait for it to load before it looks."""
    patience: float = 30.0
    """Seconds a page may take to show what is waited for."""


@dataclass(frozen=True, slots=True)
class Cookie:
    """A cookie the browser keeps."""

    name: str
    value: str
    host: str
    partition: str
    """Host of the site it is kept for; empty when it is not partitioned."""


class Driver(Protocol):
    """What an engine's driver does. Every `css` is looked up in the frame entered last."""

    transient: tuple[type[Exception], ...]
    """Errors that a page in the middle of a change may cause."""

    def open(self, url: str) -> None: ...
    def reload(self) -> None: ...
    def back(self) -> None: ...
    def url(self) -> str: ...
    def title(self) -> str: ...
    def newest(self) -> None: ...
    def source(self) -> str: ...
    def enter(self, css: str) -> None: ...
    def leave(self) -> None: ...
    def texts(self, css: str) -> list[str]: ...
    def shown(self, css: str) -> int: ...
    def attribute(self, css: str, name: str) -> str | None: ...
    def style(self, css: str, name: str) -> str: ...
    def box(self, css: str) -> tuple[float, float, float, float]: ...
    def click(self, css: str, text: str | None) -> None: ...
    def fill(self, css: str, value: str) -> None: ...
    def key(self, name: str) -> None: ...
    def focused(self) -> str: ...
    def screenshot(self, path: Path) -> None: ...
    def cookies(self) -> list[Cookie]: ...
    def complaints(self) -> list[str]: ...
    def evaluate(self, expression: str) -> Any: ...


def at_once(call: Callable[[], T]) -> T:
    """Run a call here and now."""
    return call()


class Browser:
    """One person's browser."""

    def __init__(
        self,
        name: str,
        driver: Driver,
        patience: float,
        run: Callable[[Callable[[], Any]], Any] = at_once,
    ) -> None:
        self.name = name
        self.patience = patience
        self._driver = driver
        self._run = run

    def open(self, url: str) -> None:
        """Go to an address and wait until the page has loaded."""
        self._run(lambda: self._driver.open(url))

    def reload(self) -> None:
        """Load the page again."""
        self._run(self._driver.reload)

    def back(self) -> None:
        """Go back one page."""
        self._run(self._driver.back)

    @property
    def url(self) -> str:
        """Return the address in the address bar."""
        return self._run(self._driver.url)

    @property
    def title(self) -> str:
        """Return the title of the page."""
        return self._run(self._driver.title)

    def newest(self) -> None:
        """Go on in the tab that was opened last, as by a link to a new tab."""
        self._run(self._driver.newest)

    def source(self) -> str:
        """Return the markup of the current document as the browser understood it."""
        return self._run(self._driver.source)

    @contextmanager
    def frame(self, css: str) -> Iterator[None]:
        """Look and act inside this iframe; frames nest."""
        self._run(lambda: self._driver.enter(css))
        try:
            yield
        finally:
            self._run(self._driver.leave)

    def text(self, css: str = "body") -> str:
        """Return the text a person sees in every element that matches, one a line."""
        return "\n".join(self._run(lambda: self._driver.texts(css)))

    def visible(self, css: str) -> bool:
        """Return whether an element that matches is shown now."""
        return self._run(lambda: self._driver.shown(css)) > 0

    def shown(self, css: str) -> int:
        """Return how many elements that match are shown now."""
        return self._run(lambda: self._driver.shown(css))

    def see(self, css: str, text: str = "") -> None:
        """Wait until an element that matches is shown, with this text somewhere in those that match.

        Raises:
            AssertionError: it never came; the message holds what the page said instead.
        """
        self.until(
            lambda: self.visible(css) and text in self.text(css),
            lambda: f"never saw {css} {text!r}; the page said: {self.text()!r}",
        )

    def until(self, met: Callable[[], bool], otherwise: Callable[[], str] = lambda: "never happened") -> None:
        """Wait until a condition is met.

        Raises:
            AssertionError: it was not, in good time.
        """
        deadline = time.monotonic() + self.patience
        while True:
            try:
                if met():
                    return
            except self._driver.transient:
                if time.monotonic() > deadline:
                    raise
            if time.monotonic() > deadline:
                raise AssertionError(otherwise())
            time.sleep(0.05)

    def attribute(self, css: str, name: str) -> str | None:
        """Return an attribute of the first element that matches."""
        return self._run(lambda: self._driver.attribute(css, name))

    def style(self, css: str, name: str) -> str:
        """Return the computed value of a CSS property of the first element that matches."""
        return self._run(lambda: self._driver.style(css, name))

    def box(self, css: str) -> tuple[float, float, float, float]:
        """Return x, y, width and height of the first element that matches, in its document, in CSS pixels."""
        return self._run(lambda: self._driver.box(css))

    def click(self, css: str, text: str | None = None) -> None:
        """Click the first shown element that matches, with this text (or accessible name) if given.

        A real click: it scrolls there and waits for the place to be free.

        Raises:
            AssertionError: a person could not have clicked it either: it is not there, or covered.
        """
        self._run(lambda: self._driver.click(css, text))

    def press(self, text: str) -> None:
        """Click the button, link, label or summary that says exactly this."""
        self.click("button, a[href], summary, label", text)

    def fill(self, css: str, value: str) -> None:
        """Type a value into the first field that matches, in place of what is there."""
        self._run(lambda: self._driver.fill(css, value))

    def key(self, name: str) -> None:
        """Press a key: Tab, Shift+Tab, Enter, Space, Escape, or a character."""
        self._run(lambda: self._driver.key(name))

    def focused(self) -> str:
        """Return the text, else the label, of the element that has the keyboard; empty when none has."""
        return self._run(self._driver.focused)

    def screenshot(self, path: Path) -> Path:
        """Save a picture of the whole page as PNG, however long it is."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self._run(lambda: self._driver.screenshot(path))
        return path

    def cookies(self) -> list[Cookie]:
        """Return every cookie this browser keeps, of all sites."""
        return self._run(self._driver.cookies)

    def complaints(self) -> list[str]:
        """Return what the browser's console holds against the pages so far: errors, blocked loads."""
        return self._run(self._driver.complaints)

    def evaluate(self, expression: str) -> Any:
        """Return the value of a JavaScript expression in the current document; a promise is waited for.

        For measuring, with scripts on. It is the test that speaks, not the page: its policy does not apply.
        """
        return self._run(lambda: self._driver.evaluate(expression))
