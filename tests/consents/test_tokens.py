"""Form tokens, receipt codes and the state cookie: only ours, only here, only in time."""

from __future__ import annotations

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request

from consentgw.consents.identifiers import uuid7
from consentgw.consents.model import Channel, Method
from consentgw.consents.tokens import FORM_SECONDS, Codes, Forms, StateCookie
from consentgw.errors import NotFound, Unconfirmed
from consentgw.http.seals import Seal
from tests.consents.answers import held, helds

NOW = 1_800_000_000.0
OLD, NEW = b"o" * 32, b"n" * 32
FORMS = Forms(Seal((NEW,)))
CODES = Codes(Seal((NEW,)))
COOKIES = StateCookie(Seal((NEW,)))


def carrying(*lines: str) -> Request:
    """Return a request with these Cookie lines."""
    return Request({"type": "http", "headers": [(b"cookie", line.encode("latin-1")) for line in lines]})


def pair(site, one, cookies=COOKIES):
    """Return name=value of the state cookie."""
    name, line = cookies.header(site, one, 0)
    assert name == b"set-cookie"
    return line.decode().partition(";")[0]


def test_a_form_says_what_was_shown():
    token = FORMS.issue("shop", "d" * 64, Channel.FRAME, NOW)

    shown = FORMS.read(token, "shop", NOW + 60)

    assert (shown.notice, shown.channel) == ("d" * 64, Channel.FRAME)
    assert shown.receipt.version == 7


def test_no_two_forms_are_alike():
    assert len({FORMS.issue("shop", "d" * 64, Channel.PAGE, NOW) for _ in range(100)}) == 100


def test_a_form_altered_at_any_place_is_refused():
    token = FORMS.issue("shop", "d" * 64, Channel.FRAME, NOW)
    for place, letter in enumerate(token):
        for other in {"A", ".", "x", chr(ord(letter) ^ 1)} - {letter}:
            with pytest.raises(Unconfirmed):
                FORMS.read(token[:place] + other + token[place + 1 :], "shop", NOW)
    for length in range(len(token)):
        with pytest.raises(Unconfirmed):
            FORMS.read(token[:length], "shop", NOW)
        with pytest.raises(Unconfirmed):
            FORMS.read(token + token[:length] + "A", "shop", NOW)


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_whatever_else_is_sent_as_a_form_is_refused(token):
    with pytest.raises(Unconfirmed):
        FORMS.read(token, "shop", NOW)
    with pytest.raises(NotFound):
        CODES.receipt(token)


@pytest.mark.parametrize(
    ("site", "later"),
    [
        pytest.param("news", 0, id="another site's"),
        pytest.param("shop", FORM_SECONDS + 1, id="too old"),
        pytest.param("shop", -600, id="from the future"),
    ],
)
def test_a_form_counts_at_its_site_and_in_its_time(site, later):
    token = FORMS.issue("shop", "d" * 64, Channel.FRAME, NOW)

    with pytest.raises(Unconfirmed):
        FORMS.read(token, site, NOW + later)


@pytest.mark.parametrize("later", [-60, 0, FORM_SECONDS])
def test_a_form_may_lie_open_for_half_a_day_and_clocks_may_differ_a_little(later):
    assert FORMS.read(FORMS.issue("shop", "d" * 64, Channel.FRAME, NOW), "shop", NOW + later)


def test_what_a_previous_secret_sealed_stays_valid_and_a_forgotten_one_s_does_not():
    before, rotated, after = Seal((OLD,)), Seal((NEW, OLD)), Seal((NEW,))
    token = Forms(before).issue("shop", "d" * 64, Channel.PAGE, NOW)
    receipt = uuid7()
    cookie = pair("shop", held({"analytics"}), StateCookie(before))

    assert Forms(rotated).read(token, "shop", NOW)
    assert Codes(rotated).receipt(Codes(before).code(receipt)) == receipt
    assert StateCookie(rotated).read(carrying(cookie), "shop")
    with pytest.raises(Unconfirmed):
        Forms(after).read(token, "shop", NOW)
    with pytest.raises(NotFound):
        Codes(after).receipt(Codes(before).code(receipt))
    assert StateCookie(after).read(carrying(cookie), "shop") is None
    assert Forms(after).read(Forms(rotated).issue("shop", "d" * 64, Channel.PAGE, NOW), "shop", NOW)


