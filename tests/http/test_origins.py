"""Where a request says it comes from, and what we believe of it."""

from __future__ import annotations

import pytest
from starlette.requests import Request

from consentgw.http.origins import Provenance, provenance

OURS = "https://consent.example"


def said(*headers):
    return provenance(Request({"type": "http", "headers": list(headers)}))


def test_a_request_that_says_nothing_comes_from_nowhere():
    assert said() == Provenance()
    assert said().page is None
    assert not said().gpc


def test_what_a_browser_says_is_read():
    found = said(
        (b"origin", b"https://shop.example"),
        (b"referer", b"https://shop.example/a?b"),
        (b"sec-fetch-site", b"cross-site"),
        (b"sec-fetch-dest", b"iframe"),
        (b"sec-fetch-mode", b"navigate"),
        (b"sec-gpc", b"1"),
    )

    assert found == Provenance(
        "https://shop.example", "https://shop.example/a?b", "cross-site", "iframe", "navigate", "1"
    )
    assert found.gpc


@pytest.mark.parametrize(
    ("referer", "page"),
    [
        ("https://shop.example/", "https://shop.example"),
        ("https://shop.example:8443/a/b?c#d", "https://shop.example:8443"),
        ("https://shop.example", "https://shop.example"),
        ("https://shop.example@eve.example/", "https://shop.example@eve.example"),
        ("https://eve.example/https://shop.example/", "https://eve.example"),
        ("HTTPS://shop.example/", "HTTPS://shop.example"),
        ("about:blank", "about:blank://"),
        ("", "://"),
        ("null", "null://"),
    ],
)
def test_the_origin_of_the_referring_page_is_taken_as_it_was_written(referer, page):
    assert Provenance(referer=referer).page == page


@pytest.mark.parametrize(
    ("origin", "site", "ours"),
    [
        (OURS, "same-origin", True),
        (OURS, None, True),
        (None, "same-origin", True),
        (None, None, True),
        (OURS, "cross-site", False),
        (OURS, "same-site", False),
        (OURS, "none", False),
        (OURS, "", False),
        ("null", "same-origin", False),
        ("https://eve.example", "same-origin", False),
        ("https://eve.example", None, False),
        (f"{OURS}/", "same-origin", False),
        (f"{OURS}:443", "same-origin", False),
        ("http://consent.example", "same-origin", False),
    ],
)
def test_a_post_is_ours_when_nothing_speaks_against_it(origin, site, ours):
    assert Provenance(origin=origin, site=site).from_ourselves(OURS) is ours


@pytest.mark.parametrize(("values", "gpc"), [(("1",), True), (("0", "1"), True), (("1", "0"), True), (("0",), False)])
def test_of_contradicting_signals_the_one_that_protects_wins(values, gpc):
    assert said(*((b"sec-gpc", value.encode()) for value in values)).gpc is gpc


@pytest.mark.parametrize("value", [b"", b"0", b"1 ", b" 1", b"true", b"0, 0", b"11", b"\xb9"])
def test_only_a_plain_one_is_a_signal(value):
    assert not said((b"sec-gpc", value)).gpc


@pytest.mark.parametrize("value", [b"1, 1", b"0, 1", b"1,0"])
def test_signals_that_a_proxy_joined_are_read_one_by_one(value):
    assert said((b"sec-gpc", value)).gpc


def test_bytes_that_are_no_text_are_read_without_a_fuss():
    assert said((b"origin", b"\xff\xfe\x00")).origin == "\xff\xfe\x00"
