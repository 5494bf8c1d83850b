"""Joining, signing in and out, and proving who is there once more; each with its entry in the trail."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from consentgw.access.store import note
from consentgw.errors import Unauthenticated
from consentgw.operators import credentials, store

if TYPE_CHECKING:
    from consentgw.db import Database, Unit
    from consentgw.db.sealing import Sealer
    from consentgw.operators.model import Operator
    from consentgw.operators.provider import Arrived
    from consentgw.operators.store import Account

_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Joined:
    """Somebody who has just joined."""

    token: str
    """Of their first session."""
    recovery_codes: tuple[str, ...]
    """Shown once and kept nowhere; none for somebody who signs in elsewhere."""


def actor(operator: Operator) -> str:
    """Return how the trail names an operator."""
    return f"operator:{operator.id}"


def join(unit: Unit, operator: Operator, sealer: Sealer, password: str, authenticator: str, step: int) -> Joined:
    """Take an invitation up with a password (its hash) and an authenticator that has shown a code.

    Raises:
        Conflict: it was taken up before, or the login is taken.
    """
    store.add(unit, operator, sealer, password=password, authenticator=authenticator)
    store.use_step(unit, operator.id, step)
    codes = credentials.new_recovery_codes()
    store.keep_recovery_codes(unit, operator.id, map(credentials.recovery_digest, codes))
    note(unit, actor(operator), "operator.join", operator.site, str(operator.id))
    return Joined(_begin(unit, operator, unit.now), codes)


def join_elsewhere(unit: Unit, operator: Operator, sealer: Sealer, arrived: Arrived) -> str:
    """Take an invitation up as a person of the identity provider; return the token of the first session.

    Raises:
        Conflict: as :func:`join`, or this person has joined before.
    """
    store.add(unit, operator, sealer, elsewhere=arrived.who)
    note(unit, actor(operator), "operator.join", operator.site, str(operator.id))
    return _begin(unit, operator, arrived.proven_at or _LONG_AGO)


def sign_in(unit: Unit, account: Account, code: str, *, replaces: str | None = None) -> str:
    """Begin a session for somebody whose password was right; return its token.

    ``code`` is of the authenticator or a recovery code, and counts once. A session that is replaced ends: the token
    changes whenever somebody proves who they are.

    Raises:
        Unauthenticated: the code is wrong, too old, or was used before.
    """
    operator = account.operator
    secret = account.authenticator
    step = credentials.step_of(secret, code, unit.now.timestamp()) if secret else None
    used = step is not None and store.use_step(unit, operator.id, step)
    if not used and not store.use_recovery_code(unit, operator.id, credentials.recovery_digest(code)):
        raise Unauthenticated("the code does not count")
    if replaces:
        store.end(unit, replaces)
    return _let_in(unit, operator, unit.now)


def let_in(unit: Unit, operator: Operator, proven_at: datetime | None) -> str:
    """Begin a session for somebody the identity provider vouches for; return its token.

    ``proven_at`` is when they proved there who they are. Where the provider does not say, it counts as long ago: they
    may work, and are not let near what asks for a fresh proof.
    """
    return _let_in(unit, operator, proven_at or _LONG_AGO)


def sign_out(unit: Unit, token: str, operator: Operator) -> None:
    """End a session."""
    store.end(unit, token)
    note(unit, actor(operator), "operator.sign_out", operator.site, str(operator.id))


def note_invitation(unit: Unit, by: Operator, invited: Operator) -> None:
    """Note in the trail who invited whom; the invitation itself is kept nowhere.

    Raises:
        Conflict: the login is taken.
    """
    store.expect_free(unit.connection, invited)
    note(unit, actor(by), "operator.invite", invited.site, str(invited.id))


def dismiss(unit: Unit, login: str, by: str) -> None:
    """Let an operator in no more; whoever acts is named as the trail names them.

    Raises:
        NotFound: nobody has this login.
    """
    operator = store.dismiss(unit, login)
    note(unit, by, "operator.dismiss", operator.site, str(operator.id))


async def forget_sessions(db: Database) -> None:
    """Remove the sessions that have ended by themselves."""
    await db.write(store.sweep)


def _let_in(unit: Unit, operator: Operator, proven_at: datetime) -> str:
    note(unit, actor(operator), "operator.sign_in", operator.site, str(operator.id))
    return _begin(unit, operator, proven_at)


def _begin(unit: Unit, operator: Operator, proven_at: datetime) -> str:
    token = secrets.token_urlsafe(32)
    store.begin(unit, token, operator.id, proven_at)
    return token
