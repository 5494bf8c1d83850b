"""Registers as rows."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import asdict
from typing import TYPE_CHECKING

from sqlalchemy import delete, insert, select, update

from consentgw.errors import NotFound
from consentgw.law.profiles import BreachRule
from consentgw.registers.model import Breach, Disclosure, Entered, Step, Transfer
from consentgw.registers.tables import breach_steps, breaches, disclosures, transfers

if TYPE_CHECKING:
    from datetime import date, datetime

    from sqlalchemy import Connection

    from consentgw.db import Unit


def count(unit: Unit, transfer: Transfer, times: int) -> None:
    """Add to the count of a vendor's day. Units that write follow one another, so nothing is added in between."""
    mine = [transfers.c[name] == value for name, value in asdict(transfer).items()]
    more = update(transfers).where(*mine).values(count=transfers.c.count + times)
    if not unit.connection.execute(more).rowcount:
        unit.connection.execute(insert(transfers).values(**asdict(transfer), count=times))


def counted(
    connection: Connection, site: str | None = None, since: date | None = None, until: date | None = None
) -> list[tuple[Transfer, int]]:
    """Return what was counted, by day; ``since`` and ``until`` belong to it."""
    query = select(transfers).order_by(*transfers.primary_key)
    if site is not None:
        query = query.where(transfers.c.site == site)
    if since is not None:
        query = query.where(transfers.c.day >= since)
    if until is not None:
        query = query.where(transfers.c.day <= until)
    return [(Transfer(*row[:-1]), row[-1]) for row in connection.execute(query)]


def forget_transfers(unit: Unit, site: str, before: date) -> int:
    """Remove a site's counts of the days before one; return how many."""
    old = delete(transfers).where(transfers.c.site == site, transfers.c.day < before)
    return unit.connection.execute(old).rowcount


def disclose(unit: Unit, disclosure: Disclosure) -> int:
    """Enter a disclosure; return its number."""
    row = insert(disclosures).values(**asdict(disclosure), entered_at=unit.now).returning(disclosures.c.number)
    return unit.connection.execute(row).scalar_one()


def disclosed(connection: Connection, site: str | None = None) -> list[tuple[int, Disclosure]]:
    """Return the disclosures with their numbers, in the order they were entered."""
    query = select(disclosures).order_by(disclosures.c.number)
    if site is not None:
        query = query.where(disclosures.c.site == site)
    return [
        (
            row.number,
            Disclosure(
                site=row.site,
                disclosed_on=row.disclosed_on,
                body=row.body,
                ground=row.ground,
                data=row.data,
                people=row.people,
            ),
        )
        for row in connection.execute(query)
    ]


def enter(unit: Unit, breach: Breach, notify_by: datetime | None, rule: BreachRule | None, calendar: str) -> int:
    """Enter a breach with its deadline and what gave it; return its number."""
    row = insert(breaches).values(
        **asdict(breach),
        notify_by=notify_by,
        rule=rule and rule.model_dump(mode="json"),
        calendar=calendar,
        entered_at=unit.now,
    )
    return unit.connection.execute(row.returning(breaches.c.number)).scalar_one()


def take(unit: Unit, number: int, step: Step, words: str, at: datetime | None) -> None:
    """Enter a step of a breach; ``at`` is when it was taken, None where that is now."""
    unit.connection.execute(
        insert(breach_steps).values(breach=number, step=step.value, words=words, entered_at=unit.now, taken_at=at)
    )


def breach(connection: Connection, number: int) -> Entered:
    """Return one breach.

    Raises:
        NotFound: no breach has this number.
    """
    found = [entered for entered in entered_breaches(connection) if entered.number == number]
    if not found:
        raise NotFound(f"there is no breach {number} in the register")
    return found[0]


def entered_breaches(connection: Connection, site: str | None = None) -> list[Entered]:
    """Return the breaches, in the order they were entered."""
    steps: defaultdict[int, list[tuple[Step, datetime, str]]] = defaultdict(list)
    for row in connection.execute(select(breach_steps).order_by(breach_steps.c.sequence)):
        steps[row.breach].append((Step(row.step), row.taken_at or row.entered_at, row.words))
    query = select(breaches).order_by(breaches.c.number)
    if site is not None:
        query = query.where(breaches.c.site == site)
    return [
        Entered(
            number=row.number,
            breach=Breach(
                site=row.site,
                discovered_at=row.discovered_at,
                happened=row.happened,
                measures=row.measures,
                people=row.people,
            ),
            notify_by=row.notify_by,
            rule=BreachRule.model_validate(row.rule) if row.rule else None,
            calendar=row.calendar,
            steps=tuple(steps[row.number]),
        )
        for row in connection.execute(query)
    ]
