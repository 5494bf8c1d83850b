"""What units insert together: known by its key at once, in sight of whoever looks, and kept like anything else."""

from __future__ import annotations

from sqlalchemy import func, insert, select
from sqlalchemy.exc import IntegrityError

from consentgw.db.hot import HotInsert
from consentgw.outbox.tables import events
from tests.db import notes

EVENT = HotInsert(events, events.c.sequence)


def keep(unit, reference):
    """Insert an event and return its key."""
    row = {"topic": "t", "site": "shop", "reference": reference, "happened_at": unit.now, "processor": None}
    return unit.insert(EVENT, row)


def references(connection):
    """Return what is there, by key."""
    return dict(connection.execute(select(events.c.sequence, events.c.reference)).all())


def together(db, *verbs):
    """Run verbs as one group; return what each caller hears."""
    with notes.busy(db):
        group = [db.writer.submit(verb) for verb in verbs]
    return [future.exception(30) or future.result() for future in group]


def test_a_key_is_known_before_the_commit_and_rises_from_unit_to_unit(db):
    words = [f"word-{number}" for number in range(40)]

    keys = together(db, *(lambda unit, word=word: keep(unit, word) for word in words))

    assert keys == sorted(set(keys))
    assert db.ask(references) == dict(zip(keys, words, strict=True))


def test_a_unit_may_insert_more_rows_than_there_are_units(db):
    def three(unit):
        return [keep(unit, word) for word in ("one", "two", "three")]

    first, second = together(db, three, three)

    assert db.ask(references) == dict(zip(first + second, ["one", "two", "three"] * 2, strict=True))


def test_whoever_takes_the_connection_finds_what_was_inserted_before_in_its_own_unit_and_in_others(db):
    def count(unit):
        return unit.connection.execute(select(func.count()).select_from(events)).scalar_one()

    def keep_and_count(unit):
        keep(unit, "mine")
        return count(unit)

    assert together(db, count, keep_and_count, lambda unit: keep(unit, "another") and None, count) == [0, 1, None, 2]


def test_a_row_that_clashes_fails_its_own_unit_whenever_it_is_sent(db):
    taken = db.apply(keep, "taken")

    def clash(unit):
        keep(unit, "half done")
        unit.connection.execute(insert(events).values(sequence=taken, topic="t", site="shop", reference="x",
                                                      happened_at=unit.now))  # fmt: skip

    before, clashed, after = together(db, lambda unit: keep(unit, "before"), clash, lambda unit: keep(unit, "after"))

    assert isinstance(clashed, IntegrityError)
    assert db.ask(references) == {taken: "taken", before: "before", after: "after"}
