"""Endpoints and messages: who is told, once, and what becomes of a message that is not taken."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.event import listen as listen_to

from consentgw import outbox
from consentgw.consents.identifiers import uuid7
from consentgw.db import Unit, open_database
from consentgw.errors import Conflict, Misconfigured, NotFound
from consentgw.outbox.tables import events
from consentgw.webhooks import model, service, store
from consentgw.webhooks.model import PAUSES, Disabled, Outcome, State
from consentgw.webhooks.signing import Secrets
from consentgw.webhooks.tables import attempts, secrets
from tests.db import notes
from tests.webhooks.partners import SEALER, URL, endpoint, happen, listen, rows

pytestmark = pytest.mark.anyio

TOOK = timedelta(milliseconds=12)
WELL = Outcome(204, "", TOOK)
BAD = Outcome(500, "", TOOK)
SILENT = Outcome(None, "timed_out", TOOK)
GONE = Outcome(410, "", TOOK)


def spread(db):
    while db.apply(service.spread):
        pass


def attempt(db, one, outcome):
    """Let a worker take what is due to an endpoint, and say what it came to."""
    claimed = db.apply(store.claim, one.id)
    assert claimed, "nothing is due"
    db.apply(service.settle, claimed, outcome, 0.5)
    return claimed.delivery


def read(db, delivery):
    return db.ask(store.delivery, delivery.endpoint, delivery.id)


# Endpoints


def test_the_keys_of_an_endpoint_are_kept_sealed(db, settings):
    one, keys = db.apply(listen)

    [row] = db.ask(lambda connection: connection.execute(select(secrets)).all())
    assert Secrets.read(SEALER.open(bytes(row.sealed), store.place_of(row.id))) == keys
    assert row.public == keys.public == db.ask(store.public_key, one.id)
    with notes.stranger(settings) as connection:
        found = repr(connection.execute("SELECT * FROM webhook_secrets").fetchall())
    assert keys.secret not in found
    assert keys.shared not in bytes(row.sealed)
    assert keys.private not in bytes(row.sealed)
    with pytest.raises(Misconfigured):
        SEALER.open(bytes(row.sealed), store.place_of(one.id))


def test_an_endpoint_is_seen_by_its_own_site_alone(db):
    one, _ = db.apply(listen)

    assert db.ask(store.endpoint, "shop", one.id) == one
    assert db.ask(store.endpoints_of, "shop") == [one]
    assert db.ask(store.endpoints_of, "news") == []
    with pytest.raises(NotFound):
        db.ask(store.endpoint, "news", one.id)


def test_a_site_has_so_many_endpoints_and_no_more(db):
    for _ in range(model.ENDPOINTS):
        db.apply(listen)

    with pytest.raises(Conflict):
        db.apply(listen)
    db.apply(listen, site="news")


def test_an_endpoint_can_be_changed_switched_off_and_on(db, clock):
    one, _ = db.apply(listen)
    clock.step(days=1)
    change = {"url": "https://other.example/", "topics": frozenset({"policy.published"}), "description": "ours"}

    off = db.apply(service.change, one, enabled=False, **change)
    assert off.disabled is Disabled.ASKED
    assert off.changed_at == clock.now
    assert db.ask(store.endpoint, "shop", one.id) == off
    assert (off.url, off.topics, off.description) == tuple(change.values())

    on = db.apply(service.change, off, enabled=True, **change)
    assert on.disabled is None
    assert db.ask(store.endpoint, "shop", one.id) == on


def test_why_an_endpoint_was_disabled_is_not_forgotten_when_it_is_changed(db):
    one, _ = db.apply(listen)
    db.apply(store.disable, one.id, Disabled.GONE)
    one = db.ask(store.endpoint, "shop", one.id)

    one = db.apply(service.change, one, url=one.url, topics=one.topics, description="x", enabled=False)

    assert one.disabled is Disabled.GONE


def test_replaced_keys_sign_for_a_day_more(db, clock):
    one, first = db.apply(listen)
    clock.step(hours=1)
    second = db.apply(service.rotate, one, SEALER)
    clock.step(hours=1)
    third = db.apply(service.rotate, one, SEALER)
    db.apply(happen, *"abc")
    spread(db)

    def signing():
        claimed = db.apply(store.claim, one.id)
        return [Secrets.read(SEALER.open(sealed, store.place_of(key))) for key, sealed in claimed.sealed]

    assert signing() == [third, second, first]
    clock.step(hours=23, seconds=1)
    assert signing() == [third, second], "a second rotation does not lengthen the first one's day"
    clock.step(hours=1)
    assert signing() == [third]
    assert db.ask(store.public_key, one.id) == third.public


# Who is told


def test_an_event_becomes_a_message_to_every_endpoint_that_wants_it(db):
    everything, _ = db.apply(listen)
    withdrawals, _ = db.apply(listen, topics=frozenset({outbox.CONSENT_WITHDRAWN}))
    db.apply(listen, site="news")
    db.apply(happen, "a")
    db.apply(happen, "b", topic=outbox.CONSENT_WITHDRAWN)

    spread(db)

    assert set(rows(db, "endpoint", "reference", "topic", "sequence", "state")) == {
        (everything.id, "a", "receipt.recorded", 1, "waiting"),
        (everything.id, "b", "consent.withdrawn", 2, "waiting"),
        (withdrawals.id, "b", "consent.withdrawn", 2, "waiting"),
    }


def test_a_processor_s_endpoint_is_told_of_its_own_tasks_and_of_nothing_else(db):
    site, _ = db.apply(listen)
    delivery, _ = db.apply(listen, processor="delivery")
    db.apply(listen, processor="letters")
    db.apply(happen, "a")
    db.apply(happen, "t", topic=outbox.REQUEST_FORWARDED, processor="delivery")

    spread(db)

    assert set(rows(db, "endpoint", "reference")) == {(site.id, "a"), (site.id, "t"), (delivery.id, "t")}


def test_an_event_is_spread_once(db):
    db.apply(listen)
    db.apply(happen, *"abc")
    for _ in range(3):
        assert not db.apply(service.spread)
        assert not db.ask(service.unspread)
    db.apply(happen, "d")
    assert db.ask(service.unspread)
    spread(db)

    assert [reference for (reference,) in rows(db, "reference")] == ["a", "b", "c", "d"]


def test_many_events_are_spread_in_pieces_and_none_is_passed_over(db):
    db.apply(listen)
    names = [str(number) for number in range(250)]
    db.apply(happen, *names)

    assert [db.apply(service.spread) for _ in range(3)] == [True, True, False]
    assert [reference for (reference,) in rows(db, "reference")] == names


def test_where_nobody_listens_whatever_happened_is_passed_over_in_one_unit(db):
    db.apply(happen, *map(str, range(250)))

    assert not db.apply(service.spread)
    assert not db.ask(service.unspread)
    db.apply(listen)
    db.apply(happen, "next")
    spread(db)

    assert rows(db, "reference") == [("next",)]


def test_nobody_is_told_of_what_happened_before_they_listened_or_while_switched_off(db):
    db.apply(happen, "before")
    one, _ = db.apply(listen)
    db.apply(happen, "now")
    spread(db)
    off = db.apply(service.change, one, url=one.url, topics=one.topics, description="", enabled=False)
    db.apply(happen, "meanwhile")
    spread(db)
    db.apply(service.change, off, url=one.url, topics=one.topics, description="", enabled=True)
    db.apply(happen, "after")
    spread(db)

    assert rows(db, "reference") == [("now",), ("after",)]


# What becomes of a message


def test_a_message_that_is_taken_is_done(db, clock):
    one, _ = db.apply(listen)
    db.apply(happen, "a")
    spread(db)

    delivery = attempt(db, one, WELL)

    assert db.apply(store.claim, one.id) is None
    kept = read(db, delivery)
    assert (kept.state, kept.attempts, kept.ended_at) == (State.DELIVERED, 1, clock.now)
    [line] = db.ask(store.attempts_at, delivery.id)
    assert (line.at, line.status, line.failure, line.took) == (clock.now, 204, "", TOOK)


def test_a_message_that_is_not_taken_is_tried_again_by_the_schedule_and_then_given_up(db, clock):
    one, _ = db.apply(listen)
    db.apply(happen, "a")
    spread(db)

    for pause in PAUSES:
        delivery = attempt(db, one, SILENT)
        assert read(db, delivery).state is State.WAITING
        clock.step(seconds=pause.total_seconds() - 1)
        assert db.apply(store.claim, one.id) is None
        assert db.ask(store.with_work, clock.now) == []
        clock.step(seconds=1)
        assert db.ask(store.with_work, clock.now) == [one.id]
    delivery = attempt(db, one, SILENT)

    assert read(db, delivery).state is State.FAILED
    log = db.ask(store.attempts_at, delivery.id)
    assert [(line.status, line.failure) for line in log] == [(None, "timed_out")] * 10
    clock.step(days=30)
    assert db.apply(store.claim, one.id) is None


def test_a_message_keeps_its_id_through_all_attempts(db, clock):
    one, _ = db.apply(listen)
    db.apply(happen, "a")
    spread(db)

    ids = set()
    for _ in range(3):
        ids.add(attempt(db, one, BAD).message)
        clock.step(days=1)

    assert len(ids) == 1


def test_two_messages_are_under_way_to_an_endpoint_and_no_more(db, clock):
    one, _ = db.apply(listen)
    other, _ = db.apply(listen)
    db.apply(happen, *"abcd")
    spread(db)

    first, second = (db.apply(store.claim, one.id) for _ in range(2))
    assert (first.delivery.reference, second.delivery.reference) == ("a", "b")
    assert db.apply(store.claim, one.id) is None
    assert db.ask(store.with_work, clock.now) == [other.id], "an endpoint that is slow holds up itself alone"
    db.apply(service.settle, first, WELL, 0.5)
    assert db.apply(store.claim, one.id).delivery.reference == "c"
    assert db.apply(store.claim, one.id) is None


def test_what_a_dead_worker_had_taken_is_taken_by_another_when_the_lease_is_over(db, clock):
    one, _ = db.apply(listen)
    db.apply(happen, "a")
    spread(db)

    dead = db.apply(store.claim, one.id)
    clock.step(seconds=store.LEASE.total_seconds() - 1)
    assert db.apply(store.claim, one.id) is None
    clock.step(seconds=1)
    alive = db.apply(store.claim, one.id)
    assert alive.delivery.id == dead.delivery.id

    db.apply(service.settle, dead, BAD, 0.5)
    assert db.apply(store.claim, one.id) is None, "the dead have no say"
    db.apply(service.settle, alive, WELL, 0.5)
    db.apply(service.settle, dead, BAD, 0.5)
    kept = read(db, alive.delivery)
    assert (kept.state, kept.attempts) == (State.DELIVERED, 1), "what a dead worker began takes no attempt away"


def test_whoever_answers_410_is_told_nothing_more_and_the_others_hear_of_it(db, clock, caplog):
    one, _ = db.apply(listen)
    other, _ = db.apply(listen, topics=frozenset({outbox.WEBHOOK_DISABLED}))
    db.apply(happen, "a", "b")
    spread(db)

    delivery = attempt(db, one, GONE)

    assert read(db, delivery).state is State.FAILED
    assert endpoint(db, one).disabled == "gone"
    assert f"the webhook {one.id} of shop is disabled: it answered 410" in caplog.text
    assert endpoint(db, one).changed_at == clock.now
    assert db.apply(store.claim, one.id) is None
    spread(db)
    assert db.apply(store.claim, other.id).delivery.reference == str(one.id)
    on = db.apply(
        service.change, db.ask(store.endpoint, "shop", one.id),
        url=URL, topics=one.topics, description="", enabled=True,
    )  # fmt: skip
    assert on.failing_since is None
    assert db.apply(store.claim, one.id).delivery.reference == "b", "what waits is sent once it is enabled again"


def disabled_events(db):
    query = select(func.count()).where(events.c.topic == outbox.WEBHOOK_DISABLED)
    return db.ask(lambda connection: connection.execute(query).scalar_one())


def test_whoever_answers_nothing_well_for_five_days_is_disabled_once(db, clock, caplog):
    one, _ = db.apply(listen)
    names = iter("abcdefgh")

    def fail():
        db.apply(happen, next(names))
        spread(db)
        attempt(db, one, BAD)

    fail()
    assert endpoint(db, one).failing_since == clock.now
    clock.step(days=4, hours=23)
    fail()
    assert endpoint(db, one).disabled is None
    clock.step(hours=1)
    fail()

    assert endpoint(db, one).disabled == "failing"
    assert disabled_events(db) == 1
    assert f"the webhook {one.id} of shop is disabled: it has answered nothing well for 5 days" in caplog.text
    assert URL not in caplog.text


def test_one_answer_that_is_well_begins_the_five_days_anew(db, clock):
    one, _ = db.apply(listen)
    db.apply(happen, *"abcd")
    spread(db)

    attempt(db, one, BAD)
    clock.step(days=4)
    attempt(db, one, WELL)
    assert endpoint(db, one).failing_since is None
    clock.step(days=4)
    attempt(db, one, BAD)

    assert endpoint(db, one).disabled is None
    assert endpoint(db, one).failing_since == clock.now


def test_a_busy_endpoint_is_left_alone_as_long_as_it_asks(db, clock):
    one, _ = db.apply(listen)
    db.apply(happen, "a")
    spread(db)

    delivery = attempt(db, one, Outcome(429, "", TOOK, timedelta(minutes=10)))

    assert read(db, delivery).due_at == clock.now + timedelta(minutes=10)


# Ping and redelivery


def test_a_ping_is_a_message_that_tells_of_nothing(db):
    one, _ = db.apply(listen, topics=frozenset({outbox.POLICY_PUBLISHED}))

    ping = db.apply(service.ping, one)

    claimed = db.apply(store.claim, one.id)
    assert claimed.delivery.id == ping.id
    assert (ping.topic, ping.sequence, ping.reference) == ("webhook.ping", 0, str(one.id))


def test_a_message_is_sent_again_under_its_id_when_asked(db, clock):
    one, _ = db.apply(listen)
    db.apply(happen, "a")
    spread(db)
    delivery = attempt(db, one, WELL)

    again = db.apply(service.redeliver, one, delivery.id)
    assert (again.id, again.state, again.due_at) == (delivery.id, State.WAITING, clock.now)
    assert attempt(db, one, WELL).id == delivery.id
    assert len(db.ask(store.attempts_at, delivery.id)) == 2


def test_a_message_that_was_given_up_has_all_its_attempts_again(db, clock):
    one, _ = db.apply(listen)
    db.apply(happen, "a")
    spread(db)
    for pause in (*PAUSES, PAUSES[0]):
        delivery = attempt(db, one, SILENT)
        clock.step(seconds=pause.total_seconds())
    assert read(db, delivery).state is State.FAILED

    db.apply(service.redeliver, one, delivery.id)
    attempt(db, one, SILENT)

    assert read(db, delivery).due_at == clock.now + PAUSES[0]


def test_a_message_under_way_and_one_to_a_disabled_endpoint_are_not_sent_again(db):
    one, _ = db.apply(listen)
    db.apply(happen, "a")
    spread(db)
    claimed = db.apply(store.claim, one.id)
    with pytest.raises(Conflict, match="at this moment"):
        db.apply(service.redeliver, one, claimed.delivery.id)
    db.apply(service.settle, claimed, GONE, 0.5)
    one = db.ask(store.endpoint, "shop", one.id)

    with pytest.raises(Conflict, match="disabled"):
        db.apply(service.redeliver, one, claimed.delivery.id)
    with pytest.raises(Conflict, match="disabled"):
        db.apply(service.ping, one)


def test_a_message_to_another_endpoint_is_not_found(db):
    one, _ = db.apply(listen)
    other, _ = db.apply(listen)
    ping = db.apply(service.ping, one)

    with pytest.raises(NotFound):
        db.apply(service.redeliver, other, ping.id)


def test_messages_are_listed_newest_first_in_pages(db, clock):
    one, _ = db.apply(listen)
    pings = []
    for _ in range(5):
        pings.append(db.apply(service.ping, one))
        clock.step(seconds=1)

    first = db.ask(store.deliveries_to, one.id, None, 3)
    rest = db.ask(store.deliveries_to, one.id, first[-1].id, 3)
    assert {ping.id for ping in first + rest} == {ping.id for ping in pings}
    assert len(first) == 3
    assert [ping.id for ping in first + rest] == sorted((ping.id for ping in pings), reverse=True)


# What is not kept


def count(db, table):
    return db.ask(lambda connection: connection.execute(select(func.count()).select_from(table)).scalar_one())


async def test_what_has_been_kept_for_its_term_is_removed_and_nothing_that_waits(db, clock):
    one, _ = db.apply(listen)
    db.apply(happen, "taken", "given up")
    spread(db)
    taken = attempt(db, one, WELL)
    refused = attempt(db, one, GONE)
    spread(db)
    on = db.ask(store.endpoint, "shop", one.id)
    one = db.apply(service.change, on, url=URL, topics=one.topics, description="", enabled=True)
    db.apply(happen, "waiting")
    spread(db)
    clock.step(days=29, hours=23)
    await service.forget(db)
    assert count(db, events) == 4
    assert count(db, attempts) == 2

    clock.step(hours=1, seconds=1)
    await service.forget(db)

    assert count(db, events) == 0
    assert [reference for (reference,) in rows(db, "reference")] == ["waiting"]
    assert count(db, attempts) == 0
    for gone in (taken, refused):
        with pytest.raises(NotFound):
            read(db, gone)
    assert attempt(db, one, WELL).reference == "waiting"


async def test_an_event_nobody_was_told_of_yet_is_kept_however_old(db, clock):
    db.apply(listen)
    db.apply(happen, "a")
    clock.step(days=365)
    await service.forget(db)

    assert count(db, events) == 1
    spread(db)
    assert rows(db, "reference") == [("a",)]
    await service.forget(db)
    assert count(db, events) == 0
    assert rows(db, "reference") == [("a",)]


async def test_more_than_goes_in_one_piece_is_removed_too(db, clock, monkeypatch):
    monkeypatch.setattr(service, "_FORGOTTEN_AT_ONCE", 3)
    one, _ = db.apply(listen)
    db.apply(happen, *"abcdefgh")
    spread(db)
    for _ in range(8):
        attempt(db, one, WELL)
    clock.step(days=31)

    await service.forget(db)

    assert [count(db, table) for table in (events, attempts)] == [0, 0]
    assert rows(db, "id") == []


async def test_what_was_under_way_to_a_removed_endpoint_goes_with_it(db, clock):
    one, _ = db.apply(listen)
    other, _ = db.apply(listen)
    db.apply(happen, *"ab")
    spread(db)

    db.apply(store.remove, one.id)

    assert db.apply(store.claim, one.id) is None
    with pytest.raises(NotFound):
        db.ask(store.endpoint, "shop", one.id)
    assert db.ask(store.endpoints_of, "shop") == [other]
    db.apply(happen, "c")
    spread(db)
    await service.forget(db)
    assert {endpoint for (endpoint,) in rows(db, "endpoint")} == {other.id}
    assert len(rows(db, "id")) == 3
    assert endpoint(db, one) is None
    assert count(db, secrets) == 1


async def test_keys_that_sign_no_more_are_removed(db, clock):
    one, _ = db.apply(listen)
    db.apply(service.rotate, one, SEALER)
    clock.step(hours=23)
    await service.forget(db)
    assert count(db, secrets) == 2

    clock.step(hours=1)
    await service.forget(db)

    assert count(db, secrets) == 1


def test_how_much_waits_is_known(db, clock):
    one, _ = db.apply(listen)
    assert db.ask(store.waiting) == (0, None)
    begun = clock.now
    db.apply(happen, *"ab")
    spread(db)
    clock.step(seconds=9)

    assert db.ask(store.waiting) == (2, begun)
    attempt(db, one, WELL)
    attempt(db, one, BAD)
    assert db.ask(store.waiting) == (1, clock.now + PAUSES[0])


def test_what_is_due_is_found_by_indexes(sqlite_settings, clock):
    asked = []

    def plan(connection):
        def hear(_connection, _cursor, sql, values, _context, _many):
            asked.append((sql, values))

        listen_to(connection, "before_cursor_execute", hear)
        store.with_work(connection, clock.now)
        store.claim(Unit(connection, clock.now), uuid7())
        lines = [connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", values).all() for sql, values in tuple(asked)]
        return [line.detail for one in lines for line in one]

    with open_database(sqlite_settings) as db:
        steps = db.ask(plan)

    assert not [step for step in steps if "ORDER BY" in step], steps
    assert sum("ix_webhook_deliveries_due" in step for step in steps) == 2
    assert sum("ix_webhook_deliveries_leased" in step for step in steps) == 2
    assert [step for step in steps if step.startswith("SCAN")] == ["SCAN webhook_endpoints"]
