"""The embed: the document in a partner's iframe, the decision it posts, and the stylesheet of the partner's page."""

from __future__ import annotations

import gzip
import logging
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from markupsafe import escape

from consentgw.consents import service
from consentgw.consents.again import recall
from consentgw.consents.asking import Desk, day, face_of, isolated, language_of
from consentgw.consents.model import Channel, Held, Signals, Standing, State
from consentgw.consents.stylesheet import Showing, stylesheet, theme
from consentgw.consents.views import EmbedView, Face
from consentgw.errors import Conflict, Refused, Unavailable
from consentgw.http import surfaces
from consentgw.http.forms import query, read_form
from consentgw.http.lane import Route
from consentgw.http.media import takes_gzip
from consentgw.http.origins import provenance
from consentgw.http.pages import Prepared
from consentgw.http.problems import status_of
from consentgw.notices.model import Kind

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from consentgw.consents.again import Again
    from consentgw.consents.states import States
    from consentgw.consents.tokens import Codes, Forms
    from consentgw.db import Database
    from consentgw.http.origins import Provenance
    from consentgw.keys.signing import Signing
    from consentgw.notices.catalogue import Catalogue, Offer

log = logging.getLogger(__name__)

_COMPRESSED = ((b"content-encoding", b"gzip"),)
_PREPARED = 512
"""Pages kept per site; a site with very many purposes has more combinations than are worth keeping."""


@dataclass(frozen=True, slots=True)
class _Carried:
    """What the partner wrote into our address: every address of ours that follows from it says the same."""

    passed: str
    """The state, where the partner's server keeps it (``c``)."""
    isolated: bool = False

    def __str__(self) -> str:
        """Return it as more parameters of an address."""
        return (f"&c={self.passed}" if self.passed else "") + ("&isolated=1" if self.isolated else "")


_NOTHING = _Carried("")
"""As at nearly every partner: so it is made once."""


def _carry(passed: str, apart: bool = False) -> _Carried:
    return _Carried(passed, apart) if passed or apart else _NOTHING


