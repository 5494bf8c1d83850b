"""The ledger as rows."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import bindparam, exists, func, literal, select, tuple_
from sqlalchemy.exc import IntegrityError

from consentgw.consents import receipt as receipts_format
from consentgw.consents.model import Channel, Held, Method
from consentgw.consents.tables import GRANTING, identifiers, receipts
from consentgw.db.hot import HotInsert, HotSelect
from consentgw.errors import AlreadyAnswered, Malformed, NotFound

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence
    from datetime import datetime

    from sqlalchemy import Connection

    from consentgw.consents.receipt import Receipt
    from consentgw.db import Unit

_ADD = HotInsert(receipts, receipts.c.sequence)
_LATEST = select(receipts.c.sequence, receipts.c.body)
_HELD = HotSelect(
    _LATEST.where(receipts.c.subject == bindparam("subject"), receipts.c.site == bindparam("site"))
    .order_by(receipts.c.sequence.desc())
    .limit(1)
)
_THEIRS = receipts.alias()
_THEIR_LAST = (
    select(func.max(_THEIRS.c.sequence))
    .where(_THEIRS.c.subject == identifiers.c.subject, _THEIRS.c.site == identifiers.c.site)
    .correlate(identifiers)
    .scalar_subquery()
)
_ROWS = identifiers.alias()
_LINKS = select(func.count()).where(_ROWS.c.subject == identifiers.c.subject).correlate(identifiers).scalar_subquery()
_BEHIND = HotSelect(
    select(identifiers.c.subject, identifiers.c.own, receipts.c.sequence, receipts.c.body, _LINKS)
    .select_from(identifiers)
    .outerjoin(receipts, receipts.c.sequence == _THEIR_LAST)
    .where(identifiers.c.digest == bindparam("digest"))
    .order_by(identifiers.c.own.desc(), identifiers.c.sequence)
)
_MATE = identifiers.alias()
_LINKED = HotSelect(
    select(_MATE.c.site, _MATE.c.subject)
    .join(identifiers, identifiers.c.digest == _MATE.c.digest)
    .where(identifiers.c.subject == bindparam("subject"), _MATE.c.subject != identifiers.c.subject)
    .distinct()
    .order_by(_MATE.c.site, _MATE.c.subject)
)
_LINK = HotInsert(identifiers, identifiers.c.sequence)
_KEY = (receipts.c.decided_at, receipts.c.sequence)
WINDOW = 5_000
"""Receipts that one page looks through at the most, so that a search for something rare holds nobody up."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A receipt as it lies in the ledger: the signed bytes, and what they say."""

    receipt: Receipt
    sequence: int
    body: bytes
    kid: str
    signature: bytes


@dataclass(frozen=True, slots=True)
class Entry:
    """A decision in its place in the log, and where it was said."""

    held: Held
    channel: Channel
    denies: frozenset[str] | None
    """See :attr:`Receipt.denies`."""


@dataclass(frozen=True, slots=True)
class Behind:
    """A subject that an identifier stands for."""

    subject: UUID
    own: bool
    """The partner records to it, and no browser holds anything of its."""
    held: Held | None
    """Its latest decision."""
    links: int
    """How many identifiers and ties it stands behind."""


@dataclass(frozen=True, slots=True)
class Mate:
    """A subject that is linked to another one."""

    site: str
    subject: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """Which receipts of a site are looked for, and from where on."""

    site: str
    subjects: tuple[UUID, ...] | None = None
    """Somebody's whole history in the order of the log; without it the site's receipts by the time they were given."""
    since: datetime | None = None
    until: datetime | None = None
    """The first instant that is too late."""
    purpose: str | None = None
    """It was granted."""
    method: Method | None = None
    after: tuple[datetime, int] | None = None
    limit: int = 50


@dataclass(frozen=True, slots=True)
class Found:
    """A page of receipts. With filters it may hold fewer than asked for, even none, and still not be the last."""

    receipts: list[Kept]
    next: tuple[datetime, int] | None
    """Place after which the next page begins."""


@dataclass(frozen=True, slots=True)
class Expiry:
    """An answer that ran out."""

    receipt: UUID
    site: str


def append(unit: Unit, receipt: Receipt, body: bytes, kid: str, signature: bytes) -> Kept:
    """Add a receipt to the end of the ledger.

    Raises:
        AlreadyAnswered: the form it answers, whose token carried its id, was used before.
    """
    try:
        sequence = unit.insert(_ADD, {**_index(receipt), "body": body, "kid": kid, "signature": signature})
    except IntegrityError:
        raise AlreadyAnswered("this form was used before") from None
    return Kept(receipt, sequence, body, kid, signature)


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
        "decided_at": receipt.decision.decided_at,
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
    return _entry(*row).held


def of_subject(connection: Connection, identifier: UUID) -> list[Kept]:
    """Return every receipt of a receipt's subject, oldest first."""
    subject = select(receipts.c.subject).where(receipts.c.id == identifier).scalar_subquery()
    query = select(receipts).where(receipts.c.subject == subject).order_by(receipts.c.sequence)
    return [_kept(row) for row in connection.execute(query)]


def latest(connection: Connection, site: str, subject: UUID) -> Held | None:
    """Return what a subject holds at a site: its latest decision, None where it never decided there."""
    rows = _HELD.run(connection, subject=subject, site=site)
    return _entry(*rows[0]).held if rows else None


