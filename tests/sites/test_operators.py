"""Who is answerable, in the language it is shown in; and what a law profile asks of a site."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consentgw.errors import Malformed
from consentgw.sites import store
from consentgw.sites.inventory import DataItem, Retention, Words, usual_data, usual_retention
from consentgw.sites.model import Authority, Called, admit, registered_in_kazakhstan
from tests.policies.shop import SHOP

DAY = date(2026, 11, 24)
OWN = Authority({"kk": "Орган", "ru": "Орган РК", "en": "The body"}, "https://body.example/", date(2026, 11, 1))
EVERYWHERE = {language: Words("T", "S.") for language in ("kk", "ru", "en")}


def test_an_operator_is_called_by_its_name_in_each_language():
    site = replace(SHOP, called={"ru": Called("ТОО «Дана Сауда»", "г. Алматы, пр. Абая, 1")})

    assert site.operator_in("ru").name == "ТОО «Дана Сауда»"
    assert site.operator_in("ru").address == "г. Алматы, пр. Абая, 1"
    assert site.operator_in("ru").registration == SHOP.operator.registration
    assert site.operator_in("kk") == site.operator_in("en") == SHOP.operator


@pytest.mark.parametrize("language", ["kk", "de"])
def test_a_name_in_the_first_language_or_in_one_the_site_does_not_speak_is_refused(language):
    with pytest.raises(Malformed, match="one name in the site's first language"):
        replace(SHOP, called={language: Called("x", "y")})


def test_the_authority_is_the_one_of_the_law_profile_on_that_day():
    assert SHOP.authority_in("en", DAY).name.startswith("Ministry of Artificial Intelligence")
    assert SHOP.authority_in("en", date(2025, 1, 1)).name.startswith("Ministry of Digital Development")
    assert SHOP.authority_in("ru", DAY).link.startswith("https://")
    assert replace(SHOP, profile="uk").authority_in("en", DAY).name == "Information Commissioner's Office"


def test_a_site_may_name_another_authority():
    shown = replace(SHOP, authority=OWN).authority_in("ru", DAY)

    assert (shown.name, shown.link, shown.checked_on) == ("Орган РК", "https://body.example/", date(2026, 11, 1))


@pytest.mark.parametrize("link", ["javascript:alert(1)", "http://body.example/", "https://body.example/ x", "//x", "x"])
def test_a_link_that_could_be_anything_else_is_refused(link):
    with pytest.raises(Malformed, match="the link to an authority"):
        replace(OWN, link=link)


@pytest.mark.parametrize("number", ["240140012342", "260140999913", "260240999927"])
def test_a_bin_whose_last_digit_checks_the_others_is_taken(number):
    assert registered_in_kazakhstan(number)
    admit(replace(SHOP, operator=replace(SHOP.operator, registration=number)), DAY)


@pytest.mark.parametrize(
    "number", ["", "1", "24014001234", "2401400123422", "24014001234x", "٢٤٠١٤٠٠١٢٣٤٢", " 240140012342"]
)
def test_what_is_no_bin_is_refused(number):
    assert not registered_in_kazakhstan(number)
    with pytest.raises(Malformed, match="is no BIN or IIN"):
        admit(replace(SHOP, operator=replace(SHOP.operator, registration=number)), DAY)


@given(st.from_regex(r"[0-9]{11}", fullmatch=True))
def test_of_ten_last_digits_at_most_one_is_right(digits):
    assert sum(registered_in_kazakhstan(f"{digits}{last}") for last in range(10)) <= 1


def test_the_number_is_not_checked_where_another_law_holds():
    admit(replace(SHOP, profile="eu", operator=replace(SHOP.operator, registration="HRB 1")), DAY)


@pytest.mark.parametrize("profile", ["ru", "uz", "mars", ""])
def test_a_law_profile_that_is_unknown_or_disabled_is_refused(db, profile):
    with pytest.raises(Malformed, match="law profile"):
        db.apply(store.keep, replace(SHOP, profile=profile))


def test_a_site_that_lacks_a_required_language_is_not_kept(db):
    with pytest.raises(Malformed, match="does not speak ru"):
        db.apply(store.keep, replace(SHOP, languages=("kk", "en")))
    db.apply(store.keep, replace(SHOP, languages=("kk", "ru")))
    db.apply(store.keep, replace(SHOP, slug="isle", profile="uk", languages=("en",)))


def test_what_a_site_keeps_of_people_has_words_in_every_language_it_speaks():
    for part in (*usual_data(), *usual_retention()):
        assert set(part.wording) == {"kk", "ru", "en"}
        assert len({words.title for words in part.wording.values()}) == 3
        assert all(words.sentence.endswith(".") for words in part.wording.values())
    with pytest.raises(Malformed, match="shoe has no words in en"):
        replace(SHOP, data=(DataItem("shoe", {language: EVERYWHERE[language] for language in ("kk", "ru")}),))
    with pytest.raises(Malformed, match="stands twice"):
        replace(SHOP, retention=(Retention("a", EVERYWHERE, 1), Retention("a", EVERYWHERE, 2)))


@pytest.mark.parametrize("days", [0, -1])
def test_a_record_is_kept_for_whole_days(days):
    with pytest.raises(Malformed, match="whole days"):
        Retention("a", EVERYWHERE, days)


def test_all_of_it_comes_back_as_it_was_kept(db):
    site = replace(
        SHOP,
        called={"ru": Called("ТОО", "Алматы"), "en": Called("LLP", "Almaty")},
        authority=OWN,
        data=(DataItem("shoe", EVERYWHERE, frozenset({"analytics"}), required=True),),
        retention=(Retention("orders", EVERYWHERE, 1825),),
    )

    db.apply(store.keep, site)

    assert db.ask(store.read, "shop") == site
