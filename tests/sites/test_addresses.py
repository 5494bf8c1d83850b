"""Addresses on a partner's own ground: one spelling each, and no other."""

from __future__ import annotations

from dataclasses import replace

import pytest

from consentgw.errors import Malformed
from consentgw.sites.addresses import check_return, split_base
from tests.hostile import RETURNS
from tests.policies.shop import SHOP

ORIGINS = frozenset({"https://shop.example", "http://shop.localhost:8080", "https://xn--bcher-kva.example:8443"})


@pytest.mark.parametrize(
    ("address", "origin"),
    [
        ("https://shop.example/after-consent", "https://shop.example"),
        ("https://shop.example/", "https://shop.example"),
        ("https://shop.example/a/b.html?step=2&from=consent", "https://shop.example"),
        ("https://shop.example/%D0%B4%D2%AF%D0%BA%D0%B5%D0%BD/", "https://shop.example"),
        ("https://xn--bcher-kva.example:8443/x", "https://xn--bcher-kva.example:8443"),
        ("http://shop.localhost:8080/after", "http://shop.localhost:8080"),
        ("http://localhost:5000/after", "http://localhost:5000"),
    ],
)
def test_a_return_address_in_its_one_spelling_is_taken(address, origin):
    assert check_return("done", address) == origin


@pytest.mark.parametrize("address", RETURNS)
def test_a_hostile_return_address_cannot_be_registered(address):
    with pytest.raises(Malformed):
        replace(SHOP, origins=ORIGINS, returns={"done": address})


@pytest.mark.parametrize("query", ["code=1", "state=1", "code", "a=1&state=x", "state"])
def test_a_return_address_leaves_room_for_what_we_append(query):
    with pytest.raises(Malformed, match="appended by us"):
        check_return("done", f"https://shop.example/after?{query}")


@pytest.mark.parametrize("name", ["", "Done", "1st", "a b", "дайын", "done/", "x" * 33, "done\n"])
def test_a_return_address_has_a_plain_short_name(name):
    with pytest.raises(Malformed, match="is named in lower case"):
        check_return(name, "https://shop.example/after")


@pytest.mark.parametrize(
    ("address", "parts"),
    [
        ("https://consent.shop.example", ("https://consent.shop.example", "")),
        ("https://shop.example/consent-gateway", ("https://shop.example", "/consent-gateway")),
        ("http://shop.localhost:8080/a/b", ("http://shop.localhost:8080", "/a/b")),
    ],
)
def test_the_gateway_may_stand_on_a_subdomain_or_under_a_path(address, parts):
    assert split_base(address) == parts
    replace(SHOP, first_party=frozenset({address}))


@pytest.mark.parametrize(
    "address",
    [
        "",
        "/consent-gateway",
        "https://shop.example/",
        "https://shop.example/consent-gateway/",
        "https://shop.example//x",
        "https://shop.example/../x",
        "https://shop.example/Consent",
        "https://shop.example/consent?x",
        "https://shop.example/consent#x",
        "https://shop.example:443/consent",
        "https://shop.example:99999/consent",
        "http://shop.example/consent",
        "https://203.0.113.7/consent",
        "https://user@shop.example/consent",
        "https://*.shop.example",
        'https://shop.example/"onload=',
        "https://shop.example/consent\n",
    ],
)
def test_the_gateway_stands_under_no_other_spelling(address):
    with pytest.raises(Malformed):
        replace(SHOP, first_party=frozenset({address}))


def test_the_gateway_cannot_take_the_place_of_the_site_s_own_pages():
    with pytest.raises(Malformed, match="the site's pages stand there"):
        replace(SHOP, first_party=frozenset({"https://shop.example"}))


def test_people_are_sent_back_to_the_site_s_own_origins_only():
    with pytest.raises(Malformed, match="only to the site's own origins"):
        replace(SHOP, returns={"done": "https://other.example/after-consent"})
