"""What does not work where, and what works nevertheless. docs/embed/browsers.md has the limits in these words."""

from __future__ import annotations

import pytest
from starlette.responses import HTMLResponse

from tests.browsers.fixtures import EVERY
from tests.matrix.town import GATEWAY, STRANGER
from tests.matrix.ways import visitor


def yes(aigerim) -> None:
    """Say yes to everything, whatever becomes of it."""
    if aigerim.partner.inline:
        aigerim.browser.click("form.cg-ask button[value=accept_all]")
    else:
        with aigerim.browser.frame("iframe.cg-frame"):
            aigerim.browser.click("form button[value=accept_all]")


@pytest.mark.limit
@pytest.mark.parametrize(("way", "scripts"), [("inline", True), ("frame", False)])
def test_in_webkitgtk_a_snippet_asks_on_every_page_and_no_tag_loads_while_third_party_cookies_are_blocked(
    person, town, way, scripts
):
    aigerim, _ = visitor(way, person("webkit", scripts=scripts), town)
    aigerim.visit()
    yes(aigerim)
    aigerim.browser.until(lambda: town.answered == 1)
    with aigerim.browser.frame("iframe.cg-frame"):
        aigerim.browser.until(lambda: "Your browser did not keep your choice" in aigerim.browser.source())
    aigerim.visit()

    assert aigerim.asked
    assert not town.seen


@pytest.mark.limit
@pytest.mark.parametrize(("way", "engine"), [("subdomain", "chromium"), ("nginx", "webkit"), ("caddy", "chromium")])
def test_a_browser_that_refuses_every_cookie_asks_on_every_page_on_the_partner_s_own_ground_too(
    person, town, ground, way, engine
):
    ground(way)
    aigerim, _ = visitor(way, person(engine, third_party_cookies="refuse"), town)
    aigerim.visit()
    yes(aigerim)
    aigerim.browser.until(lambda: town.answered == 1)
    aigerim.visit()

    assert aigerim.asked
    assert not town.seen


@pytest.mark.parametrize("way", ["subdomain", "nginx", "caddy", "redirect"])
def test_in_firefox_that_refuses_all_cookies_of_others_everything_but_a_snippet_works(person, town, ground, way):
    ground(way)
    aigerim, _ = visitor(way, person("firefox", third_party_cookies="refuse"), town)
    aigerim.visit()
    aigerim.answer("accept_all")
    town.forget()
    aigerim.visit()

    aigerim.saw(aigerim.partner.everyone)


@pytest.mark.limit
def test_webkitgtk_sends_no_global_privacy_control(person, town):
    browser = person("webkit", scripts=True)
    aigerim, _ = visitor("inline", browser, town)
    aigerim.visit()

    assert browser.evaluate("navigator.globalPrivacyControl") is None
    assert aigerim.asked


def stranger(town, referrerpolicy: str) -> None:
    """Have somebody who is no partner load what the shop's page loads."""
    image = f'<img src="{GATEWAY}/release/shop/meta-pixel.gif" alt="" referrerpolicy="{referrerpolicy}">'
    town.applications[STRANGER] = HTMLResponse(f"<!doctype html><title>Eve</title><h1>Eve</h1>{image}")


@pytest.mark.parametrize("engine", EVERY)
def test_on_a_stranger_s_page_nobody_is_known_even_where_third_party_cookies_are_allowed(person, town, engine):
    stranger(town, "origin")
    aigerim, _ = visitor("inline", person(engine, third_party_cookies="allow"), town)
    aigerim.visit()
    aigerim.answer("accept_all")
    aigerim.saw(aigerim.partner.everyone)
    town.forget()
    aigerim.browser.open(f"{STRANGER}/")

    aigerim.browser.see("h1", "Eve")
    assert not town.seen


@pytest.mark.limit
def test_in_webkitgtk_that_allows_third_party_cookies_a_stranger_s_page_that_hides_its_address_loads_tags_of_a_yes(
    person, town
):
    stranger(town, "no-referrer")
    aigerim, _ = visitor("inline", person("webkit", third_party_cookies="allow"), town)
    aigerim.visit()
    aigerim.answer("accept_all")
    aigerim.saw(aigerim.partner.everyone)
    town.forget()
    aigerim.browser.open(f"{STRANGER}/")

    aigerim.saw({"Meta Pixel"})
