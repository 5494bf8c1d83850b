"""Every way to embed us, as a partner's site whose gateway a test puts into a state."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import httpx
from starlette.applications import Starlette
from starlette.middleware.sessions import SessionMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from consentgw.access import service as access
from consentgw.client import AsyncClient
from consentgw.consents.views import snippet
from consentgw.db import Unit, open_database
from consentgw.demo.running import free_port
from consentgw.http.server import running
from consentgw.notices import service as notices
from consentgw.notices.catalogue import Offer, read_offer
from consentgw.notices.model import Kind, Tag
from consentgw.settings import Settings
from consentgw.sites import store as sites
from tests.browsers.browser import Browser
from tests.conftest import SECRET
from tests.embedding.kits import PROGRAMS, Kit, started
from tests.embedding.states import BROKEN
from tests.gateway import PARTNERS, PURPOSES
from tests.kits.house import SCOPES, kit

PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Dala</title>
<link rel="stylesheet" href="/own.css">
<script defer src="/own.js"></script>
{head}
</head>
<body>
{start}
<header><nav><a href="/next.html">Tea</a> <a href="/next.html">Honey</a></nav></header>
<main>
<h1>Dala</h1>
<p>Whatever becomes of the gateway, this page is read and its links are followed.</p>
<p><a id="next" href="/next.html">To the next page</a></p>
</main>
<footer><p>Dala LLP, Astana</p></footer>
{end}
</body>
</html>
"""
FILES = {
    "plain.html": PAGE.format(head="", start="", end=""),
    "next.html": '<!doctype html><html lang="en"><meta charset="utf-8"><title>Next</title><h1>The next page</h1>',
    "own.css": "body { max-width: 50rem; margin: 2rem auto; font: 1rem/1.5 sans-serif }",
    "own.js": 'document.documentElement.dataset.ran = "yes";',
}
"""What a partner's site is made of besides that page."""
MEDIA = {"html": "text/html", "css": "text/css", "js": "text/javascript"}
DIRECT = ("inline", "frame", "subdomain", "redirect")
MOUNTED = ("nginx", "caddy")
HOSTS = {"subdomain": "consent.subdomain"}
"""The gateway's name where it is not ``gateway``."""


@dataclass
class Way:
    """One way to embed, at one partner."""

    name: str
    origin: str
    vendors: frozenset[str]
    """What the vendor is asked for on a page of somebody who said yes to everything."""
    hits: list[str]
    """What the vendor was asked for."""

    def gateway(self, state: str) -> AbstractContextManager[str]:
        """Put the gateway into a state, for a context that gives the address of the page."""
        raise NotImplementedError

    @property
    def question(self) -> str:
        """Return what is shown to who has not answered; empty where the page itself asks nothing."""
        return {"frame": "section.cg", "subdomain": "section.cg", "redirect": ""}.get(self.name, "form.cg-ask")

    @property
    def linked(self) -> bool:
        """Return whether the page has our stylesheet's link when the gateway is silent."""
        return self.name in {"inline", "frame", "subdomain"}

    def accept(self, browser: Browser) -> None:
        """Say yes to everything, on the page with the question."""
        if self.question == "form.cg-ask":
            browser.click("form.cg-ask button[value=accept_all]")
            browser.until(lambda: not browser.visible("form.cg-ask"))
            with browser.frame("iframe.cg-frame"):  # in a closed <details>, where it says that the answer is kept
                browser.until(lambda: browser.attribute("button[value=withdraw]", "value") is not None)
        elif self.question:
            with browser.frame("iframe.cg-frame"):
                browser.click("button[value=accept_all]")
                browser.see("h1", "Your choice is saved")
        else:
            browser.open(f"{self.origin}/consent")
            browser.click("button[value=accept_all]")
            browser.see("h1", "Dala")


