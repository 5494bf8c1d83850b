"""Addresses on a partner's own ground: where people are sent back to, and where the gateway itself may stand.

Both are compared byte for byte with what is registered, so both have one spelling only: lower-case A-labels, no
userinfo, no default port, no dot segments, no escape of anything that ASCII can say. What two parsers could read
differently is refused when it is registered (RFC 9700 section 4.1.3, RFC 3986 section 6.2.2).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from consentgw.errors import Malformed

if TYPE_CHECKING:
    from collections.abc import Iterable

_LABEL = "[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_ORIGIN = (
    rf"(?:https://(?:{_LABEL}\.)+[a-z](?:[a-z0-9-]{{0,61}}[a-z0-9])?(?!:443(?![0-9]))"
    rf"|http://(?:{_LABEL}\.)*localhost(?!:80(?![0-9])))"
    r"(?::(?P<port>[1-9][0-9]{0,4}))?"
)
_WORD = r"(?:[A-Za-z0-9._~-]|%[89A-F][0-9A-F])+"
_RETURN = re.compile(
    rf"(?P<origin>{_ORIGIN})(?P<path>/(?:{_WORD}/)*(?:{_WORD})?)(?:\?(?P<query>{_WORD}(?:={_WORD})?(?:&{_WORD}(?:={_WORD})?)*))?"
)
_BASE = re.compile(rf"(?P<origin>{_ORIGIN})(?P<mount>(?:/[a-z0-9]+(?:-[a-z0-9]+)*)*)")
_NAME = re.compile("[a-z][a-z0-9-]{0,31}")
_OURS = frozenset({"code", "state"})
"""What is appended to a return address."""
_LONGEST = 2000


def check_return(name: str, address: str) -> str:
    """Check a return address and the name it is asked for by; return its origin.

    Raises:
        Malformed: another spelling, a scheme, host, path or query that is not allowed, or a parameter of ours.
    """
    if not _NAME.fullmatch(name):
        raise Malformed(f"a return address is named in lower case letters, digits and -, not {name!r}")
    found = _RETURN.fullmatch(address)
    if (
        found is None
        or len(address) > _LONGEST
        or int(found["port"] or 1) > 65535
        or not {".", ".."}.isdisjoint(found["path"].split("/"))
    ):
        raise Malformed(
            f"a return address is written in full, like https://shop.example/after-consent, not {address!r}"
        )
    if taken := _OURS.intersection(part.partition("=")[0] for part in (found["query"] or "").split("&")):
        raise Malformed(f"{name}: the parameter {', '.join(sorted(taken))} is appended by us and cannot stand there")
    return found["origin"]


def split_base(address: str) -> tuple[str, str]:
    """Return the origin of an address the gateway is reached under, and the path it is mounted on there (or nothing).

    Raises:
        Malformed: it is not written like ``https://consent.shop.example`` or ``https://shop.example/consent-gateway``.
    """
    found = _BASE.fullmatch(address)
    if found is None or len(address) > _LONGEST or int(found["port"] or 1) > 65535:
        raise Malformed(
            "the gateway on your own ground is written like https://consent.shop.example or"
            f" https://shop.example/consent-gateway, not {address!r}"
        )
    return found["origin"], found["mount"]


def near(address: str, origins: Iterable[str]) -> bool:
    """Return whether an address can be a site's own ground: a host of its origins, one below it, or one beside it.

    Which names anybody may register below (``co.uk``) we do not know, so this finds slips and not strangers.
    """
    host = _host(address)
    for theirs in map(_host, origins):
        parent = theirs.partition(".")[2]
        grounds = {theirs, parent} if "." in parent or parent == "localhost" else {theirs}
        if any(host == ground or host.endswith(f".{ground}") for ground in grounds):
            return True
    return False


def _host(address: str) -> str:
    return urlsplit(address).hostname or ""
