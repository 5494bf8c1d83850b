"""When a request is due: limits counted in working days, calendar days or months.

The day of receipt is not counted. A working-day limit skips weekends and holidays; any other limit that
ends on a day off moves on to the next working day. A computed date keeps the rule and the calendar that
gave it, because both may change later.
"""

from __future__ import annotations

import calendar as months
import tomllib
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from importlib.metadata import version
from typing import TYPE_CHECKING

import holidays

from consentgw.errors import Malformed
from consentgw.law.profiles import RequestRule, Unit

if TYPE_CHECKING:
    from pathlib import Path

    from consentgw.law.profiles import Extension


@dataclass(frozen=True, slots=True)
class Calendar:
    """The working days of a country: the ``holidays`` package, corrected by what the government moved since."""

    country: str
    off: frozenset[date] = frozenset()
    """Days off that the package does not know."""
    worked: frozenset[date] = frozenset()
    """Weekend days and holidays that are worked."""

    @property
    def version(self) -> str:
        """Return what a deadline is computed with, to be kept beside it."""
        moved = f"+{len(self.off)}-{len(self.worked)}" if self.off or self.worked else ""
        return f"holidays {version('holidays')} {self.country}{moved}"

    def works(self, day: date) -> bool:
        """Return whether a day is worked."""
        if day in self.worked:
            return True
        return day not in self.off and _country(self.country).is_working_day(day)

    def next_working_day(self, day: date) -> date:
        """Return this day, or the first working day after it."""
        while not self.works(day):
            day += timedelta(days=1)
        return day

    def working_days_after(self, day: date, count: int) -> date:
        """Return the ``count``-th working day after a day, which itself is not counted."""
        while count:
            day += timedelta(days=1)
            count -= self.works(day)
        return day


@dataclass(frozen=True, slots=True)
class Deadline:
    """A due date, with what gave it."""

    due_on: date
    rule: RequestRule
    calendar: str
    """Version of the calendar."""
    extended: bool = False


def due(rule: RequestRule, started_on: date, calendar: Calendar) -> Deadline:
    """Return by when a request must be answered. ``started_on``: receipt, or confirmation where the rule says so."""
    return Deadline(_after(started_on, rule.limit, rule.unit, calendar), rule, calendar.version)


def extended(deadline: Deadline, calendar: Calendar) -> Deadline:
    """Return the deadline after its one extension, counted from the first limit.

    Raises:
        Malformed: the rule allows none, or it was extended before.
    """
    extension: Extension | None = deadline.rule.extension
    if extension is None or deadline.extended:
        raise Malformed("this deadline cannot be extended")
    later = _after(deadline.due_on, extension.limit, extension.unit, calendar)
    return Deadline(later, deadline.rule, calendar.version, extended=True)


def read_calendar(country: str, corrections: Path | None = None) -> Calendar:
    """Return a country's calendar; ``corrections`` is a TOML file with lists of dates ``off`` and ``worked``.

    Raises:
        Malformed: the file cannot be read or holds something else.
    """
    if corrections is None:
        return Calendar(country)
    try:
        said = tomllib.loads(corrections.read_text("utf-8"))
        off, worked = frozenset(said.pop("off", ())), frozenset(said.pop("worked", ()))
    except (OSError, ValueError, TypeError) as error:
        raise Malformed(f"cannot read the calendar {corrections}: {error}") from None
    if said or any(type(day) is not date for day in off | worked):
        raise Malformed(f"the calendar {corrections} holds the lists of dates off and worked, and nothing else")
    return Calendar(country, off, worked)


def _after(day: date, limit: int, unit: Unit, calendar: Calendar) -> date:
    if unit is Unit.WORKING_DAYS:
        return calendar.working_days_after(day, limit)
    if unit is Unit.AT_ONCE:
        return day
    end = day + timedelta(days=limit) if unit is Unit.CALENDAR_DAYS else _months_after(day, limit)
    return calendar.next_working_day(end)


def _months_after(day: date, count: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 + count, 12)
    last = months.monthrange(year, month + 1)[1]
    return date(year, month + 1, min(day.day, last))


@cache
def _country(code: str) -> holidays.HolidayBase:
    return holidays.country_holidays(code)
