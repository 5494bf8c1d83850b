"""Doing a POST once, however often it is sent (draft-ietf-httpapi-idempotency-key-header-07).

The answer is kept in the transaction of the change, so there is never one without the other. It is sealed under the
caller's own secret and key: whoever steals the database reads no answer, and no new API key, in it. Only what
succeeded is kept: what failed has changed nothing, and may be sent again with the same key.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from consentgw.access import store
from consentgw.errors import Conflict, Invalid, Malformed

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from consentgw.db import Database, Unit

KEPT = timedelta(hours=24)
"""How long the same answer is given."""
_STRING = re.compile(rb'"((?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\]){1,255})"')
"""A structured string (RFC 9651 section 3.3.3): in quotes."""
_BARE = re.compile(rb"[A-Za-z0-9_.:~+/=-]{1,255}")
"""What most clients send instead."""
_NONCE = 12


class KeyReused(Invalid):
    """The idempotency key was used for another request. Nothing was done."""

    code = "idempotency_key_reused"


class InFlight(Conflict):
    """A request with this idempotency key is being carried out now. Send it again in a moment."""

    code = "idempotency_in_flight"


@dataclass(frozen=True, slots=True)
class Given:
    """An answer: status, headers of its own and body."""

    status: int
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class Once:
    """One request that is carried out once."""

    caller: str
    """Public id of the caller's API key: nobody can be given another's answer."""
    key: bytes
    """SHA-256 of the idempotency key."""
    fingerprint: bytes
    """HMAC of what is asked: method, address and body. Keyed, because a body may name a person and be short enough to
    guess."""
    sealing: bytes
    """What the answer is sealed under: known to the caller alone."""

    @classmethod
    def of(cls, caller: str, secret: str, key: bytes, method: str, target: bytes, body: bytes) -> Once:
        """Return the request that ``target`` (path and query) and body make up."""
        sealing = hashlib.sha256(b"consentgw reply\n%s\n" % secret.encode())
        sealing.update(key)
        asked = hmac.new(sealing.digest(), b"%s %s\n" % (method.encode(), target), "sha256")
        asked.update(body)
        return cls(caller, hashlib.sha256(key).digest(), asked.digest(), sealing.digest())

    def begin(self, under_way: set[tuple[str, bytes]]) -> None:
        """Enter the request among those being carried out now.

        Raises:
            InFlight: the same is among them.
        """
        mark = (self.caller, self.key)
        if mark in under_way:
            raise InFlight("a request with this Idempotency-Key is being carried out; send it again in a moment")
        under_way.add(mark)

    def carry_out(self, unit: Unit, act: Callable[[Unit], Given]) -> Given:
        """Act and keep the answer, or return the one that was given before.

        Raises:
            KeyReused: the same key came with another request.
        """
        before = store.reply(unit.connection, self.caller, self.key)
        if before and before.expires_at > unit.now:
            if before.fingerprint != self.fingerprint:
                raise KeyReused("this Idempotency-Key was used for another request")
            return self._open(before)
        if before:
            store.forget_reply(unit, self.caller, self.key)
        given = act(unit)
        store.keep_reply(unit, self.caller, self.key, self._seal(given, unit))
        return given

    def _seal(self, given: Given, unit: Unit) -> store.Reply:
        lines = b"\n".join(b"%s: %s" % header for header in given.headers)
        nonce = os.urandom(_NONCE)
        sealed = nonce + AESGCM(self.sealing).encrypt(nonce, lines + b"\n\n" + given.body, self.key)
        return store.Reply(self.fingerprint, given.status, sealed, unit.now + KEPT)

    def _open(self, kept: store.Reply) -> Given:
        opened = AESGCM(self.sealing).decrypt(kept.sealed[:_NONCE], kept.sealed[_NONCE:], self.key)
        lines, _, body = opened.partition(b"\n\n")
        headers = [line.partition(b": ") for line in lines.split(b"\n") if line]
        return Given(kept.status, tuple((name, value) for name, _, value in headers), body, replayed=True)


async def purge(db: Database) -> None:
    """Delete the answers that nobody can ask for again."""
    await db.write(store.forget_replies)


def read_key(values: Sequence[bytes]) -> bytes | None:
    """Return the idempotency key of a request's header lines, None where it has none.

    The draft wants a structured string, ``"in-quotes"``. Bare tokens are what clients send, and mean the same.

    Raises:
        Malformed: several keys, an empty or an overlong one, or one with characters that neither form has.
    """
    if not values:
        return None
    found = _STRING.fullmatch(values[0]) if len(values) == 1 else None
    if found:
        return re.sub(rb"\\(.)", rb"\1", found[1])
    if len(values) == 1 and _BARE.fullmatch(values[0]):
        return values[0]
    raise Malformed("an Idempotency-Key is one string of up to 255 characters in double quotes")
