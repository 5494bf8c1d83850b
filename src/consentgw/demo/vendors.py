"""The vendors' stand-in: it answers for all of them, and shows everybody what they were told.

``https://www.facebook.com/tr?id=1`` lives here as ``/www.facebook.com/tr?id=1``. Each request is a hit, kept
in memory: ``/hits.json`` lists them, newest last, and the page at ``/`` says the same to a person.
"""

from __future__ import annotations

from collections import deque
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from http import HTTPMethod
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from consentgw.demo.pages import Sheet, file, text
from consentgw.http.languages import negotiate
from consentgw.sites.model import LANGUAGES

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

    from consentgw.demo.hosts import Addresses

KEPT = 10_000
"""Hits that are remembered; older ones are forgotten."""
SHOWN = 100
"""Hits that the page shows."""

_GIF = bytes.fromhex("47494638396101000100800000000000ffffff21f90401000000002c00000000010001000002024401003b")
_SCRIPT = b'document.documentElement.dataset.vendor = "loaded";\n'
_FRAME = b'<!doctype html><html lang="en"><meta charset="utf-8"><title>Vendor</title></html>\n'
_COOKIES = {
    "www.facebook.com": ("fr", 90 * 86_400),
    "googleads.g.doubleclick.net": ("IDE", 730 * 86_400),
}
"""The cookie that a vendor really sets in an answer, and its lifetime in seconds."""


@dataclass(frozen=True, slots=True)
class Hit:
    """One request that reached a vendor."""

    path: str
    """``/`` and the vendor's own host, then the path there."""
    query: str
    cookies: dict[str, str]
    referer: str | None
    time: str
    """RFC 3339, UTC."""

    @property
    def vendor(self) -> str:
        """Return the vendor's own host."""
        return self.path.split("/")[1]

    @property
    def clock(self) -> str:
        """Return the time of day, to the second."""
        return self.time[11:19]


@dataclass(frozen=True, slots=True, kw_only=True)
class HitsView(Sheet):
    """What the vendors have seen, newest first."""

    hits: tuple[Hit, ...]
    total: int
    live: bool
    """Whether the page renews itself."""
    languages: tuple[str, ...] = LANGUAGES


class Vendors:
    """The stand-in as an ASGI application."""

    def __init__(self, addresses: Addresses) -> None:
        self.hits: deque[Hit] = deque(maxlen=KEPT)
        self._addresses = addresses

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        await self._answer(Request(scope))(scope, receive, send)

    def _answer(self, request: Request) -> Response:
        match request.url.path:
            case "/":
                return self._page(request)
            case "/hits.json":
                return JSONResponse([asdict(hit) for hit in self.hits], headers={"cache-control": "no-store"})
            case "/hits/clear" if request.method == HTTPMethod.POST:
                self.hits.clear()
                return RedirectResponse(f"/?lang={_language(request)}", 303)
            case "/style.css":
                return file("vendors/style.css")
            case path if path.count("/") > 1 and "." in path.split("/")[1]:
                return self._hit(request)
            case _:
                return Response(status_code=404)

    def _page(self, request: Request) -> Response:
        newest = tuple(self.hits)[: -SHOWN - 1 : -1]
        view = HitsView(
            name="vendors/hits",
            language=_language(request),
            hits=newest,
            total=len(self.hits),
            live="still" not in request.query_params,
            addresses=self._addresses,
        )
        return text(view, cache="no-store")

    def _hit(self, request: Request) -> Response:
        hit = Hit(
            path=request.url.path,
            query=request.url.query,
            cookies=request.cookies,
            referer=request.headers.get("referer"),
            time=datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        )
        self.hits.append(hit)
        match request.headers.get("sec-fetch-dest"):
            case "script":
                response = Response(_SCRIPT, media_type="text/javascript")
            case "iframe" | "frame" | "document":
                response = Response(_FRAME, media_type="text/html")
            case _:
                response = Response(_GIF, media_type="image/gif")
        response.headers["cache-control"] = "no-store"
        response.headers["cross-origin-resource-policy"] = "cross-origin"
        if hit.vendor in _COOKIES:
            name, seconds = _COOKIES[hit.vendor]
            lasting = f"Path=/{hit.vendor}; Max-Age={seconds}; Secure; HttpOnly; SameSite=None; Partitioned"
            response.headers["set-cookie"] = f"{name}=stand-in; {lasting}"
        return response


def _language(request: Request) -> str:
    return negotiate(request.headers.get("accept-language"), LANGUAGES, chosen=request.query_params.get("lang"))
