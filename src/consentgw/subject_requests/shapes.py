"""What the API takes and shows of a subject's request; fields are named after OpenDSR 2.0 where it has a name.

A request is shown without a word of who asks: that is an answer of its own, which the history remembers.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time
from typing import TYPE_CHECKING, Annotated, Literal, Self
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, Field

from consentgw.http.bodies import Body, Line, Prose
from consentgw.http.paging import Page, Paged
from consentgw.law.profiles import RequestType, Unit
from consentgw.subject_requests.hold import Ground
from consentgw.subject_requests.model import Act, Kind, Level, Reason, State

if TYPE_CHECKING:
    from collections.abc import Mapping

    from consentgw.law.profiles import RequestRule
    from consentgw.subject_requests.hold import Hold
    from consentgw.subject_requests.model import Request, Step, Text
    from consentgw.subject_requests.store import Case

Status = Literal["pending", "in_progress", "completed", "cancelled"]
STATUSES: Mapping[State, Status] = {
    State.RECEIVED: "pending",
    State.AWAITING_VERIFICATION: "pending",
    State.IN_PROGRESS: "in_progress",
    State.EXTENDED: "in_progress",
    State.COMPLETED: "completed",
    State.REJECTED: "cancelled",
    State.CANCELLED: "cancelled",
    State.EXPIRED: "cancelled",
}
"""OpenDSR knows four; ``state`` beside it loses nothing."""
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def _day(value: object) -> object:
    if not isinstance(value, str) or not _DAY.fullmatch(value):
        raise ValueError("not a day as YYYY-MM-DD")
    return date.fromisoformat(value)


Words = Annotated[Prose, Field(max_length=4_000)]


class RequestsAsked(Paged):
    """Which requests."""

    state: State | Literal["open"] | None = Field(
        default=None, description="Only these; `open` for all in which somebody still waits."
    )
    type: RequestType | None = Field(default=None, description="Only of this type.")
    due_before: Annotated[date, BeforeValidator(_day)] | None = Field(
        default=None, description="Only those to be answered before this day.", examples=["2026-12-01"]
    )
    held: Literal["true", "false"] | None = Field(
        default=None, description="Only those under a legal hold, or only those under none."
    )


class SaidIn(Body):
    """What is said with an act."""

    words: Words = Field(examples=["Деректеріңізді жинап жатырмыз."])


class AnswerIn(SaidIn):
    """What is answered, or agreed."""

    without_processors: Words | None = Field(
        default=None,
        description="Why processors that have not answered yet are not waited for; kept in the history.",
        examples=[None],
    )


class AssignIn(Body):
    """Who is to handle it."""

    operator: Line = Field(description="The login of an operator who answers requests of this site.", examples=["dana"])


class VouchIn(Body):
    """How you know who asks."""

    level: int = Field(
        ge=Level.MATCHED,
        le=Level.SIGNED_IN,
        description="2: the contact is one you held before; 3: the person signed in at your site.",
        examples=[3],
    )
    how: Words = Field(description="Kept in the history.", examples=["Signed in at the shop, session of 25 November."])


class RejectIn(Body):
    """Why a request is refused."""

    reason: Reason = Field(description="One of the lawful reasons.", examples=["kept_by_law"])
    words: Words = Field(
        description="For who asks, in words they understand.",
        examples=["Салық заңы шоттарды бес жыл сақтауды талап етеді."],
    )


class HoldIn(Body):
    """Why a request must be kept."""

    ground: Ground = Field(description="What requires it; who asked is told this.", examples=["court"])
    words: Words = Field(
        description="The provision, ruling, order or claim. Name nobody: the entry cannot be changed or removed.",
        examples=["Алматы қалалық сотының 12/2026 ұйғарымы"],
    )
    review_on: Annotated[date, BeforeValidator(_day)] | None = Field(
        default=None, description="A day to come, to look whether it is still needed.", examples=["2027-06-01"]
    )


class RuleOut(BaseModel):
    """What gave the due date."""

    limit: int = Field(examples=[5])
    unit: Unit
    starts: Literal["receipt", "confirmation"] = Field(description="What the clock starts on.")
    source: str = Field(description="Where the law says so.")

    @classmethod
    def of(cls, rule: RequestRule) -> Self:
        """Show a rule."""
        return cls(limit=rule.limit, unit=rule.unit, starts=rule.starts, source=rule.source)


class RequestOut(BaseModel):
    """A subject's request, without a word of who asks."""

    subject_request_id: UUID
    subject_request_type: RequestType
    request_status: Status = Field(description="`state` in the words of OpenDSR.")
    submitted_time: datetime
    expected_completion_time: datetime = Field(description="The end of `due_on` (UTC).")
    number: str = Field(description="What people say on the telephone; it opens nothing.")
    state: State
    level: int = Field(description="What is proven of who asks: 0 nothing, 1 mailbox, 2 matched, 3 signed in.")
    level_needed: int = Field(description="What must be proven before it may be answered.")
    language: str = Field(description="What who asks reads.")
    due_on: date = Field(description="The last day to answer.")
    rule: RuleOut
    calendar: str = Field(description="With which calendar of working days it was counted.")
    extended: bool
    paused_on: date | None = Field(description="Since when the clock stands still, for a proof.")
    assignee: str | None = Field(description="The id of the operator who handles it.")
    reason: Reason | None = Field(description="Why it was refused, or an erasure could not take in everything.")
    erasure_proposed_by: str | None = Field(
        description="Who proposed the erasure that a second person has to agree to."
    )
    closed_at: datetime | None
    erased_at: datetime | None = Field(description="When names, addresses and texts were destroyed.")
    held: bool = Field(description="Whether a legal hold keeps it: nothing of it is erased until that is released.")

    @classmethod
    def of(cls, request: Request) -> Self:
        """Show a request."""
        return cls(
            subject_request_id=request.id,
            subject_request_type=request.type,
            request_status=STATUSES[request.state],
            submitted_time=request.received_at,
            expected_completion_time=datetime.combine(request.due_on, time(23, 59, 59), UTC),
            number=request.number,
            state=request.state,
            level=request.level,
            level_needed=request.needs.answer,
            language=request.language,
            due_on=request.due_on,
            rule=RuleOut.of(request.rule),
            calendar=request.calendar,
            extended=request.extended,
            paused_on=request.paused_on,
            assignee=request.assignee or None,
            reason=request.reason,
            erasure_proposed_by=request.proposed_by or None,
            closed_at=request.closed_at,
            erased_at=request.erased_at,
            held=request.held,
        )


