"""The release addresses: one per tag and kind of element, and a frame with all of them."""

from __future__ import annotations

import logging
import os
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from consentgw.consents.asking import isolated, language_of
from consentgw.consents.embed import releases
from consentgw.consents.model import UNDECIDED, Standing
from consentgw.errors import NotFound
from consentgw.http import surfaces
from consentgw.http.forms import query
from consentgw.http.lane import Route
from consentgw.http.origins import provenance
from consentgw.notices.addresses import read_address
from consentgw.notices.model import Kind
from consentgw.tags.model import DESTINATIONS, released

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request
    from starlette.responses import Response

    from consentgw.consents.states import States
    from consentgw.db import Database
    from consentgw.http.origins import Provenance
    from consentgw.notices.addresses import Address
    from consentgw.notices.catalogue import Catalogue, Offer
    from consentgw.notices.model import Tag
    from consentgw.registers.tally import Tally
    from consentgw.sites.model import Site

log = logging.getLogger(__name__)

_PIXEL = bytes.fromhex("47494638396101000100800000000000ffffff21f90401000000002c00000000010001000002024401003b")
_NOTHING: dict[Kind, tuple[bytes, bytes]] = {
    # What each element takes without an error event or a line in the console.
    Kind.SCRIPT: (b"text/javascript; charset=utf-8", b""),
    Kind.IMAGE: (b"image/gif", _PIXEL),
    Kind.FRAME: (b"text/html; charset=utf-8", b"<!doctype html><title>-</title>"),
}


@dataclass(frozen=True, slots=True)
class Gate:
    """``/release/{site}/{tag}`` and ``/release/{site}``, and what holds in words for a partner's web server."""

    db: Database
    catalogue: Catalogue
    states: States
    tally: Tally

    def routes(self) -> tuple[Route, ...]:
        """Return the release addresses."""
        return (
            *(Route(f"/release/{{site}}/{{tag}}.{kind.value}", self._of(kind), surfaces.RELEASE) for kind in Kind),
            Route("/release/{site}", self.frame, surfaces.RELEASING),
            Route("/release/{site}/{tag}", self.verdict, surfaces.RELEASE),
            Route("/sites/{site}/standing", self.tell, surfaces.STANDING),
        )

    def _of(self, kind: Kind) -> _Release:
        return _Release(self, kind)

    async def frame(self, request: Request) -> Response:
        """Show every released image and frame tag: for partners who embed the gate as one frame."""
        offer = self.catalogue.offer(request.path_params["site"])
        said = provenance(request)
        _refuse_navigation(said)
        asked = query(request)
        language = language_of(request, offer, asked.one("lang"))
        framed = said.destination is None or said.destination in DESTINATIONS[Kind.FRAME]
        passed = self.states.passed(request, offer)
        elements = releases(offer, self.standing(request, offer, said), passed) if framed else ""
        body = f'<!doctype html><html lang="{language}"><meta charset="utf-8"><title>-</title>{elements}</html>'
        releasing = surfaces.RELEASING_ISOLATED if isolated(asked) else surfaces.RELEASING
        surface = releasing if elements else surfaces.EMBED  # before a yes, no vendor is named anywhere
        return surface.answer(body.encode(), places=offer.places)

    async def verdict(self, request: Request) -> Response:
        """Tell a partner's web server whether a tag may load: 204 that names it, or 403.

        The name is what tells our yes from the 200 of anything else that listens there.
        """
        offer = self.catalogue.offer(request.path_params["site"])
        tag = offer.tags.get(request.path_params["tag"])
        if tag is None:
            raise NotFound("there is no such tag")
        allowed = released(tag, self.standing(request, offer, provenance(request)))
        if not allowed:
            return surfaces.RELEASE.answer(b"", places=offer.places, status=403)
        return surfaces.RELEASE.answer(b"", (b"consent-released", tag.name.encode()), places=offer.places, status=204)

    async def tell(self, request: Request) -> Response:
        """Tell a partner's web server which purposes are granted, as words and as a header."""
        offer = self.catalogue.offer(request.path_params["site"])
        holds = self.standing(request, offer, provenance(request))
        granted = " ".join(sorted(holds.granted)).encode()
        said = ((b"consent-granted", granted), (b"consent-standing", holds.state.value.encode()))
        return surfaces.STANDING.answer(granted, *said)

    def standing(self, request: Request, offer: Offer, said: Provenance) -> Standing:
        """Return what holds for this request; "undecided" whenever that is not certain."""
        if not self.db.embedded and not self.states.changes.fresh:
            return UNDECIDED  # another process may have recorded a withdrawal that we have not seen
        held = self.states.held(request, offer, said)
        return self.states.standing(held, offer, said, time.time())


def _page(said: Provenance, site: Site) -> str:
    """Return the partner's page as far as it is known: our own documents release on the site's behalf."""
    if said.page in site.origins:
        return said.referer or ""
    return f"{next(iter(site.origins))}/" if len(site.origins) == 1 else ""


_MACROS: dict[str, Callable[[Provenance, Site], str]] = {
    "CACHEBUSTER": lambda said, site: str(int.from_bytes(os.urandom(6), "big")),
    "PAGE_URL": _page,
    "TIMESTAMP": lambda said, site: str(int(time.time())),
}


@dataclass(frozen=True, slots=True)
class _Release:
    """The endpoint of one kind of element."""

    gate: Gate
    kind: Kind

    async def __call__(self, request: Request) -> Response:
        """Redirect to the vendor, or answer nothing."""
        offer = self.gate.catalogue.offer(request.path_params["site"])
        tag = offer.tags.get(request.path_params["tag"])
        if tag is None or self.kind not in tag.addresses:
            raise NotFound("there is no such tag")
        said = provenance(request)
        _refuse_navigation(said)
        location = self._location(request, offer, tag, said)
        if location is None:
            media, body = _NOTHING[self.kind]
            return surfaces.RELEASE.answer(body, (b"content-type", media), places=offer.places)
        self.gate.tally.note(offer.site.slug, tag.name, tag.vendor, tag.country)
        return surfaces.RELEASE.answer(b"", (b"location", location.encode("ascii")), places=offer.places, status=302)

    def _location(self, request: Request, offer: Offer, tag: Tag, said: Provenance) -> str | None:
        """Return the vendor's address, or None. Whatever goes wrong here is a no."""
        try:
            if said.destination is not None and said.destination not in DESTINATIONS[self.kind]:
                return None
            if not released(tag, self.gate.standing(request, offer, said)):
                return None
            address = self._address(offer, tag)
            return address.expand({macro: _MACROS[macro](said, offer.site) for macro in address.macros})
        except Exception:
            log.exception("the gate stays closed for %s", tag.name)
            return None

    def _address(self, offer: Offer, tag: Tag) -> Address:
        key = ("address", tag.name, self.kind)
        address = offer.prepared.get(key)
        if address is None:
            address = offer.prepared[key] = read_address(tag.addresses[self.kind])
        return address


def _refuse_navigation(said: Provenance) -> None:
    if said.destination == "document":
        raise NotFound("a release is no page")
