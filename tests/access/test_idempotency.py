"""A repetition is answered as the first time, and by nobody else's answer."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from consentgw.access import idempotency
from consentgw.access.idempotency import Given, KeyReused, Once, read_key
from consentgw.errors import Malformed

ANSWER = Given(201, ((b"location", b"/v1/keys/a"), (b"etag", b'"x"')), b'{"secret":"cg_live_"}\n\n{}')


def once(caller="dana", secret="s", key=b"k", body=b"{}"):
    return Once.of(caller, secret, key, "POST", b"/v1/keys", body)


def carry_out(db, what, answer=ANSWER):
    return db.apply(what.carry_out, lambda _: answer)


def test_the_second_time_nothing_is_done_and_the_answer_is_the_first(db):
    first = carry_out(db, once())

    again = carry_out(db, once(), Given(500, (), b"never"))

    assert (first.status, first.headers, first.body, first.replayed) == (201, ANSWER.headers, ANSWER.body, False)
    assert (again.status, again.headers, again.body, again.replayed) == (201, ANSWER.headers, ANSWER.body, True)


def test_two_units_of_one_group_are_one(db):
    done = []
    waiting = [
        db.writer.submit(lambda unit: once().carry_out(unit, lambda _: done.append(1) or ANSWER)) for _ in range(30)
    ]

    assert {answer.result().body for answer in waiting} == {ANSWER.body}
    assert done == [1]


@pytest.mark.parametrize("other", [once(body=b"[]"), Once.of("dana", "s", b"k", "POST", b"/v1/keys?a", b"{}")])
def test_another_request_with_the_same_key_is_refused(db, other):
    carry_out(db, once())

    with pytest.raises(KeyReused):
        carry_out(db, other)


def test_another_caller_s_key_is_another_key(db):
    carry_out(db, once())

    assert not carry_out(db, once(caller="bolat")).replayed


def test_after_a_day_the_answer_is_forgotten(db, clock):
    carry_out(db, once())
    clock.step(hours=24)

    assert not carry_out(db, once(), Given(200, (), b"anew")).replayed
    assert carry_out(db, once()).body == b"anew"


@pytest.mark.anyio
async def test_the_worker_deletes_what_is_forgotten_and_nothing_else(db, clock):
    carry_out(db, once(key=b"old"))
    clock.step(hours=23, minutes=59)
    carry_out(db, once(key=b"new"))
    clock.step(minutes=1)

    await idempotency.purge(db)

    assert carry_out(db, once(key=b"new")).replayed
    assert not carry_out(db, once(key=b"old")).replayed


def test_nobody_reads_an_answer_in_the_database(db):
    carry_out(db, once())

    kept = db.ask(lambda connection: connection.execute(text("SELECT sealed FROM replies")).scalar_one())

    assert b"cg_live_" not in bytes(kept)
    assert b"/v1/keys" not in bytes(kept)


@pytest.mark.parametrize(
    ("lines", "key"),
    [
        ([], None),
        ([b'"a"'], b"a"),
        ([b"5b1e0f6c-7f43"], b"5b1e0f6c-7f43"),
        ([rb'"a\"b\\c"'], rb'a"b\c'),
    ],
)
def test_a_key_is_a_string_in_quotes_or_a_bare_word(lines, key):
    assert read_key(lines) == key


@pytest.mark.parametrize(
    "lines",
    [
        [b""],
        [b'""'],
        [b'"a'],
        [b'a"'],
        [b"a b"],
        [b"a", b"a"],
        [b"x" * 256],
        [b'"' + b"x" * 256 + b'"'],
        [b'"\xc3\xa4"'],
        [rb'"\a"'],
        [b'"a";b=1'],
    ],
)
def test_anything_else_is_no_key(lines):
    with pytest.raises(Malformed):
        read_key(lines)


@given(st.lists(st.binary(max_size=300), max_size=2))
def test_any_header_is_a_key_or_malformed(lines):
    try:
        key = read_key(lines)
    except Malformed:
        key = None
    assert key is None or 0 < len(key) <= 255
