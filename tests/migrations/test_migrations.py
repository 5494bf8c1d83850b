"""The schema's history: up, down and up again, with rows in it."""

from __future__ import annotations

import threading

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect

import consentgw.access.tables
import consentgw.consents.tables
import consentgw.keys.tables
import consentgw.mail.tables
import consentgw.notices.tables
import consentgw.operators.tables
import consentgw.outbox.tables
import consentgw.policies.tables
import consentgw.registers.tables
import consentgw.sites.tables
import consentgw.subject_requests.tables
import consentgw.webhooks.tables  # noqa: F401
from consentgw.access import service as access
from consentgw.access.idempotency import Given, Once
from consentgw.access.model import Scope
from consentgw.consents import returns
from consentgw.consents import store as receipts
from consentgw.consents.returns import Return
from consentgw.db import engines, marks, metadata, migrations, open_database, open_reader
from consentgw.errors import Misconfigured
from consentgw.notices import store as notices
from consentgw.operators import service as operators
from consentgw.policies import store as policies
from tests.db import notes
from tests.notices import story
from tests.operators.desk import SEALER, dana
from tests.registers.entries import live_through_a_breach
from tests.subject_requests.story import live_through_a_request
from tests.webhooks.partners import live_through_a_message

TABLES = {
    "api_keys", "breach_steps", "breaches", "disclosures", "drafts", "events", "identifiers", "keys",
    "legal_hold_releases", "legal_holds", "mails",
    "marks", "notices", "operators", "policies", "purges", "questions", "receipts", "recovery_codes", "replies",
    "return_codes", "sessions", "sites", "subject_request_addresses", "subject_request_answers",
    "subject_request_files", "subject_request_history", "subject_request_keys", "subject_request_proofs",
    "subject_request_tasks", "subject_request_texts", "subject_requests", "trail", "transfers", "webhook_attempts",
    "webhook_deliveries", "webhook_endpoints", "webhook_secrets", "working_drafts",
}  # fmt: skip


def live(settings):
    """Let a shop be answered once; return the receipt."""

    def happen(unit):
        shop = story.open_shop(unit)
        notice = notices.latest(unit.connection, shop.slug, story.TAGS).current["kk"]
        Once.of("a", "b", b"c", "POST", b"/", b"").carry_out(unit, lambda _: Given(200, (), b"{}"))
        made = access.create(unit, "a key", frozenset(Scope))
        access.note(unit, "cli", "key create", None, made.key.id)
        policies.keep_working_draft(unit, shop.slug, {"en": "# Next"})
        marks.move(unit, "lived", 1)
        live_through_a_request(unit, shop)
        live_through_a_message(unit)
        live_through_a_breach(unit, shop.slug)
        operators.join(unit, dana(), SEALER, "hash", "secret", 1)
        back = Return("shop", "done", "https://shop.example/after-consent", "state")
        (held,), _ = returns.record(unit, [story.answer(notice)], story.signer(unit), back)
        receipts.link(unit, shop.slug, bytes(32), held.subject)
        return held.receipt

    with open_database(settings) as db:
        receipt = db.apply(happen)
        assert db.ask(receipts.read, receipt).sequence == 1
        for table in TABLES:
            query = f"SELECT count(*) FROM {table}"
            assert db.ask(lambda connection, query=query: connection.exec_driver_sql(query).scalar_one()) > 0, table
    return receipt


def tables(settings):
    """Return the tables, triggers and functions that are there, without Alembic's own."""
    query = (
        "SELECT name FROM sqlite_master WHERE name NOT LIKE 'sqlite_%' AND type <> 'index'"
        if settings.embedded
        else "SELECT relname FROM pg_class WHERE relkind IN ('r', 'S') AND relnamespace = 'public'::regnamespace"
        " UNION ALL SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace"
    )
    with notes.stranger(settings) as connection:
        return set(notes.column(connection, query)) - {"alembic_version"}


def test_up_down_and_up_again_with_rows_in_it(unmigrated):
    migrations.upgrade(unmigrated)
    assert tables(unmigrated) >= TABLES
    live(unmigrated)

    migrations.downgrade(unmigrated, "base")
    assert tables(unmigrated) == set()

    migrations.upgrade(unmigrated)
    live(unmigrated)


