"""Notices for whoever holds a receipt: the question exactly as it was shown, however long ago."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from consentgw.errors import NotFound
from consentgw.http import surfaces
from consentgw.http.lane import Route
from consentgw.http.pages import render
from consentgw.notices import store
from consentgw.notices.views import NoticeView

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request
    from starlette.responses import Response

    from consentgw.db import Database
    from consentgw.notices.store import Snapshot

_DIGEST = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class NoticePages:
    """``/notice/{digest}`` and the record it is made from."""

    db: Database
    name_of: Callable[[str], str]
    """How a site calls itself now."""

    def routes(self) -> tuple[Route, ...]:
        """Return the addresses of notices."""
        return (
            Route("/notice/{digest}.json", self.record, surfaces.RECORD),
            Route("/notice/{digest}", self.show, surfaces.NOTICE),
        )

    async def show(self, request: Request) -> Response:
        """Show a notice in its own language.

        Raises:
            NotFound: no such notice was ever issued.
        """
        snapshot = await self._snapshot(request)
        body = render(NoticeView.of(snapshot, self.name_of(snapshot.notice.site))).encode()
        return surfaces.NOTICE.answer(body, (b"content-language", snapshot.notice.language.encode()))

    async def record(self, request: Request) -> Response:
        """Return the bytes whose SHA-256 is the notice's name.

        Raises:
            NotFound: no such notice was ever issued.
        """
        return surfaces.RECORD.answer((await self._snapshot(request)).document)

    async def _snapshot(self, request: Request) -> Snapshot:
        digest: str = request.path_params["digest"]
        if not _DIGEST.fullmatch(digest):
            raise NotFound("no notice has such a name")
        return await self.db.read(store.snapshot, digest)
