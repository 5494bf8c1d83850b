"""What an answer grants, and what holds of it later."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consentgw.consents.model import Method, Signals, Standing, State, decide, standing
from consentgw.errors import UnknownPurpose
from tests.consents.answers import ASKED, KEYS, NOON, held, helds, notice, terms


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


GPC = Signals(gpc=True)
SIGNALS = st.builds(Signals, gpc=st.booleans(), adpc=st.booleans(), granted=ASKED.map(frozenset))
INSTANTS = st.integers(0, 4_000_000_000)


@st.composite
def situations(draw):
    """What somebody may hold, the terms it is held under, the instant, and what the browser says by itself."""
    one = draw(st.none() | helds())
    under = terms(
        *draw(ASKED),
        answerable=draw(st.sets(st.sampled_from(["n", "m", "f" * 64]))),
        rest=draw(st.sampled_from([0, 86_400, 40_000_000])),
        opt_out=draw(st.booleans()),
    )
    near = st.sampled_from([one.decided_at, one.expires_at - 1, one.expires_at]) if one else INSTANTS
    return one, under, draw(INSTANTS | near), draw(SIGNALS)


def counts(one, under, now):
    """Return whether an answer holds."""
    return one is not None and now < one.expires_at and one.notice in under.answerable


@given(situations())
def test_a_purpose_is_allowed_only_by_a_valid_answer_that_granted_it_or_where_none_holds_by_the_browser(given):
    one, under, now, signals = given
    holds = standing(one, under, now=now, signals=signals)

    if counts(one, under, now):
        assert holds.granted <= (one.granted if one.method is not Method.WITHDRAW else frozenset())
        assert holds.granted | holds.curbed == (one.granted if one.method is not Method.WITHDRAW else frozenset())
    else:
        assert holds.granted <= signals.granted & under.asked
    for purpose in under.asked - holds.granted:
        assert not holds.allows(frozenset({purpose}))
        assert not holds.allows(holds.granted | {purpose})


@given(situations())
def test_an_open_purpose_never_releases_anything(given):
    holds = standing(given[0], given[1], now=given[2], signals=given[3])

    assert not holds.open & holds.granted
    assert all(not holds.allows(frozenset({purpose})) for purpose in holds.open)


@given(situations())
def test_nobody_who_answered_is_asked_again_but_for_one_of_three_reasons(given):
    one, under, now, signals = given
    holds = standing(one, under, now=now, signals=signals)

    if one and holds.asks:
        expired, changed = now >= one.expires_at, one.notice not in under.answerable
        new = bool(under.asked - one.granted - one.refused)
        assert expired or changed or new
        if expired and one.refused:
            assert now >= one.decided_at + under.rest.total_seconds()


@given(situations())
def test_a_browser_that_speaks_for_the_person_is_not_asked(given):
    one, under, now, signals = given

    assert not (signals.spoken and standing(one, under, now=now, signals=signals).asks)


@given(situations())
def test_after_an_opt_out_nobody_is_asked_anything_before_it_has_rested(given):
    one, under, now, signals = given
    holds = standing(one, under, now=now, signals=signals)

    if one and one.refused and under.opt_out and now < one.decided_at + under.rest.total_seconds():
        assert not holds.asks


@given(situations())
def test_no_purpose_at_all_is_never_allowed(given):
    assert not standing(given[0], given[1], now=given[2], signals=given[3]).allows(frozenset())


@given(situations())
def test_where_a_signal_is_honoured_it_never_changes_what_an_explicit_choice_says(given):
    one, under, now, signals = given
    under = replace(under, opt_out=False)

    if counts(one, under, now):
        silent = standing(one, under, now=now)
        assert replace(standing(one, under, now=now, signals=signals), quiet=silent.quiet) == silent


@given(situations())
def test_no_signal_releases_what_it_speaks_against(given):
    one, under, now, _ = given
    holds = standing(one, under, now=now, signals=Signals(gpc=True, adpc=True, granted=under.asked))

    if not counts(one, under, now) or (under.opt_out and not one.signal):
        assert not holds.granted & under.sold


@pytest.mark.parametrize("granted_under_a_signal", [False, True])
@pytest.mark.parametrize("opt_out", [False, True], ids=["honoured", "opt-out"])
def test_by_law_a_signal_is_stronger_than_a_yes_given_without_it_and_weaker_than_one_given_with_it(
    opt_out, granted_under_a_signal
):
    one = held({"analytics", "marketing", "maps"}, signal=granted_under_a_signal)
    under = terms("analytics", "marketing", "maps", opt_out=opt_out)

    holds = standing(one, under, now=0, signals=GPC)

    off = {"marketing", "maps"} if opt_out and not granted_under_a_signal else set()
    assert holds.curbed == off
    assert holds.granted == one.granted - off
    assert holds.state is State.VALID


def test_a_signal_without_a_choice_keeps_everything_off_and_asks_nothing():
    holds = standing(None, terms("analytics"), now=0, signals=GPC)

    assert holds.state is State.SIGNAL
    assert holds.granted == frozenset()
    assert not holds.asks


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
    holds = standing(held({"analytics"}, **changes), terms("analytics"), now=now)

    assert holds.state is state
    assert holds.decided is decided
    assert holds.asks is not decided
    assert holds.allows(frozenset({"analytics"})) == (state is State.VALID)


def test_a_new_purpose_is_open_and_what_was_answered_goes_on():
    one = held({"analytics"}, refused=frozenset({"marketing"}))

    holds = standing(one, terms("analytics", "marketing", "maps"), now=0)

    assert holds.state is State.VALID
    assert holds.granted == {"analytics"}
    assert holds.open == {"maps"}
    assert not holds.decided
    assert holds.asks


def test_a_new_purpose_is_open_for_those_who_withdrew_too():
    gone = held(refused=frozenset({"analytics"}), method=Method.WITHDRAW)

    holds = standing(gone, terms("analytics", "maps"), now=0)

    assert (holds.state, holds.open, holds.granted) == (State.WITHDRAWN, {"maps"}, frozenset())


@pytest.mark.parametrize(
    ("refused", "now", "asks"),
    [({"marketing"}, 2_000, False), ({"marketing"}, 5_999, False), ({"marketing"}, 6_000, True), (set(), 2_000, True)],
)
def test_after_a_refusal_has_expired_nobody_is_asked_until_it_has_rested(refused, now, asks):
    one = held({"analytics"}, refused=frozenset(refused), decided_at=1_000, expires_at=2_000)

    holds = standing(one, terms("analytics", "marketing", rest=5_000), now=now)

    assert holds.state is State.EXPIRED
    assert holds.granted == frozenset()
    assert holds.asks is asks


def test_nothing_answered_is_undecided():
    assert standing(None, terms("analytics"), now=0) == Standing(State.UNDECIDED)
    assert standing(None, terms("analytics"), now=0).asks
