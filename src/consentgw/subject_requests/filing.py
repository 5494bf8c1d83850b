"""What lies beside a request for a while: letters that prove, packages that wait to be fetched, legal holds, purges."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete, func, insert, select, update

from consentgw.errors import NotFound
from consentgw.subject_requests.hold import Ground, Hold, Release
from consentgw.subject_requests.tables import answers, holds, proofs, purges, releases

if TYPE_CHECKING:
    from datetime import date, datetime, timedelta
    from uuid import UUID

    from sqlalchemy import ColumnElement, Connection

    from consentgw.db import Unit
    from consentgw.subject_requests.model import Actor, Ref
    from consentgw.subject_requests.vault import Box


def add_proof(
    unit: Unit, proof: UUID, request: UUID, digits: bytes, *, digits_for: timedelta, link_for: timedelta
) -> None:
    """Add a letter that proves a mailbox; earlier ones of the request no longer do."""
    unit.connection.execute(delete(proofs).where(proofs.c.request == request))
    unit.connection.execute(
        insert(proofs).values(
            id=proof,
            request=request,
            digits=digits,
            tries=0,
            digits_until=unit.now + digits_for,
            link_until=unit.now + link_for,
        )
    )


def of_link(connection: Connection, proof: UUID, now: datetime) -> UUID | None:
    """Return the request of a letter that can still be used; None when it cannot (any more)."""
    mine = select(proofs.c.request).where(proofs.c.id == proof, proofs.c.used_at.is_(None), proofs.c.link_until > now)
    return connection.execute(mine).scalar_one_or_none()


def letter_waits(connection: Connection, request: UUID, now: datetime) -> bool:
    """Return whether a request has a letter that can still be used."""
    waits = (proofs.c.request == request) & proofs.c.used_at.is_(None) & (proofs.c.link_until > now)
    return connection.execute(select(proofs.c.id).where(waits)).first() is not None


def use_link(unit: Unit, proof: UUID) -> UUID | None:
    """Use a letter up, once and in time; return its request, None when it cannot be used (any more)."""
    mine = update(proofs).where(proofs.c.id == proof, proofs.c.used_at.is_(None), proofs.c.link_until > unit.now)
    used = mine.values(used_at=unit.now).returning(proofs.c.request)
    return unit.connection.execute(used).scalar_one_or_none()


def try_digits(unit: Unit, request: UUID, tries: int) -> tuple[UUID, bytes] | None:
    """Count one try at the digits of a request's letter; return it and their digest, None when no try is left."""
    counted = (
        update(proofs)
        .where(
            proofs.c.request == request,
            proofs.c.used_at.is_(None),
            proofs.c.tries < tries,
            proofs.c.digits_until > unit.now,
        )
        .values(tries=proofs.c.tries + 1)
        .returning(proofs.c.id, proofs.c.digits)
    )
    row = unit.connection.execute(counted).one_or_none()
    return (row.id, bytes(row.digits)) if row else None


def add_answer(unit: Unit, box: Box, request: UUID, file: bytes, digest: str, until: datetime, downloads: int) -> None:
    """Keep a package, sealed, until it is fetched so many times or its day has come."""
    unit.connection.execute(delete(answers).where(answers.c.request == request))
    sealed = box.seal_file(answers.name, "file", request, file)
    unit.connection.execute(
        insert(answers).values(request=request, file=sealed, digest=digest, until=until, downloads=downloads)
    )


def answer(connection: Connection, request: UUID) -> tuple[str, datetime, int] | None:
    """Return the digest of a package that waits, until when it does, and how many downloads are left."""
    query = select(answers.c.digest, answers.c.until, answers.c.downloads).where(answers.c.request == request)
    row = connection.execute(query).one_or_none()
    return (row.digest, row.until, row.downloads) if row else None


