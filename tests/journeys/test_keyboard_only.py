"""The whole way without a mouse."""

from __future__ import annotations

import pytest

from tests.browsers.browser import Browser
from tests.journeys.visiting import FRAME


def test_one_accepts_looks_and_withdraws_by_keyboard_alone(visitor, demo, partner):
    browser = visitor.browser
    visitor.visit()
    if partner.inline:
        tab_to(browser, "Accept all")
        browser.key("Enter")
        browser.until(lambda: not visitor.asked)
    else:
        tab_into(browser, "Accept all")
        with browser.frame(FRAME):
            browser.key("Enter")
            browser.see("h1", "Your choice is saved")
    visitor.saw(partner.everyone)

    visitor.visit()
    tab_to(browser, "Cookie settings")
    browser.key("Enter")
    with browser.frame(FRAME):
        browser.see("h1", "Your choice")
    tab_into(browser, "Withdraw consent")
    with browser.frame(FRAME):
        browser.key("Enter")
        browser.see("h1", "Your choice is saved")
    demo.forget()
    visitor.visit()
    assert not demo.seen


def tab_to(browser: Browser, name: str) -> None:
    """Press Tab until the element of this name has the keyboard."""
    reached = []
    for _ in range(40):
        browser.key("Tab")
        reached.append(browser.focused())
        if reached[-1] == name:
            return
    pytest.fail(f"the keyboard never reached {name}, only {reached}")


def tab_into(browser: Browser, name: str) -> None:
    """Press Tab until the element of this name has the keyboard inside the frame."""
    reached = []
    for _ in range(40):
        browser.key("Tab")
        with browser.frame(FRAME):
            while inside := browser.focused():
                if inside == name:
                    return
                reached.append(inside)
                browser.key("Tab")  # in Firefox a test speaks to the one document it is in
    pytest.fail(f"the keyboard never reached {name}, only {reached}")
