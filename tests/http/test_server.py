"""The server: deadlines, limits, stopping, and a plain sentence when it cannot start."""

from __future__ import annotations

import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse

from consentgw.errors import ConsentgwError, Misconfigured
from consentgw.http.connection import Connection
from consentgw.http.forms import read_form
from consentgw.http.server import running, serve


class Hasty(Connection):
    """The same connection with less patience, so that tests need none."""

    head_seconds = body_seconds = 0.6
    silence_seconds = 0.3
    linger_seconds = stopping_seconds = unread_seconds = 0.3
    look_seconds = 0.05


async def app(scope, receive, send):
    """Answer a form with its field ``method`` and everything else with what was understood of it."""
    if scope["type"] == "lifespan":
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.complete"})
        return
    request = Request(scope, receive)
    try:
        if scope["path"] == "/deaf":
            answer = "not listening"
        elif scope["path"] == "/large":
            answer = "x" * 200_000
        elif scope["method"] == "POST":
            answer = (await read_form(request)).one("method") or ""
        else:
            answer = f"{scope['path']} {scope['client'][0]}"
    except ClientDisconnect:
        return
    except ConsentgwError as error:
        await PlainTextResponse(error.code, status_code=400)(scope, receive, send)
        return
    await PlainTextResponse(answer)(scope, receive, send)


def app_factory():
    return app


@pytest.fixture(scope="module")
def address():
    """Where a hasty server listens."""
    with running(app, connection=Hasty) as address:
        yield urlsplit(address).hostname, urlsplit(address).port


@pytest.fixture
def server(address, caplog):
    """The same; afterwards the log of this test holds no error and no traceback."""
    caplog.set_level(logging.INFO)
    yield address
    for record in caplog.records:
        assert record.levelno < logging.WARNING, record.getMessage()
        assert record.exc_info is None


def exchange(address, *pieces, pause=0.0, timeout=5.0):
    """Send pieces with pauses between, and return all that came back until the server closed."""
    with socket.create_connection(address, timeout=timeout) as connection:
        answer = b""
        for piece in pieces:
            try:
                connection.sendall(piece)
            except OSError:
                break  # the server closed first; what it said is read below
            time.sleep(pause)
        while True:
            try:
                received = connection.recv(65536)
            except ConnectionResetError:
                break
            if not received:
                break
            answer += received
        return answer


