"""Marked words, sent wherever the gateway takes anything: logs and traces must hold none of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.caller import Caller, caller
from tests.gateway import SHOP
from tests.visitor import Visitor

if TYPE_CHECKING:
    from consentgw.app import Gateway
    from tests.visitor import Page

CANARY = "aigerim~canary"
"""No address and no form writes it in another way, and no pattern of ours takes it for an id."""
HEADERS = (
    *("accept", "accept_language", "authorization", "cookie", "forwarded", "if_none_match", "origin", "referer"),
    *("sec_fetch_dest", "sec_fetch_site", "traceparent", "tracestate", "user_agent", "x_forwarded_for", "x_request_id"),
)
TYPED = ("name", "email", "phone", "details", "website")
"""What people type when they ask about their data."""


async def send_everywhere(app: Gateway) -> tuple[str, ...]:
    """Send marked words by every kind of input; return what nobody may find afterwards."""
    aigerim = Visitor(app)
    page = await aigerim.frame("/embed/shop", SHOP)
    receipt = (await page.press("accept_all")).link("/receipt/").partition("?")[0]
    code = receipt.rpartition("/")[2]
    addresses = ("/embed/{}", "/embed/shop?lang={}&x=%", "/receipt/{}", "/v1/{}", "/{}", "/release/shop/{}.gif?{}")
    for address in (*(one.format(CANARY, CANARY) for one in addresses), receipt):
        await aigerim.open(address)
    await aigerim.load(f"/desk/requests/{CANARY}/{CANARY}", "image", SHOP)
    for header in HEADERS:
        await aigerim.frame("/embed/shop", SHOP, **{header: CANARY})
    await _garble(await Visitor(app).frame("/embed/shop", SHOP), "accept_all")
    await _garble(await Visitor(app).open("/consent/shop"), "reject_all")
    await _garble(await Visitor(app).open("/requests/shop?type=complaint"), "open", *TYPED)
    await _call(app)
    return CANARY, code


async def _garble(page: Page, button: str, *typed: str) -> None:
    """Send a form with the marked words in one field after another, as a field's name, and in all that is typed."""
    form = page.form(button)
    fields = [*form.fields(button), *((name, "x") for name in typed)]
    for place, (name, _) in enumerate(fields):
        marked = [*fields[:place], (name, CANARY), *fields[place + 1 :]]
        await page.visitor.submit(page.place, form, button, fields=marked)
    await page.visitor.submit(page.place, form, button, fields=[*fields, (CANARY, CANARY)])
    await page.visitor.submit(page.place, form, button, body=f"{CANARY}&%=".encode())
    said = [(name, CANARY if name in typed else value) for name, value in fields]
    await page.visitor.submit(page.place, form, button, fields=said, user_agent=CANARY)


async def _call(app: Gateway) -> None:
    await Caller(app, CANARY).get("/v1/sites/shop")
    shop, receipts = caller(app), "/v1/sites/shop/receipts"
    await shop.get(f"/v1/sites/shop/subjects/id:{CANARY}/standing")
    await shop.get(f"{receipts}?subject=id:{CANARY}&{CANARY}=1")
    await shop.post(receipts, {"subject": f"id:{CANARY}", "granted": [CANARY], CANARY: CANARY}, once=CANARY)
    await shop.post(receipts, {"subject": f"id:{CANARY}", "granted": []}, headers={"user-agent": CANARY})
    await shop.post(receipts, content=f'{{"{CANARY}"'.encode())
