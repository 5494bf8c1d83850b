"""A subject's request: the states it can be in, the acts that lead from one to another, and the proof an answer needs.

Every act of every road in goes through :data:`MOVES`; what is not in that table cannot happen.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import TYPE_CHECKING, NamedTuple

from consentgw.errors import OutOfTurn, Unproven
from consentgw.law.profiles import RequestType

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime
    from uuid import UUID

    from consentgw.law.profiles import RequestRule


class State(StrEnum):
    """Where a request stands."""

    RECEIVED = "received"
    AWAITING_VERIFICATION = "awaiting_verification"
    IN_PROGRESS = "in_progress"
    EXTENDED = "extended"
    COMPLETED = "completed"
    REJECTED = "rejected"
    CANCELLED = "cancelled"
    EXPIRED = "expired"

    @property
    def closed(self) -> bool:
        """Return whether nothing more can happen to it."""
        return self in _CLOSED


_CLOSED = frozenset({State.COMPLETED, State.REJECTED, State.CANCELLED, State.EXPIRED})
OPEN = tuple(state for state in State if state not in _CLOSED)
"""States in which somebody still waits."""


class Act(StrEnum):
    """What can be done to a request. The last ones leave its state as it is."""

    OPEN = "open"
    ASSIGN = "assign"
    """Somebody takes it up, or hands it to a colleague."""
    ASK_PROOF = "ask_proof"
    PROVE = "prove"
    EXTEND = "extend"
    COMPLETE = "complete"
    REJECT = "reject"
    CANCEL = "cancel"
    EXPIRE = "expire"
    CONFIRM = "confirm"
    """The ground is confirmed, where a limit counts from that."""
    MESSAGE = "message"
    NOTE = "note"
    PROPOSE_ERASURE = "propose_erasure"
    REVEAL = "reveal"
    """A program has read who asks."""
    DOWNLOAD = "download"
    EXPORT = "export"
    """An operator has taken out what the gateway holds about who asks."""
    REVOKE = "revoke"
    """The answer can no longer be downloaded."""
    ERASE = "erase"
    """Names, addresses and texts are gone."""
    FORWARD = "forward"
    """A processor is told of it; this and what follows is done to that processor's task."""
    FETCH = "fetch"
    """The processor has read who asks."""
    ACKNOWLEDGE = "acknowledge"
    FULFIL = "fulfil"
    """The processor says what it has done."""
    DECLINE = "decline"
    """The processor does not take it on."""
    RECALL = "recall"
    """Nobody waits for the processor any more."""
    HOLD = "hold"
    """A law, a court, an authority or a dispute requires that it is kept (``hold.py``)."""
    RELEASE = "release"


_R, _A, _P, _E = State.RECEIVED, State.AWAITING_VERIFICATION, State.IN_PROGRESS, State.EXTENDED

MOVES: Mapping[tuple[State, Act], State] = {
    (_R, Act.ASSIGN): _P,
    (_R, Act.ASK_PROOF): _A,
    (_R, Act.PROVE): _P,
    (_R, Act.EXTEND): _E,
    (_R, Act.COMPLETE): State.COMPLETED,
    (_R, Act.REJECT): State.REJECTED,
    (_R, Act.CANCEL): State.CANCELLED,
    (_A, Act.ASSIGN): _A,
    (_A, Act.PROVE): _P,
    (_A, Act.REJECT): State.REJECTED,
    (_A, Act.CANCEL): State.CANCELLED,
    (_A, Act.EXPIRE): State.EXPIRED,
    (_P, Act.ASSIGN): _P,
    (_P, Act.PROVE): _P,
    (_P, Act.ASK_PROOF): _A,
    (_P, Act.EXTEND): _E,
    (_P, Act.COMPLETE): State.COMPLETED,
    (_P, Act.REJECT): State.REJECTED,
    (_P, Act.CANCEL): State.CANCELLED,
    (_E, Act.ASSIGN): _E,
    (_E, Act.PROVE): _E,
    (_E, Act.ASK_PROOF): _A,
    (_E, Act.COMPLETE): State.COMPLETED,
    (_E, Act.REJECT): State.REJECTED,
    (_E, Act.CANCEL): State.CANCELLED,
}
"""From a state, by an act, to a state. A proof that ends the wait of an extended request leads back to ``extended``."""

