"""Keys of the API: what one may do, and how it is written."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import zlib
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from consentgw.errors import Forbidden, NotFound

if TYPE_CHECKING:
    from datetime import datetime

PREFIX = "cg_live_"
PATTERN = re.compile(r"cg_live_(?P<id>[0-9A-Za-z]{10})_(?P<secret>[0-9A-Za-z]{43})(?P<check>[0-9A-Za-z]{6})")
"""For secret scanners too: the check digits tell a key from text that looks like one."""
IDENTIFIER = r"^[0-9A-Za-z]{10}$"
"""The public half of a key."""
LIFE = timedelta(days=365)
"""How long a key lives, unless it is said otherwise."""
SHORTEST, LONGEST = timedelta(minutes=1), timedelta(days=731)
ZERO = timedelta()
OVERLAP = timedelta(days=7)
"""How long a key that was rolled over still lives beside its successor."""
_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


class Scope(StrEnum):
    """What a key may do. Reading and writing are never one permission."""

    RECEIPTS_READ = "receipts:read"
    RECEIPTS_WRITE = "receipts:write"
    STANDING_READ = "standing:read"
    SITES_READ = "sites:read"
    SITES_WRITE = "sites:write"
    POLICIES_READ = "policies:read"
    POLICIES_WRITE = "policies:write"
    POLICIES_PUBLISH = "policies:publish"
    NOTICES_READ = "notices:read"
    REQUESTS_READ = "requests:read"
    REQUESTS_WRITE = "requests:write"
    TASKS_READ = "tasks:read"
    TASKS_WRITE = "tasks:write"
    IDENTITIES_READ = "identities:read"
    HOLDS_WRITE = "holds:write"
    WEBHOOKS_READ = "webhooks:read"
    WEBHOOKS_WRITE = "webhooks:write"
    KEYS_READ = "keys:read"
    KEYS_WRITE = "keys:write"
    AUDIT_READ = "audit:read"


PROCESSOR_SCOPES = frozenset({Scope.TASKS_READ, Scope.TASKS_WRITE, Scope.IDENTITIES_READ})
"""What the key of one processor can do at the most: what else a site has is not its business."""


@dataclass(frozen=True, slots=True)
class Key:
    """One key, without its secret."""

    id: str
    """The public half: it stands in lists, in the trail and in every message about the key."""
    name: str
    """What it is for, in the words of whoever made it."""
    site: str | None
    """The one site it opens; None for the whole installation."""
    scopes: frozenset[Scope]
    hash: bytes
    """SHA-256 of the secret. It has 256 bits of chance in it, so it needs no slow hash (ASVS 6.5.2)."""
    created_at: datetime
    expires_at: datetime
    parent: str | None = None
    """The key that made it; None for the command line. It dies with its parent."""
    replaces: str | None = None
    """The key it took over from."""
    revoked_at: datetime | None = None
    used_at: datetime | None = None
    """When it was last used, to the day."""
    processor: str | None = None
    """The one processor of the site whose tasks it opens; None for everything the site has."""

    def live(self, now: datetime) -> bool:
        """Return whether it opens anything at an instant."""
        return self.revoked_at is None and now < self.expires_at

    def may(self, scope: Scope) -> None:
        """Make sure of a permission.

        Raises:
            Forbidden: the key does not have it.
        """
        if scope not in self.scopes:
            raise Forbidden(f"this needs a key with the scope {scope.value}")

    def sees(self, site: str | None) -> bool:
        """Return whether something of a site, or of the installation, is this key's business."""
        return self.site is None or self.site == site

    def open(self, site: str) -> None:
        """Make sure that a site is this key's.

        Raises:
            NotFound: it is another's; whether it exists is not told.
        """
        if not self.sees(site):
            raise NotFound("no such site")

    def covers(self, site: str | None, scopes: frozenset[Scope]) -> bool:
        """Return whether these rights are no wider than the key's own."""
        return self.sees(site) and scopes <= self.scopes


def mint() -> tuple[str, str, bytes]:
    """Return a new key: its public id, the whole text to be shown once, and the hash to keep."""
    identifier, secret = _random(10), _random(43)
    body = f"{PREFIX}{identifier}_{secret}"
    return identifier, body + _check(body), digest(secret)


def named(wanted: Key, identifier: str, hashed: bytes) -> Key:
    """Return a key with its id and the hash of its secret."""
    return replace(wanted, id=identifier, hash=hashed)


def read(text: str) -> tuple[str, str] | None:
    """Return the public id and the secret of a key's text; None for what is no key, which no database need be asked."""
    found = PATTERN.fullmatch(text)
    if found is None or not hmac.compare_digest(found["check"], _check(text[:-6])):
        return None
    return found["id"], found["secret"]


def digest(secret: str) -> bytes:
    """Return the hash of a secret."""
    return hashlib.sha256(secret.encode()).digest()


def _random(length: int) -> str:
    return "".join(secrets.choice(_DIGITS) for _ in range(length))


def _check(body: str) -> str:
    """Return the CRC32 of a text in six digits to the base 62."""
    number = zlib.crc32(body.encode())
    digits = ""
    for _ in range(6):
        number, digit = divmod(number, 62)
        digits = _DIGITS[digit] + digits
    return digits
