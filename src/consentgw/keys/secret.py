"""The installation's secret and its database, which are of use only together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from consentgw.errors import Misconfigured
from consentgw.keys import store
from consentgw.keys.model import derive

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from consentgw.settings import Settings


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
