"""Operations on sites: who embeds us, what they ask and what they load.

A site is described as in ``site.toml``, name for name, and changed by the same verb.
"""

from __future__ import annotations

import json
import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from pydantic import AwareDatetime, BaseModel, Field

from consentgw.access.calls import Done, to_json
from consentgw.access.model import Scope
from consentgw.access.operations import Link, operation
from consentgw.configuration import service
from consentgw.configuration.model import Faulty, Source, Statement
from consentgw.configuration.reading import understand
from consentgw.configuration.shape import SiteFile, unfit
from consentgw.configuration.writing import site_file
from consentgw.errors import Conflict, Fault, Invalid, NotFound
from consentgw.http import conditions
from consentgw.http.bodies import Body, Line
from consentgw.http.paging import Page, Paged, next_page
from consentgw.http.problems import unquoted
from consentgw.notices import store as questions
from consentgw.notices.model import Basis
from consentgw.policies.model import Change
from consentgw.sites import store as sites
from consentgw.sites.model import Style

if TYPE_CHECKING:
    from sqlalchemy import Connection
    from starlette.responses import Response

    from consentgw.access.calls import Call
    from consentgw.db import Database, Unit
    from consentgw.notices.model import Purpose, Tag
    from consentgw.sites.model import Site

Language = Literal["kk", "ru", "en"]
_TEXTS = 300_000
"""Bytes of a body with a policy in every language."""


class SiteLine(BaseModel):
    """A site in a list."""

    slug: str = Field(examples=["shop"])
    name: str
    origins: list[str] = Field(examples=[["https://shop.example"]])
    languages: list[str] = Field(description="The first is the default.", examples=[["kk", "ru", "en"]])
    profile: str = Field(description="The law profile.", examples=["kz"])
    style: Style

    @classmethod
    def of(cls, site: Site) -> SiteLine:
        """Show a site."""
        return cls(
            slug=site.slug,
            name=site.name,
            origins=sorted(site.origins),
            languages=list(site.languages),
            profile=site.profile,
            style=site.style,
        )


class Sites(Page[SiteLine]):
    """A page of sites."""


class SiteOut(SiteFile):
    """A site, name for name as in `site.toml`."""


class PolicyWith(Body):
    """What the change of a site means for its policy."""

    change: Change = Field(description="`material` asks everybody again, `editorial` nobody.")
    reasons: dict[Language, Line] = Field(default={}, description="Why, for visitors, in each language of the site.")
    effective_from: AwareDatetime | None = Field(default=None, description="When it comes into force; at once if null.")


class SiteIn(SiteFile):
    """A site, name for name as in `site.toml`, with what the change means for its policy."""

    policy: PolicyWith | None = Field(
        default=None,
        description="Needed where the change makes the published policy say something else: its lists of purposes,"
        " recipients and cookies are written from the configuration.",
    )


class PurposeOut(BaseModel):
    """A purpose."""

    key: str = Field(examples=["analytics"])
    basis: Basis
    optional: bool = Field(description="Whether people are asked.")
    wording: dict[str, dict[str, str]] = Field(description="Title and sentence by language.")

    @classmethod
    def of(cls, purpose: Purpose) -> PurposeOut:
        """Show a purpose."""
        wording = {
            language: {"title": words.title, "sentence": words.sentence} for language, words in purpose.wording.items()
        }
        return cls(key=purpose.key, basis=purpose.basis, optional=purpose.optional, wording=wording)


class Purposes(BaseModel):
    """Every purpose of a site, in the order they are shown."""

    items: list[PurposeOut]


class CookieOut(BaseModel):
    """A cookie that a tag sets."""

    name: str
    lifetime_seconds: int = Field(description="Zero: until the browser is closed.")
    party: str = Field(description="`first` or `third`, seen from the site's page.")


class TagOut(BaseModel):
    """A tag: something a vendor loads for a purpose."""

    name: str = Field(examples=["google-analytics"])
    vendor: str
    purposes: list[str] = Field(description="Each of them must be granted.")
    country: str = Field(description="Of the recipient, ISO 3166-1 alpha-2.", examples=["US"])
    cookies: list[CookieOut]
    releases: list[str] = Field(
        description="Paths that lead to the vendor after a yes and nowhere before.",
        examples=[["/release/shop/google-analytics.gif"]],
    )

    @classmethod
    def of(cls, site: str, tag: Tag) -> TagOut:
        """Show a tag."""
        return cls(
            name=tag.name,
            vendor=tag.vendor,
            purposes=sorted(tag.purposes),
            country=tag.country,
            cookies=[
                CookieOut(name=cookie.name, lifetime_seconds=cookie.lifetime_seconds, party=cookie.party)
                for cookie in tag.cookies
            ],
            releases=sorted(f"/release/{site}/{tag.name}.{kind.value}" for kind in tag.addresses),
        )


