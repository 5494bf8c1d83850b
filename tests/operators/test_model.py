"""What a role allows, when a session ends, and who can be an operator at all."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from consentgw.errors import Malformed
from consentgw.operators.model import IDLE, LONGEST, PROVEN, Act, Operator, Role, Session, acceptable
from tests.operators.desk import dana

NOON = datetime(2026, 11, 24, 7, 0, tzinfo=UTC)
MOMENT = timedelta(microseconds=1)


def test_a_viewer_reads_and_does_nothing_else():
    viewer = dana(Role.VIEWER)

    assert {act for act in Act if viewer.may(act, "shop")} == {Act.READ}


def test_a_handler_answers_but_takes_nothing_out_and_is_not_the_second_person():
    handler = dana(Role.HANDLER)

    assert handler.may(Act.HANDLE, "shop")
    assert not handler.may(Act.APPROVE, "shop")
    assert not handler.may(Act.EXPORT, "shop")


def test_the_officer_may_do_everything_but_say_who_works_here_and_the_owner_that_too():
    assert {act for act in Act if not dana(Role.OFFICER).may(act, "shop")} == {Act.MANAGE}
    assert all(dana(Role.OWNER).may(act, "shop") for act in Act)
    assert not dana(Role.OWNER, site="shop").may_all(Act.MANAGE)


def test_whoever_works_for_one_site_may_do_nothing_at_another():
    of_the_shop = dana(Role.OWNER, site="shop")

    assert of_the_shop.may(Act.EXPORT, "shop")
    assert not any(of_the_shop.may(act, "news") for act in Act)


@pytest.mark.parametrize("login", ["", "Dana", "dana b", "-dana", "d" * 65, "dana\n", "дана", "dana~"])
def test_a_login_that_cannot_be_typed_without_doubt_is_refused(login):
    with pytest.raises(Malformed):
        dana(login=login)


@pytest.mark.parametrize("name", ["", "  ", "Da\nna", "D" * 101])
def test_a_name_is_one_short_line(name):
    with pytest.raises(Malformed):
        Operator(dana().id, "dana", name, Role.VIEWER, None)


def test_a_session_ends_when_nobody_uses_it():
    session = Session(dana(), NOON, NOON, NOON)

    assert session.alive(NOON + IDLE - MOMENT)
    assert not session.alive(NOON + IDLE)


def test_a_session_ends_after_a_working_day_however_busy_it_is():
    late = NOON + LONGEST
    session = Session(dana(), NOON, late - MOMENT, NOON)

    assert session.alive(late - MOMENT)
    assert not session.alive(late)


def test_a_proof_of_who_is_there_counts_for_ten_minutes():
    session = Session(dana(), NOON, NOON, NOON)

    assert session.proven(NOON + PROVEN - MOMENT)
    assert not session.proven(NOON + PROVEN)


@pytest.mark.parametrize(
    "password", ["short", "elevenchars", "a" * 129, "aaaaaaaaaaaa", "dana@shop.example", "DANA@shop.example"]
)
def test_a_password_that_is_short_or_easily_guessed_is_not_taken(password):
    assert not acceptable(password, "dana@shop.example")


def test_a_long_password_is_taken_whatever_it_is_made_of():
    assert acceptable("saddle winter apple bridge", "dana")
    assert acceptable("ат пен арба, тау", "dana")
