"""Eve writes to the database past the gateway and its triggers: the doctor sees it."""

from __future__ import annotations

import hashlib
import json
from contextlib import contextmanager

import pytest

from consentgw.doctor import examine
from consentgw.errors import Malformed
from consentgw.policies import store
from tests.db.notes import stranger
from tests.notices.story import open_shop
from tests.policies.shop import follow, shop


@contextmanager
def eve(settings):
    """Yield a connection for which nothing is append-only, and put the triggers back."""
    with stranger(settings) as connection:
        if settings.embedded:
            triggers = connection.execute(
                "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'policies'"
            ).fetchall()
            for name, _ in triggers:
                connection.execute(f"DROP TRIGGER {name}")
        else:
            connection.execute("ALTER TABLE policies DISABLE TRIGGER ALL")
        yield connection
        if settings.embedded:
            for _, sql in triggers:
                connection.execute(sql)
        else:
            connection.execute("ALTER TABLE policies ENABLE TRIGGER ALL")


def change(connection, version, **values):
    """Change columns of a version."""
    for name, value in values.items():
        literal = "NULL" if value is None else str(value) if isinstance(value, int) else f"'{value}'"
        connection.execute(f"UPDATE policies SET {name} = {literal} WHERE version = '{version}'")


@pytest.fixture
def versions(db, clock):
    """Three versions of the shop's policy."""
    published = []
    for _ in range(3):
        published.append(db.apply(follow))
        clock.step(days=1)
    return published


def test_what_nobody_touched_is_well(db, versions):
    db.ask(store.audit, "shop")
    db.ask(store.audit, "news")


@pytest.mark.parametrize("position", [0, 1, 2])
def test_one_changed_byte_of_any_published_text_is_detected(db, settings, versions, position):
    version = versions[position].version
    with eve(settings) as connection:
        connection.execute(
            f"UPDATE policies SET document = replace(document, '>versions<', '>Versions<') WHERE version = '{version}'"
        )

    with pytest.raises(Malformed, match=f"text of {version} was altered"):
        db.ask(store.audit, "shop")


@pytest.mark.parametrize("position", [0, 1])
def test_a_text_changed_together_with_its_digest_breaks_the_chain(db, settings, versions, position):
    version = versions[position]
    forged = json.loads(version.canonical())
    forged["texts"]["en"]["html"] = "<p>We sell it all.</p>"
    document = json.dumps(forged, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    with eve(settings) as connection:
        change(
            connection,
            version.version,
            document=document.replace("'", "''"),
            digest=hashlib.sha256(document.encode()).hexdigest(),
        )

    with pytest.raises(Malformed, match=f"nothing leads to {versions[position + 1].version}"):
        db.ask(store.audit, "shop")


@pytest.mark.parametrize(
    "values",
    [{"effective_from": 1}, {"published_at": 1}, {"predecessor": "ab" * 32}],
    ids=lambda values: next(iter(values)),
)
def test_a_row_that_says_something_else_than_its_text_is_detected(db, settings, versions, values):
    with eve(settings) as connection:
        change(connection, versions[1].version, **values)

    with pytest.raises(Malformed, match=f"row of {versions[1].version} was altered"):
        db.ask(store.audit, "shop")


@pytest.mark.parametrize("position", [0, 1])
def test_a_version_that_was_taken_out_is_missed(db, settings, versions, position):
    with eve(settings) as connection:
        connection.execute(f"DELETE FROM policies WHERE version = '{versions[position].version}'")

    with pytest.raises(Malformed, match=f"nothing leads to .*{versions[position + 1].version}"):
        db.ask(store.audit, "shop")


def test_a_version_moved_to_another_site_is_missed_there_and_strange_here(db, settings, versions):
    db.apply(follow, shop(slug="news"))
    with eve(settings) as connection:
        change(connection, versions[2].version, site="news")

    with pytest.raises(Malformed, match=f"row of {versions[2].version} was altered"):
        db.ask(store.audit, "news")


def test_the_doctor_sees_one_changed_byte(db, settings, clock):
    db.apply(open_shop)
    version = db.ask(store.in_force, "shop", clock.now).version
    assert all(finding.well for finding in examine(settings) if "polic" in finding.what)

    with eve(settings) as connection:
        connection.execute("UPDATE policies SET document = replace(document, '1.1. ', '1.1.  ')")

    said = {finding.what: finding.well for finding in examine(settings)}
    assert said[f"the published text of {version} was altered in the database"] is False
