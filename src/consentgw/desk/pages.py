"""``/desk``: the queue, one request on one page, and what its buttons do."""

from __future__ import annotations

from base64 import b32decode
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode
from uuid import UUID

from consentgw.desk.doings import DOINGS, lies_ready, read_so_far, sees
from consentgw.desk.replies import replies, words
from consentgw.desk.views import CaseView, EndedView, Filter, QueueView
from consentgw.errors import Conflict, Gone, Malformed, NotFound, Refused, Unauthenticated, Unproven
from consentgw.http import surfaces
from consentgw.http.forms import Form, query, read_form
from consentgw.http.lane import Route
from consentgw.http.languages import LANGUAGES
from consentgw.http.pages import render
from consentgw.http.problems import status_of
from consentgw.law import profiles
from consentgw.law.profiles import RequestType
from consentgw.operators import store as operators
from consentgw.operators.door import chosen_language, language_of, prove_first, sign_in_first
from consentgw.operators.model import ACTS, Act
from consentgw.sites import store as sites
from consentgw.subject_requests import answers, filing, forwarding, service, store, task_store
from consentgw.subject_requests.hold import Ground
from consentgw.subject_requests.model import OPEN, Actor, Reason, Ref, Role, State
from consentgw.subject_requests.store import Wanted

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.requests import Request
    from starlette.responses import Response

    from consentgw.db import Database
    from consentgw.desk.views import DeskView
    from consentgw.operators.door import Caller, Door
    from consentgw.operators.model import Operator
    from consentgw.sites.model import Site
    from consentgw.subject_requests.office import Office

PAGE = 50
"""Requests on one page of the queue."""
_FIELDS = ("site", "state", "type", "assignee", "find")
_SEVERAL = {"open": OPEN, "all": tuple(State), "held": tuple(State)}
_WORDS = 48_000
"""Bytes of a posted form: ten thousand letters of any alphabet, percent-encoded."""