class Tags(BaseModel):
    """Every tag of a site."""

    items: list[TagOut]


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
        return call.listed(Sites(items=[SiteLine.of(site) for site in shown], next=more))

    @operation(
        "GET /v1/sites/{site}", tag="Sites", scope=Scope.SITES_READ, answers=SiteOut, tagged=True,
        links=(Link("list_purposes", {"site": "site"}), Link("list_tags", {"site": "site"})),
    )  # fmt: skip
    async def read_site(self, call: Call) -> Response:
        """Read a site.

        It is described name for name as in `site.toml`: what you read here can be changed and sent back.
        """
        return call.answer(await self.db.read(_shown, call.site))

    @operation(
        "PUT /v1/sites/{site}", tag="Sites", scope=Scope.SITES_WRITE, takes=SiteIn, answers=SiteOut, limit=_TEXTS,
        conditional=True, creates=True, fails=(Conflict,), links=(Link("read_site", {"site": "site"}),),
    )  # fmt: skip
    async def put_site(self, call: Call, body: SiteIn) -> Response:
        """Change a site, or make one.

        To change it, send the `ETag` you read as `If-Match`. To make one, send `If-None-Match: *` with a key of the
        whole installation: it begins to ask at once, under our starter policy. Whatever publishes a policy, and making
        a site does, needs the scope `policies:publish` too.
        """
        if body.slug != call.site:
            raise Invalid(
                "the body is not what this operation takes", [Fault("#/slug", "is not the one in the address")]
            )
        source = _source(call, body)

        def put(unit: Unit) -> Done:
            made = _hold_still(unit.connection, call)
            try:
                outcome = service.apply(unit, [source])
            except Faulty as faulty:
                raise _invalid(faulty) from None
            if outcome.published:
                call.key.may(Scope.POLICIES_PUBLISH)
            status, location = (201, call.path) if made else (200, "")
            return Done(call.site, _shown(unit.connection, call.site), location=location, status=status)

        return await call.write(put)

    @operation("GET /v1/sites/{site}/purposes", tag="Sites", scope=Scope.SITES_READ, answers=Purposes, tagged=True)
    async def list_purposes(self, call: Call) -> Response:
        """List what a site asks for, in the order people see it."""
        purposes, _ = await self.db.read(_asked, call.site)
        return call.answer(Purposes(items=[PurposeOut.of(purpose) for purpose in purposes]))

    @operation("GET /v1/sites/{site}/tags", tag="Sites", scope=Scope.SITES_READ, answers=Tags, tagged=True)
    async def list_tags(self, call: Call) -> Response:
        """List what vendors load on a site after a yes.

        Each tag has its cookies and the addresses that release it.
        """
        _, tags = await self.db.read(_asked, call.site)
        return call.answer(Tags(items=[TagOut.of(call.site, tag) for tag in tags]))


def _shown(connection: Connection, slug: str) -> SiteOut:
    return SiteOut.model_validate(tomllib.loads(site_file(service.known(connection, slug))))


def _asked(connection: Connection, slug: str) -> tuple[tuple[Purpose, ...], tuple[Tag, ...]]:
    sites.read(connection, slug)
    return questions.questions_of(connection, slug)


def _hold_still(connection: Connection, call: Call) -> bool:
    """Make sure that the site is what the caller thinks it is; return whether it is to be made."""
    try:
        known = _shown(connection, call.site)
    except NotFound:
        conditions.expect_none(call.request)
        return True
    conditions.expect(call.request, conditions.tag_of(to_json(known)))
    return False


def _source(call: Call, body: SiteIn) -> Source:
    try:
        if strange := unfit(json.loads(call.body)):
            raise Faulty(strange)
        said = body.policy
        statement = said and Statement(said.change, {**said.reasons}, said.effective_from)
        return Source("the site", understand(body, call.db.clock().date()), statement=statement)
    except Faulty as faulty:
        raise _invalid(faulty) from None


def _invalid(faulty: Faulty) -> Invalid:
    faults = [Fault("#", unquoted(fault.removeprefix("the site: "))) for fault in faulty.faults[:20]]
    return Invalid("the site cannot be what is described", faults)
