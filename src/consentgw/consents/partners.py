"""What a partner tells us of people: decisions it collected itself, withdrawals, and who is one person.

A partner's own identifier stands for one subject of its own, to which the partner records, and for every browser's
subject that was linked to it. Three rules:

- A yes stays where it was given. A partner cannot say yes for a browser, nor one browser for another.
- A no travels. What somebody refuses or takes back in one place is taken back from every subject linked to it then,
  and from one that is linked later and said yes before.
- For the identifier counts the subject that decided last, and what it holds now.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import UUID

from consentgw.consents import service, store
from consentgw.consents.identifiers import uuid7
from consentgw.consents.model import Channel, Held, Method, Source
from consentgw.consents.receipt import NOTHING_SEEN
from consentgw.consents.subjects import Pseudonym
from consentgw.errors import NotFound, OnlyThePerson, UnknownPurpose
from consentgw.notices import store as notices

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from sqlalchemy import Connection

    from consentgw.consents.store import Entry, Kept
    from consentgw.consents.subjects import Who
    from consentgw.db import Unit
    from consentgw.keys.model import Signer
    from consentgw.notices.catalogue import Offer
    from consentgw.notices.model import Notice


@dataclass(frozen=True, slots=True)
class Linked:
    """A browser's subject that an identifier stands for."""

    subject: UUID
    new: bool
    """Whether it was not linked before."""


def hold(unit: Unit, offer: Offer, who: Who, notice: Notice, granted: Collection[str], signer: Signer) -> Kept:
    """Record a decision that the partner collected itself and return its receipt; what is not granted is refused.

    Raises:
        NotFound: there is no such subject at this site.
        OnlyThePerson: it is a yes for a browser.
        UnknownPurpose: it grants what the notice never asked about.
    """
    subject, previous, alone = _addressed(unit, offer, who)
    if granted and isinstance(who, UUID) and not store.is_own(unit.connection, subject):
        raise OnlyThePerson("a yes for a browser is given in that browser; record it to an identifier of your own")
    ticked = frozenset(granted)
    method = Method.SAVE
    if ticked == notice.asked:
        method = Method.ACCEPT_ALL
    elif not ticked:
        method = Method.REJECT_ALL
    return service.keep(unit, _answer(offer, notice, method, ticked, previous, subject, alone=alone), signer)


def withdraw(unit: Unit, offer: Offer, who: Who, purposes: Collection[str] | None, signer: Signer) -> Kept:
    """Take consent back, all of it or for some purposes; return the receipt.

    It is recorded for the subject that decided last, be there anything to take back or not: from there it travels to
    whoever is linked, now or later.

    Raises:
        NotFound: there is no such subject at this site.
        UnknownPurpose: a purpose is none of this site's.
    """
    site = offer.site.slug
    subjects = find(unit.connection, site, who)
    last = last_word(store.decisions(unit.connection, site, subjects))
    if strange := set(purposes or ()) - offer.terms.asked - (last.answered if last else frozenset()):
        raise UnknownPurpose(", ".join(sorted(strange)))
    taken = None if purposes is None else frozenset(purposes)
    subject = last.subject if last else _addressed(unit, offer, who)[0]
    return _reduce(unit, offer, subject, last, taken, signer)


def link(unit: Unit, offer: Offer, subject: UUID, pseudonym: Pseudonym, signer: Signer) -> Linked:
    """Let an identifier stand for a browser's subject, from now on and for good.

    Raises:
        NotFound: there is no such subject at this site.
    """
    site = offer.site.slug
    if store.latest(unit.connection, site, subject) is None:
        raise NotFound("no such subject")
    known = find(unit.connection, site, pseudonym)
    if subject in known:
        return Linked(subject, new=False)
    store.link(unit, site, pseudonym.digests[0], subject)
    _settle(unit, offer, [*known, subject], signer)
    return Linked(subject, new=True)


def find(connection: Connection, site: str, who: Who) -> list[UUID]:
    """Return the subjects that are meant; none where an identifier was never heard of.

    Raises:
        NotFound: there is no such subject at this site.
    """
    if isinstance(who, UUID):
        if store.latest(connection, site, who) is None:
            raise NotFound("no such subject")
        return [who]
    return [behind.subject for behind in store.behind(connection, who.digests)]


def holds(connection: Connection, site: str, who: Who) -> Held | None:
    """Return what somebody holds at a site, None where an identifier was never heard of.

    Raises:
        NotFound: there is no such subject at this site.
    """
    if isinstance(who, UUID):
        held = store.latest(connection, site, who)
        if held is None:
            raise NotFound("no such subject")
        return held
    known = store.behind(connection, who.digests)
    if len(known) > 1:
        return last_word(store.decisions(connection, site, [behind.subject for behind in known]))
    return known[0].held if known else None


