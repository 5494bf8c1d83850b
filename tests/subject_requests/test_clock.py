"""What time does: reminders once each, the end of the unproven, and a purge that proves it ran."""

from __future__ import annotations

from datetime import timedelta

import pytest

from consentgw.consents import service as consents
from consentgw.consents import store as receipts
from consentgw.db.database import utc_now
from consentgw.doctor import examine
from consentgw.errors import NotFound
from consentgw.law.profiles import RequestType
from consentgw.notices import store as notices
from consentgw.registers import service as registers
from consentgw.registers.model import TRANSFERS_FOR
from consentgw.registers.store import counted
from consentgw.subject_requests import filing, locking, service, store
from consentgw.subject_requests.clock import (
    CLASSES,
    UNPROVEN_FOR,
    WORDS_FOR,
    Clock,
    at_risk,
    receipt_term,
    record_term,
)
from consentgw.subject_requests.hold import Ground
from consentgw.subject_requests.model import SUBJECT, Act, Person, State
from tests.notices import story
from tests.registers.entries import transfer
from tests.subject_requests.story import AIGERIM, BOLAT, DANA, Room, office_of
from tests.subject_requests.test_service import OPERATOR, case_of, do, topics

pytestmark = pytest.mark.anyio


async def test_what_is_due_soon_and_what_is_late_is_told_once_each(room, clock):
    first, second = room.ask(RequestType.INFORMATION), room.ask(RequestType.OBJECTION, BOLAT)
    steps = Clock(room.office)
    room.letters()
    for _ in range(2):
        await steps.remind(room.db)
    assert topics(room) == ["opened", "opened"]

    clock.step(days=2)  # due tomorrow
    for _ in range(2):
        await steps.remind(room.db)
    assert topics(room)[2:] == ["due_soon", "due_soon"]
    (letter,) = room.letters()
    assert letter.to == OPERATOR
    assert {first.number, second.number} <= set(" ".join(letter.letter.paragraphs).replace(":", "").split())
    assert AIGERIM.email not in str(letter.letter)

    do(room, service.complete, first, DANA, "So it is.")
    clock.step(days=2)
    for _ in range(2):
        await steps.remind(room.db)
    assert topics(room)[4:] == ["completed", "overdue"]


def test_deadlines_at_risk_are_counted_before_and_after_the_day_unless_the_time_stands_still(room, clock):
    def risk():
        return room.db.ask(at_risk, clock.now.date())

    room.ask()  # and nobody proves it
    answered = room.ask(RequestType.INFORMATION)
    room.ask(RequestType.OBJECTION, BOLAT)
    assert risk() == {"due_soon": 0, "overdue": 0}

    clock.step(days=2)  # due tomorrow
    assert risk() == {"due_soon": 2, "overdue": 0}

    do(room, service.complete, answered, DANA, "So it is.")
    clock.step(days=2)
    assert risk() == {"due_soon": 0, "overdue": 1}
    assert room.db.ask(store.count_open) == 2


async def test_nobody_is_reminded_of_what_waits_for_a_proof_and_it_ends_after_two_weeks(room, clock):
    request = room.ask()
    clock.step(days=13)
    await Clock(room.office).remind(room.db)
    assert room.db.ask(store.read, request.ref).state is State.AWAITING_VERIFICATION

    clock.step(days=1)
    await Clock(room.office).remind(room.db)

    case = case_of(room, request)
    assert (case.request.state, case.request.closed_at) == (State.EXPIRED, clock.now)
    assert (case.history[-1].act, case.history[-1].actor) == (Act.EXPIRE, "clock")
    assert topics(room) == ["opened"]
    assert timedelta(days=14) == UNPROVEN_FOR

    (letter,) = [letter for letter in room.letters() if letter.letter.subject == "Your request has ended"]
    assert (letter.to, letter.letter.link) == (AIGERIM.email, "")
    assert request.number in letter.letter.paragraphs[0]


@pytest.mark.parametrize(("email", "serving"), [("", True), (AIGERIM.email, False)])
async def test_the_time_of_what_no_letter_can_prove_runs_and_the_operator_is_reminded(room, clock, email, serving):
    unreached = Room(room.db, office_of(serving=serving))
    request = unreached.ask(person=Person(name="Aigerim", email=email))
    assert (request.state, request.paused_on) == (State.RECEIVED, None)

    clock.step(days=20)
    await Clock(unreached.office).remind(room.db)

    assert topics(room) == ["opened", "overdue"]
    assert room.db.ask(store.read, request.ref).state is State.RECEIVED
    known = unreached.vouch(request)
    assert (known.state, known.due_on) == (State.IN_PROGRESS, request.due_on)


