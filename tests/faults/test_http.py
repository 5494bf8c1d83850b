"""Hostile and broken requests against the real gateway on the real server, over both databases.

Whatever comes in: a clear 4xx, or the connection is closed. No traceback, nothing written, nothing released,
no memory lost, and the next person is served as if nothing had happened.
"""

from __future__ import annotations

import logging
import re
import socket
import threading
import time
from contextlib import contextmanager
from urllib.parse import urlencode, urlsplit

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as effort
from hypothesis import strategies as st
from sqlalchemy import func, select

from consentgw.app import create_app
from consentgw.bench.serving import Served
from consentgw.bench.targets import environment_of, seed, settings_for
from consentgw.configuration.reading import read_folder
from consentgw.configuration.service import apply
from consentgw.consents.tables import receipts
from consentgw.db import open_database, open_reader
from consentgw.http.connection import Connection
from consentgw.http.server import running
from consentgw.resources import folder
from tests.faults.wire import Gateway, chunked, field, form, request, status

ORIGIN = b"origin: http://gateway.localhost:8080"
SITE = b"/embed/shop?lang=ru"


class Hasty(Connection):
    """The same connection with less patience."""

    head_seconds = body_seconds = 0.8
    silence_seconds = linger_seconds = 0.4
    look_seconds = 0.05


@contextmanager
def served(settings):
    """A gateway with the demo's shop, on the real server with less patience."""
    with open_database(settings) as database:
        database.apply(apply, read_folder(folder("templates") / "demo" / "shop"))
    with running(create_app(settings), connection=Hasty) as address:
        yield Gateway(urlsplit(address).hostname, urlsplit(address).port)


@pytest.fixture
def gateway(settings, caplog):
    """The gateway; afterwards nothing was written and the log holds no error and no traceback."""
    caplog.set_level(logging.INFO)
    with served(settings) as gateway:
        yield gateway
        assert kept(settings) == 0
        assert decides(gateway), "the next person must be served"
        assert kept(settings) == 1
    assert_quiet(caplog.records)


def assert_quiet(records):
    for record in records:
        assert record.levelno < logging.ERROR, record.getMessage()
        assert record.exc_info is None, record.getMessage()
        assert "Traceback" not in record.getMessage()


def kept(settings):
    """Return how many receipts there are."""
    with open_reader(settings) as connection:
        return connection.scalar(select(func.count()).select_from(receipts))


def token(gateway):
    """Return a fresh form token."""
    return re.search(rb'name="token" value="([^"]+)"', gateway.get(SITE))[1].decode()


def answer(*fields):
    """Return the body of an answered form."""
    return urlencode(fields).encode()


def decides(gateway):
    """Return whether a genuine decision is kept and answered as one."""
    body = answer(("token", token(gateway)), ("granted", "analytics"), ("method", "save"))
    return status(gateway.exchange(form(SITE, body, ORIGIN))) == 303


def refused(answers):
    """Assert that each answer is a 4xx in words, or a closed connection."""
    for case, got in answers.items():
        assert status(got) == 0 or 400 <= status(got) < 500, (case, got[:300])
        if status(got):
            assert field(got, "content-type").startswith("text/"), case
            assert got.partition(b"\r\n\r\n")[2], case
            assert b"Traceback" not in got
            assert field(got, "set-cookie") is None, case


