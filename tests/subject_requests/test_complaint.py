"""The letter to the authority says what is so on the day it is printed, and to whom only where that is known."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, timedelta

import pytest

from consentgw.http.languages import LANGUAGES
from consentgw.http.pages import render
from consentgw.subject_requests import letters
from consentgw.subject_requests.model import Reason, State
from consentgw.subject_requests.views import ComplaintView
from tests.house.requests import request
from tests.policies.shop import SHOP
from tests.subject_requests.story import SHOP_IN_EUROPE

DUE = request(State.IN_PROGRESS).due_on


def printed(state, today, *, site=SHOP, language="en", **changed):
    """Return the text of the letter on a day."""
    view = ComplaintView(
        language=language,
        languages=LANGUAGES,
        site_slug=site.slug,
        site_name=site.name,
        site=site,
        request=replace(request(state), **changed),
        authority=site.authority_in(language, today),
        today=today,
    )
    main = re.search(r"<main.*</main>", render(view), re.DOTALL)[0]
    return " ".join(re.sub(r"<[^>]+>", " ", main).split())


def test_before_the_day_after_it_and_while_the_time_stands_still_it_says_what_is_so():
    before, after = printed(State.IN_PROGRESS, DUE), printed(State.IN_PROGRESS, DUE + timedelta(days=1))
    paused = printed(State.AWAITING_VERIFICATION, DUE + timedelta(days=1))

    assert "It is to be answered by 27 November 2026." in before
    assert "no answer in time" not in before
    assert "It was to be answered by 27 November 2026." in after
    assert "I have had no answer in time." in after
    assert "has stood still since 24 November 2026" in paused
    for wrong in ("answered by", "no answer in time"):
        assert wrong not in paused
    refused = printed(State.REJECTED, DUE, reason=Reason.NO_MATCH)
    assert "It was to be answered by" in refused
    assert "It was refused" in refused


def test_where_the_law_names_no_one_authority_its_name_is_left_to_fill_in():
    named, elsewhere = printed(State.IN_PROGRESS, DUE), printed(State.IN_PROGRESS, DUE, site=SHOP_IN_EUROPE)

    assert "To: Ministry of Artificial Intelligence" in named
    assert "To: ____" in elsewhere
    assert "of your country" not in elsewhere


@pytest.mark.parametrize("state", [State.IN_PROGRESS, State.AWAITING_VERIFICATION])
def test_a_russian_day_ends_with_one_dot_and_counts_itself(state):
    for today in (DUE, DUE + timedelta(days=1)):
        said = printed(state, today, language="ru")
        assert ".." not in said
        assert " до 27" not in said
    letter = letters.received(replace(request(state), language="ru", due_on=date(2027, 1, 8)), SHOP, "")
    assert "не позднее 8 января 2027 г. Следить" in letter.paragraphs[0]
