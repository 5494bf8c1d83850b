"""Conditional requests (RFC 9110 section 13): a strong tag over every byte, and changes that overwrite nobody's."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

from consentgw.errors import Malformed
from consentgw.http.problems import Stale, Unconditional

if TYPE_CHECKING:
    from starlette.requests import Request

PATTERN = r'^(\*|(W/)?"[!#-~]*"( *, *(W/)?"[!#-~]*")*)$'
"""What the headers look like, as the description of the API tells it."""
_TAG = re.compile(rb'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"')
_LIST = re.compile(rb"\s*(?:%b\s*(?:,\s*|$))+" % _TAG.pattern)


def tag_of(body: bytes) -> bytes:
    """Return the strong entity tag of a representation."""
    return b'"%b"' % hashlib.sha256(body).hexdigest()[:32].encode()


def unchanged(request: Request, tag: bytes) -> bool:
    """Return whether the caller has this representation already (``If-None-Match``; compared weakly)."""
    try:
        said = _tags(request, b"if-none-match")
    except Malformed:
        return False  # the whole answer is never wrong
    return said is not None and (said == [b"*"] or tag in [one.removeprefix(b"W/") for one in said])


def expect_none(request: Request) -> None:
    """Make sure that the caller means to make a new thing (``If-None-Match: *``).

    Raises:
        Unconditional: the caller does not say.
        Stale: the caller means to change one, and there is none.
    """
    if _tags(request, b"if-match") is not None:
        raise Stale("there is nothing of this name; send If-None-Match: * to make it")
    if _tags(request, b"if-none-match") != [b"*"]:
        raise Unconditional("there is nothing of this name; send If-None-Match: * to make it")


def expect(request: Request, tag: bytes) -> None:
    """Make sure that a thing still is what the caller thinks it is (``If-Match``; compared strongly).

    Raises:
        Unconditional: the caller does not say.
        Stale: it is another by now, or the caller meant to make it.
    """
    said, none = _tags(request, b"if-match"), _tags(request, b"if-none-match")
    if none not in (None, [b"*"]):
        raise Malformed("a change takes If-None-Match: * and no other")
    if said is None and none:
        raise Stale("there is something of this name already")
    if said is None:
        raise Unconditional("send If-Match with the ETag of what you read")
    if said != [b"*"] and tag not in said:
        raise Stale("somebody changed it since you read it; read it again")


def _tags(request: Request, name: bytes) -> list[bytes] | None:
    lines = [value.strip() for header, value in request.scope["headers"] if header == name]
    if not lines:
        return None
    joined = b", ".join(lines)
    if joined == b"*":
        return [b"*"]
    if not _LIST.fullmatch(joined):
        raise Malformed(f"{name.decode()} is * or a list of entity tags in double quotes")
    return _TAG.findall(joined)