class Partner:
    """A server with a partner for each way that leads to the gateway itself, and with the vendor."""

    def __init__(self) -> None:
        self.port, self.gateway = free_port(), free_port()
        self.hits: list[str] = []
        self.offers: dict[str, Offer] = {}
        self.key = ""
        self._clients: dict[str, AsyncClient] = {}

    def at(self, name: str) -> str:
        """Return an origin."""
        return f"http://{name}.localhost:{self.port}"

    def settle(self, unit: Unit) -> None:
        """Set up the shop, which asks in its page or by the redirect flow, and the news, which ask in our frame."""
        shop, news = PARTNERS
        vendor = f"{self.at('vendor')}/vendor"
        tags = (
            Tag("counter", "Counter", frozenset({"analytics"}), {Kind.SCRIPT: f"{vendor}/counter.js"}, "US"),
            Tag("pixel", "Pixel", frozenset({"marketing"}), {Kind.IMAGE: f"{vendor}/pixel.gif"}, "US"),
        )
        returns = {"done": f"{self.at('redirect')}/consent/back"}
        ground = f"http://consent.subdomain.localhost:{self.gateway}"
        for site in (
            replace(shop, origins=frozenset({self.at("inline"), self.at("redirect")}), returns=returns),
            replace(
                news,
                origins=frozenset({self.at("frame"), self.at("subdomain")}),
                first_party=frozenset({ground}),
                returns={},
            ),
        ):
            sites.keep(unit, site)
            notices.configure(unit, site, PURPOSES, tags)
            notices.issue(unit, site)
            offer = read_offer(unit.connection, site)
            assert offer
            self.offers[site.slug] = offer
        self.key = access.create(unit, "redirect", SCOPES, site="shop").text

    def app(self) -> Starlette:
        """Return the server."""

        @asynccontextmanager
        async def life(_: Starlette) -> AsyncIterator[None]:
            yield
            for client in self._clients.values():
                await client.aclose()

        up = self._client("http", self.gateway)
        app = Starlette(
            routes=[
                Route("/lead", lead),
                Route("/vendor/{name}", self.vendor),
                Route("/", self.redirects),
                Route("/{scheme}/{port:int}", self.page),
                *kit("starlette/consent.py").routes(up, f"http://gateway.localhost:{self.gateway}", "shop"),
                Route("/{name}", own),
            ],
            lifespan=life,
        )
        app.add_middleware(SessionMiddleware, secret_key="s" * 32)
        return app

    async def vendor(self, request: Request) -> Response:
        """Answer as a vendor does, and write it down."""
        self.hits.append(request.path_params["name"])
        return Response(b"", media_type=MEDIA.get(request.url.path.rpartition(".")[2], "image/gif"))

    async def page(self, request: Request) -> Response:
        """Show a page with our lines, as they are printed, leading to a gateway at a scheme and a port."""
        scheme, port = request.path_params["scheme"], request.path_params["port"]
        way = request.headers["host"].partition(".")[0]
        if way == "redirect":
            return await self._knows(request, self._client(scheme, port))
        offer = self.offers["shop" if way == "inline" else "news"]
        gateway = f"{scheme}://{HOSTS.get(way, 'gateway')}.localhost:{port}"
        lines = snippet(offer.site, offer.notices["en"], gateway)
        return HTMLResponse(PAGE.format(head=lines.head, start=lines.start, end=lines.end))

    async def redirects(self, request: Request) -> Response:
        """Show the page people come back to."""
        return await self._knows(request, self._client("http", self.gateway))

    async def _knows(self, request: Request, client: AsyncClient) -> Response:
        """Show a page whose server asks what holds, as its kit does."""
        consent = await client.holds(request.session.get("consent"))
        tag = f'<img src="{self.at("vendor")}/vendor/pixel.gif" alt="">' if consent.allows("marketing") else ""
        return HTMLResponse(PAGE.format(head="", start="", end=f'<a href="/consent">Cookie settings</a>{tag}'))

    def _client(self, scheme: str, port: int) -> AsyncClient:
        origin = f"{scheme}://127.0.0.1:{port}"
        if origin not in self._clients:
            self._clients[origin] = AsyncClient(origin, self.key, "shop", timeout=0.5)
        return self._clients[origin]


async def lead(request: Request) -> Response:
    """Lead on by itself: a driver waits for this page alone, and not for the end of the one it leads to."""
    to = request.query_params["to"]
    return HTMLResponse(f'<!doctype html><title>-</title><meta http-equiv="refresh" content="0; url={to}">')


async def own(request: Request) -> Response:
    """Answer with a file of the partner's own."""
    content = FILES.get(request.path_params["name"])
    if content is None:
        return Response(status_code=404)
    return Response(content, media_type=MEDIA[request.url.path.rpartition(".")[2]])


