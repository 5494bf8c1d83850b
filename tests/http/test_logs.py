"""Logs for machines: chosen members only, and nothing that anybody sent."""

from __future__ import annotations

import asyncio
import io
import json
import logging

import pytest

from consentgw.consents import service
from consentgw.db import open_database
from consentgw.db.database import utc_now
from consentgw.http import logs
from consentgw.http.logs import JsonLines
from consentgw.worker import Step, Worker
from tests.gateway import SHOP
from tests.http.canary import CANARY, send_everywhere
from tests.visitor import Visitor
from tests.webhooks.partners import courier, happen, listen
from tests.webhooks.receivers import answering, receiving, slamming

pytestmark = pytest.mark.anyio

MEMBERS = {"time", "level", "logger", "message", "request", "error", "raised"}


@pytest.fixture
def lines():
    """Every line that is written while the test runs, whoever writes it and however unimportant it is."""
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(JsonLines())
    handler.addFilter(lambda record: record.name != "httpx")  # by which these tests call the API
    root, house = logging.getLogger(), logging.getLogger("consentgw")
    before = root.level, house.level, house.propagate
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    house.setLevel(logging.DEBUG)
    house.propagate = True
    yield lambda: [json.loads(line) for line in written.getvalue().splitlines()]
    root.removeHandler(handler)
    root.level, house.level, house.propagate = before


def broken(*_):
    """Fail with words of somebody's."""
    raise RuntimeError(f"this holds {CANARY}")


async def test_nothing_that_anybody_sent_is_in_the_log(embedded, lines, monkeypatch):
    marked = await send_everywhere(embedded)
    bolat = await Visitor(embedded).frame("/embed/shop", SHOP)
    monkeypatch.setattr(service, "record", broken)
    await bolat.press("accept_all")

    said = lines()

    assert [line for line in said if line.get("error") == "RuntimeError"], "the failure itself is told"
    for line in said:
        assert not [word for word in marked if word in str(line)], line
        assert set(line) <= MEMBERS


async def test_nothing_that_a_partner_s_server_answers_is_in_the_log(sqlite_settings, lines):
    said = answering(500, f"X-Words: {CANARY}", body=CANARY.encode())
    away = answering(302, f"Location: http://{CANARY}.example/")
    with open_database(sqlite_settings, clock=utc_now) as db:
        async with receiving(said) as one, receiving(away) as other, receiving(slamming) as third:
            for partner in (one, other, third):
                db.apply(listen, f"{partner.url}?{CANARY}")
            db.apply(happen, CANARY)
            share = courier()
            worker = Worker(
                db, [Step("webhooks", 0.05, share.run, True, share.finish), Step("fails", 60, broken, True)]
            )
            working = asyncio.create_task(worker.run())
            for partner in (one, other, third):
                await partner.reach(1)
            worker.stop()
            await working

    found = lines()
    assert [line["logger"] for line in found if line.get("error") == "RuntimeError"] == ["consentgw.worker"]
    assert not [line for line in found if CANARY in str(line)]


async def test_a_line_names_the_request_it_is_about(embedded, lines, monkeypatch):
    page = await Visitor(embedded).frame("/embed/shop", SHOP)
    monkeypatch.setattr(service, "record", broken)

    await page.press("accept_all")

    [line] = [line for line in lines() if "error" in line]
    assert len(line["request"]) == 32
    assert line["raised"][-1].endswith("broken")


@pytest.mark.parametrize("given", [b"4f2a9c1e-77", b"0" * 32])
def test_the_id_is_the_one_the_proxy_gave(given):
    scope = {"headers": [(b"x-request-id", given)]}

    assert logs.request_id(scope) == given.decode()


@pytest.mark.parametrize("given", [b"", b"short", b"x" * 65, b"aigerim@shop.example", b"two\nlines", "қ".encode() * 8])
def test_an_id_that_may_say_something_is_replaced_by_one_of_chance(given):
    scope = {"headers": [(b"x-request-id", given)]}

    assert logs.request_id(scope) == logs.request_id(scope) != given.decode()
    assert len(logs.request_id(scope)) == 32
