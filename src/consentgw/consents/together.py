"""One answer at several sites: what the redirect flow records where sites of one operator share consent.

Each site gets a receipt of its own in its own ledger, for a subject of its own; no two sites have a name for the person
in common. That the subjects gave one answer is kept by us alone (``identifiers``), so that a no at one of the sites
reaches the others, whenever and wherever it is said.
"""

from __future__ import annotations

import secrets
from dataclasses import replace
from typing import TYPE_CHECKING

from consentgw.consents import service, store
from consentgw.consents.identifiers import uuid7
from consentgw.errors import NotFound
from consentgw.notices import store as notices

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from consentgw.consents.model import Held
    from consentgw.consents.service import Answer
    from consentgw.db import Database, Unit
    from consentgw.keys.model import Signer
    from consentgw.notices.catalogue import Offer


def everywhere(answer: Answer, others: Iterable[tuple[Offer, Held | None]]) -> list[Answer]:
    """Return an answer as it counts at each site: first where it was read, then at the others, with what each holds."""
    return [
        answer,
        *(
            replace(
                answer,
                receipt=uuid7(),
                site=offer.site,
                notice=offer.shared[answer.notice.language],
                previous=held,
            )
            for offer, held in others
        ),
    ]


async def counts_at(db: Database, offer: Offer, held: Held | None) -> tuple[str, ...]:
    """Return the sites at which an answer was given, as people know them; none where its site shares consent with none.

    Raises:
        Unavailable: the database did not answer.
    """
    if held is None or not offer.site.shares_consent_with:
        return ()
    try:
        answered = await db.read(notices.read, held.notice)
    except NotFound:
        return ()  # the ledger is younger than the cookie, as after a restored backup
    return tuple(map(str, answered.covers)) or (offer.site.name,)


def record(unit: Unit, answers: Sequence[Answer], signer: Signer) -> list[Held]:
    """Record one answer at every site it was given for; return what the person holds at each.

    Raises:
        UnknownPurpose, AlreadyAnswered: as :func:`consentgw.consents.service.keep`.
    """
    if len(answers) == 1:
        return [service.record(unit, answers[0], signer)]
    subjects = [answer.previous.subject if answer.previous else uuid7() for answer in answers]
    beside = frozenset(subjects)
    held = [
        service.record(unit, replace(answer, subject=subject, beside=beside), signer)
        for answer, subject in zip(answers, subjects, strict=True)
    ]
    if any(one.granted for one in held) and not _tied(unit, held):
        tie = secrets.token_bytes(32)
        for answer, one in zip(answers, held, strict=True):
            store.link(unit, answer.site.slug, tie, one.subject)
    return held


def _tied(unit: Unit, held: Sequence[Held]) -> bool:
    """Return whether these subjects are tied together already."""
    known = {mate.subject for mate in store.linked(unit.connection, held[0].subject)}
    return known.issuperset(one.subject for one in held[1:])
