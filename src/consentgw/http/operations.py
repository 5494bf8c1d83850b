"""Addresses for those who run the gateway, and for their load balancers."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from consentgw.db import migrations
from consentgw.errors import Unavailable
from consentgw.http import surfaces
from consentgw.http.lane import Route

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy import Connection
    from starlette.requests import Request
    from starlette.responses import Response

    from consentgw.db import Database

LAG_SECONDS = 5.0
"""How old our view of the ledger may be; the gate itself is closed long before."""
PATIENCE_SECONDS = 2.0
"""How long the database may take to say who it is; who asks us gives up soon after (docker-compose.yml: three)."""
SKEW_SECONDS = 60.0
"""How far our clock may be from the database's: tokens and receipts carry the time."""


@dataclass(slots=True)
class Health:
    """What the process knows of itself."""

    lag: Callable[[], float]
    """Seconds since it last took in what other processes had recorded."""
    signs: Callable[[], bool]
    """Whether it can open the newest key."""
    stopping: bool = False
    """Whether it is about to stop: load balancers are to look away first."""


@dataclass(frozen=True, slots=True)
class Operations:
    """``/health/live`` and ``/health/ready``."""

    db: Database
    health: Health

    def routes(self) -> tuple[Route, ...]:
        """Return the addresses."""
        return (
            Route("/health/live", self.live, surfaces.OPERATIONS),
            Route("/health/ready", self.ready, surfaces.OPERATIONS),
        )

    async def live(self, _: Request) -> Response:
        """Say that the process answers."""
        return _answer({"status": "up"}, 200)

    async def ready(self, _: Request) -> Response:
        """Say whether answers can be kept, signed and read, or what stands in the way: then 503."""
        lag = round(self.health.lag(), 3)
        problem = next(self._known(lag), None)
        found: dict[str, Any] = {}
        if problem is None:
            try:
                async with asyncio.timeout(PATIENCE_SECONDS):
                    found = await self.db.read(_look)
            except (Unavailable, TimeoutError):
                return _answer({"status": "the database does not answer"}, 503)
            problem = next(_found(found), None)
        return _answer({"status": problem or "ready", **found, "log_lag_seconds": lag}, 503 if problem else 200)

    def _known(self, lag: float) -> Iterator[str]:
        """Say what is known to be wrong without asking the database, which may be what does not answer."""
        if self.health.stopping:
            yield "the process is about to stop"
        if self.db.writer.failing:
            yield "answers cannot be kept"
        if not self.health.signs():
            yield "the newest signing key was sealed under a secret that this process was not given"
        if lag > LAG_SECONDS:
            yield "what other processes record is not taken in"


def _found(found: dict[str, Any]) -> Iterator[str]:
    """Say what is wrong with the database that answered."""
    if found["schema"] != migrations.head():
        yield "the database has the schema of another version"
    if abs(found["clock_skew_seconds"]) > SKEW_SECONDS:
        yield "the clock differs from the database's"


def _look(connection: Connection) -> dict[str, Any]:
    """Ask the database who it is, what schema it has and what time it is."""
    schema = connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one()
    if connection.dialect.name == "sqlite":
        return {"database": f"SQLite {sqlite3.sqlite_version}", "schema": schema, "clock_skew_seconds": 0.0}
    version, now = connection.execute(
        text("SELECT current_setting('server_version'), extract(epoch FROM clock_timestamp())")
    ).one()
    skew = round(time.time() - float(now), 3)
    return {"database": f"PostgreSQL {version}", "schema": schema, "clock_skew_seconds": skew}


def _answer(said: dict[str, Any], status: int) -> Response:
    return surfaces.OPERATIONS.answer(json.dumps(said).encode(), status=status)
