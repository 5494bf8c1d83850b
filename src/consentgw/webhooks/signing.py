"""Signatures by which a receiver knows a message is ours: Standard Webhooks ``v1`` and ``v1a``.

``v1`` is HMAC-SHA256 under a secret both sides hold, ``v1a`` Ed25519 under a key whose public half the receiver holds.
Both are made over ``id.timestamp.body``.
"""

from __future__ import annotations

import hmac
import os
from base64 import b64encode
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

if TYPE_CHECKING:
    from collections.abc import Iterable

_BYTES = 32


@dataclass(frozen=True, slots=True)
class Secrets:
    """The two keys of an endpoint."""

    shared: bytes
    private: bytes

    @classmethod
    def new(cls) -> Secrets:
        """Make new keys."""
        return cls(os.urandom(_BYTES), os.urandom(_BYTES))

    @classmethod
    def read(cls, raw: bytes) -> Secrets:
        """Return what :attr:`raw` wrote."""
        return cls(raw[:_BYTES], raw[_BYTES:])

    @property
    def raw(self) -> bytes:
        """Return both as one secret."""
        return self.shared + self.private

    @property
    def secret(self) -> str:
        """Return what a receiver verifies ``v1`` with."""
        return f"whsec_{_text(self.shared)}"

    @property
    def public(self) -> str:
        """Return what a receiver verifies ``v1a`` with; no secret."""
        return f"whpk_{_text(self._key.public_key().public_bytes_raw())}"

    def sign(self, content: bytes) -> str:
        """Return both signatures."""
        shared = hmac.digest(self.shared, content, "sha256")
        return f"v1,{_text(shared)} v1a,{_text(self._key.sign(content))}"

    @property
    def _key(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(self.private)


def headers(message: str, body: bytes, at: int, secrets: Iterable[Secrets]) -> list[tuple[bytes, bytes]]:
    """Return the three headers of a message, signed with every secret that is valid; ``at`` is seconds since 1970."""
    content = f"{message}.{at}.".encode() + body
    return [
        (b"webhook-id", message.encode()),
        (b"webhook-timestamp", str(at).encode()),
        (b"webhook-signature", " ".join(one.sign(content) for one in secrets).encode()),
    ]


def _text(raw: bytes) -> str:
    return b64encode(raw).decode()
