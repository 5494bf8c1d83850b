"""Operations on legal holds: what keeps a request past its term, since when, why, and until when.

They have a scope of their own: a program that answers requests has no business releasing what a court wants kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from consentgw.access.calls import Done, to_json
from consentgw.access.model import Scope
from consentgw.access.operations import Link, Part, operation
from consentgw.errors import OutOfTurn
from consentgw.http import conditions
from consentgw.subject_requests import filing, locking, store
from consentgw.subject_requests.api import REQUEST, program_of, ref_of
from consentgw.subject_requests.shapes import HoldIn, HoldOut, Holds, RequestOut, SaidIn

if TYPE_CHECKING:
    from sqlalchemy import Connection
    from starlette.responses import Response

    from consentgw.access.calls import Call
    from consentgw.db import Database, Unit
    from consentgw.subject_requests.hold import Hold
    from consentgw.subject_requests.office import Office

HOLD = Part("hold", r"^[1-9][0-9]{0,17}$", "The hold's number.", "3")
_ROOT = "/v1/sites/{site}/requests/{request}/holds"
_ONE = f"{_ROOT}/{{hold}}"


@dataclass(frozen=True, slots=True)
class HoldApi:
    """``/v1/sites/{site}/requests/{request}/holds``."""

    db: Database
    office: Office

    @operation(f"GET {_ROOT}", tag="Requests", scope=Scope.REQUESTS_READ, parts=(REQUEST,), answers=Holds)
    async def list_holds(self, call: Call) -> Response:
        """List every legal hold that was ever placed on a request, oldest first.

        There is no second page.
        """

        def read(connection: Connection) -> Holds:
            request = store.read(connection, ref_of(call))
            return Holds(items=[HoldOut.of(one) for one in filing.holds_on(connection, request.id)], next=None)

        return call.listed(await self.db.read(read))

    @operation(
        f"POST {_ROOT}", tag="Requests", scope=Scope.HOLDS_WRITE, parts=(REQUEST,), takes=HoldIn, answers=HoldOut,
        status=201, conditional=True,
        links=(Link("read_hold", {"site": "site", "request": "request", "hold": "/number"}),),
    )  # fmt: skip
    async def place_hold(self, call: Call, body: HoldIn) -> Response:
        """Place a legal hold on a request.

        Until it is released nothing of the request is erased, whether its term ends or the person asks. Once the
        request is closed it is locked: who asked is read by the officers of the desk alone.
        """

        def place(unit: Unit) -> Done:
            before = RequestOut.of(store.read(unit.connection, ref_of(call)))
            conditions.expect(call.request, conditions.tag_of(to_json(before)))
            placed = locking.hold(
                unit, self.office, ref_of(call), program_of(call), body.ground, body.words, body.review_on
            )
            return Done(str(placed.number), HoldOut.of(placed), location=f"{call.path}/{placed.number}")

        return await call.write(place)

    @operation(
        f"GET {_ONE}", tag="Requests", scope=Scope.REQUESTS_READ, parts=(REQUEST, HOLD), answers=HoldOut, tagged=True
    )
    async def read_hold(self, call: Call) -> Response:
        """Read a legal hold."""
        return call.answer(await self.db.read(lambda connection: HoldOut.of(_hold(connection, call))))

    @operation(
        f"POST {_ONE}/release", tag="Requests", scope=Scope.HOLDS_WRITE, parts=(REQUEST, HOLD), takes=SaidIn,
        answers=HoldOut, conditional=True, fails=(OutOfTurn,),
    )  # fmt: skip
    async def release_hold(self, call: Call, body: SaidIn) -> Response:
        """Release a legal hold.

        What was kept for it alone is removed by the next purge, unless another hold keeps it.
        """

        def release(unit: Unit) -> Done:
            before = _hold(unit.connection, call)
            conditions.expect(call.request, conditions.tag_of(to_json(HoldOut.of(before))))
            released = locking.release(unit, self.office, ref_of(call), program_of(call), before.number, body.words)
            return Done(str(released.number), HoldOut.of(released))

        return await call.write(release)


def _hold(connection: Connection, call: Call) -> Hold:
    return filing.hold(connection, store.read(connection, ref_of(call)).ref, int(call.parts["hold"]))
