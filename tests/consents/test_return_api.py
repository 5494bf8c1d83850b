"""Redeeming a code over the API: once, by the site's own key, and with what holds by now."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest

from consentgw.access.model import Scope
from consentgw.consents.receipt import KIND
from consentgw.keys.model import verify
from tests.caller import caller, code
from tests.gateway import SHOP, digest, ledger
from tests.visitor import Visitor

pytestmark = pytest.mark.anyio

CODES = "/v1/sites/shop/return-codes"


async def sent_back(app, method="accept_all", state="af0ifjsldkj"):
    """Let somebody answer in the redirect flow; return what the partner's server sends to us."""
    page = await (await Visitor(app).open(f"/consent/shop?lang=en&return=done&state={state}")).press(method)
    said = parse_qs(urlsplit(page.url).query)
    return {"code": said["code"][0], "name": "done", "state": state}


async def test_a_partner_s_server_gets_the_signed_receipt_and_what_holds(gateway):
    shop = caller(gateway, Scope.RECEIPTS_READ, site="shop")
    said = await sent_back(gateway)

    answer = await shop.post(CODES, said)

    assert answer.status_code == 200
    got = answer.json()
    [kept] = ledger(gateway)
    assert got["receipt"]["receipt_id"] == str(kept.receipt.id)
    assert got["receipt"]["channel"] == "redirect"
    assert (got["standing"], got["granted"], got["open"]) == ("valid", ["analytics", "marketing"], [])
    keys = (await Visitor(gateway).open("/.well-known/jwks.json")).response.json()
    assert verify(got["signed"], keys, KIND) == got["receipt"]
    cookieless = Visitor(gateway, keeps_cookies=False)
    assert (await cookieless.load(f"/release/shop/ga.gif?c={got['c']}", "image", SHOP)).status_code in {200, 302}
    frame = await cookieless.frame(f"/embed/shop?lang=en&c={got['c']}", SHOP)
    assert frame.form("save").ticked == {"analytics", "marketing"}


async def test_a_code_is_redeemed_once_and_a_lost_answer_can_be_fetched_again(gateway):
    shop = caller(gateway, Scope.RECEIPTS_READ, site="shop")
    said = await sent_back(gateway)

    first = await shop.post(CODES, said, once="one")
    again = await shop.post(CODES, said, once="one")
    replay = await shop.post(CODES, said)

    assert first.status_code == 200
    assert again.content == first.content
    assert code(replay) == (410, "return_code_dead")


@pytest.mark.parametrize("wrong", [{"state": "other"}, {"name": "basket"}, {"code": "x" * 43}])
async def test_what_does_not_belong_together_is_refused_and_spends_nothing(gateway, wrong):
    shop = caller(gateway, Scope.RECEIPTS_READ, site="shop")
    said = await sent_back(gateway)

    assert code(await shop.post(CODES, said | wrong)) == (410, "return_code_dead")
    assert (await shop.post(CODES, said)).status_code == 200


async def test_another_site_s_key_redeems_nothing(gateway):
    said = await sent_back(gateway)

    assert code(await caller(gateway, site="news").post(CODES, said)) == (404, "not_found")
    elsewhere = await caller(gateway, site="news").post("/v1/sites/news/return-codes", said)
    assert code(elsewhere) == (410, "return_code_dead")
    assert code(await caller(gateway, Scope.STANDING_READ, site="shop").post(CODES, said))[0] == 403
    assert (await caller(gateway, site="shop").post(CODES, said)).status_code == 200


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"code": "x" * 43, "name": "done"},
        {"code": "x" * 42, "name": "done", "state": "x"},
        {"code": "x" * 43, "name": "Done", "state": "x"},
        {"code": "x" * 43, "name": "done", "state": ""},
        {"code": "x" * 43, "name": "done", "state": "a b"},
        {"code": "x" * 43, "name": "done", "state": "x" * 513},
        {"code": "x" * 43, "name": "done", "state": "x", "receipt": "y"},
        {"code": 1, "name": "done", "state": "x"},
    ],
)
async def test_a_broken_call_is_refused_and_changes_nothing(embedded, body):
    shop = caller(embedded, Scope.RECEIPTS_READ, site="shop")
    before = digest(embedded.settings)

    assert code(await shop.post(CODES, body))[0] == 422
    assert digest(embedded.settings) == before


async def test_a_withdrawal_between_coming_back_and_redeeming_is_what_is_told(gateway):
    aigerim = Visitor(gateway)
    page = await (await aigerim.open("/consent/shop?lang=en&return=done&state=x")).press("accept_all")
    got = parse_qs(urlsplit(page.url).query)["code"][0]
    await (await aigerim.open("/consent/shop?lang=en")).press("withdraw")

    answer = await caller(gateway, site="shop").post(CODES, {"code": got, "name": "done", "state": "x"})

    assert (answer.json()["standing"], answer.json()["granted"]) == ("withdrawn", [])
