"""The verbs of a processor: read whom a task is about, acknowledge it, say what was done, decline it.

The first argument is the unit of work, the second the office, then the task as its site and its processor know it, and
who acts. What a processor says is sealed with the request, and gone with it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from consentgw.errors import Fault, Gone, Invalid
from consentgw.http.languages import gettext_for
from consentgw.sites import store as sites
from consentgw.sites.processors import Given
from consentgw.subject_requests import forwarding, letters, service, store, task_store
from consentgw.subject_requests.model import REVEALING, Act
from consentgw.subject_requests.task_store import GivenFile
from consentgw.subject_requests.tasks import Result, identities

if TYPE_CHECKING:
    from datetime import datetime

    from consentgw.db import Unit
    from consentgw.subject_requests.model import Actor, Reason, Request
    from consentgw.subject_requests.office import Office
    from consentgw.subject_requests.tasks import Identity, Task, TaskRef

FILE_BYTES = 2 * 1024 * 1024
"""Bytes of a file for an answer at the most."""


@dataclass(frozen=True, slots=True)
class Sought:
    """Whom a task is about."""

    task: Task
    identities: tuple[Identity, ...]
    details: str


@dataclass(frozen=True, slots=True)
class Said:
    """What a processor says it did."""

    result: Result
    words: str = ""
    reason: Reason | None = None
    media_type: str = ""
    content: bytes = b""
    """A file for the answer, where data was asked for."""


def fetch(unit: Unit, office: Office, ref: TaskRef, actor: Actor) -> Sought:
    """Return whom a task is about, as far as its processor may know; the history says who has read it.

    Raises:
        NotFound: there is no such task.
        OutOfTurn: it has ended, so nobody needs to know any more.
        Gone: the site has no such processor any more.
    """
    task, request = _open(unit, ref)
    given = _given(unit, task)
    task = forwarding.act(unit, office, request, task, Act.FETCH, actor)
    box = store.box(unit.connection, office.vault, request.id)
    person, history = store.person(unit.connection, box, request.id), store.steps(unit.connection, request.id)
    details = person.details if Given.DETAILS in given else ""
    return Sought(task, identities(person, request, history, given), details)


def acknowledge(unit: Unit, office: Office, ref: TaskRef, actor: Actor, expected_at: datetime | None) -> Task:
    """Say that a task has arrived, and by when it will be done; saying it again says another day.

    Raises:
        NotFound, OutOfTurn: there is no such task, or it has ended.
        Invalid: it would be done before now.
    """
    task, request = _open(unit, ref)
    if expected_at is not None and expected_at < unit.now:
        raise _invalid("#/expected_completion_time", "has passed already")
    first = task.acknowledged_at or unit.now
    return forwarding.act(
        unit, office, request, task, Act.ACKNOWLEDGE, actor, acknowledged_at=first, expected_at=expected_at
    )


def fulfil(unit: Unit, office: Office, ref: TaskRef, actor: Actor, said: Said) -> Task:
    """Say what was done. A file becomes a part of the answer, where data was asked for.

    Raises:
        NotFound, OutOfTurn: there is no such task, or it has ended.
        Invalid: what is said contradicts itself, or the file is none that an answer can have.
    """
    task, request = _open(unit, ref)
    _check(said, request)
    box = store.box(unit.connection, office.vault, request.id)
    if said.content:
        task_store.add_file(unit, box, task, GivenFile(task.processor, said.media_type, said.content))
    task = forwarding.act(
        unit, office, request, task, Act.FULFIL, actor, said.words, result=said.result, reason=said.reason
    )
    _settle(unit, office, request, actor)
    return task_store.read(unit.connection, ref)


def decline(unit: Unit, office: Office, ref: TaskRef, actor: Actor, words: str) -> Task:
    """Say that a task is not taken on, and why; its operator has to see to it otherwise.

    Raises:
        NotFound, OutOfTurn: there is no such task, or it has ended.
    """
    task, request = _open(unit, ref)
    task = forwarding.act(unit, office, request, task, Act.DECLINE, actor, service.said(words))
    _settle(unit, office, request, actor)
    return task


def _open(unit: Unit, ref: TaskRef) -> tuple[Task, Request]:
    task = task_store.read(unit.connection, ref)
    return task, store.read(unit.connection, task.ref)


def _given(unit: Unit, task: Task) -> frozenset[Given]:
    site = sites.read(unit.connection, task.site)
    for processor in site.processors:
        if processor.key == task.processor:
            return processor.given
    raise Gone("the site has no such processor any more")


def _settle(unit: Unit, office: Office, request: Request, actor: Actor) -> None:
    """Once every processor has answered, tell the operator; a withdrawal that is carried out everywhere is answered."""
    stands = forwarding.standing(unit.connection, request)
    if stands.waits:
        return
    done = {Result.DONE, Result.NOTHING_HELD}
    if request.withdrawn and all(task.result in done for task in stands.tasks):
        _ = gettext_for(request.language)
        words = _("Your consent is withdrawn, and those who process data for this site have stopped too.")
        service.complete(unit, office, request.ref, actor, words)
        return
    site = sites.read(unit.connection, request.site)
    service.tell_operator(unit, office, site, letters.ANSWERED, [request])


def _check(said: Said, request: Request) -> None:
    if (said.result is Result.REFUSED) != (said.reason is not None):
        raise _invalid("#/reason", "goes with the result refused, and with no other")
    if said.result in {Result.REFUSED, Result.PARTLY} and not said.words.strip():
        raise _invalid("#/words", "say what was not done, and why")
    if not said.content:
        return
    if request.type not in REVEALING:
        raise _invalid("#/file", "goes with the answer to who asks for data, and with no other")
    if said.result not in {Result.DONE, Result.PARTLY}:
        raise _invalid("#/file", "goes with what was done")
    if len(said.content) > FILE_BYTES:
        raise _invalid("#/file/content", f"has more than {FILE_BYTES} bytes")
    if not _is(said.media_type, said.content):
        raise _invalid("#/file/content", "is not what its media type says")


def _is(media_type: str, content: bytes) -> bool:
    if media_type == "application/pdf":
        return content.startswith(b"%PDF-")
    try:
        text = content.decode("utf-8")
        if media_type == "application/json":
            json.loads(text)
    except (ValueError, RecursionError):
        return False
    return "\x00" not in text


def _invalid(pointer: str, says: str) -> Invalid:
    return Invalid("the task cannot be answered like that", [Fault(pointer, says)])
