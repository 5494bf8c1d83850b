"""Golden dates: computed once by hand from the public calendars, and never to drift unnoticed."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consentgw.errors import Malformed, Misconfigured
from consentgw.law.deadlines import Calendar, due, extended, read_calendars
from consentgw.law.profiles import RequestType, profile

KZ = Calendar("KZ")
NONE = timedelta()


class _EveryDay(Calendar):
    """A country that works every day."""

    def works(self, day):
        return True


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
    longest = extended(first, date(2026, 6, 1), NONE, calendar)
    assert longest.due_on == date(2026, 8, 31)  # the 30th is a Sunday


@pytest.mark.parametrize(
    ("received", "first", "longest"),
    [
        (date(2026, 11, 26), date(2026, 12, 28), date(2027, 2, 26)),  # the first limit is St Stephen's Day, a Saturday
        (date(2026, 11, 30), date(2026, 12, 30), date(2027, 3, 1)),  # no 30 February; the 28th is a Sunday
        (date(2026, 1, 31), date(2026, 3, 2), date(2026, 4, 30)),
    ],
)
def test_one_month_and_two_more_are_three_months_from_receipt(received, first, longest):
    calendar = Calendar("IE")
    deadline = due(profile("eu").on(received).request(RequestType.ACCESS), received, calendar)

    assert (deadline.due_on, extended(deadline, received, NONE, calendar).due_on) == (first, longest)


@given(
    st.dates(date(2026, 1, 1), date(2030, 12, 31)),
    st.integers(0, 40),
    st.sampled_from([("eu", "IE"), ("uk", "GB"), ("us-ca", "US")]),
)
def test_an_extended_time_is_the_whole_time_and_what_the_clock_stood_moved_by_days_off_alone(received, stood, law):
    name, country = law
    calendar = Calendar(country)
    rule = profile(name).on(date(2026, 11, 26)).request(RequestType.ACCESS)
    whole = rule.model_copy(update={"limit": rule.limit + rule.extension.limit})
    first = due(rule, received, calendar)

    later = extended(first, received, timedelta(days=stood), calendar).due_on

    assert later > first.due_on
    assert calendar.works(later)
    if not stood:
        assert later == due(whole, received, calendar).due_on
    unmoved = extended(first, received, NONE, _EveryDay(country)).due_on + timedelta(days=stood)
    assert later == calendar.next_working_day(unmoved)


def test_an_extension_is_given_once_and_only_where_the_profile_allows_one():
    calendar = Calendar("IE")
    european = due(profile("eu").on(date(2026, 5, 5)).request(RequestType.ACCESS), date(2026, 5, 5), calendar)
    kazakh = due(profile("kz").on(date(2026, 5, 5)).request(RequestType.ACCESS), date(2026, 5, 5), KZ)

    with pytest.raises(Malformed):
        extended(extended(european, date(2026, 5, 5), NONE, calendar), date(2026, 5, 5), NONE, calendar)
    with pytest.raises(Malformed):
        extended(kazakh, date(2026, 5, 5), NONE, KZ)


def test_withdrawal_is_at_once_in_europe():
    rule = profile("eu").on(date(2026, 5, 2)).request(RequestType.CONSENT_WITHDRAWAL)

    assert due(rule, date(2026, 5, 2), Calendar("IE")).due_on == date(2026, 5, 2)


def test_days_the_government_moved_are_read_from_a_file_and_told_with_the_date(tmp_path):
    moved = tmp_path / "moved.toml"
    moved.write_text("[KZ]\noff = [2026-11-24]\nworked = [2026-11-28]\n[BR]\noff = [2026-11-25]\n")
    calendars = read_calendars(moved)

    assert calendars.of("KZ").working_days_after(date(2026, 11, 23), 1) == date(2026, 11, 25)
    assert calendars.of("KZ").working_days_after(date(2026, 11, 27), 1) == date(2026, 11, 28)
    assert "KZ+1-1 " in calendars.of("KZ").version
    assert calendars.of("US") == Calendar("US")


def test_another_correction_is_another_version_of_the_calendar(tmp_path):
    versions = set()
    for text in ("[KZ]\noff = [2026-11-24]", "[KZ]\noff = [2026-11-25]", "[KZ]\nworked = [2026-11-28]", "[KZ]"):
        (tmp_path / "moved.toml").write_text(text)
        versions.add(read_calendars(tmp_path / "moved.toml").of("KZ").version)

    assert len(versions) == 4
    assert read_calendars(None).of("KZ").version in versions


def test_a_byte_order_mark_in_front_of_a_calendar_is_no_part_of_it(tmp_path):
    file = tmp_path / "moved.toml"
    file.write_text("\ufeff[KZ]\noff = [2026-11-25]", "utf-8")

    assert read_calendars(file).of("KZ").working_days_after(date(2026, 11, 24), 1) == date(2026, 11, 26)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[KZ]\noff = 3", "two lists of dates"),
        ("[KZ]\noff = ['tomorrow']", "nothing else"),
        ("[KZ]\nholidays = []", "nothing else"),
        ("[KZ]\noff = [2026-01-01T00:00:00Z]", "nothing else"),
        ("[KZ]\noff = [2026-01-01]\nworked = [2026-01-01]", "2026-01-01"),
        ("[kz]\noff = [2026-01-01]", "a table is named like"),
        ("KZ = 3", "two lists of dates"),
        ("off = [2026-01-01]", "a table is named like"),
        ("off = [", "Invalid value"),
    ],
)
def test_a_calendar_that_says_something_else_is_refused_in_one_sentence(tmp_path, text, told):
    file = tmp_path / "moved.toml"
    file.write_text(text)

    with pytest.raises(Misconfigured) as caught:
        read_calendars(file)

    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith(f"CONSENTGW_CALENDAR: {file}: ")
    assert told in str(caught.value)


def test_a_calendar_that_is_not_there_is_named(tmp_path):
    with pytest.raises(Misconfigured, match="CONSENTGW_CALENDAR: cannot read"):
        read_calendars(tmp_path / "moved.toml")
