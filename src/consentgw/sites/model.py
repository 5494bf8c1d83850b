"""A partner website and its operator."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from consentgw.errors import Malformed

if TYPE_CHECKING:
    from collections.abc import Iterable

LANGUAGES = ("kk", "ru", "en")
"""Languages of the gateway itself, in the order they are offered."""

SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?")
_ORIGIN = re.compile(r"(?P<scheme>https?)://[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?(?::(?P<port>[1-9][0-9]{0,4}))?")
_DEFAULT = {"http": "80", "https": "443"}
_DAY = timedelta(days=1)
_COLOUR = re.compile(r"#[0-9a-f]{6}")


class Style(StrEnum):
    """How the question stands on the partner's page."""

    INLINE = "inline"
    """The question is part of the partner's page and posts into our settings iframe."""
    FRAME = "frame"
    """The question is our own document inside the iframe: the strongest evidence."""


@dataclass(frozen=True, slots=True)
class Operator:
    """The legal person answerable for a site (GDPR Art. 4(7); "operator" in Kazakh law)."""

    name: str
    registration: str
    """Registration number; in Kazakhstan the BIN, twelve digits."""
    address: str
    email: str
    authority: str
    """The supervisory authority a person may complain to."""


@dataclass(frozen=True, slots=True)
class Looks:
    """What a site may change about our pages: an accent for light and for dark, and the corner of the control.

    Colours are ``#rrggbb``. Contrast is not a matter of taste: text on the accent is chosen by us.
    """

    accent: str = "#0b5c6b"
    accent_dark: str = "#7fd0e0"
    corner: str = "left"

    def __post_init__(self) -> None:
        for colour in (self.accent, self.accent_dark):
            if not _COLOUR.fullmatch(colour):
                raise Malformed(f"a colour is written #rrggbb in lower case, not {colour!r}")
        if self.corner not in {"left", "right"}:
            raise Malformed(f"the corner is left or right, not {self.corner!r}")


@dataclass(frozen=True, slots=True)
class Site:
    """One partner website."""

    slug: str
    name: str
    operator: Operator
    origins: frozenset[str]
    """Exact origins (``https://shop.example``) whose pages may embed this site."""
    languages: tuple[str, ...] = LANGUAGES
    """First is the default."""
    profile: str = "kz"
    style: Style = Style.INLINE
    looks: Looks = field(default_factory=Looks)
    validity: timedelta = timedelta(days=182)
    """How long an answer holds, yes or no."""

    def __post_init__(self) -> None:
        if not SLUG.fullmatch(self.slug):
            raise Malformed(f"a site is named in lower case letters, digits and hyphens, not {self.slug!r}")
        if not self.languages or not set(self.languages) <= set(LANGUAGES):
            raise Malformed(f"languages are some of {', '.join(LANGUAGES)}")
        if len(set(self.languages)) != len(self.languages):
            raise Malformed("a language is named once")
        if self.validity < _DAY or self.validity % _DAY:
            raise Malformed(f"an answer holds for whole days, at least one, not {self.validity}")
        origins(self.origins)  # they become part of headers

    @property
    def language(self) -> str:
        """Return the default language."""
        return self.languages[0]


def origins(values: Iterable[str]) -> frozenset[str]:
    """Read origins as browsers write them in the Origin header (RFC 6454 section 6.2).

    Raises:
        Malformed: a value has a path, a default or impossible port, upper case letters or is no origin at all.
    """
    read = frozenset(values)
    for value in read:
        found = _ORIGIN.fullmatch(value)
        if (
            found is None
            or ".." in value
            or found["port"] == _DEFAULT[found["scheme"]]
            or int(found["port"] or 1) > 65535
        ):
            raise Malformed(
                f"an origin is written like https://shop.example or http://shop.localhost:8080, not {value!r}"
            )
    return read