def one_answer(connection):
    """Return the next answer on a connection that stays open."""
    answer = b""
    while b"\r\n\r\n" not in answer:
        answer += connection.recv(65536)
    head, _, body = answer.partition(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
    while len(body) < length:
        body += connection.recv(65536)
    return head + b"\r\n\r\n" + body


def get(path=b"/", *fields, host=b"host: gateway.test\r\n", version=b"1.1", close=True):
    """Return the bytes of a GET request."""
    ending = b"connection: close\r\n\r\n" if close else b"\r\n"
    return b"GET " + path + b" HTTP/" + version + b"\r\n" + host + b"".join(fields) + ending


def post(body, *fields, path=b"/", close=True, length=None):
    """Return the bytes of a form that says it is ``length`` bytes long."""
    return b"".join(
        [
            b"POST " + path + b" HTTP/1.1\r\nhost: gateway.test\r\n",
            b"content-type: application/x-www-form-urlencoded\r\n",
            b"" if length == 0 else b"content-length: %d\r\n" % (length or len(body)),
            b"connection: close\r\n" if close else b"",
            *fields,
            b"\r\n" + body,
        ]
    )


def status(answer):
    """Return the status of the first answer."""
    return int(answer.split(b" ", 2)[1])


def test_an_ordinary_request_is_answered_without_naming_the_server(server):
    answer = exchange(server, get(b"/embed/shop"))

    assert status(answer) == 200
    assert answer.endswith(b"/embed/shop 127.0.0.1")
    assert b"server:" not in answer.lower()


def test_one_connection_carries_many_requests(server):
    with socket.create_connection(server, timeout=5) as connection:
        for name in (b"/a", b"/b", b"/c"):
            connection.sendall(get(name, close=False))
            assert one_answer(connection).endswith(name + b" 127.0.0.1")


def test_pipelined_requests_are_answered_in_order(server):
    answer = exchange(server, get(b"/a", close=False) + post(b"method=save", close=False) + get(b"/c"))

    assert answer.index(b"/a 127") < answer.index(b"save") < answer.index(b"/c 127")


def test_a_form_that_arrives_in_pieces_is_read(server):
    request = post(b"method=reject_all")

    assert exchange(server, *[request[at : at + 40] for at in range(0, len(request), 40)]).endswith(b"reject_all")


def test_a_client_address_is_never_taken_from_a_header_by_itself(server):
    answer = exchange(server, get(b"/", b"x-forwarded-for: 203.0.113.9\r\n", b"forwarded: for=203.0.113.9\r\n"))

    assert answer.endswith(b"/ 127.0.0.1")


# Deadlines


def test_a_connection_that_says_nothing_is_closed_without_a_word(server):
    assert exchange(server) == b""


@pytest.mark.parametrize("beginning", [b"G", b"GET / HTTP/1.1\r\nhost: gate", b"\r\n"])
def test_a_head_that_does_not_end_is_answered_408(server, beginning):
    assert status(exchange(server, beginning)) == 408


def test_a_head_that_trickles_is_ended_as_if_it_had_stopped(server):
    begun = time.monotonic()
    answer = exchange(server, *[bytes([byte]) for byte in get(b"/" + b"a" * 200)], pause=0.02)

    assert status(answer) == 408
    assert time.monotonic() - begun < 3 + 0.02 * 250


def test_empty_lines_do_not_keep_a_connection_alive(server):
    answer = exchange(server, get(b"/a", close=False), *[b"\r\n"] * 60, pause=0.02)

    assert answer.count(b"HTTP/1.1 ") == 2
    assert b"HTTP/1.1 408 " in answer


def test_a_body_that_stops_is_answered_408(server):
    begun = time.monotonic()
    answer = exchange(server, post(b"method=", length=100))

    assert status(answer) == 408
    assert time.monotonic() - begun < Hasty.body_seconds, "silence ends sooner than a body that gets on"


def test_a_body_that_trickles_is_ended_too(server):
    answer = exchange(server, post(b"method=", length=5000), *[b"a"] * 100, pause=0.02)

    assert status(answer) == 408


def test_a_body_that_was_answered_early_is_not_waited_for(server):
    answer = exchange(server, post(b"method=", path=b"/deaf", length=5000, close=False), *[b"a"] * 50, pause=0.02)

    assert answer.endswith(b"not listening")


def test_the_next_request_has_its_own_time(server):
    with socket.create_connection(server, timeout=5) as connection:
        for _ in range(4):
            connection.sendall(get(b"/a", close=False))
            assert one_answer(connection).endswith(b"/a 127.0.0.1")
            time.sleep(Hasty.head_seconds / 2)


def test_a_client_that_does_not_read_is_cut_off(server):
    """Answers pile up until nothing fits any more; then the connection must go, not stay."""
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.settimeout(5)
        connection.connect(server)
        connection.sendall(get(b"/large", close=False) * 60)
        begun = time.monotonic()
        received = 0
        time.sleep(1.5)
        try:
            while piece := connection.recv(65536):
                received += len(piece)
        except OSError:
            pass

    assert received < 60 * 200_000
    assert time.monotonic() - begun < 5


# Limits


def test_a_head_as_large_as_allowed_is_taken_and_a_larger_one_refused(server):
    def cookie(size):
        return get(b"/", b"cookie: " + b"a" * size + b"\r\n")

    assert status(exchange(server, cookie(16_000))) == 200
    refused = exchange(server, cookie(16_400))
    assert status(refused) == 431
    assert b"\r\nconnection: close\r\n" in refused
    assert b"content-type: text/plain" in refused


def test_a_head_that_never_ends_is_refused_at_the_limit(server):
    field = b"x-flood: " + b"a" * 1000 + b"\r\n"

    assert status(exchange(server, b"GET / HTTP/1.1\r\n", *[field] * 40, pause=0.005)) == 431
    assert status(exchange(server, b"GET / HTTP/1.1\r\nx-one: " + b"a" * 20_000)) == 431
    assert status(exchange(server, b"GET /" + b"a" * 20_000)) == 431


def test_a_hundred_fields_are_taken_and_ten_thousand_refused(server):
    assert status(exchange(server, get(b"/", *[b"x: 1\r\n"] * 98))) == 200
    assert status(exchange(server, get(b"/", *[b"x: 1\r\n"] * 99))) == 431
    assert status(exchange(server, get(b"/", *[b"x: 1\r\n"] * 10_000))) == 431


def test_the_size_of_a_body_does_not_count_as_head(server):
    assert status(exchange(server, post(b"method=" + b"a" * 16_000))) == 200
    answer = exchange(server, post(b"method=" + b"a" * 16_000, close=False) + get(b"/after"))
    assert answer.endswith(b"/after 127.0.0.1")


def test_a_chunked_body_without_end_is_refused_by_the_form_and_then_cut(server):
    chunk = b"4000\r\n" + b"a" * 0x4000 + b"\r\n"
    answer = exchange(server, post(b"", b"transfer-encoding: chunked\r\n", length=0, close=False), *[chunk] * 200)

    assert status(answer) == 400
    assert answer.count(b"HTTP/1.1 ") == 1


def test_trailers_never_reach_the_application_and_never_grow(server):
    chunked = post(b"", b"transfer-encoding: chunked\r\n", length=0)

    assert exchange(server, chunked + b"b\r\nmethod=save\r\n0\r\nhost: evil.test\r\n\r\n").endswith(b"save")
    answer = exchange(server, chunked + b"1\r\na\r\n0\r\n", *[b"x: " + b"a" * 60_000 + b"\r\n"] * 80)
    assert status(answer) == 413


# What is not HTTP, or not to be trusted


@pytest.mark.parametrize(
    "request_bytes",
    [
        pytest.param(b"\x16\x03\x01\x02\x00\x01\x00", id="TLS"),
        pytest.param(b"hello\r\n\r\n", id="words"),
        pytest.param(b"\x00" * 32, id="NULs"),
        pytest.param(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", id="HTTP/2"),
        pytest.param(get(version=b"3.7"), id="another version"),
        pytest.param(b"GET /\r\n\r\n", id="no version"),
        pytest.param(b"GET / HTTP/1.1\nhost: a\n\n", id="bare line feeds"),
        pytest.param(get(b"/\xff"), id="bytes that are not ASCII in the address"),
        pytest.param(get(b"/a b"), id="a space in the address"),
        pytest.param(get(b"http://gateway.test"), id="an absolute address without a path"),
        pytest.param(b"CONNECT a.test:443 HTTP/1.1\r\nhost: a.test\r\n\r\n", id="CONNECT"),
        pytest.param(get(b"/", b"cookie: a=\x00\r\n"), id="NUL in a field"),
        pytest.param(get(b"/", b"cookie: a=\x01\r\n"), id="a control character in a field"),
        pytest.param(get(b"/", b"coo kie: a\r\n"), id="a space in a name"),
        pytest.param(get(b"/", b"cookie : a\r\n"), id="a space before the colon"),
        pytest.param(get(b"/", b" folded\r\n"), id="a folded line"),
        pytest.param(get(host=b""), id="no host"),
        pytest.param(get(host=b"host: a\r\nhost: a\r\n"), id="two hosts"),
        pytest.param(get(host=b"host: a b\r\n"), id="a host with a space"),
        pytest.param(get(host=b"host: a/b\r\n"), id="a host with a path"),
        pytest.param(get(host=b"host: user@a\r\n"), id="a host with a user"),
        pytest.param(get(host=b"host:\r\n"), id="an empty host"),
        pytest.param(post(b"a", b"content-length: 1\r\n"), id="two lengths"),
        pytest.param(post(b"a", b"transfer-encoding: chunked\r\n"), id="a length and chunks"),
        pytest.param(post(b"a", b"content-length: -1\r\n", length=0), id="a length below zero"),
        pytest.param(post(b"a", b"content-length: 1e3\r\n", length=0), id="a length in words"),
        pytest.param(post(b"a", b"content-length: " + b"9" * 30 + b"\r\n", length=0), id="an endless length"),
        pytest.param(post(b"a", b"transfer-encoding: gzip\r\n", length=0), id="a coding we do not know"),
        pytest.param(post(b"zz\r\n", b"transfer-encoding: chunked\r\n", length=0), id="a chunk of no size"),
        pytest.param(post(b"-1\r\n", b"transfer-encoding: chunked\r\n", length=0), id="a chunk below zero"),
        pytest.param(post(b"f" * 20 + b"\r\n", b"transfer-encoding: chunked\r\n", length=0), id="an endless chunk"),
        pytest.param(post(b"1\r\nabc\r\n", b"transfer-encoding: chunked\r\n", length=0), id="a chunk that is longer"),
    ],
)
def test_what_is_not_a_clean_request_is_answered_400_in_one_plain_line(server, request_bytes):
    answer = exchange(server, request_bytes)

    assert status(answer) == 400
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"content-type: text/plain; charset=utf-8" in head
    assert body.endswith(b".")
    assert b"\n" not in body


def test_an_old_client_may_do_without_a_host(server):
    assert status(exchange(server, get(host=b"", version=b"1.0"))) == 200


def test_an_upgrade_is_answered_in_http_and_the_connection_closed(server):
    answer = exchange(server, get(b"/a", b"connection: upgrade\r\n", b"upgrade: h2c\r\n", close=False), get(b"/b"))

    assert answer.endswith(b"/a 127.0.0.1")
    assert b"connection: close" in answer


def test_rubbish_after_a_request_does_not_cost_that_request_its_answer(server):
    answer = exchange(server, post(b"method=save", close=False) + b"\x00rubbish\r\n\r\n")

    assert status(answer) == 200
    assert b"save" in answer


def test_rubbish_after_an_answer_is_answered_by_itself(server):
    answer = exchange(server, get(b"/a", close=False), b"\x00rubbish\r\n\r\n", pause=0.1)

    assert answer.count(b"HTTP/1.1 ") == 2
    assert b"HTTP/1.1 400 " in answer


def test_a_visitor_who_leaves_in_the_middle_leaves_no_trace(server):
    for beginning in (b"GET / HT", post(b"method=", length=100)):
        with socket.create_connection(server, timeout=5) as connection:
            connection.sendall(beginning)
            time.sleep(0.1)
    assert status(exchange(server, get())) == 200


# Starting


def test_a_port_that_is_taken_is_said_in_a_sentence():
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(Misconfigured, match=f"port {port} of 127.0.0.1 is taken"):
            serve(app_factory, port=port)


@pytest.mark.parametrize(
    ("host", "port", "sentence"),
    [
        ("192.0.2.1", 0, "not an address of this machine"),
        ("no-such-host.invalid", 0, "no name or address known here"),
        ("127.0.0.1", 70_000, "up to 65535"),
    ],
)
def test_a_place_where_nobody_can_listen_is_said_in_a_sentence(host, port, sentence):
    with pytest.raises(Misconfigured, match=sentence):
        serve(app_factory, host=host, port=port)


@pytest.mark.parametrize("proxy", ["*", "proxy.example", "10.0.0.1/8"])
def test_only_addresses_can_be_trusted_as_proxies(proxy):
    with pytest.raises(Misconfigured, match="trusted proxy"):
        serve(app_factory, port=0, trusted_proxies=[proxy])


def test_an_application_that_does_not_start_is_said_in_a_sentence():
    async def broken(scope, receive, send):
        await receive()
        await send({"type": "lifespan.startup.failed", "message": "no database"})

    with pytest.raises(Misconfigured, match="could not start"), running(broken):
        pass


def test_a_factory_says_itself_what_is_wrong():
    with pytest.raises(Misconfigured, match="CONSENTGW_SECRET"):
        serve(misconfigured, port=0)


def test_a_name_is_served_on_all_its_addresses():
    with running(app, host="localhost") as address:
        port = urlsplit(address).port
        for _, _, _, _, place in socket.getaddrinfo("localhost", port, type=socket.SOCK_STREAM):
            assert status(exchange(place[:2], get())) == 200


# Stopping


@contextmanager
def process(app=f"{__name__}:app_factory", *, port=0, workers=1):
    """Serve in another process, and see to its end."""
    code = f"""
from consentgw.http.server import serve
if __name__ == "__main__":
    ready = (lambda port: print(port, flush=True)) if {workers} == 1 else None
    serve({app!r}, port={port}, workers={workers}, ready=ready)
    print("returned", flush=True)
"""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    ) as child:
        try:
            yield child
        finally:
            if child.poll() is None:
                child.kill()


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_waits_for_a_half_sent_form_only_a_moment_and_returns(ending):
    with process() as child:
        port = int(child.stdout.readline())
        with socket.create_connection(("127.0.0.1", port), timeout=15) as half:
            half.sendall(post(b"method=", length=100))
            assert status(exchange(("127.0.0.1", port), get())) == 200
            begun = time.monotonic()
            child.send_signal(ending)
            said, log = child.communicate(timeout=60)
            assert time.monotonic() - begun < Connection.stopping_seconds + 4
            assert status(one_answer(half)) == 408
        assert said == "returned\n", "what the caller does afterwards must happen"
        assert child.returncode == 0
        assert "Traceback" not in log
        assert "ERROR" not in log


def test_a_request_that_has_begun_is_answered_before_the_stop():
    with process() as child:
        port = int(child.stdout.readline())
        with socket.create_connection(("127.0.0.1", port), timeout=15) as half:
            half.sendall(post(b"method=", length=17))
            time.sleep(0.2)
            child.send_signal(signal.SIGTERM)
            time.sleep(0.5)
            half.sendall(b"reject_all")
            assert one_answer(half).endswith(b"reject_all")
        child.communicate(timeout=60)
        assert child.returncode == 0


def test_several_workers_serve_one_port_and_stop_together():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with process(port=port, workers=2) as child:
        # The port listens before the workers do, so the first request may simply wait.
        while child.poll() is None and not reachable(port):
            time.sleep(0.05)
        assert status(exchange(("127.0.0.1", port), get(), timeout=60)) == 200
        child.send_signal(signal.SIGTERM)
        said, log = child.communicate(timeout=60)
        assert said == "returned\n"
        assert child.returncode == 0
        assert log.count("Finished server process") == 2
        assert "Traceback" not in log


@pytest.mark.parametrize(
    ("factory", "reason"),
    [("no.such.module:factory", "No module named"), (f"{__name__}:misconfigured", "set CONSENTGW_SECRET")],
)
def test_workers_that_cannot_start_are_said_in_a_sentence(factory, reason):
    with process(factory, workers=2) as child:
        _, log = child.communicate(timeout=60)
        assert child.returncode == 1
        assert "Misconfigured: the application could not start" in log
        assert reason in log


def misconfigured():
    raise Misconfigured("set CONSENTGW_SECRET")


def reachable(port):
    """Return whether anybody listens on this port."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_stopping_a_server_in_this_process_leaves_no_thread_behind():
    before = threading.active_count()
    with running(app) as address:
        assert status(exchange((urlsplit(address).hostname, urlsplit(address).port), get())) == 200

    assert threading.active_count() == before
