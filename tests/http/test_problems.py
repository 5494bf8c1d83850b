"""Statuses and words for what goes wrong."""

from __future__ import annotations

import inspect
import time

import pytest
from starlette.requests import Request

from consentgw import errors
from consentgw.http.problems import describe, status_of

EVERY = [one for _, one in inspect.getmembers(errors, inspect.isclass) if issubclass(one, errors.ConsentgwError)]


def asked(query=b"", *headers):
    return Request({"type": "http", "method": "GET", "path": "/", "query_string": query, "headers": list(headers)})


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (errors.NotFound, 404),
        (errors.Unauthenticated, 401),
        (errors.Forbidden, 403),
        (errors.TooMany, 429),
        (errors.Invalid, 422),
        (errors.Malformed, 400),
        (errors.TooLarge, 413),
        (errors.Forged, 403),
        (errors.Unconfirmed, 409),
        (errors.UnknownPurpose, 422),
        (errors.Refused, 400),
        (errors.AlreadyAnswered, 409),
        (errors.Conflict, 409),
        (errors.Gone, 410),
        (errors.Unavailable, 503),
        (errors.Misconfigured, 500),
        (KeyError, 500),
    ],
)
def test_each_error_has_its_status(error, status):
    assert status_of(error("x")) == status


@pytest.mark.parametrize("error", EVERY, ids=lambda one: one.__name__)
@pytest.mark.parametrize("language", ["kk", "ru", "en"])
def test_each_error_has_a_page_in_each_language(error, language):
    answer = describe(error("an inner word"), asked(b"", (b"accept-language", language.encode())))

    text = answer.body.decode()
    assert answer.headers["content-language"] == language
    assert f'<html lang="{language}">' in text
    assert "an inner word" not in text
    assert "<script" not in text
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("language", "seconds", "told"),
    [("en", 3_275, "55 minutes"), ("ru", 3_275, "55 минут"), ("kk", 3_275, "55 минут"), ("en", 9, "9 seconds")],
)
def test_who_asks_too_often_is_told_how_long_to_wait(language, seconds, told):
    answer = describe(errors.TooMany("x", seconds), asked(b"lang=" + language.encode()))

    assert f": {told}." in answer.body.decode()
    assert answer.headers["retry-after"] == str(seconds)


@pytest.mark.parametrize("query", [b"lang=%ff", b"lang=ru&lang=kk", b"lang", b"%", b"&&&", b"lang=%00", b"\xff"])
def test_a_query_that_cannot_be_read_gets_a_page_all_the_same(query):
    assert describe(errors.Malformed("x"), asked(query)).status_code == 400


def test_an_absurd_language_costs_nothing():
    long = b"a-" * 30_000
    began = time.perf_counter()

    for _ in range(5):
        answer = describe(errors.NotFound("x"), asked(b"lang=" + long, (b"accept-language", long)))

    assert answer.status_code == 404
    assert time.perf_counter() - began < 2
