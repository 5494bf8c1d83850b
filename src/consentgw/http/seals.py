"""Seals: short texts that only we can have written.

Form tokens, the state cookie and receipt codes are all ``text.mac``: HMAC-SHA256 cut to 128 bits,
base64url. Every use has its own key, so one kind of text can never pass for another (domain separation).
"""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from uuid import UUID

_MAC = 16
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


class Seal:
    """Seals with the first key and accepts all: an old key stays valid while it is listed."""

    def __init__(self, keys: tuple[bytes, ...]) -> None:
        self._keys = keys

    def close(self, text: str) -> str:
        """Return the text with its seal."""
        return f"{text}.{_mac(self._keys[0], text)}"

    def open(self, sealed: str) -> str | None:
        """Return the text, or None when we did not write it."""
        text, _, mac = sealed.rpartition(".")
        if not mac.isascii():
            return None
        for key in self._keys:
            if hmac.compare_digest(mac, _mac(key, text)):
                return text
        return None


def _mac(key: bytes, text: str) -> str:
    return to_base64(hmac.digest(key, text.encode(), "sha256")[:_MAC])


def to_base64(data: bytes) -> str:
    """Return unpadded base64url (RFC 4648 section 5)."""
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def from_base64(text: str) -> bytes:
    """Return the bytes of unpadded base64url.

    Raises:
        ValueError: the text is not base64url, or not the one spelling of its bytes.
    """
    data = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if to_base64(data) != text:
        raise ValueError("not the canonical base64url")
    return data


def to_text(identifier: UUID) -> str:
    """Return a UUID in 22 characters."""
    return to_base64(identifier.bytes)


def from_text(text: str) -> UUID:
    """Return the UUID that :func:`to_text` wrote.

    Raises:
        ValueError: the text is no such thing.
    """
    return UUID(bytes=from_base64(text))


def to_base36(number: int) -> str:
    """Return a natural number in digits and lower case letters; ``int(text, 36)`` reads it."""
    digits = ""
    while number:
        number, digit = divmod(number, 36)
        digits = _DIGITS[digit] + digits
    return digits or "0"
