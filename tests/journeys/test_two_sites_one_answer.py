"""The demo's club and its tea house: one answer for both, given and taken back in a browser with scripts off."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from tests.browsers.browser import Browser
from tests.journeys.conftest import Demo

BOTH = frozenset({"Google Analytics", "Meta Pixel"})


@dataclass(frozen=True, slots=True)
class Guest:
    """A visitor of both sites."""

    browser: Browser
    demo: Demo

    def go(self, origin: str) -> None:
        """Open a site's front page."""
        self.browser.open(f"{origin}/en/")

    def ask(self) -> None:
        """Let the site lead to the question."""
        self.browser.click(".open")
        self.browser.see("main", "go back there after your answer")

    def holds(self, words: str) -> None:
        """Look at what the page says of the answer."""
        self.browser.see(".holds", words)

    def loaded(self, vendors: frozenset[str]) -> None:
        """Wait until just these vendors were hit."""
        self.browser.until(lambda: self.demo.seen == vendors, lambda: f"{self.demo.hits} instead of {vendors}")


@pytest.fixture
def aigerim(browser: Browser, demo: Demo) -> Guest:
    """Aigerim, in each browser."""
    return Guest(browser, demo)


def test_an_answer_at_one_site_is_known_at_the_other_and_taken_back_there_it_stops_at_both(aigerim, browser, demo):
    club, cafe = demo.addresses.club, demo.addresses.cafe
    aigerim.go(club)
    aigerim.holds("You have not answered yet")
    aigerim.ask()
    for site in ("Шың клубы", "Шың шайханасы"):
        browser.see("main", site)
    browser.see("main", "One answer counts on all of them")
    assert not demo.seen

    browser.click("button[value=accept_all]")
    aigerim.holds("You allow: Analytics, Marketing")
    assert browser.url == f"{club}/en/"
    aigerim.loaded(BOTH)

    demo.forget()
    browser.click("a[href*='/arrive']")
    aigerim.holds("You allow: Analytics, Marketing")
    assert browser.url == f"{cafe}/en/"
    aigerim.loaded(BOTH)

    aigerim.ask()
    browser.see(".held", "Counts on")
    browser.click("button[value=withdraw]")
    aigerim.holds("You allow nothing optional")
    demo.forget()
    aigerim.go(club)
    browser.until(lambda: _gone(aigerim, club))
    demo.forget()
    aigerim.go(club)
    aigerim.go(cafe)
    assert not demo.seen


def test_a_refusal_is_one_press_and_known_at_the_other_site_too(aigerim, browser, demo):
    aigerim.go(demo.addresses.club)
    aigerim.ask()
    browser.click("button[value=reject_all]")
    aigerim.holds("You allow nothing optional")

    browser.click("a[href*='/arrive']")
    aigerim.holds("You allow nothing optional")
    assert not demo.seen


def test_who_has_not_answered_is_not_guessed_about_at_the_other_site(aigerim, browser, demo):
    aigerim.go(demo.addresses.club)
    browser.click("a[href*='/arrive']")

    aigerim.holds("Nothing is known of you here yet")
    assert browser.url == f"{demo.addresses.cafe}/en/"
    assert not demo.seen


def _gone(aigerim: Guest, club: str) -> bool:
    aigerim.go(club)
    return "You allow nothing optional" in aigerim.browser.text(".holds")
