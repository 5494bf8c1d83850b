"""What a page costs without us, with us, and with a consent tool that is a script: docs/embed/weight.md.

``python -m tests.bench.weight`` fetches vanilla-cookieconsent with this machine's npm, measures in Chromium and Firefox
and writes the tables. The rounds are interleaved, so that what else the machine does meets everybody.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import json
import os
import platform
import re
import subprocess
import tarfile
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from consentgw.consents.views import Snippet, snippet
from consentgw.db import Unit, open_database
from consentgw.db.migrations import upgrade
from consentgw.demo import Addresses
from consentgw.demo.pages import PartnerPage
from consentgw.demo.running import free_port
from consentgw.http.pages import render
from consentgw.http.server import running
from consentgw.notices import service as notices
from consentgw.notices.model import Kind, Notice, Tag
from consentgw.resources import folder
from consentgw.settings import Settings
from consentgw.sites import store as sites
from tests.browsers.browser import Browser, Options
from tests.browsers.chromium import Stage
from tests.browsers.firefox import Firefox
from tests.conftest import SECRET
from tests.embedding.ways import served
from tests.gateway import PARTNERS, PURPOSES, seed

DOCUMENT = Path(__file__).parents[2] / "docs" / "embed" / "weight.md"
PACKAGE = "vanilla-cookieconsent@3.1.0"
INTEGRITY = "sha512-/McNRtm/3IXzb9dhqMIcbquoU45SzbN2VB+To4jxEPqMmp7uVniP6BhGLjU8MC7ZCDsNQVOp27fhQTM/ruIXAA=="
ROUNDS = 7
PHONE = {"offline": False, "latency": 150, "downloadThroughput": 204_800, "uploadThroughput": 93_750}
"""Lighthouse's slow 4G: 150 ms there and back, 1.6 Mbit/s down."""
SLOWER = 4
"""How much slower than this machine a telephone computes, to Lighthouse."""
QUESTION = {"ours": "form.cg-ask", "theirs": "#cc-main .cm"}
ACCEPT = {"ours": "form.cg-ask button[value=accept_all]", "theirs": "#cc-main .cm__btn[data-role=all]"}
NAMES = {"plain": "without", "ours": "consentgw", "theirs": "vanilla-cookieconsent"}
MEDIA = {"css": "text/css", "svg": "image/svg+xml", "js": "text/javascript", "html": "text/html; charset=utf-8"}
VENDOR = b"/* a vendor's */"
WATCH = """
window.seen = { shift: 0, long: [], asked: null };
const observe = (type, add) =>
    new PerformanceObserver(list => list.getEntries().forEach(add)).observe({ type, buffered: true });
observe("layout-shift", e => { if (!e.hadRecentInput) seen.shift += e.value; });
observe("longtask", e => seen.long.push([e.startTime, e.duration]));
(function look() {
    const e = document.querySelector("form.cg-ask, #cc-main .cm");
    if (e && e.checkVisibility({ visibilityProperty: true, opacityProperty: true }) && e.getBoundingClientRect().height)
        seen.asked = performance.now();
    else requestAnimationFrame(look);
})();
"""
READ = """(() => {
    const [painted] = performance.getEntriesByName("first-contentful-paint");
    const [visit] = performance.getEntriesByType("navigation");
    return {
        paint: painted ? painted.startTime : null,
        ready: visit.domContentLoadedEventEnd,
        loaded: visit.loadEventEnd,
        resources: performance.getEntriesByType("resource").length,
        seen: window.seen,
    };
})()"""


def fetched() -> Mapping[str, bytes]:
    """Return the package's files, as npm brings them and exactly those we know."""
    with tempfile.TemporaryDirectory() as place:
        pack = ["npm", "pack", "--silent", PACKAGE]
        name = subprocess.run(pack, cwd=place, capture_output=True, text=True, check=True).stdout.strip()
        return unpacked(Path(place, name).read_bytes())