STAYING = frozenset(
    {
        Act.CONFIRM,
        Act.MESSAGE,
        Act.PROPOSE_ERASURE,
        Act.FORWARD,
        Act.FETCH,
        Act.ACKNOWLEDGE,
        Act.FULFIL,
        Act.DECLINE,
    }
)
"""Acts on an open request that leave its state as it is."""
ALWAYS = frozenset(
    {Act.NOTE, Act.REVEAL, Act.DOWNLOAD, Act.EXPORT, Act.REVOKE, Act.ERASE, Act.RECALL, Act.HOLD, Act.RELEASE}
)
"""Acts that are possible on a closed request too."""


class Level(IntEnum):
    """What a person has proven (the levels of our threat model; EDPB 01/2022 asks for proportion)."""

    NOTHING = 0
    MAILBOX = 1
    """Who asks reads the mailbox the request names."""
    MATCHED = 2
    """The contact is one the operator held before, or the mailbox is proven and a consent receipt was shown."""
    SIGNED_IN = 3
    """The person signed in at the partner."""


class Needs(NamedTuple):
    """The proof a type of request needs."""

    start: Level
    """Before anybody works on it."""
    answer: Level
    """Before it may be completed."""
    forward: Level
    """Before a processor is told of it."""


_NOBODY = Needs(Level.NOTHING, Level.NOTHING, Level.NOTHING)
_REVEALS = Needs(Level.MAILBOX, Level.MATCHED, Level.MATCHED)
_CHANGES = Needs(Level.MAILBOX, Level.MAILBOX, Level.MATCHED)
NEEDS: Mapping[RequestType, Needs] = {
    RequestType.ACCESS: _REVEALS,
    RequestType.PORTABILITY: _REVEALS,
    RequestType.RECTIFICATION: _REVEALS,
    # Control of the mailbox is enough for what is held under that address; a partner's records need a match.
    RequestType.ERASURE: _CHANGES,
    RequestType.RESTRICTION: _CHANGES,
    # Nobody has to say who they are to say no (11 CCR 7026; GDPR Art. 7(3)).
    RequestType.OBJECTION: _NOBODY,
    RequestType.CONSENT_WITHDRAWAL: _NOBODY,
    RequestType.COMPLAINT: _NOBODY,
    RequestType.INFORMATION: _NOBODY,
}
REVEALING = frozenset({RequestType.ACCESS, RequestType.PORTABILITY})
"""Types whose answer is the data itself."""


class Reason(StrEnum):
    """The lawful reasons to refuse (after the Data Rights Protocol's ``denied`` reasons; GDPR Art. 12(5), 17(3))."""

    NO_MATCH = "no_match"
    NOT_PROVEN = "not_proven"
    NOT_COVERED = "not_covered"
    """The right does not reach what was asked for."""
    KEPT_BY_LAW = "kept_by_law"
    OTHERS_RIGHTS = "others_rights"
    EXCESSIVE = "excessive"
    """Manifestly unfounded or repeated too often."""
    SUSPECTED_FRAUD = "suspected_fraud"
    OUTSIDE_JURISDICTION = "outside_jurisdiction"


class Role(StrEnum):
    """Who acts."""

    SUBJECT = "subject"
    OPERATOR = "operator"
    """A person at the desk."""
    PROGRAM = "program"
    """The holder of an API key."""
    CLOCK = "clock"
    """The gateway itself, because time has passed."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who does something; ``name`` is the id of an operator or of a key, and never a person's name."""

    role: Role
    name: str = ""

    def __str__(self) -> str:
        """Return it as it stands in the history."""
        return f"{self.role.value}:{self.name}" if self.name else self.role.value


SUBJECT = Actor(Role.SUBJECT)
CLOCK = Actor(Role.CLOCK)


