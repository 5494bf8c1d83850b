"""From the event to the partner's server: every message arrives, and nobody waits for somebody else's server."""

from __future__ import annotations

import asyncio
import json
from contextlib import AsyncExitStack, asynccontextmanager

import pytest

from consentgw import outbox
from consentgw.db import open_database
from consentgw.db.database import utc_now
from consentgw.db.sealing import Sealer
from consentgw.webhooks import events, sending, service, store
from consentgw.worker import Step, Worker
from tests.webhooks import partners, receivers
from tests.webhooks.partners import happen, listen, rows
from tests.webhooks.receivers import answering, in_turn, receiving, until
from tests.webhooks.verifying import by_public_key, by_secret

pytestmark = pytest.mark.anyio

LOOK = 0.05


@pytest.fixture
def db(settings):
    """A database whose clock goes, as a receiver's does."""
    with open_database(settings, clock=utc_now) as database:
        yield database


@asynccontextmanager
async def working(db, courier=None):
    """Let a worker deliver."""
    courier = courier or partners.courier()
    worker = Worker(db, [Step("webhooks", LOOK, courier.run, shared=True, finish=courier.finish)])
    task = asyncio.create_task(worker.run())
    try:
        yield courier
    finally:
        worker.stop()
        async with asyncio.timeout(20):
            await task


async def ended(db, state="delivered"):
    await until(lambda: all(row == (state,) for row in rows(db, "state")))


async def test_a_message_says_what_happened_by_an_id_and_a_link_signed_by_both_keys(db):
    async with receiving() as partner:
        _, keys = db.apply(listen, partner.url)
        db.apply(happen, "0198f2b4-6f0e-7c1a-9a55-5d2c7f3e9b10")
        async with working(db):
            await partner.reach(1)
            await ended(db)

    [message] = partner.received
    said = json.loads(message.body)
    assert set(said) == {"type", "timestamp", "data"}
    assert said["type"] == "receipt.recorded"
    assert said["timestamp"].endswith("Z")
    assert said["data"] == {
        "site": "shop",
        "id": "0198f2b4-6f0e-7c1a-9a55-5d2c7f3e9b10",
        "url": "https://consent.example/v1/sites/shop/receipts/0198f2b4-6f0e-7c1a-9a55-5d2c7f3e9b10",
        "sequence": 1,
    }
    assert message.headers["content-type"] == "application/json"
    assert by_secret(keys.secret, message.headers, message.body)
    assert by_public_key(keys.public, message.headers, message.body)


async def test_every_attempt_carries_the_same_bytes_under_the_same_id_and_a_time_of_its_own(db, monkeypatch):
    monkeypatch.setattr("consentgw.webhooks.model.PAUSES", (0 * sending.timedelta(seconds=1),) * 3)
    async with receiving(in_turn(answering(500), receivers.slamming, answering(204))) as partner:
        _, keys = db.apply(listen, partner.url)
        db.apply(happen, "a")
        async with working(db):
            await partner.reach(3)
            await ended(db)

    assert len({message.body for message in partner.received}) == 1
    assert len(set(partner.messages)) == 1
    assert all(by_secret(keys.secret, message.headers, message.body) for message in partner.received)
    [delivery] = rows(db, "id", "attempts")
    assert [line.status for line in db.ask(store.attempts_at, delivery[0])] == [500, None, 204]


async def test_everything_that_happens_while_a_worker_works_is_told_once(db):
    names = [str(number) for number in range(60)]
    async with receiving() as partner, receiving() as other:
        db.apply(listen, partner.url)
        db.apply(listen, other.url)
        async with working(db), working(db):
            for name in names:
                await db.write(happen, name)
            await partner.reach(60)
            await other.reach(60)
            await ended(db)
            await asyncio.sleep(3 * LOOK)

    for one in (partner, other):
        assert sorted(json.loads(message.body)["data"]["id"] for message in one.received) == sorted(names)
        assert one.most_under_way <= store.IN_FLIGHT


