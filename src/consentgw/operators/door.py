"""The desk's door: who a request is from, and whether a form is of our own pages."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from consentgw.errors import Forbidden, Forged, NotFound, Unauthenticated, Unproven
from consentgw.http import surfaces
from consentgw.http.cookies import own, read_cookies
from consentgw.http.forms import query
from consentgw.http.languages import LANGUAGES, negotiate
from consentgw.http.origins import provenance
from consentgw.operators import store
from consentgw.operators.model import ACTS, Act

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from consentgw.db import Database
    from consentgw.http.forms import Form
    from consentgw.http.seals import Seal
    from consentgw.operators.model import Operator, Session

SESSION = "__Host-cg-desk"
LANGUAGE = "__Host-cg-desk-lang"
_SEEN = timedelta(minutes=1)
"""How exactly it is known when a session was last used."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody signed in, on one request."""

    session: Session
    token: str

    @property
    def operator(self) -> Operator:
        """Return who it is."""
        return self.session.operator


@dataclass(frozen=True, slots=True)
class Door:
    """Lets people in who are signed in, and takes forms from nowhere else."""

    db: Database
    forms: Seal
    origin: str
    """Our own, as browsers name it."""

    async def caller(self, request: Request) -> Caller:
        """Return who a request is from.

        Raises:
            Unauthenticated: nobody who is signed in, or not any more.
        """
        token = next(read_cookies(request, SESSION), "")
        session = await self.db.read(store.session, token) if token else None
        now = self.db.clock()
        if session is None or not session.alive(now):
            raise Unauthenticated("nobody is signed in")
        if session.seen_at + _SEEN <= now:
            await self.db.write(store.see, token)
        return Caller(session, token)

    def demand(self, caller: Caller, act: Act, site: str) -> None:
        """Check that somebody may do something for a site.

        Raises:
            NotFound: the site is not theirs.
            Forbidden: their role does not allow it.
            Unproven: it takes personal data out, and who is there was not proven lately.
        """
        operator = caller.operator
        if operator.site not in {None, site}:
            raise NotFound("no such site")
        if act not in ACTS[operator.role]:
            raise Forbidden(f"the role {operator.role} does not allow to {act}")
        if act is Act.EXPORT and not caller.session.proven(self.db.clock()):
            raise Unproven("say once more who you are")

    def token(self, caller: Caller) -> str:
        """Return what a form of ours carries, for this session alone."""
        return self.forms.close(f"desk.{caller.operator.id.hex}.{int(caller.session.began_at.timestamp()):x}")

    def check(self, request: Request, caller: Caller, form: Form) -> None:
        """Check that a form was sent from our own page by this session.

        Raises:
            Forged: it was not.
        """
        self.check_origin(request)
        if self.forms.open(form.one("token") or "") != self.forms.open(self.token(caller)):
            raise Forged("the form is of another session")

    def check_origin(self, request: Request) -> None:
        """Check that a post comes from a page of ours.

        Raises:
            Forged: it does not, or hides where it comes from.
        """
        if not provenance(request).from_ourselves(self.origin):
            raise Forged("posted by another page")


def language_of(request: Request) -> str:
    """Return the language the desk speaks with somebody: chosen now, chosen before, or what the browser prefers."""
    chosen = query(request).one("lang")
    header = next((value for name, value in request.scope["headers"] if name == b"accept-language"), b"")
    kept = next(read_cookies(request, LANGUAGE), None)
    return negotiate(header.decode("latin-1"), LANGUAGES, chosen=chosen or kept)


def chosen_language(request: Request) -> tuple[tuple[bytes, bytes], ...]:
    """Return the header that keeps the language chosen by this address; none where it chooses none."""
    chosen = query(request).one("lang")
    return (own(LANGUAGE, chosen, 365 * 86_400, strict=True),) if chosen in LANGUAGES else ()


def sign_in_first(request: Request) -> Response:
    """Send somebody to sign in, and then on to where they were going."""
    return _first("/desk/sign-in", request)


def prove_first(request: Request, posted: str = "/desk") -> Response:
    """Send somebody to say once more who they are, and then on to where they were going.

    A form they had sent is not carried along: ``posted`` is the page that lets them send it once more.
    """
    return _first("/desk/prove", request, posted)


def _first(address: str, request: Request, posted: str = "/desk") -> Response:
    going: str = request.scope["path"] if request.method == "GET" else posted
    location = f"{address}?{urlencode({'next': going})}"
    return surfaces.DESK.answer(b"", (b"location", location.encode()), status=303)


def let_in(token: str) -> tuple[bytes, bytes]:
    """Return the header that keeps a session; it ends with the browser, and by itself before."""
    return own(SESSION, token, None, strict=True)


def let_out() -> tuple[bytes, bytes]:
    """Return the header that forgets a session."""
    return own(SESSION, "", 0, strict=True)
