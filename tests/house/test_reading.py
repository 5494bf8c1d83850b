"""A law over every address: reading changes nothing."""

from __future__ import annotations

import re

import pytest

from tests.gateway import NEWS, digest, ledger, running
from tests.tags.gate import answer
from tests.visitor import GATEWAY, Visitor

pytestmark = pytest.mark.anyio


async def test_nothing_that_is_only_read_changes_anything(seeded):
    async with running(seeded) as app:
        visitor = Visitor(app)
        page = await answer(visitor)
        code = page.link("/receipt/").partition("?")[0]
        policy = page.link("/policy/").partition("?")[0]
        known = {"site": "news", "tag": "ga", "name": "page.css", "digest": ledger(app)[0].receipt.decision.notice}
        known |= {"version": policy.removeprefix("/policy/"), "code": code.removeprefix("/receipt/")}
        addresses = [
            re.sub(r"{([a-z]+)}", lambda place: known.get(place[1], "nothing"), route.path) for route in app.routes
        ]
        addresses += ["/", "/openapi.json", "/docs", f"{code}?method=withdraw"]
        addresses += ["/embed/news?method=accept_all&granted=analytics"]
        before, cookies = digest(seeded), len(visitor.set_cookies)

        for address in addresses:
            for said in ({}, {"sec_purpose": "prefetch"}, {"purpose": "prefetch", "x_moz": "prefetch"}):
                for method in ("GET", "HEAD"):
                    response = await visitor._send(method, f"{GATEWAY}{address}", None, "iframe", NEWS, **said)
                    # A process that is kept from looking at the log for a second says so, as on a busy machine.
                    assert response.status_code < 500 or address == "/health/ready"
                    assert method == "GET" or response.content == b""

        assert digest(seeded) == before
        assert len(visitor.set_cookies) == cookies
