"""How far work has come: no process does what another has done."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest

from consentgw.db import marks, open_database
from consentgw.errors import Refused


def test_a_mark_stays_where_it_was_moved_to(db):
    assert db.ask(marks.read, "letters") is None

    for value in (3, 4):
        db.apply(marks.move, "letters", value)
        assert db.ask(marks.read, "letters") == value
    assert db.ask(marks.read, "parcels") is None


def test_a_mark_moves_with_the_work_it_counts_or_not_at_all(db):
    def fall(unit):
        marks.move(unit, "letters", 5)
        raise Refused("no")

    with pytest.raises(Refused):
        db.apply(fall)

    assert db.ask(marks.read, "letters") is None


def test_a_turn_is_taken_once_in_its_interval(db):
    def turns(now):
        return db.ask(marks.due, "sweep", now, 60), db.apply(marks.take, "sweep", now, 60)

    assert turns(1000) == (True, True)
    assert turns(1000) == (False, False)
    assert turns(1059) == (False, False)
    assert turns(1060) == (True, True)
    assert turns(1061) == (False, False)


def test_a_clock_that_was_put_back_stops_no_turn(db):
    db.apply(marks.take, "sweep", 9000, 60)

    assert db.ask(marks.due, "sweep", 1000, 60)
    assert db.apply(marks.take, "sweep", 1000, 60)
    assert not db.apply(marks.take, "sweep", 1001, 60)


def test_of_many_processes_one_takes_the_turn(postgres_settings):
    with ExitStack() as stack:
        processes = [stack.enter_context(open_database(postgres_settings)) for _ in range(4)]
        threads = stack.enter_context(ThreadPoolExecutor(len(processes)))
        for turn in range(1, 21):
            taken = threads.map(lambda db, turn=turn: db.apply(marks.take, "sweep", turn * 60, 60), processes)
            assert sorted(taken) == [False, False, False, True]
