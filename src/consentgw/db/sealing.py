"""Sealed values: columns that only this installation can read, and only in the place they were written for.

AES-256-GCM (NIST SP 800-38D) under a random nonce. The place (``table|column|row``) is authenticated with the
value, so one ciphertext can never stand for another.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from consentgw.errors import Misconfigured

if TYPE_CHECKING:
    from collections.abc import Iterable

_VERSION = b"\x01"
_NONCE = 12


class Sealer:
    """Seals with the first key and opens with any: an old key stays valid while it is listed."""

    __slots__ = ("_ciphers",)

    def __init__(self, keys: Iterable[bytes]) -> None:
        self._ciphers = tuple(AESGCM(key) for key in keys)

    def seal(self, value: bytes, place: str) -> bytes:
        """Return a value that only :meth:`open` can read, in this place."""
        nonce = os.urandom(_NONCE)
        return _VERSION + nonce + self._ciphers[0].encrypt(nonce, value, place.encode())

    def open(self, sealed: bytes, place: str) -> bytes:
        """Return the value.

        Raises:
            Misconfigured: none of the keys sealed it, it was altered, or it was sealed for another place.
        """
        nonce, text = sealed[1 : 1 + _NONCE], sealed[1 + _NONCE :]
        for cipher in self._ciphers if sealed[:1] == _VERSION else ():
            try:
                return cipher.decrypt(nonce, text, place.encode())
            except InvalidTag:
                continue
        raise Misconfigured("CONSENTGW_SECRET is not the secret that sealed this, or it was altered")


def place(table: str, column: str, row: object) -> str:
    """Return the name of a place in the database."""
    return f"{table}|{column}|{row}"
