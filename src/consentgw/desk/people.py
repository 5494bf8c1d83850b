"""``/desk/people``: who works here, for whoever owns the desk."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from consentgw.consents.identifiers import uuid7
from consentgw.desk.views import PeopleView
from consentgw.errors import Conflict, Forbidden, Malformed, NotFound, Unauthenticated
from consentgw.http import surfaces
from consentgw.http.forms import read_form
from consentgw.http.lane import Route
from consentgw.http.pages import render
from consentgw.operators import service, store
from consentgw.operators.door import chosen_language, language_of, prove_first, sign_in_first
from consentgw.operators.invitations import invited
from consentgw.operators.model import Act
from consentgw.sites import store as sites

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.requests import Request
    from starlette.responses import Response

    from consentgw.db import Database
    from consentgw.operators.door import Caller, Door
    from consentgw.operators.invitations import Invitations
    from consentgw.operators.model import Operator


AGAIN = "/desk/people/again"


@dataclass(frozen=True, slots=True)
class PeoplePages:
    """The page where an owner invites and dismisses; both ask once more who is there."""

    db: Database
    door: Door
    invitations: Invitations
    origin: str

    def routes(self) -> tuple[Route, ...]:
        """Return the addresses."""
        return (
            Route("/desk/people", self.show, surfaces.DESK),
            Route("/desk/people", self.invite, surfaces.DESK, ("POST",)),
            Route(AGAIN, self.again, surfaces.DESK),
            Route("/desk/people/{id}/dismiss", self.dismiss, surfaces.DESK, ("POST",)),
        )

    async def show(self, request: Request) -> Response:
        """Show who may sign in."""
        return await self._owning(request, self._show)

    async def again(self, request: Request) -> Response:
        """Show the same to somebody whose form came before a fresh proof, and say that it did nothing."""
        return await self._owning(request, self._again)

    async def invite(self, request: Request) -> Response:
        """Make an invitation and show its address, once."""
        return await self._owning(request, self._invite)

    async def dismiss(self, request: Request) -> Response:
        """Let somebody in no more."""
        return await self._owning(request, self._dismiss)

    async def _owning(self, request: Request, show: Callable[[Request, Caller], Awaitable[Response]]) -> Response:
        try:
            caller = await self.door.caller(request)
        except Unauthenticated:
            return sign_in_first(request)
        if not caller.operator.may_all(Act.MANAGE):
            raise Forbidden("only an owner of every site says who works here")
        if not caller.session.proven(self.db.clock()):
            return prove_first(request, posted=AGAIN)
        return await show(request, caller)

    async def _again(self, request: Request, caller: Caller) -> Response:
        return await self._show(request, caller, again=True)

    async def _show(
        self,
        request: Request,
        caller: Caller,
        *,
        address: str = "",
        again: bool = False,
        taken: str = "",
        failed: bool = False,
        status: int = 200,
    ) -> Response:
        known = await self.db.read(sites.everyone)
        view = PeopleView(
            language=language_of(request),
            operator=caller.operator,
            token=self.door.token(caller),
            today=self.db.clock().date(),
            people={},
            colleagues=tuple(await self.db.read(store.everyone)),
            sites={one.slug: one.name for one in known},
            invited=address,
            again=again,
            taken=taken,
            failed=failed,
        )
        language = (b"content-language", view.language.encode())
        return surfaces.DESK.answer(render(view).encode(), language, *chosen_language(request), status=status)

    async def _invite(self, request: Request, caller: Caller) -> Response:
        form = await read_form(request)
        self.door.check(request, caller, form)
        login, site = (form.one("login") or "").strip().lower(), form.one("site") or None
        try:
            if site:
                await self.db.read(sites.read, site)
            person = invited(uuid7(), login, form.one("name") or login, form.one("role") or "", site)
        except (Malformed, NotFound):
            return await self._show(request, caller, failed=True, status=400)
        try:
            await self.db.write(service.note_invitation, caller.operator, person)
        except Conflict:
            return await self._show(request, caller, taken=login, status=409)
        address = f"{self.origin}/desk/join/{self.invitations.issue(person)}"
        return await self._show(request, caller, address=address)

    async def _dismiss(self, request: Request, caller: Caller) -> Response:
        form = await read_form(request)
        self.door.check(request, caller, form)
        colleague = await self._colleague(request.path_params["id"])
        if colleague == caller.operator:
            return await self._show(request, caller, failed=True, status=409)
        await self.db.write(service.dismiss, colleague.login, service.actor(caller.operator))
        return surfaces.DESK.answer(b"", (b"location", b"/desk/people"), status=303)

    async def _colleague(self, identifier: str) -> Operator:
        try:
            wanted = UUID(identifier)
        except ValueError:
            raise NotFound("no such operator") from None
        found = [one for one in await self.db.read(store.everyone) if one.id == wanted]
        if not found:
            raise NotFound("no such operator")
        return found[0]
