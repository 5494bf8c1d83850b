"""Operators and their sessions as rows."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from consentgw.db.sealing import place
from consentgw.errors import Conflict, NotFound
from consentgw.operators.model import IDLE, LONGEST, Operator, Role, Session
from consentgw.operators.tables import operators, recovery_codes, sessions

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy import Connection

    from consentgw.db import Unit
    from consentgw.db.sealing import Sealer

_WHO = (operators.c.id, operators.c.login, operators.c.name, operators.c.role, operators.c.site)


@dataclass(frozen=True, slots=True)
class Account:
    """An operator with what is needed to let them in."""

    operator: Operator
    password: str | None
    """Its hash; None for somebody who signs in elsewhere."""
    authenticator: str | None


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Who somebody is at an identity provider."""

    issuer: str
    subject: str


def add(
    unit: Unit,
    operator: Operator,
    sealer: Sealer,
    *,
    password: str | None = None,
    authenticator: str | None = None,
    elsewhere: Elsewhere | None = None,
) -> None:
    """Add an operator.

    Raises:
        Conflict: the invitation was taken up before, the login is taken, or somebody is that person already.
    """
    sealed = authenticator and sealer.seal(authenticator.encode(), place("operators", "authenticator", operator.id))
    row = {
        "id": operator.id,
        "login": operator.login,
        "name": operator.name,
        "role": operator.role.value,
        "site": operator.site,
        "password": password,
        "authenticator": sealed or None,
        "used_step": 0,
        "issuer": elsewhere and elsewhere.issuer,
        "subject": elsewhere and elsewhere.subject,
        "joined_at": unit.now,
    }
    try:
        unit.connection.execute(insert(operators).values(row))
    except IntegrityError:
        raise Conflict("this invitation was taken up before, or the login is taken") from None


def everyone(connection: Connection) -> Sequence[Operator]:
    """Return everybody who may sign in, by login."""
    rows = connection.execute(select(*_WHO).where(operators.c.dismissed_at.is_(None)).order_by(operators.c.login))
    return [_operator(row) for row in rows]


def expect_free(connection: Connection, invited: Operator) -> None:
    """Make sure that somebody may still join as they are invited.

    Raises:
        Conflict: they have joined before, or the login is somebody's.
    """
    ours = or_(operators.c.id == invited.id, operators.c.login == invited.login)
    if connection.execute(select(operators.c.id).where(ours)).first():
        raise Conflict("this invitation was taken up before, or the login is taken")


def account(connection: Connection, login: str, sealer: Sealer) -> Account | None:
    """Return the account of a login; None where nobody has it, or has it any more."""
    query = select(operators).where(operators.c.login == login, operators.c.dismissed_at.is_(None))
    row = connection.execute(query).one_or_none()
    if row is None:
        return None
    secret = row.authenticator and sealer.open(bytes(row.authenticator), place("operators", "authenticator", row.id))
    return Account(_operator(row), row.password, secret.decode() if secret else None)


def known(connection: Connection, elsewhere: Elsewhere) -> Operator | None:
    """Return the operator that an identity provider's person is."""
    query = select(*_WHO).where(
        operators.c.issuer == elsewhere.issuer,
        operators.c.subject == elsewhere.subject,
        operators.c.dismissed_at.is_(None),
    )
    row = connection.execute(query).one_or_none()
    return None if row is None else _operator(row)


def use_step(unit: Unit, operator: UUID, step: int) -> bool:
    """Use the code of a half minute; False when that one, or a later one, was used before."""
    query = update(operators).where(operators.c.id == operator, operators.c.used_step < step).values(used_step=step)
    return unit.connection.execute(query).rowcount == 1


def keep_recovery_codes(unit: Unit, operator: UUID, digests: Iterable[bytes]) -> None:
    """Replace the recovery codes of an operator."""
    unit.connection.execute(delete(recovery_codes).where(recovery_codes.c.operator == operator))
    unit.connection.execute(insert(recovery_codes), [{"digest": one, "operator": operator} for one in digests])


def use_recovery_code(unit: Unit, operator: UUID, digest: bytes) -> bool:
    """Use a recovery code; False when there is no such code any more."""
    query = delete(recovery_codes).where(recovery_codes.c.digest == digest, recovery_codes.c.operator == operator)
    return unit.connection.execute(query).rowcount == 1


def dismiss(unit: Unit, login: str) -> Operator:
    """Let an operator in no more, and end their sessions. The login, and who it is elsewhere, may join anew.

    Raises:
        NotFound: nobody has this login.
    """
    row = unit.connection.execute(
        select(*_WHO).where(operators.c.login == login, operators.c.dismissed_at.is_(None))
    ).one_or_none()
    if row is None:
        raise NotFound(f"there is no operator {login!r}")
    unit.connection.execute(
        update(operators)
        .where(operators.c.id == row.id)
        .values(
            dismissed_at=unit.now,
            password=None,
            authenticator=None,
            login=f"{login} ({row.id})",
            issuer=None,
            subject=None,
        )
    )
    for table in (sessions, recovery_codes):
        unit.connection.execute(delete(table).where(table.c.operator == row.id))
    return _operator(row)


def begin(unit: Unit, token: str, operator: UUID, proven_at: datetime) -> None:
    """Begin a session."""
    row = {"digest": _digest(token), "operator": operator, "began_at": unit.now}
    unit.connection.execute(insert(sessions).values(**row, seen_at=unit.now, proven_at=proven_at))


def session(connection: Connection, token: str) -> Session | None:
    """Return a session, alive or not; None when there is none of this token, or its operator was dismissed."""
    query = (
        select(*_WHO, sessions.c.began_at, sessions.c.seen_at, sessions.c.proven_at)
        .join(operators, operators.c.id == sessions.c.operator)
        .where(sessions.c.digest == _digest(token), operators.c.dismissed_at.is_(None))
    )
    row = connection.execute(query).one_or_none()
    return None if row is None else Session(_operator(row), row.began_at, row.seen_at, row.proven_at)


def see(unit: Unit, token: str) -> None:
    """Note that a session is used."""
    unit.connection.execute(update(sessions).where(sessions.c.digest == _digest(token)).values(seen_at=unit.now))


def end(unit: Unit, token: str) -> None:
    """End a session."""
    unit.connection.execute(delete(sessions).where(sessions.c.digest == _digest(token)))


def sweep(unit: Unit) -> int:
    """Remove the sessions that have ended by themselves; return how many."""
    over = or_(sessions.c.seen_at <= unit.now - IDLE, sessions.c.began_at <= unit.now - LONGEST)
    return unit.connection.execute(delete(sessions).where(over)).rowcount


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def _operator(row: Any) -> Operator:
    return Operator(row.id, row.login, row.name, Role(row.role), row.site)
