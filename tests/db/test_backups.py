"""Backups of the embedded database: whole, taken while it is written to, and put back without what lay around."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing

import pytest

from consentgw.consents import service, store
from consentgw.db import backups, migrations, open_database, open_reader
from consentgw.errors import InUse, Misconfigured
from consentgw.notices import store as notices
from consentgw.settings import Settings
from tests.notices import story
from tests.test_cli import environment, refused, said


@pytest.fixture
def shop(sqlite_settings):
    """An installation whose shop has asked."""
    with open_database(sqlite_settings) as db:
        db.apply(story.open_shop)
        db.apply(story.signer)
    return sqlite_settings


def answering(db, count):
    signer = db.apply(story.signer)
    notice = db.ask(notices.latest, "shop", story.TAGS).current["kk"]
    for _ in range(count):
        yield db.apply(service.record, story.answer(notice), signer)


def elsewhere(settings, folder):
    """Return the same installation with another data folder, which is empty."""
    return Settings.read(data=folder / "elsewhere", secret=settings.secret.get_secret_value())


def kept(settings):
    with open_reader(settings) as connection:
        return [one.receipt.id for one in store.newest(connection, 1_000)]


def test_a_backup_holds_everything_that_was_acknowledged_before_it_began(shop, tmp_path):
    file, home = tmp_path / "backup", elsewhere(shop, tmp_path)
    acknowledged, stopped = [], threading.Event()
    with open_database(shop) as db:

        def go_on():
            while not stopped.is_set():
                acknowledged.extend(held.receipt for held in answering(db, 10))

        people = threading.Thread(target=go_on)
        people.start()
        try:
            while len(acknowledged) < 30:
                stopped.wait(0.01)
            before = list(acknowledged)
            backups.backup(shop, file)
        finally:
            stopped.set()
            people.join()

    assert backups.restore(home, file) == migrations.head()
    assert set(before) <= set(kept(home)) <= set(acknowledged)


def test_a_restored_gateway_goes_on_where_the_backup_stood(shop, tmp_path):
    file, home = tmp_path / "backup", elsewhere(shop, tmp_path)
    with open_database(shop) as db:
        first = [held.sequence for held in answering(db, 3)]
    backups.backup(shop, file)
    backups.restore(home, file)

    with open_database(home) as db:
        assert next(iter(answering(db, 1))).sequence > first[-1]


def test_a_backup_is_one_file_that_only_its_owner_reads(shop, tmp_path):
    file = tmp_path / "backup"

    backups.backup(shop, file)

    assert [one.name for one in tmp_path.iterdir() if one.name.startswith("backup")] == ["backup"]
    assert file.stat().st_mode & 0o777 == 0o600


def test_a_backup_never_replaces_a_file(shop, tmp_path):
    file = tmp_path / "backup"
    file.write_text("dear to somebody")

    with pytest.raises(Misconfigured, match="exists"):
        backups.backup(shop, file)

    assert file.read_text() == "dear to somebody"


def test_a_damaged_database_is_found_out_and_leaves_no_backup(shop, tmp_path):
    with closing(sqlite3.connect(shop.file)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    with shop.file.open("r+b") as data:
        data.seek(4096 + 200)
        data.write(b"\xff" * 30_000)

    with pytest.raises(Misconfigured, match=r"damaged|malformed|cannot copy"):
        backups.backup(shop, tmp_path / "backup")

    assert not (tmp_path / "backup").exists()
    assert not (tmp_path / "backup.part").exists()


@pytest.mark.parametrize("content", [b"", b"this is a letter, not a database " * 100])
def test_what_is_no_database_of_ours_is_told_in_one_sentence_and_leaves_no_backup(
    unmigrated_sqlite_settings, tmp_path, content
):
    unmigrated_sqlite_settings.data.mkdir()
    unmigrated_sqlite_settings.file.write_bytes(content)

    assert refused(environment(unmigrated_sqlite_settings), "backup", tmp_path / "backup")

    assert not (tmp_path / "backup").exists()


def test_a_journal_that_lies_around_is_not_played_into_what_is_restored(shop, tmp_path):
    file, home = tmp_path / "backup", elsewhere(shop, tmp_path)
    backups.backup(shop, file)
    home.data.mkdir()
    for stray in ("-wal", "-shm"):
        home.file.with_name(home.file.name + stray).write_bytes(b"of another database")

    backups.restore(home, file)

    assert kept(home) == []
    assert not home.file.with_name(f"{home.file.name}-wal").exists()


def test_a_restore_never_replaces_a_database_nor_disturbs_one_in_use(shop, tmp_path):
    file = tmp_path / "backup"
    backups.backup(shop, file)

    with pytest.raises(Misconfigured, match="exists"):
        backups.restore(shop, file)
    with open_database(shop), pytest.raises(InUse):
        backups.restore(shop, file)


@pytest.mark.parametrize("content", [b"", b"not a database at all", b"SQLite format 3\x00" + bytes(4096)])
def test_only_a_backup_is_restored(shop, tmp_path, content):
    file, home = tmp_path / "backup", elsewhere(shop, tmp_path)
    file.write_bytes(content)

    with pytest.raises(Misconfigured, match="no backup"):
        backups.restore(home, file)

    assert not home.file.exists()


def test_a_backup_of_a_later_version_is_refused(shop, tmp_path):
    file, home = tmp_path / "backup", elsewhere(shop, tmp_path)
    backups.backup(shop, file)
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.commit()

    with pytest.raises(Misconfigured, match="newer"):
        backups.restore(home, file)


def test_the_commands_say_what_they_did_and_why_not(shop, tmp_path):
    file, home = tmp_path / "backup", elsewhere(shop, tmp_path)

    assert "secret" in said(environment(shop), "backup", file)
    assert "is back" in said(environment(home), "restore", file)
    assert "never replaces" in refused(environment(shop), "backup", file)
    assert "no file" in refused(environment(home), "restore", tmp_path / "nowhere")


def test_who_restores_a_database_is_told_to_bring_its_secret_back(shop, tmp_path):
    file, home = tmp_path / "backup", elsewhere(shop, tmp_path)
    backups.backup(shop, file)

    assert str(home.own_secret) in said({**environment(home), "CONSENTGW_SECRET": ""}, "restore", file)
    home.file.unlink()
    assert "secret" not in said(environment(home), "restore", file)


def test_postgresql_has_tools_of_its_own(postgres_settings, tmp_path):
    assert "pg_dump" in refused(environment(postgres_settings), "backup", tmp_path / "backup")
    assert "pg_restore" in refused(environment(postgres_settings), "restore", tmp_path / "backup")
