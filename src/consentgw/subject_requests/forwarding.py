"""Forwarding: a request that may be acted on is passed on to every processor that holds such data, and called back.

Each gets one task, in the unit that moved the request so far, and an event without a word of who asks; what the
processor needs to find the person it fetches. A request that ends recalls what is still open, so a closed request has
no open task. Whoever answers while a processor has not says why: the operator answers for its processors, and is not
kept from answering in time by one that is silent (GDPR Art. 12(3), 19, 28(3)(e)).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from consentgw import outbox
from consentgw.consents.identifiers import uuid7
from consentgw.errors import AwaitsProcessors, Gone
from consentgw.law import profiles
from consentgw.law.profiles import Unit as Counted
from consentgw.sites import store as sites
from consentgw.sites.processors import Given
from consentgw.subject_requests import store, task_store
from consentgw.subject_requests.model import Act
from consentgw.subject_requests.tasks import (
    Standing,
    Task,
    TaskState,
    after_task,
    forwardable,
    identities,
)

if TYPE_CHECKING:
    from datetime import date

    from sqlalchemy import Connection

    from consentgw.db import Unit
    from consentgw.law.deadlines import Calendar
    from consentgw.sites.processors import Processor
    from consentgw.subject_requests.model import Actor, Request
    from consentgw.subject_requests.office import Office


def follow(unit: Unit, office: Office, request: Request, actor: Actor) -> None:
    """Let the tasks follow where a request has got to: forward it once it may be acted on, recall them at its end."""
    if request.state.closed:
        for task in task_store.of_request(unit.connection, request.id):
            if not task.state.closed:
                recall(unit, office, request, task, actor)
    elif forwardable(request):
        _forward(unit, office, request, actor)


def standing(connection: Connection, request: Request) -> Standing:
    """Return how the processors of a request stand."""
    found = tuple(task_store.of_request(connection, request.id))
    if request.state.closed or request.level >= request.needs.forward:
        return Standing(found, ())
    told = {task.processor for task in found}
    asked = sites.read(connection, request.site).processors_of(request.type)
    return Standing(found, tuple(one.key for one in asked if one.key not in told))


def let_go(unit: Unit, office: Office, request: Request, actor: Actor, without: str) -> None:
    """Give up waiting for processors before a request is answered; ``without`` says why.

    Raises:
        AwaitsProcessors: one has not answered yet, and nothing is said.
    """
    stands = standing(unit.connection, request)
    if not stands.waits:
        return
    if not without.strip():
        names = ", ".join((*(task.processor for task in stands.open), *stands.untold))
        raise AwaitsProcessors(f"{names} has not answered yet; wait, or say why it is answered without")
    for task in stands.open:
        recall(unit, office, request, task, actor, without.strip())
    box = _box(unit, office, request)
    for key in stands.untold:
        store.note(unit, box, request, actor, Act.RECALL, without.strip(), processor=key)


def recall(unit: Unit, office: Office, request: Request, task: Task, actor: Actor, why: str = "") -> Task:
    """Wait for a processor no more, and let it know."""
    return act(unit, office, request, task, Act.RECALL, actor, why)


def act(
    unit: Unit, office: Office, request: Request, before: Task, what: Act, actor: Actor, why: str = "", **changes: Any
) -> Task:
    """Do one thing to a task, together with the changes it makes; the history of its request says who, when and why.

    Raises:
        OutOfTurn: the task has ended.
    """
    state = after_task(before, what)
    if state.closed:
        changes["closed_at"] = unit.now
    task = replace(before, state=state, **changes)
    if task != before:
        task_store.keep(unit, before, task)
    store.note(unit, _box(unit, office, request), request, actor, what, why, processor=task.processor)
    if what is Act.RECALL:
        outbox.emit(unit, outbox.REQUEST_RECALLED, task.site, str(task.id), task.processor)
    elif state.closed:
        outbox.emit(unit, outbox.TASK_ANSWERED, task.site, str(task.id), task.processor)
    return task


def due_on(processor: Processor, request: Request, today: date, calendar: Calendar) -> date:
    """Return by when a processor must act: after its days, counted as the request's are, and within its due date."""
    if request.rule.unit is Counted.WORKING_DAYS:
        return min(calendar.working_days_after(today, processor.days), request.due_on)
    return min(today + timedelta(days=processor.days), request.due_on)


def _forward(unit: Unit, office: Office, request: Request, actor: Actor) -> None:
    site = sites.read(unit.connection, request.site)
    told = {task.processor for task in task_store.of_request(unit.connection, request.id)}
    asked = [one for one in site.processors_of(request.type) if one.key not in told]
    if not asked:
        return
    box = store.box(unit.connection, office.vault, request.id)
    person, history = store.person(unit.connection, box, request.id), store.steps(unit.connection, request.id)
    calendar = office.calendar(profiles.profile(site.profile).country)
    for processor in asked:
        if not identities(person, request, history, processor.given) and not (
            person.details and Given.DETAILS in processor.given
        ):
            continue  # it could find nobody by what it may be told
        task = Task(
            id=uuid7(),
            request=request.id,
            site=request.site,
            processor=processor.key,
            state=TaskState.FORWARDED,
            forwarded_at=unit.now,
            due_on=due_on(processor, request, unit.now.date(), calendar),
            type=request.type,
            submitted_at=request.received_at,
            number=request.number,
        )
        task_store.add(unit, task)
        store.note(unit, box, request, actor, Act.FORWARD, processor=processor.key)
        outbox.emit(unit, outbox.REQUEST_FORWARDED, task.site, str(task.id), task.processor)


def _box(unit: Unit, office: Office, request: Request) -> store.Box | None:
    try:
        return store.box(unit.connection, office.vault, request.id)
    except Gone:
        return None