async def test_one_endpoint_that_hangs_holds_up_none_of_99_others(db, monkeypatch):
    """On two quiet cores the slowest of them hears within a second; here none may wait for the one that hangs."""
    monkeypatch.setattr(sending, "TOTAL_SECONDS", 120.0)
    monkeypatch.setattr("consentgw.webhooks.delivering.GRACE_SECONDS", 0.1)
    async with AsyncExitStack() as stack:
        hanging = await stack.enter_async_context(receiving(receivers.hanging))
        healthy = [await stack.enter_async_context(receiving()) for _ in range(99)]
        for number, partner in enumerate([hanging, *healthy]):
            await db.write(listen, partner.url, site=f"site-{number}")
        await stack.enter_async_context(working(db))
        await db.write(happen, *"abcde", site="site-0")
        await hanging.reach(2)
        begun = asyncio.get_running_loop().time()
        for number in range(1, 100):
            await db.write(happen, "a", site=f"site-{number}")
        for partner in healthy:
            await partner.reach(1, seconds=60)
        took = sorted(message.at - begun for partner in healthy for message in partner.received)
        assert len(took) == 99
        assert took[97] < 60, f"p99 {took[97]:.2f} s"
        assert (len(hanging.received), hanging.most_under_way) == (2, 2), "it has its two lanes and no more"


async def test_a_stop_waits_for_answers_but_not_for_ever(db, monkeypatch):
    monkeypatch.setattr("consentgw.webhooks.delivering.GRACE_SECONDS", 0.5)
    go_on = asyncio.Event()

    async def slow(writer):
        await go_on.wait()
        await answering(204)(writer)

    async with receiving(slow) as partner, receiving(receivers.hanging) as hanging:
        db.apply(listen, partner.url)
        db.apply(listen, hanging.url)
        db.apply(happen, "a", "b", "c")
        async with working(db):
            await partner.reach(2)
            await hanging.reach(2)
            asyncio.get_running_loop().call_later(0.1, go_on.set)

    assert sorted(rows(db, "state")) == [("delivered",)] * 2 + [("waiting",)] * 4, "nothing new was begun"
    assert len(partner.received) == 2


async def test_keys_that_cannot_be_read_are_told_to_the_log_and_stop_nobody_else(db, caplog):
    wrong = partners.Courier(partners.Sender(to_loopback=True), Sealer([b"x" * 32]), partners.ORIGIN)
    async with receiving() as partner:
        db.apply(listen, partner.url)
        db.apply(happen, "a")
        async with working(db, wrong):
            await until(lambda: "the messages to a webhook cannot be sent" in caplog.text)

    assert partner.received == []
    assert rows(db, "state") == [("waiting",)]


async def test_a_worker_outlives_a_database_that_is_away_for_a_moment(db, monkeypatch):
    async with receiving() as partner:
        db.apply(listen, partner.url)
        async with working(db):
            with monkeypatch.context() as patch:
                patch.setattr(service, "spread", fall)
                db.apply(happen, "a")
                await asyncio.sleep(3 * LOOK)
                assert partner.received == []
            await partner.reach(1)


def fall(_):
    raise service.Conflict("away")


def test_every_event_there_is_can_be_told_and_has_a_link():
    topics = {value for name, value in vars(outbox).items() if name.isupper() and isinstance(value, str)}

    assert topics == set(events.TOPICS)


@pytest.mark.parametrize("topic", events.KINDS)
def test_a_message_is_short_and_holds_no_more_than_ids_and_links(topic):
    kind = events.KINDS[topic]
    body = events.body(topic, "s" * 32, kind.example, 2**62, utc_now(), "https://" + "a" * 250)

    said = json.loads(body)
    assert len(body) < 1_000
    assert set(said) == {"type", "timestamp", "data"}
    assert set(said["data"]) == {"site", "id", "url", "sequence"}
    assert kind.told.endswith(".")