def test_broken_forms_are_refused_and_nothing_is_kept(gateway):
    valid = ("token", token(gateway)), ("method", "accept_all")
    good = answer(*valid)
    bodies = {
        "nothing": b"",
        "no token": answer(("method", "accept_all")),
        "token twice": answer(valid[0], *valid),
        "method twice": good + b"&method=accept_all",
        "two methods": good + b"&method=reject_all",
        "no method": answer(valid[0]),
        "unknown method": answer(valid[0], ("method", "maybe")),
        "unknown purpose": answer(valid[0], ("method", "save"), ("granted", "everything")),
        "purpose with a space": answer(valid[0], ("method", "save"), ("granted", "analytics ")),
        "NUL in a value": good + b"&granted=%00",
        "NUL in a name": good + b"&%00=1",
        "plain NUL": good + b"&granted=\x00",
        "line feed": good + b"&granted=a%0Ab",
        "CRLF": good + b"&granted=a%0D%0ASet-Cookie:%20a=b",
        "C1 control": good + b"&granted=%C2%85",
        "lone surrogate": good + b"&granted=%ED%A0%80",
        "noncharacter": good + b"&granted=%EF%BF%BF",
        "not UTF-8": good + b"&granted=%FF%FE",
        "raw bytes": good + b"&granted=\xff\xfe",
        "UTF-16": good.decode().encode("utf-16"),
        "half an escape": good + b"&granted=%4",
        "no escape": good + b"&granted=%zz",
        "10 000 fields": good + b"&granted=analytics" * 800,
        "51 fields": good + b"&a=1" * 49,
        "too large": good + b"&granted=" + b"a" * 16_384,
        "token of somebody else": answer(("token", "a.b.c.d.e"), valid[1]),
        "token with a bitten end": answer(("token", valid[0][1][:-1]), valid[1]),
        "token that is not ASCII": answer(("token", "ж" + valid[0][1]), valid[1]),
        "token of dots": answer(("token", "." * 200), valid[1]),
    }

    refused({case: gateway.exchange(form(SITE, body, ORIGIN)) for case, body in bodies.items()})
    refused({case: gateway.exchange(form(b"/consent/shop", body, ORIGIN)) for case, body in bodies.items()})


def test_forms_that_are_no_forms_are_refused(gateway):
    good = answer(("token", token(gateway)), ("method", "accept_all"))
    kinds = [
        b"multipart/form-data; boundary=x",
        b"text/plain",
        b"application/json",
        b"",
        b"application/x-www-form-urlencoded; charset=utf-7",
        b"application/x-www-form-urlencoded, application/json",
    ]

    refused({kind: gateway.exchange(form(SITE, good, ORIGIN, kind=kind)) for kind in kinds})
    refused({"gzip": gateway.exchange(form(SITE, good, ORIGIN, b"content-encoding: gzip"))})
    refused({"two kinds": gateway.exchange(form(SITE, good, ORIGIN, b"content-type: text/plain"))})


def test_the_size_that_is_told_is_enough_to_refuse(gateway):
    begun = time.monotonic()
    head = form(SITE, b"", ORIGIN).replace(b"content-length: 0", b"content-length: 10000000000")
    got = gateway.exchange(head)

    assert status(got) == 413
    assert time.monotonic() - begun < Hasty.body_seconds, "answered before the body, then closed"


def test_broken_chunks_are_refused(gateway):
    good = answer(("token", token(gateway)), ("method", "accept_all"))
    whole = b"%x\r\n%s\r\n" % (len(good), good)
    bodies = {
        "a size that is no number": [b"zz\r\n", good],
        "a size below zero": [b"-5\r\n", good],
        "a size with a plus": [b"+5\r\n", good],
        "an endless size": [b"f" * 17 + b"\r\n", good],
        "too short a size": [b"3\r\n", good, b"\r\n0\r\n\r\n"],
        "too long a size": [b"%x\r\n" % (len(good) + 9), good, b"\r\n0\r\n\r\n"],
        "no end": [whole],
        "an end without a line": [whole, b"0"],
        "bare line feeds": [whole.replace(b"\r\n", b"\n"), b"0\n\n"],
        "never an end": [b"4000\r\n" + b"a" * 0x4000 + b"\r\n"] * 20,
    }

    refused({case: gateway.exchange(chunked(SITE, chunks, ORIGIN)) for case, chunks in bodies.items()})
    smuggled = chunked(SITE, [b"0\r\n\r\n", form(SITE, good, ORIGIN)], ORIGIN, b"content-length: 5")
    refused({"a length and chunks": gateway.exchange(smuggled)})


