"""What the demo's two partners are, ask and load: their folders, brought to this machine and applied."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from consentgw import __version__
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
    """Set up both partners; where they stand already, bring them to this port and change nothing else.

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
    """Return what the folders of the shop and the news site say, at these addresses.

    Two things are other than in the folders, for nothing of the demo leaves this machine: the partners live on
    localhost, and the vendors' addresses lead to the stand-in.
    """
    origin = {"shop": addresses.shop, "news": addresses.news}
    return tuple(
        replace(
            partner,
            statement=_RENEWED,
            configuration=replace(
                partner.configuration,
                site=replace(partner.configuration.site, origins=origins([origin[partner.slug]])),
                tags=tuple(_at_stand_in(tag, addresses.vendor) for tag in partner.configuration.tags),
            ),
        )
        for partner in read_folder(folder("templates") / "demo")
    )


def _at_stand_in(tag: Tag, vendor: str) -> Tag:
    """Return a tag whose vendor is the stand-in: its real host becomes the first part of the path."""
    return replace(
        tag,
        addresses={kind: f"{vendor}/{address.removeprefix('https://')}" for kind, address in tag.addresses.items()},
    )
