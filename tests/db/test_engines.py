"""Opening a database: what is unsafe is refused in one sentence."""

from __future__ import annotations

import os
import pwd
import shutil
import stat
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from sqlalchemy.exc import DBAPIError

from consentgw.db import backups, engines, migrations, open_database, open_reader
from consentgw.errors import Misconfigured, Unavailable
from consentgw.settings import Settings
from tests import databases
from tests.conftest import SECRET
from tests.db import notes


def show(connection, name):
    sqlite = connection.dialect.name == "sqlite"
    return connection.exec_driver_sql(f"PRAGMA {name}" if sqlite else f"SHOW {name}").scalar_one()


def refusal(settings):
    """Return the sentence an operator reads instead of a running gateway."""
    with pytest.raises(Misconfigured) as caught, open_database(settings):
        pass
    sentence = str(caught.value)
    assert "\n" not in sentence
    assert SECRET not in sentence
    return sentence


ON_SQLITE = {
    "journal_mode": "wal",
    "synchronous": 2,
    "foreign_keys": 1,
    "recursive_triggers": 1,
    "secure_delete": 1,
    "query_only": 0,
}
ON_POSTGRESQL = {
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "on",
    "transaction_isolation": "read committed",
    "transaction_read_only": "off",
    "idle_in_transaction_session_timeout": "10s",
    "lock_timeout": "4s",
    "statement_timeout": "5s",
    "client_encoding": "UTF8",
}


def test_the_writing_connection_is_durable_and_bounded_in_time(db):
    wanted = ON_SQLITE if db.embedded else ON_POSTGRESQL

    assert db.apply(lambda unit: {name: show(unit.connection, name) for name in wanted}) == wanted


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("journal_mode", "delete"),
        ("synchronous", 1),
        ("foreign_keys", 0),
        ("recursive_triggers", 0),
        ("secure_delete", 0),
        ("busy_timeout", 1),
    ],
)
def test_every_unsafe_pragma_is_found(sqlite_settings, name, value):
    engine = engines.connect(sqlite_settings, reading=True)
    with engine.connect() as connection:
        engines.check(connection)
        connection.exec_driver_sql("PRAGMA query_only = 0")
        connection.exec_driver_sql(f"PRAGMA {name} = {value}")
        with pytest.raises(Misconfigured, match=f"{name}={value};"):
            engines.check(connection)


def test_unsafe_defaults_of_a_postgresql_database_do_not_reach_the_writer(postgres_settings):
    name = databases.name_of(postgres_settings.database_url)
    with notes.stranger(postgres_settings) as connection:
        for setting in (
            "synchronous_commit = off",
            "default_transaction_isolation = 'serializable'",
            "default_transaction_read_only = on",
            "statement_timeout = 0",
            "timezone = 'Asia/Almaty'",
        ):
            connection.execute(f"ALTER DATABASE {name} SET {setting}")

    with open_database(postgres_settings) as db:
        found = db.apply(
            lambda unit: [
                show(unit.connection, name) for name in ("synchronous_commit", "statement_timeout", "timezone")
            ]
        )
        assert found == ["on", "5s", "UTC"]
        db.apply(notes.create)
        assert db.apply(notes.add, "kept") == "kept"


@pytest.mark.parametrize("setting", ["fsync", "full_page_writes"])
def test_a_postgresql_server_that_may_lose_what_it_acknowledged_is_refused(server, postgres_home, setting):
    with databases.database(server.url()) as url:
        settings = postgres_home(url)
        with (
            psycopg.connect(server.url().replace("+psycopg", ""), autocommit=True) as operator,
            open_database(settings) as db,
        ):
            db.apply(notes.create)
            operator.execute(f"ALTER SYSTEM SET {setting} = off")
            operator.execute("SELECT pg_reload_conf()")
            try:
                assert f"{setting}=off" in refusal(settings)
                operator.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()")
                with pytest.raises(Unavailable):  # a gateway that was running finds out when it connects again
                    db.apply(notes.add, "unsafe")
            finally:
                operator.execute(f"ALTER SYSTEM RESET {setting}")
                operator.execute("SELECT pg_reload_conf()")
            assert db.apply(notes.add, "safe") == "safe"


def test_a_postgresql_database_of_another_encoding_is_refused(postgres, tmp_path):
    with psycopg.connect(postgres.replace("+psycopg", ""), autocommit=True) as operator:
        operator.execute("CREATE DATABASE cg_ascii ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0")
        try:
            url = postgres.replace("/postgres?", "/cg_ascii?")
            settings = Settings.read(data=tmp_path, database_url=url, secret=SECRET)
            assert "server_encoding=SQL_ASCII" in refusal(settings)
        finally:
            operator.execute("DROP DATABASE cg_ascii WITH (FORCE)")


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("postgresql://nobody@127.0.0.1:1/none", "cannot open the database: connection"),
        ("postgresql://host:port/none", "CONSENTGW_DATABASE_URL is not a database address"),
        ("postgresql://127.0.0.1:1/none?colour=blue", "cannot open the database: invalid connection option"),
    ],
)
def test_a_postgresql_server_that_is_not_there_is_told_in_one_sentence(tmp_path, url, sentence):
    settings = Settings.read(data=tmp_path, database_url=url, secret=SECRET)

    assert refusal(settings).startswith(sentence)
    with pytest.raises(Misconfigured, match=sentence):
        migrations.upgrade(settings)
    with pytest.raises(Misconfigured, match=sentence), open_reader(settings):
        pass


def test_a_password_is_never_part_of_a_refusal(tmp_path):
    settings = Settings.read(data=tmp_path, database_url="postgresql://dana:hunter2@127.0.0.1:1/x", secret=SECRET)

    assert "hunter2" not in refusal(settings)


