"""Several workers on one database: nothing is sent twice by design, and nothing is lost when one of them is killed."""

from __future__ import annotations

import asyncio
import multiprocessing
import time
from collections import Counter
from contextlib import contextmanager

import pytest

from consentgw.db import open_database
from tests.conftest import SECRET
from tests.webhooks import working
from tests.webhooks.partners import happen, listen, rows
from tests.webhooks.receivers import Apart, answering

PATIENCE = 60.0

processes = multiprocessing.get_context("forkserver")
processes.set_forkserver_preload([working.__name__])


@contextmanager
def worker(settings, lease_seconds=30.0):
    """Run a worker process; it is killed at the end without a warning."""
    arguments = (settings.data, settings.database_url, SECRET, lease_seconds)
    process = processes.Process(target=working.run, args=arguments)
    process.start()
    try:
        yield process
    finally:
        process.kill()
        process.join(PATIENCE)
        process.close()


def wait(holds, what):
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline, what
        time.sleep(0.02)


def delivered(db):
    return all(state == ("delivered",) for state in rows(db, "state"))


@pytest.fixture
def db(postgres_settings):
    with open_database(postgres_settings) as database:
        yield database


def test_two_workers_beside_each_other_send_every_message_once(db, postgres_settings):
    names = [str(number) for number in range(120)]
    with Apart() as one, Apart() as other, worker(postgres_settings), worker(postgres_settings):
        db.apply(listen, one.url)
        db.apply(listen, other.url)
        for name in names:
            db.apply(happen, name)
        wait(lambda: len(rows(db, "id")) == 240 and delivered(db), "something is not delivered")

        for partner in (one, other):
            assert len(partner.messages) == len(set(partner.messages)) == len(names)
            assert partner.most_under_way <= 2
    assert {attempts for (attempts,) in rows(db, "attempts")} == {1}


def test_what_a_killed_worker_had_under_way_is_sent_by_another_and_nothing_is_lost(db, postgres_settings):
    async def slow(writer):
        await asyncio.sleep(0.15)
        await answering(204)(writer)

    with Apart(slow) as partner:
        db.apply(listen, partner.url)
        db.apply(happen, *(str(number) for number in range(20)))
        with worker(postgres_settings, lease_seconds=2):
            wait(lambda: partner.under_way == 2 and len(partner.messages) >= 4, "nothing is sent")
        interrupted = {identifier for identifier, leased in rows(db, "id", "leased_until") if leased}
        assert 1 <= len(interrupted) <= 2
        with worker(postgres_settings, lease_seconds=2):
            wait(lambda: delivered(db), "something is lost")

        sent = Counter(partner.messages)
    assert len(sent) == len(rows(db, "id")) == 20
    twice = [message for message, times in sent.items() if times > 1]
    assert len(twice) <= len(interrupted), "only what was under way when it was killed comes twice"
