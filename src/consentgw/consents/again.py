"""Being asked again: what has changed since a person answered, and what they answered then."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from consentgw.consents.model import State
from consentgw.errors import NotFound
from consentgw.notices import store as notices
from consentgw.policies import store as policies
from consentgw.policies.model import Change

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from sqlalchemy import Connection

    from consentgw.consents.model import Held, Standing
    from consentgw.db import Database
    from consentgw.notices.catalogue import Offer
    from consentgw.notices.model import Notice


@dataclass(frozen=True, slots=True)
class Again:
    """Why somebody who answered is asked again, in one language."""

    state: State
    """What has become of the earlier answer: it may have expired, be outdated, or hold but for what is new."""
    granted: frozenset[str]
    refused: frozenset[str]
    reasons: tuple[tuple[str, str], ...] = ()
    """What the operator says of each material change since, with the language it is said in; oldest first."""
    operator: bool = False
    """Whether somebody else is answerable now."""
    recipients: tuple[str, ...] = ()
    """Vendors that receive data now, or for something else, or in another country."""
    joined: tuple[str, ...] = ()
    """Sites that have joined those an earlier answer was given for."""

    @property
    def expired(self) -> bool:
        """Return whether the earlier answer's time was over."""
        return self.state is State.EXPIRED

    @property
    def holds(self) -> bool:
        """Return whether the earlier answer still holds for what it answered."""
        return self.state in {State.VALID, State.WITHDRAWN}

    def new(self, purpose: str) -> bool:
        """Return whether the person never answered about a purpose."""
        return purpose not in self.granted | self.refused


@dataclass(frozen=True, slots=True)
class _Since:
    """What has changed since a notice, in every language; the same for everybody who answered it."""

    reasons: tuple[Mapping[str, str], ...] = ()
    operator: bool = False
    recipients: tuple[str, ...] = ()
    joined: tuple[str, ...] = ()


async def recall(db: Database, offer: Offer, held: Held | None, standing: Standing, language: str) -> Again | None:
    """Return why the person is asked again, None who is not or never answered.

    Raises:
        Unavailable: the database did not answer.
    """
    outdated = standing.state in (State.EXPIRED, State.SUPERSEDED) or (standing.open and standing.asks)
    if held is None or not outdated:
        return None
    key = ("since", held.notice)
    since = offer.prepared.get(key)
    if since is None:
        now = offer.notices[offer.site.language]
        shared = offer.shared.get(offer.site.language, now)
        since = offer.prepared[key] = await db.read(_since, held.notice, now, shared, db.clock())
    return Again(
        state=standing.state,
        granted=held.granted,
        refused=held.refused,
        reasons=tuple(_said(reason, language) for reason in since.reasons),
        operator=since.operator,
        recipients=since.recipients,
        joined=since.joined,
    )


def _since(connection: Connection, digest: str, now: Notice, shared: Notice, at: datetime) -> _Since:
    try:
        then = notices.read(connection, digest)
    except NotFound:
        return _Since()  # the ledger is younger than the cookie, as after a restored backup
    known = {(tag.vendor, tag.country, tag.purposes) for tag in then.tags}
    covered = {site.slug for site in then.covers}
    later = policies.since(connection, now.site, then.policy.version, at)
    return _Since(
        reasons=tuple(policy.reasons for policy in later if policy.change is Change.MATERIAL),
        operator=then.operator.registration != now.operator.registration,
        recipients=tuple(
            dict.fromkeys(tag.vendor for tag in now.tags if (tag.vendor, tag.country, tag.purposes) not in known)
        ),
        joined=tuple(str(site) for site in shared.covers if then.covers and site.slug not in covered),
    )


def _said(reason: Mapping[str, str], language: str) -> tuple[str, str]:
    """Return a reason in a language, or as it was given where the site spoke another language then."""
    spoken = language if language in reason else next(iter(reason))
    return reason[spoken], spoken
