"""Vendors' addresses: templates from configuration, in which a few places are filled per request.

Such an address becomes a Location and its origin part of a Content-Security-Policy, so it is held to what
RFC 3986 allows: nothing in it can end a header, add a directive, or mean one host to us and another to a browser.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote

from consentgw.errors import Malformed

if TYPE_CHECKING:
    from collections.abc import Mapping

MACROS = frozenset({"CACHEBUSTER", "PAGE_URL", "TIMESTAMP"})
"""What an address template may ask for: a number that never repeats, the page as far as the browser tells it, the
second since 1970. Nothing here says who the visitor is."""

_MACRO = re.compile(r"\$\{([^}]*)\}")
_TEXT = r"(?:[A-Za-z0-9._~:/?#@!$&'()*+,;=-]|%[0-9A-Fa-f]{2})*"
_START = re.compile(
    r"(?P<origin>https?://[a-z0-9](?:[a-z0-9-]|\.(?=[a-z0-9]))*(?::(?P<port>[1-9][0-9]{0,4}))?)/" + _TEXT
)
_REST = re.compile(_TEXT)


@dataclass(frozen=True, slots=True)
class Address:
    """A vendor's address template, taken apart once."""

    origin: str
    """Scheme, host and port, as in ``https://vendor.example``; fixed, whatever fills the places."""
    parts: tuple[str, ...]
    macros: tuple[str, ...]

    def expand(self, values: Mapping[str, str]) -> str:
        """Return the address; every value is percent-encoded, so it can change nothing but itself."""
        address = self.parts[0]
        for macro, part in zip(self.macros, self.parts[1:], strict=True):
            address += quote(values.get(macro, ""), safe="") + part
        return address


def read_address(template: str) -> Address:
    """Read a template such as ``https://vendor.example/tr?id=1&z=${CACHEBUSTER}``.

    Raises:
        Malformed: it is no absolute http(s) address, its host is not fixed, it holds characters that no address has
            (RFC 3986), or it asks for an unknown macro.
    """
    pieces = _MACRO.split(template)
    parts, macros = tuple(pieces[::2]), tuple(pieces[1::2])
    if unknown := set(macros) - MACROS:
        raise Malformed(f"the address asks for {', '.join(sorted(unknown))}; known are {', '.join(sorted(MACROS))}")
    start = _START.fullmatch(parts[0])
    if start is None or int(start["port"] or 1) > 65535 or not all(_REST.fullmatch(part) for part in parts[1:]):
        raise Malformed(
            "a vendor's address starts like https://vendor.example/, its host is fixed, in lower case, and the rest is"
            f" percent-encoded, not {template!r}"
        )
    return Address(start["origin"], parts, macros)
