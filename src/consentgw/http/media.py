"""What an address answers in: the format the caller likes best, and compressed or not (RFC 9110 section 12.5)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from consentgw.http.problems import NotAcceptable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.requests import Request

_RANGE = re.compile(r"\s*([!#$%&'*+.^_`|~0-9a-z-]+/[!#$%&'*+.^_`|~0-9a-z-]+)\s*(?:;(.*))?")
_QUALITY = re.compile(r"\s*q=(0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)\s*")

_GZIP = re.compile(rb"\s*gzip\s*(?:;(?!\s*q=0(?:\.0{0,3})?\s*$).*)?")


def takes_gzip(request: Request) -> bool:
    """Return whether the caller names gzip, and does not name it to refuse it (RFC 9110 section 12.5.3)."""
    lines = [value for name, value in request.scope["headers"] if name == b"accept-encoding"]
    return any(_GZIP.fullmatch(word) for line in lines for word in line.lower().split(b","))


def choose(request: Request, formats: Sequence[str]) -> str:
    """Return the format to answer in: of those the caller likes best, our first.

    Raises:
        NotAcceptable: the caller takes none of them.
    """
    lines = [value for name, value in request.scope["headers"] if name == b"accept"]
    ranges = dict(filter(None, map(_read, b",".join(lines).decode("latin-1").lower().split(","))))
    if not ranges:
        return formats[0]
    best = max(formats, key=lambda media: _liked(media, ranges))
    if not _liked(best, ranges):
        raise NotAcceptable(f"this is answered as {', '.join(formats)}")
    return best


def _read(text: str) -> tuple[str, float] | None:
    found = _RANGE.fullmatch(text)
    if found is None:
        return None
    weights = [float(read[1]) for part in (found[2] or "").split(";") if (read := _QUALITY.fullmatch(part))]
    return found[1], weights[-1] if weights else 1.0


def _liked(media: str, ranges: dict[str, float]) -> float:
    """Return how much a format is liked; the most exact range that names it decides."""
    for name in (media, f"{media.partition('/')[0]}/*", "*/*"):
        if name in ranges:
            return ranges[name]
    return 0.0
