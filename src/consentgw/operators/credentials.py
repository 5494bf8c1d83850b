"""Passwords, authenticator codes and recovery codes.

Argon2id (RFC 9106) by argon2-cffi, one-time codes (RFC 6238) by pyotp. A code counts once: what was used is kept as the
number of its half minute, and only a later one is taken.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import secrets
from base64 import b32encode
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from pyotp.totp import TOTP

HASHES_AT_ONCE = 2
"""Each takes 64 MiB and a core for a fifth of a second."""
STEP_SECONDS = 30
RECOVERY_CODES = 10

_hasher = PasswordHasher()


class Passwords:
    """Hashes passwords beside the event loop, a few at a time."""

    def __init__(self) -> None:
        self._turn = asyncio.Semaphore(HASHES_AT_ONCE)

    async def keep(self, password: str) -> str:
        """Return what to store of a password."""
        async with self._turn:
            return await asyncio.to_thread(_hasher.hash, password)

    async def match(self, kept: str | None, password: str) -> bool:
        """Return whether it is the password; without one to compare with, take as long to say no."""
        async with self._turn:
            return await asyncio.to_thread(_match, kept or _nobody(), password) and kept is not None


def new_secret() -> str:
    """Return a secret for an authenticator: 160 bits, in base32 (RFC 4226 section 4)."""
    return b32encode(secrets.token_bytes(20)).decode()


def provisioning(secret: str, login: str, issuer: str) -> str:
    """Return the ``otpauth:`` address that authenticators read from a picture."""
    return TOTP(secret).provisioning_uri(name=login, issuer_name=issuer)


def step_of(secret: str, code: str, now: float) -> int | None:
    """Return the half minute a code belongs to, the present one or one beside it; None for a wrong code.

    The caller takes it only if it is later than the last one used.
    """
    said = "".join(code.split())
    if not (said.isascii() and said.isdigit()):
        return None
    generator, present = TOTP(secret), int(now) // STEP_SECONDS
    matching = [
        step for step in (present - 1, present, present + 1) if hmac.compare_digest(generator.generate_otp(step), said)
    ]
    return max(matching, default=None)


def new_recovery_codes() -> tuple[str, ...]:
    """Return codes for a lost authenticator: 80 bits each, in groups of four letters and digits."""
    return tuple(_grouped(b32encode(secrets.token_bytes(10)).decode()) for _ in range(RECOVERY_CODES))


def recovery_digest(code: str) -> bytes:
    """Return what is stored of a recovery code, however it was typed; it is too long to be guessed."""
    return hashlib.sha256("".join(code.split()).replace("-", "").upper().encode()).digest()


def _grouped(code: str) -> str:
    return "-".join(code[place : place + 4] for place in range(0, len(code), 4))


def _match(kept: str, password: str) -> bool:
    try:
        return _hasher.verify(kept, password)
    except (VerificationError, InvalidHashError):
        return False


@cache
def _nobody() -> str:
    """Return the hash of a password that nobody has."""
    return _hasher.hash(secrets.token_urlsafe())
