"""A letter, and when it is tried again."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import timedelta

from consentgw.errors import Malformed

A_DAY = 3
"""Letters to one address in a day: more would make us a tool to flood a mailbox."""
DAY = timedelta(days=1)
_TRIES = (30, 120, 600, 1_800, 3_600, 7_200, 14_400)
"""Seconds after each attempt; the last one over and over."""
GIVE_UP = timedelta(days=5)
_LOCAL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_DOMAIN = re.compile(r"(?=.{4,253}\Z)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """What is written to somebody: the plain text and the HTML say the same."""

    language: str
    subject: str
    """Fixed words of ours: no name, no address, nothing anybody typed."""
    paragraphs: tuple[str, ...]
    link: str = ""
    """Stands alone on its line, after the first paragraph."""
    digits: str = ""
    """A code to type, in large print, after the second."""

    def lines(self) -> tuple[str, ...]:
        """Return everything in its order."""
        first, *rest = self.paragraphs
        second = rest[:1] if self.digits else []
        parts = (first, self.link, *second, self.digits, *rest[len(second) :])
        return tuple(part for part in parts if part)


def again_after(attempts: int) -> timedelta:
    """Return how long to wait after so many attempts."""
    return timedelta(seconds=_TRIES[min(attempts, len(_TRIES)) - 1])


def read_address(text: str) -> str:
    """Return an e-mail address as it is written to: plain characters before the @, a name of the DNS after it.

    Raises:
        Malformed: it is none, or one we cannot write to.
    """
    local, at, domain = unicodedata.normalize("NFC", text.strip()).rpartition("@")
    try:
        domain = domain.encode("idna").decode().lower()
    except UnicodeError:
        domain = ""
    if not at or len(local) > 64 or not _LOCAL.fullmatch(local) or not _DOMAIN.fullmatch(domain):
        raise Malformed("this is not an e-mail address we can write to")
    return f"{local}@{domain}"
