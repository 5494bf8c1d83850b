"""Whatever is killed, and whenever: an answer that was acknowledged is in the ledger."""

from __future__ import annotations

import multiprocessing
import random
import time
from contextlib import contextmanager
from uuid import UUID

import pytest

from consentgw.consents import store
from consentgw.consents.receipt import KIND
from consentgw.db import migrations, open_database
from consentgw.keys import store as keys
from consentgw.keys.model import compact, verify
from consentgw.settings import Settings
from tests import databases
from tests.conftest import SECRET
from tests.faults import answering
from tests.notices import story

ROUNDS = 10
PATIENCE = 30.0

# Every round needs a process of its own: a server that has imported everything forks them in no time.
processes = multiprocessing.get_context("forkserver")
processes.set_forkserver_preload([answering.__name__])


@contextmanager
def answering_process(settings, ledger):
    """Run a process that answers; it is killed at the end without a warning."""
    arguments = (settings.data, settings.database_url, ledger, SECRET)
    process = processes.Process(target=answering.run, args=arguments)
    process.start()
    try:
        yield process
    finally:
        process.kill()
        process.join(PATIENCE)
        process.close()


def wait_for(ledger, more):
    """Wait until so many more answers were acknowledged."""
    wanted = len(promised(ledger)) + more
    deadline = time.monotonic() + PATIENCE
    while len(promised(ledger)) < wanted:
        assert time.monotonic() < deadline, "nothing is acknowledged any more"
        time.sleep(0.002)


def promised(ledger):
    """Return the receipts that were acknowledged; a line cut short was never finished writing."""
    return ledger.read_text().splitlines() if ledger.exists() else []


def check(settings, ledger, *, quiet=True, every_signature=False):
    """Make sure that every acknowledged receipt is there, whole, and has its event."""
    acknowledged = set(promised(ledger))  # before the ledger is read: it may still be growing
    with open_database(settings) as db:

        def column(query):
            return db.ask(lambda connection: connection.exec_driver_sql(query).scalars().all())

        stored = {str(UUID(bytes=bytes(row))) for row in column("SELECT id FROM receipts")}
        events = column("SELECT reference FROM events WHERE topic = 'receipt.recorded'")
        lost = acknowledged - stored
        assert not lost, f"{len(lost)} of {len(acknowledged)} acknowledged answers are lost"
        assert stored <= set(events), "an answer is kept with its event"
        assert len(events) == len(set(events))
        if quiet:
            assert stored == set(events), "and no event without its answer"
        if settings.embedded:
            assert column("PRAGMA integrity_check") == ["ok"]
        if every_signature:
            jwks = {"keys": db.ask(keys.published)}
            for receipt in stored:
                kept = db.ask(store.read, UUID(receipt))
                verify(compact(kept.body, kept.kid, KIND, kept.signature), jwks, KIND)


def test_a_process_killed_at_any_moment_loses_nothing_it_acknowledged(settings, tmp_path):
    ledger = tmp_path / "promised"
    with open_database(settings) as db:
        db.apply(story.open_shop)

    for number in range(ROUNDS):
        with answering_process(settings, ledger):
            wait_for(ledger, more=20)
            time.sleep(random.uniform(0, 0.1))
        check(settings, ledger, every_signature=number == ROUNDS - 1)

    assert len(set(promised(ledger))) == len(promised(ledger)) >= 20 * ROUNDS


@pytest.fixture
def own_server():
    """A PostgreSQL server to be killed."""
    with databases.PostgreSQL() as running:
        yield running


def test_a_database_server_killed_at_any_moment_loses_nothing_and_answers_go_on(own_server, tmp_path):
    ledger = tmp_path / "promised"
    settings = Settings.read(data=tmp_path, database_url=own_server.url(), secret=SECRET)
    migrations.upgrade(settings)
    with open_database(settings) as db:
        db.apply(story.open_shop)

    with answering_process(settings, ledger):
        for _ in range(ROUNDS // 2):
            wait_for(ledger, more=20)
            time.sleep(random.uniform(0, 0.1))
            own_server.kill()
            before = len(promised(ledger))
            time.sleep(0.05)
            assert len(promised(ledger)) - before <= answering.PEOPLE, "without a database nothing is acknowledged"
            own_server.start()
            check(settings, ledger, quiet=False)
            wait_for(ledger, more=20)
    check(settings, ledger, every_signature=True)
