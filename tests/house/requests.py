"""The pages of subjects' requests, in every state a person can meet them in."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING
from uuid import UUID

from consentgw.law.profiles import RequestType, profile
from consentgw.subject_requests.asking import FIELDS, NOTHING_TYPED, Trouble, Typed
from consentgw.subject_requests.hold import Ground, Hold
from consentgw.subject_requests.model import NEEDS, Capacity, Kind, Level, Person, Reason, Request, State, Text
from consentgw.subject_requests.tasks import TaskState
from consentgw.subject_requests.views import (
    AskView,
    ChooseView,
    ComplaintView,
    ConfirmView,
    MovedView,
    Offered,
    OverView,
    Passed,
    StatusView,
    sentence,
    title,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from consentgw.http.pages import View
    from consentgw.sites.model import Site

AT = datetime(2026, 11, 24, 7, tzinfo=UTC)
RULES = profile("kz").on(AT.date())
TYPED = Person(
    name="Dala <b>", email="dala@", phone="+7", details="<i>Dala</i>\nDala", representative="", capacity=Capacity.MYSELF
)
HOLDS = tuple(
    Hold(
        number=number,
        site="shop",
        request=UUID(int=3),
        ground=ground,
        why="Dala <b>: never for the person",
        review_on=date(2027, 6, number) if number % 2 else None,
        placed_by="operator:dana",
        placed_at=AT,
    )
    for number, ground in enumerate(Ground, 1)
)
TROUBLE = {
    "email": Trouble.EMAIL,
    "details": Trouble.LONG,
    "representative": Trouble.EMPTY,
    "name": Trouble.ODD,
    "website": Trouble.TRAP,
}


def request(state: State, type_: RequestType = RequestType.ACCESS, level: Level = Level.NOTHING) -> Request:
    """Return a request that stands there."""
    return Request(
        id=UUID(int=0x0193B2C4_7D5E_7C1A_9F00_1B2C3D4E5F60),
        site="shop",
        type=type_,
        state=state,
        level=level,
        language="kk",
        receipt=None,
        received_at=AT,
        due_on=date(2026, 11, 27),
        rule=RULES.request(type_),
        calendar="holidays 0.109 KZ",
        extended=state is State.EXTENDED,
        paused_on=AT.date() if state is State.AWAITING_VERIFICATION else None,
        reason=Reason.NO_MATCH if state is State.REJECTED else None,
        closed_at=AT if state.closed else None,
    )


def request_pages(site: Site, language: str) -> Iterator[tuple[str, View]]:
    """Yield the pages of this room in one language."""
    page = {"language": language, "languages": site.languages, "site_slug": site.slug, "site_name": site.name}
    authority = site.authority_in(language, AT.date())
    offered = tuple(
        Offered(type=type_, title=title(type_, site, language), sentence=sentence(type_, site, language), time="3 Dala")
        for type_ in (rule.type for rule in RULES.requests if rule.starts == "receipt")
    )
    for code in ("", "c0de"):
        choose = ChooseView(**page, site=site, offered=offered, authority=authority, receipt=code)
        yield f"requests-{code}-{language}", choose
    for type_ in (one.type for one in offered):
        form = AskView(
            **page,
            site=site,
            type=type_,
            fields=FIELDS[type_],
            rule=RULES.request(type_),
            level=NEEDS[type_].start,
            adult_at=18 if FIELDS[type_].identified else 0,
            mail=True,
            token="t0ken",
            typed=NOTHING_TYPED,
        )
        yield f"request-form-{type_}-{language}", form
        again = replace(form, typed=Typed(TYPED, TROUBLE), again="trouble", mail=False)
        yield f"request-form-again-{type_}-{language}", again
    withdrawal = replace(form, type=RequestType.CONSENT_WITHDRAWAL, receipt="c0de", again="old")
    yield f"request-form-at-once-{language}", withdrawal
    said = tuple(Text(AT, "x", kind, "Dala <b>\nDala") for kind in (Kind.FROM_SUBJECT, Kind.TO_SUBJECT))
    for state in State:
        status = StatusView(
            **page,
            site=site,
            request=request(state),
            code="c0de",
            texts=said,
            letter=True,
            answer=("5f" * 32, AT, 3) if state is State.COMPLETED else None,
            authority=authority,
            receipts_until=1095,
        )
        yield f"request-{state}-{language}", status
        yield (
            f"complaint-{state}-{language}",
            ComplaintView(**page, site=site, request=request(state), authority=authority, today=date(2026, 12, 1)),
        )
    passed = tuple(Passed(f"Dala {stage} <b>", "Dala & sons.", "It has <answered>.") for stage in TaskState)
    for stage in (State.IN_PROGRESS, State.COMPLETED):
        known = request(stage, RequestType.ACCESS, Level.MATCHED)
        asked = replace(status, request=known, passed=passed, files=1, answer=("5f" * 32, AT, 3))
        yield f"request-passed-on-{stage}-{language}", asked
    unsure = request(State.IN_PROGRESS, RequestType.ERASURE, Level.MAILBOX)
    yield f"request-untold-{language}", replace(status, request=unsure, untold=True)
    for done in ("sent", "full", "wrong", "over", "said"):
        waiting = replace(
            status,
            request=request(State.AWAITING_VERIFICATION),
            done=done,
            letter=done != "said",
            written=done != "full",
        )
        yield f"request-{done}-{language}", waiting
    for reason in Reason:
        refused = replace(request(State.REJECTED, RequestType.ERASURE), reason=reason)
        yield f"request-{reason}-{language}", replace(status, request=refused, texts=())
    held = replace(request(State.REJECTED, RequestType.ERASURE), reason=Reason.KEPT_BY_LAW, held=True)
    yield f"request-held-{language}", replace(status, request=held, holds=HOLDS, texts=())
    partly = replace(request(State.COMPLETED, RequestType.ERASURE), reason=Reason.KEPT_BY_LAW, erased_at=AT)
    yield f"request-kept-back-{language}", replace(status, request=partly, texts=(), answer=None)
    yield f"request-confirm-{language}", ConfirmView(**page, site=site, request=waiting.request, key="k")
    for closed in (False, True):
        yield f"request-over-{closed}-{language}", OverView(**page, site=site, closed=closed)
        stands = State.CANCELLED if closed else State.IN_PROGRESS
        yield f"request-late-{stands}-{language}", replace(status, request=request(stands), done="late")
    yield f"request-moved-{language}", MovedView(**page, site=site)
