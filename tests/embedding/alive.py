"""What a person finds on a partner's page while the gateway is in a state: the table of docs/embed/alive.md.

``python -m tests.embedding.alive`` looks three times at each and writes the table. Everyday's tests look once and say
where it is no longer true; times are shown, and never compared.
"""

from __future__ import annotations

import fcntl
import os
import platform
import re
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

from tests.browsers.browser import Browser
from tests.embedding.states import SILENT, STATES
from tests.embedding.ways import Way

DOCUMENT = Path(__file__).parents[2] / "docs" / "embed" / "alive.md"
RENEWING = "CG_RENEW_ALIVE"
ENGINES = {"chromium": "Chromium", "firefox": "Firefox", "webkit": "WebKitGTK"}
READ = """(() => {
    const [painted] = performance.getEntriesByName("first-contentful-paint");
    const boxes = [...document.querySelectorAll("header, nav a, main, h1, main p, footer")].map(element => {
        const { x, y, width, height } = element.getBoundingClientRect();
        return [x + scrollX, y + scrollY, width, height];
    });
    return { paint: painted ? painted.startTime : null, ran: document.documentElement.dataset.ran || "", boxes };
})()"""
SHIFTS = """new Promise(done => {
    let sum = 0;
    const add = shift => { if (!shift.hadRecentInput) sum += shift.value; };
    new PerformanceObserver(list => list.getEntries().forEach(add)).observe({ type: "layout-shift", buffered: true });
    setTimeout(() => done(sum), 100);
})"""
OURS = "section.cg, form.cg-ask, details.cg-set"


@dataclass(frozen=True, slots=True)
class Look:
    """One look at a page."""

    faults: frozenset[str]
    waits: bool
    """Whether those scripts of the page wait for us that wait for its end."""
    paint: float
    """Milliseconds until its first words were painted."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody in front of a browser, at one partner."""

    browser: Browser
    way: Way
    leading: str
    """Where a page leads on to the address in its query by itself, so that no driver waits for the page led to."""

    @property
    def remembered(self) -> bool:
        """Return whether a yes is kept: WebKitGTK keeps no Secure cookie without HTTPS, and the session is no such."""
        return self.browser.name != "webkit" or self.way.name == "redirect"

    def come(self, address: str) -> Mapping[str, Any]:
        """Come to a page and return what is seen of it once its first words are painted."""
        self.browser.open(f"{self.leading}?to={address}")
        self.browser.see("h1", "Dala")
        seen: list[Mapping[str, Any]] = []
        self.browser.until(lambda: bool(seen.append(self.browser.evaluate(READ)) or seen[-1]["paint"]))
        return seen[-1]

    def asked(self, address: str) -> Mapping[str, Any]:
        """Come to a page that asks, again if need be: a server gives us half a second, and this machine may be busy."""
        seen: list[Mapping[str, Any]] = []
        there = f"document.querySelector({self.way.question or 'h1'!r}) !== null"
        self.browser.until(lambda: bool(seen.append(self.come(address)) or self.browser.evaluate(there)))
        if self.way.question:
            self.browser.see(self.way.question)
        return seen[-1]

    def plain(self) -> Any:
        """Return where everything is on the page without our lines."""
        return self.come(f"{self.way.origin}/plain.html")["boxes"]

    def look(self, address: str, state: str, unmoved: Any, *, asked: bool = False) -> Look:
        """Come to the page, look, and follow a link of it.

        A gateway that is silent has not answered anything by then, and will not: whatever is seen here, nothing waited
        for it.
        """
        browser, way, before = self.browser, self.way, len(self.way.hits)
        seen = self.asked(address) if asked else self.come(address)
        waits = browser.name == "firefox" and way.linked and state in SILENT and not seen["ran"]
        if not waits:
            browser.until(lambda: browser.evaluate(READ)["ran"], lambda: "the page's own script never ran")
        faults: set[str] = set()
        if state != "up" and browser.visible(OURS):
            faults.add("our question stands there")
        stands: list[Any] = []
        try:
            browser.until(lambda: stands.append(browser.evaluate(READ)["boxes"]) or stands[-1] == unmoved)
        except AssertionError:
            faults.add(f"something is elsewhere than without us: {stands[-1]} instead of {unmoved}")
        if browser.name == "chromium" and browser.evaluate(SHIFTS):
            faults.add("something shifted")
        browser.click("#next")
        browser.see("h1", "The next page")
        if (state != "up" or asked) and len(way.hits) > before:
            faults.add(f"the vendor was asked for {way.hits[before:]}")
        return Look(frozenset(faults), waits, seen["paint"])

    def say_yes(self, address: str) -> None:
        """Say yes to everything, and see that the vendor is asked from then on."""
        self.asked(address)
        self.way.accept(self.browser)
        self.way.hits.clear()
        self.browser.until(
            lambda: bool(self.come(address)) and self.way.vendors <= set(self.way.hits),
            lambda: f"{self.way.hits} after a yes to everything",
        )


