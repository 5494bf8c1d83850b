"""Logs for machines: chosen members only, and nothing that anybody sent."""

from __future__ import annotations

import io
import json
import logging

import pytest

from consentgw.consents import service
from consentgw.http import logs
from consentgw.http.logs import JsonLines
from tests.gateway import SHOP
from tests.visitor import Visitor

pytestmark = pytest.mark.anyio

MEMBERS = {"time", "level", "logger", "message", "request", "error", "raised"}
CANARY = "aigerim-canary"


@pytest.fixture
def lines():
    """Every line that is written while the test runs, whoever writes it and however unimportant it is."""
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(JsonLines())
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
    raise RuntimeError(f"this holds {CANARY}")


async def test_nothing_that_anybody_sent_is_in_the_log(embedded, lines, monkeypatch):
    aigerim = Visitor(embedded)
    page = await aigerim.frame("/embed/shop", SHOP)
    receipt = (await page.press("accept_all")).link("/receipt/").partition("?")[0]
    for path in (f"/embed/{CANARY}", f"/embed/shop?lang={CANARY}&x=%", f"/receipt/{CANARY}", receipt, f"/v1/{CANARY}"):
        await aigerim.open(path)
    bolat = await Visitor(embedded).frame("/embed/shop", SHOP)
    monkeypatch.setattr(service, "record", broken)
    await bolat.press("accept_all")

    said = lines()

    assert [line for line in said if line.get("error") == "RuntimeError"], "the failure itself is told"
    for line in said:
        assert CANARY not in str(line)
        assert receipt.rpartition("/")[2] not in str(line)
        assert set(line) <= MEMBERS


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
