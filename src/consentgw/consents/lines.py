"""The lines of a partner's page, for a web server that includes them: always those of the question asked now."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from consentgw.consents.asking import first_party, language_of
from consentgw.consents.views import snippet
from consentgw.errors import NotFound
from consentgw.http import surfaces
from consentgw.http.forms import query
from consentgw.http.lane import Route
from consentgw.http.origins import provenance

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from consentgw.notices.catalogue import Catalogue


@dataclass(frozen=True, slots=True)
class Lines:
    """``/sites/{site}/lines/{part}``, for the places that ``consentgw site snippet`` prints lines for."""

    catalogue: Catalogue
    origin: str
    """Our own origin, where we do not stand on the site's own ground."""

    def routes(self) -> tuple[Route, ...]:
        """Return the addresses."""
        return (Route("/sites/{site}/lines/{part}", self.part, surfaces.LINES),)

    async def part(self, request: Request) -> Response:
        """Return the lines for one place of the page: ``head``, ``start`` or ``end``."""
        offer = self.catalogue.offer(request.path_params["site"])
        said = provenance(request)
        language = language_of(request, offer, query(request).one("lang"))
        gateway = said.ground if first_party(offer, said) else self.origin
        key = ("lines", language, gateway)
        lines = offer.prepared.get(key)
        if lines is None:
            made = snippet(offer.site, offer.notices[language], gateway)
            lines = {"head": made.head.encode(), "start": made.start.encode(), "end": made.end.encode()}
            offer.prepared[key] = lines
        part = request.path_params["part"]
        body = lines.get(part)
        if body is None:
            raise NotFound("a page has a head, a start and an end")
        # Named, so that a web server tells them from the 200 of anything else that listens there.
        return surfaces.LINES.answer(body, (b"content-language", language.encode()), (b"consent-lines", part.encode()))
