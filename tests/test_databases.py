"""The PostgreSQL server the tests start for themselves."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import psycopg
import pytest

from tests import databases


def connect(url: str) -> psycopg.Connection:
    return psycopg.connect(url.replace("+psycopg", ""), autocommit=True)


def test_a_server_comes_back_with_its_rows_after_a_crash_and_leaves_nothing_behind():
    with databases.PostgreSQL() as server:
        with connect(server.url()) as connection:
            connection.execute("CREATE TABLE kept (word text)")
            connection.execute("INSERT INTO kept VALUES ('сақталды')")
        process = server.process
        server.kill()
        server.start()
        with connect(server.url()) as connection:
            assert connection.execute("SELECT word FROM kept").fetchall() == [("сақталды",)]
            assert connection.execute("SHOW fsync").fetchone() == ("on",)

    assert process.poll() is not None
    assert server.process.poll() is not None
    assert not server.home.exists()


def test_a_database_is_a_copy_of_its_template_and_dropped_even_while_somebody_holds_it(postgres):
    with databases.database(postgres) as template:
        with connect(template) as connection:
            connection.execute("CREATE TABLE kept (word text)")
        with databases.database(postgres, template=databases.name_of(template)) as copy:
            holder = connect(copy)
            assert holder.execute("SELECT count(*) FROM kept").fetchone() == (0,)
        with pytest.raises(psycopg.OperationalError):
            connect(copy)
        holder.close()


def test_missing_binaries_are_an_error_that_says_what_to_do(monkeypatch, tmp_path):
    monkeypatch.setenv("CG_TEST_PG_BIN", str(tmp_path))

    with pytest.raises(RuntimeError, match=r"\./run test"):
        databases.find_binaries()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has to run the server as somebody else")
def test_binaries_below_a_private_folder_are_copied_to_where_the_server_may_read_them(tmp_path, monkeypatch):
    private = tmp_path / "private"
    private.mkdir(mode=0o700)
    tree = databases.find_binaries().parent
    subprocess.run(["cp", "-r", tree.parent, private], check=True)
    if (libraries := tree.parent.with_name(f"{tree.parent.name}.libs")).is_dir():
        subprocess.run(["cp", "-r", libraries, private], check=True)
    monkeypatch.setenv("CG_TEST_PG_BIN", str(private / tree.parent.name / tree.name / "bin"))

    with databases.PostgreSQL() as server, connect(server.url()) as connection:
        running = Path(f"/proc/{server.process.pid}/exe").readlink()
        assert running.is_relative_to(server.home)
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_every_test_gets_a_migrated_database_of_its_own(db):
    assert db.ask(lambda connection: connection.exec_driver_sql("SELECT count(*) FROM sites").scalar_one()) == 0
