"""The partners with a server of their own: it sends visitors to the question, fetches what they answered, and keeps it.

No browser keeps a cookie of ours for them. They call nothing that any partner's server could not call: our pages by
redirects, our API by ``consentgw.client`` (``docs/embed/redirect.md``).
"""

from __future__ import annotations

import secrets
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from starlette.applications import Starlette
from starlette.responses import RedirectResponse
from starlette.routing import Route

from consentgw.client import NOTHING, ClientError
from consentgw.demo.pages import Files, Sheet, file, home, text
from consentgw.resources import folder

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.types import Receive, Scope, Send

    from consentgw.client import AsyncClient, Standing
    from consentgw.demo.hosts import Addresses
    from consentgw.notices.catalogue import Offer
    from consentgw.sites.model import Site

RETURN = "done"
"""The name of the address people come back to, in each site's file."""
KEPT = 1_000
"""Visitors that are remembered; who came earliest is forgotten first."""
_SESSION = "session"


@dataclass(slots=True)
class Session:
    """What the server remembers of one visitor, under a cookie of its own."""

    state: str
    """What we were sent along; whoever comes back with another one was not sent by us. One for all tabs."""
    language: str = ""
    subject: str | None = None
    """Whose answer it is: what the API is asked about."""
    c: str = ""
    """The answer for the gateway's addresses in this visitor's pages."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServedPage(Sheet):
    """The front page, as it is for one visitor."""

    site: Site
    known: bool
    """Whether the visitor has answered."""
    allowed: tuple[str, ...]
    """The titles of what is allowed now."""
    tags: tuple[str, ...]
    """The addresses of the tags."""

    def at(self, language: str) -> str:
        """Return the address of the front page in a language."""
        return home(language, self.site.languages)


class Server:
    """A partner's server as an ASGI application."""

    def __init__(self, offer: Offer, addresses: Addresses, gateway: AsyncClient) -> None:
        self._offer = offer
        self._addresses = addresses
        self._gateway = gateway
        self._sessions: OrderedDict[str, Session] = OrderedDict()
        languages = offer.site.languages
        pages = [Route(home(language, languages), self.front, name=language) for language in languages]
        self._app = Starlette(
            routes=[
                *pages,
                Route("/consent", self.ask),
                Route("/arrive", self.arrive),
                Route("/after-consent", self.back),
            ]
        )
        self._files = Files(
            {
                f"/{found.name}": file(f"{place}/{found.name}")
                for place in ("club", offer.site.slug)
                for found in (folder("templates") / "demo" / place).iterdir()
                if found.suffix in {".css", ".svg"}
            }
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        await (self._files if "." in scope["path"] else self._app)(scope, receive, send)

    async def front(self, request: Request) -> Response:
        """Show the front page: what holds by now, and tags that the gateway lets out or not."""
        session = self._sessions.get(request.cookies.get(_SESSION, "")) or Session("")
        language = next(one for one in self._offer.site.languages if request.url.path == self._home(one))
        holds = await self._gateway.holds(session.subject)
        page = ServedPage(
            language=language,
            name=f"{self._offer.site.slug}/front",
            addresses=self._addresses,
            site=self._offer.site,
            known=session.subject is not None,
            allowed=self._titles(holds, language),
            tags=self._tags(session),
        )
        return text(page, cache="private, no-store")

    async def ask(self, request: Request) -> Response:
        """Send the visitor to the question."""
        return self._send(request)

    async def arrive(self, request: Request) -> Response:
        """Send a visitor of our other site to the gateway and back: then we know what holds, and nobody was asked."""
        return self._send(request, prompt="none")

    async def back(self, request: Request) -> Response:
        """Take back in who was sent away, and fetch what they answered."""
        said = request.query_params
        session = self._sessions.get(request.cookies.get(_SESSION, ""))
        if session is None or session.state != said.get("state"):
            return RedirectResponse("/", 303)
        session.subject, session.c = None, ""  # whatever held before: it may have been taken back just now
        if "code" in said:
            try:
                person = await self._gateway.redeem(said["code"], name=RETURN, state=session.state)
                session.subject, session.c = person.subject, person.c
            except ClientError:
                pass  # too late, or used before: nothing is allowed
        return RedirectResponse(self._home(session.language), 303)

    def _send(self, request: Request, **more: str) -> Response:
        languages = self._offer.site.languages
        language = request.query_params.get("lang", "")
        cookie = request.cookies.get(_SESSION, "")
        session = self._sessions.get(cookie)
        if session is None:
            cookie, session = secrets.token_urlsafe(16), Session(secrets.token_urlsafe(16))
            self._sessions[cookie] = session
            if len(self._sessions) > KEPT:
                self._sessions.popitem(last=False)
        session.language = language if language in languages else languages[0]
        asked = {"lang": session.language, "return": RETURN, "state": session.state, **more}
        answer = RedirectResponse(f"{self._addresses.gateway}/consent/{self._offer.site.slug}?{urlencode(asked)}", 303)
        answer.set_cookie(_SESSION, cookie, httponly=True, samesite="lax")
        return answer

    def _home(self, language: str) -> str:
        return home(language, self._offer.site.languages)

    def _tags(self, session: Session) -> tuple[str, ...]:
        """Return the addresses of every tag, be it allowed or not: which of them loads, the gateway decides."""
        gateway = f"{self._addresses.gateway}/release/{self._offer.site.slug}"
        return tuple(f"{gateway}/{name}.gif?c={session.c}" for name in self._offer.tags) if session.c else ()

    def _titles(self, holds: Standing, language: str) -> tuple[str, ...]:
        if holds is NOTHING:
            return ()
        purposes = self._offer.notices[language].purposes
        return tuple(one.wording[language].title for one in purposes if holds.allows(one.key))
