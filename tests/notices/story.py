"""A shop that asks, and the people who answer it: what tests of several rooms begin from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from consentgw.consents import service as consents
from consentgw.consents.identifiers import uuid7
from consentgw.consents.model import Channel, Held, Method, Source
from consentgw.consents.receipt import Evidence
from consentgw.keys import service as keys
from consentgw.keys.model import derive
from consentgw.notices import service as notices
from consentgw.notices.model import Cookie, Kind, Tag
from consentgw.notices.wording import usual
from consentgw.sites import store as sites
from tests.conftest import SECRET
from tests.policies.shop import SHOP, draft

if TYPE_CHECKING:
    from uuid import UUID

    from consentgw.db import Unit
    from consentgw.keys.model import Signer
    from consentgw.notices.model import Notice
    from consentgw.sites.model import Site

WRAPPING = derive((SECRET.encode(),), "keys")
PURPOSES = (usual("necessary"), usual("analytics"), usual("marketing"))
ANALYTICS = Tag(
    name="ga",
    vendor="Google Analytics",
    purposes=frozenset({"analytics"}),
    addresses={Kind.SCRIPT: "https://www.googletagmanager.com/gtag/js?id=G-1"},
    country="US",
    cookies=(Cookie("_ga", 63_072_000, "first"),),
)
PIXEL = Tag(
    name="pixel",
    vendor="Meta Pixel",
    purposes=frozenset({"marketing"}),
    addresses={Kind.IMAGE: "https://www.facebook.com/tr?id=1&z=${CACHEBUSTER}"},
    country="US",
)
TAGS = (ANALYTICS, PIXEL)


def drafts(site: Site, words: str = "We keep what is needed.") -> dict[str, str]:
    """Return a short policy in every language of a site."""
    return {language: draft(f"1.1. {words}") for language in site.languages}


def open_shop(unit: Unit, site: Site = SHOP) -> Site:
    """Add a site that asks about analytics and marketing under a short policy."""
    sites.keep(unit, site)
    notices.configure(unit, site, PURPOSES, TAGS)
    notices.publish(unit, site, drafts(site))
    return site


def signer(unit: Unit) -> Signer:
    """Return the key that signs receipts."""
    return keys.ensure(unit, WRAPPING)


def answer(
    notice: Notice,
    method: Method = Method.ACCEPT_ALL,
    ticked: tuple[str, ...] = (),
    *,
    site: Site = SHOP,
    previous: Held | None = None,
    receipt: UUID | None = None,
) -> consents.Answer:
    """Return what a person answers on the site's page."""
    return consents.Answer(
        receipt=receipt or uuid7(),
        site=site,
        notice=notice,
        method=method,
        ticked=ticked,
        channel=Channel.INLINE,
        source=Source.GIVEN_BY_PERSON,
        evidence=Evidence(origin="https://shop.example", fetch_site="cross-site", gpc=False),
        previous=previous,
    )
