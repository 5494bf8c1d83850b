"""What who asks is told of a processor's part: that it has refused, and why, in fixed words and never in its own.

Whether somebody holds anything about a person is told to nobody who has not proven who they are: who merely typed an
address reads that there was an answer, and the operator gives it (GDPR Art. 12(4), 17(3)).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from consentgw.http.languages import gettext_for, sentence
from consentgw.subject_requests.model import Level, Reason
from consentgw.subject_requests.tasks import Result, TaskState

if TYPE_CHECKING:
    from collections.abc import Iterable

    from consentgw.sites.model import Site
    from consentgw.subject_requests.model import Request
    from consentgw.subject_requests.tasks import Task

REASONS = {
    Reason.NO_MATCH: sentence("nothing was found that belongs to you"),
    Reason.NOT_PROVEN: sentence("it could not be made sure that it is you"),
    Reason.NOT_COVERED: sentence("this right does not reach what was asked for"),
    Reason.KEPT_BY_LAW: sentence("a law obliges the operator to keep the data"),
    Reason.OTHERS_RIGHTS: sentence("it would harm the rights of other people"),
    Reason.EXCESSIVE: sentence("it is clearly without ground, or repeated too often"),
    Reason.SUSPECTED_FRAUD: sentence("it seems to come from somebody else"),
    Reason.OUTSIDE_JURISDICTION: sentence("the law of this site does not apply to it"),
}
_ANSWERED = sentence("It has answered.")
_REFUSED = sentence("It has refused.")
_STATES = {
    TaskState.FORWARDED: sentence("It has been asked."),
    TaskState.ACKNOWLEDGED: sentence("It has the request and is working on it."),
    TaskState.COMPLETED: _ANSWERED,
    TaskState.DECLINED: sentence("It does not act on it; that is left to the operator."),
    TaskState.RECALLED: sentence("It is no longer waited for."),
}
_RESULTS = {
    Result.DONE: _ANSWERED,
    Result.PARTLY: sentence("It has done a part of what was asked."),
    Result.NOTHING_HELD: sentence("It holds nothing about you."),
    Result.REFUSED: _REFUSED,
}


def told(request: Request, task: Task, language: str) -> str:
    """Return in one sentence where a processor's part of a request stands."""
    _ = gettext_for(language)
    if task.result is Result.REFUSED and request.level < Level.MATCHED:
        return _(_REFUSED)
    if task.result is None or request.level < Level.MATCHED:
        return _(_STATES[task.state])
    if task.reason is not None:
        return _("It has refused (%(reason)s).") % {"reason": _(REASONS[task.reason])}
    return _(_RESULTS[task.result])


def left(request: Request, site: Site, tasks: Iterable[Task]) -> tuple[str, ...]:
    """Return who has not erased everything, each with what it did, in the language of the request."""
    words = {one.key: one.wording[request.language].title for one in site.processors}
    return tuple(
        f"{words.get(task.processor, task.processor)}: {told(request, task, request.language)}"
        for task in tasks
        if task.leaves
    )
