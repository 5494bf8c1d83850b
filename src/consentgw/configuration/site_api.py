"""Operations on sites: who embeds us, what they ask and what they load."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from pydantic import BaseModel, Field

from consentgw.access.model import Scope
from consentgw.access.operations import operation
from consentgw.http.paging import Page, Paged, next_page
from consentgw.sites import store as sites
from consentgw.sites.model import Style

if TYPE_CHECKING:
    from starlette.responses import Response

    from consentgw.access.calls import Call
    from consentgw.db import Database
    from consentgw.sites.model import Site


class SiteOut(BaseModel):
    """A site."""

    slug: str = Field(examples=["shop"])
    name: str
    origins: list[str] = Field(examples=[["https://shop.example"]])
    languages: list[str] = Field(description="The first is the default.", examples=[["kk", "ru", "en"]])
    profile: str = Field(description="The law profile.", examples=["kz"])
    style: Style
    validity_days: int = Field(description="How long an answer holds.")

    @classmethod
    def of(cls, site: Site) -> Self:
        """Show a site."""
        return cls(
            slug=site.slug,
            name=site.name,
            origins=sorted(site.origins),
            languages=list(site.languages),
            profile=site.profile,
            style=site.style,
            validity_days=site.validity.days,
        )


class Sites(Page[SiteOut]):
    """A page of sites."""


@dataclass(frozen=True, slots=True)
class SiteApi:
    """``/v1/sites``."""

    db: Database

    @operation("GET /v1/sites", tag="Sites", scope=Scope.SITES_READ, asks=Paged, answers=Sites)
    async def list_sites(self, call: Call, query: Paged) -> Response:
        """List sites, by name.

        A key of one site sees that site.
        """
        (after,) = query.place(str) or ("",)
        found = [site for site in await self.db.read(sites.everyone) if site.slug > after and call.key.sees(site.slug)]
        shown = found[: query.limit]
        more = next_page(call.path, query, shown[-1].slug) if len(found) > query.limit else None
        return call.listed(Sites(items=[SiteOut.of(site) for site in shown], next=more))

    @operation("GET /v1/sites/{site}", tag="Sites", scope=Scope.SITES_READ, answers=SiteOut)
    async def read_site(self, call: Call) -> Response:
        """Read a site."""
        return call.answer(SiteOut.of(await self.db.read(sites.read, call.site)))