async def test_words_go_a_month_after_the_end_and_the_record_after_the_time_the_site_says(room, clock):
    closed, open_ = room.ask(RequestType.COMPLAINT), room.ask(RequestType.INFORMATION, BOLAT)
    do(room, service.complete, closed, DANA, "So it is.")
    steps = Clock(room.office)
    clock.step(days=WORDS_FOR.days, seconds=-1)
    await steps.purge(room.db)
    assert case_of(room, closed).person == AIGERIM

    clock.step(seconds=2)
    await steps.purge(room.db)
    case = case_of(room, closed)
    assert (case.person, case.texts) == (Person(), ())
    assert case.request.state is State.COMPLETED
    assert case.history[-1].actor == "clock"

    clock.step(days=record_term(room.site).days - WORDS_FOR.days, seconds=1)
    await steps.purge(room.db)
    with pytest.raises(NotFound):
        room.db.ask(store.read, closed.ref)
    assert case_of(room, open_).person == BOLAT


async def test_more_than_one_batch_is_removed(quick, clock):
    for _ in range(120):
        do(quick, service.cancel, quick.ask(RequestType.COMPLAINT, Person(details="x")), SUBJECT)
    clock.step(days=WORDS_FOR.days, seconds=1)

    await Clock(quick.office).purge(quick.db)

    left = "SELECT count(*) FROM subject_requests WHERE details IS NOT NULL"
    assert quick.db.ask(lambda c: c.exec_driver_sql(left).scalar_one()) == 0


async def test_every_run_is_kept_and_a_purge_that_stopped_is_complained_of(quick, clock, sqlite_settings):
    quick.ask(RequestType.COMPLAINT)
    clock.now = utc_now() - timedelta(hours=49)
    await Clock(quick.office).purge(quick.db)
    assert set(quick.db.ask(filing.last_purges)) == set(CLASSES)

    def complaints():
        return [finding.what for finding in examine(sqlite_settings) if not finding.well and "purge" in finding.what]

    assert len(complaints()) == 1
    clock.now = utc_now()
    await Clock(quick.office).purge(quick.db)
    assert complaints() == []
    clock.step(days=401)
    await Clock(quick.office).purge(quick.db)
    runs = "SELECT count(*) FROM purges"
    assert quick.db.ask(lambda c: c.exec_driver_sql(runs).scalar_one()) == len(CLASSES)


async def test_the_purge_removes_counts_of_transfers_past_their_term_and_says_how_many(room, clock):
    old = clock.now.date() - TRANSFERS_FOR - timedelta(days=1)
    room.db.apply(registers.count, {transfer(room.site.slug, old): 2, transfer(room.site.slug, clock.now.date()): 1})

    await Clock(room.office).purge(room.db)

    assert [times for _, times in room.db.ask(counted)] == [1]
    removed = "SELECT removed FROM purges WHERE kind = 'transfers'"
    assert room.db.ask(lambda c: c.exec_driver_sql(removed).scalar_one()) == 1


def decide(room, previous=None):
    """Let somebody answer at this hour, under an identifier of the partner's when it is for the first time."""

    def say(unit):
        notice = notices.latest(unit.connection, room.site.slug, story.TAGS).current["kk"]
        held = consents.record(unit, story.answer(notice, previous=previous), story.signer(unit))
        if previous is None:
            receipts.link(unit, room.site.slug, held.subject.bytes * 2, held.subject)
        return held

    return room.db.apply(say)


def past(room):
    """Return how long ago a choice was made whose receipt is past its term."""
    return room.site.validity + receipt_term(room.site) + timedelta(days=1)


def left(room):
    """Return the receipts that are left, and the subjects that identifiers stand for."""

    def read(connection):
        found = {kept.receipt.id for kept in receipts.newest(connection, 99)}
        rows = connection.exec_driver_sql("SELECT subject FROM identifiers")
        return found, {bytes(row[0]) for row in rows}

    return room.db.ask(read)


def counted_in(room, kind):
    """Return what the last purge says of a class: how many it removed, and how many a hold kept back."""
    query = f"SELECT removed, held FROM purges WHERE kind = '{kind}' ORDER BY sequence DESC LIMIT 1"
    return tuple(room.db.ask(lambda connection: connection.exec_driver_sql(query).one()))


async def test_a_receipt_goes_once_its_choice_is_past_its_term_and_with_the_last_one_the_identifier(room, clock):
    now = clock.now
    clock.now = now - past(room)
    decide(room)
    early = decide(room)
    clock.now = now - past(room) + timedelta(days=2)
    kept = decide(room)
    clock.now = now
    anew = decide(room, early)

    await Clock(room.office).purge(room.db)

    assert left(room) == ({kept.receipt, anew.receipt}, {kept.subject.bytes, early.subject.bytes})
    assert counted_in(room, "receipts") == (2, 0)


async def test_the_receipts_of_who_asked_stay_while_a_legal_hold_is_on_the_request(room, clock):
    now = clock.now
    clock.now = now - past(room)
    held = decide(room)
    clock.now = now
    request = room.ask(RequestType.COMPLAINT, receipt=held.receipt)
    hold = do(room, locking.hold, request, DANA, Ground.DISPUTE, "The claim of 24 November.")

    await Clock(room.office).purge(room.db)
    assert left(room)[0] == {held.receipt}
    assert counted_in(room, "receipts") == (0, 1)

    do(room, locking.release, request, DANA, hold.number, "The claim was taken back.")
    await Clock(room.office).purge(room.db)
    assert left(room) == (set(), set())
    assert counted_in(room, "receipts") == (1, 0)