def unpacked(archive: bytes) -> Mapping[str, bytes]:
    """Return the files of an archive by name.

    Raises:
        ValueError: it is not the one we know.
    """
    digest = base64.b64encode(hashlib.sha512(archive).digest()).decode()
    if f"sha512-{digest}" != INTEGRITY:
        raise ValueError(f"{PACKAGE} is not what it was: sha512-{digest}")
    with tarfile.open(fileobj=io.BytesIO(archive)) as files:
        members = [member for member in files.getmembers() if member.isfile() and "/dist/" in member.name]
        return {member.name.rpartition("/")[2]: files.extractfile(member).read() for member in members}


def their_lines(notice: Notice, vendor: str) -> Snippet:
    """Return what their documentation has a page hold: a stylesheet, two scripts, and the tags turned off by type."""
    tags = "".join(
        f'<script type="text/plain" data-category="{purpose}" src="{vendor}/{name}.js"></script>'
        for name, purpose in (("counter", "analytics"), ("pixel", "marketing"))
    )
    scripts = '<script defer src="/cookieconsent.umd.js"></script><script defer src="/consent.js"></script>'
    return Snippet(head='<link rel="stylesheet" href="/cookieconsent.css">' + tags, start="", end=scripts)


def their_configuration(notice: Notice) -> str:
    """Return the least their documentation asks for, in one language, with the words our question has."""
    words = {purpose.key: purpose.wording["en"] for purpose in notice.purposes}
    accept, reject, save = notice.buttons
    said = {
        "consentModal": {
            "title": notice.words.title,
            "description": notice.words.introduction,
            "acceptAllBtn": accept,
            "acceptNecessaryBtn": reject,
            "showPreferencesBtn": "Choose",
        },
        "preferencesModal": {
            "title": notice.words.title,
            "acceptAllBtn": accept,
            "acceptNecessaryBtn": reject,
            "savePreferencesBtn": save,
            "closeIconLabel": "Close",
            "sections": [
                {"title": word.title, "description": word.sentence, "linkedCategory": key}
                for key, word in words.items()
            ],
        },
    }
    categories = {key: {"enabled": True, "readOnly": True} if key == "necessary" else {} for key in words}
    run = {
        "categories": categories,
        "language": {"default": "en", "translations": {"en": said}},
        "hideFromBots": False,  # a browser that is driven counts as one
    }
    return f"CookieConsent.run({json.dumps(run, ensure_ascii=False)});"


class Shop:
    """The demo's shop three times, on one server that compresses as a web server does, and the vendor."""

    def __init__(self, theirs: Mapping[str, bytes]) -> None:
        self.port, self.gateway = free_port(), free_port()
        self._theirs = theirs
        self._files: dict[str, bytes] = {}

    def at(self, name: str) -> str:
        """Return an origin."""
        return f"http://{name}.localhost:{self.port}"

    def settle(self, unit: Unit) -> None:
        """Set up the shop and write its pages."""
        site = replace(PARTNERS[0], origins=frozenset({self.at("shop")}), returns={})
        vendor = f"{self.at('vendor')}/vendor"
        tags = (
            Tag("counter", "Counter", frozenset({"analytics"}), {Kind.SCRIPT: f"{vendor}/counter.js"}, "US"),
            Tag("pixel", "Pixel", frozenset({"marketing"}), {Kind.SCRIPT: f"{vendor}/pixel.js"}, "US"),
        )
        sites.keep(unit, site)
        notices.configure(unit, site, PURPOSES, tags)
        notice = notices.issue(unit, site)["en"]
        lines = {
            "plain": Snippet(head="", start="", end=""),
            "ours": snippet(site, notice, f"http://gateway.localhost:{self.gateway}"),
            "theirs": their_lines(notice, vendor),
        }
        for name, pasted in lines.items():
            page = PartnerPage(
                language="en", name="shop/front", place="", languages=("kk", "ru", "en"), snippet=pasted, notice=notice,
                addresses=Addresses(self.port),
            )  # fmt: skip
            self._files[f"{name}.html"] = render(page).encode()
        own = (folder("templates") / "demo" / "shop").iterdir()
        self._files |= {file.name: file.read_bytes() for file in own if file.suffix in {".css", ".svg"}}
        self._files |= {name: self._theirs[name] for name in ("cookieconsent.css", "cookieconsent.umd.js")}
        self._files["consent.js"] = their_configuration(notice).encode()

    def app(self) -> Starlette:
        """Return the server."""
        return Starlette(routes=[Route("/vendor/{name}", self.vendor), Route("/{name}", self.file)])

    async def vendor(self, request: Request) -> Response:
        """Answer as a vendor does."""
        return Response(VENDOR, media_type="text/javascript", headers={"cache-control": "no-store"})

    async def file(self, request: Request) -> Response:
        """Answer with a file: a page for this once, everything else for a day."""
        name = request.path_params["name"]
        if name not in self._files:
            return Response(status_code=404)
        headers = {"content-encoding": "gzip", "vary": "accept-encoding"}
        headers["cache-control"] = "no-cache" if name.endswith(".html") else "max-age=86400"
        media = MEDIA[name.rpartition(".")[2]]
        return Response(gzip.compress(self._files[name], 6), media_type=media, headers=headers)


