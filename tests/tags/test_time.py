"""The release gate over time: expiry, new questions, and withdrawals that any process records."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from datetime import timedelta

import pytest

from consentgw.consents.states import LONGEST_SECONDS, STALE_SECONDS, Changes
from consentgw.db import open_database
from consentgw.db.database import utc_now
from consentgw.notices.addresses import Address
from consentgw.sites import store as sites
from tests.consents.answers import held
from tests.gateway import NEWS, PARTNERS, open_partners, peeking, running
from tests.tags.gate import answer, assert_closed, assert_open, release
from tests.visitor import Visitor

pytestmark = pytest.mark.anyio


async def test_an_expired_yes_releases_nothing(seeded_sqlite):
    async with running(seeded_sqlite, clock=lambda: utc_now() - PARTNERS[1].validity + timedelta(seconds=30)) as app:
        visitor = Visitor(app)
        await answer(visitor)
        await assert_open(visitor)
    async with running(seeded_sqlite, clock=lambda: utc_now() - PARTNERS[1].validity - timedelta(seconds=1)) as app:
        visitor = Visitor(app)
        frame = await visitor.frame("/embed/news", NEWS)
        await frame.press("accept_all")
        line = visitor.set_cookies[-1]
        assert "Max-Age=0" in line
        visitor.jar[NEWS, "__Host-cg-news"] = line.partition(";")[0].partition("=")[2]  # a browser that does not forget
        await assert_closed(visitor)
        assert (await visitor.frame("/embed/news", NEWS)).offers("reject_all")


async def test_a_yes_to_an_older_policy_releases_nothing(seeded):
    async with running(seeded) as app:
        visitor = Visitor(app)
        await answer(visitor)
        await assert_open(visitor)
    with open_database(seeded) as db:
        db.apply(open_partners, "We share with one more.")
    async with running(seeded) as app:
        cookies, visitor = visitor.jar, Visitor(app)
        visitor.jar = cookies
        await assert_closed(visitor)
        assert (await visitor.frame("/embed/news", NEWS)).offers("reject_all")


async def test_a_new_policy_is_seen_by_a_gateway_that_is_running(seeded_postgres):
    async with running(seeded_postgres) as app:
        visitor = Visitor(app)
        await answer(visitor)
        await assert_open(visitor)
        with open_database(seeded_postgres) as db:
            db.apply(open_partners, "We share with one more.")

        assert await _closes(visitor) < 1.0


async def test_a_withdrawal_recorded_by_another_process_is_obeyed_within_a_second(seeded_postgres):
    async with running(seeded_postgres) as here, running(seeded_postgres) as there:
        visitor = Visitor(here)
        for _ in range(3):
            frame = await answer(visitor)
            await assert_open(visitor)
            receipt = await Visitor(there).open(frame.link("/receipt/"))

            await receipt.press("withdraw")
            took = await _closes(visitor)

            assert took < 1.0
            frame = await visitor.frame("/embed/news", NEWS)
            assert not frame.offers("withdraw")
            visitor.jar.clear()


async def _closes(visitor):
    """Return how many seconds it takes until the gate is closed."""
    began = time.monotonic()
    while (await release(visitor, "ga.gif")).status_code == 302:
        await asyncio.sleep(0.01)
        assert time.monotonic() - began < 10
    return time.monotonic() - began


async def test_a_process_that_cannot_see_what_others_record_releases_nothing(seeded_postgres):
    async with running(seeded_postgres) as app:
        visitor = Visitor(app)
        await answer(visitor)
        await assert_open(visitor)

        app.changes.read_at = time.monotonic() - STALE_SECONDS
        await assert_closed(visitor)
        assert (await visitor.frame("/release/news", NEWS)).loads == []

        await asyncio.sleep(0.6)  # it looks again by itself
        await assert_open(visitor)


async def test_a_look_that_fails_is_not_the_last(seeded_postgres, caplog):
    async with running(seeded_postgres) as app:
        visitor = Visitor(app)
        await answer(visitor)
        good = app.catalogue.revision

        app.catalogue.revision = None  # read again, and stumble over what was put into the table
        await asyncio.sleep(0.6)
        assert app.catalogue.revision == good

        with peeking(seeded_postgres) as connection:
            connection.exec_driver_sql("UPDATE sites SET revision = 1000, document = '{}' WHERE slug = 'shop'")
        await asyncio.sleep(0.6)
        assert "cannot take in what was configured" in caplog.text
        await assert_open(visitor)  # what others withdraw is still seen, so the gate need not close

        receipt = await Visitor(app).open((await visitor.frame("/embed/news?lang=en", NEWS)).link("/receipt/"))
        await receipt.press("withdraw")
        await assert_closed(visitor)


async def test_whatever_goes_wrong_inside_the_gate_is_closed(embedded, bolat, caplog):
    await answer(bolat)
    offer = embedded.catalogue.offer("news")
    await assert_open(bolat, "pixel.gif")
    offer.prepared["address", "pixel", "gif"] = Address("https://pixel.example", (), ())

    await assert_closed(bolat, "pixel.gif")
    assert "the gate stays closed" in caplog.text
    await assert_open(bolat, "ga.gif")


# What a process remembers of changed minds


def test_an_older_decision_never_undoes_a_newer():
    yes, no = held({"analytics"}, sequence=1), held(sequence=2)

    for order in ((yes, no), (no, yes)):
        changes = Changes()
        for one in order:
            changes.note(one)
        assert changes.newest(yes) == no
        assert changes.newest(no) == no


def test_a_withdrawal_is_remembered_as_long_as_any_yes_it_took_back_may_last():
    no = held(sequence=2, expires_at=1_000)
    yes = replace(held({"analytics"}, sequence=1), expires_at=1_000 + 300 * 86_400)
    changes = Changes()
    changes.note(no)

    changes.forget(yes.expires_at)
    assert changes.newest(yes) == no
    changes.forget(1_000 + LONGEST_SECONDS)
    assert changes.latest == {}


async def test_a_yes_given_when_answers_held_longer_is_not_revived_when_its_withdrawal_expires(seeded_sqlite):
    async with running(seeded_sqlite) as app:
        visitor = Visitor(app)
        frame = await answer(visitor)
        kept = dict(visitor.jar)
    with open_database(seeded_sqlite) as db:
        db.apply(sites.keep, replace(PARTNERS[1], validity=timedelta(days=1)))
    async with running(seeded_sqlite, clock=lambda: utc_now() - timedelta(days=2)) as app:
        visitor = Visitor(app)
        visitor.jar = dict(kept)
        receipt = await visitor.open(frame.link("/receipt/"))
        await receipt.press("withdraw")  # and this withdrawal is over a day old by now
        app.changes.forget(time.time())

        visitor.jar = dict(kept)
        await assert_closed(visitor)
