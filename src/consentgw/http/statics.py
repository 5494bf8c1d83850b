"""Our own files for browsers. There are few, and none is a script."""

from __future__ import annotations

import mimetypes
from dataclasses import dataclass
from typing import TYPE_CHECKING

from consentgw.errors import NotFound
from consentgw.http import surfaces
from consentgw.http.lane import Route
from consentgw.http.pages import STATIC

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response


@dataclass(frozen=True, slots=True)
class Statics:
    """``/static/{name}``; the address carries a fingerprint, so a browser may keep the file for good."""

    def routes(self) -> tuple[Route, ...]:
        """Return the address."""
        return (Route("/static/{name}", self.show, surfaces.STATIC),)

    async def show(self, request: Request) -> Response:
        """Return one file."""
        file = next((file for file in STATIC.iterdir() if file.name == request.path_params["name"]), None)
        if file is None:
            raise NotFound("no such file")
        answer = surfaces.STATIC.answer(file.read_bytes())
        media = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
        answer.headers["content-type"] = f"{media}; charset=utf-8" if media.startswith("text/") else media
        return answer
