"""Metrics: rates and backlogs, told apart by route and site, and never by person."""

from __future__ import annotations

import re

import pytest

from consentgw.http.metrics import BOUNDS, Tallies
from consentgw.settings import Settings
from tests.gateway import SHOP, running
from tests.visitor import Visitor

pytestmark = pytest.mark.anyio


@pytest.fixture
async def measured(seeded):
    async with running(Settings.read(**{**dict(seeded), "metrics": True})) as app:
        yield app


async def told(app):
    """Return every sample, by its name and labels as they are written."""
    page = await Visitor(app).open("/metrics")
    assert page.status == 200
    assert page.headers["content-type"].startswith("text/plain; version=0.0.4")
    lines = [line for line in page.text.splitlines() if not line.startswith("#")]
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}


async def test_answers_are_counted_by_route_method_status_and_site(measured):
    aigerim = Visitor(measured)
    await (await aigerim.frame("/embed/shop", SHOP)).press("accept_all")
    await aigerim.open("/consent/nobody")

    found = await told(measured)

    def count(route, method, status, site):
        return found[f'consentgw_requests_total{{method="{method}",route="{route}",site="{site}",status="{status}"}}']

    assert count("/embed/{site}", "POST", 303, "shop") == 1
    assert count("/embed/{site}", "GET", 200, "shop") == 2
    assert count("/consent/{site}", "GET", 404, "") == 1
    assert found['consentgw_request_seconds_count{route="/embed/{site}"}'] == 3
    assert found["consentgw_units_kept_total"] >= found["consentgw_commits_total"] >= 1


async def test_calls_of_the_api_are_counted_by_their_template(measured):
    await Visitor(measured).open("/v1/sites/shop")
    for address in ("/v1/what-eve-typed", "/release/eve/ga.gif", "/desk/requests/eve/1"):
        await Visitor(measured).load(address, "image", SHOP)

    found = await told(measured)

    assert any('route="/v1/sites/{site}"' in name and 'status="401"' in name for name in found)
    assert not any("eve" in name for name in found)


async def test_what_waits_to_be_done_is_told(measured):
    found = await told(measured)

    requests = [f"subject_requests_{stand}" for stand in ("open", "due_soon", "overdue")]
    for name in ("webhooks_waiting", "webhooks_lag_seconds", "letters_late", *requests):
        assert found[f"consentgw_{name}"] == 0
    assert 0 <= found["consentgw_log_lag_seconds"] < 60


async def test_nothing_in_it_tells_people_apart(measured):
    aigerim = Visitor(measured)
    page = await (await aigerim.frame("/embed/shop", SHOP)).press("accept_all")
    receipt = page.link("/receipt/")
    await aigerim.open(receipt)

    text = (await aigerim.open("/metrics")).text

    assert receipt.partition("?")[0] not in text
    labels = re.findall(r'="([^"]*)"', text)
    assert labels
    assert not [label for label in labels if re.search(r"[A-Za-z0-9_-]{22}", label)], "an id, a code or a digest"


async def test_there_are_no_metrics_unless_they_are_asked_for(embedded):
    assert (await Visitor(embedded).open("/metrics")).status == 404


def test_a_latency_is_in_the_first_class_that_holds_it():
    tallies = Tallies()
    for seconds in (0.0, BOUNDS[0], BOUNDS[0] + 1e-9, 9.0):
        tallies.note("/embed/{site}", "GET", 200, "shop", seconds)

    assert tallies.classes["/embed/{site}"] == [2, 1, *[0] * (len(BOUNDS) - 2), 1]