@given(st.uuids())
def test_a_code_leads_to_its_receipt_and_is_safe_in_an_address(receipt):
    code = CODES.code(receipt)

    assert CODES.receipt(code) == receipt
    assert set(code) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_~")


def test_a_code_altered_at_any_place_leads_nowhere():
    code = CODES.code(UUID(int=1))
    for place, letter in enumerate(code):
        with pytest.raises(NotFound):
            CODES.receipt(code[:place] + ("A" if letter != "A" else "B") + code[place + 1 :])


@given(helds())
def test_the_cookie_brings_back_what_was_held(one):
    assert COOKIES.read(carrying(pair("shop", one)), "shop") == one


def test_the_cookie_is_under_500_bytes_with_eight_purposes():
    asked = ["analytics", "marketing", "personalisation", "newsletter", "research", "social-media", "maps", "video"]
    for granted in (asked, asked[:4], []):
        one = held(
            set(granted),
            refused=frozenset(asked) - set(granted),
            sequence=10**9,
            notice="f" * 64,
            method=Method.ACCEPT_ALL,
            decided_at=2_000_000_000,
            expires_at=2_030_000_000,
            signal=True,
        )
        assert len(pair("a-partner-with-a-long-name", one)) < 500


def test_the_cookie_is_written_as_browsers_keep_it_in_a_frame():
    _, line = COOKIES.header("shop", held(set()), 1500)

    name, *attributes = line.decode().split("; ")
    assert name.startswith("__Host-cg-shop=")
    assert attributes == ["Path=/", "Max-Age=1500", "Secure", "HttpOnly", "SameSite=None", "Partitioned"]


def test_a_cookie_altered_at_any_place_is_as_none():
    name, _, value = pair("shop", held({"analytics"})).partition("=")
    for place, letter in enumerate(value):
        for other in {"A", ".", "é", chr(ord(letter) ^ 1)} - {letter}:
            assert COOKIES.read(carrying(f"{name}={value[:place]}{other}{value[place + 1 :]}"), "shop") is None


@given(st.text(st.characters(max_codepoint=255)))
def test_whatever_else_comes_as_a_cookie_is_as_none(line):
    assert COOKIES.read(carrying(line, f"__Host-cg-shop={line}"), "shop") is None


def test_another_site_s_cookie_under_this_site_s_name_is_as_none():
    value = pair("news", held({"marketing"})).partition("=")[2]

    assert COOKIES.read(carrying(f"__Host-cg-shop={value}"), "shop") is None


def test_a_form_is_no_cookie_and_no_code_although_both_are_sealed():
    secrets = {use: Seal((use.encode() * 8,)) for use in ("form", "code", "cook")}
    token = Forms(secrets["form"]).issue("shop", "d" * 64, Channel.FRAME, NOW)

    assert StateCookie(secrets["cook"]).read(carrying(f"__Host-cg-shop={token}"), "shop") is None
    with pytest.raises(NotFound):
        Codes(secrets["code"]).receipt(token.replace(".", "~"))


def test_of_several_genuine_cookies_the_one_furthest_in_the_log_counts():
    early = held({"analytics"}, sequence=4)
    late = held(set(), sequence=9, method=Method.WITHDRAW)
    lines = [pair("shop", late), pair("shop", early), "__Host-cg-shop=forged", "other=1"]

    for order in (lines, lines[::-1]):
        assert COOKIES.read(carrying("; ".join(order)), "shop") == late
        assert COOKIES.read(carrying(*order), "shop") == late


def test_a_cookie_is_found_among_all_the_others_a_browser_may_hold_for_us():
    many = "; ".join(f"__Host-cg-site{number}={'x' * 300}" for number in range(30))

    assert COOKIES.read(carrying(f"{many}; {pair('shop', held({'analytics'}))}"), "shop")
