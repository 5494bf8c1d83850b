"""The demo's own pages: plain files, written once and served as they are.

Their texts are no part of the catalogues: each language is a file of its own in ``templates/demo``.
"""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPMethod
from typing import TYPE_CHECKING, ClassVar

from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response

from consentgw.http.pages import View, render
from consentgw.resources import folder

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.types import Receive, Scope, Send

    from consentgw.consents.views import Snippet
    from consentgw.demo.hosts import Addresses
    from consentgw.notices.model import Notice

_MEDIA = {"css": "text/css", "svg": "image/svg+xml"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet(View):
    """A page of the demo; its words are in ``templates/demo/{name}.{language}.html``."""

    template: ClassVar[str] = "demo/sheet.html"
    name: str
    addresses: Addresses


@dataclass(frozen=True, slots=True, kw_only=True)
class PartnerPage(Sheet):
    """A page of a partner: the partner's own words, and the lines it pasted."""

    place: str
    """Where it is below the front page of its language."""
    languages: tuple[str, ...]
    snippet: Snippet
    notice: Notice

    @property
    def home(self) -> str:
        """Return the address of the front page in this language."""
        return home(self.language, self.languages)

    def at(self, language: str) -> str:
        """Return the address of this page in a language."""
        return home(language, self.languages) + self.place

    @property
    def purposes(self) -> Mapping[str, str]:
        """Return the titles of the purposes, as the question says them."""
        return {purpose.key: purpose.wording[self.language].title for purpose in self.notice.purposes}

    @property
    def buttons(self) -> Mapping[str, str]:
        """Return the words on the buttons, as the question says them."""
        return dict(zip(("accept", "reject", "save"), self.notice.buttons, strict=True))


def home(language: str, languages: tuple[str, ...]) -> str:
    """Return the address of a front page: the first language has the shortest."""
    return "/" if language == languages[0] else f"/{language}/"


def text(view: View, cache: str = "no-cache") -> Response:
    """Return a page as a response."""
    return HTMLResponse(render(view), headers={"cache-control": cache})


def file(name: str) -> Response:
    """Return a stylesheet or a picture that lies beside the pages."""
    content = (folder("templates") / "demo" / name).read_bytes()
    return Response(content, media_type=_MEDIA[name.rpartition(".")[2]], headers={"cache-control": "no-cache"})


class Files:
    """A static site: a fixed answer for each path, as any web server gives it."""

    def __init__(self, files: Mapping[str, Response]) -> None:
        self._files = files

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        request = Request(scope)
        if request.method in {HTTPMethod.GET, HTTPMethod.HEAD}:
            response = self._files.get(request.url.path) or PlainTextResponse("404\n", 404)
        else:
            response = PlainTextResponse("405\n", 405, {"allow": "GET, HEAD"})
        await response(scope, receive, send)
