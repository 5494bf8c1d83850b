"""The table of moves, and what an answer needs."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from consentgw.consents.identifiers import uuid7
from consentgw.errors import OutOfTurn, Unproven
from consentgw.law.profiles import RequestType, profile
from consentgw.subject_requests.model import (
    ALWAYS,
    MOVES,
    NEEDS,
    OPEN,
    REVEALING,
    STAYING,
    Act,
    Level,
    Request,
    State,
    after,
)

RULE = profile("kz").on(date(2026, 11, 24)).request(RequestType.ACCESS)
REQUEST = Request(
    id=uuid7(),
    site="shop",
    type=RequestType.ACCESS,
    state=State.RECEIVED,
    level=Level.NOTHING,
    language="kk",
    receipt=None,
    received_at=datetime(2026, 11, 24, 7, tzinfo=UTC),
    due_on=date(2026, 11, 27),
    rule=RULE,
    calendar="holidays KZ",
)


def test_every_type_says_what_proof_it_needs_and_what_reveals_data_needs_a_match():
    assert set(NEEDS) == set(RequestType)
    assert all(NEEDS[type_].answer >= Level.MATCHED for type_ in REVEALING)
    assert all(needs.start <= needs.answer for needs in NEEDS.values())


@pytest.mark.parametrize("type_", [RequestType.CONSENT_WITHDRAWAL, RequestType.OBJECTION])
def test_nobody_has_to_say_who_they_are_to_say_no(type_):
    assert set(NEEDS[type_]) == {Level.NOTHING}


@pytest.mark.parametrize("state", [state for state in State if state.closed])
def test_nothing_leads_out_of_a_closed_request(state):
    closed = replace(REQUEST, state=state, level=Level.SIGNED_IN)
    for act in set(Act) - ALWAYS:
        with pytest.raises(OutOfTurn):
            after(closed, act)


@pytest.mark.parametrize("state", OPEN)
def test_every_open_request_can_be_refused_and_called_off(state):
    assert after(replace(REQUEST, state=state), Act.REJECT) is State.REJECTED
    assert after(replace(REQUEST, state=state), Act.CANCEL) is State.CANCELLED


@pytest.mark.parametrize("state", OPEN)
@pytest.mark.parametrize("type_", RequestType)
def test_no_open_request_is_completed_below_its_level(state, type_):
    for level in Level:
        request = replace(REQUEST, state=state, type=type_, level=level)
        if state is State.AWAITING_VERIFICATION:
            with pytest.raises(OutOfTurn):
                after(request, Act.COMPLETE)
        elif level < NEEDS[type_].answer:
            with pytest.raises(Unproven):
                after(request, Act.COMPLETE)
        else:
            assert after(request, Act.COMPLETE) is State.COMPLETED


def test_the_only_way_out_of_waiting_for_a_proof_toward_an_answer_is_a_proof():
    ways = {act: state for (before, act), state in MOVES.items() if before is State.AWAITING_VERIFICATION}

    assert ways == {
        Act.ASSIGN: State.AWAITING_VERIFICATION,
        Act.PROVE: State.IN_PROGRESS,
        Act.REJECT: State.REJECTED,
        Act.CANCEL: State.CANCELLED,
        Act.EXPIRE: State.EXPIRED,
    }


def test_only_who_has_not_proven_anything_runs_out_of_time():
    assert [before for before, act in MOVES if act is Act.EXPIRE] == [State.AWAITING_VERIFICATION]


def test_an_extended_request_stays_extended_when_a_proof_is_asked_for_in_between():
    waiting = replace(REQUEST, state=State.AWAITING_VERIFICATION, extended=True)

    assert after(waiting, Act.PROVE) is State.EXTENDED


def test_every_act_has_its_place():
    assert {act for _, act in MOVES} | STAYING | ALWAYS | {Act.OPEN} == set(Act)
    assert {before for before, _ in MOVES} == set(OPEN)


def test_the_number_for_the_telephone_is_short_and_opens_nothing():
    assert len(REQUEST.number) == 9
    assert REQUEST.number != replace(REQUEST, id=uuid7()).number
