"""The installation's secret and its database, which are of use only together.

Which secrets an installation has run with is marked in its database, by fingerprints that say nothing of them: so it
is noticed when one of them is no longer given, though what was sealed or hashed under it cannot say so by itself.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from consentgw.db import marks
from consentgw.errors import Misconfigured
from consentgw.keys import store
from consentgw.keys.model import derive

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from consentgw.db import Unit
    from consentgw.settings import Settings

_MARK = "secret: "


def check(connection: Connection, settings: Settings) -> None:
    """Make sure that the secret is the one of this database, before anything is made or sealed under another.

    Nothing is made by looking; a database without a signing key has no secret yet.

    Raises:
        Misconfigured: the secret is gone, too short, or another one.
    """
    begun = store.current(connection) is not None
    if settings.without_secret:
        if begun:
            raise Misconfigured(
                f"the secret is gone: put {settings.own_secret} back, or set CONSENTGW_SECRET to what it said"
            )
        return
    secrets = settings.secrets()
    if begun:
        store.signer(connection, derive(secrets, "keys"))


def remember(unit: Unit, secrets: tuple[bytes, ...]) -> None:
    """Mark the secrets that this installation runs with."""
    for mark in _fingerprints(secrets):
        if marks.read(unit.connection, mark) is None:
            marks.move(unit, mark, int(unit.now.timestamp()))


def miss(connection: Connection, secrets: tuple[bytes, ...]) -> None:
    """Make sure that every secret this installation has ever run with is given.

    Raises:
        Misconfigured: one is not.
    """
    given = _fingerprints(secrets)
    gone = [at for mark, at in marks.beginning(connection, _MARK).items() if mark not in given]
    if gone:
        days = ", ".join(datetime.fromtimestamp(at, UTC).date().isoformat() for at in gone)
        raise Misconfigured(
            f"a secret that is in use here since {days} is not given: what was kept under it cannot be read or found;"
            " add it to CONSENTGW_PREVIOUS_SECRETS"
        )


def _fingerprints(secrets: tuple[bytes, ...]) -> list[str]:
    return [_MARK + key.hex()[:16] for key in derive(secrets, "fingerprint")]
