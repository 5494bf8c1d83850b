"""What this visitor allows, as ``request.state.consent``: closed in any doubt, and the page stays quick and whole."""

from __future__ import annotations

import secrets
from contextlib import suppress
from urllib.parse import urlencode

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import RedirectResponse
from starlette.routing import Route

from consentgw.client import AsyncClient, ClientError


class ConsentMiddleware:
    """Gives every request its ``consent``, and keeps pages out of caches."""

    def __init__(self, app, gateway: AsyncClient) -> None:
        self.app, self.gateway = app, gateway

    async def __call__(self, scope, receive, send) -> None:
        async def keep(message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                if headers.get("content-type", "").startswith("text/html"):
                    # No shared cache, and no Back button, may show a tag again.
                    headers["cache-control"] = "private, no-store"
                    headers.add_vary_header("Cookie")
            await send(message)

        if scope["type"] == "http":
            scope.setdefault("state", {})["consent"] = await self.gateway.holds(scope["session"].get("consent"))
        await self.app(scope, receive, keep)


def routes(gateway: AsyncClient, origin: str, site: str) -> list[Route]:
    """Return the addresses that lead to the question and back from it."""

    async def ask(request: Request) -> RedirectResponse:
        state = request.session.setdefault("consent_state", secrets.token_urlsafe(16))  # one for all tabs of a session
        asked = {"return": "done", "state": state}
        return RedirectResponse(f"{origin}/consent/{site}?{urlencode(asked)}", 302)

    async def back(request: Request) -> RedirectResponse:
        state, said = request.session.get("consent_state", ""), request.query_params
        if state and secrets.compare_digest(state.encode(), said.get("state", "").encode()):
            request.session.pop("consent", None)  # an answer we cannot fetch may be a no: what held before is over
            if "code" in said:
                with suppress(ClientError):
                    person = await gateway.redeem(said["code"], name="done", state=state)
                    request.session["consent"] = person.subject
        return RedirectResponse("/", 302)

    return [Route("/consent", ask), Route("/consent/back", back)]
