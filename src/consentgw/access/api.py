"""Operations on keys, and the trail."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Self

from pydantic import BaseModel, Field

from consentgw.access import service, store
from consentgw.access.calls import Done
from consentgw.access.model import IDENTIFIER, LIFE, Scope
from consentgw.access.operations import SITE, Link, Part, operation
from consentgw.errors import Conflict, NotFound, Refused
from consentgw.http.bodies import Body, Line
from consentgw.http.paging import Page, Paged, next_page

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from starlette.responses import Response

    from consentgw.access.calls import Call
    from consentgw.access.keyring import Keyring
    from consentgw.access.model import Key
    from consentgw.access.service import Made
    from consentgw.access.store import Entry
    from consentgw.db import Database, Unit

KEY = Part("key", IDENTIFIER, "The public half of a key: the ten characters after `cg_live_`.", "9gk2Pq0ZxA")
_ROOT = "/v1/keys"


class KeyIn(Body):
    """A key to make."""

    name: Line = Field(description="What it is for.", examples=["Shop back end"])
    scopes: list[Scope] = Field(
        min_length=1,
        max_length=len(Scope),
        description="What it may do.",
        examples=[["receipts:write", "standing:read"]],
    )
    site: str | None = Field(
        default=None,
        pattern=SITE.pattern,
        description="The one site it opens; null for the whole installation.",
        examples=["shop"],
    )
    processor: str | None = Field(
        default=None,
        pattern=SITE.pattern,
        description="The one processor of that site whose tasks it opens, with scopes for tasks and nothing else.",
        examples=[None],
    )
    life_days: int | None = Field(
        default=None, ge=1, le=731, description="How many days it lives; a year, or as long as your key, if left out."
    )


class KeyRoll(Body):
    """How to roll a key."""

    overlap_days: int = Field(default=7, ge=0, le=365, description="How many days the old key still lives.")


class KeyOut(BaseModel):
    """A key, without its secret."""

    id: str = Field(examples=["9gk2Pq0ZxA"])
    name: str
    site: str | None
    processor: str | None = Field(description="The one processor whose tasks it opens.")
    scopes: list[Scope]
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None
    last_used_at: datetime | None = Field(description="To the day.")
    parent: str | None = Field(description="The key that made it; null for the command line.")
    replaces: str | None = Field(description="The key it took over from.")

    @classmethod
    def of(cls, key: Key) -> Self:
        """Show a key."""
        return cls(
            id=key.id,
            name=key.name,
            site=key.site,
            processor=key.processor,
            scopes=sorted(key.scopes),
            created_at=key.created_at,
            expires_at=key.expires_at,
            revoked_at=key.revoked_at,
            last_used_at=key.used_at,
            parent=key.parent,
            replaces=key.replaces,
        )


class KeyMade(BaseModel):
    """A key that was just made."""

    secret: str = Field(
        description="The whole key, as you send it. Shown this once.", examples=["cg_live_9gk2Pq0ZxA_…"]
    )
    key: KeyOut


class KeysRevoked(BaseModel):
    """What was revoked."""

    revoked: list[str] = Field(description="The key and the keys it made; empty when they were revoked before.")


class Keys(Page[KeyOut]):
    """A page of keys."""


class EntryOut(BaseModel):
    """One act."""

    sequence: int
    actor: str = Field(description="`key:` with the id of an API key, or `cli`.", examples=["key:9gk2Pq0ZxA"])
    act: str = Field(description="The operation's id, or the command.", examples=["create_key"])
    site: str | None
    thing: str = Field(description="The id of what it was done to.")
    happened_at: datetime

    @classmethod
    def of(cls, entry: Entry) -> Self:
        """Show an entry."""
        return cls(
            sequence=entry.sequence,
            actor=entry.actor,
            act=entry.act,
            site=entry.site,
            thing=entry.thing,
            happened_at=entry.happened_at,
        )


class Trail(Page[EntryOut]):
    """A page of the audit trail."""


@dataclass(frozen=True, slots=True)
class AccessApi:
    """``/v1/keys`` and ``/v1/audit``."""

    db: Database
    keyring: Keyring
    known_sites: Callable[[], Mapping[str, frozenset[str]]]
    """The names of the sites there are, each with its processors': a room above knows them."""

    @operation(
        "POST /v1/keys", tag="Keys", scope=Scope.KEYS_WRITE, takes=KeyIn, answers=KeyMade, status=201,
        fails=(NotFound, Refused), links=(Link("read_key", {"key": "/key/id"}), Link("revoke_key", {"key": "/key/id"})),
    )  # fmt: skip
    async def create_key(self, call: Call, body: KeyIn) -> Response:
        """Make a key.

        It is never wider than yours: its scopes are among yours, its site is your key's, and it ends with yours at the
        latest. The secret is shown once.
        """
        site = body.site or call.key.site
        known = self.known_sites()
        if site and site not in known:
            raise NotFound("no such site")
        if body.processor and body.processor not in known.get(site or "", ()):
            raise NotFound("no such processor")

        def create(unit: Unit) -> Done:
            life = timedelta(days=body.life_days) if body.life_days else min(LIFE, call.key.expires_at - unit.now)
            scopes = frozenset(body.scopes)
            return _made(
                service.create(unit, body.name, scopes, site=site, processor=body.processor, life=life, by=call.key)
            )

        return await call.write(create)

    @operation("GET /v1/keys", tag="Keys", scope=Scope.KEYS_READ, asks=Paged, answers=Keys)
    async def list_keys(self, call: Call, query: Paged) -> Response:
        """List keys.

        A key of one site sees the keys of that site.
        """
        (after,) = query.place(str) or ("",)
        found = await self.db.read(store.keys, call.key.site, after=after, limit=query.limit + 1)
        shown = found[: query.limit]
        more = next_page(call.path, query, shown[-1].id) if len(found) > query.limit else None
        return call.listed(Keys(items=[KeyOut.of(key) for key in shown], next=more))

    @operation("GET /v1/keys/{key}", tag="Keys", scope=Scope.KEYS_READ, parts=(KEY,), answers=KeyOut, tagged=True)
    async def read_key(self, call: Call) -> Response:
        """Read a key."""
        key = await self.db.read(store.key, call.parts["key"])
        if not call.key.sees(key.site):
            raise NotFound("no such key")
        return call.answer(KeyOut.of(key))

    @operation(
        "POST /v1/keys/{key}/roll", tag="Keys", scope=Scope.KEYS_WRITE, parts=(KEY,), takes=KeyRoll, answers=KeyMade,
        status=201, fails=(Conflict,), links=(Link("read_key", {"key": "/key/id"}),),
    )  # fmt: skip
    async def roll_key(self, call: Call, body: KeyRoll) -> Response:
        """Roll a key: make its successor.

        The successor has the same rights and a fresh life; both open for the overlap. Two of one line are the most.
        """
        overlap = timedelta(days=body.overlap_days)
        return await call.write(lambda unit: _made(service.roll(unit, call.parts["key"], overlap=overlap, by=call.key)))

    @operation(
        "POST /v1/keys/{key}/revoke", tag="Keys", scope=Scope.KEYS_WRITE, parts=(KEY,), answers=KeysRevoked,
    )  # fmt: skip
    async def revoke_key(self, call: Call) -> Response:
        """Revoke a key and every key it made.

        They open nothing any more, within one second on every process.
        """
        identifier = call.parts["key"]

        def revoke(unit: Unit) -> Done:
            revoked = service.revoke(unit, identifier, by=call.key)
            return Done(
                identifier, KeysRevoked(revoked=list(revoked)), site=store.key(unit.connection, identifier).site
            )

        answer = await call.write(revoke)
        await self.keyring.refresh(self.db)  # here it opens nothing from this moment on
        return answer

    @operation("GET /v1/audit", tag="Audit", scope=Scope.AUDIT_READ, asks=Paged, answers=Trail)
    async def list_acts(self, call: Call, query: Paged) -> Response:
        """Read the audit trail, the newest act first.

        Every act by the API or the command line is in it, and nothing is ever changed or taken out. A key of one site
        sees the acts on that site.
        """
        (before,) = query.place(int) or (None,)
        found = await self.db.read(store.entries, call.key.site, before=before, limit=query.limit + 1)
        shown = found[: query.limit]
        more = next_page(call.path, query, shown[-1].sequence) if len(found) > query.limit else None
        return call.listed(Trail(items=[EntryOut.of(entry) for entry in shown], next=more))


def _made(made: Made) -> Done:
    shown = KeyMade(secret=made.text, key=KeyOut.of(made.key))
    return Done(made.key.id, shown, location=f"{_ROOT}/{made.key.id}", site=made.key.site)