class Requests(Page[RequestOut]):
    """A page of requests."""


class HoldOut(BaseModel):
    """A legal hold on a request."""

    number: int
    subject_request_id: UUID
    ground: Ground
    words: str
    review_on: date | None
    placed_by: str = Field(description="`operator:` or `program:` with an id.")
    placed_at: datetime
    released_by: str | None = Field(description="Who released it; nobody, while it keeps the request.")
    released_at: datetime | None
    released_words: str | None = Field(description="Why it was released.")

    @classmethod
    def of(cls, hold: Hold) -> Self:
        """Show a hold."""
        end = hold.release
        return cls(
            number=hold.number,
            subject_request_id=hold.request,
            ground=hold.ground,
            words=hold.why,
            review_on=hold.review_on,
            placed_by=hold.placed_by,
            placed_at=hold.placed_at,
            released_by=end and end.by,
            released_at=end and end.at,
            released_words=end and end.why,
        )


class Holds(Page[HoldOut]):
    """Every legal hold that was ever placed on a request, oldest first."""


class StepOut(BaseModel):
    """An act on a request, without what was said."""

    at: datetime
    actor: str = Field(description="`subject`, `clock`, `operator:` or `program:` with an id.")
    act: Act
    state: State = Field(description="Where it led.")
    level: int
    processor: str | None = Field(description="Whose task it was done to; null for the request itself.")

    @classmethod
    def of(cls, step: Step) -> Self:
        """Show a step."""
        return cls(
            at=step.at,
            actor=step.actor,
            act=step.act,
            state=step.state,
            level=step.level,
            processor=step.processor or None,
        )


class Steps(Page[StepOut]):
    """The history of a request, oldest first; nothing is ever taken out."""


class StepSaid(StepOut):
    """An act on a request, with what was said."""

    why: str = Field(description="Empty where nothing was said.")

    @classmethod
    def of(cls, step: Step) -> Self:
        """Show a step."""
        return cls(**StepOut.of(step).model_dump(), why=step.why)


class RequestText(BaseModel):
    """A message or a note."""

    at: datetime
    actor: str
    kind: Kind
    words: str

    @classmethod
    def of(cls, text: Text) -> Self:
        """Show a text."""
        return cls(at=text.at, actor=text.actor, kind=text.kind, words=text.words)


class PersonOut(BaseModel):
    """Who asks, and everything that was said."""

    subject_request_id: UUID
    name: str
    email: str
    phone: str
    details: str = Field(description="What is asked for.")
    representative: str = Field(description="Who asks or agrees in the person's place.")
    capacity: str = Field(description="How the representative takes part; empty without one.")
    receipt: UUID | None = Field(description="The consent receipt it was opened with.")
    texts: list[RequestText] = Field(description="Messages and internal notes, oldest first.")
    history: list[StepSaid] = Field(description="Every act with what was said, oldest first; the last is this reading.")

    @classmethod
    def of(cls, case: Case) -> Self:
        """Show who asks."""
        person = case.person
        return cls(
            subject_request_id=case.request.id,
            name=person.name,
            email=person.email,
            phone=person.phone,
            details=person.details,
            representative=person.representative,
            capacity=person.capacity,
            receipt=case.request.receipt,
            texts=[RequestText.of(text) for text in case.texts],
            history=[StepSaid.of(step) for step in case.history],
        )
