"""Answers on a prepared head: the same bytes as uvicorn's own, in one write, and nothing hidden from its checks."""

from __future__ import annotations

import re
import socket
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest

from consentgw.http import surfaces
from consentgw.http.connection import Connection
from consentgw.http.server import running

BODY = "Сәлем".encode()
ANSWERS = {
    "/page": surfaces.EMBED.answer(BODY, (b"content-language", b"kk"), places=surfaces.Places("https://shop.example")),
    "/moved": surfaces.DECISION.answer(b"", (b"location", b"/page"), status=303),
    "/closing": surfaces.PUBLIC.answer(BODY, (b"connection", b"close")),
    "/unsafe": surfaces.PUBLIC.answer(BODY, (b"location", b"/\r\nset-cookie: eve=1")),
}


class Writes(Connection):
    """A connection that remembers how often it wrote."""

    written: list[bytes] = []  # noqa: RUF012  for all of them

    def connection_made(self, transport):
        super().connection_made(transport)
        write = transport.write
        self.transport = type("Transport", (), {"__getattr__": lambda _, name: getattr(transport, name)})()
        self.transport.write = lambda data: (self.written.append(bytes(data)), write(data))


async def app(scope, receive, send):
    """Answer an address of ``ANSWERS``; the query says what a middleware does to the answer."""
    if scope["type"] == "lifespan":
        for step in ("startup", "shutdown"):
            await receive()
            await send({"type": f"lifespan.{step}.complete"})
        return
    answer = ANSWERS[scope["path"]]

    async def altered(message):
        await send(ALTERED[scope["query_string"]](message))

    async def in_pieces(message):
        if message["type"] == "http.response.body":
            await send({**message, "body": message["body"][:3], "more_body": True})
            message = {**message, "body": message["body"][3:]}
        await send(message)

    await answer(scope, receive, in_pieces if scope["query_string"] == b"pieces" else altered)


def _without_head(message):
    return {name: value for name, value in message.items() if name != "consentgw.head"}


def _other_cache(message):
    fields = [(name, b"private" if name == b"cache-control" else value) for name, value in message.get("headers", ())]
    return {**message, "headers": fields} if fields else message


def _no_length(message):
    fields = [field for field in message.get("headers", ()) if field[0] != b"content-length"]
    return {**message, "headers": fields} if fields else message


def _no_body(message):
    return {**message, "body": b""} if "body" in message else message


ALTERED = {b"": dict, b"plain": _without_head, b"cache": _other_cache, b"endless": _no_length, b"no-body": _no_body}


@contextmanager
def connected():
    with running(app, connection=Writes) as address:
        at = urlsplit(address)
        with socket.create_connection((at.hostname, at.port), timeout=5) as connection:
            Writes.written.clear()
            yield connection


def ask(connection, target, method="GET", more=""):
    connection.sendall(f"{method} {target} HTTP/1.1\r\nhost: gateway.test\r\n{more}\r\n".encode())


def answer(connection, *, body=True):
    """Return the next answer's head, without its date, and its body."""
    data = b""
    while b"\r\n\r\n" not in data:
        data += connection.recv(65536)
    head, _, rest = data.partition(b"\r\n\r\n")
    length = re.search(rb"content-length: (\d+)", head)
    while body and len(rest) < int(length[1]):
        rest += connection.recv(65536)
    return re.sub(rb"date: [^\r]+\r\n", b"", head), rest


@pytest.mark.parametrize("target", ["/page", "/moved"])
def test_a_prepared_answer_is_what_uvicorn_writes_and_leaves_in_one_piece(target):
    with connected() as connection:
        ask(connection, target)
        ours = answer(connection)
        assert len(Writes.written) == 1
        ask(connection, f"{target}?plain")
        theirs = answer(connection)

    assert sorted(ours[0].split(b"\r\n")) == sorted(theirs[0].split(b"\r\n"))
    assert ours[1] == theirs[1]


def test_what_a_middleware_changes_in_a_prepared_answer_is_what_is_sent():
    with connected() as connection:
        ask(connection, "/page?cache")
        head, body = answer(connection)

    assert b"cache-control: private" in head
    assert b"no-store" not in head
    assert body == BODY


def test_a_prepared_answer_may_come_in_pieces():
    with connected() as connection:
        ask(connection, "/page?pieces")
        assert answer(connection)[1] == BODY
        ask(connection, "/page")
        assert answer(connection)[1] == BODY


def test_a_head_request_hears_the_length_and_no_body():
    with connected() as connection:
        ask(connection, "/page?no-body", "HEAD")
        head, body = answer(connection, body=False)
        assert b"content-length: %d" % len(BODY) in head
        assert body == b""
        ask(connection, "/page")
        assert answer(connection)[1] == BODY


def test_requests_sent_at_once_are_answered_in_their_order():
    with connected() as connection:
        connection.sendall(
            b"".join(b"GET /%s HTTP/1.1\r\nhost: gateway.test\r\n\r\n" % one for one in (b"page", b"moved"))
        )
        received = b""
        while received.count(b"content-length") < 2 or not received.endswith(b"\r\n\r\n"):
            received += connection.recv(65536)

    assert received.index(BODY) < received.index(b"location: /page")


@pytest.mark.parametrize(("target", "more"), [("/closing", ""), ("/page", "connection: close\r\n")])
def test_a_connection_that_ends_says_so_and_ends(target, more):
    with connected() as connection:
        ask(connection, target, more=more)
        head, body = answer(connection)
        assert b"\r\nconnection: close" in head
        assert body == BODY
        assert connection.recv(1) == b""


def test_an_answer_without_its_length_comes_in_chunks():
    with connected() as connection:
        ask(connection, "/page?endless", more="connection: close\r\n")
        received = b"".join(iter(lambda: connection.recv(65536), b""))

    assert b"transfer-encoding: chunked" in received
    assert BODY in received


def test_a_line_break_in_what_was_added_never_becomes_a_header(caplog):
    with connected() as connection:
        ask(connection, "/unsafe")
        received = b"".join(iter(lambda: connection.recv(65536), b""))

    assert b"eve" not in received
    assert "Invalid HTTP header value" in caplog.text


def test_a_body_that_is_shorter_than_promised_is_never_taken_for_the_whole(caplog):
    with connected() as connection:
        ask(connection, "/page?no-body")
        received = b"".join(iter(lambda: connection.recv(65536), b""))

    assert received.endswith(b"\r\n\r\n")
    assert "shorter than Content-Length" in caplog.text
