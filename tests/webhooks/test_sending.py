"""One attempt: only to where we may go, and nothing a receiver does holds us up or leads us astray."""

from __future__ import annotations

import asyncio
import ssl
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from consentgw.webhooks import sending
from consentgw.webhooks.sending import Sender
from tests.webhooks import receivers
from tests.webhooks.receivers import answering, receiving
from tests.webhooks.test_addresses import HOSTILE

pytestmark = pytest.mark.anyio

BODY = b'{"type":"receipt.recorded"}'
NAME = "hooks.partner.example"


def looked_up(*answers):
    """Return a resolver that gives one answer after another, and the names it was asked for."""
    left, asked = list(answers), []

    async def lookup(host, port):
        asked.append((host, port))
        return left.pop(0)

    lookup.asked = asked
    return lookup


def sender(**given):
    return Sender(**{"to_loopback": True, "trust": believing_nobody, **given})


def believing_nobody():
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


async def send(url, **given):
    one = sender(**given)
    try:
        return await one.send(url, [(b"webhook-id", b"msg_1")], BODY)
    finally:
        one.close()


async def test_a_message_arrives_as_it_was_sent():
    async with receiving() as partner:
        outcome = await send(partner.url)

    [message] = partner.received
    assert outcome.well
    assert (outcome.status, outcome.failure, outcome.retry_after) == (204, "", None)
    assert message.line == "POST /told HTTP/1.1"
    assert message.body == BODY
    assert message.headers["host"] == f"127.0.0.1:{partner.port}"
    assert message.headers["content-type"] == "application/json"
    assert message.headers["user-agent"].startswith("consentgw/")
    assert message.headers["webhook-id"] == "msg_1"
    assert set(message.headers) == {
        "host", "content-type", "user-agent", "accept", "connection", "webhook-id", "content-length",
    }  # fmt: skip


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299, 300, 301, 400, 404, 410, 429, 500, 503, 599])
async def test_an_answer_is_its_status(status):
    async with receiving(answering(status, body=b"" if status == 204 else b"whatever")) as partner:
        outcome = await send(partner.url)

    assert (outcome.status, outcome.failure) == (status, "")
    assert outcome.well is (200 <= status < 300)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_not_followed(status):
    async with receiving() as elsewhere, receiving(answering(status, f"Location: {elsewhere.url}")) as partner:
        outcome = await send(partner.url)

    assert (outcome.status, outcome.well) == (status, False)
    assert elsewhere.connections == 0


async def test_neither_cookies_nor_connections_are_kept():
    async with receiving(answering(200, "Set-Cookie: a=b", "Connection: keep-alive")) as partner:
        one = sender()
        for _ in range(2):
            await one.send(partner.url, [], BODY)
        one.close()

    assert partner.connections == 2
    assert all("cookie" not in message.headers for message in partner.received)


async def test_a_proxy_of_the_environment_is_not_used(monkeypatch):
    async with receiving() as proxy, receiving() as partner:
        for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        outcome = await send(partner.url)

    assert outcome.well
    assert proxy.connections == 0


@pytest.mark.parametrize(
    ("behaviour", "failure"),
    [
        (receivers.slamming, "no_answer"),
        (receivers.babbling, "no_answer"),
        (receivers.endless_head, "no_answer"),
        (receivers.hanging, "timed_out"),
    ],
)
async def test_a_receiver_that_does_not_answer_is_a_failure_with_a_name(behaviour, failure, monkeypatch):
    monkeypatch.setattr(sending, "TOTAL_SECONDS", 0.5)
    async with receiving(behaviour) as partner:
        outcome = await send(partner.url)

    assert (outcome.status, outcome.failure) == (None, failure)
    assert outcome.took < timedelta(seconds=10)


@pytest.mark.parametrize("behaviour", [receivers.endless, receivers.trickling])
async def test_whatever_follows_the_status_changes_nothing_and_holds_nothing_up(behaviour, monkeypatch):
    monkeypatch.setattr(sending, "COURTESY_SECONDS", 0.3)
    begun = time.monotonic()
    async with receiving(behaviour) as partner:
        outcome = await send(partner.url)

    assert outcome.well
    assert time.monotonic() - begun < 5


async def test_no_more_than_64_kib_of_an_answer_is_read():
    sent = 0

    async def generous(writer):
        nonlocal sent
        writer.transport.set_write_buffer_limits(high=0)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n")
        for _ in range(4_000):
            writer.write(b"x" * 65_536)
            await writer.drain()
            sent += 65_536

    async with receiving(generous) as partner:
        outcome = await send(partner.url)
        await asyncio.sleep(0.05)

    assert outcome.well
    assert sent < 50 * 1024 * 1024, "what the system's own buffers take, and no more"


async def test_nobody_there_is_a_failure_with_a_name():
    async with receiving() as partner:
        port = partner.port

    outcome = await send(f"http://127.0.0.1:{port}/")

    assert (outcome.status, outcome.failure) == (None, "not_reached")


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("120", 120),
        (" 0 ", 0),
        ("999999999", 999_999_999),
        ("-5", None),
        ("1.5", None),
        ("soon", None),
        ("", None),
        ("9" * 400, None),
        ("²", None),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0),
        ("Wed, 21 Oct 2015 07:28:00 -0000", None),
        ("Wed, 99 Oct 9999 99:99:99 GMT", None),
    ],
)
async def test_how_long_to_wait_is_read_or_taken_for_nothing(said, seconds):
    async with receiving(answering(503, f"Retry-After: {said}".rstrip() if said.strip() else "X: y")) as partner:
        outcome = await send(partner.url)

    assert outcome.retry_after == (None if seconds is None else timedelta(seconds=seconds))


