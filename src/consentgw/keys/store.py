"""Keys as rows; private halves sealed with AES-GCM (NIST SP 800-38D)."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import insert, select, update

from consentgw.errors import Misconfigured, NotFound
from consentgw.keys.model import Signer
from consentgw.keys.tables import keys

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection

    from consentgw.db import Unit


_NONCE = 12
_SIGNS = (keys.c.retired_at.is_(None),)
_NEWEST = (keys.c.created_at.desc(), keys.c.kid)


@dataclass(frozen=True, slots=True)
class Life:
    """A key as everybody may know it."""

    kid: str
    public: dict[str, Any]
    """Its public JWK."""
    created_at: datetime
    retired_at: datetime | None


def signer(connection: Connection, wrapping: tuple[bytes, ...]) -> Signer:
    """Return the key that signs now: the newest that is not retired.

    Raises:
        NotFound: no key was made yet.
        Misconfigured: the secret of this installation is not the one that sealed the key.
    """
    query = select(keys.c.kid, keys.c.sealed).where(*_SIGNS).order_by(*_NEWEST).limit(1)
    row = connection.execute(query).one_or_none()
    if row is None:
        raise NotFound("no signing key")
    return Signer(row.kid, Ed25519PrivateKey.from_private_bytes(_unseal(bytes(row.sealed), row.kid, wrapping)))


def current(connection: Connection) -> str | None:
    """Return the name of the key that signs now."""
    return connection.execute(select(keys.c.kid).where(*_SIGNS).order_by(*_NEWEST).limit(1)).scalar_one_or_none()


def published(connection: Connection) -> list[dict[str, Any]]:
    """Return the public JWKs of all keys, retired ones too, oldest first.

    ``iat`` is when a key began to sign and ``exp`` when it stopped (names of OpenID Federation 1.0 section 8.7), in
    seconds since 1970. What it signed in between stays genuine.
    """
    return [
        {**key.public, "iat": _seconds(key.created_at), **({"exp": _seconds(key.retired_at)} if key.retired_at else {})}
        for key in lives(connection)
    ]


def lives(connection: Connection) -> list[Life]:
    """Return every key with its dates, oldest first."""
    columns = (keys.c.kid, keys.c.public, keys.c.created_at, keys.c.retired_at)
    query = select(*columns).order_by(keys.c.created_at, keys.c.retired_at.is_(None), keys.c.kid)
    return [Life(*row) for row in connection.execute(query)]


def keep(unit: Unit, private: Ed25519PrivateKey, public: dict[str, Any], wrapping: tuple[bytes, ...]) -> None:
    """Add a key that signs from now on."""
    nonce = os.urandom(_NONCE)
    kid: str = public["kid"]
    sealed = nonce + AESGCM(wrapping[0]).encrypt(nonce, private.private_bytes_raw(), kid.encode())
    unit.connection.execute(insert(keys).values(kid=kid, public=public, sealed=sealed, created_at=unit.now))


def retire(unit: Unit, kid: str) -> None:
    """Let a key sign no more; what it signed is verified as before."""
    unit.connection.execute(update(keys).where(keys.c.kid == kid).values(retired_at=unit.now))


def _seconds(instant: datetime) -> int:
    return int(instant.timestamp())


def _unseal(sealed: bytes, kid: str, wrapping: tuple[bytes, ...]) -> bytes:
    for key in wrapping:
        try:
            return AESGCM(key).decrypt(sealed[:_NONCE], sealed[_NONCE:], kid.encode())
        except InvalidTag:
            continue
    raise Misconfigured("CONSENTGW_SECRET is not the secret this database was set up with")
