"""Keys as rows; private halves sealed with AES-GCM (NIST SP 800-38D)."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import insert, select

from consentgw.errors import Misconfigured, NotFound
from consentgw.keys.model import Signer
from consentgw.keys.tables import keys

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from consentgw.db import Unit

_NONCE = 12


def signer(connection: Connection, wrapping: tuple[bytes, ...]) -> Signer:
    """Return the key that signs now: the newest that is not retired.

    Raises:
        NotFound: no key was made yet.
        Misconfigured: the secret of this installation is not the one that sealed the key.
    """
    query = (
        select(keys.c.kid, keys.c.sealed).where(keys.c.retired_at.is_(None)).order_by(keys.c.created_at.desc()).limit(1)
    )
    row = connection.execute(query).one_or_none()
    if row is None:
        raise NotFound("no signing key")
    return Signer(row.kid, Ed25519PrivateKey.from_private_bytes(_unseal(bytes(row.sealed), row.kid, wrapping)))


def published(connection: Connection) -> list[dict[str, Any]]:
    """Return the public JWKs of all keys, retired ones too, oldest first."""
    return list(connection.execute(select(keys.c.public).order_by(keys.c.created_at)).scalars())


def keep(unit: Unit, private: Ed25519PrivateKey, public: dict[str, Any], wrapping: tuple[bytes, ...]) -> None:
    """Add a key that signs from now on."""
    nonce = os.urandom(_NONCE)
    kid: str = public["kid"]
    sealed = nonce + AESGCM(wrapping[0]).encrypt(nonce, private.private_bytes_raw(), kid.encode())
    unit.connection.execute(insert(keys).values(kid=kid, public=public, sealed=sealed, created_at=unit.now))


def _unseal(sealed: bytes, kid: str, wrapping: tuple[bytes, ...]) -> bytes:
    for key in wrapping:
        try:
            return AESGCM(key).decrypt(sealed[:_NONCE], sealed[_NONCE:], kid.encode())
        except InvalidTag:
            continue
    raise Misconfigured("CONSENTGW_SECRET is not the secret this database was set up with")
