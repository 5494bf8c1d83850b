"""Letters as rows: sealed while they wait, empty once they are sent."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from sqlalchemy import delete, func, insert, select, update

from consentgw.db.sealing import place
from consentgw.mail.model import DAY, GIVE_UP, Letter, again_after
from consentgw.mail.tables import mails

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import Connection

    from consentgw.db import Unit
    from consentgw.db.sealing import Sealer


@dataclass(frozen=True, slots=True)
class Waiting:
    """A letter on its way: where to, what, and which attempt this is."""

    id: UUID
    to: str
    letter: Letter
    attempt: int


def add(
    unit: Unit, sealer: Sealer, to: str, letter: Letter, *, reference: str, address: bytes | None, due_at: datetime
) -> None:
    """Add a letter that is sent from an instant on."""
    identifier = uuid4()
    content = json.dumps({"to": to, **asdict(letter)}, ensure_ascii=False).encode()
    unit.connection.execute(
        insert(mails).values(
            id=identifier,
            reference=reference,
            address=address,
            sealed=sealer.seal(content, place(mails.name, "sealed", identifier)),
            queued_at=unit.now,
            due_at=due_at,
            attempts=0,
        )
    )


def recent(connection: Connection, digests: Sequence[bytes], since: datetime) -> list[datetime]:
    """Return when letters to an address were or will be sent since an instant, oldest first."""
    when = func.coalesce(mails.c.sent_at, mails.c.due_at)
    query = select(when).where(mails.c.address.in_(digests), when > since).order_by(when)
    return list(connection.execute(query).scalars())


def due(connection: Connection, now: datetime, count: int) -> list[UUID]:
    """Return letters whose time has come, the longest waiting first."""
    query = select(mails.c.id).where(mails.c.sent_at.is_(None), mails.c.due_at <= now)
    return list(connection.execute(query.order_by(mails.c.due_at).limit(count)).scalars())


def take(unit: Unit, sealer: Sealer, identifier: UUID) -> Waiting | None:
    """Take a letter for one attempt; None when another process has it.

    The next attempt is put down before this one is made: whoever is killed with a letter in hand delays it.
    """
    attempts = unit.connection.execute(select(mails.c.attempts).where(mails.c.id == identifier)).scalar_one_or_none()
    if attempts is None:
        return None
    row = unit.connection.execute(
        update(mails)
        .where(
            mails.c.id == identifier,
            mails.c.attempts == attempts,
            mails.c.sent_at.is_(None),
            mails.c.due_at <= unit.now,
        )
        .values(attempts=attempts + 1, due_at=unit.now + again_after(attempts + 1))
        .returning(mails.c.sealed)
    ).one_or_none()
    if row is None:
        return None
    content: dict[str, Any] = json.loads(sealer.open(bytes(row.sealed), place(mails.name, "sealed", identifier)))
    to, paragraphs = content.pop("to"), tuple(content.pop("paragraphs"))
    return Waiting(identifier, to, Letter(paragraphs=paragraphs, **content), attempts + 1)


def sent(unit: Unit, identifier: UUID) -> None:
    """Note that the server took a letter, and drop its words."""
    unit.connection.execute(update(mails).where(mails.c.id == identifier).values(sealed=None, sent_at=unit.now))
    unit.erases = True


def forget(unit: Unit, reference: str) -> None:
    """Drop the letters of something that is erased, whether they were sent or not."""
    unit.connection.execute(delete(mails).where(mails.c.reference == reference))
    unit.erases = True


def purge(unit: Unit) -> int:
    """Remove what was sent a day ago, and what nobody would take for days; return how many."""
    old = mails.c.sent_at < unit.now - DAY
    stuck = mails.c.sent_at.is_(None) & (mails.c.queued_at < unit.now - GIVE_UP)
    unit.erases = True
    return unit.connection.execute(delete(mails).where(old | stuck)).rowcount


def stuck(connection: Connection, since: datetime) -> int:
    """Return how many letters have waited since before an instant."""
    query = select(func.count()).where(mails.c.sent_at.is_(None), mails.c.queued_at < since)
    return connection.execute(query).scalar_one()
