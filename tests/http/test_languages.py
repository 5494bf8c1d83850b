"""Negotiation, and how dates, durations and countries are said."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consentgw.errors import Misconfigured
from consentgw.http.languages import (
    COUNTRIES,
    LANGUAGES,
    MONTHS,
    country,
    date_time,
    duration,
    gettext_for,
    long_date,
    negotiate,
    sentence,
)

OFFERED = ("kk", "ru", "en")


@pytest.mark.parametrize(
    ("header", "language"),
    [
        (None, "kk"),
        ("", "kk"),
        ("ru", "ru"),
        ("RU", "ru"),
        ("en-GB", "en"),
        ("kk-Cyrl-KZ", "kk"),
        ("kk-Latn-KZ, ru", "kk"),
        ("kk-Latn", "kk"),
        ("kk-Arab-CN, en", "kk"),
        ("kk_KZ", "kk"),
        ("de, fr;q=0.9", "kk"),
        ("de, en;q=0.5", "en"),
        ("ru;q=0.4, en;q=0.8", "en"),
        ("en;q=0.8, ru;q=0.8", "en"),
        ("ru;q=0, en;q=0.1", "en"),
        ("en;q=0", "kk"),
        ("*", "kk"),
        ("*;q=0.1, ru;q=0.9", "ru"),
        ("be, uk", "kk"),
    ],
)
def test_the_browsers_preference_is_followed_as_far_as_we_speak_it(header: str | None, language: str):
    assert negotiate(header, OFFERED) == language


def test_a_chosen_language_is_stronger_than_the_browser():
    assert negotiate("ru", OFFERED, chosen="en") == "en"
    assert negotiate("ru", OFFERED, chosen="en-GB") == "en"


@pytest.mark.parametrize("chosen", ["de", "", "\x00", "../../etc", "kk" * 900])
def test_a_chosen_language_that_we_do_not_speak_is_passed_over(chosen: str):
    assert negotiate("ru", OFFERED, chosen=chosen) == "ru"


def test_only_what_a_site_offers_is_answered():
    assert negotiate("kk, en", ("ru", "en")) == "en"
    assert negotiate("kk", ("ru", "en")) == "ru"
    assert negotiate("kk-KZ, kk", ("kk-KZ", "ru")) == "kk-KZ"


@pytest.mark.parametrize(
    "header",
    [";;;", "ru;q=", "ru;q=x, en;q=1e9", "ru;q=-1", "ru;q=.", "ru;q=²", "=,=", "\ud800", "-", "ru;q=nan", "a," * 9000],
)
def test_a_header_that_is_no_list_of_languages_is_answered_all_the_same(header: str):
    assert negotiate(header, OFFERED) in OFFERED


@given(st.text(), st.one_of(st.none(), st.text()))
def test_no_header_and_no_choice_makes_negotiation_fail(header: str, chosen: str | None):
    assert negotiate(header, OFFERED, chosen=chosen) in OFFERED


@given(st.permutations(["kk;q=0.3", "ru;q=0.2", "en;q=0.9"]))
def test_the_order_of_a_header_does_not_matter_where_weights_differ(ranges: list[str]):
    assert negotiate(", ".join(ranges), OFFERED) == "en"


def test_a_language_without_a_catalogue_is_refused_and_not_answered_in_another():
    with pytest.raises(Misconfigured, match="'de'"):
        gettext_for("de")
    with pytest.raises(Misconfigured):
        gettext_for("../en")


def test_a_marked_sentence_is_translated_where_it_is_shown():
    marked = sentence("Accept all")

    assert [gettext_for(language)(marked) for language in LANGUAGES] == [
        "Барлығын қабылдау",
        "Принять все",
        "Accept all",
    ]


def test_a_day_is_said_as_people_say_it():
    day = datetime(2026, 11, 23, 18, 39, tzinfo=UTC)

    assert long_date(day, "kk") == "2026 жылғы 23 қараша"
    assert long_date(day, "ru") == "23 ноября 2026 г."
    assert long_date(day, "en") == "23 November 2026"


def test_a_day_and_an_hour_are_those_of_utc_and_say_so():
    almaty = timezone(timedelta(hours=5))
    night = datetime(2027, 1, 1, 3, 5, tzinfo=almaty)

    assert date_time(night, "en") == "31 December 2026, 22:05 UTC"
    assert date_time(night, "kk") == "2026 жылғы 31 желтоқсан, 22:05 UTC"


@pytest.mark.parametrize(
    ("days", "said"),
    [(1, "1 день"), (2, "2 дня"), (5, "5 дней"), (11, "11 дней"), (21, "21 день"), (90, "90 дней"), (182, "182 дня")],
)
def test_russian_counts_days_in_three_forms(days: int, said: str):
    assert duration(days * 86_400, "ru") == said


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "until the browser is closed"),
        (1, "1 second"),
        (1_800, "30 minutes"),
        (86_400, "1 day"),
        (63_072_000, "2 years"),
        (33_696_000, "1 year 25 days"),
        (90_061, "1 day 1 hour 1 minute 1 second"),
    ],
)
def test_a_duration_is_said_exactly(seconds: int, said: str):
    assert duration(seconds, "en") == said


def test_kazakh_counts_without_changing_the_word():
    assert [duration(count * 86_400, "kk") for count in (1, 2, 5)] == ["1 күн", "2 күн", "5 күн"]


def test_a_country_is_named_in_every_language():
    assert [country("US", language) for language in LANGUAGES] == ["АҚШ", "США", "United States"]
    assert country("kz", "kk") == "Қазақстан"


def test_a_country_we_have_no_name_for_keeps_its_code():
    assert country("ZZ", "ru") == "ZZ"


def test_months_and_countries_have_a_name_of_their_own_in_every_language():
    for language in LANGUAGES:
        _ = gettext_for(language)
        assert len({_(month) for month in MONTHS}) == 12
        assert len({_(name) for name in COUNTRIES.values()}) == len(COUNTRIES)