async def test_a_date_to_wait_for_is_read():
    later = format_datetime(datetime.now(UTC) + timedelta(minutes=10), usegmt=True)
    async with receiving(answering(503, f"Retry-After: {later}")) as partner:
        outcome = await send(partner.url)

    assert timedelta(minutes=9, seconds=30) < outcome.retry_after <= timedelta(minutes=10)


# Where we may go


@pytest.mark.parametrize("address", [one for some in HOSTILE.values() for one in some if ":" in one or "." in one])
async def test_a_name_that_leads_inside_is_not_connected_to(address):
    outcome = await send(f"https://{NAME}/", to_loopback=False, lookup=looked_up([address]))

    assert (outcome.status, outcome.failure) == (None, "address_not_allowed")


async def test_one_address_inside_among_public_ones_is_enough_to_refuse():
    async with receiving() as inside:
        for found in (["1.1.1.1", "127.0.0.1"], ["127.0.0.1", "1.1.1.1"], ["2606:4700::1", "::1"]):
            url = f"http://{NAME}:{inside.port}/"
            outcome = await send(url, to_loopback=False, lookup=looked_up(found))
            assert outcome.failure == "address_not_allowed"

    assert inside.connections == 0


async def test_a_name_that_changes_its_mind_after_it_was_checked_leads_nowhere_new():
    async with receiving() as right, receiving() as wrong:
        flips = looked_up(["127.0.0.1"], ["127.0.0.2"], ["127.0.0.2"])
        outcome = await send(f"http://{NAME}:{right.port}/", lookup=flips)

    assert outcome.well
    assert flips.asked == [(NAME, right.port)], "it is looked up once"
    assert (right.connections, wrong.connections) == (1, 0)
    assert right.received[0].headers["host"] == f"{NAME}:{right.port}"


async def test_what_was_checked_is_what_is_connected_to():
    connected = []

    class Recording(sending.httpcore.AsyncNetworkBackend):
        async def connect_tcp(self, host, port, timeout=None, local_address=None, socket_options=None):
            connected.append(host)
            raise sending.httpcore.ConnectError

    one = sender(to_loopback=False, lookup=looked_up(["2606:4700::1", "1.1.1.1"], ["127.0.0.1"]))
    one._backend._connect = Recording()
    outcome = await one.send(f"https://{NAME}/", [], BODY)
    one.close()

    assert connected == ["2606:4700::1", "1.1.1.1"]
    assert outcome.failure == "not_reached"


async def test_where_this_machine_is_allowed_other_private_networks_are_not():
    for address in ("10.0.0.1", "192.168.1.1", "169.254.169.254", "127.0.0.2", "::ffff:127.0.0.1"):
        outcome = await send(f"http://{NAME}/", lookup=looked_up([address]))
        assert outcome.failure == "address_not_allowed"


async def test_a_name_nobody_knows_is_a_failure_with_a_name():
    assert (await send(f"https://{NAME}/", lookup=looked_up([]))).failure == "name_not_found"
    assert (await send("https://nowhere.invalid/", to_loopback=False)).failure == "name_not_found"


async def test_this_machine_is_looked_up_by_the_system_and_refused_by_us():
    async with receiving() as inside:
        for name in ("localhost", "127.0.0.1", "127.1", "0x7f.1", "2130706433"):
            outcome = await send(f"http://{name}:{inside.port}/", to_loopback=False)
            assert outcome.failure == "address_not_allowed", name

    assert inside.connections == 0


# Over TLS


async def test_the_certificate_is_checked_against_the_name_and_the_name_is_told(tmp_path):
    proof, trust = receivers.certificate(tmp_path, NAME)
    async with receiving(tls=proof) as partner:
        outcome = await send(f"https://{NAME}:{partner.port}/x", lookup=looked_up(["127.0.0.1"]), trust=lambda: trust)

    assert outcome.well
    assert partner.names == [NAME]
    assert partner.received[0].headers["host"] == f"{NAME}:{partner.port}"


async def test_a_certificate_of_another_name_or_of_nobody_known_is_refused(tmp_path):
    proof, trust = receivers.certificate(tmp_path, "eve.example")
    async with receiving(tls=proof) as partner:
        for known in (lambda: trust, believing_nobody):
            outcome = await send(f"https://{NAME}:{partner.port}/", lookup=looked_up(["127.0.0.1"]), trust=known)
            assert (outcome.status, outcome.failure) == (None, "tls_failed")

    assert partner.received == []


async def test_a_name_that_is_slow_to_look_up_does_not_hold_up_another(monkeypatch):
    monkeypatch.setattr(sending, "TOTAL_SECONDS", 1)
    slow = asyncio.Event()

    async def lookup(host, _):
        if host.startswith("slow"):
            await slow.wait()
        return ["127.0.0.1"]

    one = sender(lookup=lookup)
    async with receiving() as partner:
        waiting = asyncio.create_task(one.send(f"http://slow.example:{partner.port}/", [], BODY))
        await asyncio.sleep(0)
        assert (await one.send(f"http://{NAME}:{partner.port}/", [], BODY)).well
        assert (await waiting).failure == "timed_out"
    one.close()