@contextmanager
def opened(theirs: Mapping[str, bytes]) -> Iterator[Shop]:
    """Serve the shop and the gateway, each in a process of its own."""
    with tempfile.TemporaryDirectory() as place:
        settings = Settings.read(
            data=Path(place, "data"), database_url="", secret=SECRET, public_url="http://gateway.localhost:8080",
            worker_inside=False,
        )  # fmt: skip
        shop = Shop(theirs)
        upgrade(settings)
        seed(settings)
        with open_database(settings) as db:
            db.apply(shop.settle)
        with served(settings, shop.gateway, Path(place)), running(shop.app(), port=shop.port):
            yield shop


Figures = dict[str, float]


def in_chromium(stage: Stage, shop: Shop, name: str, *, hurried: bool = False) -> tuple[Figures, Figures]:
    """Return what a view costs who was never here, and then who said yes to everything and has seen the page before.

    Hurried, it is this machine that computes and its own network, for who does not look at the times.
    """
    with stage.private(Options(scripts=True)) as context:

        def visits() -> tuple[Figures, Figures]:
            page = context.new_page()
            page.add_init_script(WATCH)
            wire = context.new_cdp_session(page)
            wire.send("Network.enable")
            if not hurried:
                wire.send("Network.emulateNetworkConditions", PHONE)
                wire.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
            loads: dict[str, str] = {}
            sums: Figures = {}

            def began(event: dict[str, Any]) -> None:
                sums["requests"] += 1
                loads[event["requestId"]] = event.get("type", "")
                if "redirectResponse" in event:
                    sums["bytes"] += event["redirectResponse"]["encodedDataLength"]

            def data(event: dict[str, Any]) -> None:
                if loads.get(event["requestId"]) == "Script":
                    sums["script"] += event["dataLength"]

            def kept(event: dict[str, Any]) -> None:
                sums["requests"] -= 1

            def done(event: dict[str, Any]) -> None:
                sums["bytes"] += event["encodedDataLength"]

            wire.on("Network.requestWillBeSent", began)
            wire.on("Network.dataReceived", data)
            wire.on("Network.requestServedFromCache", kept)
            wire.on("Network.loadingFinished", done)

            def visit(*, asks: bool) -> Figures:
                sums.update(bytes=0, requests=0, script=0)
                page.goto(f"{shop.at('shop')}/{name}.html", wait_until="load")
                if asks:
                    page.wait_for_function("seen.asked !== null")
                page.wait_for_load_state("networkidle")
                page.wait_for_timeout(500)
                read = page.evaluate(READ)
                long = read["seen"]["long"]
                return {
                    **sums,
                    "paint": read["paint"],
                    "ready": read["ready"],
                    "interactive": max(read["paint"], read["ready"], *(began + took for began, took in long)),
                    "blocking": sum(max(0.0, took - 50) for began, took in long if began + took > read["paint"]),
                    "asked": read["seen"]["asked"] or 0.0,
                    "shift": read["seen"]["shift"],
                }

            first = visit(asks=name != "plain")
            if name != "plain":
                page.click(ACCEPT[name])
                page.wait_for_load_state("networkidle")
                page.wait_for_timeout(1000)  # the answer goes its own way, in a frame that nobody sees
            visit(asks=False)  # what is kept is kept by now
            return first, visit(asks=False)

        return stage.run(visits)


