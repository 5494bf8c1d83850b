"""The keys in memory: a call costs one hash, and no read.

Each process looks for changed keys four times a second; a key it does not know is looked up once more, so a new one
works at once. A process that has not looked for a second looks before it opens anything: it could have missed a
revocation.
"""

from __future__ import annotations

import hmac
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from consentgw.access import model, store
from consentgw.errors import NotFound, Unauthenticated

if TYPE_CHECKING:
    from datetime import datetime

    from consentgw.access.model import Key
    from consentgw.db import Database

STALE_SECONDS = 1.0
"""After so long without a look, no key opens anything before the next."""
REFUSAL = "show a key that is live, as Authorization: Bearer cg_live_..."
_NOBODY = model.digest("")


@dataclass(slots=True)
class Keyring:
    """Every key, brought up to date by :meth:`refresh`."""

    keys: dict[str, Key] = field(default_factory=dict[str, "Key"])
    revision: int = -1
    read_at: float = float("-inf")
    used: set[str] = field(default_factory=set[str])
    """Keys that were used since the last look and not known to be used today."""

    @property
    def stale(self) -> bool:
        """Return whether a revocation of more than a second ago could have been missed."""
        return time.monotonic() - self.read_at > STALE_SECONDS

    def find(self, text: str) -> tuple[Key | None, str]:
        """Return the key with this text if it is known here and what the text says its secret is.

        Raises:
            Unauthenticated: it is no key of ours.
        """
        parts = model.read(text)
        if parts is None:
            raise Unauthenticated(REFUSAL)
        identifier, secret = parts
        return self.keys.get(identifier), secret

    def check(self, known: Key | None, secret: str, now: datetime) -> Key:
        """Return the key if the secret is its own and it is live.

        Raises:
            Unauthenticated: it is unknown, expired or revoked, or the secret is another; which of them is not told.
        """
        fits = hmac.compare_digest(model.digest(secret), known.hash if known else _NOBODY)
        if known is None or not fits or not known.live(now):
            raise Unauthenticated(REFUSAL)
        if known.used_at is None or known.used_at.date() != now.date():
            self.used.add(known.id)
        return known

    async def look_up(self, db: Database, text: str) -> Key | None:
        """Return a key that this process may not have heard of yet."""
        parts = model.read(text)
        try:
            known = await db.read(store.key, parts[0]) if parts else None
        except NotFound:
            return None
        if known:
            self.keys[known.id] = known
        return known

    async def refresh(self, db: Database) -> None:
        """Take in what has changed, and keep which keys were used today."""
        started = time.monotonic()
        if self.used:
            used, self.used = sorted(self.used), set[str]()
            await db.write(store.note_use, used)
            self.revision = -1
        if (revision := await db.read(store.revision)) != self.revision:
            self.keys = {key.id: key for key in await db.read(store.keys)}
            self.revision = revision
        self.read_at = started