def test_upgrading_twice_is_harmless(unmigrated):
    migrations.upgrade(unmigrated)
    receipt = live(unmigrated)

    migrations.upgrade(unmigrated)

    with open_database(unmigrated) as db:
        assert db.ask(receipts.read, receipt).receipt.id == receipt


def test_the_schema_is_what_the_code_says(settings):
    engine = engines.connect(settings, reading=True)
    with engine.connect() as connection:
        # SQLite has no identity, only numbers that grow; the next test compares what it has instead
        compared = {"compare_type": True, "compare_server_default": not settings.embedded}
        context = MigrationContext.configure(connection, opts=compared)
        assert compare_metadata(context, metadata) == []
        assert set(metadata.tables) == TABLES
    engine.dispose()


def _index(*, name, column_names, unique, dialect_options=(), **rest):
    return name, column_names, bool(unique), {option: str(dialect_options[option]) for option in dialect_options}, rest


def described(settings):
    """Return everything the database says of its tables."""
    engine = engines.connect(settings, reading=True)
    with engine.connect() as connection:
        look = inspect(connection)
        found = {
            table: (
                [{**column, "type": repr(column["type"])} for column in look.get_columns(table)],
                look.get_pk_constraint(table),
                sorted(look.get_unique_constraints(table), key=lambda constraint: constraint["name"]),
                sorted(_index(**index) for index in look.get_indexes(table)),
                look.get_foreign_keys(table),
                look.get_check_constraints(table),
            )
            for table in TABLES
        }
    engine.dispose()
    return found


def test_the_migrations_lead_to_the_very_tables_that_the_code_would_create(unmigrated):
    engine = engines.connect(unmigrated)
    with engines.exclusive(unmigrated), engine.begin() as connection:
        metadata.create_all(connection)
    created = described(unmigrated)
    with engine.begin() as connection:
        metadata.drop_all(connection)
    engine.dispose()

    migrations.upgrade(unmigrated)

    assert described(unmigrated) == created


def test_a_database_without_a_schema_is_refused_with_what_to_do(unmigrated):
    for opening in (open_database, open_reader):
        with pytest.raises(Misconfigured, match="run: consentgw db upgrade"), opening(unmigrated):
            pass


def test_an_older_schema_is_refused_with_what_to_do(settings, monkeypatch):
    monkeypatch.setattr(migrations, "head", lambda: "9999")
    for opening in (open_database, open_reader):
        with pytest.raises(Misconfigured, match=r"schema \d{4}, .* run: consentgw db upgrade"), opening(settings):
            pass


def test_a_newer_schema_is_refused_and_left_alone(settings):
    with notes.stranger(settings) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")

    for opening in (open_database, open_reader):
        with pytest.raises(Misconfigured, match="schema 9999, which is newer"), opening(settings):
            pass
    with pytest.raises(Misconfigured, match="schema 9999, which is newer"):
        migrations.upgrade(settings)
    with pytest.raises(Misconfigured, match="schema 9999, which is newer"):
        migrations.downgrade(settings, "base")
    assert tables(settings) >= TABLES


def test_a_revision_that_does_not_exist_is_refused_in_one_sentence(settings):
    with pytest.raises(Misconfigured, match="cannot be brought to 4711"):
        migrations.upgrade(settings, "4711")


def test_an_upgrade_that_fails_half_way_leaves_nothing_behind(unmigrated):
    if unmigrated.embedded:
        unmigrated.data.mkdir()
    with notes.stranger(unmigrated) as connection:
        connection.execute("CREATE TABLE receipts (mine INTEGER)")

    with pytest.raises(Misconfigured, match="receipts"):
        migrations.upgrade(unmigrated)

    assert tables(unmigrated) == {"receipts"}
    with notes.stranger(unmigrated) as connection:
        connection.execute("DROP TABLE receipts")
    migrations.upgrade(unmigrated)
    live(unmigrated)


def test_processes_that_upgrade_at_the_same_time_wait_for_each_other(unmigrated_postgres_settings):
    failures = []

    def upgrade():
        try:
            migrations.upgrade(unmigrated_postgres_settings)
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=upgrade) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failures == []
    live(unmigrated_postgres_settings)


def test_the_embedded_file_is_not_upgraded_while_somebody_serves_from_it(sqlite_settings):
    with open_database(sqlite_settings), pytest.raises(Misconfigured, match="another consentgw process"):
        migrations.upgrade(sqlite_settings)
