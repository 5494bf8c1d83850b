"""Operations: what the API can do, declared where it is done.

A decorated method is an operation: its decorator says the address, the scope and what is taken and answered, its
docstring is the documentation. FastAPI describes it; routing, reading, checking and answering are ours, because
FastAPI's cost more than the work (docs/architecture.md, section 2).
"""

from __future__ import annotations

import inspect
import logging
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from starlette.requests import ClientDisconnect

from consentgw.access.calls import Call
from consentgw.errors import NotFound, Unauthenticated, Unavailable
from consentgw.http import bodies
from consentgw.http.lane import FAILURE
from consentgw.http.limits import Budget, Limits, Spent, client
from consentgw.http.problems import document

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from starlette.requests import Request
    from starlette.responses import Response

    from consentgw.access.keyring import Keyring
    from consentgw.access.model import Key, Scope
    from consentgw.db import Database
    from consentgw.errors import ConsentgwError
    from consentgw.http.bodies import Body, Query

log = logging.getLogger(__name__)

STRANGERS = Budget("strangers", 60, 60)
"""Calls without a key we know, by client."""
_MARK = "consentgw_operation"
_E = TypeVar("_E", bound="Callable[..., Awaitable[Response]]")


@dataclass(frozen=True, slots=True)
class Part:
    """A variable part of an address. What does not fit its pattern is not found."""

    name: str
    pattern: str
    says: str
    example: str


ID = r"^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$"
"""The pattern of a part that is a UUID, in its one spelling."""
SITE = Part("site", r"^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$", "The site's name.", "shop")


@dataclass(frozen=True, slots=True)
class Link:
    """Where an answer leads: another operation, with parameters taken from the answer's body."""

    operation: str
    parameters: Mapping[str, str]
    """By name: the JSON pointer of the value, or the name of one of this address's own parts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """Everything there is to say about an operation but its method."""

    method: str
    path: str
    tag: str
    scope: Scope
    answers: Any
    status: int = 200
    takes: type[Body] | None = None
    asks: type[Query] | None = None
    parts: tuple[Part, ...] = ()
    fails: tuple[type[ConsentgwError], ...] = ()
    links: tuple[Link, ...] = ()
    formats: tuple[str, ...] = ("application/json",)
    limit: int = bodies.LIMIT
    reads: bool = False
    """Whether a POST only reads: then it takes no idempotency key, and none is needed."""
    conditional: bool = False
    """Whether it needs ``If-Match``."""
    creates: bool = False
    """Whether it makes the thing where there is none, with ``If-None-Match: *``."""
    tagged: bool = False
    """Whether its answer has an ``ETag``, to be asked for with ``If-None-Match``."""
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    """Further headers of the answer, each with what it says."""


@dataclass(frozen=True, slots=True)
class Bound:
    """An operation together with the method of a room's object that carries it out."""

    name: str
    operation: Operation
    method: Callable[..., Awaitable[Response]]

    @property
    def documentation(self) -> tuple[str, str]:
        """Return the first line of the method's docstring and the rest."""
        summary, _, description = (inspect.getdoc(self.method) or "").partition("\n\n")
        return summary.strip().removesuffix("."), description.strip()


class Room(Protocol):
    """An object whose decorated methods are operations."""


def operation(address: str, **said: Any) -> Callable[[_E], _E]:
    """Declare a method as the operation at an address such as ``GET /v1/sites/{site}``.

    ``said`` are the fields of :class:`Operation`. The method takes the call and, where the operation ``takes`` a
    ``body`` or ``asks`` for a ``query``, what was read of it. Its name is the operation's id, and what the trail calls
    the act.
    """
    method, path = address.split(" ")
    parts = ((SITE,) if "{site}" in path else ()) + tuple(said.pop("parts", ()))
    declared = Operation(method=method, path=path, parts=parts, **said)
    if set(re.findall(r"{([a-z_]+)}", path)) != {part.name for part in parts}:
        raise TypeError(f"{address}: every variable part is declared once")
    if declared.limit > bodies.LARGEST:
        raise TypeError(f"{address}: no body of {declared.limit} bytes ever arrives")

    def mark(endpoint: _E) -> _E:
        wanted = {"body": declared.takes, "query": declared.asks}
        given = {name: endpoint.__annotations__.get(name) for name in wanted}
        if given != {name: model and model.__name__ for name, model in wanted.items()}:
            raise TypeError(f"{address}: what is declared to be read is not what the method takes")
        setattr(endpoint, _MARK, declared)
        return endpoint

    return mark


