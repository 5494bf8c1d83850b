"""Operations as routes of FastAPI, and the OpenAPI document it makes of them."""

from __future__ import annotations

import inspect
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import Header, Path, Query, Security
from fastapi.routing import APIRoute
from fastapi.security import HTTPBearer
from starlette.routing import Match

from consentgw import errors
from consentgw.access.idempotency import InFlight, KeyReused
from consentgw.http.conditions import PATTERN
from consentgw.http.explanations import example
from consentgw.http.paging import Paged
from consentgw.http.problems import (
    MethodNotAllowed,
    NotAcceptable,
    Stale,
    Unconditional,
    UnsupportedMedia,
    status_of,
    title_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterable, Sequence

    from fastapi import FastAPI
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.types import Receive, Scope, Send

    from consentgw.access.operations import Bound, Desk, Operation

BEARER = HTTPBearer(
    scheme_name="key",
    bearerFormat="cg_live_…",
    description="An API key, sent as `Authorization: Bearer cg_live_…`. Its scopes say what it may do.",
    auto_error=False,
)
_ALWAYS = (
    errors.Malformed,
    errors.Unauthenticated,
    errors.Forbidden,
    errors.Invalid,
    errors.TooMany,
    errors.Unavailable,
)


class Route(APIRoute):
    """A route whose endpoint takes the request as it is; its signature is for the documentation."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the endpoint itself."""
        return self.endpoint

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Match HEAD where there is a GET (RFC 9110 section 9.3.2)."""
        match, child = super().matches(scope)
        if match is Match.PARTIAL and scope["method"] == "HEAD" and "GET" in (self.methods or ()):
            match = Match.FULL
        return match, child

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, unless the address takes other methods only: then say all of them, not only this route's."""
        if self.matches(scope)[0] is not Match.FULL:
            raise MethodNotAllowed(allowed(scope["app"], scope))
        await self.app(scope, receive, send)


def mount(app: FastAPI, desk: Desk, operations: Iterable[Bound]) -> None:
    """Add operations to an app."""
    for bound in operations:
        declared = bound.operation
        summary, description = bound.documentation
        app.router.add_api_route(
            declared.path,
            _endpoint(bound, desk),
            route_class_override=Route,
            methods=[declared.method],
            operation_id=bound.name,
            name=bound.name,
            summary=summary,
            description=description,
            tags=[declared.tag],
            status_code=declared.status,
            response_model=declared.answers,
            response_description=HTTPStatus(declared.status).phrase,
            responses=_responses(declared, desk.origin),
        )


def allowed(app: FastAPI, scope: Scope) -> list[str]:
    """Return every method that an address takes; none where there is no such address."""
    methods: set[str] = set()
    for route in app.router.routes:
        if isinstance(route, Route) and route.matches(scope)[0] is not Match.NONE:
            methods |= route.methods or set()
    return sorted(methods | ({"HEAD"} if "GET" in methods else set()))


def _endpoint(bound: Bound, desk: Desk) -> Callable[[Request], Coroutine[Any, Any, Response]]:
    handle = desk.handler(bound)

    async def endpoint(request: Request) -> Response:
        return await handle(request)

    endpoint.__signature__ = inspect.Signature(list(_documented(bound.operation)))  # type: ignore[attr-defined]
    return endpoint


def _documented(declared: Operation) -> Iterable[inspect.Parameter]:
    """Yield the parameters that FastAPI is to describe."""
    security = Security(BEARER, scopes=[declared.scope.value])
    yield _parameter("caller", Annotated[Any, security])
    for part in declared.parts:
        path = Path(pattern=part.pattern, description=part.says, examples=[part.example])
        yield _parameter(part.name, Annotated[str, path])
    if declared.asks:
        yield _parameter("query", Annotated[declared.asks, Query()])
    if declared.takes:
        yield _parameter("body", declared.takes)
    if declared.method == "POST" and not declared.reads:
        once = Header(
            alias="Idempotency-Key",
            description="A word of your own, bare or in quotes. For 24 hours the same request with the same key is"
            " carried out once and answered alike; without it, each is carried out.",
            min_length=1,
            max_length=255,
            pattern=r"^[A-Za-z0-9_.:~+/=-]+$",
        )
        yield _parameter("idempotency_key", Annotated[str, once], default=None)
    if declared.conditional:
        match = Header(
            alias="If-Match", pattern=PATTERN, description="The ETag of what you read.", examples=['"5f2b9c"', "*"]
        )
        yield _parameter("if_match", Annotated[str, match], **({"default": None} if declared.creates else {}))
    if declared.creates or declared.tagged:
        says = "`*`, to make it." if declared.creates else "The ETag of what you have already."
        pattern = r"^\*$" if declared.creates else None  # who reads and sends nonsense gets the whole answer
        match = Header(alias="If-None-Match", pattern=pattern, description=says)
        yield _parameter("if_none_match", Annotated[str, match], default=None)


def _parameter(name: str, annotation: Any, **default: Any) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, annotation=annotation, **default)


