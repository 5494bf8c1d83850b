"""The verdict on a tag, and the vendor address it leads to."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from consentgw.errors import Malformed
from consentgw.notices.model import Kind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from consentgw.consents.model import Standing
    from consentgw.notices.model import Tag

MACROS = frozenset({"CACHEBUSTER", "PAGE_URL", "TIMESTAMP"})
"""What an address template may ask for: a number that never repeats, the page as far as the browser tells it, the
second since 1970. Nothing here says who the visitor is."""

_MACRO = re.compile(r"\$\{([A-Z_]+)\}")


@dataclass(frozen=True, slots=True)
class Address:
    """A vendor's address template, taken apart once."""

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
        Malformed: it is no absolute http(s) address, its host is not fixed, or it asks for an unknown macro.
    """
    pieces = _MACRO.split(template)
    unknown = set(pieces[1::2]) - MACROS
    if unknown:
        raise Malformed(f"the address asks for {', '.join(sorted(unknown))}; known are {', '.join(sorted(MACROS))}")
    parts = urlsplit(pieces[0])
    fixed = parts.scheme in {"http", "https"} and parts.netloc and "@" not in parts.netloc and pieces[0].count("/") >= 3
    if not fixed or not template.isascii() or not template.isprintable() or " " in template:
        raise Malformed(f"a vendor address is absolute, its host is fixed, and it is percent-encoded: {template!r}")
    return Address(tuple(pieces[::2]), tuple(pieces[1::2]))


def released(tag: Tag, standing: Standing) -> bool:
    """Return whether a tag may load: every one of its purposes is granted now. Silence is no."""
    return standing.allows(tag.purposes)


DESTINATIONS: Mapping[Kind, frozenset[str]] = {
    Kind.SCRIPT: frozenset({"script"}),
    Kind.IMAGE: frozenset({"image"}),
    Kind.FRAME: frozenset({"iframe", "frame", "object", "embed"}),
}
"""What browsers call the elements of each kind (Sec-Fetch-Dest); a navigation is in none of them."""
