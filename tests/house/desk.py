"""The desk's documents: its door, the queue and requests in the states in which they look different."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from markupsafe import Markup

from consentgw.desk.replies import replies
from consentgw.desk.views import CaseView, EndedView, Filter, PeopleView, QueueView
from consentgw.law import profiles
from consentgw.law.profiles import RequestType
from consentgw.operators.model import Operator, Role
from consentgw.operators.views import ArrivedView, JoinedView, JoinView, ProveView, SignInView, UsedView
from consentgw.subject_requests.hold import Ground, Hold, Release
from consentgw.subject_requests.model import Act, Capacity, Kind, Level, Person, Reason, Request, State, Step, Text
from consentgw.subject_requests.store import Case
from consentgw.subject_requests.tasks import Result, Standing, Task, TaskState

if TYPE_CHECKING:
    from collections.abc import Iterator

    from consentgw.http.pages import View

NOW = datetime(2026, 11, 24, 7, 0, tzinfo=UTC)
TODAY = date(2026, 11, 24)
DANA = Operator(UUID(int=7), "dana", "Dana", Role.OWNER, None)
_PICTURE = Markup('<svg viewBox="0 0 8 8" class="segno"><path class="qrline" stroke="#000" d="M4 4.5h3"/></svg>')


def request(number: int, type_: RequestType, state: State, due: int, **given: Any) -> Request:
    """Return a request that is due in so many days."""
    rule = profiles.profile("kz").on(TODAY).request(type_)
    return Request(
        id=UUID(int=0x0193B2C4_7D5E_7C1A_9F00_000000000000 + number * 0x1234567),
        site="shop",
        type=type_,
        state=state,
        level=Level.MAILBOX,
        language="kk",
        receipt=None,
        received_at=NOW - timedelta(days=2),
        due_on=TODAY + timedelta(days=due),
        rule=rule,
        calendar="holidays 0.109 KZ",
        **given,
    )


HELD = Hold(
    number=3,
    site="shop",
    request=UUID(int=3),
    ground=Ground.COURT,
    why="Алматы қалалық сотының ұйғарымы, 12/2026 <b>",
    review_on=TODAY + timedelta(days=189),
    placed_by=f"operator:{DANA.id}",
    placed_at=NOW,
)
HOLDS = (
    HELD,
    replace(HELD, number=4, ground=Ground.DISPUTE, review_on=TODAY),
    replace(HELD, number=5, ground=Ground.LAW, release=Release("The term is over.", f"operator:{DANA.id}", NOW)),
    replace(HELD, number=6, ground=Ground.AUTHORITY, review_on=None, placed_by="program:key-1"),
)
REQUESTS = (
    request(1, RequestType.ACCESS, State.IN_PROGRESS, -2, assignee=str(DANA.id)),
    request(2, RequestType.ERASURE, State.IN_PROGRESS, 0, proposed_by="operator:erlan"),
    request(3, RequestType.RECTIFICATION, State.AWAITING_VERIFICATION, 1, paused_on=TODAY),
    request(4, RequestType.COMPLAINT, State.EXTENDED, 9, extended=True),
    request(5, RequestType.OBJECTION, State.REJECTED, 3, reason=Reason.NO_MATCH, held=True),
)
PERSON = Person(
    name="Айгерім Серікқызы",
    email="aigerim.with.quite.a.long.address@mail.example",
    phone="+7 701 000 00 01",
    details="Менің деректерімнің көшірмесін беріңіз.\n<b>Барлығын</b>, өтінемін.",
)
HISTORY = (
    Step(NOW - timedelta(days=2), "subject", Act.OPEN, State.AWAITING_VERIFICATION, Level.NOTHING, ""),
    Step(NOW - timedelta(days=1), "subject", Act.PROVE, State.IN_PROGRESS, Level.MAILBOX, ""),
    Step(NOW, f"operator:{DANA.id}", Act.ASSIGN, State.IN_PROGRESS, Level.MAILBOX, ""),
    Step(NOW, "program:cg_7f3", Act.CONFIRM, State.IN_PROGRESS, Level.MAILBOX, "The warehouse confirms it."),
)
TEXTS = (
    Text(NOW - timedelta(days=1), "subject", Kind.FROM_SUBJECT, "Қашан дайын болады?"),
    Text(NOW, f"operator:{DANA.id}", Kind.TO_SUBJECT, "Осы аптада жауап береміз."),
    Text(NOW, f"operator:{DANA.id}", Kind.NOTE, "Ask the warehouse."),
)


def _about(language: str) -> dict[str, Any]:
    return {
        "language": language,
        "operator": DANA,
        "token": "t0ken",
        "today": TODAY,
        "people": {str(DANA.id): "Dana", "erlan": "Erlan"},
    }


TASKS = tuple(
    Task(
        id=UUID(int=number),
        request=UUID(int=1),
        site="shop",
        processor=f"p{number}",
        state=state,
        forwarded_at=NOW,
        due_on=TODAY - timedelta(days=number),
        expected_at=NOW,
        result=result,
        reason=Reason.KEPT_BY_LAW if result is Result.REFUSED else None,
        type=RequestType.ACCESS,
        submitted_at=NOW,
        number="ABCD-EFGH",
        files=number,
    )
    for number, (state, result) in enumerate(
        [*((state, None) for state in TaskState), *((TaskState.COMPLETED, result) for result in Result)]
    )
)


def queue(language: str, *found: Request, **chosen: str) -> QueueView:
    """Return the queue with these requests."""
    return QueueView(
        **_about(language),
        requests=found,
        late=frozenset(one.id for one in found[:1]),
        chosen=Filter(**chosen),
        sites={"shop": "Dala <Market>", "news": "Dana's news"},
        profiles={"shop": "kz", "news": "eu"},
        types=tuple(RequestType),
        more="/desk?after=2026-11-24_1" if found else "",
    )


def case(language: str, of: Request, **given: Any) -> CaseView:
    """Return one request on its page."""
    said = {
        "handles": True, "approves": True, "exports": True, "words": "", "read": "4", "reasons": tuple(Reason),
        "revocable": of.state is State.COMPLETED, "confirmable": True,
        "extendable": True, "processors": {}, "stands": Standing((), ()), "keeps": True,
        "holds": (), "kept_back": (), "profile": "kz", **given,
    }  # fmt: skip
    return CaseView(
        **_about(language),
        case=Case(of, PERSON, HISTORY, TEXTS),
        named="Dala <Market>",
        replies=replies(language),
        grounds=tuple(Ground),
        **said,
    )


def people(language: str, address: str) -> PeopleView:
    """Return who works here, just after somebody was invited or not."""
    return PeopleView(
        **_about(language),
        colleagues=(DANA, replace(DANA, id=UUID(int=8), login="erlan", name="Erlan", role=Role.HANDLER, site="shop")),
        sites={"shop": "Dala <Market>"},
        invited=address,
        again=not address,
        taken="" if address else "dana",
        failed=not address,
    )


def desk(language: str) -> Iterator[tuple[str, View]]:
    """Yield the name and the view of every document of the desk, in a language."""
    for refused in (False, True):
        yield (
            f"desk-sign-in-{refused}-{language}",
            SignInView(language=language, token="t0ken", refused=refused, elsewhere=refused, login="dana"),
        )
        yield (
            f"desk-prove-{refused}-{language}",
            ProveView(
                language=language, token="t0ken", refused=refused, operator=DANA,
                next="/desk/people" if refused else "/desk",
            ),
        )  # fmt: skip
        yield (
            f"desk-join-{refused}-{language}",
            JoinView(
                language=language,
                token="t0ken",
                refused=refused,
                elsewhere=refused,
                operator=DANA,
                invitation="1nvite",
                picture=_PICTURE,
                secret="JBSW Y3DP EHPK 3PXP JBSW Y3DP EHPK 3PXP",
            ),
        )
    yield f"desk-joined-{language}", JoinedView(language=language, recovery_codes=("ABCD-EFGH-IJKL-MNOP",) * 10)
    for words in ("", "A long text\nwith <b>lines</b>."):
        yield (
            f"desk-ended-{bool(words)}-{language}",
            EndedView(language=language, words=words, next="/desk/requests/x/y"),
        )
    yield f"desk-used-{language}", UsedView(language=language)
    yield f"desk-arrived-{language}", ArrivedView(language=language)
    for address in ("", "https://consent.example/desk/join/abcdefghijklmnopqrstuvwxyz~0123456789"):
        yield f"desk-people-{bool(address)}-{language}", people(language, address)
    yield f"desk-queue-{language}", queue(language, *REQUESTS, state="all")
    yield f"desk-queue-empty-{language}", queue(language)
    yield f"desk-queue-nothing-{language}", queue(language, find="AAAA-AAAA")
    for one in REQUESTS:
        yield f"desk-case-{one.type}-{language}", case(language, one)
    yield f"desk-case-known-{language}", case(language, replace(REQUESTS[0], level=Level.MATCHED), words="Words.")
    asked = case(
        language, replace(REQUESTS[0], level=Level.MATCHED),
        processors={task.processor: "Dala <Delivery>" for task in TASKS[:3]},
        stands=Standing(TASKS, ("later",)), failed="awaits_processors",
    )  # fmt: skip
    passed = tuple(replace(HISTORY[0], act=act, processor="p0") for act in (Act.FORWARD, Act.FETCH, Act.RECALL))
    yield f"desk-case-passed-on-{language}", replace(asked, case=replace(asked.case, history=passed))
    yield f"desk-case-failed-{language}", case(language, REQUESTS[0], failed="unproven")
    viewer = {"handles": False, "approves": False, "exports": False, "keeps": False}
    yield f"desk-case-viewer-{language}", case(language, REQUESTS[0], **viewer)
    yield f"desk-case-held-{language}", case(language, replace(REQUESTS[1], held=True), holds=HOLDS)
    yield f"desk-case-locked-{language}", case(language, REQUESTS[4], holds=HOLDS, **viewer)
    yield f"desk-case-kept-back-{language}", case(language, REQUESTS[1], kept_back=REQUESTS[3:])
    for capacity in Capacity:
        asks = replace(PERSON, representative="Гүлнәр <b>", capacity=capacity.value)
        page = case(language, REQUESTS[0])
        yield f"desk-case-asked-{capacity}-{language}", replace(page, case=replace(page.case, person=asks))
    erased = replace(REQUESTS[1], state=State.COMPLETED, erased_at=NOW, closed_at=NOW)
    yield f"desk-case-erased-{language}", case(language, erased)
