"""The writer: an answer is a promise that was kept."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import threading
import time
from collections import Counter

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from consentgw import outbox
from consentgw.db import groups, open_database, writer
from consentgw.db.hot import HotInsert
from consentgw.errors import Conflict, Refused, Unavailable
from consentgw.outbox.tables import events
from tests import databases
from tests.db import notes

WORDS = [f"word-{number}" for number in range(300)]


@pytest.fixture
def noted(db):
    """The open database, with a table for notes."""
    db.apply(notes.create)
    return db


def outcomes(group):
    """Return what every caller of a group hears."""
    return [future.exception(30) or future.result() for future in group]


@pytest.mark.anyio
async def test_an_answer_comes_when_everybody_can_read_what_was_kept(noted, settings):
    with notes.stranger(settings) as connection:
        for word in WORDS[:20]:
            assert await noted.write(notes.add, word) == word
            assert word in notes.column(connection, "SELECT word FROM notes")
            assert word in await noted.read(notes.words)


def test_the_same_verbs_and_queries_work_without_an_event_loop(noted):
    assert noted.apply(notes.add, "one") == "one"
    assert noted.ask(notes.words) == {"one"}


def test_a_unit_happens_at_one_instant_of_the_clock(noted, clock):
    assert noted.apply(lambda unit: (unit.now, unit.now)) == (clock.now, clock.now)
    assert noted.apply(lambda unit: unit.now) == clock.now
    later = clock.step(seconds=1)
    assert noted.apply(lambda unit: unit.now) == later


def test_a_commit_that_fails_keeps_nothing_and_is_told_to_everybody_who_shared_it(noted):
    def refuse_a_second_answer(unit):
        if notes.words(unit.connection) & {"first"}:
            raise Conflict("the first answer stands")

    with notes.busy(noted):
        group = [
            noted.writer.submit(lambda unit: notes.add(unit, "first")),
            noted.writer.submit(lambda unit: notes.add(unit, "orphan", page="nowhere")),
            noted.writer.submit(refuse_a_second_answer),
        ]

    for outcome in outcomes(group):
        assert type(outcome) is Unavailable, "even the refusal was for something that never happened"
    assert noted.ask(notes.words) == set()
    assert noted.apply(notes.add, "next") == "next"
    assert noted.ask(notes.words) == {"next"}


@pytest.mark.anyio
async def test_many_answers_share_a_commit(noted):
    commits, kept = noted.writer.commits, noted.writer.kept

    await asyncio.gather(*(noted.write(notes.add, word) for word in WORDS))

    assert noted.writer.kept - kept == len(WORDS)
    assert noted.writer.commits - commits < len(WORDS) / 10
    assert await noted.read(notes.words) == set(WORDS)


def test_a_group_is_never_larger_than_promised(noted):
    with notes.busy(noted):
        commits = noted.writer.commits
        group = [noted.writer.submit(lambda unit, word=word: notes.add(unit, word)) for word in WORDS]

    assert outcomes(group) == WORDS
    assert noted.writer.commits - commits == 1 + -(-len(WORDS) // groups.GROUP)


def test_a_unit_that_fails_fails_alone_and_leaves_nothing_behind(noted):
    def change_mind(unit):
        notes.add(unit, "half done")
        raise Refused("no")

    with notes.busy(noted):
        commits = noted.writer.commits
        group = [
            noted.writer.submit(lambda unit: notes.add(unit, "one")),
            noted.writer.submit(change_mind),
            noted.writer.submit(lambda unit: notes.add(unit, "one")),
            noted.writer.submit(lambda unit: notes.add(unit, "two")),
        ]

    one, refused, twice, two = outcomes(group)
    assert (one, two) == ("one", "two")
    assert type(refused) is Refused
    assert isinstance(twice, IntegrityError)
    assert noted.ask(notes.words) == {"one", "two"}
    assert noted.writer.commits - commits == 2  # the one that kept the writer busy, and the group


def test_nobody_is_run_twice_unless_one_of_the_group_failed_and_then_not_for_a_while(noted, monkeypatch):
    monkeypatch.setattr(writer, "CAREFUL", 2)
    ran = Counter()

    def add(unit, word):
        ran[word] += 1
        return notes.add(unit, word)

    def refuse(unit):
        notes.add(unit, "half done")
        raise Refused("no")

    for number, others in enumerate(([], [refuse], [], [refuse], [refuse])):
        with notes.busy(noted):
            group = [noted.writer.submit(lambda unit, word=f"{number}{letter}": add(unit, word)) for letter in "ab"]
            group += [noted.writer.submit(verb) for verb in others]
        assert outcomes(group)[:2] == [f"{number}a", f"{number}b"]

    assert [ran[f"{number}a"] for number in range(5)] == [1, 2, 1, 1, 2]
    assert "half done" not in noted.ask(notes.words)


@pytest.mark.parametrize("defect", [ZeroDivisionError, KeyboardInterrupt, SystemExit, asyncio.CancelledError])
def test_a_defect_in_a_verb_surfaces_as_itself_and_poisons_nobody(noted, defect):
    def broken(unit):
        notes.add(unit, "half done")
        raise defect

    with notes.busy(noted):
        before = noted.writer.submit(lambda unit: notes.add(unit, "before"))
        failing = noted.writer.submit(broken)
        after = noted.writer.submit(lambda unit: notes.add(unit, "after"))

    assert type(failing.exception(30)) is defect
    assert outcomes([before, after]) == ["before", "after"]
    assert noted.ask(notes.words) == {"before", "after"}


@pytest.mark.parametrize("words", [[], ["before"], ["before", "between"]])
def test_a_verb_that_makes_light_of_the_database_s_no_is_told_of_it_or_keeps_its_word(noted, settings, words):
    noted.apply(notes.add, "taken")

    def careless(unit):
        with contextlib.suppress(IntegrityError):
            notes.add(unit, "taken")

    with notes.busy(noted):
        neighbours = [noted.writer.submit(lambda unit, word=word: notes.add(unit, word)) for word in words]
        outcome = noted.writer.submit(careless)  # last, so that nobody after it finds out

    # PostgreSQL would answer the commit of a failed transaction with a rollback, and call that a success.
    assert type(outcome.exception(30)) is (type(None) if settings.embedded else RuntimeError)
    assert outcomes(neighbours) == words
    assert noted.ask(notes.words) == {"taken", *words}


@pytest.mark.anyio
async def test_a_full_queue_refuses_at_once_and_keeps_what_it_took(noted):
    with notes.busy(noted):
        taken = [noted.writer.submit(lambda _: None) for _ in range(groups.QUEUE)]
        with pytest.raises(Unavailable):
            await noted.write(notes.add, "one too many")
        with pytest.raises(Unavailable):
            noted.apply(notes.add, "one too many")

    assert outcomes(taken) == [None] * groups.QUEUE
    assert await noted.write(notes.add, "room again") == "room again"
    assert await noted.read(notes.words) == {"room again"}


def test_closing_writes_what_is_queued_and_takes_no_more(settings):
    with open_database(settings) as db:
        db.apply(notes.create)
        with notes.busy(db) as go_on:
            group = [db.writer.submit(lambda unit, word=word: notes.add(unit, word)) for word in WORDS]
            closing = threading.Thread(target=db.close)
            closing.start()
            while not db.writer._closing:
                time.sleep(0.001)
            with pytest.raises(Unavailable):
                db.apply(notes.add, "too late")
            go_on.set()
            closing.join(30)
        assert outcomes(group) == WORDS

    with open_database(settings) as db:
        assert db.ask(notes.words) == set(WORDS)


@pytest.mark.anyio
async def test_callers_who_give_up_do_not_disturb_the_others(noted):
    with notes.busy(noted):
        tasks = [asyncio.create_task(noted.write(notes.add, word)) for word in WORDS[:20]]
        await asyncio.sleep(0)
        for task in tasks[::2]:
            task.cancel()
        await asyncio.sleep(0)

    assert await asyncio.gather(*tasks[1::2]) == WORDS[1:20:2]
    assert all(task.cancelled() for task in tasks[::2])
    assert await noted.write(notes.add, "still here") == "still here"


def test_a_caller_whose_event_loop_is_gone_does_not_disturb_the_others(noted):
    async def leave_without_waiting():
        noted.writer.submit_async(lambda unit: notes.add(unit, "left"))

    with notes.busy(noted):
        asyncio.run(leave_without_waiting())
        other = noted.writer.submit(lambda unit: notes.add(unit, "stayed"))

    assert other.result(30) == "stayed"
    assert noted.ask(notes.words) == {"left", "stayed"}


def test_rows_appended_by_a_unit_are_kept_with_it_or_not_at_all(noted, settings):
    def record(unit, word):
        outbox.emit(unit, "note.added", "shop", word)
        return notes.add(unit, word)

    with notes.busy(noted):
        group = [noted.writer.submit(lambda unit, word=word: record(unit, word)) for word in ("one", "one", "two")]

    one, again, two = outcomes(group)
    assert (one, two) == ("one", "two")
    assert isinstance(again, IntegrityError)
    with notes.stranger(settings) as connection:
        assert notes.column(connection, "SELECT reference FROM events ORDER BY sequence") == [
            "one",
            "two",
        ]


def test_an_appended_row_that_cannot_be_kept_takes_its_group_along_and_says_so(noted):
    def broken(unit):
        unit.append(
            HotInsert(events, events.c.sequence),
            {"topic": None, "site": "shop", "reference": "1", "happened_at": unit.now},
        )

    with notes.busy(noted):
        group = [noted.writer.submit(lambda unit: notes.add(unit, "one")), noted.writer.submit(broken)]

    assert [type(outcome) for outcome in outcomes(group)] == [Unavailable, Unavailable]
    assert noted.ask(notes.words) == set()
    assert noted.apply(notes.add, "next") == "next"


def test_the_log_says_once_that_answers_cannot_be_kept_and_once_that_they_can_again(noted, caplog):
    for word in ("one", "two", "three"):
        with pytest.raises(Unavailable):
            noted.apply(notes.add, f"secret {word}", page="nowhere")
    noted.apply(notes.add, "four")
    noted.apply(notes.add, "five")

    assert [record.levelname for record in caplog.records] == ["ERROR", "WARNING"]
    assert all(len(record.getMessage().splitlines()) == 1 for record in caplog.records)


@pytest.mark.anyio
async def test_it_is_known_that_answers_cannot_be_kept_until_something_is_written_again(noted, settings, monkeypatch):
    with monkeypatch.context() as full:
        full.setattr(noted.writer, "_take_turn", notes.refuse_to_write)
        with pytest.raises(Unavailable):
            noted.apply(notes.add, "one")
        assert noted.writer.failing
        with pytest.raises(Unavailable):
            noted.apply(lambda _: None)  # what writes nothing proves nothing
        await noted.try_again()
        assert noted.writer.failing

    await noted.try_again()

    assert not noted.writer.failing
    assert noted.apply(notes.add, "one") == "one"


def test_what_people_said_is_not_part_of_an_error(noted):
    noted.apply(notes.add, "сырым-құпия")

    with pytest.raises(IntegrityError) as caught:
        noted.apply(notes.add, "сырым-құпия")

    assert "parameters hidden" in str(caught.value)


def test_a_full_disk_is_told_and_writing_goes_on_once_there_is_room(sqlite_settings):
    with open_database(sqlite_settings) as db:
        db.apply(notes.create)
        pages = db.apply(lambda unit: unit.connection.exec_driver_sql("PRAGMA page_count").scalar_one())
        db.apply(lambda unit: unit.connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}").scalar_one())
        long = "x" * 100_000
        with notes.busy(db):
            group = [db.writer.submit(lambda unit, word=word: notes.add(unit, word)) for word in ("short", long, "end")]

        assert [type(outcome) for outcome in outcomes(group)] == [Unavailable] * 3
        assert db.ask(notes.words) == set(), "reading goes on"
        assert db.apply(notes.add, long) == long, "the next connection has room again"


def test_a_locked_file_is_told_and_writing_goes_on_once_it_is_free(sqlite_settings):
    with open_database(sqlite_settings) as db:
        db.apply(notes.create)
        db.apply(lambda unit: unit.connection.exec_driver_sql("PRAGMA busy_timeout = 50"))
        with notes.stranger(sqlite_settings) as connection:
            connection.execute("BEGIN IMMEDIATE")
            with pytest.raises(Unavailable) as caught:
                db.apply(notes.add, "one")
            connection.execute("ROLLBACK")

        assert isinstance(caught.value.__cause__.orig, sqlite3.OperationalError)
        assert db.apply(notes.add, "one") == "one"


def test_a_session_that_ends_in_the_middle_of_a_group_keeps_nothing_of_it(postgres_settings):
    def fall(unit):
        unit.connection.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))

    with open_database(postgres_settings) as db:
        db.apply(notes.create)
        with notes.busy(db):
            group = [
                db.writer.submit(lambda unit: notes.add(unit, "before")),
                db.writer.submit(fall),
                db.writer.submit(lambda unit: notes.add(unit, "after")),
            ]

        assert [type(outcome) for outcome in outcomes(group)] == [Unavailable] * 3
        assert db.ask(notes.words) == set()
        assert db.apply(notes.add, "next") == "next"


def test_a_session_that_ends_between_two_units_keeps_neither(postgres_settings):
    def fall_behind(unit):
        notes.add(unit, "before")
        session = unit.connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
        operator.execute("SELECT pg_terminate_backend(%s, 5000)", (session,))

    with open_database(postgres_settings) as db, notes.stranger(postgres_settings) as operator:
        db.apply(notes.create)
        with notes.busy(db):
            group = [db.writer.submit(fall_behind), db.writer.submit(lambda unit: notes.add(unit, "after"))]

        assert [type(outcome) for outcome in outcomes(group)] == [Unavailable] * 2
        assert db.ask(notes.words) == set()
        assert db.apply(notes.add, "next") == "next"


def test_a_session_that_ended_while_idle_costs_nobody_an_answer(postgres_settings):
    with open_database(postgres_settings) as db, notes.stranger(postgres_settings) as connection:
        db.apply(notes.create)
        session = db.apply(lambda unit: unit.connection.execute(text("SELECT pg_backend_pid()")).scalar_one())
        connection.execute("SELECT pg_terminate_backend(%s, 5000)", (session,))

        assert db.apply(notes.add, "next") == "next"


def test_a_lock_held_elsewhere_is_told_in_time_and_nothing_is_kept(postgres_settings):
    with open_database(postgres_settings) as db, notes.stranger(postgres_settings) as connection:
        db.apply(notes.create)
        db.apply(lambda unit: unit.connection.execute(text("SET lock_timeout = 100")))
        connection.execute("BEGIN")
        connection.execute("LOCK TABLE notes")
        with pytest.raises(Unavailable):
            db.apply(notes.add, "one")
        connection.execute("ROLLBACK")

        assert db.apply(notes.add, "one") == "one"


def test_writing_and_reading_go_on_after_the_server_crashed_and_came_back(server, postgres_home):
    with databases.database(server.url()) as url, open_database(postgres_home(url)) as db:
        db.apply(notes.create)
        db.apply(notes.add, "before")
        db.ask(notes.words)
        server.kill()
        with pytest.raises(Unavailable):
            db.apply(notes.add, "meanwhile")
        with pytest.raises(Unavailable):
            db.ask(notes.words)
        server.start()

        assert db.apply(notes.add, "after") == "after"
        assert db.ask(notes.words) == {"before", "after"}
