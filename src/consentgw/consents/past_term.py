"""Receipts that are past their term: found, counted, and removed with what stood for nobody else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, exists, func, select

from consentgw.consents.tables import identifiers, receipts

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy import Connection, Select

    from consentgw.db import Unit


def found(connection: Connection, site: str, ended_before: datetime, kept: Collection[UUID], limit: int) -> list[int]:
    """Return the places of receipts of a site whose choice ended before an instant, the oldest first.

    Not those of the subjects of the receipts ``kept``.
    """
    # A choice ends after it was made: so the index by site and time finds them, and no more is looked through.
    past = (receipts.c.site == site, receipts.c.decided_at < ended_before, receipts.c.expires_at < ended_before)
    query = select(receipts.c.sequence).where(*past, receipts.c.subject.not_in(_subjects(kept)))
    return list(connection.execute(query.order_by(receipts.c.decided_at, receipts.c.sequence).limit(limit)).scalars())


def count_kept(connection: Connection, site: str, ended_before: datetime, kept: Collection[UUID]) -> int:
    """Return how many receipts :func:`found` would return but for ``kept``."""
    past = (receipts.c.site == site, receipts.c.decided_at < ended_before, receipts.c.expires_at < ended_before)
    query = select(func.count()).select_from(receipts).where(*past, receipts.c.subject.in_(_subjects(kept)))
    return connection.execute(query).scalar_one()


def forget(unit: Unit, places: Sequence[int]) -> None:
    """Remove receipts, and the identifiers of subjects that have none left.

    Raises:
        sqlalchemy.exc.IntegrityError: the choice of one has ended only lately, or not at all (migration 0014).
    """
    mine = receipts.c.sequence.in_(places)
    subjects = list(unit.connection.execute(select(receipts.c.subject).where(mine).distinct()).scalars())
    unit.connection.execute(delete(receipts).where(mine))
    empty = ~exists().where(receipts.c.subject == identifiers.c.subject)
    unit.connection.execute(delete(identifiers).where(identifiers.c.subject.in_(subjects), empty))
    unit.erases = True


def _subjects(of: Collection[UUID]) -> Select[Any]:
    return select(receipts.c.subject).where(receipts.c.id.in_(of))
