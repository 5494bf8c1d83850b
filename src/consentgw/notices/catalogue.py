"""The catalogue: what every site asks now, held in memory for the addresses that answer most often.

A snapshot is never changed; when a site changes, a new snapshot takes its place, and with it go the pages prepared from
the old one.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from consentgw.errors import NotFound
from consentgw.http.surfaces import Places
from consentgw.notices import store
from consentgw.notices.addresses import read_address
from consentgw.sites import store as sites

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Connection

    from consentgw.db import Database
    from consentgw.notices.model import Notice, Tag
    from consentgw.sites.model import Site


@dataclass(frozen=True, slots=True)
class Offer:
    """What one site asks now, in all its languages."""

    site: Site
    notices: Mapping[str, Notice]
    """By language: the question now."""
    digests: Mapping[str, Notice]
    """The same by digest."""
    answerable: frozenset[str]
    """Digests of the notices whose answers count."""
    tags: Mapping[str, Tag]
    places: Places
    prepared: dict[Any, Any] = field(default_factory=dict[Any, Any])
    """Pages and stylesheets made from this offer, by whoever makes them."""


@dataclass(slots=True)
class Catalogue:
    """The offers of all sites, brought up to date by :meth:`refresh`."""

    revision: int = -1
    offers: Mapping[str, Offer] = field(default_factory=dict[str, Offer])

    def offer(self, slug: str) -> Offer:
        """Return what a site asks.

        Raises:
            NotFound: there is no such site, or it asks nothing yet.
        """
        try:
            return self.offers[slug]
        except KeyError:
            raise NotFound(f"there is no site {slug!r}") from None

    async def refresh(self, db: Database) -> None:
        """Read every site again if any has changed."""
        if await db.read(sites.revision) != self.revision:
            self.revision, self.offers = await db.read(_read)


def _read(connection: Connection) -> tuple[int, dict[str, Offer]]:
    revision = sites.revision(connection)
    offers = {site.slug: offer for site in sites.everyone(connection) if (offer := read_offer(connection, site))}
    return revision, offers


def read_offer(connection: Connection, site: Site) -> Offer | None:
    """Return what a site asks now, None where no notice was issued yet."""
    _, tags = store.questions_of(connection, site.slug)
    round_ = store.latest(connection, site.slug, tags)
    if not set(site.languages) <= set(round_.current):
        return None
    notices = {language: round_.current[language] for language in site.languages}
    return Offer(
        site=site,
        notices=notices,
        digests={notice.digest: notice for notice in notices.values()},
        answerable=round_.answerable,
        tags={tag.name: tag for tag in notices[site.language].tags},
        places=Places(partner=" ".join(sorted(site.origins)), vendors=" ".join(_origins(tags))),
    )


def _origins(tags: tuple[Tag, ...]) -> list[str]:
    return sorted({read_address(address).origin for tag in tags for address in tag.addresses.values()})
