"""The gateway as one ASGI app: every room is wired here, and every address can be read off this page."""

from __future__ import annotations

import asyncio
import gc
import logging
import time
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any, Protocol

from fastapi import FastAPI
from starlette.exceptions import HTTPException

from consentgw import __version__
from consentgw.access.api import AccessApi
from consentgw.access.description import Described
from consentgw.access.description import describe as describe_api
from consentgw.access.keyring import Keyring
from consentgw.access.operations import Desk as CallDesk
from consentgw.access.operations import operations_of
from consentgw.access.pages import Description
from consentgw.access.routing import mount, routes_of
from consentgw.configuration.policy_api import PolicyApi
from consentgw.configuration.site_api import SiteApi
from consentgw.consents.api import ReceiptApi
from consentgw.consents.asking import Desk
from consentgw.consents.embed import Embed
from consentgw.consents.lines import Lines
from consentgw.consents.pages import Pages
from consentgw.consents.return_api import ReturnsApi
from consentgw.consents.returns import Returns
from consentgw.consents.signals import Statements
from consentgw.consents.states import REFRESH_SECONDS, Changes, States
from consentgw.consents.subjects import Pseudonyms
from consentgw.consents.tokens import Codes, Forms, StateCookie, StateText
from consentgw.db import Database, open_database
from consentgw.db.database import utc_now
from consentgw.db.sealing import Sealer
from consentgw.desk.pages import DeskPages
from consentgw.desk.people import PeoplePages
from consentgw.errors import Misconfigured, NotFound, Unavailable
from consentgw.http.lane import Lane
from consentgw.http.limits import Budget, Limits
from consentgw.http.logs import current
from consentgw.http.metrics import Metrics, Tallies
from consentgw.http.operations import Health, Operations
from consentgw.http.problems import describe, document
from consentgw.http.reference.pages import ReferencePages
from consentgw.http.seals import Seal
from consentgw.http.server import leaving
from consentgw.http.statics import Statics
from consentgw.keys import secret
from consentgw.keys.model import derive
from consentgw.keys.pages import KeyPages
from consentgw.keys.signing import Signing, note_of
from consentgw.notices.api import NoticeApi
from consentgw.notices.catalogue import Catalogue
from consentgw.notices.pages import NoticePages
from consentgw.operators.credentials import Passwords
from consentgw.operators.door import Door
from consentgw.operators.invitations import Invitations
from consentgw.operators.pages import DoorPages
from consentgw.operators.provider import Client, Provider
from consentgw.policies.pages import PolicyPages
from consentgw.registers.tally import Tally
from consentgw.settings import Settings
from consentgw.sites.grounds import Grounds
from consentgw.subject_requests.api import RequestApi
from consentgw.subject_requests.hold_api import HoldApi
from consentgw.subject_requests.office import open_office
from consentgw.subject_requests.pages import RequestPages
from consentgw.subject_requests.task_api import TaskApi
from consentgw.subject_requests.tokens import RequestForms
from consentgw.tags.pages import Gate
from consentgw.webhooks.api import WebhookApi
from consentgw.webhooks.description import describe as describe_webhooks
from consentgw.worker import Worker, backlog, steps, transfers

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Container, Iterable
    from datetime import datetime

    from fastapi.telemetry import TelemetryConfig
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.types import Receive, Scope, Send

    from consentgw.access.operations import Bound
    from consentgw.http.lane import Route
    from consentgw.http.traces import Traces

log = logging.getLogger(__name__)

_FORGET_SECONDS = 3600
_SILENT: TelemetryConfig = {
    "tracing": False,
    "metrics": False,
    "logs": False,
    "operation_spans": False,
    "auto_configure": False,
}
"""FastAPI's own telemetry writes the query of every address into its spans."""


class Room(Protocol):
    """Something with addresses."""

    def routes(self) -> tuple[Route, ...]:
        """Return them."""
        ...


