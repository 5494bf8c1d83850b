"""Somebody's program that calls the API with a key.

shop = caller(gateway, Scope.SITES_READ, site="shop")
answer = await shop.get("/v1/sites/shop")
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import httpx

from consentgw.access import service, store
from consentgw.access.model import LIFE, PROCESSOR_SCOPES, Key, Scope
from consentgw.app import Gateway
from consentgw.db import Unit
from consentgw.db.database import utc_now
from tests.gateway import peeking
from tests.visitor import GATEWAY


class Caller:
    """A program with a key, or with none."""

    def __init__(self, app: Any, text: str = "", key: Key | None = None, address: str = "192.0.2.1") -> None:
        self.text = text
        self.key = key
        self._headers = {"authorization": f"Bearer {text}"} if text else {}
        self._transport = httpx.ASGITransport(app, client=(address, 40_000))

    async def call(self, method: str, path: str, *, json: Any = None, **said: Any) -> httpx.Response:
        """Send a request; ``headers`` come on top of the key, ``content`` is sent as it is."""
        headers = {**self._headers, **said.pop("headers", {})}
        if "content" in said:
            headers = {"content-type": "application/json", **headers}
        elif json is not None:
            said["json"] = json
        async with httpx.AsyncClient(transport=self._transport, base_url=GATEWAY) as client:
            return await client.request(method, path, headers=headers, **said)

    async def get(self, path: str, **said: Any) -> httpx.Response:
        """Read something."""
        return await self.call("GET", path, **said)

    async def post(self, path: str, json: Any = None, *, once: str = "", **said: Any) -> httpx.Response:
        """Do something; ``once`` is the idempotency key."""
        headers = {**said.pop("headers", {}), **({"idempotency-key": f'"{once}"'} if once else {})}
        return await self.call("POST", path, json=json, headers=headers, **said)

    async def put(self, path: str, json: Any = None, **said: Any) -> httpx.Response:
        """Change something."""
        return await self.call("PUT", path, json=json, **said)


def caller(
    app: Gateway, *scopes: Scope, site: str | None = None, processor: str | None = None, life: timedelta = LIFE
) -> Caller:
    """Return a caller with a new key, made behind the back of a running gateway; every scope if none is named."""
    with peeking(app.settings) as connection:
        unit = Unit(connection, utc_now())
        granted = frozenset(scopes or (PROCESSOR_SCOPES if processor else Scope))
        made = service.create(unit, "a test", granted, site=site, processor=processor, life=life)
        store.note_use(unit, [made.key.id])  # or the gateway would keep that a moment after the first call
    return Caller(app, made.text, made.key)


def code(answer: httpx.Response) -> tuple[int, str]:
    """Return the status and the code of a problem document, after a look at its form."""
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    said = answer.json()
    assert said["status"] == answer.status_code
    assert said["type"] == f"{GATEWAY}/problems/{said['code']}"
    assert said["title"]
    return answer.status_code, said["code"]
