"""The redirect flow in real browsers with scripts off: what comes back, and what is known without a cookie of ours."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from consentgw.access.model import Scope
from consentgw.app import Gateway
from consentgw.db import open_database
from consentgw.demo.running import free_port
from consentgw.http.server import running
from consentgw.notices import service as notices
from consentgw.notices.model import Kind, Tag
from consentgw.sites import store as sites
from tests.caller import caller
from tests.gateway import PARTNERS, PURPOSES, copy_of, ledger


@dataclass
class Shop:
    """A partner with a server of its own: it sends visitors to the question and fetches what they answered."""

    port: int
    gateway: Gateway | None = None
    key: str = ""
    held: dict[str, Any] = field(default_factory=dict)
    """What its one visitor's session holds."""
    hits: list[str] = field(default_factory=list)
    """What the vendor was asked, with the Referer."""

    def at(self, name: str) -> str:
        """Return an origin."""
        return f"http://{name}.localhost:{self.port}"

    async def front(self, _: Request) -> Response:
        """Show the front page."""
        gateway, state = self.at("gateway"), "fresh-state-1"
        asked = urlencode({"return": "done", "state": state, "lang": "en"})
        c = f"?c={self.held['c']}" if "c" in self.held else ""
        pixel = f'<img src="{gateway}/release/shop/pixel.gif{c}" alt="" referrerpolicy="origin">'
        granted = " ".join(self.held.get("granted", ["nothing"])) or "none"
        return HTMLResponse(
            f'<!doctype html><title>Shop</title><p id="granted">{granted}</p>'
            f'<a id="ask" href="{gateway}/consent/shop?{asked}">Cookie settings</a>'
            f'<a id="quick" href="{gateway}/consent/shop?{asked}&amp;prompt=none">Check</a>{pixel}'
        )

    async def after(self, request: Request) -> Response:
        """Compare the state, redeem the code, keep the answer in the session."""
        assert request.query_params["state"] == "fresh-state-1"
        if "code" in request.query_params:
            said = {"code": request.query_params["code"], "name": "done", "state": "fresh-state-1"}
            headers = {"authorization": f"Bearer {self.key}", "host": f"gateway.localhost:{self.port}"}
            address = f"http://127.0.0.1:{self.port}/v1/sites/shop/return-codes"
            answer = await run_in_threadpool(httpx.post, address, json=said, headers=headers)
            assert answer.status_code == 200, answer.text
            self.held = answer.json()
        else:
            self.held = {"granted": ["undecided"]}
        return RedirectResponse("/", 303)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer under every name."""
        host = Headers(scope=scope).get("host", "") if scope["type"] == "http" else ""
        if host.startswith("shop."):
            await self._pages(scope, receive, send)
        elif host.startswith("vendor."):
            self.hits.append(f"{scope['path']} from {Headers(scope=scope).get('referer')}")
            await Response(b"", 204)(scope, receive, send)
        else:
            await self.gateway(scope, receive, send)

    @property
    def _pages(self) -> Starlette:
        routes = [Route("/", self.front), Route("/after-consent", self.after)]
        return Starlette(routes=routes)


@pytest.fixture
def shop(seeded_file, tmp_path) -> Iterator[Shop]:
    """The shop and the gateway, served."""
    shop = Shop(free_port())
    site = replace(
        PARTNERS[0],
        origins=frozenset({shop.at("shop")}),
        returns={"done": f"{shop.at('shop')}/after-consent"},
    )
    pixel = Tag("pixel", "Meta Pixel", frozenset({"marketing"}), {Kind.IMAGE: f"{shop.at('vendor')}/tr"}, "US")

    def settle(unit):
        sites.keep(unit, site)
        notices.configure(unit, site, PURPOSES, (pixel,))
        notices.issue(unit, site)

    settings = copy_of(seeded_file, tmp_path).model_copy(update={"public_url": shop.at("gateway")})
    with open_database(settings) as db:
        db.apply(settle)
    shop.gateway = Gateway(settings)
    with running(shop, port=shop.port):
        shop.key = caller(shop.gateway, Scope.RECEIPTS_READ, site="shop").text
        yield shop


def test_a_visitor_is_sent_to_the_question_and_back_and_the_page_knows_the_answer_without_a_cookie_of_ours(
    shop, browser
):
    browser.open(f"{shop.at('shop')}/")
    assert browser.text("#granted") == "nothing"
    assert shop.hits == []

    browser.click("#ask")
    browser.see("main", "You come from shop.localhost")
    browser.click("button[value=accept_all]")
    browser.see("#granted", "analytics marketing")  # the browser followed the redirect after the form

    assert browser.url == f"{shop.at('shop')}/"
    browser.until(lambda: len(shop.hits) == 1)
    assert shop.held["c"] not in shop.hits[0]
    assert shop.held["receipt"]["channel"] == "redirect"

    browser.click("#ask")
    browser.see("main", "Back without changing anything")
    browser.click("button[value=withdraw]")
    browser.see("#granted", "none")
    shop.hits.clear()
    browser.reload()
    assert shop.hits == []


def test_a_visitor_who_goes_back_without_an_answer_is_undecided_and_one_who_answered_is_known_without_a_question(
    shop, browser
):
    browser.open(f"{shop.at('shop')}/")
    browser.click("#quick")
    browser.see("#granted", "undecided")
    browser.click("#ask")
    browser.click("main a[href*='prompt=none']")
    browser.see("#granted", "undecided")
    assert ledger(shop.gateway) == []

    browser.click("#ask")
    browser.click("button[value=reject_all]")
    browser.see("#granted", "none")
    browser.click("#quick")
    browser.see("#granted", "none")
    assert len(ledger(shop.gateway)) == 1
