"""Look-ups: what many ask at once is answered by one thread, and nobody is answered for another."""

from __future__ import annotations

import asyncio
import threading

import pytest
from sqlalchemy import bindparam, select, text

from consentgw.db import groups, open_database
from consentgw.db.hot import HotSelect
from consentgw.errors import NotFound, Unavailable
from consentgw.outbox.tables import events
from tests import databases
from tests.db import notes

pytestmark = pytest.mark.anyio

_HAPPENED = HotSelect(select(events.c.sequence).where(events.c.topic == bindparam("topic")))


@pytest.fixture
def noted(db):
    """The open database, with a few notes."""
    db.apply(notes.create)
    for word in ("one", "two", "three"):
        db.apply(notes.add, word)
    return db


@pytest.fixture
def apart(postgres_settings):
    """An open PostgreSQL database with a note, and somebody who is not the gateway."""
    with open_database(postgres_settings) as db, notes.stranger(postgres_settings) as operator:
        db.apply(notes.create)
        db.apply(notes.add, "one")
        yield db, operator


def find(connection, word):
    """Return a note, or say that there is none."""
    found = connection.execute(text("SELECT word FROM notes WHERE word = :word"), {"word": word}).scalar_one_or_none()
    if found is None:
        raise NotFound(word)
    return found


def session(connection):
    """Return the number of the server's process behind a connection."""
    return connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()


async def test_everybody_hears_an_answer_of_their_own(noted):
    heard = await asyncio.gather(
        *(noted.look_up(find, word) for word in ("one", "nowhere", "two", "three")), return_exceptions=True
    )

    assert [heard[0], *heard[2:]] == ["one", "two", "three"]
    assert type(heard[1]) is NotFound


async def test_what_waits_is_asked_on_one_connection_by_one_thread(apart):
    db, _ = apart
    everywhere = await asyncio.gather(
        *(db.look_up(lambda connection: (session(connection), threading.get_ident())) for _ in range(50))
    )

    assert len(set(everywhere)) == 1


async def test_a_look_up_sees_what_was_kept_before_it_was_asked(noted):
    await noted.write(notes.add, "new")

    assert await noted.look_up(find, "new") == "new"


async def test_it_cannot_write(noted):
    with pytest.raises(Unavailable):
        await noted.look_up(lambda connection: connection.execute(text("INSERT INTO notes VALUES ('mine', NULL)")))
    assert await noted.read(notes.words) == {"one", "two", "three"}


@pytest.mark.parametrize("statement", ["usual", "hot"])
async def test_a_session_that_ended_while_idle_costs_nobody_an_answer(apart, statement):
    db, operator = apart
    operator.execute("SELECT pg_terminate_backend(%s, 5000)", (await db.look_up(session),))

    if statement == "hot":
        assert await db.look_up(_HAPPENED.run, topic="nothing") == []
    else:
        assert await db.look_up(find, "one") == "one"


async def test_a_question_that_takes_too_long_is_told_and_the_next_is_answered(apart):
    db, _ = apart

    with pytest.raises(Unavailable):
        await db.look_up(lambda connection: connection.exec_driver_sql("SET statement_timeout=1; SELECT pg_sleep(9)"))
    assert await db.look_up(find, "one") == "one"


async def test_too_many_who_wait_are_told_at_once(apart):
    db, _ = apart
    go_on = threading.Event()
    begun = threading.Event()

    def wait(_):
        begun.set()
        assert go_on.wait(30)

    first = asyncio.create_task(db.look_up(wait))
    assert await asyncio.to_thread(begun.wait, 30)
    waiting = [asyncio.ensure_future(db.look_up(find, "one")) for _ in range(groups.QUEUE)]
    await asyncio.sleep(0)
    with pytest.raises(Unavailable, match="too many"):
        await db.look_up(find, "one")
    go_on.set()

    assert set(await asyncio.gather(*waiting)) == {"one"}
    await first
    assert await db.look_up(find, "one") == "one"


async def test_whoever_asks_after_the_end_is_told(postgres_settings):
    with open_database(postgres_settings) as db:
        db.apply(notes.create)

    with pytest.raises(Unavailable, match="closing"):
        await db.look_up(notes.words)


async def test_while_the_server_is_away_everybody_is_told_and_afterwards_answered(server, postgres_home):
    with databases.database(server.url()) as url, open_database(postgres_home(url)) as db:
        db.apply(notes.create)
        db.apply(notes.add, "one")
        assert await db.look_up(find, "one") == "one"

        server.kill()
        for _ in range(2):
            with pytest.raises(Unavailable):
                await db.look_up(find, "one")
        server.start()

        assert await db.look_up(find, "one") == "one"
