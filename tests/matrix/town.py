"""A gateway, its partners and their vendors under HTTPS and real names, on this machine.

The partners are the demo's, with the vendors' own addresses: ``https://www.facebook.com`` is the stand-in here.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from starlette.datastructures import Headers

from consentgw.access.model import Scope
from consentgw.app import Gateway
from consentgw.configuration.reading import read_folder
from consentgw.configuration.service import apply
from consentgw.db import open_database
from consentgw.demo.hosts import Addresses
from consentgw.demo.partners import partner
from consentgw.demo.running import free_port
from consentgw.demo.vendors import Vendors
from consentgw.http.server import running
from consentgw.notices.catalogue import Offer, read_offer
from consentgw.resources import folder
from consentgw.settings import Settings
from consentgw.sites import store as sites
from consentgw.sites.model import Site
from tests.caller import caller
from tests.gateway import rows
from tests.https import Authority, Proxy, ended
from tests.journeys.visiting import VENDORS
from tests.matrix.sending import Sending

GATEWAY = "https://gateway.example.net"
SHOP, NEWS = "https://www.example.com", "https://www.example.org"
SUBDOMAIN = "https://consent.example.com"
AT_SUBDOMAIN, REDIRECTED = "https://tea.example.com", "https://honey.example.com"
"""The shop once more: with the gateway on its subdomain, and with the redirect flow."""
ISOLATED = {"inline": "https://isolated.example.com", "frame": "https://isolated.example.org"}
SILENT = {"inline": "https://silent.example.com", "frame": "https://silent.example.org"}
"""Both partners twice more, in pages that take only what agrees to be embedded; the first tell the gateway."""
STRANGER = "https://stranger.example.org"
"""Nobody's partner."""
MOUNTED = {"nginx": "https://nginx.example.edu", "caddy": "https://caddy.example.edu"}
HOSTS = [
    origin.removeprefix("https://")
    for origin in (
        GATEWAY,
        SHOP,
        NEWS,
        SUBDOMAIN,
        AT_SUBDOMAIN,
        REDIRECTED,
        STRANGER,
        *ISOLATED.values(),
        *SILENT.values(),
        *MOUNTED.values(),
    )
]


@dataclass(frozen=True, slots=True)
class Names(Addresses):
    """Where the town's own hosts are."""

    port: int = 0
    gateway: str = GATEWAY
    shop: str = SHOP
    news: str = NEWS
    vendor: str = "https://vendor.example"


@dataclass
class Town:
    """All of it, served; told apart by Host. It is asked like the demo what vendors saw."""

    authority: Authority
    proxy: Proxy
    gateway: Gateway
    port: int
    """Where it answers before TLS."""
    shop: Site
    sending: Sending
    vendors: Vendors = field(default_factory=lambda: Vendors(Names()))
    applications: dict[str, Any] = field(default_factory=dict)
    """By origin."""
    before: int = 0
    """Answers kept before the test."""
    confirmed: int = 0
    """How often the document that confirms an answer was fetched."""

    @property
    def hits(self) -> list[dict[str, Any]]:
        """Return every tag hit, newest last."""
        return [asdict(hit) for hit in tuple(self.vendors.hits)]

    @property
    def seen(self) -> set[str]:
        """Return the vendors that were hit."""
        return {VENDORS[hit["path"].split("/")[1]] for hit in self.hits}

    def forget(self) -> None:
        """Forget every hit."""
        self.vendors.hits.clear()

    @property
    def answered(self) -> int:
        """Return how many answers are kept since the test began."""
        return rows(self.gateway.settings)["receipts"] - self.before

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer under every name."""
        if scope["type"] != "http":
            return await self.gateway(scope, receive, send)
        host = Headers(scope=scope)["host"]
        self.confirmed += b"saved=" in scope["query_string"]
        if host in VENDORS:
            application, scope = self.vendors, {**scope, "path": f"/{host}{scope['path']}"}
        else:
            application = self.applications[f"https://{host}"]
        return await application(scope, receive, send)


@dataclass(frozen=True, slots=True)
class Isolated:
    """A partner's site whose pages demand of everything in them that it agrees to be embedded (COEP).

    Where it ``tells``, its lines say so to the gateway, as docs/embed/csp.md has it.
    """

    site: Any
    tells: bool = True

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer one request."""

        async def demand(message: Any) -> None:
            if message["type"] == "http.response.start":
                kept = [header for header in message["headers"] if header[0] != b"content-length"]
                message = {**message, "headers": [*kept, (b"cross-origin-embedder-policy", b"require-corp")]}
            elif self.tells:
                body = message["body"].replace(b'?lang=en" t', b'?lang=en&amp;isolated=1" t')
                message = {**message, "body": body}
            await send(message)

        await self.site(scope, receive, demand)


def furnish(settings: Settings) -> dict[str, Offer]:
    """Set up both partners in a database that nobody serves from yet; give what each asks."""
    more: dict[str, dict[str, Any]] = {
        "shop": {
            "origins": frozenset(
                {SHOP, AT_SUBDOMAIN, REDIRECTED, ISOLATED["inline"], SILENT["inline"], *MOUNTED.values()}
            ),
            "first_party": frozenset({SUBDOMAIN, *(f"{origin}/consent-gateway" for origin in MOUNTED.values())}),
            "returns": {"done": f"{REDIRECTED}/after-consent"},
        },
        "news": {"origins": frozenset({NEWS, ISOLATED["frame"], SILENT["frame"]})},
    }

    def settle(unit: Any) -> dict[str, Offer]:
        found = [one for one in read_folder(folder("templates") / "demo") if one.slug in more]
        placed = [replace(one.configuration.site, **more[one.slug]) for one in found]
        at_home = [
            replace(one, configuration=replace(one.configuration, site=site))
            for one, site in zip(found, placed, strict=True)
        ]
        apply(unit, at_home)
        return {one.slug: read_offer(unit.connection, sites.read(unit.connection, one.slug)) for one in found}

    with open_database(settings) as db:
        return db.apply(settle)


@contextmanager
def opened(settings: Settings, place: Path) -> Iterator[Town]:
    """Serve the town from this process."""
    settings = settings.model_copy(update={"public_url": GATEWAY})
    offers = furnish(settings)
    port = free_port()
    with ExitStack() as stack:
        authority = Authority(place, *HOSTS, *VENDORS)
        proxy = Proxy({})
        stack.callback(proxy.close)
        town = Town(authority, proxy, Gateway(settings), port, offers["shop"].site, Sending(port))
        town.applications = {
            GATEWAY: town.gateway,
            SUBDOMAIN: town.gateway,
            SHOP: (shop := partner(offers["shop"], Names())),
            NEWS: (news := partner(offers["news"], Names())),
            ISOLATED["inline"]: Isolated(shop),
            ISOLATED["frame"]: Isolated(news),
            SILENT["inline"]: Isolated(shop, tells=False),
            SILENT["frame"]: Isolated(news, tells=False),
            AT_SUBDOMAIN: partner(offers["shop"], Names(gateway=SUBDOMAIN)),
            REDIRECTED: town.sending,
            **dict.fromkeys(MOUNTED.values(), town.gateway),
        }
        stack.enter_context(running(town, port=port))
        front = stack.enter_context(ended(place / "front", authority, port))
        proxy.names.update(dict.fromkeys([*HOSTS, *VENDORS], front))
        town.sending.key = caller(town.gateway, Scope.RECEIPTS_READ, site="shop").text
        yield town
