"""The worker: one loop that does what nobody waits for.

Every step runs by itself, over and over, in short units of work; what one of them cannot do stops no other. It runs
inside ``consentgw serve``, or alone as ``consentgw worker``, in as many processes as one likes.
"""

from __future__ import annotations

import asyncio
import logging
import logging.config
import signal
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from consentgw.access import idempotency as replies
from consentgw.consents import returns
from consentgw.consents import service as consents
from consentgw.db import marks, open_database
from consentgw.db.sealing import Sealer
from consentgw.errors import Misconfigured, Unavailable
from consentgw.http.logs import configuration
from consentgw.keys import secret
from consentgw.keys.model import derive
from consentgw.mail import delivery
from consentgw.mail import store as letters
from consentgw.mail.delivery import Delivery
from consentgw.mail.smtp import read_server
from consentgw.operators import service as operators
from consentgw.registers import service as registers
from consentgw.registers.tally import WRITE_SECONDS
from consentgw.subject_requests import store as requests
from consentgw.subject_requests import task_store as tasks
from consentgw.subject_requests.clock import PURGE_SECONDS, REMIND_SECONDS, Clock, at_risk, tasks_at_risk
from consentgw.subject_requests.office import open_office
from consentgw.webhooks import service as webhooks
from consentgw.webhooks import store as deliveries
from consentgw.webhooks.delivering import Courier
from consentgw.webhooks.sending import Sender

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from datetime import datetime

    from sqlalchemy import Connection

    from consentgw.db import Database
    from consentgw.registers.tally import Tally
    from consentgw.settings import Settings

log = logging.getLogger(__name__)

LATE_LETTER = timedelta(minutes=15)
"""A letter that has waited so long has something in its way."""
LOOK_SECONDS = 30.0
"""How often, at the least, a process looks whether a turn has come."""


@dataclass(frozen=True, slots=True)
class Step:
    """Something that is done again and again.

    It may be interrupted anywhere, so its work is cut into units each of which leaves things in order.
    """

    name: str
    """Stable: the turns of all processes are counted under it."""
    every_seconds: float
    run: Callable[[Database], Awaitable[None]]
    shared: bool = False
    """Whether every process runs it, since it claims its work piece by piece; otherwise each turn is for one alone."""
    finish: Callable[[], Awaitable[None]] | None = None
    """Awaited at the end, by a step that leaves work under way between its turns."""


def steps(settings: Settings) -> tuple[Step, ...]:
    """Return everything the worker does.

    Raises:
        Misconfigured: the secret is missing or too short, or the mail server cannot be used.
    """
    courier = Courier(
        Sender(to_loopback=settings.webhooks_to_loopback),
        Sealer(derive(settings.secrets(), "webhooks")),
        settings.public_url,
    )
    office, server = open_office(settings), read_server(settings)
    clock = Clock(office)
    letters = (
        (Step("letters", delivery.EVERY_SECONDS, Delivery(office.post, server).run, shared=True),) if server else ()
    )
    return (
        Step("expired consents", 60, consents.tell_expired),
        Step("dead return codes", 60, returns.purge),
        Step("old replies", 600, replies.purge),
        Step("webhooks", 0.25, courier.run, shared=True, finish=courier.finish),
        Step("old webhook messages", 3600, webhooks.forget),
        Step("due requests", REMIND_SECONDS, clock.remind),
        Step("purge", PURGE_SECONDS, clock.purge),
        Step("overdue breaches", registers.COMPLAIN_SECONDS, registers.complain),
        Step("ended sessions", 3600, operators.forget_sessions),
        *letters,
    )


def transfers(tally: Tally, db: Database) -> Step:
    """Return the step that writes what the gate of this process has counted, and the rest at the end."""
    return Step("transfers", WRITE_SECONDS, tally.write, shared=True, finish=lambda: tally.write(db))


class Worker:
    """Runs steps until it is told to stop."""

    def __init__(self, db: Database, steps: Sequence[Step]) -> None:
        self._db = db
        self._steps = steps
        self._stopped = asyncio.Event()

    async def run(self) -> None:
        """Work until :meth:`stop`, and finish what is under way."""
        async with asyncio.TaskGroup() as group:
            for step in self._steps:
                group.create_task(self._repeat(step), name=step.name)

    def stop(self) -> None:
        """Begin nothing new."""
        self._stopped.set()

    async def _repeat(self, step: Step) -> None:
        well = True
        while not self._stopped.is_set():
            well = await self._attempt(step, well)
            pause = step.every_seconds if step.shared else min(step.every_seconds, LOOK_SECONDS)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopped.wait(), pause)
        if step.finish:
            try:
                await step.finish()
            except Exception:
                log.exception("the worker could not finish %s", step.name)

    async def _attempt(self, step: Step, well: bool) -> bool:
        """Run a step if its turn has come; return whether all is well. The log hears of changes, not of each time."""
        try:
            if not step.shared and not await self._take_turn(step):
                return well
            await step.run(self._db)
        except Exception as error:
            if well and isinstance(error, Unavailable):
                log.error("the worker cannot do %s: %s", step.name, error)  # noqa: TRY400
            elif well:
                log.exception("the worker cannot do %s", step.name)
            return False
        if not well:
            log.warning("the worker can do %s again", step.name)
        return True

    async def _take_turn(self, step: Step) -> bool:
        name, now, interval = f"turn: {step.name}", int(self._db.clock().timestamp()), int(step.every_seconds)
        return await self._db.read(marks.due, name, now, interval) and await self._db.write(
            marks.take, name, now, interval
        )


def backlog(connection: Connection, now: datetime) -> dict[str, float]:
    """Return what waits to be done, by the name it has as a metric."""
    count, due_at = deliveries.waiting(connection)
    return {
        "consentgw_webhooks_waiting": count,
        "consentgw_webhooks_lag_seconds": max(0.0, (now - due_at).total_seconds()) if due_at else 0.0,
        "consentgw_letters_late": letters.stuck(connection, now - LATE_LETTER),
        "consentgw_subject_requests_open": requests.count_open(connection),
        **{f"consentgw_subject_requests_{stands}": count for stands, count in at_risk(connection, now.date()).items()},
        "consentgw_processor_tasks_open": tasks.count_open(connection),
        **{f"consentgw_processor_tasks_{stands}": n for stands, n in tasks_at_risk(connection, now.date()).items()},
    }


def work(settings: Settings) -> None:
    """Work until SIGINT or SIGTERM, finish what is under way and return.

    Raises:
        Misconfigured: the database is not safe to use, is the embedded file of a gateway, or has another secret.
    """
    if settings.embedded:
        raise Misconfigured(
            "the embedded database has one process, and consentgw serve does the worker's work in it;"
            " set CONSENTGW_DATABASE_URL for a worker beside it"
        )
    with open_database(settings) as db:
        db.ask(secret.check, settings)
        worker = Worker(db, steps(settings))
        logging.config.dictConfig(configuration(settings.log_format))
        asyncio.run(_until_told(worker))


async def _until_told(worker: Worker) -> None:
    loop = asyncio.get_running_loop()
    for told in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(told, worker.stop)
    log.info("the worker works")
    await worker.run()
    log.info("the worker has finished")
