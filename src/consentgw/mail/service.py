"""Posting: the one way a letter is put down, in the unit of work that it tells about."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from typing import TYPE_CHECKING

from consentgw.mail import store
from consentgw.mail.model import A_DAY, DAY

if TYPE_CHECKING:
    from consentgw.db import Unit
    from consentgw.db.sealing import Sealer
    from consentgw.mail.model import Letter


@dataclass(frozen=True, slots=True)
class Post:
    """What posting needs besides the database."""

    sealer: Sealer
    index: tuple[bytes, ...]
    """Keys of the digests of addresses, the newest first."""
    serving: bool
    """Whether there is a server to send with; without one nothing is put down."""

    def digests(self, to: str) -> list[bytes]:
        """Return what an address may be counted under."""
        return [hmac.digest(key, to.casefold().encode(), "sha256")[:16] for key in self.index]


def has_room(unit: Unit, post: Post, to: str) -> bool:
    """Return whether one more letter may go to an address today. Ask before a letter that a stranger can cause."""
    return len(store.recent(unit.connection, post.digests(to), unit.now - DAY)) < A_DAY


def send(unit: Unit, post: Post, to: str, letter: Letter, *, reference: str, limited: bool = True) -> None:
    """Put a letter down; nothing without a server.

    Where an address has had its letters of the day, this one waits for the next. Letters to an operator, and to
    somebody who has shown that they want them, are not ``limited``.
    """
    if not post.serving:
        return
    digests = post.digests(to) if limited else []
    recent = store.recent(unit.connection, digests, unit.now - DAY) if limited else []
    due_at = unit.now if len(recent) < A_DAY else recent[-A_DAY] + DAY
    address = digests[0] if digests else None
    store.add(unit, post.sealer, to, letter, reference=reference, address=address, due_at=due_at)
