"""A partner with a server of its own: it sends visitors to the question and fetches what they answered."""

from __future__ import annotations

import secrets
from typing import Any
from urllib.parse import urlencode

import httpx
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

GATEWAY = "gateway.example.net"
TAGS = ("google-analytics", "meta-pixel", "google-ads")


class Sending:
    """It keeps a session for each visitor, and in it what the redirect flow's document says."""

    def __init__(self, port: int) -> None:
        self.key = ""
        self._calls = f"http://127.0.0.1:{port}/v1/sites/shop/return-codes"
        self._sessions: dict[str, dict[str, Any]] = {}
        routes = [Route("/en/", self.front), Route("/after-consent", self.after)]
        self._pages = Starlette(routes=routes)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer one request."""
        await self._pages(scope, receive, send)

    async def front(self, request: Request) -> Response:
        """Show the front page: what this visitor granted, the way to the question, and the tags."""
        session, held = self._session(request)
        asked = urlencode({"return": "done", "state": held.setdefault("state", secrets.token_urlsafe()), "lang": "en"})
        c = f"?c={held['c']}" if "c" in held else ""
        tags = [f'<img src="https://{GATEWAY}/release/shop/{tag}.gif{c}" alt="" width="1" height="1">' for tag in TAGS]
        granted = " ".join(held.get("granted", ["nobody asked"])) or "nothing"
        page = HTMLResponse(
            '<!doctype html><html lang="en"><title>Honey</title><link rel="icon" href="data:,">'
            f'<h1>Honey</h1><p id="granted">{granted}</p>'
            f'<a id="ask" href="https://{GATEWAY}/consent/shop?{asked}">Cookie settings</a>{"".join(tags)}',
            headers={"cache-control": "private, no-store"},
        )
        page.set_cookie("session", session, secure=True, httponly=True)
        return page

    async def after(self, request: Request) -> Response:
        """Compare the state, redeem the code, keep the answer in the session."""
        _, held = self._session(request)
        assert request.query_params["state"] == held.pop("state")
        said = {"code": request.query_params["code"], "name": "done", "state": request.query_params["state"]}
        headers = {"authorization": f"Bearer {self.key}", "host": GATEWAY}
        answer = await run_in_threadpool(httpx.post, self._calls, json=said, headers=headers)
        assert answer.status_code == 200, answer.text
        held |= answer.json()
        return RedirectResponse("/en/", 303)

    def _session(self, request: Request) -> tuple[str, dict[str, Any]]:
        session = request.cookies.get("session") or secrets.token_urlsafe()
        return session, self._sessions.setdefault(session, {})
