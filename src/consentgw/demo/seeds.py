"""What the demo's sites are, ask and load: their folders, brought to this machine and applied."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from consentgw import __version__
from consentgw.access import service as keys
from consentgw.access import store as access
from consentgw.access.model import Scope
from consentgw.configuration.model import Statement
from consentgw.configuration.reading import read_folder
from consentgw.configuration.service import apply
from consentgw.errors import Misconfigured
from consentgw.policies.model import Change
from consentgw.resources import folder
from consentgw.sites import store as sites
from consentgw.sites.model import origins

if TYPE_CHECKING:
    from consentgw.configuration.model import Source
    from consentgw.db import Unit
    from consentgw.demo.hosts import Addresses
    from consentgw.notices.model import Tag
    from consentgw.sites.model import Site

_KEY = "the demo's own server"
_RENEWED = Statement(
    Change.MATERIAL,
    {
        "kk": f"Көрсетілім жаңарды, нұсқасы {__version__}.",
        "ru": f"Демонстрация обновлена до версии {__version__}.",
        "en": f"The demonstration was renewed with version {__version__}.",
    },
)
"""What a folder kept from an earlier version of the demo says of its new text."""


def seed(unit: Unit, addresses: Addresses) -> None:
    """Set up the partners; where they stand already, bring them to this port and change nothing else.

    Raises:
        Misconfigured: the database holds sites that are not the demo's.
    """
    partners = {partner.slug: partner for partner in partners_at(addresses)}
    for known in sites.everyone(unit.connection):
        operator = partners[known.slug].configuration.site.operator if known.slug in partners else None
        if known.operator != operator:
            raise Misconfigured(f"the data folder holds {known.slug!r}, a site not of the demo: choose another folder")
    apply(unit, tuple(partners.values()))


def partners_at(addresses: Addresses) -> tuple[Source, ...]:
    """Return what the folders of the sites say, at these addresses.

    Two things are other than in the folders, for nothing of the demo leaves this machine: the partners live on
    localhost, and the vendors' addresses lead to the stand-in.
    """
    origin = {"shop": addresses.shop, "news": addresses.news, "club": addresses.club, "cafe": addresses.cafe}
    return tuple(
        replace(
            partner,
            statement=_RENEWED,
            configuration=replace(
                partner.configuration,
                site=_at(partner.configuration.site, origin[partner.slug]),
                tags=tuple(_at_stand_in(tag, addresses.vendor) for tag in partner.configuration.tags),
            ),
        )
        for partner in read_folder(folder("templates") / "demo")
    )


def key_of(unit: Unit, slug: str) -> str:
    """Return a fresh key for a partner's own server; the one of an earlier start is revoked."""
    for old in access.keys(unit.connection, slug):
        if old.name == _KEY and old.live(unit.now):
            keys.revoke(unit, old.id)
            keys.note(unit, keys.CLI, "revoke_key", slug, old.id)
    made = keys.create(unit, _KEY, frozenset({Scope.RECEIPTS_READ, Scope.STANDING_READ}), site=slug)
    keys.note(unit, keys.CLI, "create_key", slug, made.key.id)
    return made.text


def _at(site: Site, origin: str) -> Site:
    """Return a site that lives here: its one origin becomes another."""
    (theirs,) = site.origins
    returns = {name: origin + address.removeprefix(theirs) for name, address in site.returns.items()}
    return replace(site, origins=origins([origin]), returns=returns)


def _at_stand_in(tag: Tag, vendor: str) -> Tag:
    """Return a tag whose vendor is the stand-in: its real host becomes the first part of the path."""
    return replace(
        tag,
        addresses={kind: f"{vendor}/{address.removeprefix('https://')}" for kind, address in tag.addresses.items()},
    )
