"""What time does to requests: reminders before and after the due date, the end of the unproven, and the purge.

Steps of the worker. The purge leaves a row for each class of data and run, so that the doctor sees it has run.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from consentgw import outbox
from consentgw.consents import past_term
from consentgw.mail import store as mails
from consentgw.registers import service as registers
from consentgw.sites import store as sites
from consentgw.subject_requests import deadlines, filing, letters, service, store, task_store
from consentgw.subject_requests.acting import act, write_to_subject
from consentgw.subject_requests.model import CLOCK, Act, State

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date
    from uuid import UUID

    from sqlalchemy import Connection

    from consentgw.db import Database, Unit
    from consentgw.sites.model import Site
    from consentgw.subject_requests.model import Request
    from consentgw.subject_requests.office import Office
    from consentgw.subject_requests.tasks import Task

REMIND_SECONDS, PURGE_SECONDS = 300, 6 * 3600
NEAR = timedelta(days=7)
"""Nothing that is due later is due soon (``deadlines.soon``)."""
UNPROVEN_FOR = timedelta(days=14)
"""How long a request waits for its proof."""
WORDS_FOR = timedelta(days=30)
"""How long names, addresses and texts stay after a request is closed."""
RECORD_DAYS = 1095
"""How long the proof of handling stays, where the site's own list of records says nothing of ``requests``."""
RUNS_FOR = timedelta(days=400)
RECEIPT_DAYS = 1095
"""How long a receipt stays after its choice has ended, where the site's own list says nothing of ``receipts``."""
CLASSES = ("answers", "proofs", "words", "requests", "receipts", "mails", "transfers", "runs")
LATE = timedelta(hours=48)
"""The doctor complains of a purge that has not run for so long."""
_BATCH = 100
_DUE_SOON, _OVERDUE = "due_soon", "overdue"
_TOPICS = {_DUE_SOON: outbox.REQUEST_DUE_SOON, _OVERDUE: outbox.REQUEST_OVERDUE}
_SUBJECTS = {_DUE_SOON: letters.DUE_SOON, _OVERDUE: letters.OVERDUE}
_TASK_TOPICS = {_DUE_SOON: outbox.TASK_DUE_SOON, _OVERDUE: outbox.TASK_OVERDUE}


@dataclass(frozen=True, slots=True)
class Clock:
    """The steps, with the office they need."""

    office: Office

    async def remind(self, db: Database) -> None:
        """Tell of every request that is due soon or late, once each, and end those nobody proved."""
        today = db.clock().date()
        waiting = await db.read(store.waiting, today + NEAR)
        for site in sorted({request.site for request in waiting}):
            await db.write(look_through, self.office, site)
        tasks = await db.read(task_store.waiting, today + NEAR)
        for site in sorted({task.site for task in tasks}):
            await db.write(look_through_tasks, self.office, site)

    async def purge(self, db: Database) -> None:
        """Remove everything that is past its term, in small batches, and keep that it was looked for."""
        removed = {kind: await self._clear(db, kind) for kind in CLASSES}
        await db.write(_note, removed)

    async def _clear(self, db: Database, kind: str) -> int:
        count = 0
        while True:
            done, all_done = await db.write(_CLEAR[kind], self.office)
            count += done
            if all_done:
                return count


def look_through(unit: Unit, office: Office, slug: str) -> None:
    """Look at what is open at a site: remind its operator, and end what waited too long for a proof."""
    today, site = unit.now.date(), sites.read(unit.connection, slug)
    told: dict[str, list[Request]] = {_DUE_SOON: [], _OVERDUE: []}
    for request in store.waiting(unit.connection, today + NEAR):
        if request.site != slug:
            continue
        if not _runs(request):
            if request.paused_on is not None and today - request.paused_on >= UNPROVEN_FOR:
                ended = act(unit, office, request, Act.EXPIRE, CLOCK)
                write_to_subject(unit, office, ended, letters.expired)
            continue
        stands = _stands(request, today)
        if stands and stands != request.reminded:
            store.keep(unit, request, replace(request, reminded=stands))
            outbox.emit(unit, _TOPICS[stands], slug, str(request.id))
            told[stands].append(request)
    for stands, requests in told.items():
        if requests:
            service.tell_operator(unit, office, site, _SUBJECTS[stands], requests)


def look_through_tasks(unit: Unit, office: Office, slug: str) -> None:
    """Look at what the processors of a site are asked to do: tell of each task once, and its operator who is late."""
    today, site = unit.now.date(), sites.read(unit.connection, slug)
    late: dict[UUID, Request] = {}
    due_on: dict[UUID, date] = {}
    for task in task_store.waiting(unit.connection, today + NEAR):
        stands = _task_stands(task, today)
        if task.site != slug or not stands or stands == task.reminded:
            continue
        task_store.keep(unit, task, replace(task, reminded=stands))
        outbox.emit(unit, _TASK_TOPICS[stands], slug, str(task.id), task.processor)
        if stands == _OVERDUE:
            late[task.request] = store.read(unit.connection, task.ref)
            due_on.setdefault(task.request, task.due_on)  # the first one: they come by their day
    if late:
        service.tell_operator(unit, office, site, letters.LATE_PROCESSOR, [*late.values()], due_on)


