"""``/desk/sign-in``, ``/desk/join`` and the other pages of the desk's door."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from consentgw.errors import Conflict, NotFound, Refused, Unauthenticated
from consentgw.http import surfaces
from consentgw.http.cookies import own, read_cookies
from consentgw.http.forms import query, read_form
from consentgw.http.lane import Route
from consentgw.http.limits import Budget, client
from consentgw.http.pages import render
from consentgw.http.problems import status_of
from consentgw.operators import credentials, service, store
from consentgw.operators.door import chosen_language, language_of, let_in, let_out, sign_in_first
from consentgw.operators.model import acceptable
from consentgw.operators.provider import AWAY_SECONDS, BACK
from consentgw.operators.views import ArrivedView, JoinedView, JoinView, ProveView, SignInView, UsedView

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from consentgw.db import Database
    from consentgw.db.sealing import Sealer
    from consentgw.http.forms import Form
    from consentgw.http.limits import Limits
    from consentgw.http.pages import View
    from consentgw.operators.credentials import Passwords
    from consentgw.operators.door import Door
    from consentgw.operators.invitations import Invitations
    from consentgw.operators.model import Operator
    from consentgw.operators.provider import Provider

_TRIES = Budget("sign-in", 5, 900)
"""For one login from one network: whoever guesses elsewhere locks nobody out."""
_GUESSES = Budget("sign-in-network", 30, 900)
"""From one network, whatever the login."""
_FORM_SECONDS = 3600
_ERRAND = "__Host-cg-desk-errand"
_NEXT = re.compile(r"/desk(?:/[a-z0-9~_-]{1,100}){0,5}")


@dataclass(frozen=True, slots=True)
class DoorPages:
    """The addresses of the door."""

    db: Database
    door: Door
    sealer: Sealer
    invitations: Invitations
    passwords: Passwords
    provider: Provider | None
    limits: Limits

    def routes(self) -> tuple[Route, ...]:
        """Return the addresses."""
        return (
            Route("/desk/sign-in", self.ask, surfaces.DESK),
            Route("/desk/sign-in", self.sign_in, surfaces.DESK, ("POST",)),
            Route("/desk/sign-in/elsewhere", self.elsewhere, surfaces.DESK),
            Route(BACK, self.back, surfaces.DESK),
            Route("/desk/sign-out", self.sign_out, surfaces.DESK, ("POST",)),
            Route("/desk/prove", self.prove, surfaces.DESK),
            Route("/desk/prove", self.proven, surfaces.DESK, ("POST",)),
            Route("/desk/join/{invitation}", self.invite, surfaces.DESK),
            Route("/desk/join/{invitation}", self.join, surfaces.DESK, ("POST",)),
        )

    async def ask(self, request: Request) -> Response:
        """Ask who is there."""
        return self._sign_in_page(request, next_=_local(query(request).one("next")))

    async def sign_in(self, request: Request) -> Response:
        """Let somebody in by password and code."""
        form = await read_form(request)
        self.door.check_origin(request)
        login, next_ = form.one("login") or "", _local(form.one("next"))
        try:
            self._fresh(form, "sign-in")
            token = await self._let_in(request, login.strip().lower(), form)
        except (Refused, Unauthenticated) as error:
            return self._sign_in_page(request, next_=next_, login=login[:64], refused=True, status=status_of(error))
        return _go(next_ or "/desk", let_in(token))

    async def elsewhere(self, request: Request) -> Response:
        """Send somebody to the house's identity provider."""
        invitation = query(request).one("invitation") or ""
        if invitation:
            self.invitations.read(invitation)
        address, kept = await self._provider().send(invitation)
        return _go(address, own(_ERRAND, kept, AWAY_SECONDS))

    async def back(self, request: Request) -> Response:
        """Let somebody in who comes back from the identity provider."""
        asked = query(request)
        kept = next(read_cookies(request, _ERRAND), "")
        forget = own(_ERRAND, "", 0)
        try:
            arrived = await self._provider().receive(kept, asked.one("state") or "", asked.one("code") or "")
            if arrived.invitation:
                invited = self.invitations.read(arrived.invitation)
                try:
                    token = await self.db.write(service.join_elsewhere, invited, self.sealer, arrived)
                except Conflict as error:
                    return _used(request, error, forget)
            else:
                operator = await self.db.read(store.known, arrived.who)
                if operator is None:
                    raise Unauthenticated("this person has not joined the desk")
                token = await self.db.write(service.let_in, operator, arrived.proven_at)
        except Unauthenticated as error:
            page = self._sign_in_page(request, refused=True, status=status_of(error))
            page.raw_headers.append(forget)
            return page
        return _page(ArrivedView(language=language_of(request)), let_in(token), forget, (b"refresh", b"0; url=/desk"))

    async def sign_out(self, request: Request) -> Response:
        """End the session."""
        caller = await self.door.caller(request)
        self.door.check(request, caller, await read_form(request))
        await self.db.write(service.sign_out, caller.token, caller.operator)
        return _go("/desk/sign-in", let_out(), (b"clear-site-data", b'"cache"'))

    async def prove(self, request: Request) -> Response:
        """Ask once more who is there."""
        try:
            return await self._prove_page(request, _local(query(request).one("next")))
        except Unauthenticated:
            return sign_in_first(request)

    async def proven(self, request: Request) -> Response:
        """Take the proof, and go on with a fresh session."""
        caller = await self.door.caller(request)
        form = await read_form(request)
        self.door.check(request, caller, form)
        next_ = _local(form.one("next"))
        try:
            token = await self._let_in(request, caller.operator.login, form, replaces=caller.token)
        except (Refused, Unauthenticated) as error:
            return await self._prove_page(request, next_, refused=True, status=status_of(error))
        return _go(next_ or "/desk", let_in(token))

    async def invite(self, request: Request) -> Response:
        """Show somebody what they are invited to, and what they need to join."""
        operator = self.invitations.read(request.path_params["invitation"])
        try:
            await self.db.read(store.expect_free, operator)
        except Conflict as error:
            return _used(request, error)
        return self._join_page(request, operator, credentials.new_secret())

    async def join(self, request: Request) -> Response:
        """Take an invitation up."""
        operator = self.invitations.read(request.path_params["invitation"])
        form = await read_form(request)
        self.door.check_origin(request)
        secret = self._fresh(form, f"join-{operator.id.hex}")
        password = form.one("password") or ""
        step = credentials.step_of(secret, form.one("code") or "", time.time())
        if step is None or not acceptable(password, operator.login) or password != form.one("again"):
            return self._join_page(request, operator, secret, refused=True, status=422)
        hashed = await self.passwords.keep(password)
        try:
            joined = await self.db.write(service.join, operator, self.sealer, hashed, secret, step)
        except Conflict as error:
            return _used(request, error)
        view = JoinedView(language=language_of(request), recovery_codes=joined.recovery_codes)
        return _page(view, let_in(joined.token))

    async def _let_in(self, request: Request, login: str, form: Form, replaces: str | None = None) -> str:
        """Return the token of a session for whoever knows the password and has the authenticator.

        Raises:
            Unauthenticated: they do not; nobody is told which of the two it was.
            TooMany: too many have tried.
        """
        await self.limits.take(_GUESSES, client(request))
        await self.limits.take(_TRIES, login[:64], client(request))
        account = await self.db.read(store.account, login, self.sealer)
        known = await self.passwords.match(account and account.password, form.one("password") or "")
        if account is None or not known:
            raise Unauthenticated("the login or the password is wrong")
        return await self.db.write(service.sign_in, account, form.one("code") or "", replaces=replaces)

    def _provider(self) -> Provider:
        if self.provider is None:
            raise NotFound("the house has no identity provider")
        return self.provider

    def _issue(self, use: str, said: str = "") -> str:
        return self.door.forms.close(f"{use}.{said}.{int(time.time()):x}")

    def _fresh(self, form: Form, use: str) -> str:
        """Return what a form of the door carries.

        Raises:
            Refused: it is none of ours, for something else, or was open for more than an hour.
        """
        parts = (self.door.forms.open(form.one("token") or "") or "..").split(".")
        if parts[0] != use or time.time() - int(parts[2], 16) > _FORM_SECONDS:
            raise Refused("the form is too old")
        return parts[1]

    def _sign_in_page(
        self, request: Request, *, next_: str = "", login: str = "", refused: bool = False, status: int = 200
    ) -> Response:
        view = SignInView(
            language=language_of(request),
            token=self._issue("sign-in"),
            refused=refused,
            elsewhere=self.provider is not None,
            login=login,
            next=next_,
        )
        return _page(view, *chosen_language(request), status=status)

    async def _prove_page(self, request: Request, next_: str, *, refused: bool = False, status: int = 200) -> Response:
        caller = await self.door.caller(request)
        view = ProveView(
            language=language_of(request),
            token=self.door.token(caller),
            refused=refused,
            elsewhere=self.provider is not None,
            operator=caller.operator,
            next=next_,
        )
        return _page(view, *chosen_language(request), status=status)

    def _join_page(
        self, request: Request, operator: Operator, secret: str, *, refused: bool = False, status: int = 200
    ) -> Response:
        import segno  # for this page alone: whoever starts a gateway need not wait for it

        address = credentials.provisioning(secret, operator.login, "consentgw")
        picture = segno.make_qr(address).svg_inline(scale=4, border=4, light="#fff", dark="#000", omitsize=True)
        view = JoinView(
            language=language_of(request),
            token=self._issue(f"join-{operator.id.hex}", secret),
            refused=refused,
            elsewhere=self.provider is not None,
            operator=operator,
            invitation=request.path_params["invitation"],
            picture=Markup(picture),  # noqa: S704 - drawn by the library from digits and letters of our own
            secret=" ".join(secret[place : place + 4] for place in range(0, len(secret), 4)),
        )
        return _page(view, *chosen_language(request), status=status)


def _local(address: str | None) -> str:
    """Return an address of the desk to go on to; anything else is nowhere."""
    return address if address and _NEXT.fullmatch(address) else ""


def _used(request: Request, error: Conflict, *extra: tuple[bytes, bytes]) -> Response:
    view = UsedView(language=language_of(request))
    return _page(view, *extra, *chosen_language(request), status=status_of(error))


def _page(view: View, *extra: tuple[bytes, bytes], status: int = 200) -> Any:
    return surfaces.DESK.answer(
        render(view).encode(), (b"content-language", view.language.encode()), *extra, status=status
    )


def _go(address: str, *extra: tuple[bytes, bytes]) -> Response:
    return surfaces.DESK.answer(b"", (b"location", address.encode()), *extra, status=303)