class Gateway:
    """The app: visitors' lane in front, then the API's, FastAPI behind. Opens the database when a server starts it."""

    def __init__(self, settings: Settings, clock: Callable[[], datetime] = utc_now) -> None:
        self.settings = settings
        self.catalogue = Catalogue()
        self.changes = Changes()
        self.keyring = Keyring()
        self.tallies = Tallies() if settings.metrics else None
        self.traces = _begin_traces() if settings.traces else None
        self.health = Health(
            lag=lambda: time.monotonic() - self.changes.read_at,
            signs=lambda: self.signing.unreadable is None,
        )
        self.limits = Limits(settings.limits_url.get_secret_value())
        self._tally = Tally()
        self._clock = clock
        self._forgotten = time.monotonic()
        self._api = FastAPI(
            title="consentgw",
            version=__version__,
            openapi_url=None,
            docs_url=None,
            redoc_url=None,
            redirect_slashes=False,
            telemetry=_SILENT,
            lifespan=self._lifespan,
        )
        self._api.add_exception_handler(HTTPException, self._nothing_here)
        self._operations = Lane((), self._api)
        self._lane = Lane((), self._operations)
        self._front = Grounds(self._lane, lambda: self.catalogue.grounds)

    @property
    def routes(self) -> tuple[Route, ...]:
        """Return the addresses of the visitors' lane; none before the server has started."""
        return self._lane.routes

    @property
    def operations(self) -> tuple[Route, ...]:
        """Return the addresses of the API."""
        return self._operations.routes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or start and stop with the server."""
        if scope["type"] == "http":
            current.set(scope)
        await self._front(scope, receive, send)

    @asynccontextmanager
    async def _lifespan(self, _: FastAPI) -> AsyncGenerator[None]:
        with open_database(self.settings, clock=self._clock) as db:
            await self._open(db)
            gc.collect()
            gc.freeze()  # what was made for starting stays for good: the collector need not walk it again and again
            gc.set_threshold(2_000)  # as Python 3.13 has it: a request makes many objects and hardly a circle
            watching = asyncio.create_task(self._watch(db))
            counting = transfers(self._tally, db)  # in this process, wherever the rest of the work is done
            worker = Worker(db, (counting, *(steps(self.settings) if self.settings.worker_inside else ())))
            working = asyncio.create_task(worker.run())
            try:
                with leaving(self.settings.stop_delay_seconds, self._about_to_stop):
                    yield
            finally:
                watching.cancel()
                with suppress(asyncio.CancelledError):
                    await watching
                worker.stop()
                await working
                if self.traces is not None:
                    await asyncio.to_thread(self.traces.close)

    async def _open(self, db: Database) -> None:
        await db.read(secret.check, self.settings)
        secrets = self.settings.secrets()
        await db.write(secret.remember, secrets)
        try:
            await db.read(secret.miss, secrets)
        except Misconfigured as error:  # one may be lost for good, and consent goes on without it
            log.warning("%s", error)
        self.signing = signing = await db.write(Signing.begin, derive(secrets, "keys"), note_of(self.settings))
        self._pseudonyms = Pseudonyms(derive(secrets, "identifier"))
        forms = Forms(Seal(derive(secrets, "form")))
        codes = Codes(Seal(derive(secrets, "receipt-code")))
        cookie = StateCookie(Seal(derive(secrets, "state-cookie")))
        handed = StateText(Seal(derive(secrets, "handed-state")))
        origin = self.settings.public_url
        desk = Desk(forms, origin)
        states = States(cookie, handed, self.changes, origin, self.settings.adpc)
        await self.refresh(db)
        embed = Embed(db, self.catalogue, states, desk, forms, codes, signing)
        returns = Returns(Seal(derive(secrets, "return")), plain=origin.startswith("http:"))
        pages = Pages(db, self.catalogue, states, self.changes, desk, forms, codes, returns, signing)
        rooms = (
            embed,
            Gate(db, self.catalogue, states, self._tally),
            pages,
            Lines(self.catalogue, origin),
            PolicyPages(db, self.catalogue.name),
            NoticePages(db, self.catalogue.name),
            Statements(self.catalogue, self.settings.adpc),
            self._requests(db),
            KeyPages(db),
            Operations(db, self.health),
            Statics(),
            *self._open_api(db, states),
            *self._open_desk(db, secrets),
        )
        if self.tallies is not None:
            rooms += (Metrics(db, self.tallies, self.health.lag, lambda found: backlog(found, db.clock())),)
        addresses = [route for room in rooms for route in room.routes()]
        self._lane = Lane(addresses, self._operations, describe, self.tallies, self.traces, self._sites)
        self._front = Grounds(self._lane, lambda: self.catalogue.grounds)

    def _requests(self, db: Database) -> RequestPages:
        """Set up the pages where people ask about their data."""
        return RequestPages(
            db,
            self.catalogue,
            self.changes,
            self.signing,
            open_office(self.settings),
            RequestForms(Seal(derive(self.settings.secrets(), "request-form"))),
            self.limits,
            self.settings.public_url,
        )

    def _open_api(self, db: Database, states: States) -> tuple[Room, ...]:
        """Set up the operations of the API and return the pages that describe them."""
        budget = Budget("calls", self.settings.calls_per_minute, 60)
        desk = CallDesk(db, self.keyring, self.limits, budget, self.settings.public_url)
        sealer = Sealer(derive(self.settings.secrets(), "webhooks"))
        rooms = (
            SiteApi(db),
            PolicyApi(db),
            NoticeApi(db),
            ReturnsApi(self.catalogue, states),
            ReceiptApi(db, self.catalogue, self._pseudonyms, self.signing, self.settings.public_url),
            RequestApi(db, open_office(self.settings)),
            HoldApi(db, open_office(self.settings)),
            WebhookApi(db, sealer, to_loopback=self.settings.webhooks_to_loopback),
            TaskApi(db, open_office(self.settings)),
            AccessApi(db, self.keyring, self._processors),
        )
        operations = [operation for room in rooms for operation in operations_of(room)]
        routes = routes_of(desk, operations)
        self._operations = Lane(routes, self._api, desk.refuse, self.tallies, self.traces, self._sites)
        self.described = Described(lambda: self._describe(operations))
        pages = Description(self.described), ReferencePages(self.described, self.settings.public_url)
        return pages if self.settings.docs else ()

    def _describe(self, operations: Iterable[Bound]) -> dict[str, Any]:
        """Make the OpenAPI document."""
        origin = self.settings.public_url
        mount(self._api, origin, operations)
        describe_webhooks(self._api, origin)
        return describe_api(self._api, origin)

    def _open_desk(self, db: Database, secrets: tuple[bytes, ...]) -> tuple[Room, ...]:
        """Return the pages of the operators."""
        settings = self.settings
        door = Door(db, Seal(derive(secrets, "desk-form")), settings.public_url)
        client = Client(settings.oidc_issuer, settings.oidc_client_id, settings.oidc_client_secret.get_secret_value())
        provider = Provider(client, settings.public_url, derive(secrets, "oidc")) if client.issuer else None
        invitations = Invitations(derive(secrets, "invitations"))
        sealer = Sealer(derive(secrets, "authenticators"))
        return (
            DoorPages(db, door, sealer, invitations, Passwords(), provider, self.limits),
            PeoplePages(db, door, invitations, settings.public_url),
            DeskPages(db, door, open_office(settings)),
        )

    async def _nothing_here(self, request: Request, _: Exception) -> Response:
        """Answer for an address that nobody knows."""
        known = NotFound("no such address")
        if request.scope["path"].startswith("/v1/"):
            return document(known, self.settings.public_url)
        return describe(known, request)

    def _processors(self) -> dict[str, frozenset[str]]:
        """Return the names of the sites, each with its processors'."""
        sites = (offer.site for offer in self.catalogue.offers.values())
        return {site.slug: frozenset(one.key for one in site.processors) for site in sites}

    def _sites(self) -> Container[str]:
        return self.catalogue.offers

    def _about_to_stop(self) -> None:
        self.health.stopping = True

    async def refresh(self, db: Database) -> None:
        """Take in what any process has recorded or configured since the last time."""
        await self.changes.refresh(db)
        await self._take_in(db)

    async def _take_in(self, db: Database) -> None:
        await self.catalogue.refresh(db)
        await self.signing.refresh(db)
        await self.keyring.refresh(db)
        if time.monotonic() - self._forgotten > _FORGET_SECONDS:
            self.changes.forget(time.time())
            self._forgotten = time.monotonic()

    async def _watch(self, db: Database) -> None:
        """Look several times a second; for withdrawals by themselves, so that nothing else keeps the gate from them."""
        async with asyncio.TaskGroup() as group:
            group.create_task(_again(self.changes.refresh, db, "read what was recorded"))
            group.create_task(_again(self._take_in, db, "take in what was configured"))
            group.create_task(_again(Database.try_again, db, "try to keep something"))


async def _again(look: Callable[[Database], Awaitable[None]], db: Database, what: str) -> None:
    """Look again and again, whatever comes of it; the log hears when it begins to fail and when that has ended."""
    well = True
    while True:
        await asyncio.sleep(REFRESH_SECONDS)
        try:
            await look(db)
        except Exception as error:  # and look again: a gate must never go blind
            if well and isinstance(error, Unavailable):
                log.error("cannot %s: %s", what, error)  # noqa: TRY400  foreseen: the database is away
            elif well:
                log.exception("cannot %s", what)
            well = False
        else:
            if not well:
                log.warning("can %s again", what)
            well = True


def _begin_traces() -> Traces:
    try:
        from consentgw.http.traces import Traces
    except ModuleNotFoundError:
        raise Misconfigured('CONSENTGW_TRACES needs its libraries: pip install "consentgw[otel]"') from None
    return Traces.begin()


def create_app(settings: Settings | None = None) -> Gateway:
    """Return the app for these settings, or for those of the environment."""
    return Gateway(settings or Settings.read())