def _responses(declared: Operation, origin: str) -> dict[int | str, dict[str, Any]]:
    by_status: dict[int, list[type[errors.ConsentgwError]]] = {}
    for kind in dict.fromkeys(_failures(declared)):
        by_status.setdefault(status_of(kind("")), []).append(kind)
    said: dict[int | str, dict[str, Any]] = {
        status: _problem(status, kinds, origin) for status, kinds in by_status.items()
    }
    said[declared.status] = _success(declared, declared.status)
    if declared.creates:
        said[201] = {**_success(declared, 201), "model": declared.answers}
    if declared.tagged:
        said[304] = {"description": "You have it already."}
    return dict(sorted(said.items(), key=lambda item: int(item[0])))


def _failures(declared: Operation) -> Iterable[type[errors.ConsentgwError]]:
    yield from _ALWAYS
    if declared.parts or (declared.asks and issubclass(declared.asks, Paged)):
        yield errors.NotFound
    if declared.takes:
        yield from (errors.TooLarge, UnsupportedMedia)
    if declared.method == "POST" and not declared.reads:
        yield from (KeyReused, InFlight)
    if declared.conditional:
        yield from (Stale, Unconditional)
    if len(declared.formats) > 1:
        yield NotAcceptable
    yield from declared.fails


def _success(declared: Operation, status: int) -> dict[str, Any]:
    headers = {
        "RateLimit": "What is left of your budget.",
        "RateLimit-Policy": "Your budget.",
        **({"ETag": "Names exactly this answer."} if declared.tagged or declared.conditional else {}),
        **({"Location": "The address of what was made."} if status == 201 else {}),
        **declared.headers,
    }
    said: dict[str, Any] = {
        "description": HTTPStatus(status).phrase,
        "headers": {name: {"description": what, "schema": {"type": "string"}} for name, what in headers.items()},
    }
    if len(declared.formats) > 1:
        said["content"] = {media: {"schema": {"type": "string"}} for media in declared.formats[1:]}
    if declared.links:
        said["links"] = {link.operation: _link(declared, link) for link in declared.links}
    return said


def _link(declared: Operation, link: Any) -> dict[str, Any]:
    own = {part.name for part in declared.parts}
    return {
        "operationId": link.operation,
        "parameters": {
            name: f"$request.path.{value}" if value in own else f"$response.body#{value}"
            for name, value in link.parameters.items()
        },
    }


def _problem(status: int, kinds: Sequence[type[errors.ConsentgwError]], origin: str) -> dict[str, Any]:
    examples = {kind.code: {"summary": title_of(kind.code), "value": example(kind.code, origin)} for kind in kinds}
    content = {"schema": {"$ref": "#/components/schemas/Problem"}, "examples": examples}
    said: dict[str, Any] = {
        "description": "; ".join(title_of(kind.code) for kind in kinds),
        "content": {"application/problem+json": content},
    }
    if status in (429, 503):
        said["headers"] = {"Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer"}}}
    return said