def fetch(unit: Unit, box: Box, request: UUID) -> bytes | None:
    """Count one download and return the package; None when none is left or its time is over."""
    counted = (
        update(answers)
        .where(answers.c.request == request, answers.c.downloads > 0, answers.c.until > unit.now)
        .values(downloads=answers.c.downloads - 1)
        .returning(answers.c.file)
    )
    sealed = unit.connection.execute(counted).scalar_one_or_none()
    return box.open_file(answers.name, "file", request, bytes(sealed)) if sealed else None


def drop_answer(unit: Unit, request: UUID) -> None:
    """Remove a package before its time."""
    unit.connection.execute(delete(answers).where(answers.c.request == request))
    unit.erases = True


def purge_proofs(unit: Unit) -> int:
    """Remove letters that no longer prove anything; return how many."""
    return unit.connection.execute(delete(proofs).where(proofs.c.link_until < unit.now)).rowcount


def purge_answers(unit: Unit) -> int:
    """Remove packages whose time is over, or that were fetched as often as they may be; return how many."""
    over = (answers.c.until < unit.now) | (answers.c.downloads < 1)
    return unit.connection.execute(delete(answers).where(over)).rowcount


def place_hold(unit: Unit, ref: Ref, ground: Ground, why: str, review_on: date | None, actor: Actor) -> int:
    """Add a hold on a request; return its number."""
    row = insert(holds).values(
        site=ref.site,
        request=ref.id,
        ground=ground.value,
        why=why,
        review_on=review_on,
        placed_by=str(actor),
        placed_at=unit.now,
    )
    return unit.connection.execute(row.returning(holds.c.number)).scalar_one()


def release_hold(unit: Unit, number: int, why: str, actor: Actor) -> None:
    """Add the end of a hold."""
    row = insert(releases).values(hold=number, why=why, released_by=str(actor), released_at=unit.now)
    unit.connection.execute(row)


def hold(connection: Connection, ref: Ref, number: int) -> Hold:
    """Return one hold on a request.

    Raises:
        NotFound: the request has no hold of this number.
    """
    found = [one for one in holds_on(connection, ref.id) if one.number == number and one.site == ref.site]
    if not found:
        raise NotFound("no such hold on this request")
    return found[0]


def holds_on(connection: Connection, request: UUID) -> list[Hold]:
    """Return every hold that was ever placed on a request, oldest first."""
    return _holds(connection, holds.c.request == request)


def register_of_holds(connection: Connection, site: str | None = None) -> list[Hold]:
    """Return every hold that was ever placed, of a site or of all, oldest first."""
    return _holds(connection, *([] if site is None else [holds.c.site == site]))


def _holds(connection: Connection, *which: ColumnElement[bool]) -> list[Hold]:
    query = select(holds, releases).join(releases, releases.c.hold == holds.c.number, isouter=True).where(*which)
    return [
        Hold(
            number=row[holds.c.number],
            site=row[holds.c.site],
            request=row[holds.c.request],
            ground=Ground(row[holds.c.ground]),
            why=row[holds.c.why],
            review_on=row[holds.c.review_on],
            placed_by=row[holds.c.placed_by],
            placed_at=row[holds.c.placed_at],
            release=None
            if row[releases.c.hold] is None
            else Release(row[releases.c.why], row[releases.c.released_by], row[releases.c.released_at]),
        )
        for row in connection.execute(query.order_by(holds.c.number)).mappings()
    ]


def note_purge(unit: Unit, kind: str, removed: int, held: int | None = None) -> None:
    """Keep that one class of data was looked through, how much of it went, and how much legal holds kept back."""
    unit.connection.execute(insert(purges).values(kind=kind, ran_at=unit.now, removed=removed, held=held))


def forget_purges(unit: Unit, before: datetime) -> int:
    """Remove the record of old runs; return how many."""
    return unit.connection.execute(delete(purges).where(purges.c.ran_at < before)).rowcount


def last_purges(connection: Connection) -> dict[str, datetime]:
    """Return when each class of data was last looked through."""
    query = select(purges.c.kind, func.max(purges.c.ran_at).label("ran_at")).group_by(purges.c.kind)
    return {row.kind: row.ran_at for row in connection.execute(query)}
