"""By when a request is answered: the law profile's limit, the pause for proving identity, the one extension.

The day of receipt is not counted. Days are counted in UTC, as everything the gateway dates.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from consentgw.errors import OutOfTurn
from consentgw.law import deadlines
from consentgw.law.deadlines import Deadline, due
from consentgw.law.profiles import Unit
from consentgw.subject_requests.model import State

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from consentgw.law.deadlines import Calendar
    from consentgw.law.profiles import RequestRule, Rules
    from consentgw.subject_requests.model import Request, Step


def confirmed(rules: Rules, request: Request, today: date, calendar: Calendar) -> Deadline:
    """Return the due date once the ground of a request is confirmed; never later than it was.

    Raises:
        OutOfTurn: no shorter time begins with that.
    """
    rule = rules.confirmed(request.type)
    if rule is None:
        raise OutOfTurn("the time for this request does not depend on its ground being confirmed")
    deadline = due(rule, today, calendar)
    if deadline.due_on >= request.due_on:
        return Deadline(request.due_on, request.rule, request.calendar, request.extended)
    return deadline


def resumed(request: Request, today: date, calendar: Calendar) -> date:
    """Return the due date after a pause: it moves by as much as the clock stood still."""
    if request.paused_on is None or request.paused_on >= today:
        return request.due_on
    if request.rule.unit is Unit.WORKING_DAYS:
        stood = (request.paused_on + timedelta(days=ahead) for ahead in range(1, (today - request.paused_on).days + 1))
        return calendar.working_days_after(request.due_on, sum(calendar.works(day) for day in stood))
    return calendar.next_working_day(request.due_on + (today - request.paused_on))


def stood(history: Iterable[Step]) -> timedelta:
    """Return how long the clock of a request has stood still so far, in whole days as the due date was moved."""
    whole, since = timedelta(), None
    for step in history:
        if step.state is State.AWAITING_VERIFICATION:
            since = since or step.at.date()
        elif since:
            whole, since = whole + (step.at.date() - since), None
    return whole


def extended(request: Request, history: Iterable[Step], today: date, calendar: Calendar) -> Deadline:
    """Return the deadline after the one extension: counted from receipt, with what the clock stood still.

    Raises:
        OutOfTurn: the law allows none, there was one before, or the first limit has passed.
    """
    if request.rule.extension is None:
        raise OutOfTurn("the law of this request allows no extension")
    if request.extended:
        raise OutOfTurn("it was extended before")
    if today > request.due_on:
        raise OutOfTurn("the first limit has passed; an extension must be told before")
    first = Deadline(request.due_on, request.rule, request.calendar)
    return deadlines.extended(first, request.received_at.date(), stood(history), calendar)


def soon(rule: RequestRule, received_on: date, due_on: date, today: date) -> bool:
    """Return whether a due date is near: within a third of the whole time, at most seven days, at least one."""
    return near(received_on, due_on, today) if rule.limit else today >= due_on


def near(started_on: date, due_on: date, today: date) -> bool:
    """Return whether of the time for something a third is left, at most seven days and at least one."""
    ahead = max(1, min(7, (due_on - started_on).days // 3))
    return today >= due_on - timedelta(days=ahead)
