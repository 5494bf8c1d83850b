"""Keys on the command line."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from click.testing import CliRunner

from consentgw.access import model, store
from consentgw.cli import main
from consentgw.db import open_database, open_reader
from consentgw.sites import store as sites
from tests.subject_requests.story import DELIVERY


@pytest.fixture
def run(seeded_sqlite, monkeypatch):
    """Run a command on an installation with two sites."""
    monkeypatch.setenv("CONSENTGW_DATA", str(seeded_sqlite.data))
    monkeypatch.setenv("CONSENTGW_SECRET", seeded_sqlite.secret.get_secret_value())

    def run(*words):
        done = CliRunner().invoke(main, ["key", *words])
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        return done

    return run


def entries(settings):
    with open_reader(settings) as connection:
        return [
            (entry.actor, entry.act, entry.site, entry.thing)
            for entry in store.entries(connection, None, before=None, limit=9)
        ]


def test_a_key_is_made_listed_rolled_and_revoked(run, seeded_sqlite):
    made = run("create", "Shop back end", "--scope", "sites:read", "--site", "shop", "--days", "30")
    identifier = model.read(made.stdout.strip())[0]
    assert "only its hash" in made.stderr

    listed = run("list").stdout
    assert re.fullmatch(rf"{identifier}\tShop back end\tshop\tuntil [0-9-]+\tnever used\tsites:read\n", listed)
    assert made.stdout.strip() not in listed

    successor = model.read(run("roll", identifier, "--overlap", "1").stdout.strip())[0]
    assert run("revoke", identifier).stdout == f"revoked {identifier}\n"
    assert run("revoke", identifier).stdout == f"{identifier} was revoked before\n"
    assert "revoked" in run("list").stdout
    assert entries(seeded_sqlite)[::-1] == [
        ("cli", "key create", "shop", identifier),
        ("cli", "key roll", "shop", successor),
        ("cli", "key revoke", "shop", identifier),
        ("cli", "key revoke", "shop", identifier),
    ]


def test_a_processor_s_key_is_made_for_a_processor_of_the_site(run, seeded_sqlite):
    words = ("create", "Delivery", "--site", "shop", "--processor", "delivery", "--scope", "tasks:read")
    assert "there is no processor 'delivery'" in run(*words).output
    with open_database(seeded_sqlite) as db:
        shop = replace(db.ask(sites.read, "shop"), processors=(DELIVERY,))
        db.apply(sites.keep, shop)

    assert run(*words).exit_code == 0

    assert "\tDelivery\tdelivery of shop\t" in run("list").stdout
    wide = run(*words, "--scope", "requests:read")
    assert (wide.exit_code, "opens its tasks and nothing else" in wide.output) == (1, True)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("create", "x", "--scope", "sites:read", "--site", "nowhere"), "there is no site"),
        (("create", "x"), "Missing option '--scope'"),
        (("create", "x", "--scope", "everything"), "is not one of"),
        (("roll", "0000000000"), "no such key"),
        (("revoke", "0000000000"), "no such key"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_sentence_and_changes_nothing(run, seeded_sqlite, words, says):
    done = run(*words)

    assert done.exit_code
    assert says in done.output
    assert "Traceback" not in done.output
    assert entries(seeded_sqlite) == []


def test_while_a_gateway_serves_from_the_file_the_command_says_so(run, seeded_sqlite):
    with open_database(seeded_sqlite):
        assert "another consentgw process" in run("create", "x", "--scope", "sites:read").output