class Ref(NamedTuple):
    """A request at a site: another site's is not found."""

    site: str
    id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request, without a word of who asks."""

    id: UUID
    site: str
    type: RequestType
    state: State
    level: Level
    language: str
    receipt: UUID | None
    """The consent receipt it was opened with."""
    received_at: datetime
    due_on: date
    rule: RequestRule
    """What gave the due date."""
    calendar: str
    """With which calendar it was counted."""
    extended: bool = False
    paused_on: date | None = None
    """Since when the clock stands still."""
    assignee: str = ""
    reason: Reason | None = None
    proposed_by: str = ""
    """Who proposed the erasure that a second person has yet to agree to."""
    turn: int = 0
    """Which of its status addresses is the one that works."""
    reminded: str = ""
    """The last reminder: ``due_soon`` or ``overdue``."""
    closed_at: datetime | None = None
    erased_at: datetime | None = None
    held: bool = False
    """Whether a legal hold is on it; known from the holds, and never written with the request."""

    @property
    def ref(self) -> Ref:
        """Return what verbs know it by."""
        return Ref(self.site, self.id)

    @property
    def number(self) -> str:
        """Return the number people say on the telephone; it opens nothing."""
        return number_of(self.id)

    @property
    def needs(self) -> Needs:
        """Return the proof it needs."""
        return NEEDS[self.type]

    @property
    def answerable(self) -> bool:
        """Return whether enough is proven for its answer."""
        return self.level >= self.needs.answer

    @property
    def withdrawn(self) -> bool:
        """Return whether it is a withdrawal with the receipt in hand, which took effect when it was opened."""
        return self.type is RequestType.CONSENT_WITHDRAWAL and self.receipt is not None

    @property
    def locked(self) -> bool:
        """Return whether it is kept for its hold alone: restricted instead of erased (GDPR Art. 18)."""
        return self.held and self.state.closed


def number_of(request: UUID) -> str:
    """Return the number that people say instead of an id."""
    text = base64.b32encode(request.bytes[-5:]).decode()
    return f"{text[:4]}-{text[4:]}"


def after(request: Request, act: Act) -> State:
    """Return the state an act leads to.

    Raises:
        OutOfTurn: the act has no place where the request stands.
        Unproven: it would be an answer to somebody who has not proven enough.
    """
    if act in ALWAYS or (act in STAYING and not request.state.closed):
        return request.state
    state = MOVES.get((request.state, act))
    if state is None:
        raise OutOfTurn(f"a request that is {request.state.value} does not take {act.value}")
    if act is Act.CANCEL and request.withdrawn:
        raise OutOfTurn("the consent is withdrawn already; calling this off would not bring it back")
    if act is Act.COMPLETE and not request.answerable:
        raise Unproven(f"{request.type.value} is answered at level {request.needs.answer}, not {request.level}")
    if act is Act.PROVE and request.extended:
        return State.EXTENDED
    return state


class Capacity(StrEnum):
    """In what capacity somebody asks, by the ages of the law profile."""

    MYSELF = "myself"
    WITH_REPRESENTATIVE = "with_representative"
    """A young person, whose representative agrees."""
    AS_REPRESENTATIVE = "as_representative"
    """A representative, for a child."""


@dataclass(frozen=True, slots=True)
class Person:
    """Who asks, and in what words. Every field may be empty; all are sealed."""

    name: str = ""
    email: str = ""
    phone: str = ""
    details: str = ""
    """What is asked for."""
    representative: str = ""
    """Name of the parent or other legal representative who agrees, or who asks in the person's place."""
    capacity: str = ""
    """How the representative takes part (:class:`Capacity`)."""


@dataclass(frozen=True, slots=True)
class Step:
    """One line of a request's history: who did what, when and why."""

    at: datetime
    actor: str
    act: Act
    state: State
    """The state it led to."""
    level: Level
    why: str
    """Empty where nothing was said, or where it has been erased."""
    processor: str = ""
    """Whose task it was done to; empty for the request itself."""


class Kind(StrEnum):
    """Whose words a text is."""

    FROM_SUBJECT = "from_subject"
    TO_SUBJECT = "to_subject"
    NOTE = "note"
    """Internal: the operator's own, never shown to the person."""


@dataclass(frozen=True, slots=True)
class Text:
    """A message or a note."""

    at: datetime
    actor: str
    kind: Kind
    words: str
