"""What the API takes and shows of a processor's task: the one place where ours is put in the words of OpenDSR 2.0.

Modelled on OpenDSR (opengdpr/OpenDSR, specification.md), which has a controller send and a processor answer; here the
processor is told by an event and fetches. So there are no ``status_callback_urls`` and no ``results_url``: what the
processor has to say is posted to its task, and a file for the answer with it. OpenDSR knows access, portability and
erasure; every type of ours goes by the same names.
"""

from __future__ import annotations

import base64
import binascii
from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated, Literal, Self
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, Field

from consentgw.errors import Fault, Invalid
from consentgw.http.bodies import Body
from consentgw.http.paging import Page, Paged
from consentgw.law.profiles import RequestType
from consentgw.sites.processors import KEY, Given
from consentgw.subject_requests.model import Reason
from consentgw.subject_requests.processing import FILE_BYTES, Said
from consentgw.subject_requests.shapes import Status, Words
from consentgw.subject_requests.tasks import Result, Task, TaskState

if TYPE_CHECKING:
    from collections.abc import Mapping

    from consentgw.subject_requests.processing import Sought
    from consentgw.subject_requests.tasks import Identity

TASK_STATUSES: Mapping[TaskState, Status] = {
    TaskState.FORWARDED: "pending",
    TaskState.ACKNOWLEDGED: "in_progress",
    TaskState.COMPLETED: "completed",
    TaskState.DECLINED: "cancelled",
    TaskState.RECALLED: "cancelled",
}
BASE64_CHARACTERS = FILE_BYTES // 3 * 4 + 4
"""Of the largest file there may be."""
BODY_BYTES = BASE64_CHARACTERS + 65_536
"""Bytes of a body with such a file."""


class TasksAsked(Paged):
    """Which tasks."""

    state: TaskState | Literal["open"] | None = Field(
        default=None, description="Only these; `open` for all that are waited for."
    )
    processor: str | None = Field(default=None, pattern=f"^{KEY}$", description="Only this processor's.")
    request: UUID | None = Field(default=None, description="Only those of one request, its `subject_request_id`.")


class AcknowledgeIn(Body):
    """That a task has arrived."""

    expected_completion_time: AwareDatetime | None = Field(
        default=None, description="By when it will be done.", examples=["2036-11-28T12:00:00Z"]
    )


class FileIn(Body):
    """A file for the answer."""

    media_type: Literal["application/json", "application/pdf", "text/plain"]
    content: str = Field(
        min_length=1,
        max_length=BASE64_CHARACTERS,
        pattern=r"^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$",
        description=f"In Base64; {FILE_BYTES // 1_048_576} MiB at the most, text in UTF-8.",
        examples=["eyJvcmRlcnMiOiAyfQ=="],
    )


class FulfilIn(Body):
    """What was done."""

    result: Result = Field(
        description="`done`; `partly`, with words; `nothing_held` about the person; `refused`, with reason and words.",
        examples=["done"],
    )
    words: Words | None = Field(
        default=None, description="For the operator, who answers the person.", examples=["Two orders were found."]
    )
    reason: Reason | None = Field(default=None, description="The lawful reason, with `refused`.", examples=[None])
    file: FileIn | None = Field(
        default=None, description="What you hold, where the request is for data; it becomes a part of the answer."
    )

    def said(self) -> Said:
        """Return what is said.

        Raises:
            Invalid: the file is no Base64.
        """
        if self.file is None:
            return Said(self.result, self.words or "", self.reason)
        try:
            content = base64.b64decode(self.file.content, validate=True)
        except (binascii.Error, ValueError):
            raise Invalid(
                "the body is not what this operation takes", [Fault("#/file/content", "is no Base64")]
            ) from None
        return Said(self.result, self.words or "", self.reason, self.file.media_type, content)


class TaskOut(BaseModel):
    """What one processor is asked to do for one request, without a word of who asks."""

    task_id: UUID
    controller_id: str = Field(description="The site.", examples=["shop"])
    processor: str = Field(description="Whose task it is.", examples=["delivery"])
    subject_request_id: UUID
    subject_request_type: RequestType
    submitted_time: datetime = Field(description="When the person asked.")
    received_time: datetime | None = Field(description="When the processor acknowledged it.")
    expected_completion_time: datetime | None = Field(description="By when the processor says it will be done.")
    request_status: Status = Field(description="`state` in the words of OpenDSR.")
    results_count: int = Field(description="Files given for the answer.")
    state: TaskState
    due_on: date = Field(description="The last day to act, so that the person is answered in time.")
    number: str = Field(description="What people say on the telephone; it opens nothing.")
    forwarded_at: datetime
    result: Result | None
    reason: Reason | None
    closed_at: datetime | None

    @classmethod
    def of(cls, task: Task) -> Self:
        """Show a task."""
        return cls(
            task_id=task.id,
            controller_id=task.site,
            processor=task.processor,
            subject_request_id=task.request,
            subject_request_type=task.type,
            submitted_time=task.submitted_at,
            received_time=task.acknowledged_at,
            expected_completion_time=task.expected_at,
            request_status=TASK_STATUSES[task.state],
            results_count=task.files,
            state=task.state,
            due_on=task.due_on,
            number=task.number,
            forwarded_at=task.forwarded_at,
            result=task.result,
            reason=task.reason,
            closed_at=task.closed_at,
        )


class Tasks(Page[TaskOut]):
    """A page of tasks."""


class IdentityOut(BaseModel):
    """Something the person can be found by."""

    identity_type: Given = Field(description="`name`, `email`, `phone` or `receipt`.")
    identity_value: str
    identity_format: Literal["raw"]
    verified: bool = Field(
        description="Whether it was proven to be theirs. Others are told only where nobody has to prove who they are."
    )

    @classmethod
    def of(cls, identity: Identity) -> Self:
        """Show one."""
        return cls(
            identity_type=identity.type,
            identity_value=identity.value,
            identity_format="raw",
            verified=identity.verified,
        )


class SoughtOut(BaseModel):
    """Whom a task is about, as far as its processor may know."""

    subject_request_id: UUID
    subject_request_type: RequestType
    subject_identities: Annotated[list[IdentityOut], Field(description="What to find the person by.")]
    details: str = Field(description="What is asked for, in the person's words; empty where it is not yours to know.")

    @classmethod
    def of(cls, sought: Sought) -> Self:
        """Show whom."""
        return cls(
            subject_request_id=sought.task.request,
            subject_request_type=sought.task.type,
            subject_identities=[IdentityOut.of(one) for one in sought.identities],
            details=sought.details,
        )
