"""Legal holds: what is held is neither purged nor erased, locked once it is closed, and let go when it is released."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy.exc import IntegrityError

from consentgw.access import store as trail
from consentgw.db.database import utc_now
from consentgw.doctor import examine
from consentgw.errors import Held, Malformed, NotFound, OutOfTurn
from consentgw.law.profiles import RequestType
from consentgw.subject_requests import clock as purging
from consentgw.subject_requests import filing, locking, service, store
from consentgw.subject_requests.clock import CLASSES, WORDS_FOR, Clock, record_term
from consentgw.subject_requests.hold import Ground
from consentgw.subject_requests.model import SUBJECT, Act, Actor, Person, Reason, Role, State
from consentgw.subject_requests.store import Wanted
from tests.subject_requests.story import AIGERIM, BOLAT, DANA, YERLAN
from tests.subject_requests.test_service import case_of, do

pytestmark = pytest.mark.anyio

PROGRAM = Actor(Role.PROGRAM, "key-1")
RULING = "Court of Almaty, ruling 12/2026"


def answered(room, person=AIGERIM):
    """Let somebody complain and be answered."""
    request = room.ask(RequestType.COMPLAINT, person)
    do(room, service.complete, request, DANA, "So it is.")
    return request


def hold(room, request, ground=Ground.COURT, **said):
    return room.db.apply(lambda unit: locking.hold(unit, room.office, request.ref, DANA, ground, RULING, **said))


def release(room, request, placed, why="The ruling was set aside."):
    return do(room, locking.release, request, YERLAN, placed.number, why)


def purged(room):
    """Return what the last run of the purge said of each class: how many went, how many were held back."""
    query = f"SELECT kind, removed, held FROM purges ORDER BY sequence DESC LIMIT {len(CLASSES)}"
    return {row[0]: tuple(row[1:]) for row in room.db.ask(lambda c: c.exec_driver_sql(query).all())}


def there(room, request):
    try:
        room.db.ask(store.read, request.ref)
    except NotFound:
        return False
    return True


def test_a_hold_that_is_placed_and_released_at_the_desk_stands_in_the_trail(room):
    request = answered(room)
    placed = hold(room, request)
    release(room, request, placed)
    room.db.apply(lambda unit: locking.hold(unit, room.office, request.ref, PROGRAM, Ground.LAW, "By law."))

    entries = room.db.ask(trail.entries, "shop", before=None, limit=9)

    number = str(placed.number)  # a program's call enters what it does by itself
    assert [(one.actor, one.act, one.thing) for one in entries] == [
        (str(YERLAN), "release_hold", number),
        (str(DANA), "place_hold", number),
    ]


async def test_the_purge_passes_over_what_is_held_says_how_much_and_takes_the_rest(room, clock, monkeypatch):
    monkeypatch.setattr(purging, "_BATCH", 2)
    held = [answered(room) for _ in range(5)]
    for request in held:
        hold(room, request)
    clock.step(seconds=1)
    free = [answered(room, BOLAT) for _ in range(3)]
    clock.step(days=WORDS_FOR.days, seconds=1)

    await Clock(room.office).purge(room.db)

    assert {case_of(room, one).person for one in held} == {AIGERIM}
    assert {case_of(room, one).person for one in free} == {Person()}
    said = purged(room)
    assert said["words"] == (3, 5)
    assert said["requests"] == (0, 0)
    assert said["receipts"] == (0, 0)
    assert {said[kind][1] for kind in set(CLASSES) - {"words", "requests", "receipts"}} == {None}


async def test_what_was_held_goes_with_the_next_purge_after_its_last_hold_is_released(room, clock):
    request = answered(room)
    first, second = hold(room, request), hold(room, request, Ground.DISPUTE)
    clock.step(days=WORDS_FOR.days, seconds=1)
    steps = Clock(room.office)

    release(room, request, first)
    await steps.purge(room.db)
    assert case_of(room, request).person == AIGERIM

    release(room, request, second)
    await steps.purge(room.db)
    assert case_of(room, request).person == Person()
    assert purged(room)["words"] == (1, 0)


async def test_the_record_of_a_request_is_held_too_and_the_register_outlives_it(room, clock):
    request = answered(room)
    clock.step(days=WORDS_FOR.days, seconds=1)
    steps = Clock(room.office)
    await steps.purge(room.db)
    placed = hold(room, request, Ground.AUTHORITY)
    clock.step(days=record_term(room.site).days, seconds=1)
    await steps.purge(room.db)
    assert there(room, request)
    assert purged(room)["requests"] == (0, 1)

    ended = release(room, request, placed)
    await steps.purge(room.db)

    assert not there(room, request)
    assert room.db.ask(filing.register_of_holds) == [ended]
    assert room.db.ask(filing.register_of_holds, "news") == []
    assert (ended.why, ended.placed_by, ended.release.why, ended.release.by) == (
        RULING, str(DANA), "The ruling was set aside.", str(YERLAN),
    )  # fmt: skip


def test_who_held_when_and_why_stands_in_the_history_and_the_request_says_that_it_is_held(room, clock):
    request = answered(room)
    day = clock.now.date() + timedelta(days=90)

    placed = hold(room, request, review_on=day)

    assert (placed.ground, placed.review_on, placed.placed_at) == (Ground.COURT, day, clock.now)
    assert room.db.ask(store.read, request.ref).held
    assert [one.id for one in room.db.ask(store.listed, Wanted(held=True))] == [request.id]
    assert room.db.ask(store.listed, Wanted(held=False)) == []
    release(room, request, placed)
    assert not room.db.ask(store.read, request.ref).held
    lines = [(step.act, step.actor, step.why) for step in case_of(room, request).history[-2:]]
    assert lines == [
        (Act.HOLD, str(DANA), RULING),
        (Act.RELEASE, str(YERLAN), "The ruling was set aside."),
    ]


def test_a_held_request_is_not_erased_by_any_two(room):
    request = room.prove(room.ask(RequestType.ERASURE))
    do(room, service.erase, request, DANA, "She asked for it.")
    placed = hold(room, request)
    for actor in (DANA, YERLAN):
        with pytest.raises(Held):
            do(room, service.erase, request, actor, "Agreed")
    assert case_of(room, request).person == AIGERIM

    release(room, request, placed)

    assert do(room, service.erase, request, YERLAN, "Agreed").erased_at


def test_an_erasure_leaves_what_is_held_and_tells_the_person_that_something_stays(room):
    locked, earlier = room.prove(room.ask(RequestType.RESTRICTION)), room.prove(room.ask(RequestType.RESTRICTION))
    for one in (locked, earlier):
        do(room, service.complete, one, DANA, "Blocked")
    hold(room, locked, Ground.DISPUTE)
    request = room.prove(room.ask(RequestType.ERASURE))
    assert [one.id for one in room.db.ask(service.kept_back, room.office, case_of(room, request))] == [locked.id]
    do(room, service.erase, request, DANA, "She asked for it.")
    room.letters()

    done = do(room, service.erase, request, YERLAN, "Agreed")

    assert (done.state, done.reason) == (State.COMPLETED, Reason.KEPT_BY_LAW)
    assert case_of(room, locked).person == AIGERIM
    assert case_of(room, earlier).person == case_of(room, request).person == Person()
    (letter,) = room.letters()
    assert "requires to be kept" in letter.letter.paragraphs[0]


def test_an_erasure_of_everything_says_nothing_of_holds(room):
    request = room.prove(room.ask(RequestType.ERASURE))
    do(room, service.erase, request, DANA, "She asked for it.")
    room.letters()

    assert do(room, service.erase, request, YERLAN, "Agreed").reason is None

    assert "this address included" in room.letters()[0].letter.paragraphs[0]


@pytest.mark.parametrize("destroy", [store.erase, store.forget])
def test_no_verb_of_the_store_destroys_what_is_held(room, destroy):
    request = answered(room)
    hold(room, request)

    with pytest.raises(Held):
        room.db.apply(destroy, request)

    assert case_of(room, request).person == AIGERIM


def test_no_program_reads_who_asked_in_what_is_locked(room):
    open_, closed = room.ask(RequestType.COMPLAINT), answered(room)
    for one in (open_, closed):
        hold(room, one)

    assert do(room, service.reveal, open_, PROGRAM).person == AIGERIM  # it still has to be answered
    with pytest.raises(Held):
        do(room, service.reveal, closed, PROGRAM)
    assert do(room, service.reveal, closed, DANA).person == AIGERIM
    assert [step.act for step in case_of(room, closed).history].count(Act.REVEAL) == 1


def test_a_hold_has_a_reason_and_a_day_to_come_and_is_released_once(quick, clock):
    request, other = quick.ask(RequestType.COMPLAINT), quick.ask(RequestType.COMPLAINT, BOLAT)
    with pytest.raises(Malformed):
        do(quick, locking.hold, request, DANA, Ground.LAW, " \n")
    with pytest.raises(Malformed):
        hold(quick, request, review_on=clock.now.date())
    assert not quick.db.ask(filing.register_of_holds)
    placed = hold(quick, request)
    for wrong in (other, request):
        with pytest.raises((NotFound, Malformed)):
            do(quick, locking.release, wrong, DANA, placed.number, "It is over." if wrong is other else " ")

    release(quick, request, placed)

    with pytest.raises(OutOfTurn):
        release(quick, request, placed)


def test_holds_and_releases_cannot_be_changed_or_removed(room):
    request = answered(room)
    release(room, request, hold(room, request))
    before = room.db.ask(filing.register_of_holds)
    orders = (
        "UPDATE {} SET why = 'Eve was here'",
        "DELETE FROM {}",
        *(["REPLACE INTO {0} SELECT * FROM {0}"] if room.db.embedded else ["TRUNCATE {} CASCADE"]),
    )

    for table in ("legal_holds", "legal_hold_releases"):
        for sql in (order.format(table) for order in orders):
            with pytest.raises(IntegrityError, match="append-only"):
                room.db.apply(lambda unit, sql=sql: unit.connection.exec_driver_sql(sql))

    assert room.db.ask(filing.register_of_holds) == before


def test_the_doctor_complains_of_a_hold_that_nobody_reviewed(quick, clock, sqlite_settings):
    def complaints():
        return [found.what for found in examine(sqlite_settings) if not found.well and "review" in found.what]

    clock.now = utc_now() - timedelta(days=2)
    request = quick.ask(RequestType.COMPLAINT)
    placed = hold(quick, request, review_on=clock.now.date() + timedelta(days=1))
    hold(quick, request, review_on=utc_now().date() + timedelta(days=9))

    assert [f"hold {placed.number} at shop" in said for said in complaints()] == [True]
    clock.now = utc_now()
    release(quick, request, placed)
    assert complaints() == []


async def test_an_open_request_that_is_held_is_answered_and_reminded_of_like_any_other(quick, clock):
    request = quick.ask(RequestType.COMPLAINT)
    hold(quick, request)
    clock.step(days=30)
    await Clock(quick.office).remind(quick.db)
    assert quick.db.ask(store.read, request.ref).reminded == "overdue"

    assert do(quick, service.complete, request, DANA, "So it is.").state is State.COMPLETED
    assert quick.db.ask(store.read, request.ref).locked
    with pytest.raises(OutOfTurn):
        do(quick, service.cancel, request, SUBJECT)


def test_an_erasure_is_passed_on_to_no_processor_while_it_is_held(busy):
    request = busy.ask(RequestType.ERASURE)
    placed = hold(busy, request)
    busy.vouch(busy.prove(request))
    assert busy.tasks(request) == {}

    release(busy, request, placed)

    assert "delivery" in busy.tasks(request)
    hold(busy, request)
    do(busy, service.reject, request, DANA, Reason.KEPT_BY_LAW, "We keep it for the court.")
    assert {str(task.state) for task in busy.tasks(request).values()} == {"recalled"}
