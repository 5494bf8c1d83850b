"""Every value of every profile says where it was read, and holds from a day on."""

from __future__ import annotations

from datetime import date

import pytest

from consentgw.errors import NotFound
from consentgw.law.profiles import Grade, RequestType, Unit, names, profile

TODAY = date(2026, 11, 23)


def test_five_profiles_can_be_chosen_and_two_wait_to_be_read():
    assert set(names()) == {"kz", "eu", "uk", "us-ca", "br"}
    for name in ("ru", "uz"):
        with pytest.raises(NotFound, match="disabled"):
            profile(name)
    with pytest.raises(NotFound, match="there is no law profile"):
        profile("atlantis")


@pytest.mark.parametrize("name", ["kz", "eu", "uk", "us-ca", "br"])
def test_every_profile_answers_every_question_today(name):
    rules = profile(name).on(TODAY)

    assert 1 <= rules.validity.days <= 395
    assert rules.validity.reask_after_refusal_days >= 182
    assert {"kk", "ru", "en"} <= set(rules.authority.name)
    for asked in ("access", "rectification", "erasure", "consent_withdrawal", "complaint"):
        rule = rules.request(RequestType(asked))
        assert rule.source
        assert rule.valid_from <= TODAY
        assert rule.checked_on <= TODAY


@pytest.mark.parametrize("name", ["kz", "eu", "uk", "us-ca", "br"])
def test_where_a_time_comes_from_is_said_in_every_language(name):
    for rule in profile(name).requests:
        assert set(rule.cited) == {"kk", "ru"}, rule.source
        assert len({rule.source, *rule.cited.values()}) == 3


@pytest.mark.parametrize(
    ("name", "type_", "limit", "unit"),
    [
        ("kz", "access", 3, Unit.WORKING_DAYS),
        ("kz", "rectification", 3, Unit.WORKING_DAYS),
        ("kz", "restriction", 3, Unit.WORKING_DAYS),
        ("kz", "consent_withdrawal", 15, Unit.WORKING_DAYS),
        ("kz", "objection", 3, Unit.WORKING_DAYS),
        ("kz", "erasure", 15, Unit.CALENDAR_DAYS),
        ("eu", "access", 1, Unit.MONTHS),
        ("uk", "complaint", 30, Unit.CALENDAR_DAYS),
        ("us-ca", "access", 45, Unit.CALENDAR_DAYS),
        ("us-ca", "objection", 15, Unit.WORKING_DAYS),
        ("br", "access", 15, Unit.CALENDAR_DAYS),
    ],
)
def test_the_limits_are_those_that_were_read(name, type_, limit, unit):
    rule = profile(name).on(TODAY).request(RequestType(type_))

    assert (rule.limit, rule.unit) == (limit, unit)


@pytest.mark.parametrize("type_", ["rectification", "restriction", "erasure"])
def test_in_kazakhstan_one_working_day_runs_from_the_ground_being_confirmed(type_):
    rule = profile("kz").on(TODAY).confirmed(RequestType(type_))

    assert rule is not None
    assert (rule.limit, rule.unit, rule.law) == (1, Unit.WORKING_DAYS, True)
    assert "Art. 25(2)(8)" in rule.source


def test_elsewhere_and_for_what_needs_no_ground_the_time_runs_from_receipt_alone():
    assert profile("kz").on(TODAY).confirmed(RequestType.ACCESS) is None
    for name in ("eu", "uk", "us-ca", "br"):
        rules = profile(name).on(TODAY)
        assert [rule for rule in rules.requests if rules.confirmed(rule.type)] == []


def test_a_value_nobody_could_check_is_never_printed_as_law():
    erasure = profile("kz").on(TODAY).request(RequestType.ERASURE)
    access = profile("kz").on(TODAY).request(RequestType.ACCESS)

    assert erasure.grade is Grade.UNVERIFIED
    assert not erasure.law
    assert access.law


def test_what_holds_depends_on_the_day():
    before = profile("kz").on(date(2025, 10, 8))
    after = profile("kz").on(date(2025, 10, 9))

    assert before.authority.called("en").startswith("Ministry of Digital Development")
    assert after.authority.called("en").startswith("Ministry of Artificial Intelligence")
    with pytest.raises(NotFound):
        before.request(RequestType.OBJECTION)
    with pytest.raises(NotFound):
        profile("kz").on(date(1990, 1, 1))
