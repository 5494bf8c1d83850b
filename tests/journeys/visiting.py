"""A person in front of a browser, at a partner's page."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

from tests.browsers.browser import Browser

VENDORS = {
    "www.googletagmanager.com": "Google Analytics",
    "www.google-analytics.com": "Google Analytics",
    "matomo.zhanalyq.example": "Matomo",
    "www.facebook.com": "Meta Pixel",
    "googleads.g.doubleclick.net": "Google Ads",
    "vendor.example": "Google Analytics",
}
"""Who is behind a host; a host that is not here fails the test."""

FRAME = "iframe.cg-frame"
SAVED = "Your choice is saved"


OURS = "Blocked script execution in"
"""How Chromium calls it that a test looks into the sandboxed frame by a script."""


def complaints(browser: Browser) -> list[str]:
    """Return what the browser holds against the pages."""
    return [said for said in browser.complaints() if not said.startswith(OURS)]


@dataclass(frozen=True, slots=True)
class Partner:
    """A partner's site as its visitors know it."""

    origin: str
    analytics: str
    everyone: frozenset[str]
    inline: bool
    path: str = "/en/"
    """Of its front page in English."""

    @property
    def page(self) -> str:
        """Return the address of its front page in English."""
        return self.origin + self.path


class Observed(Protocol):
    """Vendors that tell what they were asked."""

    @property
    def hits(self) -> list[dict[str, Any]]: ...
    @property
    def seen(self) -> set[str]: ...
    def forget(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Visitor:
    """A person at one partner's site."""

    browser: Browser
    partner: Partner
    vendors: Observed

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
            assert not asked or self.browser.visible("section.cg"), "neither the question nor the control"
            assert asked or self.browser.attribute("details.cg-set", "open") is None
        return asked

    def answer(self, method: str, *purposes: str) -> None:
        """Answer the question, and wait until the gateway says that it is saved."""
        if self.partner.inline:
            self._answer("form.cg-ask", method, purposes)
            self.browser.until(lambda: not self.asked)
            # The question hides at once; the word that it is saved comes into the frame behind the closed control.
            with self.browser.frame(FRAME):
                self.browser.until(lambda: SAVED in self.browser.source())
        else:
            with self.browser.frame(FRAME):
                self._answer("form", method, purposes)
                self.browser.see("h1", SAVED)

    @contextmanager
    def settings(self) -> Iterator[Browser]:
        """Open the settings and look inside."""
        self.browser.until(self._opened, lambda: "the settings never opened")
        with self.browser.frame(FRAME):
            yield self.browser

    def change(self, method: str, *purposes: str) -> None:
        """Change the answer in the settings, and wait until that is saved."""
        with self.settings() as frame:
            frame.see(f"form button[value={method}]")
            self._answer("form", method, purposes)
            # The confirmation is another document with the same words: it is the one with the place for releases.
            frame.see("h1", SAVED)

    def saw(self, vendors: set[str] | frozenset[str]) -> None:
        """Wait until just these vendors were hit."""
        self.browser.until(lambda: self.vendors.seen == vendors, lambda: f"{self.vendors.hits} instead of {vendors}")

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
