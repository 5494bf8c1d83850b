"""Configured values as Markdown that shows exactly these words: no value can become a link, a list or a gap."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_SPECIAL = re.compile(r"[\\`*_\[\]<>|&~]")
_MARKER = re.compile(r"^(\d*)([-+=#.)])")
_EMAIL = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,252}[A-Za-z0-9])?")
_ADDRESS = re.compile(r"https?://[A-Za-z0-9.:-]+(?:/[A-Za-z0-9._~!$&'()*+,;=:@%/?#-]*)?")


def words(value: str) -> str:
    """Return a value as words, on one line."""
    return _MARKER.sub(r"\1\\\2", _SPECIAL.sub(r"\\\g<0>", " ".join(value.split())), count=1)


def email(value: str) -> str:
    """Return an address to write to as a link, or as words where it is none."""
    return f"<{value}>" if _EMAIL.fullmatch(value) else words(value)


def address(value: str) -> str:
    """Return a web address as a link that shows it, or as words where it is none."""
    return f"<{value}>" if _ADDRESS.fullmatch(value) else words(value)


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table of words."""
    lines = [heads, ["---"] * len(heads), *([words(cell) for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
