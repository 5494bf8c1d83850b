"""In a page that takes only what agrees to be embedded (Cross-Origin-Embedder-Policy: require-corp)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.browsers.fixtures import EVERY
from tests.journeys.visiting import FRAME, SAVED, Visitor
from tests.matrix.town import ISOLATED, SILENT
from tests.matrix.ways import PARTNERS, SNIPPETS


def at(origins, way, browser, town) -> Visitor:
    """Return a person at the partner that embeds in this way, in a page of that kind."""
    return Visitor(browser, replace(PARTNERS[way][0], origin=origins[way]), town)


@pytest.fixture(params=EVERY)
def browser(request, person):
    """Somebody's browser that keeps a snippet's cookie, every one in turn."""
    return person(request.param, third_party_cookies="allow" if request.param == "webkit" else "block")


@pytest.mark.parametrize("way", SNIPPETS)
def test_in_an_isolated_page_that_says_so_a_yes_is_confirmed_and_tags_load_at_once(browser, town, way):
    aigerim = at(ISOLATED, way, browser, town)
    aigerim.visit()
    aigerim.answer("accept_all")

    aigerim.saw(aigerim.partner.everyone)
    aigerim.visit()
    aigerim.change("withdraw")
    town.forget()
    aigerim.visit()
    assert not aigerim.asked
    assert not town.seen


@pytest.mark.limit
@pytest.mark.parametrize("way", SNIPPETS)
def test_in_an_isolated_page_that_does_not_say_so_a_yes_is_kept_but_its_confirmation_does_not_show(browser, town, way):
    aigerim = at(SILENT, way, browser, town)
    aigerim.visit()
    if way == "inline":
        browser.click("form.cg-ask button[value=accept_all]")
    else:
        with browser.frame(FRAME):
            browser.click("form button[value=accept_all]")
    browser.until(lambda: town.answered == 1 and town.confirmed == 1)
    with browser.frame(FRAME):
        assert SAVED not in browser.text()

    # Every vendor hears of her once: from the next page, and not from a confirmation.
    aigerim.visit()
    assert not aigerim.asked
    aigerim.saw(aigerim.partner.everyone)
    assert len(town.hits) == len(aigerim.partner.everyone)
