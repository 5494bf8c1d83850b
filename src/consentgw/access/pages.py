"""The description of the API, for whoever calls it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from consentgw.http import surfaces
from consentgw.http.conditions import tag_of, unchanged
from consentgw.http.lane import Route

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response


@dataclass(frozen=True, slots=True)
class Description:
    """``/openapi.json``, prepared once."""

    document: bytes

    def routes(self) -> tuple[Route, ...]:
        """Return the address."""
        return (Route("/openapi.json", self.show, surfaces.PUBLIC),)

    async def show(self, request: Request) -> Response:
        """Return the OpenAPI document."""
        tag = (b"etag", tag_of(self.document))
        if unchanged(request, tag[1]):
            return surfaces.PUBLIC.answer(b"", tag, status=304)
        return surfaces.PUBLIC.answer(self.document, tag)
