"""The command line: what each command does, and the one sentence it says when it cannot."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys

import pytest
from click.testing import CliRunner
from joserfc.jwk import OKPKey

from consentgw import __version__
from consentgw.cli import main
from consentgw.db import migrations, open_database
from consentgw.resources import folder
from tests.conftest import SECRET

SITE = folder("templates") / "demo" / "shop" / "site.toml"


def environment(settings, **changes):
    """Return the settings as the environment says them."""
    return {
        "CONSENTGW_DATA": str(settings.data),
        "CONSENTGW_DATABASE_URL": settings.database_url,
        "CONSENTGW_SECRET": SECRET,
        "CONSENTGW_PUBLIC_URL": settings.public_url,
        **changes,
    }


def _name(command):
    return " ".join(command[:2]) if isinstance(command, tuple) else None


def run(env, *command):
    return CliRunner(env=env).invoke(main, [str(word) for word in command])


def said(env, *command):
    """Run a command that must succeed and return what it says."""
    done = run(env, *command)
    assert done.exit_code == 0, done.output
    return done.output


def refused(env, *command):
    """Run a command that must fail, and return the one sentence it says."""
    [sentence] = complaints(env, *command)
    return sentence


def complaints(env, *command):
    """Run a command that must fail, and return what it says, line by line."""
    done = run(env, *command)
    assert done.exit_code == 1, f"{done.exit_code}: {done.output}"
    assert isinstance(done.exception, SystemExit), repr(done.exception)
    assert done.output.startswith("Error: ")
    lines = done.output.strip().splitlines()
    assert all(len(line) < 400 for line in lines)
    return lines


@pytest.fixture
def env(settings):
    """A migrated database without a site, on both databases."""
    return environment(settings)


@pytest.fixture
def here(sqlite_settings):
    """The same on SQLite."""
    return environment(sqlite_settings)


def test_an_empty_place_is_brought_to_the_schema_and_stays_there(unmigrated):
    env = environment(unmigrated)

    assert "consentgw db upgrade" in refused(env, "db", "check")
    assert said(env, "db", "upgrade") == f"the database has schema {migrations.head()}\n"
    assert said(env, "db", "upgrade") == f"the database has schema {migrations.head()}\n"
    assert said(env, "db", "check") == f"the database is safe and has schema {migrations.head()}\n"


def test_a_site_is_added_listed_shown_and_pasted(env):
    added = said(env, "site", "add", SITE)
    assert added.startswith("added shop, policy shop-")
    assert "consentgw site snippet shop" in added

    assert said(env, "site", "list").startswith("shop\t")
    shown = json.loads(said(env, "site", "show", "shop"))
    assert shown["site"] == "shop"
    assert {purpose["key"] for purpose in shown["purposes"]} == {"necessary", "analytics", "marketing"}
    for language in ("kk", "ru", "en"):
        lines = said(env, "site", "snippet", "shop", "--lang", language)
        assert f'lang="{language}"' in lines
        assert "http://gateway.localhost:8080/embed/shop" in lines
        assert '<form class="cg-ask"' in lines
    assert '<form class="cg-ask"' not in said(env, "site", "snippet", "shop", "--style", "frame")


def test_an_installation_in_order_is_said_to_be(env):
    said(env, "site", "add", SITE)

    lines = said(env, "doctor").splitlines()

    assert len(lines) >= 5
    assert all(line.startswith("ok  ") for line in lines)


def test_an_installation_out_of_order_is_told_by_the_exit_status(here):
    done = run({**here, "CONSENTGW_SECRET": "short"}, "doctor")

    assert done.exit_code == 1
    assert isinstance(done.exception, SystemExit)
    assert "FAIL a secret has at least 32 characters" in done.output


def test_the_version_and_the_help_are_told():
    assert __version__ in said({}, "--version")
    for command in ((), ("db",), ("site",), *((name,) for name in main.commands)):
        assert said({}, *command, "--help").startswith("Usage: ")


# One sentence for whatever is wrong


READERS = [("db", "check"), ("site", "list"), ("site", "show", "shop"), ("site", "snippet", "shop")]


@pytest.mark.parametrize("command", [*READERS, ("site", "add", SITE), ("serve",)], ids=_name)
def test_without_a_database_the_next_step_is_told(unmigrated, command):
    assert "consentgw db upgrade" in refused(environment(unmigrated), *command)


@pytest.mark.parametrize("command", [*READERS, ("site", "add", SITE), ("serve",)], ids=_name)
def test_without_a_database_nothing_is_made_but_by_db_upgrade(unmigrated_sqlite_settings, command):
    refused({**environment(unmigrated_sqlite_settings), "CONSENTGW_SECRET": ""}, *command)

    assert not unmigrated_sqlite_settings.data.exists()


@pytest.mark.parametrize("command", [*READERS, ("db", "upgrade"), ("site", "add", SITE), ("serve",)], ids=_name)
@pytest.mark.parametrize(
    "url",
    [
        "postgresql://nobody@127.0.0.1:1/none",
        "postgresql://127.0.0.1:port/none",
        "postgresql://",
        "mysql://127.0.0.1/none",
        "nonsense",
        "postgresql://[::1/none",
    ],
)
def test_a_database_that_cannot_be_reached_is_told(here, command, url):
    assert refused({**here, "CONSENTGW_DATABASE_URL": url}, *command)


@pytest.mark.parametrize("command", [*READERS, ("db", "upgrade"), ("site", "add", SITE), ("serve",)], ids=_name)
def test_a_file_that_is_no_database_is_told(unmigrated_sqlite_settings, command):
    unmigrated_sqlite_settings.data.mkdir()
    unmigrated_sqlite_settings.file.write_bytes(b"this is a letter, not a database " * 100)

    assert "not a database" in refused(environment(unmigrated_sqlite_settings), *command)


@pytest.mark.parametrize("command", [*READERS, ("db", "upgrade"), ("site", "add", SITE), ("serve",)], ids=_name)
def test_a_data_folder_that_is_a_file_is_told(unmigrated_sqlite_settings, command):
    unmigrated_sqlite_settings.data.write_text("not a folder")

    assert refused(environment(unmigrated_sqlite_settings), *command)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CONSENTGW_PUBLIC_URL", "consent.example"),
        ("CONSENTGW_PUBLIC_URL", "http://consent.example"),
        ("CONSENTGW_PUBLIC_URL", "https://consent.example/path"),
        ("CONSENTGW_PORT", "http"),
        ("CONSENTGW_WORKERS", "0"),
        ("CONSENTGW_WORKERS", "2"),
        ("CONSENTGW_SECRET", "short"),
        ("CONSENTGW_SECRET_FILE", "/nowhere/at/all"),
        ("CONSENTGW_CALENDAR", "/nowhere/at/all"),
    ],
)
def test_a_setting_that_cannot_be_is_named(here, name, value):
    given = {**here, name: value}
    if name == "CONSENTGW_SECRET_FILE":
        del given["CONSENTGW_SECRET"]

    sentence = refused(given, "serve")

    assert name in sentence or "secret has at least" in sentence or "workers" in sentence


@pytest.mark.parametrize(
    "given",
    [
        {"SMTP_URL": "ftp://x", "MAIL_FROM": "privacy@shop.example"},
        {"SMTP_URL": "smtp://mail.example"},
        {"SMTP_URL": "smtp://mail.example", "MAIL_FROM": "nonsense"},
        {"SMTP_URL": "smtp://mail.example:port", "MAIL_FROM": "privacy@shop.example"},
        {"SMTP_URL": "smtp://mail.example:99999", "MAIL_FROM": "privacy@shop.example"},
        {"FORWARDED_ALLOW_IPS": "10.0.0.1, nonsense"},
        {"LIMITS_URL": "http://x"},
        {"LIMITS_URL": "redis://x"},
        {"CALENDAR": "/nowhere/at/all"},
    ],
    ids=lambda given: " ".join(given),
)
def test_what_serve_refuses_is_what_the_doctor_says(here, given):
    given = {**here, **{f"CONSENTGW_{name}": value for name, value in given.items()}}

    sentence = refused(given, "serve").removeprefix("Error: ")

    assert sentence.count("CONSENTGW_") == 1
    assert f"FAIL {sentence}\n" in run(given, "doctor").output


def test_a_port_that_is_taken_is_told(here):
    program = "from consentgw.cli import main; main()"
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = subprocess.run(
            [sys.executable, "-c", program, "serve", "--port", str(taken.getsockname()[1])],
            env=here, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip

    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert done.stderr.splitlines()[-1].startswith("Error: ")


def test_every_line_of_a_log_for_machines_is_json_from_the_first(here):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    program = [sys.executable, "-c", "from consentgw.cli import main; main()", "serve", "--port", str(port)]
    env = {**os.environ, **here, "CONSENTGW_LOG_FORMAT": "json"}
    with subprocess.Popen(program, env=env, stderr=subprocess.PIPE, text=True) as serving:
        first = serving.stderr.readline()
        serving.terminate()
        _, rest = serving.communicate(timeout=60)

    assert json.loads(first)["message"].startswith(f"consentgw {__version__} on http://127.0.0.1:{port}, for ")
    assert all(json.loads(line)["message"] for line in rest.splitlines())


def test_a_database_in_use_by_another_process_is_told(here, sqlite_settings):
    with open_database(sqlite_settings):
        assert "another consentgw process" in refused(here, "site", "add", SITE)
        assert said(here, "site", "list") == ""


def test_a_worker_beside_the_embedded_database_is_refused(here):
    assert "consentgw serve does the worker's work" in refused(here, "worker")


@pytest.mark.parametrize(
    "command", [("serve",), ("keys", "rotate"), ("operator", "invite", "dana")], ids=lambda words: " ".join(words[:2])
)
def test_a_secret_that_was_not_brought_back_is_missed_and_no_other_is_made(here, sqlite_settings, command):
    assert said(here, "keys", "rotate")
    lost = {**here, "CONSENTGW_SECRET": ""}

    assert refused(lost, *command).startswith("Error: the secret is gone: put ")

    assert not sqlite_settings.own_secret.exists()


def test_a_secret_is_made_where_nothing_was_signed_yet(here, sqlite_settings):
    assert "/desk/join/" in said({**here, "CONSENTGW_SECRET": ""}, "operator", "invite", "dana")

    assert sqlite_settings.own_secret.is_file()


def test_another_secret_than_the_database_s_is_told_in_one_sentence(here):
    assert said(here, "keys", "rotate")

    for command in (("serve",), ("keys", "rotate"), ("operator", "invite", "dana")):
        said_instead = refused({**here, "CONSENTGW_SECRET": "somebody-else-s-secret-" * 2}, *command)
        assert said_instead == "Error: CONSENTGW_SECRET is not the secret this database was set up with"


def test_what_is_not_there_is_told(here):
    said(here, "site", "add", SITE)

    assert "'nobody'" in refused(here, "site", "show", "nobody")
    assert "'nobody'" in refused(here, "site", "snippet", "nobody")
    assert "already" in refused(here, "site", "add", SITE)


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"\xff\xfe",
        b"slug = ",
        b"slug = 'shop'",
        b"[[tags]]\nname = 1",
        b"x = " + b"[" * 5_000,
        SITE.read_bytes().replace(b'slug = "shop"', b'slug = "Shop/../x"'),
        SITE.read_bytes().replace(b"https://", b"javascript://"),
        SITE.read_bytes() + b"\nunknown = 1\n",
    ],
    ids=range(9),
)
def test_a_site_s_file_that_cannot_be_read_is_told(here, tmp_path, text):
    (tmp_path / "site.toml").write_bytes(text)

    for line in complaints(here, "site", "add", tmp_path / "site.toml"):
        assert "site.toml" in line
    assert said(here, "site", "list") == ""


def test_a_site_s_file_that_is_not_there_is_told(here, tmp_path):
    assert refused(here, "site", "add", tmp_path / "nothing.toml")
    assert refused(here, "site", "add", tmp_path)


DEEP = b"[" * 100_000
GOOD = json.dumps({"keys": [OKPKey.generate_key("Ed25519").as_dict(private=False)]}).encode()


@pytest.mark.parametrize("receipt", [b"", b"x", b"a.b.c", b"e30.e30.e30", b"\xff", b"W1tb.W1tb.AA", b"....", None])
@pytest.mark.parametrize(
    "keys",
    [
        b"",
        b"\xff",
        b"[]",
        b"{}",
        b"1",
        b'{"keys":1}',
        b'{"keys":{"a":1}}',
        DEEP,
        GOOD,
        None,
    ],
    ids=range(10),
)
def test_what_is_no_receipt_or_no_key_file_is_told(tmp_path, receipt, keys):
    for name, content in (("r.jws", receipt), ("jwks.json", keys)):
        if content is not None:
            (tmp_path / name).write_bytes(content)

    assert refused({}, "verify", tmp_path / "r.jws", "--jwks", tmp_path / "jwks.json")
