"""A call: one request to the API by somebody with a key."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from consentgw.access import store
from consentgw.access.idempotency import Given, Once, read_key
from consentgw.http import surfaces
from consentgw.http.conditions import tag_of, unchanged

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pydantic import BaseModel
    from starlette.requests import Request

    from consentgw.access.model import Key
    from consentgw.db import Database, Unit
    from consentgw.http.surfaces import Answer

Header = tuple[bytes, bytes]


@dataclass(frozen=True, slots=True)
class Done:
    """What a call did, to be answered and to be entered in the trail."""

    thing: str
    """The id of what it was done to."""
    body: BaseModel | bytes | None = None
    """What is answered, bytes as they are; nothing for 204."""
    location: str = ""
    """The address of what was made."""
    status: int | None = None
    """Only where it differs from the operation's own."""
    site: str | None = None
    """Whose thing it is, where the address does not say."""


@dataclass(slots=True)
class Call:
    """Who asks for what. ``site`` and ``key`` were checked before: the site is the key's, the key has the scope."""

    request: Request
    db: Database
    key: Key
    secret: str = field(repr=False)
    act: str
    """The operation's id, as the trail names it."""
    status: int
    parts: dict[str, str]
    """The variable parts of the address; each fits its pattern."""
    body: bytes = b""
    under_way: set[tuple[str, bytes]] = field(default_factory=set[tuple[str, bytes]], repr=False)
    """Idempotency keys of requests that this process carries out now."""

    @property
    def site(self) -> str:
        """Return the site the address names."""
        return self.parts["site"]

    @property
    def path(self) -> str:
        """Return the path of the address."""
        return self.request.scope["path"]

    def answer(self, shown: BaseModel | bytes, *extra: Header) -> Answer:
        """Return what was read, bytes as they are, with its entity tag; 304 where the caller has it already."""
        body = to_json(shown)
        tag = (b"etag", tag_of(body))
        if unchanged(self.request, tag[1]):
            return surfaces.API.answer(b"", tag, *extra, status=304)
        return surfaces.API.answer(body, tag, *extra)

    def listed(self, page: Any) -> Answer:
        """Return a page of a list, with the link to the next one."""
        links = ((b"link", f'<{page.next}>; rel="next"'.encode()),) if page.next else ()
        return surfaces.API.answer(to_json(page), *links)

    async def write(self, act: Callable[[Unit], Done]) -> Answer:
        """Act in one unit of work: the change, its entry in the trail and the answer to a repetition.

        Raises:
            KeyReused: the same idempotency key came with another request.
            InFlight: a request with the same key is being carried out in this process.
            Malformed: the idempotency key is none.
        """
        once = self._once()
        if once is None:
            return _answer(await self.db.write(self._carry_out, act))
        mark = (once.caller, once.key)
        once.begin(self.under_way)
        try:
            return _answer(await self.db.write(once.carry_out, lambda unit: self._carry_out(unit, act)))
        finally:
            self.under_way.discard(mark)

    def _carry_out(self, unit: Unit, act: Callable[[Unit], Done]) -> Given:
        done = act(unit)
        store.note(unit, f"key:{self.key.id}", self.act, done.site or self.parts.get("site"), done.thing)
        headers: list[Header] = []
        body = b"" if done.body is None else to_json(done.body)
        if done.body is not None:
            headers.append((b"etag", tag_of(body)))
        if done.location:
            headers.append((b"location", done.location.encode()))
        return Given(done.status or self.status, tuple(headers), body)

    def _once(self) -> Once | None:
        scope = self.request.scope
        values: Sequence[bytes] = [value for name, value in scope["headers"] if name == b"idempotency-key"]
        key = read_key(values)
        if key is None or scope["method"] != "POST":
            return None
        target = b"%s?%s" % (scope["path"].encode(), scope["query_string"])
        return Once.of(self.key.id, self.secret, key, scope["method"], target, self.body)


def to_json(shown: BaseModel | bytes) -> bytes:
    """Return the bytes of an answer."""
    return shown if isinstance(shown, bytes) else shown.__pydantic_serializer__.to_json(shown)


def _answer(given: Given) -> Answer:
    replayed = ((b"idempotency-replayed", b"true"),) if given.replayed else ()
    return surfaces.API.answer(given.body, *given.headers, *replayed, status=given.status)