@dataclass(frozen=True, slots=True)
class DeskPages:
    """The addresses of the desk."""

    db: Database
    door: Door
    office: Office

    def routes(self) -> tuple[Route, ...]:
        """Return the addresses."""
        return (
            Route("/desk", self.queue, surfaces.DESK),
            Route("/desk/requests/{site}/{id}", self.case, surfaces.DESK),
            Route("/desk/requests/{site}/{id}/package", self.package, surfaces.DESK),
            Route("/desk/requests/{site}/{id}/{act}", self.act, surfaces.DESK, ("POST",)),
        )

    async def queue(self, request: Request) -> Response:
        """Show what waits for an answer, what is due first first."""
        return await self._signed_in(request, self._queue)

    async def case(self, request: Request) -> Response:
        """Show one request."""
        return await self._signed_in(request, self._case)

    async def act(self, request: Request) -> Response:
        """Do what a button says, and show the request as it stands then."""
        return await self._signed_in(request, self._act)

    async def package(self, request: Request) -> Response:
        """Hand out what the gateway holds about who asked, to somebody who proved lately who they are."""
        return await self._signed_in(request, self._package)

    async def _signed_in(self, request: Request, show: Callable[[Request, Caller], Awaitable[Response]]) -> Response:
        try:
            caller = await self.door.caller(request)
        except Unauthenticated:
            return await self._ended(request) if request.method == "POST" else sign_in_first(request)
        return await show(request, caller)

    async def _ended(self, request: Request) -> Response:
        """Hand what was typed back to somebody whose session has ended meanwhile."""
        form = await _form(request)
        self.door.check_origin(request)
        view = EndedView(
            language=language_of(request),
            words=form.one("words") or "",
            next=_address(_ref(request)),
        )
        return _page(view, request, status=401)

    async def _queue(self, request: Request, caller: Caller) -> Response:
        asked = query(request)
        chosen = Filter(**{name: said for name in _FIELDS if (said := asked.one(name)) is not None})
        known = await self._sites(caller.operator)
        wanted = self._wanted(chosen, caller.operator, known, asked.one("after"))
        found = await self.db.read(service.list_requests, wanted) if wanted else []
        view = QueueView(
            **await self._about(request, caller),
            # Whoever finds a request by its address knows who asked.
            requests=tuple(one for one in found[:PAGE] if not chosen.by_address or sees(caller.operator, one)),
            late=await self.db.read(task_store.late, [one.id for one in found], self.db.clock().date()),
            chosen=chosen,
            sites={one.slug: one.name for one in known},
            profiles={one.slug: one.profile for one in known},
            types=tuple(RequestType),
            more=_more(chosen, found[PAGE - 1].due_on, found[PAGE - 1].id) if len(found) > PAGE else "",
        )
        return _page(view, request)

    async def _case(
        self, request: Request, caller: Caller, *, form: Form | None = None, error: Exception | None = None
    ) -> Response:
        ref = _ref(request)
        self.door.demand(caller, Act.READ, ref.site)
        site = await self.db.read(sites.read, ref.site)
        case = await self.db.read(store.case, self.office.vault, ref)
        keeps = caller.operator.may(Act.HOLD, ref.site)
        rules = profiles.profile(site.profile).on(self.db.clock().date())
        asked, operator = query(request), caller.operator
        language = language_of(request) if language_of(request) in site.languages else site.language
        view = CaseView(
            **await self._about(request, caller),
            languages=() if error else LANGUAGES,  # a button's address cannot be opened in another language
            case=case,
            named=site.name,
            profile=site.profile,
            handles=sees(operator, case.request),
            keeps=keeps,
            holds=tuple(await self.db.read(filing.holds_on, case.request.id)),
            kept_back=tuple(await self.db.read(service.kept_back, self.office, case)),
            grounds=tuple(Ground),
            approves=operator.may(Act.APPROVE, ref.site),
            exports=operator.may(Act.EXPORT, ref.site),
            replies=replies(language_of(request)),
            words=words(asked.one("reply"), case.request.language),
            read=read_so_far(case.history),
            pressed=request.path_params["act"] if form else "",
            typed={name: said for name in form.names if (said := form.one(name))} if form else {},
            reasons=tuple(Reason),
            revocable=await self.db.read(lies_ready, ref, self.db.clock()),
            confirmable=rules.confirmed(case.request.type) is not None,
            extendable=case.request.rule.extension is not None and not case.request.extended,
            processors={one.key: one.wording[language].title for one in site.processors},
            stands=await self.db.read(forwarding.standing, case.request),
            failed=getattr(error, "failure", getattr(error, "code", "error")) if error else "",
        )
        return _page(view, request, status=status_of(error) if error else 200)

    async def _act(self, request: Request, caller: Caller) -> Response:
        ref = _ref(request)
        doing = DOINGS.get(request.path_params["act"])
        if doing is None:
            raise NotFound("there is no such button")
        self.door.demand(caller, doing.needs, ref.site)
        form = await _form(request)
        self.door.check_origin(request)  # nothing that another page has sent is shown as what somebody typed
        try:
            self.door.check(request, caller, form)
            await self.db.write(doing.do, self.office, ref, caller.operator, form)
        except (Conflict, Gone, Refused) as error:
            return await self._case(request, caller, form=form, error=error)
        return surfaces.DESK.answer(b"", (b"location", _address(ref).encode()), status=303)

    async def _package(self, request: Request, caller: Caller) -> Response:
        ref = _ref(request)
        try:
            self.door.demand(caller, Act.EXPORT, ref.site)
        except Unproven:
            return prove_first(request)
        made = await self.db.write(answers.export, self.office, ref, Actor(Role.OPERATOR, str(caller.operator.id)))
        named = f'attachment; filename="request-{ref.site}-{ref.id}.zip"'
        answer = surfaces.DESK.answer(made.file, (b"content-disposition", named.encode()))
        answer.headers["content-type"] = "application/zip"
        return answer

    async def _sites(self, operator: Operator) -> list[Site]:
        known = await self.db.read(sites.everyone)
        return [site for site in known if operator.may(Act.READ, site.slug)]

    async def _about(self, request: Request, caller: Caller) -> dict[str, Any]:
        """Return what every page of the desk knows."""
        return {
            "language": language_of(request),
            "operator": caller.operator,
            "token": self.door.token(caller),
            "today": self.db.clock().date(),
            "people": {str(one.id): one.name for one in await self.db.read(operators.everyone)},
        }

    def _wanted(self, chosen: Filter, operator: Operator, known: list[Site], after: str | None) -> Wanted | None:
        """Return which requests are looked for; None where there can be none that the operator may find so.

        Raises:
            Malformed: the form says what it cannot say.
        """
        slugs = tuple(site.slug for site in known if chosen.site in {"", site.slug})
        if not slugs:
            raise NotFound("no such site")
        digests: tuple[bytes, ...] = ()
        ending = b""
        if chosen.by_address:
            if Act.HANDLE not in ACTS[operator.role]:
                return None
            digests = tuple(digest for slug in slugs for digest in self.office.vault.digests(slug, chosen.find.strip()))
        elif chosen.find.strip():
            ending = _ending(chosen.find)
            if not ending:
                return None
        try:
            states = _SEVERAL.get(chosen.state) or (State(chosen.state),)
            types = (RequestType(chosen.type),) if chosen.type else ()
            due_on, _, identifier = (after or "").partition("_")
            place = (date.fromisoformat(due_on), UUID(identifier)) if after else None
        except ValueError:
            raise Malformed("there is no such filter") from None
        return Wanted(
            sites=slugs,
            states=states,
            types=types,
            held=True if chosen.state == "held" else None,
            assignee=str(operator.id) if chosen.assignee == "me" else "",
            digests=digests,
            ending=ending,
            after=place,
            limit=PAGE + 1,
        )


def _ref(request: Request) -> Ref:
    try:
        return Ref(request.path_params["site"], UUID(request.path_params["id"]))
    except ValueError:
        raise NotFound("no such request") from None


def _address(ref: Ref) -> str:
    return f"/desk/requests/{ref.site}/{ref.id}"


async def _form(request: Request) -> Form:
    return await read_form(request, limit=_WORDS, lines={"words", "without"})


def _ending(number: str) -> bytes:
    """Return the end of the id that a number was made from, as people type it; nothing where it is no number."""
    try:
        return b32decode(number.strip().replace("-", "").replace(" ", "").upper())
    except ValueError:
        return b""


def _more(chosen: Filter, due_on: date, identifier: UUID) -> str:
    """Return the address of the page after a request."""
    asked = {name: getattr(chosen, name) for name in _FIELDS if getattr(chosen, name)}
    return f"/desk?{urlencode({**asked, 'after': f'{due_on}_{identifier}'})}"


def _page(view: DeskView | EndedView, request: Request, *, status: int = 200) -> Response:
    language = (b"content-language", view.language.encode())
    return surfaces.DESK.answer(render(view).encode(), language, *chosen_language(request), status=status)
