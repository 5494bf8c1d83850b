"""Operations on policies: the versions that were published, the draft of the next one, and publishing it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Literal

import rfc8785
from pydantic import AwareDatetime, BaseModel, Field

from consentgw.access.calls import Done, to_json
from consentgw.access.model import Scope
from consentgw.access.operations import Link, Part, operation
from consentgw.errors import Conflict, Fault, Invalid, Malformed, NotFound
from consentgw.http import conditions
from consentgw.http.bodies import Body, Line, Prose
from consentgw.http.paging import Page, Paged, next_page
from consentgw.http.problems import unquoted
from consentgw.notices import service as notices
from consentgw.notices import store as questions
from consentgw.policies import service as policies
from consentgw.policies import store as versions
from consentgw.policies.findings import Finding, Severity, Unpublishable
from consentgw.policies.model import VERSION, Change
from consentgw.policies.standing import Standing, places
from consentgw.sites import store as sites

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Connection
    from starlette.responses import Response

    from consentgw.access.calls import Call
    from consentgw.db import Database, Unit
    from consentgw.policies.model import PolicyVersion
    from consentgw.policies.standing import Place
    from consentgw.sites.model import Site

Language = Literal["kk", "ru", "en"]
Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$", examples=["0" * 64])]
NAME = Part("version", f"^{VERSION.pattern}$", "The version's name.", "shop-2026-11-24")
_TEXTS = 300_000
"""Bytes of a body with a text in every language."""


class VersionLine(BaseModel):
    """A published version in a list."""

    version: str = Field(examples=["shop-2026-11-24"])
    digest: str = Field(description="SHA-256 of its canonical JSON (RFC 8785), in hexadecimal.")
    predecessor: str | None = Field(description="Digest of the version it took over from.")
    standing: Standing
    published_at: datetime
    effective_from: datetime

    @classmethod
    def of(cls, place: Place) -> VersionLine:
        """Show where a version stands."""
        entry = place.entry
        return cls(
            version=entry.version,
            digest=entry.digest,
            predecessor=entry.predecessor,
            standing=place.standing,
            published_at=entry.published_at,
            effective_from=entry.effective_from,
        )


class Versions(Page[VersionLine]):
    """A page of published versions."""


class TextOut(BaseModel):
    """What a version says in one language."""

    title: str
    source: str = Field(description="Markdown, every place filled.")
    digest: str


class VersionOut(VersionLine):
    """A published version."""

    change: Change
    reasons: dict[str, str] = Field(description="Why the version before was changed, by language.")
    texts: dict[str, TextOut]
    address: str = Field(description="Path of its page for visitors.", examples=["/policy/shop-2026-11-24"])

    @classmethod
    def whole(cls, place: Place, policy: PolicyVersion) -> VersionOut:
        """Show a version."""
        texts = {
            language: TextOut(title=text.title, source=text.source, digest=text.digest)
            for language, text in policy.texts.items()
        }
        return cls(
            **VersionLine.of(place).model_dump(),
            change=policy.change,
            reasons=dict(policy.reasons),
            texts=texts,
            address=f"/policy/{policy.version}",
        )


class FindingOut(BaseModel):
    """Something to mend before publishing, or worth a look."""

    rule: str
    severity: Severity
    language: str = Field(description="Empty where it concerns every language.")
    line: int = Field(description="Of the text; zero where no line is to blame.")
    says: str
    remedy: str

    @classmethod
    def of(cls, finding: Finding) -> FindingOut:
        """Show a finding."""
        return cls(
            rule=finding.rule,
            severity=finding.severity,
            language=finding.language,
            line=finding.line,
            says=finding.says,
            remedy=finding.remedy,
        )


class DraftOut(BaseModel):
    """The draft of the next version."""

    digest: str = Field(description="Names exactly these texts; publishing asks for it.")
    kept: bool = Field(description="False where nobody has begun: then it is what the last version was made from.")
    texts: dict[str, str] = Field(description="Markdown with its `[[places]]` open, by language.")
    findings: list[FindingOut] = Field(description="What the law lint and the structure say of it today.")


class DraftIn(Body):
    """The draft of the next version."""

    texts: dict[Language, Prose] = Field(min_length=1, description="Markdown with its `[[places]]`, by language.")


class PublishIn(Body):
    """What the next version changes, in words for visitors."""

    draft: Digest = Field(description="Digest of the draft you have read: nothing else is published.")
    change: Change = Field(description="`material` asks everybody again, `editorial` nobody.")
    reasons: dict[Language, Line] = Field(
        default={},
        description="Why, in each language of the site; a material change has them.",
        examples=[{"kk": "Жаңа қызмет қосылды.", "ru": "Добавлен новый сервис.", "en": "A new service was added."}],
    )
    effective_from: AwareDatetime | None = Field(default=None, description="When it comes into force; at once if null.")


@dataclass(frozen=True, slots=True)
class PolicyApi:
    """``/v1/sites/{site}/policies`` and ``/v1/sites/{site}/policy-draft``."""

    db: Database

    @operation("GET /v1/sites/{site}/policies", tag="Policies", scope=Scope.POLICIES_READ, asks=Paged, answers=Versions)
    async def list_policies(self, call: Call, query: Paged) -> Response:
        """List the published versions of a site's policy, the newest first."""
        newest = (await self.db.read(_places, call.site, self.db.clock()))[::-1]
        (after,) = query.place(str) or (None,)
        names = [place.entry.version for place in newest]
        begin = names.index(after) + 1 if after in names else 0
        shown = newest[begin : begin + query.limit]
        rest = len(newest) > begin + query.limit
        more = next_page(call.path, query, shown[-1].entry.version) if rest else None
        return call.listed(Versions(items=[VersionLine.of(place) for place in shown], next=more))

    @operation(
        "GET /v1/sites/{site}/policies/{version}", tag="Policies", scope=Scope.POLICIES_READ, parts=(NAME,),
        answers=VersionOut, tagged=True,
    )  # fmt: skip
    async def read_policy(self, call: Call) -> Response:
        """Read a published version.

        Its texts never change; where it stands does.
        """
        return call.answer(await self.db.read(_version, call.site, call.parts["version"], self.db.clock()))

    @operation(
        "GET /v1/sites/{site}/policy-draft", tag="Policies", scope=Scope.POLICIES_READ, answers=DraftOut, tagged=True,
        links=(Link("put_policy_draft", {"site": "site"}), Link("publish_policy", {"site": "site"})),
    )  # fmt: skip
    async def read_policy_draft(self, call: Call) -> Response:
        """Read the draft of the next version, with what is wrong with it."""
        return call.answer(await self.db.read(_draft, call.site, self.db.clock()))

    @operation(
        "PUT /v1/sites/{site}/policy-draft", tag="Policies", scope=Scope.POLICIES_WRITE, takes=DraftIn,
        answers=DraftOut, conditional=True, limit=_TEXTS, links=(Link("publish_policy", {"site": "site"}),),
    )  # fmt: skip
    async def put_policy_draft(self, call: Call, body: DraftIn) -> Response:
        """Replace the draft of the next version.

        Nothing of it is shown to visitors before it is published. A draft with findings is kept all the same.
        """

        def put(unit: Unit) -> Done:
            now = _draft(unit.connection, call.site, unit.now)
            conditions.expect(call.request, conditions.tag_of(to_json(now)))
            versions.keep_working_draft(unit, call.site, {**body.texts})
            return Done(call.site, _draft(unit.connection, call.site, unit.now))

        return await call.write(put)

    @operation(
        "POST /v1/sites/{site}/policies", tag="Policies", scope=Scope.POLICIES_PUBLISH, takes=PublishIn,
        answers=VersionOut, status=201, fails=(Conflict,),
        links=(Link("read_policy", {"site": "site", "version": "/version"}),),
    )  # fmt: skip
    async def publish_policy(self, call: Call, body: PublishIn) -> Response:
        """Publish the draft as the next version.

        From when it is in force people are asked under it. What is published is never changed, and what the last
        version says already is not published again.
        """

        def publish(unit: Unit) -> Done:
            texts, _ = _texts(unit.connection, sites.read(unit.connection, call.site))
            if _digest(texts) != body.draft:
                raise Conflict("the draft is another by now; read it again")
            version = _publish(unit, call.site, texts, body)
            versions.forget_working_draft(unit, call.site)
            shown = _version(unit.connection, call.site, version.version, unit.now)
            return Done(version.version, shown, location=f"{call.path}/{version.version}")

        return await call.write(publish)


