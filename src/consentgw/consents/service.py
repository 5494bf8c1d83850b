"""Recording: the one way an answer enters the ledger."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from consentgw import outbox
from consentgw.consents import store
from consentgw.consents.identifiers import uuid7
from consentgw.consents.model import Channel, Held, Method, Source, decide
from consentgw.consents.receipt import KIND, NOTHING_SEEN, Evidence, Receipt
from consentgw.db import marks
from consentgw.notices import store as notices
from consentgw.sites import store as sites

if TYPE_CHECKING:
    from uuid import UUID

    from consentgw.consents.store import Kept
    from consentgw.db import Database, Unit
    from consentgw.keys.model import Signer
    from consentgw.notices.model import Notice
    from consentgw.sites.model import Site


_TOLD = "expired consents told"
_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class Answer:
    """What somebody answered, together with what they were shown."""

    receipt: UUID
    """Id the receipt will have. A form carries it from when it is shown, so one form makes one receipt."""
    site: Site
    notice: Notice
    method: Method
    ticked: tuple[str, ...]
    channel: Channel
    source: Source
    evidence: Evidence
    previous: Held | None
    """The decision that holds until now."""
    subject: UUID | None = None
    """Whose first decision it is, where that is known already."""
    until: datetime | None = None
    """The answer holds no longer than this, however long answers hold."""
    withdrawn: frozenset[str] = frozenset()
    """What ``withdraw_some`` takes back."""
    alone: bool = False
    """Whether no other subject is linked to this one, where that is known already."""
    beside: frozenset[UUID] = frozenset()
    """Subjects for whom the same is recorded in this unit: one answer at several sites."""
    heard_at: str = ""
    """The site where the no was said, of one that is carried over."""


def record(unit: Unit, answer: Answer, signer: Signer) -> Held:
    """Record a decision and its signed receipt; return what the subject holds now.

    Raises:
        UnknownPurpose, AlreadyAnswered: as :func:`keep`.
    """
    kept = keep(unit, answer, signer)
    return store.held_by(kept.receipt, kept.sequence)


def keep(unit: Unit, answer: Answer, signer: Signer) -> Kept:
    """Record a decision; return its receipt as it lies in the ledger.

    Raises:
        UnknownPurpose: the answer names a purpose the notice never asked about.
        AlreadyAnswered: this form was used before.
    """
    decision = decide(answer.notice, answer.method, answer.ticked, at=unit.now.replace(microsecond=0))
    receipt = Receipt(
        id=answer.receipt,
        site=answer.site.slug,
        subject=answer.previous.subject if answer.previous else answer.subject or uuid7(),
        previous=answer.previous.receipt if answer.previous else None,
        decision=decision,
        policy=answer.notice.policy,
        language=answer.notice.language,
        method=answer.method,
        channel=answer.channel,
        source=answer.source,
        expires_at=_until(decision.decided_at + answer.site.validity, answer.until),
        profile=answer.site.profile,
        evidence=answer.evidence,
        withdrawn=answer.withdrawn,
        covers=frozenset(site.slug for site in answer.notice.covers if answer.channel is Channel.REDIRECT),
    )
    body = receipt.body()
    kept = store.append(unit, receipt, body, signer.kid, signer.sign(body, KIND))
    topic = outbox.CONSENT_WITHDRAWN if answer.method.withdraws else outbox.RECEIPT_RECORDED
    outbox.emit(unit, topic, answer.site.slug, str(receipt.id))
    if (answer.previous or answer.subject) and not answer.alone:  # nobody new can have been linked
        _pass_on(unit, answer, receipt, signer)
    return kept


def _pass_on(unit: Unit, answer: Answer, receipt: Receipt, signer: Signer) -> None:
    """Let a no reach every subject that is linked, at this site and at others.

    One that was carried over from this site goes on to others, and one from another site goes on at this one: so it
    reaches whoever it was said for, and never goes in a circle.
    """
    for mate in store.linked(unit.connection, receipt.subject):
        near = mate.site == receipt.site
        if answer.channel is Channel.LINK and near is (answer.heard_at == receipt.site):
            continue
        if mate.subject not in answer.beside:
            site = answer.site if near else sites.read(unit.connection, mate.site)
            known = store.latest(unit.connection, mate.site, mate.subject)
            take_back(unit, site, known, receipt.denies, signer, heard_at=receipt.site)


def _until(usual: datetime, at_most: datetime | None) -> datetime:
    return min(usual, at_most) if at_most else usual


def take_back(
    unit: Unit, site: Site, held: Held | None, no: frozenset[str] | None, signer: Signer, *, heard_at: str
) -> None:
    """Record for a subject what was said no to elsewhere (None: everything), where it grants any of that.

    ``heard_at`` is the site where it was said.
    """
    if held is None or held.expires_at <= unit.now.timestamp():
        return
    taken = held.granted if no is None else held.granted & no
    if not taken:
        return
    rest = held.granted - taken
    keep(
        unit,
        Answer(
            receipt=uuid7(),
            site=site,
            notice=notices.read(unit.connection, held.notice),
            method=Method.WITHDRAW if no is None else Method.WITHDRAW_SOME,
            ticked=tuple(rest),
            channel=Channel.LINK,
            source=Source.ASSERTED_BY_PARTNER,
            evidence=NOTHING_SEEN,
            previous=held,
            until=datetime.fromtimestamp(held.expires_at, UTC) if rest else None,
            withdrawn=frozenset() if no is None else taken,
            heard_at=heard_at,
        ),
        signer,
    )


async def tell_expired(db: Database) -> None:
    """Keep an event for every consent that ran out since the last time."""
    while await db.write(_tell_expired):
        pass


def _tell_expired(unit: Unit) -> bool:
    """Tell of some, and return whether there are more. What ran out before anybody looked is not told of."""
    now = unit.now.replace(microsecond=0)
    told = marks.read(unit.connection, _TOLD)
    after = now if told is None else datetime.fromtimestamp(told, UTC)
    expired, end = store.expired(unit.connection, after, now, _AT_ONCE)
    for expiry in expired:
        outbox.emit(unit, outbox.CONSENT_EXPIRED, expiry.site, str(expiry.receipt))
    marks.move(unit, _TOLD, int(end.timestamp()))
    return end < now
