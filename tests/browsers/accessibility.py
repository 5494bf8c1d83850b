"""Accessibility as far as a machine can judge it: axe-core, contrast, reflow. Our pages still carry no script.

Documents are shown from memory in one tab of the test browser; scripts are on in that tab, for axe alone.
"""

from __future__ import annotations

import mimetypes
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import axe_playwright_python
from playwright.sync_api import Page, Route

from tests.browsers.browser import Browser, Options
from tests.browsers.chromium import Stage

_AXE = next(Path(axe_playwright_python.__file__).parent.rglob("axe.min.js")).read_text(encoding="utf-8")
_RUN = "axe.run(document, { iframes: false, resultTypes: ['violations'], %s }).then(done => done.violations)"
_ALL = _RUN % "rules: { 'target-size': { enabled: true } }"
"""Every rule for WCAG 2.2 A and AA and good practice; the size of targets is off by default."""
_TARGETS = _RUN % "runOnly: ['target-size']"
"""What differs by width, and by how long words are."""
_CONTRAST = _RUN % "runOnly: ['color-contrast']"
"""What differs by colours."""
_FORCED = """
[...document.querySelectorAll('*')].filter(one => one.getClientRects().length).flatMap(one => {
    const style = getComputedStyle(one), name = one.outerHTML.slice(0, 100), faults = [];
    if (style.forcedColorAdjust === 'none') faults.push(`keeps its own colours: ${name}`);
    if (one.matches('button, select, textarea, input:not([type=checkbox], [type=radio])')
        && style.appearance === 'none' && !parseFloat(style.borderTopWidth)) faults.push(`has no edge: ${name}`);
    return faults;
})
"""
"""Where the system chooses the colours, backgrounds are gone: what is not told by a border is not told at all.
axe is no judge there: it reads a colour that is not painted."""
_OVERFLOWS = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
_STICKS_OUT = """
[...document.querySelectorAll('body, body *:not(.cg-aside, .cg-sent)')]
    .filter(one => one.clientWidth > 1 && one.scrollWidth > one.clientWidth + 1)
    .map(one => `${one.scrollWidth - one.clientWidth} pixels: ${one.outerHTML.slice(0, 80)}`)
"""
_LONG = """
word => {
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) texts.currentNode.data = texts.currentNode.data.replace(/\\p{L}{3,}/u, word);
}
"""
"""The first word of every text becomes a long one."""
LONGEST = "Қанағаттандырылмағандықтарыңыздан"
"""An ordinary word, and the longest that people know by heart."""
_TORN = """
[...document.querySelectorAll('th, td')].flatMap(cell => {
    const texts = document.createTreeWalker(cell, NodeFilter.SHOW_TEXT), torn = [], part = document.createRange();
    while (texts.nextNode()) for (const word of texts.currentNode.data.matchAll(/\\p{L}+/gu)) {
        part.setStart(texts.currentNode, word.index);
        part.setEnd(texts.currentNode, word.index + word[0].length);
        if (part.getClientRects().length > 1) torn.push(word[0]);
    }
    return torn;
})
"""
WIDE, NARROW = (1280, 800), (320, 3000)
"""320 CSS pixels are what is left of 1280 at 400 % zoom (WCAG 2.2, 1.4.10); so high that nothing sticks over a link."""


def violations(browser: Browser) -> list[str]:
    """Return what axe finds wrong with the current document, one line each with where; needs scripts on.

    Frames in it are documents of their own: enter each and ask again.
    """
    browser.evaluate(f"(() => {{ {_AXE}\n }})()")
    return _said(browser.evaluate(_ALL))


def small_targets(browser: Browser) -> list[str]:
    """Return what a finger misses in the current document, one line each with where; needs scripts on."""
    browser.evaluate(f"(() => {{ {_AXE}\n }})()")
    return _said(browser.evaluate(_TARGETS))


