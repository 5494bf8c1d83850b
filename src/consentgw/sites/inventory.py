"""What a site keeps of people: the list of personal data, and how long each kind of record is kept.

The list that Art. 25(2)(1) of the Kazakh law on personal data asks for, and the periods of GDPR Art. 13(2)(a).
Nearly every site has the same few, so they have words of ours (``usual.toml``) and are written by their name.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from consentgw.errors import Malformed

if TYPE_CHECKING:
    from collections.abc import Mapping

_KEY = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}")


@dataclass(frozen=True, slots=True)
class Words:
    """What something is called in one language, and one sentence about it."""

    title: str
    sentence: str


@dataclass(frozen=True, slots=True)
class DataItem:
    """One kind of personal data. The sentence says what it is used for."""

    key: str
    wording: Mapping[str, Words]
    """By language."""
    purposes: frozenset[str] = frozenset()
    """Purposes of the site without which it is not collected; none where no cookie question decides about it."""
    required: bool = False
    """Whether the site, or the form that asks for it, cannot do without."""

    def __post_init__(self) -> None:
        _named(self.key, "personal data")


RECEIPTS_AT_LEAST = 30
"""Days; the database itself lets no receipt go earlier after the end of its choice (migration 0014)."""


@dataclass(frozen=True, slots=True)
class Retention:
    """How long one kind of record is kept. The sentence says from when it counts and why so long."""

    key: str
    wording: Mapping[str, Words]
    """By language."""
    period_days: int

    def __post_init__(self) -> None:
        _named(self.key, "a kind of record")
        if self.period_days < 1:
            raise Malformed(f"{self.key} is kept for whole days, at least one, not {self.period_days}")
        if self.key == "receipts" and self.period_days < RECEIPTS_AT_LEAST:
            raise Malformed(
                f"receipts are proof: they stay for at least {RECEIPTS_AT_LEAST} days, not {self.period_days}"
            )


def _named(key: str, what: str) -> None:
    if not _KEY.fullmatch(key):
        raise Malformed(f"{what} is named in lower case letters, digits, - and _, not {key!r}")


@cache
def usual_data() -> tuple[DataItem, ...]:
    """Return the personal data that nearly every site has to do with."""
    return tuple(
        DataItem(part["key"], _words(part), frozenset(part["purposes"]), part["required"]) for part in _usual()["data"]
    )


@cache
def usual_retention() -> tuple[Retention, ...]:
    """Return how long nearly every site keeps what it has."""
    return tuple(Retention(part["key"], _words(part), part["days"]) for part in _usual()["retention"])


@cache
def _usual() -> dict[str, list[dict[str, Any]]]:
    return tomllib.loads((files("consentgw.sites") / "usual.toml").read_text("utf-8"))


def _words(part: Mapping[str, Any]) -> dict[str, Words]:
    return {language: Words(**part[language]) for language in ("kk", "ru", "en")}