def test_a_second_process_is_refused_while_the_first_uses_the_file(sqlite_settings):
    program = (
        "import sys; from consentgw.db import open_database; from consentgw.errors import Misconfigured;"
        " from consentgw.settings import Settings\n"
        "try:\n"
        f"    with open_database(Settings.read(data={str(sqlite_settings.data)!r})): print('opened')\n"
        "except Misconfigured as error: print(error)"
    )

    with open_database(sqlite_settings):
        second = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
        assert (
            second.stdout == f"another consentgw process is using {sqlite_settings.file}; stop it, or use PostgreSQL\n"
        )
        with pytest.raises(Misconfigured, match="another consentgw process"):
            migrations.upgrade(sqlite_settings)
        with open_reader(sqlite_settings) as connection:
            assert migrations.current(connection) == migrations.head()
    with open_database(sqlite_settings):
        pass


@contextmanager
def without_privileges():
    """Do something as a user who may not do everything; permissions mean nothing to root."""
    if os.geteuid():
        yield
        return
    os.seteuid(pwd.getpwnam("nobody").pw_uid)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def shared(migrated_file):
    """Settings of a migrated database in a folder that everybody may enter."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o777)
    shutil.copy(migrated_file, folder)
    yield Settings.read(data=folder, secret=SECRET)
    shutil.rmtree(folder)


def test_a_file_that_cannot_be_written_is_refused(shared):
    shared.file.chmod(0o444)

    with without_privileges():
        assert refusal(shared) == "cannot open the database: attempt to write a readonly database"


def test_a_folder_that_cannot_be_written_is_refused(shared):
    shared.data.chmod(0o555)

    with without_privileges():
        assert refusal(shared) == f"cannot write to the data folder {shared.data}: Permission denied"


def test_a_backup_of_a_database_that_cannot_be_opened_is_refused_in_one_sentence(shared, tmp_path):
    shared.data.chmod(0o555)

    with without_privileges(), pytest.raises(Misconfigured, match="cannot open the database: ") as caught:
        backups.backup(shared, Path(tempfile.gettempdir()) / f"{tmp_path.name}.backup")

    assert "\n" not in str(caught.value)


def test_a_folder_that_is_none_is_refused(tmp_path):
    (tmp_path / "data").write_text("a file")
    settings = Settings.read(data=tmp_path / "data", secret=SECRET)

    assert refusal(settings).startswith(f"there is no database in {settings.data}")
    with pytest.raises(Misconfigured, match=f"cannot write to the data folder {settings.data}"):
        migrations.upgrade(settings)


def test_an_error_of_whoever_uses_the_database_is_not_taken_for_one_of_opening_it(settings):
    with pytest.raises(PermissionError), open_database(settings):
        raise PermissionError("port 80")


def test_a_file_that_is_no_database_is_refused(sqlite_settings):
    sqlite_settings.file.write_bytes(b"once upon a time" * 512)

    assert refusal(sqlite_settings) == "cannot open the database: file is not a database"


def test_the_data_folder_is_for_its_owner_alone(unmigrated_sqlite_settings):
    migrations.upgrade(unmigrated_sqlite_settings)

    assert stat.S_IMODE(unmigrated_sqlite_settings.data.stat().st_mode) == 0o700


def test_a_folder_may_have_any_name(tmp_path):
    settings = Settings.read(data=tmp_path / "100 % жаңа? #1", secret=SECRET)

    migrations.upgrade(settings)
    with open_database(settings) as db:
        db.apply(notes.create)

    assert settings.file.is_file()


def test_looking_into_a_folder_without_a_database_makes_none(unmigrated_sqlite_settings):
    with pytest.raises(Misconfigured, match="consentgw db upgrade"), open_reader(unmigrated_sqlite_settings):
        pass

    assert not unmigrated_sqlite_settings.data.exists()


@pytest.mark.anyio
async def test_a_query_cannot_change_anything(db, settings):
    db.apply(notes.create)

    def meddle(connection):
        connection.exec_driver_sql("INSERT INTO notes (word) VALUES ('sneaked in')")

    with pytest.raises(Unavailable) as caught:
        await db.read(meddle)
    assert "read" in str(caught.value.__cause__)
    with pytest.raises(Unavailable):
        db.ask(meddle)
    with pytest.raises(Misconfigured), open_reader(settings) as connection:
        meddle(connection)
    assert db.ask(notes.words) == set()


def test_a_defect_in_a_query_surfaces_as_itself(db):
    def broken(_):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        db.ask(broken)
    assert db.ask(lambda connection: show(connection, "user_version" if db.embedded else "fsync")) in {0, "on"}


def test_erased_words_leave_no_byte_in_the_files(sqlite_settings):
    canary = "сырым-құпия-canary-0123456789"
    with open_database(sqlite_settings) as db:
        db.apply(notes.create)
        for number in range(50):
            db.apply(notes.add, f"{canary}-{number}")
        assert canary.encode() in b"".join(file.read_bytes() for file in sqlite_settings.data.iterdir())
        db.apply(lambda unit: unit.connection.exec_driver_sql("DELETE FROM notes"))
    with notes.stranger(sqlite_settings) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    for file in sqlite_settings.data.iterdir():
        assert canary.encode() not in file.read_bytes(), file


def test_a_read_that_no_reader_is_free_for_is_told(postgres_settings):
    with open_database(postgres_settings) as db:
        held = [db._readers.connect() for _ in range(engines.READERS + 1)]  # one is the look-ups'
        with pytest.raises(Unavailable):
            db.ask(notes.words)
        for connection in held:
            connection.close()
        with pytest.raises(DBAPIError), db._readers.connect() as connection:
            connection.exec_driver_sql("CREATE TABLE mine (word TEXT)")
