"""A processor's task: its part of one request, with a state of its own; and what it may be told of who asks."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from consentgw.errors import OutOfTurn
from consentgw.law.profiles import RequestType
from consentgw.sites.processors import Given
from consentgw.subject_requests.model import Act, Level, Reason, Ref, Role, State

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from datetime import date, datetime
    from uuid import UUID

    from consentgw.subject_requests.model import Person, Request, Step


class TaskState(StrEnum):
    """Where a task stands."""

    FORWARDED = "forwarded"
    """The processor is told, and has not said that it knows."""
    ACKNOWLEDGED = "acknowledged"
    COMPLETED = "completed"
    DECLINED = "declined"
    """The processor does not take it on; the operator has to see to it otherwise."""
    RECALLED = "recalled"
    """Nobody waits for it any more: the request has ended."""

    @property
    def closed(self) -> bool:
        """Return whether nothing more can happen to it."""
        return self not in OPEN_TASKS


OPEN_TASKS = (TaskState.FORWARDED, TaskState.ACKNOWLEDGED)
"""States in which the operator still waits for the processor."""

_F, _A = OPEN_TASKS
TASK_MOVES: Mapping[tuple[TaskState, Act], TaskState] = {
    (_F, Act.FETCH): _F,
    (_F, Act.ACKNOWLEDGE): _A,
    (_F, Act.FULFIL): TaskState.COMPLETED,
    (_F, Act.DECLINE): TaskState.DECLINED,
    (_F, Act.RECALL): TaskState.RECALLED,
    (_A, Act.FETCH): _A,
    (_A, Act.ACKNOWLEDGE): _A,
    (_A, Act.FULFIL): TaskState.COMPLETED,
    (_A, Act.DECLINE): TaskState.DECLINED,
    (_A, Act.RECALL): TaskState.RECALLED,
}
"""From a state, by an act, to a state. Acknowledging once more says another day by which it will be done."""


SUFFIXES: Mapping[str, str] = {"application/json": "json", "application/pdf": "pdf", "text/plain": "txt"}
"""The kinds of file an answer can have, with how their names end. None of them is a table for a spreadsheet."""


class Result(StrEnum):
    """What a processor did."""

    DONE = "done"
    PARTLY = "partly"
    NOTHING_HELD = "nothing_held"
    REFUSED = "refused"
    """For a lawful reason."""


class TaskRef(NamedTuple):
    """A task at a site, and the one processor whose it must be; empty for whoever sees all of the site's."""

    site: str
    id: UUID
    processor: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What one processor is asked to do for one request, without a word of who asks."""

    id: UUID
    request: UUID
    site: str
    processor: str
    state: TaskState
    forwarded_at: datetime
    due_on: date
    acknowledged_at: datetime | None = None
    expected_at: datetime | None = None
    """By when the processor says it will be done."""
    result: Result | None = None
    reason: Reason | None = None
    reminded: str = ""
    closed_at: datetime | None = None
    type: RequestType
    """What is asked for; like the next two, the request's."""
    submitted_at: datetime
    number: str
    files: int = 0
    """Files it gave for the answer."""

    @property
    def ref(self) -> Ref:
        """Return the request it is a part of."""
        return Ref(self.site, self.request)

    @property
    def leaves(self) -> bool:
        """Return whether of what was to be erased something stays with the processor."""
        refused = self.result is Result.REFUSED and self.reason is not Reason.NO_MATCH
        return refused or self.result is Result.PARTLY or self.state is TaskState.DECLINED

    @property
    def kept_by_law(self) -> bool:
        """Return whether what stays does so lawfully, as far as the processor says: it keeps all of it, or a part."""
        return self.result is Result.PARTLY or self.reason is Reason.KEPT_BY_LAW


@dataclass(frozen=True, slots=True)
class Identity:
    """Something a person can be found by."""

    type: Given
    value: str
    verified: bool
    """Whether it is proven to be theirs. Unproven ones are told only where nobody has to prove who they are."""


def after_task(task: Task, act: Act) -> TaskState:
    """Return the state an act leads a task to.

    Raises:
        OutOfTurn: it has ended: it was answered, or nobody waits for it any more.
    """
    state = TASK_MOVES.get((task.state, act))
    if state is None:
        raise OutOfTurn(f"a task that is {task.state.value} does not take {act.value}")
    return state


def forwardable(request: Request) -> bool:
    """Return whether processors are to act now: nobody is told of an unproven request, or to erase what is held."""
    waits = request.state.closed or request.state is State.AWAITING_VERIFICATION
    held = request.held and request.type is RequestType.ERASURE
    return not waits and not held and request.level >= request.needs.forward


def identities(
    person: Person, request: Request, history: Iterable[Step], given: Collection[Given]
) -> tuple[Identity, ...]:
    """Return what a processor that may be ``given`` so much can find a person by.

    What who asks has merely typed finds somebody else too, so where identity has to be proven only what was proven
    is told: the mailbox by its letter, the receipt by its code, everything when somebody who knows the person vouched.
    """
    by = {step.actor.partition(":")[0] for step in history if step.act is Act.PROVE}
    vouched = bool(by & {Role.OPERATOR.value, Role.PROGRAM.value})
    known = (
        (Given.NAME, person.name, vouched),
        (Given.EMAIL, person.email, vouched or Role.SUBJECT.value in by),
        (Given.PHONE, person.phone, vouched),
        (Given.RECEIPT, str(request.receipt or ""), True),
    )
    anything = request.needs.forward is Level.NOTHING
    return tuple(
        Identity(type_, value, verified)
        for type_, value, verified in known
        if value and type_ in given and (verified or anything)
    )


class Standing(NamedTuple):
    """How the processors of one request stand, for its operator."""

    tasks: tuple[Task, ...]
    untold: tuple[str, ...]
    """Processors that act on such requests, and are not told of this one before more is proven."""

    @property
    def open(self) -> tuple[Task, ...]:
        """Return the tasks that are waited for."""
        return tuple(task for task in self.tasks if not task.state.closed)

    @property
    def waits(self) -> bool:
        """Return whether the request would be answered without one of them."""
        return bool(self.open or self.untold)
