"""The doctor: finds what was meddled with, and changes nothing by looking."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import timedelta

import pytest

from consentgw.access.model import Scope
from consentgw.db import metadata, open_database
from consentgw.db.database import utc_now
from consentgw.doctor import examine
from consentgw.doctor.installation import SEALED
from consentgw.keys import service as keys
from consentgw.keys.model import derive
from consentgw.settings import Settings
from tests.caller import caller
from tests.conftest import SECRET
from tests.gateway import NEWS, copy_of, peeking, running
from tests.operators.desk import joined
from tests.subject_requests.asking import employ_processors
from tests.visitor import GATEWAY, Visitor

pytestmark = pytest.mark.anyio


@pytest.fixture
async def lived_in(seeded):
    """Settings of an installation where three people have answered, and that has stopped since."""
    async with running(seeded) as app:
        for method in ("accept_all", "reject_all", "accept_all"):
            await (await Visitor(app).frame("/embed/news", NEWS)).press(method)
    return seeded


def complaints(settings):
    """Return what is not well."""
    return [finding.what for finding in examine(settings) if not finding.well]


def meddle(settings, *statements):
    """Change the database as somebody with its password would: past the triggers."""
    with peeking(settings) as connection:
        if settings.embedded:
            kept = connection.exec_driver_sql("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").all()
            for name, _ in kept:
                connection.exec_driver_sql(f"DROP TRIGGER {name}")
        else:
            kept = []
            connection.exec_driver_sql("SET session_replication_role = replica")
        for statement in statements:
            assert connection.exec_driver_sql(statement).rowcount > 0
        for _, sql in kept:
            connection.exec_driver_sql(sql)


async def test_an_installation_that_was_left_alone_is_well(lived_in):
    assert complaints(lived_in) == []


async def test_looking_changes_nothing(lived_in):
    def everything():
        return {
            file.name: file.read_bytes()
            for file in sorted(lived_in.data.rglob("*"))
            if file.is_file() and not file.name.endswith("-shm")
        }

    before = everything()

    examine(lived_in)

    assert everything() == before


async def test_a_policy_s_text_that_was_changed_is_found(lived_in):
    meddle(lived_in, "UPDATE policies SET document = replace(document, 'needed', 'wanted') WHERE site = 'news'")

    [complaint] = complaints(lived_in)
    assert "news" in complaint


@pytest.mark.parametrize("table", ["receipts", "identifiers", "notices", "policies"])
async def test_a_trigger_that_was_dropped_is_found(lived_in, table):
    with peeking(lived_in) as connection:
        if lived_in.embedded:
            connection.exec_driver_sql(f"DROP TRIGGER {table}_no_delete")
        else:
            connection.exec_driver_sql(f"DROP TRIGGER {table}_append_only ON {table}")

    assert complaints(lived_in) == [f"these tables can be changed, their triggers are gone: {table}"]


async def test_a_processor_that_no_key_lets_answer_is_found(seeded_sqlite):
    async with running(seeded_sqlite) as app:
        employ_processors(app)
        caller(app, site="shop", processor="letters")
        caller(app, Scope.TASKS_READ, site="shop", processor="delivery")
        caller(app, site="news")
        (complaint,) = complaints(seeded_sqlite)
        assert complaint.startswith("shop: requests are passed on to delivery, and no key lets it answer")

        caller(app, site="shop", processor="delivery")
        assert complaints(seeded_sqlite) == []


async def test_a_former_secret_that_is_no_longer_given_is_missed(lived_in, caplog):
    newer = lived_in.model_copy(
        update={"secret": Settings.read(secret="n" * 32).secret, "previous_secrets": (lived_in.secret,)}
    )
    async with running(newer):
        pass
    with open_database(newer) as db:
        db.apply(keys.rotate, derive(newer.secrets(), "keys"))
    assert complaints(newer) == []

    alone = newer.model_copy(update={"previous_secrets": ()})

    [complaint] = complaints(alone)
    assert complaint.startswith("a secret that is in use here since ")
    assert "CONSENTGW_PREVIOUS_SECRETS" in complaint
    async with running(alone):
        assert [record.getMessage() for record in caplog.records] == [complaint]


def test_what_the_doctor_opens_is_where_it_says():
    for table, *columns in SEALED.values():
        assert {*columns} <= {*metadata.tables[table].columns.keys()}


async def test_what_is_sealed_under_a_secret_that_nobody_remembers_is_found(lived_in):
    with open_database(lived_in) as db:
        await joined(db)  # with a key of the tests' own

    [complaint] = complaints(lived_in)

    assert complaint.startswith("what is sealed in operators does not open: ")


async def test_another_secret_is_found(lived_in):
    other = lived_in.model_copy(update={"secret": Settings.read(secret="somebody-else-s-secret-" * 2).secret})

    assert complaints(other) == ["CONSENTGW_SECRET is not the secret this database was set up with"]


@pytest.mark.parametrize("place", ["first", "last"])
@pytest.mark.parametrize(
    "change",
    [
        "body = CAST(replace(CAST(body AS TEXT), '\"analytics\"', '\"analytica\"') AS BLOB)",
        "signature = zeroblob(64)",
        "kid = 'x'",
        "subject = (SELECT subject FROM receipts ORDER BY sequence LIMIT 1 OFFSET 1)",
        "previous = id",
        "granted = 'analytics marketing maps'",
        "method = 'save'",
        "expires_at = expires_at + 1",
        "site = 'shop'",
        "body = zeroblob(10)",
    ],
)
async def test_a_receipt_that_was_altered_is_found(lived_in, place, change):
    if not lived_in.embedded:
        change = change.replace("CAST(replace(CAST(body AS TEXT),", "convert_to(replace(convert_from(body, 'UTF8'),")
        change = change.replace("AS BLOB", ", 'UTF8'").replace(" , 'UTF8')", ", 'UTF8')")
        change = change.replace("zeroblob(64)", "decode(repeat('00', 64), 'hex')")
        change = change.replace("zeroblob(10)", "decode(repeat('00', 10), 'hex')")
    which = "SELECT min(sequence) FROM receipts" if place == "first" else "SELECT max(sequence) FROM receipts"
    meddle(lived_in, f"UPDATE receipts SET {change} WHERE sequence = ({which})")

    [complaint] = complaints(lived_in)
    assert complaint.startswith("the receipt at place ")


async def test_a_clock_that_goes_wrong_is_found(seeded_sqlite):
    async with running(seeded_sqlite, clock=lambda: utc_now() + timedelta(hours=1)) as app:
        await (await Visitor(app).frame("/embed/news", NEWS)).press("reject_all")

    [complaint] = complaints(seeded_sqlite)
    assert "from the future" in complaint


def test_damaged_pages_are_found_where_nothing_else_reads_them(seeded_sqlite):
    with closing(sqlite3.connect(seeded_sqlite.file)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        (root,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'webhook_attempts'").fetchone()
        (size,) = connection.execute("PRAGMA page_size").fetchone()
    with seeded_sqlite.file.open("r+b") as data:
        data.seek((root - 1) * size)
        data.write(b"\xff" * size)

    for complaint in complaints(seeded_sqlite):
        assert complaint.startswith(("the database is damaged, put a backup back: ", "cannot say whether "))
    assert complaints(seeded_sqlite)


async def test_a_row_that_cannot_be_read_is_told_with_its_kind_and_the_rest_is_looked_at(lived_in):
    before = len(examine(lived_in))
    meddle(lived_in, "UPDATE keys SET public = '{'")

    findings = examine(lived_in)

    assert len(findings) == before
    assert "cannot say whether receipts are genuine" in "\n".join(complaints(lived_in))
    assert all("\n" not in finding.what for finding in findings)


def test_the_file_of_moved_days_is_read_and_told(seeded_sqlite, tmp_path):
    moved = tmp_path / "moved.toml"
    settings = seeded_sqlite.model_copy(update={"calendar": moved})

    assert complaints(settings) == [f"CONSENTGW_CALENDAR: cannot read {moved}"]

    moved.write_text("[KZ]\noff = [2027-01-04]\n")

    assert complaints(settings) == []
    assert any("KZ+1-0" in finding.what for finding in examine(settings))


def test_before_the_first_start_nothing_is_made_and_nothing_is_missed(seeded_file, tmp_path, monkeypatch):
    monkeypatch.delenv("CONSENTGW_SECRET", raising=False)
    settings = copy_of(seeded_file, tmp_path).model_copy(update={"secret": Settings.read(secret="").secret})

    assert complaints(settings) == []
    assert not (settings.data / "secret").exists()


async def test_a_secret_that_was_lost_is_missed_and_not_made_anew(lived_in):
    settings = lived_in.model_copy(update={"secret": Settings.read(secret="").secret})

    [complaint] = complaints(settings)

    assert "secret" in complaint
    assert not (settings.data / "secret").exists()


def test_what_cannot_be_opened_is_said(tmp_path):
    settings = Settings.read(data=tmp_path / "nowhere", secret=SECRET, public_url=GATEWAY)

    [complaint] = complaints(settings)

    assert "consentgw db upgrade" in complaint
    assert not (tmp_path / "nowhere").exists()
