"""The vault: names, addresses and texts, sealed for each request under a key of its own.

That key lies in the database wrapped by one that does not: it is derived from the installation's secret. Whoever has
a dump reads nothing; when the wrapped key is destroyed, nobody reads anything any more. An e-mail address is looked
up by a keyed digest, made for one site, so that two sites cannot compare theirs.
"""

from __future__ import annotations

import hmac
import os
import unicodedata
from typing import TYPE_CHECKING

from consentgw.db.sealing import Sealer, place

if TYPE_CHECKING:
    from uuid import UUID

_DIGEST = 16
_WRAPPED = ("subject_request_keys", "wrapped")


class Box:
    """What is sealed for one request."""

    __slots__ = ("_sealer",)

    def __init__(self, key: bytes) -> None:
        self._sealer = Sealer((key,))

    def seal(self, table: str, column: str, row: UUID, words: str) -> bytes | None:
        """Return words sealed for a place; no words are nothing."""
        return self._sealer.seal(words.encode(), place(table, column, row)) if words else None

    def open(self, table: str, column: str, row: UUID, sealed: bytes | None) -> str:
        """Return the words of a place."""
        return self._sealer.open(bytes(sealed), place(table, column, row)).decode() if sealed else ""

    def seal_file(self, table: str, column: str, row: UUID, data: bytes) -> bytes:
        """Return a file sealed for a place."""
        return self._sealer.seal(data, place(table, column, row))

    def open_file(self, table: str, column: str, row: UUID, sealed: bytes) -> bytes:
        """Return the file of a place."""
        return self._sealer.open(bytes(sealed), place(table, column, row))


class Vault:
    """Makes the key of a request, wraps it, and finds requests by an address. Keys: the newest first."""

    def __init__(self, wrapping: tuple[bytes, ...], index: tuple[bytes, ...]) -> None:
        self._wrapping = Sealer(wrapping)
        self._index = index

    def new(self, request: UUID) -> tuple[bytes, Box]:
        """Return a new key, wrapped, and the box it locks."""
        key = os.urandom(32)
        return self._wrapping.seal(key, place(*_WRAPPED, request)), Box(key)

    def unwrap(self, request: UUID, wrapped: bytes) -> Box:
        """Return the box of a request.

        Raises:
            Misconfigured: the installation's secret is another than the one it was wrapped under.
        """
        return Box(self._wrapping.open(bytes(wrapped), place(*_WRAPPED, request)))

    def digest(self, site: str, email: str) -> bytes:
        """Return what an address is found by at a site."""
        return self.digests(site, email)[0]

    def digests(self, site: str, email: str) -> list[bytes]:
        """Return what an address may have been filed under, by this secret or an earlier one."""
        text = f"{site}|{unicodedata.normalize('NFC', email.strip()).casefold()}".encode()
        return [hmac.digest(key, text, "sha256")[:_DIGEST] for key in self._index]