def latest_of(connection: Connection, site: str, subjects: Collection[UUID]) -> dict[UUID, Held]:
    """Return what each of these subjects holds at a site, without those that never decided there."""
    ends = select(func.max(receipts.c.sequence)).where(receipts.c.subject.in_(subjects), receipts.c.site == site)
    query = _LATEST.where(receipts.c.sequence.in_(ends.group_by(receipts.c.subject)))
    found = [_entry(*row).held for row in connection.execute(query)]
    return {held.subject: held for held in found}


def decisions(connection: Connection, site: str, subjects: Collection[UUID]) -> list[Entry]:
    """Return every decision of these subjects at a site, in the order of the log."""
    query = _LATEST.where(receipts.c.subject.in_(subjects), receipts.c.site == site).order_by(receipts.c.sequence)
    return [_entry(*row) for row in connection.execute(query)]


def search(connection: Connection, asked: Search) -> Found:
    """Return a page of receipts, oldest first."""
    key = (receipts.c.sequence,) if asked.subjects is not None else _KEY
    where = [receipts.c.site == asked.site]
    if asked.subjects is not None:
        where.append(receipts.c.subject.in_(asked.subjects))
    if asked.since:
        where.append(receipts.c.decided_at >= asked.since)
    if asked.until:
        where.append(receipts.c.decided_at < asked.until)
    if asked.after:
        where.append(_compared(key, asked.after))
    filters = [receipts.c.method == asked.method.value] if asked.method else []
    if asked.purpose:
        filters.append((literal(" ") + receipts.c.granted + " ").contains(f" {asked.purpose} ", autoescape=True))
    end = None
    if filters:
        last = select(*_KEY).where(*where).order_by(*key).offset(WINDOW - 1).limit(1)
        if end := connection.execute(last).one_or_none():
            filters.append(~_compared(key, end))
    query = select(receipts).where(*where, *filters).order_by(*key).limit(asked.limit + 1)
    rows = connection.execute(query).all()
    found = [_kept(row) for row in rows[: asked.limit]]
    if len(rows) > asked.limit:
        return Found(found, (rows[asked.limit - 1].decided_at, rows[asked.limit - 1].sequence))
    return Found(found, tuple(end) if end else None)


def _compared(key: Sequence[Any], place: Sequence[Any]) -> Any:
    """Return the condition that a receipt lies after a place."""
    if len(key) == 1:
        return receipts.c.sequence > place[1]
    return tuple_(*key) > tuple_(literal(place[0], receipts.c.decided_at.type), literal(place[1]))


def subjects_of(connection: Connection, digests: Iterable[bytes]) -> dict[bytes, list[UUID]]:
    """Return the subjects that stand behind each of these identifiers, a partner's own one first."""
    query = (
        select(identifiers.c.digest, identifiers.c.subject)
        .where(identifiers.c.digest.in_(list(digests)))
        .order_by(identifiers.c.own.desc(), identifiers.c.sequence)
    )
    found: dict[bytes, list[UUID]] = {}
    for digest, subject in connection.execute(query):
        found.setdefault(bytes(digest), []).append(subject)
    return found


def behind(connection: Connection, digests: Iterable[bytes]) -> list[Behind]:
    """Return the subjects that stand behind one identifier, the partner's own one first."""
    return [
        Behind(UUID(bytes=bytes(subject)), bool(own), _entry(sequence, body).held if body else None, links)
        for digest in digests
        for subject, own, sequence, body, links in _BEHIND.run(connection, digest=digest)
    ]


def is_own(connection: Connection, subject: UUID) -> bool:
    """Return whether a subject is one to which a partner records, and no browser's."""
    return connection.execute(select(exists().where(identifiers.c.subject == subject, identifiers.c.own))).scalar_one()


def linked(connection: Connection, subject: UUID) -> list[Mate]:
    """Return the other subjects that share an identifier with this one, or one answer."""
    return [Mate(site, UUID(bytes=bytes(mate))) for site, mate in _LINKED.run(connection, subject=subject)]


def link(unit: Unit, site: str, digest: bytes, subject: UUID, *, own: bool = False) -> None:
    """Let an identifier stand for one more subject.

    What ties the subjects of one answer at several sites together is an identifier nobody has: 32 bytes of chance.
    """
    row = {"site": site, "digest": digest, "subject": subject, "own": own, "linked_at": unit.now}
    _LINK.run(unit.connection, row)


def changes(connection: Connection, after: int) -> tuple[list[Held], int]:
    """Return the decisions that replaced an earlier one, from a place in the log on, and the place read up to.

    Not those of subjects to which only a partner records: no browser holds anything of theirs.
    """
    changed = receipts.c.previous.is_not(None)
    end = connection.execute(select(func.max(receipts.c.sequence)).where(changed)).scalar_one() or 0
    if end <= after:
        return [], after
    no_browser = exists().where(identifiers.c.subject == receipts.c.subject, identifiers.c.own)
    query = _LATEST.where(changed, receipts.c.sequence > after, receipts.c.sequence <= end, ~no_browser)
    return [_entry(*row).held for row in connection.execute(query.order_by(receipts.c.sequence))], end


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


def _kept(row: Any) -> Kept:
    body = bytes(row.body)
    return Kept(receipts_format.read(json.loads(body)), row.sequence, body, row.kid, bytes(row.signature))


def _entry(sequence: int, body: bytes) -> Entry:
    receipt = receipts_format.read(json.loads(body))
    return Entry(held_by(receipt, sequence), receipt.channel, receipt.denies)


def held_by(receipt: Receipt, sequence: int) -> Held:
    """Return what a receipt's subject holds while it is the latest."""
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
