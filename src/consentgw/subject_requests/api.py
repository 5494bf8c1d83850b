"""Operations on subjects' requests: what is due, who asks, and the acts of a partner's program.

A program does what an operator does, but for two things: calling a request off is for who asks, and the second person
of an erasure is a person. What changes a request needs ``If-Match``, so nobody answers what they have not read.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from consentgw.access.calls import Done, to_json
from consentgw.access.model import Scope
from consentgw.access.operations import ID, Link, Part, operation
from consentgw.errors import AwaitsProcessors, Fault, Gone, Invalid, OutOfTurn, Refused, Unproven
from consentgw.http import conditions
from consentgw.http.paging import next_page
from consentgw.operators import store as operators
from consentgw.operators.model import Act as Right
from consentgw.sites import store as sites
from consentgw.subject_requests import proving, service, store
from consentgw.subject_requests.model import OPEN, Actor, Level, Ref, Role
from consentgw.subject_requests.shapes import (
    AnswerIn,
    AssignIn,
    PersonOut,
    RejectIn,
    RequestOut,
    Requests,
    RequestsAsked,
    SaidIn,
    StepOut,
    Steps,
    VouchIn,
)
from consentgw.subject_requests.store import Wanted

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection
    from starlette.responses import Response

    from consentgw.access.calls import Call
    from consentgw.db import Database, Unit
    from consentgw.subject_requests.model import Request
    from consentgw.subject_requests.office import Office

REQUEST = Part(
    "request", ID, "The request's id, `subject_request_id`.",
    "0198f2b4-6f0e-7c1a-9a55-5d2c7f3e9b13",
)  # fmt: skip
_ROOT = "/v1/sites/{site}/requests"
_ONE = f"{_ROOT}/{{request}}"


@dataclass(frozen=True, slots=True)
class RequestApi:
    """``/v1/sites/{site}/requests``."""

    db: Database
    office: Office

    @operation(f"GET {_ROOT}", tag="Requests", scope=Scope.REQUESTS_READ, asks=RequestsAsked, answers=Requests)
    async def list_requests(self, call: Call, query: RequestsAsked) -> Response:
        """List requests, what is due first first."""
        wanted = Wanted(
            sites=(call.site,),
            states=OPEN if query.state == "open" else (query.state,) if query.state else (),
            types=(query.type,) if query.type else (),
            due_before=query.due_before,
            held=None if query.held is None else query.held == "true",
            after=query.place_by_day(),
            limit=query.limit + 1,
        )

        def read(connection: Connection) -> list[Request]:
            sites.read(connection, call.site)
            return service.list_requests(connection, wanted)

        found = await self.db.read(read)
        shown = found[: query.limit]
        last = shown[-1] if len(found) > query.limit else None
        more = next_page(call.path, query, last.due_on.isoformat(), str(last.id)) if last else None
        return call.listed(Requests(items=[RequestOut.of(request) for request in shown], next=more))

    @operation(
        f"GET {_ONE}", tag="Requests", scope=Scope.REQUESTS_READ, parts=(REQUEST,), answers=RequestOut, tagged=True,
        links=(
            Link("list_request_history", {"site": "site", "request": "request"}),
            Link("read_request_person", {"site": "site", "request": "request"}),
        ),
    )  # fmt: skip
    async def read_request(self, call: Call) -> Response:
        """Read a request, without a word of who asks."""
        return call.answer(await self.db.read(lambda connection: RequestOut.of(_request(connection, call))))

    @operation(f"GET {_ONE}/history", tag="Requests", scope=Scope.REQUESTS_READ, parts=(REQUEST,), answers=Steps)
    async def list_request_history(self, call: Call) -> Response:
        """Read who did what to a request, and when.

        What was said with it is read together with who asks. There is no second page.
        """

        def read(connection: Connection) -> Steps:
            found = store.steps(connection, _request(connection, call).id)
            return Steps(items=[StepOut.of(step) for step in found], next=None)

        return call.listed(await self.db.read(read))

    @operation(
        f"GET {_ONE}/person", tag="Requests", scope=Scope.REQUESTS_WRITE, parts=(REQUEST,), answers=PersonOut,
        fails=(Gone,),
    )  # fmt: skip
    async def read_request_person(self, call: Call) -> Response:
        """Read who asks, and everything that was said.

        Every reading is kept in the trail and in the history of the request. Once names, addresses and texts are
        erased there is nothing to read: keep no copy of your own that lives longer.
        """

        def reveal(unit: Unit) -> Done:
            case = service.reveal(unit, self.office, ref_of(call), program_of(call))
            return Done(str(case.request.id), PersonOut.of(case))

        return await call.write(reveal)

    @operation(
        f"POST {_ONE}/assign", tag="Requests", scope=Scope.REQUESTS_WRITE, parts=(REQUEST,), takes=AssignIn,
        answers=RequestOut, conditional=True, fails=(OutOfTurn,),
    )  # fmt: skip
    async def assign_request(self, call: Call, body: AssignIn) -> Response:
        """Give a request to an operator.

        From then on it is in progress, unless a proof is waited for.
        """

        def assign(unit: Unit) -> Request:
            for one in operators.everyone(unit.connection):
                if one.login == body.operator and one.may(Right.HANDLE, call.site):
                    return service.assign(unit, self.office, ref_of(call), program_of(call), str(one.id))
            raise Invalid("nobody can be given this", [Fault("#/operator", "is no operator who answers for this site")])

        return await _change(call, assign)

    @operation(
        f"POST {_ONE}/note", tag="Requests", scope=Scope.REQUESTS_WRITE, parts=(REQUEST,), takes=SaidIn,
        answers=RequestOut, fails=(Gone,),
    )  # fmt: skip
    async def note_request(self, call: Call, body: SaidIn) -> Response:
        """Keep an internal note, which is never shown to who asks."""

        def note(unit: Unit) -> Done:
            service.note(unit, self.office, ref_of(call), program_of(call), body.words)
            return _done(_request(unit.connection, call))

        return await call.write(note)

    @operation(
        f"POST {_ONE}/message", tag="Requests", scope=Scope.REQUESTS_WRITE, parts=(REQUEST,), takes=SaidIn,
        answers=RequestOut, fails=(OutOfTurn,),
    )  # fmt: skip
    async def message_request(self, call: Call, body: SaidIn) -> Response:
        """Write to who asks.

        Whoever has the address of the request's page reads it: data about a person belongs in the answer.
        """

        def message(unit: Unit) -> Done:
            return _done(service.message(unit, self.office, ref_of(call), program_of(call), body.words))

        return await call.write(message)

    @operation(
        f"POST {_ONE}/extend", tag="Requests", scope=Scope.REQUESTS_WRITE, parts=(REQUEST,), takes=SaidIn,
        answers=RequestOut, conditional=True, fails=(OutOfTurn,),
    )  # fmt: skip
    async def extend_request(self, call: Call, body: SaidIn) -> Response:
        """Take the one extension the law allows.

        Only before the first limit; who asks is told why.
        """
        return await _change(
            call, lambda unit: service.extend(unit, self.office, ref_of(call), program_of(call), body.words)
        )

    @operation(
        f"POST {_ONE}/confirm", tag="Requests", scope=Scope.REQUESTS_WRITE, parts=(REQUEST,), takes=SaidIn,
        answers=RequestOut, conditional=True, fails=(OutOfTurn,),
    )  # fmt: skip
    async def confirm_request(self, call: Call, body: SaidIn) -> Response:
        """Confirm the ground of a request, from which a shorter time may run."""
        return await _change(
            call, lambda unit: service.confirm(unit, self.office, ref_of(call), program_of(call), body.words)
        )

    @operation(
        f"POST {_ONE}/ask-proof", tag="Requests", scope=Scope.REQUESTS_WRITE, parts=(REQUEST,), takes=SaidIn,
        answers=RequestOut, conditional=True, fails=(OutOfTurn, Refused),
    )  # fmt: skip
    async def ask_request_proof(self, call: Call, body: SaidIn) -> Response:
        """Ask who asks to prove it; the clock stands still until then."""
        return await _change(
            call, lambda unit: proving.ask_proof(unit, self.office, ref_of(call), program_of(call), body.words)
        )

    @operation(
        f"POST {_ONE}/vouch", tag="Requests", scope=Scope.REQUESTS_WRITE, parts=(REQUEST,), takes=VouchIn,
        answers=RequestOut, conditional=True, fails=(OutOfTurn, Unproven),
    )  # fmt: skip
    async def vouch_request(self, call: Call, body: VouchIn) -> Response:
        """Say that you know who asks.

        The contact is one you held before, which counts once its mailbox is proven; or the person signed in at your
        site. The answer goes to whoever opened the request: vouch only for the one you saw. What they typed is then
        told to processors as theirs, so compare it with what you hold.
        """
        level = Level(body.level)
        return await _change(
            call, lambda unit: proving.vouch(unit, self.office, ref_of(call), program_of(call), level, body.how)
        )

    @operation(
        f"POST {_ONE}/complete", tag="Requests", scope=Scope.REQUESTS_WRITE, parts=(REQUEST,), takes=AnswerIn,
        answers=RequestOut, conditional=True, fails=(AwaitsProcessors, OutOfTurn, Unproven),
    )  # fmt: skip
    async def complete_request(self, call: Call, body: AnswerIn) -> Response:
        """Answer a request.

        Who asked for data finds the package of what this gateway holds beside your words, with what processors gave.
        While a processor has not answered its task, say why you do not wait for it: the task is recalled then. An
        erasure is not completed here: it is proposed, and a second person agrees at the desk.
        """
        without = body.without_processors or ""
        return await _change(
            call, lambda unit: service.complete(unit, self.office, ref_of(call), program_of(call), body.words, without)
        )

    @operation(
        f"POST {_ONE}/reject", tag="Requests", scope=Scope.REQUESTS_WRITE, parts=(REQUEST,), takes=RejectIn,
        answers=RequestOut, conditional=True, fails=(OutOfTurn,),
    )  # fmt: skip
    async def reject_request(self, call: Call, body: RejectIn) -> Response:
        """Refuse a request for one of the lawful reasons."""
        return await _change(
            call,
            lambda unit: service.reject(unit, self.office, ref_of(call), program_of(call), body.reason, body.words),
        )

    @operation(
        f"POST {_ONE}/propose-erasure", tag="Requests", scope=Scope.REQUESTS_WRITE, parts=(REQUEST,), takes=SaidIn,
        answers=RequestOut, conditional=True, fails=(OutOfTurn, Unproven),
    )  # fmt: skip
    async def propose_erasure(self, call: Call, body: SaidIn) -> Response:
        """Propose to erase what is held about who asks.

        Nothing is erased until a person agrees at the desk; no key can be that second person.
        """

        def propose(unit: Unit) -> Request:
            return service.erase(unit, self.office, ref_of(call), program_of(call), body.words)

        return await _change(call, propose)


async def _change(call: Call, verb: Callable[[Unit], Request]) -> Response:
    """Do something to a request that is still what the caller read."""

    def change(unit: Unit) -> Done:
        before = RequestOut.of(_request(unit.connection, call))
        conditions.expect(call.request, conditions.tag_of(to_json(before)))
        return _done(verb(unit))

    return await call.write(change)


def _done(request: Request) -> Done:
    return Done(str(request.id), RequestOut.of(request))


def ref_of(call: Call) -> Ref:
    """Return which request a call is about."""
    return Ref(call.site, UUID(call.parts["request"]))


def _request(connection: Connection, call: Call) -> Request:
    return store.read(connection, ref_of(call))


def program_of(call: Call) -> Actor:
    """Return who acts in a call, as histories name it."""
    return Actor(Role.PROGRAM, call.key.id)