def examine(way: Way, browsers: Iterable[Browser], leading: str) -> dict[str, dict[str, list[Look]]]:
    """Return what was seen, by browser and state, of people who said yes while the gateway was well."""
    people = [Person(browser, way, leading) for browser in browsers]
    unmoved = {person.browser.name: person.plain() for person in people}
    found: dict[str, dict[str, list[Look]]] = {person.browser.name: {} for person in people}
    for state in STATES:
        with way.gateway(state) as address:
            for person in people:
                name = person.browser.name
                asked = state == "up" and not person.remembered
                found[name][state] = []
                if state == "up" and person.remembered:
                    found[name][state] = [person.look(address, state, unmoved[name], asked=True)]
                    person.say_yes(address)
                for _ in range(3 if RENEWING in os.environ else 1):
                    if RENEWING in os.environ and state in SILENT and way.name in {"redirect", "caddy"}:
                        time.sleep(1.1)  # they do not ask again within a second of a silence
                    found[name][state].append(person.look(address, state, unmoved[name], asked=asked))
    return found


def row(way: str, engine: str, found: Mapping[str, list[Look]]) -> str:
    """Return a line of the table."""
    cells = (f"{mark(looks)} {median(look.paint for look in looks):.0f}" for looks in found.values())
    return f"| {way} | {ENGINES[engine]} | {' | '.join(cells)} |"


def mark(looks: Iterable[Look]) -> str:
    """Return what of a cell is compared."""
    looks = list(looks)
    return ("no" if any(look.faults for look in looks) else "yes") + ("*" if any(look.waits for look in looks) else "")


def written(way: str, engine: str) -> list[str]:
    """Return the marks that the document holds."""
    line = re.search(rf"^\| {way} \| {ENGINES[engine]} \|(.*)\|$", DOCUMENT.read_text("utf-8"), re.MULTILINE)
    return [cell.split()[0] for cell in line[1].split("|")] if line else []


def renew(line: str) -> None:
    """Write a line of the table, and when it was measured."""
    day = f"Measured on {datetime.now(UTC).date()}, {os.cpu_count()} cores ({platform.machine()})"
    begins = re.escape(line[: line.index("|", line.index("|", 1) + 1)])
    with DOCUMENT.open("r+", encoding="utf-8") as document:
        fcntl.flock(document, fcntl.LOCK_EX)  # two ways are looked at together
        text, count = re.subn(rf"^{begins}\|.*$", lambda _: line, document.read(), flags=re.MULTILINE)
        assert count == 1, f"{DOCUMENT.name} has no line that begins with {begins}"
        document.seek(0)
        document.write(re.sub(r"^Measured on [^,]+, [^,]+(?=,)", day, text, flags=re.MULTILINE))
        document.truncate()


if __name__ == "__main__":
    looking = [sys.executable, "-m", "pytest", "-q", "-n", "2", str(Path(__file__).with_name("test_alive.py"))]
    sys.exit(subprocess.run(looking, env={**os.environ, RENEWING: "1"}, check=False).returncode)