def in_firefox(browser: Browser, shop: Shop, name: str) -> Figures:
    """Return what Firefox tells of a first view."""
    browser.open(f"{shop.at('shop')}/{name}.html")
    read: list[Any] = []
    browser.until(lambda: bool(read.append(browser.evaluate(READ)) or (read[-1]["paint"] and read[-1]["loaded"])))
    return {"paint": read[-1]["paint"], "ready": read[-1]["ready"], "requests": read[-1]["resources"] + 1}


Row = tuple[str, str, Callable[[float], str]]
ROWS: tuple[Row, ...] = (
    ("bytes", "bytes over the wire", lambda value: f"{value:,.0f}".replace(",", " ")),
    ("requests", "requests", lambda value: f"{value:.0f}"),
    ("script", "bytes of script, unpacked", lambda value: f"{value:,.0f}".replace(",", " ")),
    ("paint", "first paint, ms", lambda value: f"{value:.0f}"),
    ("ready", "DOMContentLoaded, ms", lambda value: f"{value:.0f}"),
    ("interactive", "interactive, ms", lambda value: f"{value:.0f}"),
    ("blocking", "blocked, ms", lambda value: f"{value:.0f}"),
    ("asked", "the question is there, ms", lambda value: f"{value:.0f}" if value else "-"),
    ("shift", "layout shift (CLS)", lambda value: f"{value:.3f}".rstrip("0").rstrip(".")),
)


def table(found: Mapping[str, list[Figures]]) -> str:
    """Return medians by name, with the ratio to the page without anything, paired by round."""
    lines = [f"| | {' | '.join(NAMES[name] for name in found)} |", f"|---|{'---|' * len(found)}"]
    for key, words, shown in ROWS:
        if key not in found["plain"][0]:
            continue
        cells = []
        for name, rounds in found.items():
            cell = shown(median(each[key] for each in rounds))
            pairs = [each[key] / bare[key] for each, bare in zip(rounds, found["plain"], strict=True) if bare[key]]
            ratio = f" ({median(pairs):.2f})" if name != "plain" and len(pairs) == len(rounds) else ""
            cells.append(cell + ratio)
        lines.append(f"| {words} | {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> None:
    """Measure and write."""
    first: dict[str, list[Figures]] = {name: [] for name in NAMES}
    later: dict[str, list[Figures]] = {name: [] for name in NAMES}
    fox: dict[str, list[Figures]] = {name: [] for name in NAMES}
    stage = Stage()
    firefox = Firefox()
    try:
        with opened(fetched()) as shop:
            names = list(NAMES)
            for round_ in range(ROUNDS + 1):
                names.append(names.pop(0))  # nobody is always the first
                for name in names:
                    one, next_ = in_chromium(stage, shop, name)
                    firefox.prepare(Options(scripts=True))
                    other = in_firefox(Browser("firefox", firefox, 30), shop, name)
                    if round_:  # the first warms everything up
                        first[name].append(one)
                        later[name].append(next_)
                        fox[name].append(other)
    finally:
        firefox.close()
        stage.close()
    text = DOCUMENT.read_text("utf-8")
    for place, found in (("first", first), ("later", later), ("firefox", fox)):
        text = re.sub(
            rf"(<!-- {place} -->\n).*?(?=\n<!-- end -->)", lambda m: m[1] + table(found), text, flags=re.DOTALL  # noqa: B023
        )  # fmt: skip
    day = f"Measured on {datetime.now(UTC).date()}, {os.cpu_count()} cores ({platform.machine()})"
    DOCUMENT.write_text(re.sub(r"^Measured on [^,]+, [^,]+(?=,)", day, text, flags=re.MULTILINE), "utf-8")


if __name__ == "__main__":
    main()
