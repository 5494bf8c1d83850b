"""Addresses for those who run the gateway, and for their load balancers."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import text

from consentgw.errors import Unavailable
from consentgw.http import surfaces
from consentgw.http.lane import Route

if TYPE_CHECKING:
    from sqlalchemy import Connection
    from starlette.requests import Request
    from starlette.responses import Response

    from consentgw.db import Database


@dataclass(frozen=True, slots=True)
class Operations:
    """``/health/live`` and ``/health/ready``."""

    db: Database

    def routes(self) -> tuple[Route, ...]:
        """Return the addresses."""
        return (
            Route("/health/live", self.live, surfaces.OPERATIONS),
            Route("/health/ready", self.ready, surfaces.OPERATIONS),
        )

    async def live(self, _: Request) -> Response:
        """Say that the process answers."""
        return _status("up", 200)

    async def ready(self, _: Request) -> Response:
        """Say whether answers can be kept and read: 503 while the database does not answer."""
        try:
            await self.db.read(_ask)
        except Unavailable:
            return _status("the database does not answer", 503)
        return _status("ready", 200)


def _ask(connection: Connection) -> None:
    connection.execute(text("SELECT 1"))


def _status(status: str, code: int) -> Response:
    return surfaces.OPERATIONS.answer(json.dumps({"status": status}).encode(), status=code)
