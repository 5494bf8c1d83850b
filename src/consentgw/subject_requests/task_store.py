"""Processors' tasks as rows, and the files they gave. Another site's task, and another processor's, is not found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, func, insert, or_, select, update

from consentgw.errors import NotFound, OutOfTurn
from consentgw.law.profiles import RequestType
from consentgw.subject_requests.model import Reason, number_of
from consentgw.subject_requests.tables import files, requests, tasks
from consentgw.subject_requests.tasks import OPEN_TASKS, SUFFIXES, Result, Task, TaskState

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date
    from uuid import UUID

    from sqlalchemy import Connection, Row, Select

    from consentgw.db import Unit
    from consentgw.subject_requests.tasks import TaskRef
    from consentgw.subject_requests.vault import Box

_FILES = select(func.count()).where(files.c.task == tasks.c.id).scalar_subquery()
_TASK: Select[Any] = select(
    *tasks.c, requests.c.type.label("type"), requests.c.received_at.label("submitted_at"), _FILES.label("files")
).join(requests, requests.c.id == tasks.c.request)
_OPEN = tuple(state.value for state in OPEN_TASKS)
_KEPT = tuple(column.name for column in tasks.columns)


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedTasks:
    """Which tasks a list shows; an empty field wants all."""

    site: str
    processor: str = ""
    request: UUID | None = None
    states: tuple[TaskState, ...] = ()
    after: tuple[date, UUID] | None = None
    """The last one of the page before."""
    limit: int = 50


@dataclass(frozen=True, slots=True)
class GivenFile:
    """A file that a processor gave for an answer."""

    processor: str
    media_type: str
    content: bytes

    @property
    def name(self) -> str:
        """Return the name it has in a package; the processor says only what it is."""
        return f"processors/{self.processor}.{SUFFIXES[self.media_type]}"


def add(unit: Unit, task: Task) -> None:
    """Add a task."""
    unit.connection.execute(insert(tasks).values(_row(task)))


def keep(unit: Unit, before: Task, task: Task) -> None:
    """Write what has become of a task.

    Raises:
        OutOfTurn: somebody else has moved it meanwhile.
    """
    done = unit.connection.execute(
        update(tasks).where(tasks.c.id == task.id, tasks.c.state == before.state.value).values(_row(task))
    )
    if done.rowcount != 1:
        raise OutOfTurn("somebody else has moved this task meanwhile")


def read(connection: Connection, ref: TaskRef) -> Task:
    """Return a task.

    Raises:
        NotFound: there is none, or it is another site's or another processor's.
    """
    query = _TASK.where(tasks.c.id == ref.id, tasks.c.site == ref.site)
    if ref.processor:
        query = query.where(tasks.c.processor == ref.processor)
    row = connection.execute(query).one_or_none()
    if row is None:
        raise NotFound("no such task")
    return _task(row)


def listed(connection: Connection, wanted: WantedTasks) -> list[Task]:
    """Return tasks, what is due first first."""
    query = _TASK.where(tasks.c.site == wanted.site).order_by(tasks.c.due_on, tasks.c.id).limit(wanted.limit)
    if wanted.processor:
        query = query.where(tasks.c.processor == wanted.processor)
    if wanted.request is not None:
        query = query.where(tasks.c.request == wanted.request)
    if wanted.states:
        query = query.where(tasks.c.state.in_([state.value for state in wanted.states]))
    if wanted.after is not None:
        due_on, identifier = wanted.after
        later = and_(tasks.c.due_on == due_on, tasks.c.id > identifier)
        query = query.where(or_(tasks.c.due_on > due_on, later))
    return [_task(row) for row in connection.execute(query)]


def of_request(connection: Connection, request: UUID) -> list[Task]:
    """Return the tasks of a request, by the name of the processor."""
    query = _TASK.where(tasks.c.request == request).order_by(tasks.c.processor)
    return [_task(row) for row in connection.execute(query)]


def waiting(connection: Connection, until: date) -> list[Task]:
    """Return the open tasks that are due by a day."""
    query = _TASK.where(tasks.c.state.in_(_OPEN), tasks.c.due_on <= until)
    return [_task(row) for row in connection.execute(query.order_by(tasks.c.due_on, tasks.c.id))]


def late(connection: Connection, of: Sequence[UUID], today: date) -> frozenset[UUID]:
    """Return which of these requests wait for a processor that is late."""
    query = select(tasks.c.request).where(tasks.c.request.in_(of), tasks.c.state.in_(_OPEN), tasks.c.due_on < today)
    return frozenset(connection.execute(query).scalars())


def count_open(connection: Connection) -> int:
    """Return how many tasks are open."""
    return connection.execute(select(func.count()).where(tasks.c.state.in_(_OPEN))).scalar_one()


def add_file(unit: Unit, box: Box, task: Task, given: GivenFile) -> None:
    """Keep a file for the answer, sealed with everything else about the request."""
    sealed = box.seal_file(files.name, "file", task.id, given.content)
    unit.connection.execute(
        insert(files).values(task=task.id, request=task.request, media_type=given.media_type, file=sealed)
    )


def files_of(connection: Connection, box: Box, request: UUID) -> list[GivenFile]:
    """Return the files that processors gave for the answer of a request."""
    query = select(files.c.task, files.c.media_type, files.c.file, tasks.c.processor)
    query = query.join(tasks, tasks.c.id == files.c.task).where(files.c.request == request)
    return [
        GivenFile(row.processor, row.media_type, box.open_file(files.name, "file", row.task, row.file))
        for row in connection.execute(query.order_by(tasks.c.processor))
    ]


def _row(task: Task) -> dict[str, Any]:
    return {name: getattr(task, name) for name in _KEPT}


def _task(row: Row[Any]) -> Task:
    kept = {name: getattr(row, name) for name in _KEPT}
    kept["state"] = TaskState(row.state)
    kept["result"] = Result(row.result) if row.result else None
    kept["reason"] = Reason(row.reason) if row.reason else None
    return Task(
        **kept,
        type=RequestType(row.type),
        submitted_at=row.submitted_at,
        number=number_of(row.request),
        files=row.files,
    )