def test_slow_and_half_sent_decisions_are_ended(gateway):
    good = form(SITE, answer(("token", token(gateway)), ("method", "accept_all")), ORIGIN)
    begun = time.monotonic()

    refused(
        {
            "half a head": gateway.exchange(good[:60]),
            "half a body": gateway.exchange(good[:-10]),
            "a byte at a time": gateway.exchange(*[good[at : at + 1] for at in range(len(good) - 1)], pause=0.01),
        }
    )
    assert time.monotonic() - begun < 60


def test_visitors_who_leave_early_leave_nothing_behind(gateway):
    good = form(SITE, answer(("token", token(gateway)), ("method", "accept_all")), ORIGIN)
    for end in (1, 40, len(good) - 10):
        with socket.create_connection((gateway.host, gateway.port), timeout=5) as connection:
            connection.sendall(good[:end])
    time.sleep(0.3)


def test_foreign_posts_are_refused(gateway):
    good = answer(("token", token(gateway)), ("method", "accept_all"))
    fields = {
        "another page": [b"origin: https://evil.example"],
        "a hidden origin": [b"origin: null"],
        "a look-alike": [b"origin: http://gateway.localhost:8080.evil.example"],
        "another port": [b"origin: http://gateway.localhost:8081"],
        "cross-site": [ORIGIN, b"sec-fetch-site: cross-site"],
        "two origins": [ORIGIN, b"origin: https://evil.example"],
        "bytes": [b"origin: \xff\xfe"],
        "top level": [ORIGIN, b"sec-fetch-site: same-origin", b"sec-fetch-dest: document"],
    }

    refused({case: gateway.exchange(form(SITE, good, *extra)) for case, extra in fields.items()})


def test_an_answered_form_answers_no_more(settings, caplog):
    caplog.set_level(logging.INFO)
    with served(settings) as gateway:
        once = form(SITE, answer(("token", token(gateway)), ("method", "accept_all")), ORIGIN)
        answers: list[bytes] = []
        people = [threading.Thread(target=lambda: answers.append(gateway.exchange(once))) for _ in range(20)]
        for person in people:
            person.start()
        for person in people:
            person.join()

        assert sorted(status(got) for got in answers) == [303] + [409] * 19
        assert kept(settings) == 1
    assert_quiet(caplog.records)


@pytest.mark.parametrize("language", ["kk", "ru", "en"])
def test_wrong_addresses_are_a_page_in_the_visitors_language(gateway, language):
    for target in (
        b"/",
        b"/embed/nobody",
        b"/embed/nobody/style.css",
        b"/consent/nobody",
        b"/release/shop/nobody.js",
        b"/release/shop/google-analytics.exe",
        b"/release/nobody",
        b"/policy/shop-1999-01-01",
        b"/receipt/nobody",
        b"/receipt/nobody.jws",
        b"/sites/nobody/policy",
    ):
        got = gateway.get(target, b"accept-language: " + language.encode())
        assert status(got) == 404, target
        assert field(got, "content-language") == language
        assert f'lang="{language}"'.encode() in got


def test_hostile_addresses_are_nowhere(gateway):
    targets = [
        b"/embed/%00",
        b"/embed/shop%00",
        b"/embed/%ff",
        b"/embed/%ed%a0%80",
        b"/embed/shop%0d%0aset-cookie:a=b",
        b"/embed/shop%0aX",
        b"/embed/../embed/nobody",
        b"/embed/%2e%2e%2fshop",
        b"/embed/shop/style.css/",
        b"/embed//shop",
        b"//embed/shop",
        b"/EMBED/shop",
        b"/embed/SHOP",
        b"/embed/" + b"a" * 8000,
        b"/embed/shop;a=b",
        b"/embed/{site}",
        b"/embed/$%7bjndi:ldap://evil.example%7d",
        b"/policy/" + b"9" * 5000,
        b"/policy/..%2f..%2fetc%2fpasswd",
        b"/policy/shop-2026-11-23'--",
        b"/receipt/" + b"A" * 22 + b"~" + b"A" * 22,
        b"/receipt/%F0%9F%8D%AA",
        b"/receipt/~",
        b"/receipt/" + b"~" * 300,
        b"/release/shop/../shop.js",
        b"/static/../../pyproject.toml",
        b"/static/%2e%2e/%2e%2e/pyproject.toml",
        b"/.git/config",
        b"/" + b"a/" * 4000,
        b"/%",
        b"/%zz",
        b"/%c0%ae%c0%ae/",
        b"*",
        b"http://evil.example",
        b"http://evil.example/nowhere",
        b"evil.example:443",
    ]

    refused({target: gateway.get(target) for target in targets})


