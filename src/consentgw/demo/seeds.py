"""What the demo's two partners are, ask and load: their ``site.toml``, brought to this machine."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from consentgw.errors import Misconfigured
from consentgw.notices import files, service, store
from consentgw.policies import store as policies
from consentgw.policies.service import starter
from consentgw.resources import folder
from consentgw.sites import store as sites
from consentgw.sites.model import origins

if TYPE_CHECKING:
    from consentgw.db import Unit
    from consentgw.demo.hosts import Addresses
    from consentgw.notices.files import Configuration
    from consentgw.notices.model import Tag


def seed(unit: Unit, addresses: Addresses) -> None:
    """Set up both partners; where they stand already, bring them to this port and change nothing else.

    Raises:
        Misconfigured: the database holds sites that are not the demo's.
    """
    partners = {partner.site.slug: partner for partner in configurations(addresses)}
    for known in sites.everyone(unit.connection):
        if known.slug not in partners or known.operator != partners[known.slug].site.operator:
            raise Misconfigured(f"the data folder holds {known.slug!r}, a site not of the demo: choose another folder")
    for partner in partners.values():
        _keep(unit, partner)


def configurations(addresses: Addresses) -> tuple[Configuration, ...]:
    """Return the shop and the news site as they are at these addresses."""
    described = folder("templates") / "demo"
    origin = {"shop": addresses.shop, "news": addresses.news}
    return tuple(
        replace(
            partner,
            site=replace(partner.site, origins=origins([origin[partner.site.slug]])),
            tags=tuple(_at_stand_in(tag, addresses.vendor) for tag in partner.tags),
        )
        for partner in (files.read(described / slug / "site.toml") for slug in origin)
    )


def _at_stand_in(tag: Tag, vendor: str) -> Tag:
    """Return a tag whose vendor is the stand-in: its real host becomes the first part of the path."""
    return replace(
        tag,
        addresses={kind: f"{vendor}/{address.removeprefix('https://')}" for kind, address in tag.addresses.items()},
    )


def _keep(unit: Unit, partner: Configuration) -> None:
    site = partner.site
    before = service.facts(site, *store.questions_of(unit.connection, site.slug))
    sites.keep(unit, site)
    service.configure(unit, site, partner.purposes, partner.tags)
    stands = before == service.facts(site, partner.purposes, partner.tags)
    if stands and policies.latest(unit.connection, site.slug):
        service.issue(unit, site)
    else:
        service.publish(unit, site, starter(site.languages))