def operations_of(room: Room) -> tuple[Bound, ...]:
    """Return the operations of a room's object, in the order they are written down."""
    found = [(name, getattr(member, _MARK)) for name, member in vars(type(room)).items() if hasattr(member, _MARK)]
    return tuple(Bound(name, declared, getattr(room, name)) for name, declared in found)


class Desk:
    """Where calls arrive: who is it, may they, what do they want, and what went wrong."""

    def __init__(self, db: Database, keyring: Keyring, limits: Limits, budget: Budget, origin: str) -> None:
        self.db = db
        self.keyring = keyring
        self.limits = limits
        self.budget = budget
        self.origin = origin
        self._under_way: set[tuple[str, bytes]] = set()

    def handler(self, bound: Bound) -> Callable[[Request], Awaitable[Response]]:
        """Return what answers the requests for an operation."""
        declared, carry_out = bound.operation, bound.method
        patterns = {part.name: re.compile(part.pattern) for part in declared.parts}

        async def handle(request: Request) -> Response:
            headers: tuple[tuple[bytes, bytes], ...] = ()
            try:
                key, secret = await self._admit(request)
                headers = (await self.limits.take(self.budget, key.id)).headers
                key.may(declared.scope)
                call = Call(
                    request, self.db, key, secret, bound.name, declared.status, request.path_params,
                    under_way=self._under_way,
                )  # fmt: skip
                _check(call, patterns)
                if request.scope["query_string"] and declared.asks is None:
                    bodies.query(bodies.Query, request)  # there is none to know
                if declared.takes is not None:
                    call.body = await bodies.receive(request, declared.limit)
                    answer = await carry_out(call, bodies.read(declared.takes, call.body))
                elif declared.asks is not None:
                    answer = await carry_out(call, bodies.query(declared.asks, request))
                else:
                    answer = await carry_out(call)
            except ClientDisconnect:
                raise
            except Exception as error:
                answer = self.refuse(error, request)
                if isinstance(error, Spent):
                    headers = error.left.headers
            answer.raw_headers.extend(headers)
            return answer

        return handle

    def refuse(self, error: BaseException, request: Request) -> Response:
        """Return the problem document for an error."""
        answer = document(error, self.origin)
        if answer.status_code >= 500:
            # That the database is away is foreseen: its room says when it began and when it ended.
            log.error("could not answer a call", exc_info=None if isinstance(error, Unavailable) else error)
            request.scope[FAILURE] = error
        return answer

    async def _admit(self, request: Request) -> tuple[Key, str]:
        """Return the caller's key and its secret.

        Raises:
            Unauthenticated: there is none, or it opens nothing.
            Spent: this client has shown too many keys that we do not know.
            Unavailable: it cannot be read which keys are revoked.
        """
        lines = [value for name, value in request.scope["headers"] if name == b"authorization"]
        try:
            if len(lines) != 1 or lines[0][:7].lower() != b"bearer ":
                raise Unauthenticated("show a key, as Authorization: Bearer cg_live_...")
            text = lines[0][7:].decode("latin-1")
            if self.keyring.stale:
                await self.keyring.refresh(self.db)
            known, secret = self.keyring.find(text)
            if known is not None:
                return self.keyring.check(known, secret, self.db.clock()), secret
        except Unauthenticated:
            await self.limits.take(STRANGERS, client(request))
            raise
        await self.limits.take(STRANGERS, client(request))
        return self.keyring.check(await self.keyring.look_up(self.db, text), secret, self.db.clock()), secret


def _check(call: Call, patterns: Mapping[str, re.Pattern[str]]) -> None:
    for name, pattern in patterns.items():
        if not pattern.fullmatch(call.parts[name]):
            raise NotFound("no such thing")
    if "site" in patterns:
        call.key.open(call.site)
