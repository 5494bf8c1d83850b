"""A site: its origins, its languages, its looks."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from consentgw.errors import Malformed
from consentgw.sites.model import Looks, Site, origins
from tests.policies.shop import SHOP


@pytest.mark.parametrize(
    "value",
    [
        "https://shop.example",
        "https://shop.example:8443",
        "http://shop.localhost:8080",
        "http://localhost",
        "https://xn--80ak6aa92e.example",
        "https://203.0.113.7",
        "https://a",
        "https://shop.example:65535",
    ],
)
def test_an_origin_is_read_as_browsers_write_it(value):
    assert origins([value]) == {value}


@pytest.mark.parametrize(
    "value",
    [
        "",
        "null",
        "*",
        "https://*",
        "https://*.shop.example",
        "shop.example",
        "//shop.example",
        "https:shop.example",
        "https://",
        "https:///",
        "https://shop.example/",
        "https://shop.example/path",
        "https://shop.example?x",
        "https://shop.example#x",
        "https://shop.example:443",
        "http://shop.example:80",
        "https://shop.example:",
        "https://shop.example:0",
        "https://shop.example:0443",
        "https://shop.example:65536",
        "https://shop.example:99999",
        "https://shop.example:8o",
        "https://shop.example:８４４３",
        "HTTPS://shop.example",
        "https://Shop.example",
        "https://shop..example",
        "https://.shop.example",
        "https://shop.example.",
        "https://-shop.example",
        "https://user@shop.example",
        "https://user:secret@shop.example",
        "https://shop.example@evil.example",
        "https://shop.example\\@evil.example",
        "https://shop.example%2eevil.example",
        "https://shop_1.example",
        "https://дүкен.example",
        "https://shop.example\n",
        "\nhttps://shop.example",
        " https://shop.example",
        "https://shop.example ",
        "https://shop.example\t",
        "https://shop.exa\tmple",
        "https://shop.example\x00",
        "https://shop.example; script-src *",
        "https://shop.example 'unsafe-inline'",
        "https://shop.example,https://evil.example",
        "javascript://shop.example",
        "data:text/html,x",
        "file://shop.example",
        "ftp://shop.example",
        "ws://shop.example",
        "https://[::1]",
        "https://" + "a" * 254,
    ],
)
def test_what_no_browser_would_write_is_no_origin(value):
    with pytest.raises(Malformed, match="an origin is written like"):
        origins(["https://shop.example", value])
    with pytest.raises(Malformed, match="an origin is written like"):
        replace(SHOP, origins=frozenset({value}))


@pytest.mark.parametrize("slug", ["shop", "a", "7", "shop-2", "a" * 32])
def test_a_slug_is_short_and_plain(slug):
    assert replace(SHOP, slug=slug).slug == slug


@pytest.mark.parametrize(
    "slug", ["", "-a", "a-", "Shop", "a.b", "a/b", "a b", "a_b", "дүкен", "shop\n", "a" * 33, ".."]
)
def test_anything_else_is_no_slug(slug):
    with pytest.raises(Malformed, match="a site is named"):
        replace(SHOP, slug=slug)


def test_the_first_language_is_the_default():
    assert replace(SHOP, languages=("ru", "kk")).language == "ru"


@pytest.mark.parametrize("languages", [(), ("de",), ("kk", "de"), ("kk", "kk"), ("KK",)])
def test_a_site_speaks_languages_of_ours_each_named_once(languages):
    with pytest.raises(Malformed, match="language"):
        replace(SHOP, languages=languages)


@pytest.mark.parametrize(
    "validity", [timedelta(0), timedelta(days=-1), timedelta(hours=12), timedelta(days=1, seconds=1)]
)
def test_an_answer_holds_for_whole_days(validity):
    with pytest.raises(Malformed, match="whole days"):
        replace(SHOP, validity=validity)


@pytest.mark.parametrize(
    "colour", ["", "red", "#fff", "#FFFFFF", "#12345", "#1234567", "#12345g", "#123456;}", "#123456\n"]
)
def test_a_colour_is_six_digits_and_nothing_else(colour):
    with pytest.raises(Malformed, match="a colour is written"):
        Looks(accent=colour)
    with pytest.raises(Malformed, match="a colour is written"):
        Looks(accent_dark=colour)


def test_the_control_stands_left_or_right():
    assert Looks(corner="right").corner == "right"
    with pytest.raises(Malformed, match="left or right"):
        Looks(corner="middle")


def test_a_site_cannot_be_changed_in_place():
    with pytest.raises(AttributeError):
        SHOP.slug = "other"
    assert isinstance(SHOP, Site)
