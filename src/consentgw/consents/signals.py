"""What browsers say by themselves, and what we say about it: Global Privacy Control and its like."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from consentgw.consents import adpc
from consentgw.consents.asking import language_of
from consentgw.consents.model import SILENCE, Signals
from consentgw.http import surfaces
from consentgw.http.forms import query
from consentgw.http.lane import Route

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from consentgw.http.origins import Provenance
    from consentgw.notices.catalogue import Catalogue, Offer

_SUPPORT = json.dumps({"gpc": True, "lastUpdate": "2026-11-23"}).encode()
"""The `support resource <https://w3c.github.io/gpc/#support-resource>`_: we abide by the signal, since that day."""


def heard(said: Provenance, offer: Offer, *, adpc_too: bool) -> Signals:
    """Return what a browser says by itself about a site."""
    statement = adpc.read(said.adpc) if adpc_too and said.adpc else None
    if statement is None:
        return Signals(gpc=True) if said.gpc else SILENCE
    granted = adpc.granted(statement, offer)
    return Signals(gpc=said.gpc, adpc=bool(granted) or adpc.refuses(statement), granted=granted)


def requests_address(site: str, language: str) -> str:
    """Return the address where a browser reads what a site asks consent for."""
    return f"/consent/{site}/requests.json?lang={language}"


@dataclass(frozen=True, slots=True)
class Statements:
    """``/.well-known/gpc.json``, and what browsers may answer by themselves."""

    catalogue: Catalogue
    adpc: bool
    """Whether browsers may answer by Advanced Data Protection Control."""

    def routes(self) -> tuple[Route, ...]:
        """Return the addresses for browsers."""
        support = Route("/.well-known/gpc.json", self.support, surfaces.PUBLIC)
        asked = Route("/consent/{site}/requests.json", self.requests, surfaces.PUBLIC)
        return (support, asked) if self.adpc else (support,)

    async def support(self, _: Request) -> Response:
        """Say that we abide by Global Privacy Control."""
        return surfaces.PUBLIC.answer(_SUPPORT)

    async def requests(self, request: Request) -> Response:
        """Return what a site asks consent for, in one language."""
        offer = self.catalogue.offer(request.path_params["site"])
        language = language_of(request, offer, query(request).one("lang"))
        body = json.dumps(adpc.requests(offer.notices[language]), ensure_ascii=False).encode()
        return surfaces.PUBLIC.answer(body, (b"content-language", language.encode()), (b"vary", b"Accept-Language"))
