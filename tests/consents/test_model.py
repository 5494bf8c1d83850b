"""What an answer grants, and what holds of it later."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consentgw.consents.model import Method, Standing, State, decide, standing
from consentgw.errors import UnknownPurpose
from tests.consents.answers import ASKED, KEYS, NOON, held, helds, notice


@given(ASKED, st.data())
def test_what_is_ticked_is_granted_and_all_the_rest_is_refused(asked, data):
    ticked = data.draw(st.sets(st.sampled_from(sorted(asked)))) if asked else set()

    decision = decide(notice(*asked), Method.SAVE, list(ticked), at=NOON)

    assert decision.granted == ticked
    assert decision.refused == asked - ticked
    assert all(decision.allows(purpose) == (purpose in ticked) for purpose in asked)


@given(ASKED, KEYS)
def test_silence_is_refusal(asked, other):
    decision = decide(notice(*asked), Method.SAVE, (), at=NOON)

    assert decision.granted == frozenset()
    assert decision.refused == asked
    assert not decision.allows(other)
    assert not decision.allows("necessary")


@given(ASKED, st.sampled_from([Method.REJECT_ALL, Method.WITHDRAW]), st.data())
def test_refusing_and_withdrawing_grant_nothing_whatever_is_ticked(asked, method, data):
    ticked = data.draw(st.sets(st.sampled_from(sorted(asked)))) if asked else set()

    decision = decide(notice(*asked), method, ticked, at=NOON)

    assert decision.granted == frozenset()
    assert decision.refused == asked


@given(ASKED)
def test_accepting_all_grants_what_was_asked_and_only_that(asked):
    decision = decide(notice(*asked), Method.ACCEPT_ALL, (), at=NOON)

    assert decision.granted == asked
    assert not decision.allows("necessary")


@given(ASKED, KEYS, st.sampled_from(Method))
def test_what_was_not_asked_can_never_be_granted(asked, other, method):
    asked = asked - {other}

    with pytest.raises(UnknownPurpose):
        decide(notice(*asked), method, [*asked, other], at=NOON)
    with pytest.raises(UnknownPurpose):
        decide(notice(*asked), method, ["necessary"], at=NOON)


@given(helds(), st.booleans(), st.integers(0, 4_000_000_000), st.sets(st.sampled_from(["n", "m"])), KEYS)
def test_a_purpose_is_allowed_only_by_a_valid_unwithdrawn_answer_that_granted_it(one, signal, now, answerable, key):
    holds = standing(one, answerable=answerable, now=now, signal=signal)

    counts = one.expires_at > now and one.notice in answerable and one.method is not Method.WITHDRAW
    assert holds.granted == (one.granted if counts else frozenset())
    assert holds.allows(frozenset({key})) == (counts and key in one.granted)
    assert holds.allows(one.granted | {key}) == (counts and key in one.granted)


@given(helds(), st.booleans())
def test_no_purpose_at_all_is_never_allowed(one, signal):
    assert not standing(one, answerable={"n", "m"}, now=0, signal=signal).allows(frozenset())


@given(helds(), st.integers(0, 4_000_000_000))
def test_a_signal_never_changes_what_an_explicit_choice_says(one, now):
    assert standing(one, answerable={"n"}, now=now, signal=True) == standing(one, answerable={"n"}, now=now)


def test_a_signal_without_a_choice_keeps_everything_off_and_asks_nothing():
    holds = standing(None, answerable={"n"}, now=0, signal=True)

    assert holds == Standing(State.SIGNAL)
    assert holds.granted == frozenset()


@pytest.mark.parametrize(
    ("changes", "now", "state", "decided"),
    [
        ({}, 1_999, State.VALID, True),
        ({}, 2_000, State.EXPIRED, False),
        ({"notice": "old"}, 0, State.SUPERSEDED, False),
        ({"notice": "old"}, 2_000, State.EXPIRED, False),
        ({"method": Method.WITHDRAW}, 0, State.WITHDRAWN, True),
        ({"method": Method.REJECT_ALL}, 0, State.VALID, True),
    ],
)
def test_a_standing_says_why(changes, now, state, decided):
    holds = standing(held({"analytics"}, **changes), answerable={"n"}, now=now)

    assert holds.state is state
    assert holds.decided is decided
    assert holds.allows(frozenset({"analytics"})) == (state is State.VALID)


def test_nothing_answered_is_undecided():
    assert standing(None, answerable={"n"}, now=0) == Standing(State.UNDECIDED)
