"""What people answered, what they were shown and what was promised cannot be changed, not even by us."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy.exc import IntegrityError

from consentgw.consents import service as consents
from consentgw.consents import store as receipts
from consentgw.db import engines
from consentgw.db.database import utc_now
from consentgw.doctor.installation import APPEND_ONLY
from consentgw.notices import store as notices
from tests.db import notes
from tests.notices import story

TABLES = {"receipts": "id", "identifiers": "sequence", "notices": "sequence", "policies": "version"}
EVERYWHERE = [
    "UPDATE {table} SET site = 'other'",
    "UPDATE {table} SET site = site",
    "DELETE FROM {table}",
    "DELETE FROM {table} WHERE site = 'shop'",
    "INSERT INTO {table} SELECT * FROM {table} WHERE true ON CONFLICT ({key}) DO UPDATE SET site = 'other'",
]
ON_SQLITE = [
    "INSERT OR REPLACE INTO {table} SELECT * FROM {table}",
    "REPLACE INTO {table} SELECT * FROM {table}",
    "UPDATE OR REPLACE {table} SET site = 'other'",
    "UPDATE OR IGNORE {table} SET site = 'other'",
]
ON_POSTGRESQL = [
    "TRUNCATE {table}",
    "TRUNCATE {table} CASCADE",
    "MERGE INTO {table} AS old USING {table} AS new ON old.{key} = new.{key} WHEN MATCHED THEN DELETE",
    "WITH gone AS (DELETE FROM {table} RETURNING *) SELECT count(*) FROM gone",
]


@pytest.fixture
def history(db):
    """The open database of a shop that was answered."""

    def happen(unit):
        shop = story.open_shop(unit)
        notice = notices.latest(unit.connection, shop.slug, story.TAGS).current["kk"]
        held = consents.record(unit, story.answer(notice), story.signer(unit))
        receipts.link(unit, shop.slug, bytes(32), held.subject)

    db.apply(happen)
    return db


def rows(db, table):
    return db.ask(lambda connection: connection.exec_driver_sql(f"SELECT * FROM {table}").all())


@pytest.mark.parametrize("table", TABLES)
def test_nothing_that_was_kept_can_be_changed_or_removed(history, table):
    before = rows(history, table)
    assert before

    for statement in EVERYWHERE + (ON_SQLITE if history.embedded else ON_POSTGRESQL):
        order = statement.format(table=table, key=TABLES[table])
        if not history.embedded:  # the ledger numbers its rows itself; a forger would say so
            order = order.replace(" SELECT * FROM", " OVERRIDING SYSTEM VALUE SELECT * FROM", "INTO" in order)
        with pytest.raises(IntegrityError, match=f"{table} is append-only"):
            history.apply(lambda unit, order=order: unit.connection.exec_driver_sql(order))

    assert rows(history, table) == before


@pytest.mark.parametrize(("days", "goes"), [(29, False), (31, True)])
def test_a_receipt_can_go_a_month_after_the_end_of_its_choice_and_not_before(db, clock, days, goes):
    def happen(unit):
        shop = story.open_shop(unit)
        notice = notices.latest(unit.connection, shop.slug, story.TAGS).current["kk"]
        consents.record(unit, story.answer(notice), story.signer(unit))

    clock.now = utc_now() - story.SHOP.validity - timedelta(days=days)
    db.apply(happen)

    def remove(unit):
        unit.connection.exec_driver_sql("DELETE FROM receipts")

    if goes:
        db.apply(remove)
    else:
        with pytest.raises(IntegrityError, match="receipts is append-only"):
            db.apply(remove)
    assert len(rows(db, "receipts")) == (not goes)


def test_the_triggers_are_seen_by_the_doctor_and_their_absence_too(history, settings):
    assert history.ask(engines.protected) == APPEND_ONLY

    drop = "DROP TRIGGER receipts_no_delete" if settings.embedded else "ALTER TABLE receipts DISABLE TRIGGER ALL"
    with notes.stranger(settings) as connection:
        connection.execute(drop)

    assert history.ask(engines.protected) == APPEND_ONLY - {"receipts"}
