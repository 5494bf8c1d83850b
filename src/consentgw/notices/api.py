"""Operations on notices: what people are shown now, and what they were shown."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, Field

from consentgw.access.model import Scope
from consentgw.access.operations import Link, Part, operation
from consentgw.errors import NotFound
from consentgw.notices import store
from consentgw.sites import store as sites

if TYPE_CHECKING:
    from sqlalchemy import Connection
    from starlette.responses import Response

    from consentgw.access.calls import Call
    from consentgw.db import Database
    from consentgw.notices.store import Round

DIGEST = Part("digest", r"^[0-9a-f]{64}$", "SHA-256 of the notice's canonical JSON.", "0" * 64)


class NoticeLine(BaseModel):
    """A notice people are shown now."""

    digest: str
    language: str
    policy: str = Field(description="The policy version it asks under.", examples=["shop-2026-11-24"])
    purposes: list[str] = Field(description="What is asked for.", examples=[["analytics", "marketing"]])
    address: str = Field(description="Path of the page that shows it as it was shown.")
    covers: list[str] = Field(
        description="The sites for which the redirect flow asks with it at once; empty where it asks for this one."
    )


class Asked(BaseModel):
    """What people are shown now."""

    round: int = Field(description="Grows when everybody is asked again; zero before anybody is asked.")
    items: list[NoticeLine] = Field(
        description="The notice of each language, and where the site shares consent, the one it puts for all of them."
    )


class NoticeOut(BaseModel):
    """A notice as it was shown, however long ago."""

    digest: str
    issued_at: list[datetime] = Field(description="A wording may come back.")
    record: dict[str, Any] = Field(description="Everything that was shown; its canonical JSON has the digest.")


@dataclass(frozen=True, slots=True)
class NoticeApi:
    """``/v1/sites/{site}/notices``."""

    db: Database

    @operation(
        "GET /v1/sites/{site}/notices", tag="Notices", scope=Scope.NOTICES_READ, answers=Asked, tagged=True,
        links=(Link("read_notice", {"site": "site", "digest": "/items/0/digest"}),),
    )  # fmt: skip
    async def list_notices(self, call: Call) -> Response:
        """List the notices that people are shown now.

        One for each language; where the site shares consent, another that asks for all of the sites at once.
        """
        asked = await self.db.read(_asked, call.site)
        lines = [
            NoticeLine(
                digest=notice.digest,
                language=notice.language,
                policy=notice.policy.version,
                purposes=sorted(notice.asked),
                address=f"/notice/{notice.digest}",
                covers=[site.slug for site in notice.covers],
            )
            for notice in (*asked.current.values(), *asked.shared.values())
        ]
        return call.answer(Asked(round=asked.number, items=lines))

    @operation(
        "GET /v1/sites/{site}/notices/{digest}", tag="Notices", scope=Scope.NOTICES_READ, parts=(DIGEST,),
        answers=NoticeOut, tagged=True,
    )  # fmt: skip
    async def read_notice(self, call: Call) -> Response:
        """Read a notice as it was shown.

        The SHA-256 of the canonical JSON (RFC 8785) of its `record` is its digest.
        """
        found = await self.db.read(store.snapshot, call.parts["digest"])
        if found.notice.site != call.site:
            raise NotFound("no such notice")
        record = json.loads(found.document)
        return call.answer(NoticeOut(digest=found.digest, issued_at=list(found.issued_at), record=record))


def _asked(connection: Connection, slug: str) -> Round:
    sites.read(connection, slug)
    return store.latest(connection, slug, ())
