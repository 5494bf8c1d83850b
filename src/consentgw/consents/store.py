"""The ledger as rows."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, exists, insert, select, update
from sqlalchemy.exc import IntegrityError

from consentgw.consents import receipt as receipts_format
from consentgw.consents.model import Held
from consentgw.consents.tables import GRANTING, receipts, return_codes
from consentgw.db.hot import HotInsert
from consentgw.errors import AlreadyAnswered, Malformed, NotFound

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy import Connection

    from consentgw.consents.receipt import Receipt
    from consentgw.db import Unit

_ADD = HotInsert(receipts, receipts.c.sequence)
_LATEST = select(receipts.c.sequence, receipts.c.body)


@dataclass(frozen=True, slots=True)
class Kept:
    """A receipt as it lies in the ledger: the signed bytes, and what they say."""

    receipt: Receipt
    sequence: int
    body: bytes
    kid: str
    signature: bytes


@dataclass(frozen=True, slots=True)
class Expiry:
    """An answer that ran out."""

    receipt: UUID
    site: str


def append(unit: Unit, receipt: Receipt, body: bytes, kid: str, signature: bytes) -> Held:
    """Add a receipt to the end of the ledger.

    Raises:
        AlreadyAnswered: the form it answers, whose token carried its id, was used before.
    """
    try:
        sequence = _ADD.run(unit.connection, {**_index(receipt), "body": body, "kid": kid, "signature": signature})
    except IntegrityError:
        raise AlreadyAnswered("this form was used before") from None
    return _held(receipt, sequence)


def _index(receipt: Receipt) -> dict[str, Any]:
    """Return the columns that repeat what the body says, to be searched."""
    return {
        "id": receipt.id,
        "site": receipt.site,
        "subject": receipt.subject,
        "previous": receipt.previous,
        "notice": receipt.decision.notice,
        "granted": " ".join(sorted(receipt.decision.granted)),
        "method": receipt.method.value,
        "expires_at": receipt.expires_at,
    }


def read(connection: Connection, identifier: UUID) -> Kept:
    """Return a receipt.

    Raises:
        NotFound: there is no such receipt.
    """
    row = connection.execute(select(receipts).where(receipts.c.id == identifier)).one_or_none()
    if row is None:
        raise NotFound("no such receipt")
    return _kept(row)


def newest(connection: Connection, count: int) -> Iterator[Kept]:
    """Yield the receipts at the end of the ledger, the newest first.

    Raises:
        Malformed: a row does not say what its signed body says.
    """
    for row in connection.execute(select(receipts).order_by(receipts.c.sequence.desc()).limit(count)):
        try:
            kept = _kept(row)
        except (ValueError, KeyError, TypeError):
            raise Malformed(f"the receipt at place {row.sequence} cannot be read") from None
        if any(getattr(row, name) != value for name, value in _index(kept.receipt).items()):
            raise Malformed(f"the receipt at place {row.sequence} is filed as something else than it says")
        yield kept


def held(connection: Connection, identifier: UUID) -> Held:
    """Return what a receipt's subject holds now: the latest decision, which need not be this receipt.

    Raises:
        NotFound: there is no such receipt.
    """
    subject = select(receipts.c.subject).where(receipts.c.id == identifier).scalar_subquery()
    query = _LATEST.where(receipts.c.subject == subject).order_by(receipts.c.sequence.desc()).limit(1)
    row = connection.execute(query).one_or_none()
    if row is None:
        raise NotFound("no such receipt")
    return _held(receipts_format.read(json.loads(row.body)), row.sequence)


def changes(connection: Connection, after: int) -> Sequence[Held]:
    """Return the decisions that replaced an earlier one, from a place in the log on, in its order."""
    query = _LATEST.where(receipts.c.previous.is_not(None), receipts.c.sequence > after).order_by(receipts.c.sequence)
    return [_held(receipts_format.read(json.loads(row.body)), row.sequence) for row in connection.execute(query)]


def expired(connection: Connection, after: datetime, until: datetime, count: int) -> tuple[list[Expiry], datetime]:
    """Return the answers that granted something and ran out in between, and up to when all of them are there.

    About ``count``, and whole seconds only. Not those whose subject has decided anew since.
    """
    between = (GRANTING, receipts.c.expires_at > after, receipts.c.expires_at <= until)
    enough = select(receipts.c.expires_at).where(*between).order_by(receipts.c.expires_at).offset(count - 1).limit(1)
    end = connection.execute(enough).scalar_one_or_none() or until
    newer = receipts.alias()
    newest = ~exists().where(newer.c.subject == receipts.c.subject, newer.c.sequence > receipts.c.sequence)
    query = (
        select(receipts.c.id, receipts.c.site)
        .where(*between, receipts.c.expires_at <= end, newest)
        .order_by(receipts.c.expires_at, receipts.c.sequence)
    )
    return [Expiry(row.id, row.site) for row in connection.execute(query)], end


def keep_code(
    unit: Unit, digest: bytes, site: str, name: str, state: bytes, receipt: UUID, expires_at: datetime
) -> None:
    """Keep a code of the redirect flow, by its hash and by the hash of the state it answers to."""
    row = {"digest": digest, "site": site, "name": name, "state": state, "receipt": receipt, "expires_at": expires_at}
    unit.connection.execute(insert(return_codes).values(row))


def take_code(unit: Unit, digest: bytes, site: str, name: str, state: bytes) -> UUID:
    """Redeem a code, once; return the receipt it stands for.

    Raises:
        NotFound: there is none for this site, name and state, it was redeemed before, or it has run out.
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
        raise NotFound("no such code")
    return receipt


def drop_codes(unit: Unit) -> int:
    """Delete the codes that have run out; return how many."""
    return unit.connection.execute(delete(return_codes).where(return_codes.c.expires_at <= unit.now)).rowcount


def _kept(row: Any) -> Kept:
    body = bytes(row.body)
    return Kept(receipts_format.read(json.loads(body)), row.sequence, body, row.kid, bytes(row.signature))


def _held(receipt: Receipt, sequence: int) -> Held:
    return Held(
        receipt=receipt.id,
        subject=receipt.subject,
        sequence=sequence,
        notice=receipt.decision.notice,
        granted=receipt.decision.granted,
        refused=receipt.decision.refused,
        method=receipt.method,
        decided_at=int(receipt.decision.decided_at.timestamp()),
        expires_at=int(receipt.expires_at.timestamp()),
        signal=receipt.evidence.gpc,
    )
