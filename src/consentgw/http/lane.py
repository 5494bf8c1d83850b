"""The visitors' lane: a small router in front of FastAPI.

It matches whole addresses and speaks Starlette's own Request and Response, without the router and
middleware that cost more than the answer (docs/architecture.md, section 2). What it does not know goes on
to the app behind it.
"""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Awaitable, Callable, Container, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from consentgw.errors import Unavailable
from consentgw.http.problems import MethodNotAllowed, describe

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

    from consentgw.http.metrics import Tallies
    from consentgw.http.surfaces import Surface
    from consentgw.http.traces import Traces

Endpoint = Callable[[Request], Awaitable[Response]]
Refuse = Callable[[BaseException, Request], Response]
log = logging.getLogger(__name__)

FAILURE = "consentgw.failure"
"""Under this the scope of a request holds the error behind an answer of 500 or above, for its trace."""
_PARAMETER = re.compile(r"\\{([a-z_]+)\\}")


@dataclass(frozen=True, slots=True)
class Route:
    """One address: a pattern such as ``/embed/{site}/style.css``, its endpoint and its surface."""

    path: str
    endpoint: Endpoint
    surface: Surface
    methods: tuple[str, ...] = ("GET",)

    @property
    def pattern(self) -> re.Pattern[str]:
        """Return the pattern as an expression; a parameter is one path segment, or what stands before a dot."""
        return re.compile(_PARAMETER.sub(r"(?P<\1>[^/]+)", re.escape(self.path)))


class Lane:
    """An ASGI app that answers its own routes and hands everything else on."""

    def __init__(
        self,
        routes: Sequence[Route],
        behind: ASGIApp,
        refuse: Refuse = describe,
        tallies: Tallies | None = None,
        traces: Traces | None = None,
        sites: Callable[[], Container[str]] = frozenset[str],
    ) -> None:
        """``refuse`` makes the answer that tells what went wrong; ``tallies`` and ``traces`` note every answer.

        They are told of a site only if it is one of ``sites``, and never what somebody typed in its place.
        """
        self.routes = tuple(routes)
        self._behind = behind
        self._refuse = refuse
        self._tallies = tallies
        self._traces = traces
        self._sites = sites
        self._by_shape: dict[tuple[str, int], list[tuple[re.Pattern[str], dict[str, Endpoint], str]]] = {}
        for route in routes:
            known = self._by_shape.setdefault(_shape(route.path), [])
            endpoints = next((found for pattern, found, _ in known if pattern == route.pattern), None)
            if endpoints is None:
                endpoints = dict[str, Endpoint]()
                known.append((route.pattern, endpoints, route.path))
            for method in route.methods:
                endpoints[method] = route.endpoint
                if method == "GET":
                    endpoints["HEAD"] = route.endpoint

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "http":
            path: str = scope["path"]
            for pattern, endpoints, template in self._by_shape.get(_shape(path), ()):
                if match := pattern.fullmatch(path):
                    scope["path_params"] = match.groupdict()
                    if self._tallies is None and self._traces is None:
                        await self._respond(endpoints, scope, receive, send)
                        return
                    began = time.perf_counter()
                    status = await self._respond(endpoints, scope, receive, send)
                    took = time.perf_counter() - began
                    if self._tallies is not None:
                        self._tallies.note(template, scope["method"], status, self._site(scope, status), took)
                    if self._traces is not None:
                        self._traces.note(template, scope, status, self._site(scope, status), took)
                    return
        await self._behind(scope, receive, send)

    def _site(self, scope: Scope, status: int) -> str:
        site = scope["path_params"].get("site", "")
        return site if status < 400 and site in self._sites() else ""

    async def _respond(self, endpoints: dict[str, Endpoint], scope: Scope, receive: Receive, send: Send) -> int:
        """Answer, and return the status; 0 where nobody waited for it."""
        request = Request(scope, receive)
        try:
            endpoint = endpoints.get(scope["method"])
            if endpoint is None:
                raise MethodNotAllowed(sorted(endpoints))
            response = await endpoint(request)
        except ClientDisconnect:
            return 0
        except Exception as error:
            response = self._refuse(error, request)
            if response.status_code >= 500:
                # Without a word of the address, since a receipt's code opens the receipt; and without a stack where the
                # database is away: that is foreseen, and told when it begins and ends.
                log.error("could not answer", exc_info=None if isinstance(error, Unavailable) else error)  # noqa: TRY400
                scope[FAILURE] = error
        if scope["method"] == "HEAD":
            response.body = b""  # the length header still tells the size of the GET answer (RFC 9110, 9.3.2)
        await response(scope, receive, send)
        return response.status_code


def _shape(path: str) -> tuple[str, int]:
    """Return the first segment of a path and how many there are: few patterns share both."""
    return path.split("/", 2)[1] if path[:1] == "/" else "", path.count("/")
