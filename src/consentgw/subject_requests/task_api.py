"""Operations on tasks: what a processor is asked to do, whom it is about, and what it says it has done.

A key of one processor opens the tasks of that one; another processor's are not found. What changes a task needs
``If-Match``, so an answer that comes after it has ended, or after another answer, is refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from consentgw.access.calls import Done, to_json
from consentgw.access.model import Scope
from consentgw.access.operations import ID, Link, Part, operation
from consentgw.errors import Gone, NotFound, OutOfTurn
from consentgw.http import conditions
from consentgw.http.paging import next_page
from consentgw.sites import store as sites
from consentgw.subject_requests import processing, task_store
from consentgw.subject_requests.api import program_of
from consentgw.subject_requests.shapes import SaidIn
from consentgw.subject_requests.task_shapes import (
    BODY_BYTES,
    AcknowledgeIn,
    FulfilIn,
    SoughtOut,
    TaskOut,
    Tasks,
    TasksAsked,
)
from consentgw.subject_requests.task_store import WantedTasks
from consentgw.subject_requests.tasks import OPEN_TASKS, TaskRef

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection
    from starlette.responses import Response

    from consentgw.access.calls import Call
    from consentgw.db import Database, Unit
    from consentgw.subject_requests.office import Office
    from consentgw.subject_requests.tasks import Task

TASK = Part(
    "task", ID, "The task's id, `task_id`.",
    "0198f2b4-6f0e-7c1a-9a55-5d2c7f3e9b17",
)  # fmt: skip
_ROOT = "/v1/sites/{site}/tasks"
_ONE = f"{_ROOT}/{{task}}"


@dataclass(frozen=True, slots=True)
class TaskApi:
    """``/v1/sites/{site}/tasks``."""

    db: Database
    office: Office

    @operation(f"GET {_ROOT}", tag="Tasks", scope=Scope.TASKS_READ, asks=TasksAsked, answers=Tasks)
    async def list_tasks(self, call: Call, query: TasksAsked) -> Response:
        """List what processors are asked to do, what is due first first.

        A key of one processor sees the tasks of that one.
        """
        own = call.key.processor
        if own and query.processor not in {None, own}:
            raise NotFound("no such processor")
        wanted = WantedTasks(
            site=call.site,
            processor=own or query.processor or "",
            request=query.request,
            states=OPEN_TASKS if query.state == "open" else (query.state,) if query.state else (),
            after=query.place_by_day(),
            limit=query.limit + 1,
        )

        def read(connection: Connection) -> list[Task]:
            sites.read(connection, call.site)
            return task_store.listed(connection, wanted)

        found = await self.db.read(read)
        shown = found[: query.limit]
        last = shown[-1] if len(found) > query.limit else None
        more = next_page(call.path, query, last.due_on.isoformat(), str(last.id)) if last else None
        return call.listed(Tasks(items=[TaskOut.of(task) for task in shown], next=more))

    @operation(
        f"GET {_ONE}", tag="Tasks", scope=Scope.TASKS_READ, parts=(TASK,), answers=TaskOut, tagged=True,
        links=(
            Link("read_task_subject", {"site": "site", "task": "task"}),
            Link("acknowledge_task", {"site": "site", "task": "task"}),
        ),
    )  # fmt: skip
    async def read_task(self, call: Call) -> Response:
        """Read a task, without a word of who asks."""
        return call.answer(await self.db.read(lambda connection: TaskOut.of(task_store.read(connection, _ref(call)))))

    @operation(
        f"GET {_ONE}/subject", tag="Tasks", scope=Scope.IDENTITIES_READ, parts=(TASK,), answers=SoughtOut,
        fails=(OutOfTurn, Gone),
    )  # fmt: skip
    async def read_task_subject(self, call: Call) -> Response:
        """Read whom a task is about.

        You are told what the site's configuration gives its processor, and of that only what is proven, where the
        request needs a proof. Every reading is kept in the trail and in the history of the request. Once the task has
        ended there is nothing to read.
        """

        def fetch(unit: Unit) -> Done:
            sought = processing.fetch(unit, self.office, _ref(call), program_of(call))
            return Done(str(sought.task.id), SoughtOut.of(sought))

        return await call.write(fetch)

    @operation(
        f"POST {_ONE}/acknowledge", tag="Tasks", scope=Scope.TASKS_WRITE, parts=(TASK,), takes=AcknowledgeIn,
        answers=TaskOut, conditional=True, fails=(OutOfTurn,),
    )  # fmt: skip
    async def acknowledge_task(self, call: Call, body: AcknowledgeIn) -> Response:
        """Say that you have a task, and by when you expect to be done.

        Say it again when the day changes.
        """
        at = body.expected_completion_time
        return await _change(
            call, lambda unit: processing.acknowledge(unit, self.office, _ref(call), program_of(call), at)
        )

    @operation(
        f"POST {_ONE}/complete", tag="Tasks", scope=Scope.TASKS_WRITE, parts=(TASK,), takes=FulfilIn,
        answers=TaskOut, conditional=True, limit=BODY_BYTES, fails=(OutOfTurn,),
    )  # fmt: skip
    async def complete_task(self, call: Call, body: FulfilIn) -> Response:
        """Say what you have done.

        Where the request is for data, a file of yours becomes a part of the answer; the operator sees it before the
        person does. What you say is final: a task that has ended takes nothing more.
        """
        said = body.said()
        return await _change(
            call, lambda unit: processing.fulfil(unit, self.office, _ref(call), program_of(call), said)
        )

    @operation(
        f"POST {_ONE}/decline", tag="Tasks", scope=Scope.TASKS_WRITE, parts=(TASK,), takes=SaidIn, answers=TaskOut,
        conditional=True, fails=(OutOfTurn,),
    )  # fmt: skip
    async def decline_task(self, call: Call, body: SaidIn) -> Response:
        """Say that you do not take a task on, and why.

        The operator has to see to it otherwise. A lawful reason not to do it is a result of `complete`.
        """
        return await _change(
            call, lambda unit: processing.decline(unit, self.office, _ref(call), program_of(call), body.words)
        )


async def _change(call: Call, verb: Callable[[Unit], Task]) -> Response:
    """Do something to a task that is still what the caller read."""

    def change(unit: Unit) -> Done:
        before = TaskOut.of(task_store.read(unit.connection, _ref(call)))
        conditions.expect(call.request, conditions.tag_of(to_json(before)))
        task = verb(unit)
        return Done(str(task.id), TaskOut.of(task))

    return await call.write(change)


def _ref(call: Call) -> TaskRef:
    return TaskRef(call.site, UUID(call.parts["task"]), call.key.processor or "")
