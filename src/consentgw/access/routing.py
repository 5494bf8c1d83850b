"""Operations as FastAPI describes them and as the lane carries them out.

FastAPI makes the OpenAPI document of signatures. Its own way from a request to an answer looks at every route in turn
and keeps two stacks of contexts for each call, which costs more than the call; so the lane answers.
"""

from __future__ import annotations

import inspect
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Any, Literal

from fastapi import Header, Path, Query, Security
from fastapi.security import HTTPBearer

from consentgw import errors
from consentgw.access.idempotency import InFlight, KeyReused
from consentgw.http import surfaces
from consentgw.http.conditions import PATTERN
from consentgw.http.explanations import example
from consentgw.http.lane import Route
from consentgw.http.paging import Paged
from consentgw.http.problems import (
    NotAcceptable,
    Stale,
    Unconditional,
    UnsupportedMedia,
    status_of,
    title_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from fastapi import FastAPI

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
    errors.TooLarge,
    errors.Invalid,
    errors.TooMany,
    errors.Unavailable,
)


def routes_of(desk: Desk, operations: Iterable[Bound]) -> tuple[Route, ...]:
    """Return the addresses that carry operations out."""
    return tuple(
        Route(bound.operation.path, desk.handler(bound), surfaces.API, (bound.operation.method,))
        for bound in operations
    )


def mount(app: FastAPI, origin: str, operations: Iterable[Bound]) -> None:
    """Add operations to what an app describes."""
    for bound in operations:
        declared = bound.operation
        summary, description = bound.documentation
        app.add_api_route(
            declared.path,
            _signature(declared),
            methods=[declared.method],
            operation_id=bound.name,
            name=bound.name,
            summary=summary,
            description=description,
            tags=[declared.tag],
            status_code=declared.status,
            response_model=declared.answers,
            response_description=HTTPStatus(declared.status).phrase,
            responses=_responses(declared, origin),
        )


def _signature(declared: Operation) -> Callable[[], None]:
    """Return what FastAPI is to describe: a function of this signature, which nobody calls."""

    def described() -> None:
        raise NotImplementedError

    described.__signature__ = inspect.Signature(list(_documented(declared)))  # type: ignore[attr-defined]
    return described


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
        match = Header(alias="If-None-Match", description=says)
        kind: Any = Literal["*"] if declared.creates else str  # who reads and sends nonsense gets the whole answer
        yield _parameter("if_none_match", Annotated[kind, match], default=None)


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
        yield UnsupportedMedia
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