@dataclass
class Direct(Way):
    """A page whose lines lead to the gateway itself; each state is a server at a port of its own."""

    up: int = 0
    process: int = 0

    @contextmanager
    def gateway(self, state: str) -> Iterator[str]:
        if state in BROKEN:
            with BROKEN[state](0) as port:
                yield f"{self.origin}/{'https' if state == 'TLS error' else 'http'}/{port}"
        else:
            with _stopped(self.process, state == "stopped"):
                yield f"{self.origin}/http/{self.up}"


@dataclass
class Mounted(Way):
    """The gateway behind the partner's own web server, which knows one address of it."""

    kit: Kit = field(kw_only=True)

    @contextmanager
    def gateway(self, state: str) -> Iterator[str]:
        address = f"{self.origin}/alive.html"
        if state in BROKEN:
            self._end()
            with BROKEN[state](self.kit.gateway):
                yield address
        else:
            with _stopped(self.kit.server(), state == "stopped"):
                yield address

    def _end(self) -> None:
        """End the gateway; another server takes its place."""
        try:
            os.kill(self.kit.server(), signal.SIGTERM)
        except ValueError:
            return  # it has ended
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                self.kit.server()
            except ValueError:
                return
            time.sleep(0.05)
        raise AssertionError("the gateway does not end")


@contextmanager
def direct(seeded: Settings, folder: Path) -> Iterator[tuple[Partner, dict[str, Way]]]:
    """Start the gateway, in a process of its own, and the partners whose pages lead to it."""
    partner = Partner()
    with open_database(seeded) as db:
        db.apply(partner.settle)
    with served(seeded, partner.gateway, folder) as process, running(partner.app(), port=partner.port):
        ways: dict[str, Way] = {}
        for name in DIRECT:
            vendors = frozenset({"pixel.gif"} if name == "redirect" else {"pixel.gif", "counter.js"})
            ways[name] = Direct(name, partner.at(name), vendors, partner.hits, partner.gateway, process)
        yield partner, ways


@contextmanager
def served(settings: Settings, port: int, folder: Path) -> Iterator[int]:
    """Serve a gateway in a process of its own; gives the id of that."""
    environment = {
        "PATH": PROGRAMS,
        "CONSENTGW_DATA": str(settings.data),
        "CONSENTGW_SECRET": SECRET,
        "CONSENTGW_PORT": str(port),
        "CONSENTGW_PUBLIC_URL": f"http://gateway.localhost:{port}",
    }
    with (folder / "said").open("wb") as said:
        process = subprocess.Popen(["consentgw", "serve"], env=environment, stdout=said, stderr=said)
    try:
        _await(port, process)
        yield process.pid
    finally:
        process.send_signal(signal.SIGCONT)
        process.terminate()
        process.wait(30)


@contextmanager
def mounted(name: str, folder: Path, partner: Partner) -> Iterator[Way]:
    """Start a kit as its document says; its page holds the document's includes and its vendor is the partner's."""
    vendor = f"{partner.at('vendor')}/vendor"
    tag = f'name = "ga"\nvendor = "Counter"\npurposes = ["analytics"]\ncountry = "US"\nscript = "{vendor}/ga.js"\n'

    def edit(text: str, _: Kit) -> str:
        text = re.sub(r'preset = "google-analytics"\n.*?name = "ga"\n', tag, text, flags=re.DOTALL)
        return text.replace("https://vendor.example", vendor)

    with started(name, folder, edit=edit) as kit:
        written = (folder / "pages" / "index.html").read_text("utf-8")
        head = written.partition("</title>")[2].partition("</head>")[0]
        start, _, end = written.partition("<body>")[2].partition("</body>")[0].partition("<h1>")
        page = PAGE.format(
            head=f'{head}<script async src="/tags/ga.js"></script>', start=start, end=end.partition("</h1>")[2]
        )
        for file, text in {**FILES, "alive.html": page}.items():
            (folder / "pages" / file).write_text(text, "utf-8")
        yield Mounted(name, kit.origin, frozenset({"ga.js"}), partner.hits, kit=kit)


@contextmanager
def _stopped(process: int, stop: bool) -> Iterator[None]:
    """Stop a process in its tracks: the kernel goes on to accept connections, and nobody answers."""
    if stop:
        os.kill(process, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(process, signal.SIGCONT)


def _await(port: int, process: subprocess.Popen[bytes]) -> None:
    for _ in range(600):
        try:
            httpx.get(f"http://127.0.0.1:{port}/health/live", timeout=5)
        except httpx.HTTPError:
            assert process.poll() is None
            time.sleep(0.1)
        else:
            return
    raise AssertionError("the gateway does not start")
