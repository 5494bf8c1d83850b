"""Forms and queries: what is read, and what is refused."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from starlette.requests import ClientDisconnect, Request

from consentgw.errors import Malformed, TooLarge
from consentgw.http.forms import URLENCODED, query, read, read_form

# What people type: anything but control characters, surrogates (no such thing in UTF-8) and noncharacters.
text = st.text(
    st.characters(exclude_categories=["Cc", "Cs"]).filter(
        lambda c: ord(c) & 0xFFFE != 0xFFFE and not 0xFDD0 <= ord(c) <= 0xFDEF
    )
)


def request_of(
    *chunks: bytes,
    headers: tuple[tuple[bytes, bytes], ...] = ((b"content-type", URLENCODED),),
    query: bytes = b"",
    cut: bool = False,
) -> Request:
    """Return a request whose body arrives in these chunks; ``cut`` when the client leaves after them."""
    messages = [{"type": "http.request", "body": chunk, "more_body": True} for chunk in chunks]
    messages.append({"type": "http.disconnect"} if cut else {"type": "http.request", "more_body": False})
    arriving = iter(messages)

    async def receive():
        return next(arriving)

    scope = {"type": "http", "method": "POST", "headers": list(headers), "query_string": query}
    return Request(scope, receive)


@given(st.lists(st.tuples(text, text), max_size=50))
def test_what_a_browser_sends_is_what_is_read(fields):
    form = read(urlencode(fields).encode())

    for name, _ in fields:
        assert form.many(name) == tuple(value for other, value in fields if other == name)


@given(st.binary(max_size=400))
@example(b"%")
@example(b"=&=&=")
@example(b"a=\xd0%b0")
def test_any_bytes_are_read_or_refused_and_nothing_else_happens(data):
    try:
        read(data)
    except (Malformed, TooLarge):
        return


@given(st.text("%+&=;0aAfFzZ\u0431", max_size=60))
def test_any_arrangement_of_the_special_characters_is_read_or_refused(data):
    try:
        read(data.encode())
    except (Malformed, TooLarge):
        return


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"a=%zz", id="an escape that is not hexadecimal"),
        pytest.param(b"a=%4", id="half an escape"),
        pytest.param(b"a=%", id="a lone percent sign"),
        pytest.param(b"%u0430=1", id="the escapes of old browsers"),
        pytest.param(b"a=%ff", id="an escaped byte that is not UTF-8"),
        pytest.param(b"a=\xff", id="a plain byte that is not UTF-8"),
        pytest.param(b"a=%c0%80", id="an overlong NUL"),
        pytest.param(b"a=%d0", id="half a character"),
        pytest.param(b"a=%ed%a0%80", id="a lone surrogate"),
        pytest.param(b"a=%f4%90%80%80", id="beyond the last character"),
        pytest.param(b"a=%00", id="NUL"),
        pytest.param(b"a=\x00", id="a plain NUL"),
        pytest.param(b"a=%0a", id="a line feed"),
        pytest.param(b"a=%0d%0aSet-Cookie:x=1", id="CRLF"),
        pytest.param(b"a=%09", id="a tab"),
        pytest.param(b"a=%7f", id="DEL"),
        pytest.param(b"a=%c2%85", id="a C1 control"),
        pytest.param(b"a=%ef%bf%be", id="U+FFFE"),
        pytest.param(b"a=%ef%b7%90", id="U+FDD0"),
        pytest.param(b"a=%f0%9f%bf%bf", id="the noncharacter of a later plane"),
        pytest.param(b"%00=1", id="NUL in a name"),
    ],
)
def test_a_field_that_could_be_read_two_ways_is_refused(data):
    with pytest.raises(Malformed):
        read(data)


def test_a_repeated_field_is_refused_where_one_is_expected_and_listed_where_many_are():
    form = read(b"granted=analytics&method=save&granted=marketing")

    assert form.many("granted") == ("analytics", "marketing")
    assert form.one("method") == "save"
    with pytest.raises(Malformed):
        form.one("granted")


def test_the_same_value_twice_is_still_twice():
    with pytest.raises(Malformed):
        read(b"method=save&method=save").one("method")


def test_a_field_that_was_not_sent_is_none_and_one_sent_empty_is_empty():
    form = read(b"lang=&after")

    assert form.one("lang") == ""
    assert form.one("after") == ""
    assert form.one("token") is None
    assert form.many("granted") == ()


def test_plus_is_a_space_and_letters_of_our_languages_are_kept():
    assert read("who=Айгерім+Қ.".encode()).one("who") == "Айгерім Қ."
    assert read(b"sum=1%2B1").one("sum") == "1+1"


def test_fifty_fields_are_read_and_one_more_is_too_many():
    assert read(b"&".join([b"a=1"] * 50)).many("a") == ("1",) * 50
    with pytest.raises(TooLarge):
        read(b"&".join([b"a=1"] * 51))


def test_ten_thousand_fields_are_refused_before_they_are_read():
    with pytest.raises(TooLarge):
        read(b"a=%zz&" * 10_000)


def test_a_query_is_read_by_the_same_rules():
    assert query(request_of(query=b"lang=ru&after=save")).one("lang") == "ru"
    assert query(request_of()).one("lang") is None
    with pytest.raises(Malformed):
        query(request_of(query=b"lang=ru&lang=kk")).one("lang")
    with pytest.raises(Malformed):
        query(request_of(query=b"lang=%00"))


@pytest.mark.anyio
async def test_a_form_may_arrive_in_pieces():
    form = await read_form(request_of(b"meth", b"od=save&tok", b"en=%D0%B0"))

    assert (form.one("method"), form.one("token")) == ("save", "а")


@pytest.mark.anyio
@pytest.mark.parametrize(
    "kind",
    [
        b"application/x-www-form-urlencoded",
        b"Application/X-WWW-Form-URLencoded",
        b"application/x-www-form-urlencoded;charset=UTF-8",
        b'application/x-www-form-urlencoded; charset="utf-8"',
    ],
)
async def test_the_content_type_of_forms_is_taken_as_it_may_be_written(kind):
    form = await read_form(request_of(b"method=save", headers=((b"content-type", kind),)))

    assert form.one("method") == "save"


@pytest.mark.anyio
@pytest.mark.parametrize(
    "headers",
    [
        pytest.param((), id="none"),
        pytest.param(((b"content-type", b"multipart/form-data; boundary=x"),), id="multipart"),
        pytest.param(((b"content-type", b"text/plain"),), id="plain text"),
        pytest.param(((b"content-type", b"application/json"),), id="JSON"),
        pytest.param(((b"content-type", URLENCODED + b"; charset=utf-16"),), id="another character set"),
        pytest.param(((b"content-type", URLENCODED + b"; charset=utf-8; charset=utf-16"),), id="two sets"),
        pytest.param(((b"content-type", URLENCODED),) * 2, id="twice"),
        pytest.param(((b"content-type", URLENCODED), (b"content-encoding", b"gzip")), id="compressed"),
        pytest.param(((b"content-type", URLENCODED), (b"content-length", b"-1")), id="a length below zero"),
    ],
)
async def test_anything_but_a_plain_form_in_utf_8_is_refused(headers):
    with pytest.raises(Malformed):
        await read_form(request_of(b"method=save", headers=headers))


@pytest.mark.anyio
@pytest.mark.parametrize("length", [b"16385", b"9" * 5000])
async def test_a_form_that_says_it_is_too_large_is_refused_before_a_byte_of_it_is_read(length):
    async def receive():
        pytest.fail("the body was asked for")

    headers = [(b"content-type", URLENCODED), (b"content-length", length)]
    with pytest.raises(TooLarge):
        await read_form(Request({"type": "http", "headers": headers}, receive))


@pytest.mark.anyio
async def test_a_form_that_never_ends_is_refused_at_the_limit():
    asked = 0

    async def receive():
        nonlocal asked
        asked += 1
        return {"type": "http.request", "body": b"a" * 1000, "more_body": True}

    with pytest.raises(TooLarge):
        await read_form(Request({"type": "http", "headers": [(b"content-type", URLENCODED)]}, receive))
    assert asked == 17


@pytest.mark.anyio
async def test_the_largest_form_is_read():
    form = await read_form(request_of(b"a=" + b"b" * 16_382))

    assert form.one("a") == "b" * 16_382


@pytest.mark.anyio
async def test_when_the_visitor_leaves_nothing_is_read():
    with pytest.raises(ClientDisconnect):
        await read_form(request_of(b"method=accept_all", cut=True))
