"""What the registers hold: transfers counted by the day, disclosures, and breaches with what was done about them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from consentgw.errors import Malformed

if TYPE_CHECKING:
    from datetime import date, datetime

    from consentgw.law.profiles import BreachRule

TRANSFERS_FOR = timedelta(days=1095)
"""How long counts stay, where the site's own list of records says nothing of ``transfers``."""
LONGEST = 2_000
"""Characters of one text."""
_PEOPLE = 10_000_000_000
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


@dataclass(frozen=True, slots=True, order=True)
class Transfer:
    """What is counted together: one tag's vendor, on one day (UTC). Nobody and no time of day is in it."""

    day: date
    site: str
    tag: str
    vendor: str
    country: str
    """ISO 3166-1 alpha-2 code of the recipient's country."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Disclosure:
    """Data that a state body was given: never whose."""

    site: str
    disclosed_on: date
    body: str
    ground: str
    """The provision, order or ruling it was asked for under."""
    data: str
    """Kinds of data."""
    people: int
    """How many people it was about."""

    def __post_init__(self) -> None:
        for what, said in (("state body", self.body), ("ground", self.ground), ("kinds of data", self.data)):
            check_words(what, said)
        _count(self.people)


@dataclass(frozen=True, slots=True, kw_only=True)
class Breach:
    """A breach of personal data, as it was known when it was entered."""

    site: str
    discovered_at: datetime
    happened: str
    measures: str
    people: int | None
    """How many people it concerns; None while nobody knows."""

    def __post_init__(self) -> None:
        check_words("account of what happened", self.happened)
        check_words("measures", self.measures)
        if self.people is not None:
            _count(self.people)


class Step(StrEnum):
    """What is entered of a breach later, once each."""

    NOTIFIED = "notified"
    """The authority was told."""
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Entered:
    """A breach in the register: with its deadline, what gave it, and the steps since."""

    number: int
    breach: Breach
    notify_by: datetime | None
    """None where the law profile knows no time."""
    rule: BreachRule | None
    calendar: str
    steps: tuple[tuple[Step, datetime, str], ...] = ()

    def has(self, step: Step) -> bool:
        """Return whether a step was entered."""
        return any(taken is step for taken, _, _ in self.steps)

    def overdue(self, now: datetime) -> bool:
        """Return whether the authority should have been told by now, and was not."""
        if self.notify_by is None or self.has(Step.NOTIFIED) or self.has(Step.CLOSED):
            return False
        return now >= self.notify_by


def check_words(what: str, said: str) -> None:
    if not said.strip() or len(said) > LONGEST or _UNPRINTABLE.search(said):
        raise Malformed(f"the {what}: one line of at most {LONGEST} characters, and not an empty one")


def _count(people: int) -> None:
    if not 0 <= people <= _PEOPLE:
        raise Malformed("the number of people is zero or more, and no more than there are")
