"""By when: golden dates from the law profiles, pauses and the one extension."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from consentgw.errors import NotFound, OutOfTurn
from consentgw.law.profiles import RequestType, profile
from consentgw.sites import store as sites
from consentgw.subject_requests import proving, service, store
from consentgw.subject_requests.deadlines import soon
from consentgw.subject_requests.model import State
from tests.subject_requests.story import DANA, SHOP_IN_CALIFORNIA, SHOP_IN_EUROPE, Room, office_of


def noon(day: date) -> datetime:
    """Return noon in Astana."""
    return datetime(day.year, day.month, day.day, 7, tzinfo=UTC)


@pytest.mark.parametrize(
    ("received", "type_", "due"),
    [
        (date(2026, 12, 31), RequestType.ACCESS, date(2027, 1, 8)),
        (date(2026, 3, 20), RequestType.INFORMATION, date(2026, 3, 30)),
        (date(2026, 11, 24), RequestType.ACCESS, date(2026, 11, 27)),
        (date(2026, 11, 24), RequestType.OBJECTION, date(2026, 11, 27)),
        (date(2026, 11, 24), RequestType.RECTIFICATION, date(2026, 11, 27)),  # the one day runs from the ground
        (date(2026, 11, 24), RequestType.CONSENT_WITHDRAWAL, date(2026, 12, 15)),
        (date(2026, 11, 24), RequestType.ERASURE, date(2026, 12, 9)),
        (date(2026, 11, 24), RequestType.COMPLAINT, date(2026, 12, 4)),
    ],
)
def test_a_request_in_kazakhstan_is_due_when_the_law_says(quick, clock, received, type_, due):
    clock.now = noon(received)

    request = quick.ask(type_)

    assert request.due_on == due
    assert request.rule.source
    assert request.calendar.startswith("holidays ")
    assert quick.db.ask(store.read, request.ref) == request


@pytest.mark.parametrize(
    ("site", "received", "type_", "due", "longest"),
    [
        (SHOP_IN_EUROPE, date(2026, 1, 31), RequestType.ACCESS, date(2026, 3, 2), date(2026, 4, 30)),
        (SHOP_IN_CALIFORNIA, date(2026, 6, 1), RequestType.ERASURE, date(2026, 7, 16), date(2026, 8, 31)),
        (SHOP_IN_CALIFORNIA, date(2026, 6, 1), RequestType.OBJECTION, date(2026, 6, 23), None),
        (SHOP_IN_EUROPE, date(2026, 5, 2), RequestType.CONSENT_WITHDRAWAL, date(2026, 5, 2), None),
    ],
)
def test_elsewhere_too_and_extended_once_where_the_law_lets_it(quick, clock, site, received, type_, due, longest):
    clock.now = noon(received)
    quick.db.apply(sites.keep, site)
    room = replace(quick, site=site)
    request = room.ask(type_)
    assert request.due_on == due
    if request.state is State.AWAITING_VERIFICATION:
        request = room.prove(request)

    if longest is None:
        with pytest.raises(OutOfTurn):
            room.db.apply(service.extend, room.office, request.ref, DANA, "Many records")
    else:
        extended = room.db.apply(service.extend, room.office, request.ref, DANA, "Many records")
        assert (extended.due_on, extended.state, extended.extended) == (longest, State.EXTENDED, True)
        with pytest.raises(OutOfTurn):
            room.db.apply(service.extend, room.office, request.ref, DANA, "Once more")


def test_an_extension_keeps_what_the_clock_stood_still(quick, clock):
    clock.now = noon(date(2026, 11, 26))
    quick.db.apply(sites.keep, SHOP_IN_EUROPE)
    room = replace(quick, site=SHOP_IN_EUROPE)
    request = room.ask()
    clock.step(days=4)
    assert room.db.apply(proving.resend, room.office, request.ref)
    room.prove(request)
    clock.step(days=3)
    room.vouch(request)

    extended = room.db.apply(service.extend, room.office, request.ref, DANA, "Many records")

    assert extended.due_on == date(2027, 3, 2)  # three months and four days


def test_nothing_is_extended_after_the_first_limit(quick, clock):
    quick.db.apply(sites.keep, SHOP_IN_EUROPE)
    room = replace(quick, site=SHOP_IN_EUROPE)
    request = room.prove(room.ask())
    clock.now = noon(request.due_on)
    clock.step(days=1)

    with pytest.raises(OutOfTurn, match="has passed"):
        room.db.apply(service.extend, room.office, request.ref, DANA, "Many records")


def test_the_clock_stands_still_while_identity_is_being_proven_and_only_then(room, clock):
    request = room.ask()  # Tuesday, due on Friday
    assert request.paused_on == clock.now.date()
    clock.step(days=6)
    proving_again = room.db.apply(proving.resend, room.office, request.ref)
    assert proving_again

    proven = room.prove(request)  # Monday: four working days later

    assert (proven.due_on, proven.paused_on) == (date(2026, 12, 3), None)
    clock.step(days=2)
    assert room.db.apply(service.assign, room.office, request.ref, DANA, "dana").due_on == date(2026, 12, 3)


def test_a_proof_that_is_asked_for_stops_the_clock_until_it_is_given(room, clock):
    """The mail server came a day after the request."""
    request = Room(room.db, office_of(serving=False)).ask()
    clock.step(days=1)
    asked = room.db.apply(proving.ask_proof, room.office, request.ref, DANA, "The name is another one.")
    assert (asked.state, asked.paused_on) == (State.AWAITING_VERIFICATION, clock.now.date())
    room.letters()
    clock.step(days=2)
    assert room.db.apply(proving.resend, room.office, request.ref)

    known = room.prove(request)

    assert (known.due_on, known.state) == (date(2026, 12, 1), State.IN_PROGRESS)  # two working days later


def test_a_confirmed_ground_makes_it_one_working_day_and_never_longer(room, clock):
    request = room.prove(room.ask(RequestType.RECTIFICATION))
    confirmed = room.db.apply(service.confirm, room.office, request.ref, DANA, "The passport shows the name.")

    assert confirmed.due_on == date(2026, 11, 25)
    assert confirmed.rule.starts == "confirmation"
    clock.step(days=5)
    assert room.db.apply(service.confirm, room.office, request.ref, DANA, "Again").due_on == date(2026, 11, 25)


def test_what_the_law_of_a_site_does_not_know_cannot_be_asked(quick):
    with pytest.raises(NotFound):
        quick.ask(RequestType.PORTABILITY)


def test_a_request_is_near_its_due_date_within_a_third_of_its_time():
    rule = profile("eu").on(date(2026, 5, 5)).request(RequestType.ACCESS)
    received, due = date(2026, 5, 5), date(2026, 6, 5)

    assert not soon(rule, received, due, date(2026, 5, 28))
    assert soon(rule, received, due, date(2026, 5, 29))
    assert soon(rule, date(2026, 11, 24), date(2026, 11, 27), date(2026, 11, 26))
    assert not soon(rule, date(2026, 11, 24), date(2026, 11, 27), date(2026, 11, 25))
