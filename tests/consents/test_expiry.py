"""Whoever wants to know hears that a consent has run out, once."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.event import listen

from consentgw import outbox
from consentgw.consents import service, store
from consentgw.consents.model import Method
from consentgw.db import open_database
from consentgw.notices.catalogue import read_offer
from consentgw.outbox.tables import events
from tests.notices.story import answer, open_shop, signer
from tests.policies.shop import SHOP

pytestmark = pytest.mark.anyio
VALIDITY = SHOP.validity


@pytest.fixture
async def shop(db):
    """A function by which people answer the shop; its expiry has been watched from the beginning."""
    notice = db.ask(read_offer, db.apply(open_shop)).notices["en"]
    key = db.apply(signer)
    await service.tell_expired(db)
    return lambda *given, **more: db.apply(service.record, answer(notice, *given, **more), key)


def told(db):
    query = select(events.c.reference).where(events.c.topic == outbox.CONSENT_EXPIRED).order_by(events.c.sequence)
    return db.ask(lambda connection: list(connection.execute(query).scalars()))


async def test_a_consent_that_ran_out_is_told_once_and_not_before(db, clock, shop):
    held = shop()
    clock.step(seconds=VALIDITY.total_seconds() - 1)
    await service.tell_expired(db)
    assert told(db) == []

    clock.step(seconds=1)
    for _ in range(3):
        await service.tell_expired(db)
        clock.step(days=1)

    assert told(db) == [str(held.receipt)]


async def test_nobody_hears_of_answers_that_granted_nothing_or_were_replaced(db, clock, shop):
    shop(Method.REJECT_ALL)
    withdrawn = shop()
    shop(Method.WITHDRAW, previous=withdrawn)
    renewed = shop()
    clock.step(days=30)
    latest = shop(previous=renewed)

    clock.step(seconds=VALIDITY.total_seconds())
    await service.tell_expired(db)

    assert told(db) == [str(latest.receipt)]


async def test_many_that_ran_out_are_told_in_pieces_and_none_is_passed_over(db, clock, shop, monkeypatch):
    monkeypatch.setattr(service, "_AT_ONCE", 3)
    held = []
    for _ in range(4):
        held += [shop() for _ in range(3)]
        clock.step(seconds=1)
    held += [shop() for _ in range(5)]
    commits = db.writer.commits

    clock.step(days=VALIDITY.days + 1)
    await service.tell_expired(db)

    assert told(db) == [str(one.receipt) for one in held]
    assert db.writer.commits - commits > 3


async def test_what_ran_out_before_anybody_looked_is_not_told(db, clock):
    notice = db.ask(read_offer, db.apply(open_shop)).notices["en"]
    db.apply(service.record, answer(notice), db.apply(signer))
    clock.step(days=VALIDITY.days + 1)

    await service.tell_expired(db)
    clock.step(days=1)
    await service.tell_expired(db)

    assert told(db) == []


async def test_sites_whose_answers_hold_for_less_are_told_in_the_order_of_expiry(db, clock, shop):
    long = shop()
    short = shop(site=replace(SHOP, validity=timedelta(days=1)))
    clock.step(days=VALIDITY.days)

    await service.tell_expired(db)

    assert told(db) == [str(short.receipt), str(long.receipt)]


def test_expired_answers_are_found_by_an_index(sqlite_settings, clock):
    asked = []

    def plan(connection):
        listen(connection, "before_cursor_execute", lambda _c, _cursor, sql, values, *_: asked.append((sql, values)))
        store.expired(connection, clock.now, clock.now, 10)
        lines = [connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", values).all() for sql, values in tuple(asked)]
        return [line.detail for one in lines for line in one]

    with open_database(sqlite_settings) as db:
        steps = db.ask(plan)

    assert sum("ix_receipts_expiry" in step for step in steps) == 2
    assert not [step for step in steps if step.startswith("SCAN")]
