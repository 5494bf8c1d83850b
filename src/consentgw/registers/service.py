"""Entering into the registers; each entry by hand stands in the trail too."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING

from consentgw.access.service import note
from consentgw.errors import Malformed, OutOfTurn
from consentgw.law.deadlines import notify_by
from consentgw.law.profiles import profile
from consentgw.registers import store
from consentgw.registers.model import TRANSFERS_FOR, Step, check_words
from consentgw.sites import store as sites

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from sqlalchemy import Connection

    from consentgw.db import Database, Unit
    from consentgw.law.deadlines import Calendar
    from consentgw.registers.model import Breach, Disclosure, Entered, Transfer
    from consentgw.sites.model import Site

log = logging.getLogger(__name__)

COMPLAIN_SECONDS = 3600


def count(unit: Unit, counts: Mapping[Transfer, int]) -> None:
    """Add what a process has counted."""
    for transfer, times in sorted(counts.items()):
        store.count(unit, transfer, times)


def purge_transfers(unit: Unit) -> int:
    """Remove the counts that are past their site's term; return how many."""
    today = unit.now.date()
    return sum(
        store.forget_transfers(unit, site.slug, today - transfers_term(site))
        for site in sites.everyone(unit.connection)
    )


def transfers_term(site: Site) -> timedelta:
    """Return how long a site keeps the counts of a day."""
    said = (timedelta(days=kind.period_days) for kind in site.retention if kind.key == "transfers")
    return next(said, TRANSFERS_FOR)


def disclose(unit: Unit, disclosure: Disclosure, actor: str) -> int:
    """Enter that a state body was given data; return the number of the entry.

    Raises:
        NotFound: there is no such site.
        Malformed: the day has not come yet.
    """
    sites.read(unit.connection, disclosure.site)
    if disclosure.disclosed_on > unit.now.date() + timedelta(days=1):  # where the day begins first, it has begun
        raise Malformed("a disclosure is entered when it has happened")
    number = store.disclose(unit, disclosure)
    note(unit, actor, "register disclosure", disclosure.site, str(number))
    return number


def enter(unit: Unit, breach: Breach, calendar: Callable[[str], Calendar], actor: str) -> Entered:
    """Enter a breach; the law profile of its site says by when the authority is told.

    Raises:
        NotFound: there is no such site.
        Malformed: it would have been discovered in the future.
    """
    site = sites.read(unit.connection, breach.site)
    if breach.discovered_at > unit.now:
        raise Malformed("a breach is entered when it has been discovered")
    rules = profile(site.profile).on(breach.discovered_at.date())
    days = calendar(rules.country)
    due = notify_by(rules.breach, breach.discovered_at, days) if rules.breach else None
    number = store.enter(unit, breach, due, rules.breach, days.version)
    note(unit, actor, "register breach", breach.site, str(number))
    return store.breach(unit.connection, number)


def notify(unit: Unit, number: int, words: str, actor: str, at: datetime | None = None) -> None:
    """Enter that the authority was told of a breach, and how; ``at`` is when, None where that is now.

    Raises:
        NotFound: no breach has this number.
        OutOfTurn: that was entered before, or the breach is closed.
        Malformed: it would have been told in the future, or before the breach was discovered.
    """
    entered = store.breach(unit.connection, number)
    if entered.has(Step.NOTIFIED) or entered.has(Step.CLOSED):
        raise OutOfTurn("this was entered before, or the breach is closed")
    if at is not None and not entered.breach.discovered_at <= at <= unit.now:
        raise Malformed("the authority is told after a breach was discovered, and that is entered when it has happened")
    _take(unit, entered, Step.NOTIFIED, words, actor, at)


def close(unit: Unit, number: int, words: str, actor: str) -> None:
    """Close a breach with what came of it.

    Raises:
        NotFound: no breach has this number.
        OutOfTurn: it is closed, or the authority has not been told and the law knows no breach it need not be told of.
    """
    entered = store.breach(unit.connection, number)
    if entered.has(Step.CLOSED):
        raise OutOfTurn("this breach is closed")
    if not entered.has(Step.NOTIFIED) and entered.rule is not None and not entered.rule.exemption:
        raise OutOfTurn("the authority has not been told of this breach, and the law of its site makes no exception")
    _take(unit, entered, Step.CLOSED, words, actor)


def overdue(connection: Connection, now: datetime) -> list[str]:
    """Return one sentence for each breach the authority should have been told of by now; none says what happened."""
    return [
        f"breach {entered.number} at {entered.breach.site}: the authority had to be told by"
        f" {entered.notify_by:%Y-%m-%d %H:%M} UTC; tell it, then: consentgw register breach notify {entered.number}"
        for entered in store.entered_breaches(connection)
        if entered.overdue(now)
    ]


async def complain(db: Database) -> None:
    """Say in the log, again and again, of which breaches the authority has not been told in time."""
    for complaint in await db.read(overdue, db.clock()):
        log.error("%s", complaint)


def _take(unit: Unit, entered: Entered, step: Step, words: str, actor: str, at: datetime | None = None) -> None:
    check_words("account", words)
    store.take(unit, entered.number, step, words, at)
    note(unit, actor, f"register breach {step.value}", entered.breach.site, str(entered.number))
