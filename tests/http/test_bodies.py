"""JSON bodies: what is read, and what could be read in two ways."""

from __future__ import annotations

import json
from contextlib import suppress

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from starlette.requests import ClientDisconnect

from consentgw.errors import Invalid, Malformed, TooLarge
from consentgw.http import bodies
from consentgw.http.bodies import DEPTH, Body, Line, Prose, check, read, receive
from consentgw.http.problems import UnsupportedMedia
from tests.http.test_forms import request_of

JSON = ((b"content-type", b"application/json"),)
BIG = 2**63

# What JSON texts may hold here: no control character but tab and line ends, no surrogate, no noncharacter.
text = st.text(
    st.characters(exclude_categories=["Cc", "Cs"]).filter(
        lambda c: ord(c) & 0xFFFE != 0xFFFE and not 0xFDD0 <= ord(c) <= 0xFDEF
    )
    | st.sampled_from("\t\n\r")
)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-BIG, BIG - 1) | st.floats(allow_nan=False, allow_infinity=False) | text,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(text, inner, max_size=4),
    max_leaves=10,
)


class Named(Body):
    """A body with a name."""

    name: Line
    words: Prose | None = None
    count: int = 0


@given(values, st.booleans())
def test_what_can_be_read_in_one_way_is_read(value, escaped):
    assert check(json.dumps(value, ensure_ascii=escaped).encode()) == value


@given(st.binary())
@example(b"\xff")
@example(b"\xef\xbb\xbf{}")
@example(b"")
@example(b"[" * 70_000)
@example(b'{"a":' * 30_000)
@example(b"1" * 5_000)
@example(b"1e400")
def test_any_bytes_are_read_or_refused_and_nothing_else_happens(body):
    value = json
    with suppress(Malformed):
        value = check(body)
    assert value is json or json.loads(body) == value


@given(values)
def test_any_value_fits_a_model_or_is_invalid(value):
    with suppress(Invalid):
        assert read(Named, json.dumps(value).encode()).name == value["name"]


@pytest.mark.parametrize(
    "body",
    [
        b'{"a":1,"a":1}', b'{"a":{"b":1,"\\u0062":2}}',  # a name twice, however it is written
        b"NaN", b"[Infinity]", b"-Infinity", b"1e999", b"[-1e999]", b"9223372036854775808", b"-9223372036854775809",
        b'"\\ud800"', b'"\\udc00\\ud800"', b'{"\\ud800":1}', b'"\xed\xa0\x80"',
        b'"\\u0000"', b'"\x00"', b'"\\u0007"', b'"\\u007f"', b'"\\u0085"', b'"\xc2\x85"', b'"\\b"',
        b'"\\ufffe"', b'"\xef\xbf\xbf"', b'"\\ufdd0"', b'"\\ud83f\\udffe"',
        '"ä"'.encode("utf-16"), '"ä"'.encode("latin-1"), b"\xef\xbb\xbf1",
        b"", b"{", b"{}{}", b"'a'", b"{a:1}", b"[1,]", b"01", b"+1", b".5", b"// x\n1",
        b"[" * (DEPTH + 1) + b"]" * (DEPTH + 1),
    ],
)  # fmt: skip
def test_what_could_be_read_in_two_ways_is_refused(body):
    with pytest.raises(Malformed):
        check(body)


@pytest.mark.parametrize(
    "body",
    [b"9223372036854775807", b"-9223372036854775808", b'"\\ud83d\\ude00"', b'"\\n\\t"', b"[" * DEPTH + b"]" * DEPTH],
)
def test_the_last_that_can_be_read_is_read(body):
    assert check(body) == json.loads(body)


@pytest.mark.parametrize(
    ("body", "places"),
    [
        ({}, ["#/name"]),
        ({"name": 1}, ["#/name"]),
        ({"name": "x", "eve": 1}, ["#"]),
        ({"name": ""}, ["#/name"]),
        ({"name": "a\nb"}, ["#/name"]),
        ({"name": "a\u202eb"}, ["#/name"]),
        ({"name": "x", "count": "1"}, ["#/count"]),
        ({"name": "x", "count": 1.5}, ["#/count"]),
        ({"name": "x", "count": True}, ["#/count"]),
        ([], ["#"]),
        (None, ["#"]),
    ],
)
def test_a_fault_has_a_place_and_no_word_of_the_input(body, places):
    with pytest.raises(Invalid) as caught:
        read(Named, json.dumps(body).encode())

    assert [fault.pointer for fault in caught.value.faults] == places
    assert not any("eve" in fault.says for fault in caught.value.faults)


def test_a_pointer_is_escaped():
    class Odd(Body):
        inner: dict[str, int]

    with pytest.raises(Invalid) as caught:
        read(Odd, b'{"inner":{"a/b~c":"x"}}')

    assert caught.value.faults[0].pointer == "#/inner/a~1b~0c"


def test_a_text_of_many_lines_keeps_them():
    assert read(Named, b'{"name":"x","words":"a\\n\\tb"}').words == "a\n\tb"


@pytest.mark.anyio
class TestReceiving:
    async def test_a_body_that_arrives_in_pieces_is_one_body(self):
        assert await receive(request_of(b'{"a":', b"1}", headers=JSON)) == b'{"a":1}'

    @pytest.mark.parametrize(
        "kind", [b"application/json; charset=utf-8", b'Application/JSON;charset="UTF-8"', b"application/json ;"[:-2]]
    )
    async def test_json_in_utf_8_is_named_in_more_than_one_way(self, kind):
        assert await receive(request_of(b"1", headers=((b"content-type", kind),))) == b"1"

    @pytest.mark.parametrize(
        "headers",
        [
            (),
            ((b"content-type", b"text/json"),),
            ((b"content-type", b"application/json; charset=utf-16"),),
            ((b"content-type", b"application/json"), (b"content-type", b"application/json")),
            ((b"content-type", b"application/json"), (b"content-encoding", b"gzip")),
        ],
    )
    async def test_nothing_else_is_taken(self, headers):
        with pytest.raises(UnsupportedMedia):
            await receive(request_of(b"{}", headers=headers))

    async def test_too_much_is_refused_as_soon_as_it_is_known(self):
        for headers in (JSON, (*JSON, (b"content-length", b"65537")), (*JSON, (b"content-length", b"9" * 30))):
            with pytest.raises(TooLarge):
                await receive(request_of(b" " * 40_000, b" " * 40_000, headers=headers))
        assert len(await receive(request_of(b" " * bodies.LIMIT, headers=JSON))) == bodies.LIMIT

    async def test_whoever_leaves_waits_for_no_answer(self):
        with pytest.raises(ClientDisconnect):
            await receive(request_of(b"{", headers=JSON, cut=True))
