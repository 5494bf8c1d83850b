"""Making, rolling and revoking keys; each act with its entry in the trail."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from consentgw.access import model, store
from consentgw.access.model import LIFE, LONGEST, OVERLAP, PROCESSOR_SCOPES, Key, Scope
from consentgw.errors import Conflict, Forbidden, Malformed, NotFound, Refused

if TYPE_CHECKING:
    from datetime import timedelta

    from consentgw.db import Unit

CLI = "cli"
"""Who acts from the command line."""


@dataclass(frozen=True, slots=True)
class Made:
    """A key that was just made. Its text is shown once and kept nowhere."""

    key: Key
    text: str


def create(
    unit: Unit,
    name: str,
    scopes: frozenset[Scope],
    *,
    site: str | None = None,
    processor: str | None = None,
    life: timedelta = LIFE,
    by: Key | None = None,
) -> Made:
    """Make a key; ``by`` is the key that asks for it, None for the command line.

    Raises:
        Refused: it has no scope, or is a processor's and would open more than the tasks of that one at one site.
        Malformed: it would live for less than a minute or for more than two years.
        Forbidden: it would be wider than the key that asks for it, or outlive it.
        NotFound: its site is not the one of the key that asks for it.
    """
    if not scopes:
        raise Refused("a key without a scope opens nothing")
    if processor and (site is None or scopes - PROCESSOR_SCOPES):
        raise Refused("the key of a processor is for one site, and opens its tasks and nothing else")
    if not model.SHORTEST <= life <= LONGEST:
        raise Malformed("a key lives for a minute at the least and for two years at the most")
    if by and not by.sees(site):
        raise NotFound("no such site")
    expires_at = unit.now + life
    if by and not by.covers(site, scopes):
        raise Forbidden("a key cannot make one that may do more than itself")
    if by and expires_at > by.expires_at:
        raise Forbidden("a key cannot make one that outlives it")
    return _add(unit, Key("", name, site, scopes, b"", unit.now, expires_at, parent=by and by.id, processor=processor))


def roll(unit: Unit, identifier: str, *, overlap: timedelta = OVERLAP, by: Key | None = None) -> Made:
    """Make the successor of a key, with its rights and a fresh life; both live for the overlap.

    Raises:
        NotFound: there is no such key, or it is another site's.
        Forbidden: it may do more than the key that asks.
        Conflict: it is not live any more, or has a successor: two of one line are the most.
        Malformed: the overlap is longer than a key's life.
    """
    old = _theirs(unit, identifier, by)
    if not model.ZERO <= overlap <= LIFE:
        raise Malformed("keys stand side by side for a year at the most")
    if not old.live(unit.now):
        raise Conflict("this key is expired or revoked; make a new one")
    if store.successor(unit.connection, old.id):
        raise Conflict("this key has a successor already; roll that one")
    # Whoever rolls its own key stays the child of its parent: the old one can be revoked and the new one lives.
    parent = old.parent if by is None or by.id == old.id else by.id
    expires_at = min(unit.now + LIFE, by.expires_at) if by and by.id != old.id else unit.now + LIFE
    fresh = Key("", old.name, old.site, old.scopes, b"", unit.now, expires_at, parent, old.id, processor=old.processor)
    made = _add(unit, fresh)
    store.shorten(unit, old.id, unit.now + overlap)
    return made


def revoke(unit: Unit, identifier: str, *, by: Key | None = None) -> tuple[str, ...]:
    """Revoke a key and every key it made; return the ids of those that were live until now.

    Raises:
        NotFound: there is no such key, or it is another site's.
        Forbidden: it may do more than the key that asks.
    """
    return tuple(_revoke(unit, _theirs(unit, identifier, by).id))


def note(unit: Unit, actor: str, act: str, site: str | None, thing: str) -> None:
    """Enter an act into the trail, in the transaction that carries it out."""
    store.note(unit, actor, act, site, thing)


def _add(unit: Unit, wanted: Key) -> Made:
    identifier, text, hashed = model.mint()
    store.add(unit, made := model.named(wanted, identifier, hashed))
    return Made(made, text)


def _revoke(unit: Unit, identifier: str) -> list[str]:
    revoked = [identifier] if store.revoke(unit, identifier) else []
    for child in store.children(unit.connection, identifier):
        revoked += _revoke(unit, child)
    return revoked


def _theirs(unit: Unit, identifier: str, by: Key | None) -> Key:
    """Return a key that whoever asks may act on."""
    found = store.key(unit.connection, identifier)
    if by and not by.sees(found.site):
        raise NotFound("no such key")
    if by and not by.covers(found.site, found.scopes):
        raise Forbidden("a key cannot act on one that may do more than itself")
    return found
