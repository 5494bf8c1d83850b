"""The description of the API, for whoever calls it."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

from consentgw.http import surfaces
from consentgw.http.conditions import tag_of, unchanged
from consentgw.http.lane import Route

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from consentgw.access.description import Described


class Description:
    """``/openapi.json``, written once."""

    def __init__(self, described: Described) -> None:
        self._described = described
        self._written = b""

    def routes(self) -> tuple[Route, ...]:
        """Return the address."""
        return (Route("/openapi.json", self.show, surfaces.PUBLIC),)

    async def show(self, request: Request) -> Response:
        """Return the OpenAPI document."""
        if not self._written:
            # In a thread: whoever reads it first must not keep visitors waiting.
            self._written = await asyncio.to_thread(self._write)
        tag = (b"etag", tag_of(self._written))
        if unchanged(request, tag[1]):
            return surfaces.PUBLIC.answer(b"", tag, status=304)
        return surfaces.PUBLIC.answer(self._written, tag)

    def _write(self) -> bytes:
        return json.dumps(self._described(), ensure_ascii=False).encode()
