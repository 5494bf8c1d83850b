"""The one cookie an answer leaves, as browsers keep it under HTTPS."""

from __future__ import annotations

import pytest

from tests.browsers.browser import Cookie
from tests.browsers.fixtures import ENGINES
from tests.gateway import ledger
from tests.matrix.ways import visitor

pytestmark = pytest.mark.parametrize("engine", ENGINES)


@pytest.mark.parametrize("third_party_cookies", ["block", "allow"])
@pytest.mark.parametrize(
    ("way", "site", "around"), [("inline", "shop", "example.com"), ("frame", "news", "example.org")]
)
def test_a_snippet_leaves_one_cookie_that_is_kept_for_the_partner_s_site_alone(
    person, town, engine, third_party_cookies, way, site, around
):
    browser = person(engine, third_party_cookies=third_party_cookies)
    aigerim, elsewhere = visitor(way, browser, town)
    aigerim.visit()
    aigerim.answer("accept_all")
    elsewhere.visit()

    kept = [cookie for cookie in browser.cookies() if cookie.name.startswith("__Host-cg")]
    assert [(cookie.name, cookie.host, cookie.partition) for cookie in kept] == [
        (f"__Host-cg-{site}", "gateway.example.net", around)
    ]
    assert ledger(town.gateway)[-1].receipt.channel == way


@pytest.mark.parametrize(("way", "host"), [("subdomain", "consent.example.com"), ("nginx", "nginx.example.edu")])
def test_on_the_partner_s_own_ground_the_cookie_is_the_partner_s_own(person, town, engine, way, host, ground):
    ground(way)
    browser = person(engine)
    aigerim, _ = visitor(way, browser, town)
    aigerim.visit()
    aigerim.answer("accept_all")

    [cookie] = [cookie for cookie in browser.cookies() if cookie.name.startswith("__Host-cg")]
    assert cookie == Cookie("__Host-cgf-shop", cookie.value, host, partition="")
    assert ledger(town.gateway)[-1].receipt.channel == "first_party"


def test_in_the_redirect_flow_our_cookie_is_kept_for_our_own_pages_and_the_partner_s_do_without(person, town, engine):
    browser = person(engine)
    aigerim, _ = visitor("redirect", browser, town)
    aigerim.visit()
    aigerim.answer("accept_all")
    aigerim.saw(aigerim.partner.everyone)

    [cookie] = [cookie for cookie in browser.cookies() if cookie.name.startswith("__Host-cg")]
    assert (cookie.name, cookie.host, cookie.partition) == ("__Host-cg-shop", "gateway.example.net", "example.net")
    assert ledger(town.gateway)[-1].receipt.channel == "redirect"
