"""Ask, decide, prove, release: the whole way, in real browsers, as their owners have set them up."""

from __future__ import annotations

import pytest

from tests.journeys.visiting import Visitor, complaints


def test_vendors_hear_of_a_visitor_exactly_as_long_as_she_allows_it(visitor, demo, shop, news, partner):
    """In the demo; with scripts, other settings, HTTPS and the other ways to embed it is in ``tests/matrix``."""
    browser, aigerim = visitor.browser, visitor
    elsewhere = Visitor(browser, news if partner is shop else shop, demo)

    # Undecided: asked, and nobody is told, here or there.
    aigerim.visit()
    assert aigerim.asked
    elsewhere.visit()
    assert elsewhere.asked
    assert not demo.seen

    # Refuse.
    aigerim.visit()
    aigerim.answer("reject_all")
    aigerim.visit()
    assert not aigerim.asked
    assert not demo.seen

    # Analytics only: released right after the click, and again on the next page; marketing never.
    aigerim.change("save", "analytics")
    aigerim.saw({partner.analytics})
    demo.forget()
    aigerim.visit()
    assert demo.seen == {partner.analytics}

    # Everything.
    aigerim.change("save", "marketing")
    aigerim.saw(partner.everyone)
    demo.forget()
    aigerim.visit()
    assert demo.seen == partner.everyone

    # Withdraw: nothing from the next request on, and she is not asked again.
    aigerim.change("withdraw")
    demo.forget()
    aigerim.visit()
    assert not aigerim.asked
    assert not demo.seen

    # The other partner has been undecided all along, and the browser had nothing to complain about.
    elsewhere.visit()
    assert elsewhere.asked
    assert not demo.seen
    assert not complaints(browser)


def test_accepting_all_releases_every_tag_without_the_page_being_loaded_again(visitor, demo, partner):
    visitor.visit()
    visitor.answer("accept_all")

    visitor.saw(partner.everyone)
    demo.forget()
    visitor.visit()
    assert demo.seen == partner.everyone
    assert all("cg" not in name for hit in demo.hits for name in hit["cookies"])
    assert {hit["referer"] for hit in demo.hits} == {None}


def test_answering_purpose_by_purpose_counts_what_was_ticked(visitor, demo, partner):
    visitor.visit()
    visitor.answer("save", "analytics")

    visitor.saw({partner.analytics})
    visitor.visit()
    assert demo.seen == {partner.analytics}


def test_pressing_save_with_nothing_ticked_is_a_no(visitor, demo):
    visitor.visit()
    visitor.answer("save")
    visitor.visit()

    assert not visitor.asked
    assert not demo.seen


@pytest.mark.parametrize("language", ["kk", "ru"])
def test_the_question_and_its_answer_speak_the_language_of_the_page(browser, shop, language):
    words = {
        "kk": ("Барлығынан бас тарту", "Cookie баптаулары", "Таңдауыңыз сақталды", "/"),
        "ru": ("Отклонить все", "Настройки cookie", "Ваш выбор сохранён", "/ru/"),
    }
    refuse, settings, saved, path = words[language]
    browser.open(shop.origin + path)
    browser.press(refuse)
    browser.press(settings)
    if browser.attribute("details.cg-set", "open") is None:  # a press that a busy browser took twice
        browser.press(settings)

    with browser.frame("iframe.cg-frame"):
        browser.see("h1", saved)
