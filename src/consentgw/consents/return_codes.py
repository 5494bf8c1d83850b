"""The one-time codes of the redirect flow as rows: hashes, kept for a minute."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete, insert, update

from consentgw.consents.tables import return_codes
from consentgw.errors import DeadCode

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from consentgw.db import Unit


def keep(unit: Unit, digest: bytes, site: str, name: str, state: bytes, receipt: UUID, expires_at: datetime) -> None:
    """Keep a code of the redirect flow, by its hash and by the hash of the state it answers to."""
    row = {"digest": digest, "site": site, "name": name, "state": state, "receipt": receipt, "expires_at": expires_at}
    unit.connection.execute(insert(return_codes).values(row))


def take(unit: Unit, digest: bytes, site: str, name: str, state: bytes) -> UUID:
    """Redeem a code, once; return the receipt it stands for.

    Raises:
        DeadCode: there is none for this site, name and state, it was redeemed before, or it has run out.
    """
    mine = update(return_codes).where(
        return_codes.c.digest == digest,
        return_codes.c.site == site,
        return_codes.c.name == name,
        return_codes.c.state == state,
        return_codes.c.redeemed_at.is_(None),
        return_codes.c.expires_at > unit.now,
    )
    taken = unit.connection.execute(mine.values(redeemed_at=unit.now).returning(return_codes.c.receipt))
    receipt = taken.scalar_one_or_none()
    if receipt is None:
        raise DeadCode("this code is good for nothing here, or no longer")
    return receipt


def drop(unit: Unit) -> int:
    """Delete the codes that have run out; return how many."""
    return unit.connection.execute(delete(return_codes).where(return_codes.c.expires_at <= unit.now)).rowcount
