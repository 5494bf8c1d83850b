"""What is asked of the server under test, as the bytes a browser sends."""

from __future__ import annotations

import http.client
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from consentgw.access import service as access
from consentgw.access.model import Scope
from consentgw.bench.load import HOST, drive
from consentgw.configuration.reading import read_folder
from consentgw.configuration.service import apply
from consentgw.db import open_database
from consentgw.db.migrations import upgrade
from consentgw.errors import Misconfigured, Unavailable
from consentgw.resources import folder
from consentgw.settings import Settings
from consentgw.sites import store as sites

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

ORIGIN = "http://gateway.localhost:8080"
"""The origin the gateway believes it has; browsers are not involved, so it need not be the true one."""
SECRET = "nothing is secret about a benchmark"  # noqa: S105
SLUG = "shop"
CALLS = 1_000_000
"""Calls of the API in a minute: more than can be made."""
PARTNER = "https://duken.example"

SQLITE, POSTGRESQL = "SQLite", "PostgreSQL"

_TOKEN = re.compile(rb'name="token" value="([^"]+)"')
_COOKIE = re.compile(rb"\r\nset-cookie: ([^;\r]+)", re.IGNORECASE)
_COMMON = {
    "Host": "gateway.localhost:8080",
    "User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Firefox/153.0",
    "Accept-Language": "ru-RU,ru;q=0.9,kk;q=0.8,en;q=0.7",
    "Accept-Encoding": "gzip, deflate, br, zstd",
    "Referer": f"{PARTNER}/",
    "Sec-Fetch-Site": "cross-site",
}
_DOCUMENT = {"Accept": "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8", "Sec-Fetch-Mode": "navigate"}
_FRAME = _DOCUMENT | {"Sec-Fetch-Dest": "iframe"}
_IMAGE = {"Accept": "image/avif,image/webp,*/*;q=0.8", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"}
_STYLE = {"Accept": "text/css,*/*;q=0.1", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "style"}
_DECISION = _FRAME | {
    "Sec-Fetch-Site": "same-origin",
    "Referer": f"{ORIGIN}/embed/{SLUG}?lang=ru",
    "Origin": ORIGIN,
    "Content-Type": "application/x-www-form-urlencoded",
}


@dataclass(frozen=True, slots=True)
class Target:
    """One address, and the answer it must give."""

    name: str
    requests: tuple[bytes, ...]
    """Asked in turn; empty where no request can be sent twice."""
    expect: int
    goal: float | None = None
    """The least share of the yardstick's requests per second of processor time."""
    on_postgres: float | None = None
    """The same on PostgreSQL, where the way to the database takes its part."""

    def goal_on(self, database: str) -> float | None:
        """Return the goal on a database."""
        return self.on_postgres if database == POSTGRESQL and self.on_postgres else self.goal


YARDSTICK = "hello, bare ASGI"
DECISION = Target("decision, durable", (), 303, goal=0.15, on_postgres=0.13)
CUSTOMERS = 4096
"""People a partner's back end tells us of, each by an identifier of its own."""
VISITORS = 256
"""Browsers that ask for granted tags, each with a decision of its own, so that remembering one helps nobody."""


def get(path: str, headers: Mapping[str, str]) -> bytes:
    """Return the bytes of a GET request."""
    fields = "".join(f"{name}: {value}\r\n" for name, value in {**_COMMON, **headers}.items())
    return f"GET {path} HTTP/1.1\r\n{fields}\r\n".encode("ascii")


def decision(token: str) -> bytes:
    """Return the bytes of an answer to the question that carries this token."""
    body = urlencode([("token", token), ("granted", "analytics"), ("method", "save")])
    fields = _COMMON | _DECISION | {"Content-Length": str(len(body))}
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"POST /embed/{SLUG}?lang=ru HTTP/1.1\r\n{head}\r\n{body}".encode("ascii")


def record(key: str, customer: int) -> bytes:
    """Return the bytes by which a partner's back end records a decision."""
    body = json.dumps({"subject": f"id:customer-{customer}", "decisions": {"analytics": customer % 2 == 0}})
    length = {"Content-Length": str(len(body)), "Content-Type": "application/json"}
    head = "".join(f"{name}: {value}\r\n" for name, value in (_call(key) | length).items())
    return f"POST /v1/sites/{SLUG}/receipts HTTP/1.1\r\n{head}\r\n{body}".encode("ascii")


def standing(key: str, customer: int) -> bytes:
    """Return the bytes by which a partner's back end asks what is allowed for somebody."""
    head = "".join(f"{name}: {value}\r\n" for name, value in _call(key).items())
    return f"GET /v1/sites/{SLUG}/subjects/id:customer-{customer}/standing HTTP/1.1\r\n{head}\r\n".encode("ascii")


def _call(key: str) -> dict[str, str]:
    return {
        "Host": _COMMON["Host"],
        "Accept": "application/json",
        "User-Agent": "python-httpx/0.28.1",
        "Authorization": f"Bearer {key}",
    }


def yardstick() -> Target:
    """Return the yardstick, asked with the head that the embed page is asked with."""
    return Target(YARDSTICK, (get(f"/embed/{SLUG}?lang=ru", _FRAME),), 200)


def targets(port: int, key: str) -> tuple[Target, ...]:
    """Return the addresses of a seeded gateway that listens here, whose API the key opens; the decision is the last.

    Raises:
        Unavailable: it does not answer as a gateway does.
    """
    image = f"/release/{SLUG}/google-analytics.gif"
    granted = tuple(get(image, _IMAGE | {"Cookie": cookie}) for cookie in _cookies(port))
    policy = _current_policy(port)
    records = tuple(record(key, customer) for customer in range(CUSTOMERS))
    standings = tuple(standing(key, customer) for customer in range(VISITORS))
    drive(port, records[:VISITORS], connections=16, seconds=60, expect=201)
    return (
        Target("embed page", (get(f"/embed/{SLUG}?lang=ru", _FRAME),), 200, goal=0.6),
        Target("state stylesheet", (get(f"/embed/{SLUG}/style.css", _STYLE),), 200, goal=0.6),
        Target("release, granted", granted, 302, goal=0.5),
        Target("release, not granted", (get(image, _IMAGE),), 200, goal=0.5),
        Target("policy page", (get(policy, _DOCUMENT | {"Sec-Fetch-Dest": "document"}),), 200),
        Target("API: receipt, durable", records, 201, goal=0.1, on_postgres=0.061),
        Target("API: standing", standings, 200, goal=0.13, on_postgres=0.08),
        DECISION,
    )


def tokens(port: int, count: int, connections: int) -> list[str]:
    """Fetch so many fresh form tokens, each from a question of its own.

    Raises:
        Unavailable: the embed page shows no token.
    """
    found: list[str] = []

    def read(answer: bytes) -> None:
        if token := _TOKEN.search(answer):
            found.append(token[1].decode("ascii"))

    request = get(f"/embed/{SLUG}?lang=ru", _FRAME)
    drive(port, [request] * count, connections=connections, seconds=60, expect=200, answered=read)
    if not found:
        raise Unavailable("the embed page shows no form token")
    return found


def settings_for(data: Path, database_url: str = "") -> Settings:
    """Return the settings of a gateway under test."""
    return Settings.read(
        data=data, database_url=database_url, secret=SECRET, public_url=ORIGIN, workers=1, calls_per_minute=CALLS
    )


def environment_of(settings: Settings) -> dict[str, str]:
    """Return the same settings as another process reads them."""
    return {
        "CONSENTGW_DATA": str(settings.data),
        "CONSENTGW_DATABASE_URL": settings.database_url,
        "CONSENTGW_SECRET": SECRET,
        "CONSENTGW_PUBLIC_URL": ORIGIN,
        "CONSENTGW_CALLS_PER_MINUTE": str(CALLS),
    }


def seed(settings: Settings) -> str:
    """Bring a database to the schema and give it the demo's shop; return a key of the API for it.

    One seeded before is used again.

    Raises:
        Misconfigured: it holds other sites, so it is not one to fill with made-up decisions.
    """
    upgrade(settings)
    (shop,) = read_folder(folder("templates") / "demo" / SLUG)
    with open_database(settings) as database:
        known = database.ask(sites.everyone)
        if any(site.slug != SLUG or site.operator != shop.configuration.site.operator for site in known):
            raise Misconfigured("the benchmark fills a database with made-up decisions: give it an empty one")
        if not known:
            database.apply(apply, [shop])
        scopes = frozenset({Scope.RECEIPTS_WRITE, Scope.STANDING_READ})
        return database.apply(access.create, "the benchmark", scopes, site=SLUG).text


def _cookies(port: int) -> list[str]:
    """Decide as so many visitors and return the cookies that say so."""
    found: list[str] = []

    def read(answer: bytes) -> None:
        if cookie := _COOKIE.search(answer):
            found.append(cookie[1].decode("ascii"))

    requests = [decision(token) for token in tokens(port, VISITORS, 16)]
    drive(port, requests, connections=16, seconds=60, expect=DECISION.expect, answered=read)
    if len(found) != VISITORS:
        raise Unavailable(f"the gateway under test kept {len(found)} of {VISITORS} answers")
    return found


def _current_policy(port: int) -> str:
    connection = http.client.HTTPConnection(HOST, port, timeout=10)
    try:
        connection.request("GET", f"/sites/{SLUG}/policy?lang=ru", headers=_COMMON)
        return connection.getresponse().headers["location"]
    finally:
        connection.close()