def test_hostile_queries_are_refused(gateway):
    queries = [
        b"lang=ru&lang=kk",
        b"lang=%00",
        b"lang=%ff",
        b"lang=%ed%a0%80",
        b"lang=%0d%0aset-cookie:%20a=b",
        b"lang=%zz",
        b"lang=%",
        b"&".join([b"a=1"] * 51),
        b"saved=1&saved=2",
    ]

    refused({query: gateway.get(b"/embed/shop?" + query) for query in queries})


def test_no_other_method_is_taken(gateway):
    methods = [b"PUT", b"DELETE", b"PATCH", b"OPTIONS", b"TRACE", b"PROPFIND", b"CONNECT", b"BREW", b"get"]

    refused({method: gateway.exchange(request(method, SITE)) for method in methods})
    refused({"a stylesheet": gateway.exchange(form(b"/embed/shop/style.css", b"method=accept_all", ORIGIN))})
    refused({"no receipt": gateway.exchange(form(b"/receipt/nobody/withdraw", b"method=withdraw", ORIGIN))})
    refused({"a release": gateway.exchange(form(b"/release/shop/google-analytics.gif", b"", ORIGIN))})


def test_odd_hosts_are_refused(gateway):
    hosts = [
        b"",
        b"a b",
        b"a\xff",
        b"evil.example/path",
        b"user@gateway.localhost",
        b"a:b",
        b"[::1",
        b"a,b",
        b"a" * 9000,
    ]

    refused({host[:20]: gateway.exchange(request(b"GET", SITE, host=host + b" \t\x01")) for host in hosts})
    refused({host[:20]: gateway.exchange(request(b"GET", SITE, host=host)) for host in hosts[:-1]})
    refused({"two": gateway.exchange(request(b"GET", SITE, b"host: gateway.localhost:8080"))})


def test_a_foreign_host_is_never_repeated(gateway):
    for got in (
        gateway.exchange(request(b"GET", SITE, host=b"evil.example")),
        gateway.exchange(request(b"GET", b"/sites/shop/policy", host=b"evil.example")),
        gateway.get(b"http://evil.example" + SITE),
        gateway.get(SITE, b"x-forwarded-host: evil.example", b"forwarded: host=evil.example"),
    ):
        assert status(got) in {200, 302, 303}
        assert b"evil.example" not in got


def test_odd_header_fields_change_nothing(gateway):
    fields = [
        b"cookie: __Host-cg-shop=\xff\xfe\xed\xa0\x80",
        b"cookie: " + b"__Host-cg-shop=a; " * 200,
        b"cookie: __Host-cg-shop=" + b"." * 3000,
        b"cookie: __Host-cg-shop=a.b.c.d.e.f.g.shop." + b"A" * 22,
        b"cookie: =; ;;; =a; __Host-cg-shop",
        b'cookie: __Host-cg-shop="a\\"b"',
        b"cookie: a\tb=\x80\x9f",
        b"accept-language: " + b"a," * 4000,
        b"accept-language: \xff\xfe;q=nan",
        b"accept-language: kk;q=1e999, *;q=-1",
        b"accept-language: " + b"-" * 5000,
        b"accept-encoding: \xff",
        b"referer: \xff\xfe://\xff",
        b"referer: " + b"https://duken.example/" + b"a" * 8000,
        b"referer: javascript:alert(1)",
        b"sec-gpc: 1, 1",
        b"sec-fetch-dest: \xff",
        b"sec-fetch-site: cross-site, same-origin",
        b"if-none-match: \xff",
        b"if-none-match: " + b'"a",' * 2000,
        b"range: bytes=0-0,1-1",
        b"x-forwarded-for: \xff",
        b"x-http-method-override: POST",
    ]
    for one in fields:
        for target in (SITE, b"/embed/shop/style.css", b"/consent/shop", b"/release/shop/google-analytics.gif"):
            got = gateway.get(target, one)
            assert status(got) == 200, (one[:60], target, got[:200])
            assert field(got, "set-cookie") is None
            assert field(got, "location") is None