def tasks_at_risk(connection: Connection, today: date) -> dict[str, int]:
    """Return how many open tasks are ``due_soon`` and how many are ``overdue``."""
    told = [_task_stands(one, today) for one in task_store.waiting(connection, today + NEAR)]
    return {stands: told.count(stands) for stands in (_DUE_SOON, _OVERDUE)}


def at_risk(connection: Connection, today: date) -> dict[str, int]:
    """Return how many open requests are ``due_soon`` and how many are ``overdue``, as their operators are told."""
    told = [_stands(one, today) for one in store.waiting(connection, today + NEAR) if _runs(one)]
    return {stands: told.count(stands) for stands in (_DUE_SOON, _OVERDUE)}


def _runs(request: Request) -> bool:
    """Return whether a request's time runs: it does not while identity is being proven."""
    return request.state is not State.AWAITING_VERIFICATION


def _stands(request: Request, today: date) -> str:
    if today > request.due_on:
        return _OVERDUE
    near = deadlines.soon(request.rule, request.received_at.date(), request.due_on, today)
    return _DUE_SOON if near else ""


def _task_stands(task: Task, today: date) -> str:
    if today > task.due_on:
        return _OVERDUE
    return _DUE_SOON if deadlines.near(task.forwarded_at.date(), task.due_on, today) else ""


def _clear_answers(unit: Unit, _: Office) -> tuple[int, bool]:
    return filing.purge_answers(unit), True


def _clear_proofs(unit: Unit, _: Office) -> tuple[int, bool]:
    return filing.purge_proofs(unit), True


def _clear_words(unit: Unit, office: Office) -> tuple[int, bool]:
    found = _past(unit, words_term, erased=False)
    for request in found:
        service.forget_words(unit, office, request, CLOCK)
    return len(found), len(found) < _BATCH


def _clear_requests(unit: Unit, _: Office) -> tuple[int, bool]:
    found = _past(unit, record_term, erased=True)
    for request in found:
        store.forget(unit, request)
    return len(found), len(found) < _BATCH


def _past(unit: Unit, term: Callable[[Site], timedelta], *, erased: bool) -> list[Request]:
    found: list[Request] = []
    for site in sites.everyone(unit.connection):
        left = _BATCH - len(found)
        found += store.closed_before(unit.connection, site.slug, unit.now - term(site), erased=erased, limit=left)
    return found


def _clear_receipts(unit: Unit, _: Office) -> tuple[int, bool]:
    count = 0
    for site in sites.everyone(unit.connection):
        held = store.receipts_held(unit.connection, site.slug)
        past = past_term.found(unit.connection, site.slug, unit.now - receipt_term(site), held, limit=_BATCH - count)
        if past:
            past_term.forget(unit, past)
        count += len(past)
    return count, count < _BATCH


def _clear_mails(unit: Unit, _: Office) -> tuple[int, bool]:
    return mails.purge(unit), True


def _clear_transfers(unit: Unit, _: Office) -> tuple[int, bool]:
    return registers.purge_transfers(unit), True


def _clear_runs(unit: Unit, _: Office) -> tuple[int, bool]:
    return filing.forget_purges(unit, unit.now - RUNS_FOR), True


def words_term(_: Site) -> timedelta:
    """Return how long every site keeps names, addresses and texts, from the end of a request."""
    return WORDS_FOR


def record_term(site: Site) -> timedelta:
    """Return how long a site keeps the proof that a request was handled, from its end."""
    return _term(site, "requests", RECORD_DAYS)


def receipt_term(site: Site) -> timedelta:
    """Return how long a site keeps a receipt, from the end of its choice."""
    return _term(site, "receipts", RECEIPT_DAYS)


def _term(site: Site, key: str, usual: int) -> timedelta:
    return timedelta(days=next((kind.period_days for kind in site.retention if kind.key == key), usual))


_CLEAR: dict[str, Callable[[Unit, Office], tuple[int, bool]]] = {
    "answers": _clear_answers,
    "proofs": _clear_proofs,
    "words": _clear_words,
    "requests": _clear_requests,
    "receipts": _clear_receipts,
    "mails": _clear_mails,
    "transfers": _clear_transfers,
    "runs": _clear_runs,
}


def _note(unit: Unit, removed: dict[str, int]) -> None:
    held = {
        "words": _held_back(unit, words_term, erased=False),
        "requests": _held_back(unit, record_term, erased=True),
        "receipts": _receipts_held_back(unit),
    }
    for kind, count in removed.items():
        filing.note_purge(unit, kind, count, held.get(kind))
    unit.erases = True


def _held_back(unit: Unit, term: Callable[[Site], timedelta], *, erased: bool) -> int:
    return sum(
        store.count_held_back(unit.connection, site.slug, unit.now - term(site), erased=erased)
        for site in sites.everyone(unit.connection)
    )


def _receipts_held_back(unit: Unit) -> int:
    return sum(
        past_term.count_kept(
            unit.connection, site.slug, unit.now - receipt_term(site), store.receipts_held(unit.connection, site.slug)
        )
        for site in sites.everyone(unit.connection)
    )