def _publish(unit: Unit, slug: str, texts: Mapping[str, str], body: PublishIn) -> PolicyVersion:
    try:
        return notices.publish(
            unit,
            sites.read(unit.connection, slug),
            texts,
            change=body.change,
            reasons={**body.reasons},
            effective_from=body.effective_from,
        )
    except Unpublishable as error:
        faults = [Fault("#/draft", unquoted(str(finding))) for finding in error.findings[:20]]
        raise Invalid("the draft cannot be published", faults) from None
    except Malformed as error:
        raise Invalid("the draft cannot be published so", [Fault("#", unquoted(str(error)))]) from None


def _places(connection: Connection, slug: str, now: datetime) -> tuple[Place, ...]:
    sites.read(connection, slug)
    return places(versions.chain(connection, slug), now)


def _version(connection: Connection, slug: str, name: str, now: datetime) -> VersionOut:
    place = next((place for place in _places(connection, slug, now) if place.entry.version == name), None)
    if place is None:
        raise NotFound("no such version")
    return VersionOut.whole(place, versions.version(connection, name))


def _texts(connection: Connection, site: Site) -> tuple[dict[str, str], bool]:
    """Return the texts to go on from, and whether somebody has begun."""
    kept = versions.working_draft(connection, site.slug)
    if kept is not None:
        return kept, True
    latest = versions.latest(connection, site.slug)
    return (versions.drafts_of(connection, latest.version) if latest else policies.starter(site.languages)), False


def _draft(connection: Connection, slug: str, now: datetime) -> DraftOut:
    site = sites.read(connection, slug)
    texts, kept = _texts(connection, site)
    facts = notices.facts(site, *questions.questions_of(connection, slug))
    findings = policies.compose(site, texts, facts, now.date()).findings
    return DraftOut(
        digest=_digest(texts), kept=kept, texts=texts, findings=[FindingOut.of(finding) for finding in findings]
    )


def _digest(texts: Mapping[str, str]) -> str:
    return hashlib.sha256(rfc8785.dumps(dict(texts))).hexdigest()
