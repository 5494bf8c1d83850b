"""Golden dates: computed once by hand from the public calendars, and never to drift unnoticed."""

from __future__ import annotations

from datetime import date

import pytest

from consentgw.errors import Malformed
from consentgw.law.deadlines import Calendar, due, extended, read_calendar
from consentgw.law.profiles import RequestType, profile

KZ = Calendar("KZ")


@pytest.mark.parametrize(
    ("received", "days", "expected"),
    [
        (date(2026, 3, 6), 1, date(2026, 3, 10)),  # Women's Day on a Sunday moves to Monday
        (date(2026, 3, 20), 3, date(2026, 3, 30)),  # Nauryz, 21 to 23 March, with two days moved
        (date(2026, 12, 31), 3, date(2027, 1, 8)),  # New Year and Orthodox Christmas
        (date(2026, 11, 23), 3, date(2026, 11, 26)),
    ],
)
def test_working_days_in_kazakhstan_skip_weekends_holidays_and_moved_holidays(received, days, expected):
    assert KZ.working_days_after(received, days) == expected


def test_access_asked_on_new_years_eve_is_due_on_the_eighth_of_january():
    rule = profile("kz").on(date(2026, 12, 31)).request(RequestType.ACCESS)

    deadline = due(rule, date(2026, 12, 31), KZ)

    assert deadline.due_on == date(2027, 1, 8)
    assert deadline.rule.source == "Rules 395/НҚ, clause 16"
    assert deadline.calendar.startswith("holidays ")


@pytest.mark.parametrize(
    ("received", "expected"),
    [
        (date(2026, 1, 31), date(2026, 3, 2)),  # no 31 February; the 28th is a Saturday
        (date(2026, 3, 10), date(2026, 4, 10)),
        (date(2026, 11, 13), date(2026, 12, 14)),  # the 13th is a Sunday
    ],
)
def test_a_month_ends_on_the_same_date_or_the_last_and_never_on_a_day_off(received, expected):
    rule = profile("eu").on(received).request(RequestType.ACCESS)

    assert due(rule, received, Calendar("IE")).due_on == expected


def test_california_counts_forty_five_calendar_days_and_as_many_more():
    rule = profile("us-ca").on(date(2026, 6, 1)).request(RequestType.ERASURE)
    calendar = Calendar("US")

    first = due(rule, date(2026, 6, 1), calendar)

    assert first.due_on == date(2026, 7, 16)
    assert extended(first, calendar).due_on == date(2026, 8, 31)  # the 30th is a Sunday


def test_an_extension_is_given_once_and_only_where_the_profile_allows_one():
    calendar = Calendar("IE")
    european = due(profile("eu").on(date(2026, 5, 5)).request(RequestType.ACCESS), date(2026, 5, 5), calendar)
    kazakh = due(profile("kz").on(date(2026, 5, 5)).request(RequestType.ACCESS), date(2026, 5, 5), KZ)

    with pytest.raises(Malformed):
        extended(extended(european, calendar), calendar)
    with pytest.raises(Malformed):
        extended(kazakh, KZ)


def test_withdrawal_is_at_once_in_europe():
    rule = profile("eu").on(date(2026, 5, 2)).request(RequestType.CONSENT_WITHDRAWAL)

    assert due(rule, date(2026, 5, 2), Calendar("IE")).due_on == date(2026, 5, 2)


def test_days_the_government_moved_are_read_from_a_file_and_told_with_the_date(tmp_path):
    moved = tmp_path / "kz.toml"
    moved.write_text("off = [2026-11-24]\nworked = [2026-11-28]\n")
    calendar = read_calendar("KZ", moved)

    assert calendar.working_days_after(date(2026, 11, 23), 1) == date(2026, 11, 25)
    assert calendar.working_days_after(date(2026, 11, 27), 1) == date(2026, 11, 28)
    assert calendar.version.endswith("KZ+1-1")


@pytest.mark.parametrize(
    "text", ["off = 3", "off = ['tomorrow']", "holidays = []", "off = [", "off = [2026-01-01T00:00:00Z]"]
)
def test_a_calendar_that_says_something_else_is_refused(tmp_path, text):
    file = tmp_path / "kz.toml"
    file.write_text(text)

    with pytest.raises(Malformed):
        read_calendar("KZ", file)