@dataclass(frozen=True, slots=True)
class Embed:
    """``/embed/{site}`` and its stylesheet."""

    db: Database
    catalogue: Catalogue
    states: States
    desk: Desk
    forms: Forms
    codes: Codes
    signing: Signing

    def routes(self) -> tuple[Route, ...]:
        """Return the addresses of the embed."""
        return (
            Route("/embed/{site}", self.show, surfaces.EMBED),
            Route("/embed/{site}", self.decide, surfaces.DECISION, ("POST",)),
            Route("/embed/{site}/style.css", self.style, surfaces.STYLE),
            Route("/sites/{site}/theme.css", self.theme, surfaces.THEME),
        )

    async def show(self, request: Request) -> Response:
        """Show the question, or the answer that holds; changes nothing."""
        offer = self.catalogue.offer(request.path_params["site"])
        asked = query(request)
        said = provenance(request)
        held = self.states.held(request, offer, said)
        standing = self.states.standing(held, offer, said, time.time())
        face = face_of(standing)
        if saved := asked.one("saved"):
            if held and standing.holds and self.codes.code(held.receipt) == saved:
                face = Face.SAVED
            elif not standing.holds:
                face = Face.NOT_KEPT
        language = language_of(request, offer, asked.one("lang"))
        passed = self.states.passed(request, offer)
        carried = _carry(passed, isolated(asked))
        return await self._page(offer, language, face, standing, held, said, carried, released=face is Face.SAVED)

    async def decide(self, request: Request) -> Response:
        """Record an answer; only then say so, in the cookie and by a redirect to the confirmation."""
        offer = self.catalogue.offer(request.path_params["site"])
        said = provenance(request)
        held = self.states.held(request, offer, said)
        chosen: str | None = None
        carried = _carry(self.states.passed(request, offer))
        try:
            asked = query(request)
            chosen = asked.one("lang")
            carried = _carry(carried.passed, isolated(asked))
            if said.destination not in {None, "iframe", "frame"}:
                raise Refused("an embedded form was posted outside its frame")
            answer = self.desk.answer(await read_form(request), offer, said, held, Channel.FRAME)
            kept = await self.db.write(service.record, answer, self.signing.signer)
        except (Refused, Conflict, Unavailable) as error:
            log.info("answer not kept at %s: %s", offer.site.slug, error)
            return await self._again(request, offer, said, held, error, chosen, carried)
        if held:
            self.states.changes.note(kept)
        language = chosen if chosen in offer.site.languages else answer.notice.language
        location = f"/embed/{offer.site.slug}?lang={language}&saved={self.codes.code(kept.receipt)}"
        if carried.passed:
            carried = replace(carried, passed=self.states.hand(offer, kept))
        location += str(carried)
        return surfaces.DECISION.answer(
            b"",
            (b"location", location.encode()),
            self.states.keep(offer, kept, said, time.time()),
            places=offer.places,
            status=303,
        )

    async def style(self, request: Request) -> Response:
        """Return the stylesheet of the partner's page for what holds now."""
        offer = self.catalogue.offer(request.path_params["site"])
        said = provenance(request)
        held = self.states.held(request, offer, said)
        standing = self.states.standing(held, offer, said, time.time())
        showing = _showing(offer, standing, query(request).one("notice"))
        small = takes_gzip(request)
        body = offer.prepared.get((showing, small))
        if body is None:
            plain = stylesheet(offer.site, showing)
            body = offer.prepared[showing, small] = gzip.compress(plain, mtime=0) if small else plain
        # It holds nothing of the visitor's and nothing of the request's, so its length tells no secret.
        return surfaces.STYLE.answer(body, *(_COMPRESSED if small else ()), places=offer.places)

    async def theme(self, request: Request) -> Response:
        """Return the colours of a site, for our own pages."""
        return surfaces.THEME.answer(theme(self.catalogue.offer(request.path_params["site"]).site.looks))

    async def _again(
        self,
        request: Request,
        offer: Offer,
        said: Provenance,
        held: Held | None,
        error: Exception,
        chosen: str | None,
        carried: _Carried,
    ) -> Response:
        """Show the question again after an answer that was not stored, with a fresh form."""
        standing = self.states.standing(held, offer, said, time.time())
        face = Face.after(error)
        language = language_of(request, offer, chosen)
        response = await self._page(offer, language, face, standing, held, said, carried, status=status_of(error))
        if isinstance(error, Unavailable):
            response.headers["retry-after"] = "2"
        return response

    async def _page(
        self,
        offer: Offer,
        language: str,
        face: Face,
        standing: Standing,
        held: Held | None,
        said: Provenance,
        carried: _Carried,
        *,
        released: bool = False,
        status: int = 200,
    ) -> Response:
        again = await recall(self.db, offer, held, standing, language) if held else None
        page = self._prepared(offer, language, face, standing, self.states.signals(offer, said), again)
        notice = offer.notices[language]
        elements = releases(offer, standing, carried.passed) if released else ""
        code = self.codes.code(held.receipt) if held else ""
        body = page.fill(
            token=self.forms.issue(offer.site.slug, notice.digest, Channel.FRAME, time.time()),
            receipt_url=f"/receipt/{code}?lang={language}",
            receipt=f"&amp;receipt={code}" if code else "",
            until=day(held.expires_at, language) if held else "",
            answered=day(held.decided_at, language) if again and held else "",
            passed="" if carried is _NOTHING else str(carried).replace("&", "&amp;"),
            releases=elements,
        )
        releasing = surfaces.RELEASING_ISOLATED if carried.isolated else surfaces.RELEASING
        surface = releasing if elements else surfaces.EMBED
        return surface.answer(body, (b"content-language", language.encode()), places=offer.places, status=status)

    def _prepared(
        self, offer: Offer, language: str, face: Face, standing: Standing, signals: Signals, again: Again | None
    ) -> Prepared:
        key = (language, face, standing.granted, standing.curbed, signals.gpc, signals.adpc, again)
        page = offer.prepared.get(key)
        if page is None:
            if len(offer.prepared) > _PREPARED:
                offer.prepared.clear()
            view = EmbedView(
                language=language,
                site=offer.site,
                notice=offer.notices[language],
                face=face,
                granted=standing.granted,
                signal=signals.gpc,
                adpc=signals.adpc,
                curbed=standing.curbed,
                again=again,
            )
            page = offer.prepared[key] = Prepared.of(view)
        return page


def _showing(offer: Offer, standing: Standing, stands: str | None) -> Showing:
    """Return what the partner's page shows. ``stands`` is the notice of the question in the page, where it says so."""
    if not standing.asks:
        return Showing.SIGNAL if standing.state is State.SIGNAL else Showing.DECIDED
    current = stands is None or stands in offer.digests
    return Showing.ASKS if standing.state is State.UNDECIDED and current else Showing.FRAMED


def releases(offer: Offer, standing: Standing, passed: str = "") -> str:
    """Return the elements that load every released image and frame tag from the gate.

    ``passed`` is the state the partner's server put into the address of the document, for theirs.
    """
    elements: list[str] = []
    state = f"?c={passed}" if passed else ""
    for tag in offer.tags.values():
        if standing.allows(tag.purposes):
            address = f"/release/{offer.site.slug}/{tag.name}"
            if Kind.IMAGE in tag.addresses:
                elements.append(f'<img src="{address}.gif{state}" alt="" width="1" height="1">')
            elif Kind.FRAME in tag.addresses:
                frame = f'<iframe src="{address}.html{state}" title="{escape(tag.vendor)}" width="1" height="1"'
                elements.append(f"{frame} hidden></iframe>")
    return "".join(elements)
