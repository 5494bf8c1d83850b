"""Vendors' addresses: what a template may be, and that nothing filled into it changes where it leads."""

from __future__ import annotations

from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consentgw.configuration.reading import interpret
from consentgw.errors import Malformed
from consentgw.notices.addresses import MACROS, read_address
from consentgw.notices.model import Kind, Tag

REAL = (
    "https://www.googletagmanager.com/gtag/js?id=G-1",
    "https://www.facebook.com/tr?id=1&ev=PageView&noscript=1",
    "https://mc.yandex.ru/watch/1?page-url=${PAGE_URL}&rn=${CACHEBUSTER}",
    "http://vendor.localhost:8080/a/b;c=1/?guid=ON&t=${TIMESTAMP}#x",
    "https://xn--e1afmkfd.example/%D0%B4",
)
HOSTILE = (
    "",
    "/relative",
    "//vendor.example/",
    "javascript:alert(1)",
    "data:text/html,x",
    "ftp://vendor.example/",
    "https:vendor.example/",
    "https:///x",
    "https://vendor.example",
    "https://vendor.example?x=1",
    "https://${PAGE_URL}/",
    "https://${PAGE_URL}.example/",
    "https://vendor.example${PAGE_URL}/",
    "https://vendor.example:${TIMESTAMP}/",
    "https://eve@vendor.example/",
    "https://vendor.example:443@eve.example/",
    "https://vendor.example\\@eve.example/",
    "https://vendor.example\\.eve.example/",
    "https:\\\\eve.example/",
    "https://vendor.example; script-src *;/x",
    "https://vendor.example;script-src/x",
    "https://vendor.example,eve.example/x",
    "https://*.example/x",
    "https://*/x",
    "https://'none'/x",
    "https://vendor..example/",
    "https://vendor.example./",
    "https://.example/",
    "https://-vendor.example/",
    "https://VENDOR.example/",
    "https://vendor.example:0/",
    "https://vendor.example:99999/",
    "https://vendor.example:port/",
    "https://[::1/",
    "https://vendor.example/\r\nSet-Cookie: a=b",
    "https://vendor.example/\tx",
    " https://vendor.example/",
    "https://vendor.example/ ",
    "https://vendor.example/\n",
    "https://vendor.example/<script>",
    'https://vendor.example/"x',
    "https://vendor.example/{x}",
    "https://vendor.example/\\x",
    "https://vendor.example/%zz",
    "https://vendor.example/%4",
    "https://vendor.example/ü",
    "https://vendör.example/",
    "https://vendor.example/\ud800",
    "https://vendor.example/?x=${page_url}",
    "https://vendor.example/?x=${VISITOR_ID}",
    "https://vendor.example/?x=${}",
    "https://vendor.example/?x=${PAGE_URL",
)


@pytest.mark.parametrize("template", REAL)
def test_the_addresses_vendors_really_have_are_taken(template):
    assert Tag("t", "V", frozenset({"analytics"}), {Kind.IMAGE: template}, "US")


@pytest.mark.parametrize("template", HOSTILE)
def test_a_tag_whose_address_could_lead_elsewhere_cannot_exist(template):
    with pytest.raises(Malformed):
        Tag("t", "V", frozenset({"analytics"}), {Kind.SCRIPT: template}, "US")


@pytest.mark.parametrize("template", ["https://${PAGE_URL}/", "https://vendor.example;script-src/x", "https://[::1/"])
def test_a_site_s_file_with_such_an_address_is_refused(template):
    text = f"""
        slug = "shop"
        name = "Shop"
        origins = ["https://shop.example"]
        [operator]
        name = "Dana"
        registration = "240140012342"
        address = "Almaty"
        email = "dana@shop.example"
        [[tags]]
        name = "t"
        vendor = "V"
        purposes = ["analytics"]
        country = "US"
        image = "{template}"
    """
    with pytest.raises(Malformed, match="a vendor's address"):
        interpret(text)


@given(st.dictionaries(st.sampled_from(sorted(MACROS)), st.text(st.characters(exclude_categories=["Cs"]))))
def test_what_is_filled_in_changes_nothing_but_itself(values):
    address = read_address("https://vendor.example/tr?dl=${PAGE_URL}&z=${CACHEBUSTER}#${TIMESTAMP}")

    filled = urlsplit(address.expand(values))

    assert (filled.scheme, filled.netloc, filled.path) == ("https", "vendor.example", "/tr")
    said = dict(pair.split("=") for pair in filled.query.split("&"))
    assert unquote(said["dl"]) == values.get("PAGE_URL", "")
    assert unquote(said["z"]) == values.get("CACHEBUSTER", "")
    assert unquote(filled.fragment) == values.get("TIMESTAMP", "")


@given(st.text())
def test_whatever_is_taken_keeps_its_host_and_is_plain_ascii(template):
    try:
        address = read_address(f"https://vendor.example/{template}")
    except Malformed:
        return
    filled = address.expand(dict.fromkeys(MACROS, "\r\n https://eve.example/"))
    assert address.origin == "https://vendor.example"
    assert filled.isascii()
    assert filled.isprintable()
    assert " " not in filled
    assert urlsplit(filled).netloc == "vendor.example"