def hold_all(connection: Connection, site: str, everyone: Sequence[Who]) -> list[Held | None]:
    """Return what each of these holds at a site: None for whoever never decided there, or is not known."""
    known = store.subjects_of(
        connection, [each for who in everyone if isinstance(who, Pseudonym) for each in who.digests]
    )
    groups = [
        [who] if isinstance(who, UUID) else [subject for each in who.digests for subject in known.get(each, ())]
        for who in everyone
    ]
    alone = store.latest_of(connection, site, {group[0] for group in groups if len(group) == 1})
    together: dict[UUID, list[Entry]] = {}
    for entry in store.decisions(connection, site, {one for group in groups if len(group) > 1 for one in group}):
        together.setdefault(entry.held.subject, []).append(entry)
    return [
        last_word(entry for subject in group for entry in together.get(subject, ()))
        if len(group) > 1
        else alone.get(group[0])
        if group
        else None
        for group in groups
    ]


def last_word(entries: Iterable[Entry]) -> Held | None:
    """Return what the subject that decided last holds now, by the order of the log."""
    latest: dict[UUID, Held] = {}
    last: UUID | None = None
    for entry in sorted(entries, key=lambda one: one.held.sequence):
        latest[entry.held.subject] = entry.held
        if entry.channel is not Channel.LINK:
            last = entry.held.subject
    return latest[last] if last else None


def _addressed(unit: Unit, offer: Offer, who: Who) -> tuple[UUID, Held | None, bool]:
    """Return the subject a partner records to, what it holds, and whether it is known to be linked to no other.

    Makes the identifier's own subject where there is none yet.

    Raises:
        NotFound: there is no such subject at this site.
    """
    site = offer.site.slug
    if isinstance(who, UUID):
        return who, holds(unit.connection, site, who), False
    known = store.behind(unit.connection, who.digests)
    for behind in known:
        if behind.own:
            return behind.subject, behind.held, len(known) == behind.links == 1
    subject = uuid7()
    store.link(unit, site, who.digests[0], subject, own=True)
    return subject, None, not known


def _reduce(
    unit: Unit, offer: Offer, subject: UUID, held: Held | None, taken: frozenset[str] | None, signer: Signer
) -> Kept:
    """Record that a subject takes back what it granted, for some purposes or (None) for all.

    It answers the notice that was answered while its answers count, so that a purpose nobody asked about stays open.
    """
    notice = offer.notices[offer.site.language]
    rest = frozenset[str]()
    if held:
        answered = notices.read(unit.connection, held.notice)
        notice = offer.notices.get(answered.language, notice)
        if held.notice in offer.terms.answerable:
            notice = answered
            if taken is not None and held.expires_at > unit.now.timestamp():
                rest = held.granted - taken
    answer = _answer(offer, notice, Method.WITHDRAW if taken is None else Method.WITHDRAW_SOME, rest, held, subject)
    until = datetime.fromtimestamp(held.expires_at, UTC) if held and rest else None
    return service.keep(unit, replace(answer, until=until, withdrawn=taken or frozenset()), signer)


def _settle(unit: Unit, offer: Offer, subjects: Sequence[UUID], signer: Signer) -> None:
    """Let every no of a newly linked group reach whoever of it said yes before."""
    entries = store.decisions(unit.connection, offer.site.slug, subjects)
    latest = {entry.held.subject: entry.held for entry in entries}
    said = {entry.held.subject: entry.held.sequence for entry in entries if not entry.held.method.withdraws}
    for subject, held in latest.items():
        noes = [
            entry.denies
            for entry in entries
            if entry.held.subject != subject
            and entry.held.sequence > said.get(subject, 0)
            and entry.channel is not Channel.LINK
        ]
        everything = None in noes
        no = None if everything else frozenset[str]().union(*(no for no in noes if no))
        service.take_back(unit, offer.site, held, no, signer, heard_at=offer.site.slug)


def _answer(
    offer: Offer,
    notice: Notice,
    method: Method,
    granted: frozenset[str],
    previous: Held | None,
    subject: UUID,
    *,
    alone: bool = False,
) -> service.Answer:
    return service.Answer(
        receipt=uuid7(),
        site=offer.site,
        notice=notice,
        method=method,
        ticked=tuple(sorted(granted)),
        channel=Channel.API,
        source=Source.ASSERTED_BY_PARTNER,
        evidence=NOTHING_SEEN,
        previous=previous,
        subject=subject,
        alone=alone,
    )
