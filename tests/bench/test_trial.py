"""The benchmark runs, asks what it says it asks, and its figures add up. How fast anything is, no test decides."""

from __future__ import annotations

import json
from dataclasses import replace
from urllib.parse import urlsplit

import pytest
from starlette.responses import PlainTextResponse

from consentgw.bench import run
from consentgw.bench.load import Slice, drive
from consentgw.bench.report import Measurement, row
from consentgw.bench.targets import POSTGRESQL, SQLITE, YARDSTICK, Target, seed, settings_for
from consentgw.configuration.reading import read_folder
from consentgw.configuration.service import apply
from consentgw.db import open_database
from consentgw.errors import Misconfigured, Unavailable
from consentgw.http.server import running
from consentgw.resources import folder

NAMES = [
    "embed page",
    "state stylesheet",
    "release, granted",
    "release, not granted",
    "policy page",
    "API: receipt, durable",
    "API: standing",
    "decision, durable",
]


@pytest.fixture(scope="module")
def report(postgres, tmp_path_factory):
    """The report of a run of a fraction of a second, what it said and what it wrote, on both databases."""
    from tests import databases

    said = []
    output = tmp_path_factory.mktemp("bench") / "figures.json"
    with databases.database(postgres) as url:
        found = run(seconds=0.05, rounds=2, connections=4, postgres=url, output=output, say=said.append)
    return found, "\n".join(said), json.loads(output.read_text(encoding="utf-8"))


def test_every_address_is_measured_on_both_databases_beside_the_yardstick(report):
    found, _, _ = report

    assert [(row.database, row.name) for row in found.rows] == [
        ("", YARDSTICK),
        *[(database, name) for database in ("SQLite", "PostgreSQL") for name in NAMES],
    ]
    for one in found.rows:
        assert one.unexpected == 0, one.name
        assert one.answers > 0, one.name
        assert 0 < one.p50 <= one.p99
        assert one.cpu > 0
        assert 0 < one.busy <= 1.05
    assert found.rows[0].per_core == found.rows[0].relative_rate == 1


def test_every_decision_that_was_measured_was_kept(report):
    found, _, _ = report

    for gateway in found.gateways:
        answered = sum(row.answers for row in found.rows if row.name == NAMES[-1] and row.database == gateway.database)
        assert gateway.decisions >= answered, "the round that warms up decides, too"
        assert 1 <= gateway.per_commit <= 4, "no more than there were connections"


def test_a_run_says_its_goals_and_writes_its_figures(report):
    found, said, written = report

    assert said.count("met") == 2 * (7 + 4)
    assert "mean nothing" not in said
    assert [row["per_core"] for row in written["rows"]] == [row.per_core for row in found.rows]
    assert {gateway["database"] for gateway in written["gateways"]} == {"SQLite", "PostgreSQL"}


def test_ratios_are_paired_by_round_and_the_median_counts():
    def measured(rate, cpu):
        return Measurement(rate, cpu, Slice(2, 1.0, [0.001, 0.002], 0, 0.5))

    hello = [measured(100, 1), measured(1000, 2), measured(200, 4)]
    found = row("", Target("address", (), 200, goal=0.5), [measured(50, 2), measured(100, 4), measured(150, 5)], hello)

    assert found.per_core == 0.5
    assert (found.goal, found.met) == (0.5, True)
    assert found.relative_rate == 0.5
    assert found.rate == 100
    assert (found.p50, found.p99) == (0.002, 0.002)
    assert found.answers == 6


def test_a_goal_is_the_database_s_own():
    target = Target("address", (), 200, goal=0.6, on_postgres=0.5)

    assert (target.goal_on(SQLITE), target.goal_on(POSTGRESQL)) == (0.6, 0.5)
    assert Target("address", (), 200, goal=0.6).goal_on(POSTGRESQL) == 0.6
    assert Target("address", (), 200).goal_on(POSTGRESQL) is None


def test_a_database_with_a_real_site_is_not_filled_with_made_up_decisions(tmp_path):
    settings = settings_for(tmp_path)
    seed(settings)
    seed(settings)  # the same again is fine
    (shop,) = read_folder(folder("templates") / "demo" / "shop")
    theirs = replace(shop.configuration, site=replace(shop.configuration.site, slug="real"))
    with open_database(settings) as database:
        database.apply(apply, [replace(shop, configuration=theirs)])

    with pytest.raises(Misconfigured, match="give it an empty one"):
        seed(settings)


@pytest.fixture(scope="module")
def port():
    """Where a server answers 200 with a long body, or whatever status the path names."""

    async def app(scope, receive, send):
        if scope["type"] == "lifespan":
            for step in ("startup", "shutdown"):
                await receive()
                await send({"type": f"lifespan.{step}.complete"})
        else:
            await PlainTextResponse("a" * 100_000, int(scope["path"][1:]))(scope, receive, send)

    with running(app) as address:
        yield urlsplit(address).port


def requests(status, count):
    return [b"GET /%d HTTP/1.1\r\nhost: a\r\n\r\n" % status] * count


def test_the_load_sends_each_request_once_and_waits_for_every_answer(port):
    bodies = []
    found = drive(port, requests(200, 25), connections=4, seconds=20, expect=200, answered=bodies.append)

    assert found.answers == len(bodies) == len(found.latencies) == 25
    assert all(body.endswith(b"a" * 100_000) for body in bodies)
    assert found.latencies == sorted(found.latencies)
    assert found.unexpected == 0


def test_the_load_ends_in_time(port):
    found = drive(port, requests(200, 1_000_000), connections=4, seconds=0.2, expect=200)

    assert 0.2 <= found.seconds < 3


def test_an_answer_that_was_not_expected_is_counted(port):
    assert drive(port, requests(404, 3), connections=1, seconds=9, expect=200).unexpected == 3


def test_a_server_that_closes_ends_the_run_in_a_sentence(port):
    with pytest.raises(Unavailable, match="closed a connection"):
        drive(port, [b"rubbish\r\n\r\n"] * 2, connections=1, seconds=5, expect=400)
