"""Marks: how far work that never ends has come, one number for each kind of it.

A mark moves in the transaction of the work it counts, and transactions that write follow one another, so nothing is
done twice and nothing is passed over, however many processes work.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import BigInteger, Column, Table, Text, insert, or_, select, update

from consentgw.db.schema import metadata

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from consentgw.db.unit import Unit

marks = Table("marks", metadata, Column("name", Text, primary_key=True), Column("value", BigInteger, nullable=False))


def read(connection: Connection, name: str) -> int | None:
    """Return a mark, None where it was never set."""
    return connection.execute(select(marks.c.value).where(marks.c.name == name)).scalar_one_or_none()


def move(unit: Unit, name: str, value: int) -> None:
    """Set a mark."""
    if not unit.connection.execute(update(marks).where(marks.c.name == name).values(value=value)).rowcount:
        unit.connection.execute(insert(marks).values(name=name, value=value))


def beginning(connection: Connection, start: str) -> dict[str, int]:
    """Return the marks whose names begin so."""
    query = select(marks.c.name, marks.c.value).where(marks.c.name.startswith(start, autoescape=True))
    return {row.name: row.value for row in connection.execute(query.order_by(marks.c.value, marks.c.name))}


def due(connection: Connection, name: str, now: int, interval: int) -> bool:
    """Return whether the next turn of a job has come; its mark is when, in the unit of ``now``."""
    at = read(connection, name)
    return at is None or _due(at, now, interval)


def take(unit: Unit, name: str, now: int, interval: int) -> bool:
    """Take the turn of a job if it has come, for one process of all; the next comes after the interval."""
    late = or_(marks.c.value <= now, marks.c.value > now + interval)
    mine = update(marks).where(marks.c.name == name, late).values(value=now + interval)
    if unit.connection.execute(mine).rowcount:
        return True
    if read(unit.connection, name) is None:
        move(unit, name, now + interval)
        return True
    return False


def _due(at: int, now: int, interval: int) -> bool:
    return at <= now or at > now + interval  # the clock was put back: a job does not wait for it to catch up
