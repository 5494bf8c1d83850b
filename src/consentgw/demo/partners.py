"""The partners: static sites with the lines of ``consentgw site snippet`` in their pages, and nothing else of ours."""

from __future__ import annotations

from typing import TYPE_CHECKING

from consentgw.consents.views import snippet
from consentgw.demo.pages import Files, PartnerPage, file, home, text
from consentgw.resources import folder

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.responses import Response

    from consentgw.demo.hosts import Addresses
    from consentgw.notices.catalogue import Offer

_PAGES: Mapping[str, Mapping[str, str]] = {"shop": {"front": "", "tea": "tea/"}, "news": {"front": ""}}
"""The pages of each partner, with their place below the front page of a language."""


def partner(offer: Offer, addresses: Addresses) -> Files:
    """Return a partner's site, in every language it speaks."""
    slug = offer.site.slug
    files: dict[str, Response] = {
        f"/{found.name}": file(f"{slug}/{found.name}")
        for found in (folder("templates") / "demo" / slug).iterdir()
        if found.suffix in {".css", ".svg"}
    }
    for language in offer.site.languages:
        lines = snippet(offer.site, offer.notices[language], addresses.gateway)
        for name, place in _PAGES[slug].items():
            page = PartnerPage(
                language=language,
                name=f"{slug}/{name}",
                place=place,
                languages=offer.site.languages,
                snippet=lines,
                notice=offer.notices[language],
                addresses=addresses,
            )
            files[home(language, offer.site.languages) + place] = text(page)
    return Files(files)
