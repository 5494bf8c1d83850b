"""Browsers that will not keep a cookie, and browsers that ask not to be tracked."""

from __future__ import annotations

import pytest

from tests.journeys.visiting import Visitor


@pytest.mark.limit
@pytest.mark.parametrize("scripts", [False, True], ids=["without-scripts", "with-scripts"])
def test_a_browser_that_keeps_no_cookie_is_told_so_and_its_tags_stay_off(engine, open_browser, partner, demo, scripts):
    browser = open_browser(engine, scripts=scripts, third_party_cookies="refuse")
    visitor = Visitor(browser, partner, demo)
    visitor.visit()
    if partner.inline:
        browser.click("form.cg-ask button[value=accept_all]")
        browser.until(lambda: not visitor.asked)
        with visitor.settings() as frame:
            frame.see("h1", "Your browser did not keep your choice")
    else:
        with browser.frame("iframe.cg-frame"):
            browser.click("button[value=accept_all]")
            browser.see("h1", "Your browser did not keep your choice")
    visitor.visit()

    assert visitor.asked
    assert not demo.seen
    assert not browser.cookies()


def test_global_privacy_control_is_followed_and_said_without_asking(engine, open_browser, partner, demo):
    browser = open_browser(engine, gpc=True)
    visitor = Visitor(browser, partner, demo)
    visitor.visit()
    browser.until(lambda: not visitor.asked)
    with visitor.settings() as settings:
        settings.see("h1", "Everything optional is off")
        assert "Global Privacy Control" in settings.text()
    visitor.visit()

    assert not demo.seen
    assert not browser.cookies()


def test_a_choice_made_in_spite_of_the_signal_counts_and_the_contradiction_is_shown(
    engine, open_browser, partner, demo
):
    browser = open_browser(engine, gpc=True)
    visitor = Visitor(browser, partner, demo)
    visitor.visit()
    browser.until(lambda: not visitor.asked)
    with visitor.settings() as settings:
        settings.see("button[value=save]")
        settings.click("input[value=analytics]")
        settings.click("button[value=save]")
        settings.see("h1", "Your choice is saved")
        assert "What you allowed here is stronger" in settings.text()

    visitor.saw({partner.analytics})
    visitor.visit()
    assert demo.seen == {partner.analytics}