class Eye:
    """A tab that shows documents from memory and says what is wrong with them."""

    def __init__(self, stage: Stage, page: Page, files: Mapping[str, bytes]) -> None:
        self._stage = stage
        self._page = page
        self._files = dict(files)
        self._missing: list[str] = []

    def judge(self, document: str, *, colours: bool = True) -> list[str]:
        """Return every fault of a document: wide and narrow; in all ``colours``, light, dark and the system's own."""
        return self._stage.run(lambda: self._judge(document, colours))

    def _judge(self, document: str, colours: bool) -> list[str]:
        page = self._page
        self._files["/"] = document.encode()
        self._missing.clear()
        page.set_viewport_size({"width": WIDE[0], "height": WIDE[1]})
        page.emulate_media(color_scheme="light", forced_colors="none")
        page.goto("http://gateway.test/")
        found = [f"wide, light: {fault}" for fault in _said(page.evaluate(_ALL))]
        page.set_viewport_size({"width": NARROW[0], "height": NARROW[1]})
        found += [f"narrow: {fault}" for fault in _said(page.evaluate(_TARGETS))]
        if overflow := page.evaluate(_OVERFLOWS):
            found.append(f"narrow: {overflow} pixels wider than the window")
        if colours:
            page.emulate_media(color_scheme="dark")
            found += [f"narrow, dark: {fault}" for fault in _said(page.evaluate(_CONTRAST))]
            page.emulate_media(forced_colors="active")
            found += [f"forced colours: {fault}" for fault in page.evaluate(_FORCED)]
        return found + [f"not found: {path}" for path in self._missing]

    def sideways(self, document: str) -> list[str]:
        """Return what sticks out of its box in a narrow window: with letters twice as large, and with long words."""
        return self._stage.run(lambda: self._sideways(document))

    def _sideways(self, document: str) -> list[str]:
        page = self._page
        self._files["/"] = document.encode()
        page.set_viewport_size({"width": NARROW[0], "height": NARROW[1]})
        page.goto("http://gateway.test/")
        page.evaluate("document.documentElement.style.fontSize = '200%'")
        found = [f"large letters: {fault}" for fault in page.evaluate(_STICKS_OUT)]
        page.evaluate("document.documentElement.style.fontSize = ''")
        page.evaluate(_LONG, LONGEST)
        return found + [f"long words: {fault}" for fault in page.evaluate(_STICKS_OUT)]

    def torn(self, document: str, width: int) -> list[str]:
        """Return the words in a document's tables that are torn at this width, and whether it fits at all."""
        return self._stage.run(lambda: self._torn(document, width))

    def _torn(self, document: str, width: int) -> list[str]:
        page = self._page
        self._files["/"] = document.encode()
        page.set_viewport_size({"width": width, "height": 800})
        page.goto("http://gateway.test/")
        overflow = page.evaluate(_OVERFLOWS)
        return page.evaluate(_TORN) + [f"{overflow} pixels wider than the window"] * bool(overflow)

    def gap(self, document: str, upper: str, lower: str) -> float:
        """Return how many pixels are between two elements, by their selectors, in a wide window."""
        return self._stage.run(lambda: self._gap(document, upper, lower))

    def _gap(self, document: str, upper: str, lower: str) -> float:
        page = self._page
        self._files["/"] = document.encode()
        page.set_viewport_size({"width": WIDE[0], "height": WIDE[1]})
        page.goto("http://gateway.test/")
        above, below = (page.locator(selector).first.bounding_box() for selector in (upper, lower))
        assert above
        assert below
        return below["y"] - above["y"] - above["height"]

    def serve(self, route: Route) -> None:
        """Answer a request of the tab."""
        path = urlsplit(route.request.url).path
        if path in self._files:
            media = mimetypes.guess_type(path)[0] or "text/html; charset=utf-8"
            route.fulfill(body=self._files[path], headers={"content-type": media})
        else:
            if route.request.resource_type in {"stylesheet", "image"} and not path.startswith("/release/"):
                self._missing.append(path)
            route.fulfill(status=404)


@contextmanager
def eye(stage: Stage, files: Mapping[str, bytes]) -> Iterator[Eye]:
    """Open a tab where these files can be loaded, by path."""
    with stage.private(Options(scripts=True)) as context:
        page = stage.run(context.new_page)
        opened = Eye(stage, page, files)
        stage.run(lambda: page.route("**/*", opened.serve))
        stage.run(lambda: page.add_init_script(_AXE))  # in every document, without being sent again
        yield opened


def _said(found: list[dict[str, Any]]) -> list[str]:
    return [
        f"{rule['id']} ({rule['impact']}): {rule['help']}: {[node['target'] for node in rule['nodes']]}"
        for rule in found
    ]
