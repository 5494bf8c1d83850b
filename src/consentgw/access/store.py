"""Keys, the trail and replies as rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, delete, func, insert, or_, select, update

from consentgw.access.model import Key, Scope
from consentgw.access.tables import api_keys, replies, trail
from consentgw.db.hot import HotInsert, HotSelect
from consentgw.db.schema import instant
from consentgw.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import Connection, Row

    from consentgw.db import Unit

_KEEP_ENTRY = HotInsert(trail, trail.c.sequence)
_KEEP_REPLY = HotInsert(replies, replies.c.sequence)
_REPLY = HotSelect(
    select(replies.c.fingerprint, replies.c.status, replies.c.sealed, replies.c.expires_at).where(
        replies.c.caller == bindparam("caller"), replies.c.key == bindparam("key")
    )
)


@dataclass(frozen=True, slots=True)
class Entry:
    """One act, as the trail keeps it."""

    sequence: int
    actor: str
    """``key:{id}`` or ``cli``."""
    act: str
    """What was done: the operation's id, or the command."""
    site: str | None
    thing: str
    """The id of what it was done to."""
    happened_at: datetime


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer that was given, to be given again."""

    fingerprint: bytes
    status: int
    sealed: bytes
    expires_at: datetime


def key(connection: Connection, identifier: str) -> Key:
    """Return a key by its public id.

    Raises:
        NotFound: there is none.
    """
    row = connection.execute(select(api_keys).where(api_keys.c.id == identifier)).one_or_none()
    if row is None:
        raise NotFound("no such key")
    return _key(row)


def keys(connection: Connection, site: str | None = None, *, after: str = "", limit: int | None = None) -> list[Key]:
    """Return the keys of a site, or all of them, by id."""
    query = select(api_keys).where(api_keys.c.id > after).order_by(api_keys.c.id).limit(limit)
    if site is not None:
        query = query.where(api_keys.c.site == site)
    return [_key(row) for row in connection.execute(query)]


def revision(connection: Connection) -> int:
    """Return a number that grows whenever a key is made or changed."""
    return connection.execute(select(func.coalesce(func.max(api_keys.c.revision), 0))).scalar_one()


def add(unit: Unit, made: Key) -> None:
    """Keep a new key."""
    unit.connection.execute(
        insert(api_keys).values(
            id=made.id,
            name=made.name,
            site=made.site,
            scopes=sorted(made.scopes),
            hash=made.hash,
            created_at=made.created_at,
            expires_at=made.expires_at,
            parent=made.parent,
            replaces=made.replaces,
            processor=made.processor,
            revision=_next(unit),
        )
    )


def successor(connection: Connection, identifier: str) -> str | None:
    """Return the id of the key that took over from this one."""
    return connection.scalar(select(api_keys.c.id).where(api_keys.c.replaces == identifier))


def shorten(unit: Unit, identifier: str, until: datetime) -> None:
    """Let a key end at an instant, if it does not end before."""
    query = update(api_keys).where(api_keys.c.id == identifier, api_keys.c.expires_at > until)
    unit.connection.execute(query.values(expires_at=until, revision=_next(unit)))


def revoke(unit: Unit, identifier: str) -> bool:
    """Revoke a key; return False when it was revoked before."""
    query = update(api_keys).where(api_keys.c.id == identifier, api_keys.c.revoked_at.is_(None))
    return bool(unit.connection.execute(query.values(revoked_at=unit.now, revision=_next(unit))).rowcount)


def children(connection: Connection, identifier: str) -> list[str]:
    """Return the ids of the keys that a key made."""
    return list(connection.scalars(select(api_keys.c.id).where(api_keys.c.parent == identifier)))


def note_use(unit: Unit, identifiers: Sequence[str]) -> None:
    """Keep that keys were used today, where that is not known yet."""
    day = unit.now.replace(hour=0, minute=0, second=0, microsecond=0)
    fresh = or_(api_keys.c.used_at.is_(None), api_keys.c.used_at < day)
    unit.connection.execute(update(api_keys).where(api_keys.c.id.in_(identifiers), fresh).values(used_at=day))


def note(unit: Unit, actor: str, act: str, site: str | None, thing: str) -> None:
    """Add an act to the end of the trail, with the change it tells of."""
    unit.append(_KEEP_ENTRY, {"actor": actor, "act": act, "site": site, "thing": thing, "happened_at": unit.now})


def entries(connection: Connection, site: str | None, *, before: int | None, limit: int) -> list[Entry]:
    """Return acts on a site, or all acts, the newest first."""
    query = select(trail).order_by(trail.c.sequence.desc()).limit(limit)
    if site is not None:
        query = query.where(trail.c.site == site)
    if before is not None:
        query = query.where(trail.c.sequence < before)
    return [
        Entry(row.sequence, row.actor, row.act, row.site, row.thing, row.happened_at)
        for row in connection.execute(query)
    ]


def reply(connection: Connection, caller: str, key: bytes) -> Reply | None:
    """Return the answer that was given to a caller under an idempotency key."""
    for fingerprint, status, sealed, expires_at in _REPLY.run(connection, caller=caller, key=key):  # one at the most
        return Reply(bytes(fingerprint), status, bytes(sealed), instant(expires_at))
    return None


def keep_reply(unit: Unit, caller: str, key: bytes, given: Reply) -> None:
    """Keep an answer."""
    row = {
        "caller": caller,
        "key": key,
        "fingerprint": given.fingerprint,
        "status": given.status,
        "sealed": given.sealed,
        "expires_at": given.expires_at,
    }
    _KEEP_REPLY.run(unit.connection, row)


def forget_reply(unit: Unit, caller: str, key: bytes) -> None:
    """Delete an answer."""
    unit.connection.execute(delete(replies).where(replies.c.caller == caller, replies.c.key == key))


def forget_replies(unit: Unit) -> int:
    """Delete the replies that have expired and return how many there were."""
    return unit.connection.execute(delete(replies).where(replies.c.expires_at <= unit.now)).rowcount


def _next(unit: Unit) -> int:
    return revision(unit.connection) + 1


def _key(row: Row[Any]) -> Key:
    return Key(
        id=row.id,
        name=row.name,
        site=row.site,
        scopes=frozenset(Scope(scope) for scope in row.scopes),
        hash=bytes(row.hash),
        created_at=row.created_at,
        expires_at=row.expires_at,
        parent=row.parent,
        replaces=row.replaces,
        revoked_at=row.revoked_at,
        used_at=row.used_at,
        processor=row.processor,
    )
