"""The catalogue: what every site asks now, held in memory for the addresses that answer most often.

A snapshot is never changed; when a site changes, a new snapshot takes its place, and with it go the pages prepared from
the old one.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from consentgw.errors import NotFound
from consentgw.http.surfaces import Places
from consentgw.notices import service, store
from consentgw.notices.addresses import read_address
from consentgw.notices.terms import terms
from consentgw.sites import store as sites
from consentgw.sites.grounds import Known, known

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from sqlalchemy import Connection

    from consentgw.db import Database
    from consentgw.notices.model import Notice, Tag
    from consentgw.notices.terms import Terms
    from consentgw.sites.model import Site


@dataclass(frozen=True, slots=True)
class Offer:
    """What one site asks now, in all its languages."""

    site: Site
    notices: Mapping[str, Notice]
    """By language: the question now."""
    digests: Mapping[str, Notice]
    """The same by digest."""
    terms: Terms
    tags: Mapping[str, Tag]
    places: Places
    shared: Mapping[str, Notice] = field(default_factory=dict[str, "Notice"])
    """By language: the question that the redirect flow puts for every site this one shares consent with."""
    prepared: dict[Any, Any] = field(default_factory=dict[Any, Any])
    """Pages and stylesheets made from this offer, by whoever makes them."""


@dataclass(slots=True)
class Catalogue:
    """The offers of all sites, brought up to date by :meth:`refresh`."""

    revision: int = -1
    read_on: date | None = None
    """The day, in UTC, whose law the offers follow."""
    offers: Mapping[str, Offer] = field(default_factory=dict[str, Offer])
    due: Mapping[str, datetime] = field(default_factory=dict[str, datetime])
    """When a policy that was published for later comes into force, by site."""

    grounds: Known = field(default_factory=Known)
    """Where we stand on the sites' own ground."""

    def offer(self, slug: str) -> Offer:
        """Return what a site asks.

        Raises:
            NotFound: there is no such site, or it asks nothing yet.
        """
        try:
            return self.offers[slug]
        except KeyError:
            raise NotFound(f"there is no site {slug!r}") from None

    def name(self, slug: str) -> str:
        """Return how a site calls itself now; empty for one that asks nothing yet."""
        return self.offers[slug].site.name if slug in self.offers else ""

    def together(self, offer: Offer) -> tuple[Offer, ...]:
        """Return what each site asks of those that share consent with this one, itself first; none where none does."""
        if not offer.shared:
            return ()
        named = sorted(offer.site.shares_consent_with)
        others = [other for slug in named if (other := self.offers.get(slug)) and other.shared]
        return (offer, *others) if len(others) == len(named) else ()

    async def refresh(self, db: Database) -> None:
        """Read every site again if any has changed; bring into force what has come of age, if nobody has yet."""
        now = db.clock()
        for slug in [slug for slug, due in self.due.items() if due <= now]:
            await db.write(service.come_into_force, slug)
        if now.date() != self.read_on or await db.read(sites.revision) != self.revision:
            self.revision, self.offers, self.due = await db.read(_read, now.date())
            self.read_on = now.date()
            self.grounds = known(offer.site for offer in self.offers.values())


def _read(connection: Connection, on: date) -> tuple[int, dict[str, Offer], dict[str, datetime]]:
    revision = sites.revision(connection)
    everyone = sites.everyone(connection)
    offers = {site.slug: offer for site in everyone if (offer := read_offer(connection, site, on))}
    due = {site.slug: instant for site in everyone if (instant := service.due(connection, site.slug))}
    return revision, offers, due


def read_offer(connection: Connection, site: Site, on: date | None = None) -> Offer | None:
    """Return what a site asks now, by the law of a day (today); None where no notice was issued yet."""
    _, tags = store.questions_of(connection, site.slug)
    round_ = store.latest(connection, site.slug, tags)
    current = round_.current
    if not set(site.languages) <= set(current):
        return None
    notices = {language: current[language] for language in site.languages}
    question = notices[site.language]
    # Who answered for several sites agreed to those that were named: where one has joined since, they are asked again.
    answerable = round_.answerable - round_.narrower(site.shares_consent_with)
    together = site.shares_consent_with | {site.slug}
    shared = {
        language: notice
        for language, notice in round_.shared.items()
        if language in notices and frozenset(covered.slug for covered in notice.covers) == together
    }
    return Offer(
        site=site,
        notices=notices,
        digests={notice.digest: notice for notice in notices.values()},
        shared=shared,
        terms=terms(site, question, answerable, on or datetime.now(UTC).date()),
        tags={tag.name: tag for tag in question.tags},
        places=Places(partner=" ".join(sorted(site.origins)), vendors=" ".join(_origins(tags))),
    )


def _origins(tags: tuple[Tag, ...]) -> list[str]:
    return sorted({read_address(address).origin for tag in tags for address in tag.addresses.values()})