def test_header_floods_are_refused(gateway):
    refused(
        {
            "many": gateway.get(SITE, *[b"x-%d: 1" % one for one in range(10_000)]),
            "one": gateway.get(SITE, b"cookie: " + b"a" * 100_000),
            "a trickle": gateway.exchange(b"GET / HTTP/1.1\r\n", *[b"x: %s\r\n" % (b"a" * 1000)] * 40, pause=0.005),
            "line breaks": gateway.get(SITE, b"x: a\rb: c", b"y: a\nb: c"),
            "folded": gateway.get(SITE, b"x: a", b" b"),
        }
    )


def test_damage_to_a_genuine_decision_is_refused_or_harmless(sqlite_settings, caplog):
    """Whatever happens to the bytes of a decision, it is kept as a decision or not at all."""
    caplog.set_level(logging.INFO)
    damage = st.lists(
        st.tuples(st.integers(0, 10_000), st.integers(0, 3), st.binary(min_size=1, max_size=3)), min_size=1, max_size=4
    )
    with served(sqlite_settings) as gateway:
        fresh = [token(gateway)]
        stored = [0]

        @effort(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
        @given(damage)
        def damaged(changes):
            body = answer(("token", fresh[0]), ("granted", "analytics"), ("method", "save"))
            data = form(SITE, body, ORIGIN)
            for place, removed, added in changes:
                place %= len(data)
                data = data[:place] + added + data[place + removed :]
            got = gateway.exchange(data)
            assert status(got) < 500
            assert status(got) not in {200, 201, 204}
            if status(got) == 303:
                stored[0] += 1
                fresh[0] = token(gateway)

        damaged()
        assert kept(sqlite_settings) == stored[0]
    assert_quiet(caplog.records)


def test_a_flood_of_hostile_requests_leaves_memory_flat(tmp_path):
    """Every request is another one, so that anything that remembers them would show."""
    settings = settings_for(tmp_path)
    seed(settings)
    with Served("gateway", **environment_of(settings)) as served:
        gateway = Gateway("127.0.0.1", served.port)
        flood(gateway, range(300))
        before = served.figures().memory
        flood(gateway, range(300, 2_000))
        grown = served.figures().memory - before

    assert grown < 8 * 1024 * 1024, f"{grown / 1024 / 1024:.1f} MB for 1 700 rounds"


def flood(gateway, numbers):
    for number in numbers:
        name = b"%016x" % (number * 0x9E3779B97F4A7C15 % 2**64)
        hostile = [
            request(b"GET", b"/embed/" + name, b"accept-language: " + name),
            request(b"GET", SITE, b"accept-language: " + name + b",en", b"cookie: __Host-cg-shop=" + name * 20),
            request(b"GET", b"/policy/shop-" + name + b"?lang=" + name),
            request(b"GET", b"/receipt/" + name * 3),
            form(b"/embed/shop?lang=" + name, b"token=" + name + b"&a=%00" * 49, ORIGIN),
            form(SITE, b"a=" + name + b"&b=1" * 4_000, ORIGIN),
            request(b"POST", SITE, b"content-length: 99999999", b"content-type: " + name, body=name * 2_000),
            request(b"GET", SITE, b"x: " + name * 3_000),
        ]
        got = gateway.exchange(hostile[number % len(hostile)])
        assert status(got) < 500
