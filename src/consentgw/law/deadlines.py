"""When a request is due: limits counted in working days, calendar days or months.

The day of receipt is not counted. A working-day limit skips weekends and holidays; any other limit that
ends on a day off moves on to the next working day. A computed date keeps the rule and the calendar that
gave it, because both may change later.
"""

from __future__ import annotations

import calendar as months
import hashlib
import tomllib
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, timezone
from functools import cache
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from consentgw.errors import Malformed, Misconfigured
from consentgw.law.profiles import RequestRule, Unit

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import holidays

    from consentgw.law.profiles import BreachRule, Extension


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
        """Return what a deadline is computed with, to be kept beside it; other corrections are another version."""
        if not self.off and not self.worked:
            return f"holidays {version('holidays')} {self.country}"
        said = " ".join([*sorted(map(str, self.off)), "worked", *sorted(map(str, self.worked))])
        moved = f"+{len(self.off)}-{len(self.worked)} {hashlib.sha256(said.encode()).hexdigest()[:8]}"
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
class Calendars:
    """The calendar of every country, with what an installation's own file corrects."""

    corrected: Mapping[str, Calendar] = field(default_factory=dict[str, Calendar])

    def of(self, country: str) -> Calendar:
        """Return the calendar of a country."""
        return self.corrected.get(country) or Calendar(country)


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


def extended(deadline: Deadline, started_on: date, stood: timedelta, calendar: Calendar) -> Deadline:
    """Return the deadline after its one extension: limit and extension are one time from ``started_on``.

    To that comes what the clock ``stood`` still, and a day off moves the end once. Only working days, which no day off
    moves, are counted from the first limit, and so is what begins later than with the receipt.

    Raises:
        Malformed: the rule allows none, or it was extended before.
    """
    extension: Extension | None = deadline.rule.extension
    if extension is None or deadline.extended:
        raise Malformed("this deadline cannot be extended")
    rule = deadline.rule
    if extension.unit is rule.unit and rule.unit is not Unit.WORKING_DAYS and rule.starts == "receipt":
        later = calendar.next_working_day(_end(started_on, rule.limit + extension.limit, rule.unit) + stood)
    else:
        later = _after(deadline.due_on, extension.limit, extension.unit, calendar)
    return Deadline(later, deadline.rule, calendar.version, extended=True)


def notify_by(rule: BreachRule, discovered_at: datetime, calendar: Calendar) -> datetime:
    """Return the instant by which the authority is told of a breach; a working day ends at the country's midnight."""
    if rule.unit == "hours":
        return discovered_at + timedelta(hours=rule.limit)
    zone = timezone(timedelta(hours=rule.hours_ahead))
    last = calendar.working_days_after(discovered_at.astimezone(zone).date(), rule.limit)
    return datetime.combine(last + timedelta(days=1), time(), zone).astimezone(UTC)


def read_calendars(corrections: Path | None) -> Calendars:
    """Return the calendars; ``corrections`` is the file that ``CONSENTGW_CALENDAR`` names.

    It is TOML with a table for each country, ``[KZ]``, and in it the lists of dates ``off`` and ``worked``.

    Raises:
        Misconfigured: the file cannot be read or holds something else; the message names it.
    """
    if corrections is None:
        return Calendars()
    try:
        said = tomllib.loads(corrections.read_text("utf-8-sig"))
        return Calendars({country: _corrected(country, days) for country, days in said.items()})
    except OSError:
        raise Misconfigured(f"CONSENTGW_CALENDAR: cannot read {corrections}") from None
    except ValueError as error:
        raise Misconfigured(f"CONSENTGW_CALENDAR: {corrections}: {error}") from None


def _corrected(country: str, days: Any) -> Calendar:
    import holidays

    if country not in holidays.list_supported_countries(include_aliases=False):
        raise ValueError(f"{country!r} is no country whose calendar we know; a table is named like [KZ]")
    try:
        off, worked = (frozenset(days.pop(name, ())) for name in ("off", "worked"))
    except (AttributeError, TypeError):
        raise ValueError(f"[{country}] holds two lists of dates, off and worked") from None
    if days or any(type(day) is not date for day in off | worked):
        raise ValueError(f"[{country}] holds the lists of dates off and worked, and nothing else")
    if both := off & worked:
        raise ValueError(f"[{country}] says of {min(both)} that it is off and that it is worked")
    return Calendar(country, off, worked)


def _after(day: date, limit: int, unit: Unit, calendar: Calendar) -> date:
    if unit is Unit.WORKING_DAYS:
        return calendar.working_days_after(day, limit)
    if unit is Unit.AT_ONCE:
        return day
    return calendar.next_working_day(_end(day, limit, unit))


def _end(day: date, limit: int, unit: Unit) -> date:
    return day + timedelta(days=limit) if unit is Unit.CALENDAR_DAYS else _months_after(day, limit)


def _months_after(day: date, count: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 + count, 12)
    last = months.monthrange(year, month + 1)[1]
    return date(year, month + 1, min(day.day, last))


@cache
def _country(code: str) -> holidays.HolidayBase:
    import holidays  # every calendar of the world: a tenth of a start that may never ask for a day

    return holidays.country_holidays(code)
