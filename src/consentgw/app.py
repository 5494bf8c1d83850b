"""The gateway as one ASGI app: every room is wired here, and every address can be read off this page."""

from __future__ import annotations

import asyncio
import gc
import logging
import time
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

from fastapi import FastAPI
from starlette.exceptions import HTTPException

from consentgw.consents.asking import Desk
from consentgw.consents.embed import Embed
from consentgw.consents.pages import Pages
from consentgw.consents.returns import Returns
from consentgw.consents.signals import Statements
from consentgw.consents.states import REFRESH_SECONDS, Changes, States
from consentgw.consents.tokens import Codes, Forms, StateCookie
from consentgw.db import open_database
from consentgw.db.database import utc_now
from consentgw.errors import NotFound, Unavailable
from consentgw.http.lane import Lane
from consentgw.http.operations import Operations
from consentgw.http.problems import describe
from consentgw.http.seals import Seal
from consentgw.http.statics import Statics
from consentgw.keys.model import derive
from consentgw.keys.pages import KeyPages
from consentgw.keys.signing import Signing, note_of
from consentgw.notices.catalogue import Catalogue
from consentgw.notices.pages import NoticePages
from consentgw.policies.pages import PolicyPages
from consentgw.settings import Settings
from consentgw.tags.pages import Gate
from consentgw.worker import Worker, steps

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable
    from datetime import datetime

    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.types import Receive, Scope, Send

    from consentgw.db import Database
    from consentgw.http.lane import Route

log = logging.getLogger(__name__)

_FORGET_SECONDS = 3600


class Gateway:
    """The app: visitors' lane in front, FastAPI behind. Opens the database when the server starts it."""

    def __init__(self, settings: Settings, clock: Callable[[], datetime] = utc_now) -> None:
        self.settings = settings
        self.catalogue = Catalogue()
        self.changes = Changes()
        self._clock = clock
        self._api = FastAPI(openapi_url=None, lifespan=self._lifespan)
        self._api.add_exception_handler(HTTPException, _nothing_here)
        self._lane = Lane((), self._api)

    @property
    def routes(self) -> tuple[Route, ...]:
        """Return the addresses of the visitors' lane; none before the server has started."""
        return self._lane.routes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or start and stop with the server."""
        await self._lane(scope, receive, send)

    @asynccontextmanager
    async def _lifespan(self, _: FastAPI) -> AsyncGenerator[None]:
        with open_database(self.settings, clock=self._clock) as db:
            await self._open(db)
            gc.collect()
            gc.freeze()  # what was made for starting stays for good: the collector need not walk it again and again
            watching = asyncio.create_task(self._watch(db))
            worker = Worker(db, steps(self.settings) if self.settings.worker_inside else ())
            working = asyncio.create_task(worker.run())
            try:
                yield
            finally:
                watching.cancel()
                with suppress(asyncio.CancelledError):
                    await watching
                worker.stop()
                await working

    async def _open(self, db: Database) -> None:
        secrets = self.settings.secrets()
        self.signing = signing = await db.write(Signing.begin, derive(secrets, "keys"), note_of(self.settings))
        forms = Forms(Seal(derive(secrets, "form")))
        codes = Codes(Seal(derive(secrets, "receipt-code")))
        cookie = StateCookie(Seal(derive(secrets, "state-cookie")))
        origin = self.settings.public_url
        desk = Desk(forms, origin)
        states = States(cookie, self.changes, origin, self.settings.adpc)
        await self.refresh(db)
        embed = Embed(db, self.catalogue, states, desk, forms, codes, signing)
        returns = Returns(Seal(derive(secrets, "return")), plain=origin.startswith("http:"))
        pages = Pages(db, self.catalogue, states, self.changes, desk, forms, codes, returns, signing)
        rooms = (
            embed,
            Gate(db, self.catalogue, states),
            pages,
            PolicyPages(db),
            NoticePages(db),
            Statements(self.catalogue, self.settings.adpc),
            KeyPages(db),
            Operations(db),
            Statics(),
        )
        self._lane = Lane([route for room in rooms for route in room.routes()], self._api)

    async def refresh(self, db: Database) -> None:
        """Take in what any process has recorded or configured since the last time."""
        await self.changes.refresh(db)
        await self.catalogue.refresh(db)
        await self.signing.refresh(db)

    async def _watch(self, db: Database) -> None:
        forgotten = time.monotonic()
        while True:
            await asyncio.sleep(REFRESH_SECONDS)
            try:
                await self.refresh(db)
            except Unavailable as error:
                log.warning("cannot read the ledger: %s", error)
            except Exception:
                log.exception("cannot take in what has changed")  # and look again: a gate must never go blind
            if time.monotonic() - forgotten > _FORGET_SECONDS:
                self.changes.forget(time.time())
                forgotten = time.monotonic()


def create_app(settings: Settings | None = None) -> Gateway:
    """Return the app for these settings, or for those of the environment."""
    return Gateway(settings or Settings.read())


async def _nothing_here(request: Request, _: Exception) -> Response:
    return describe(NotFound("no such address"), request)
