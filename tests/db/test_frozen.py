"""A PostgreSQL that stands still, and so keeps none of its own limits, or that is away: everybody is told in time."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from consentgw.db import database, open_database
from consentgw.errors import Unavailable
from tests import databases
from tests.caller import caller
from tests.db import notes
from tests.gateway import running, seed
from tests.visitor import Visitor

pytestmark = pytest.mark.anyio


@pytest.fixture
def still(server, postgres_home):
    """Settings of a database on a server that tests may stop."""
    with databases.database(server.url()) as url:
        yield postgres_home(url)


@contextmanager
def frozen(server):
    """Let the server and every session of it stand still."""
    first = server.process.pid
    sessions = Path(f"/proc/{first}/task/{first}/children").read_text().split()
    everybody = [first, *map(int, sessions)]
    try:
        for process in everybody:
            os.kill(process, signal.SIGSTOP)
        yield
    finally:
        for process in reversed(everybody):
            os.kill(process, signal.SIGCONT)


async def test_a_read_and_a_look_up_are_told_in_time_and_go_on_afterwards(server, still, monkeypatch):
    monkeypatch.setattr(database, "ANSWER_SECONDS", 0.5)
    with open_database(still) as db:
        db.apply(notes.create)
        for ask in (db.read, db.look_up):
            assert await ask(notes.words) == set()
        with frozen(server):
            for ask in (db.read, db.look_up):
                with pytest.raises(Unavailable):
                    await ask(notes.words)

        monkeypatch.setattr(database, "ANSWER_SECONDS", 20)
        for ask in (db.read, db.look_up):
            assert await ask(notes.words) == set()


async def test_health_does_not_wait_for_a_database_that_stands_still(server, still):
    async with running(seed(still)) as app:
        with frozen(server):
            began = time.monotonic()
            page = await Visitor(app).open("/health/ready")
            took = time.monotonic() - began

    assert (page.status, page.response.json()) == (503, {"status": "the database does not answer"})
    assert took < 3


async def test_that_the_database_is_away_is_told_when_it_begins_and_when_it_ends_without_a_stack(server, still, caplog):
    async with running(seed(still)) as app:
        program = caller(app)
        server.kill()
        await asyncio.sleep(1)
        calls = [await program.get("/v1/sites/shop/receipts") for _ in range(3)]
        pages = [await Visitor(app).open("/.well-known/jwks.json") for _ in range(3)]
        server.start()
        await asyncio.sleep(1)

    assert {call.status_code for call in calls} == {page.status for page in pages} == {503}
    assert not any(record.exc_info for record in caplog.records)
    for what in ("read what was recorded", "take in what was configured"):
        told = [
            record.levelname
            for record in caplog.records
            if record.getMessage().startswith((f"cannot {what}", f"can {what}"))
        ]
        assert told == ["ERROR", "WARNING"]
