"""A site as a file: ``site.toml``, with what it asks and whom it lets in.

The file is what an operator reads, keeps under version control and copies from; the demo's sites are such
files. Unknown names are refused, so a misspelt setting never passes for a chosen one.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from consentgw.errors import Malformed
from consentgw.notices.model import Basis, Cookie, Kind, Purpose, Tag, Wording
from consentgw.notices.wording import USUAL, usual
from consentgw.sites.model import Looks, Operator, Site, Style, origins

if TYPE_CHECKING:
    from pathlib import Path


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True, str_min_length=1)


class _Operator(_Part):
    name: str
    registration: str
    address: str
    email: str = Field(pattern=r"^[^@\s]+@[^@\s]+$")
    authority: str


class _Looks(_Part):
    accent: str | None = None
    accent_dark: str | None = None
    corner: Literal["left", "right"] | None = None


class _Words(_Part):
    title: str
    sentence: str


class _Purpose(_Part):
    key: str = Field(pattern=r"^[a-z][a-z0-9_-]{0,31}$")
    basis: Basis = Basis.CONSENT
    kk: _Words | None = None
    ru: _Words | None = None
    en: _Words | None = None


class _Cookie(_Part):
    name: str
    days: float = Field(ge=0, description="0: until the browser is closed")
    party: Literal["first", "third"]


class _Tag(_Part):
    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,31}$")
    vendor: str
    purposes: list[str] = Field(min_length=1)
    country: str = Field(pattern=r"^[A-Z]{2}$")
    script: str | None = None
    image: str | None = None
    frame: str | None = None
    cookies: list[_Cookie] = []


class _File(_Part):
    slug: str
    name: str
    origins: list[str] = Field(min_length=1)
    languages: list[str] = ["kk", "ru", "en"]
    profile: str = "kz"
    style: Style = Style.INLINE
    validity_days: int = Field(default=182, ge=1, le=395)
    purposes: list[str | _Purpose] = ["necessary", "analytics", "marketing"]
    operator: _Operator
    looks: _Looks = _Looks()
    tags: list[_Tag] = []


@dataclass(frozen=True, slots=True)
class Configuration:
    """A site, what it asks and the tags it may load."""

    site: Site
    purposes: tuple[Purpose, ...]
    tags: tuple[Tag, ...]


def read(file: Path) -> Configuration:
    """Read a site's file.

    Raises:
        Malformed: it cannot be read, is no TOML, or says something we do not know; the message names the place.
    """
    try:
        return interpret(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise Malformed(f"cannot read {file}") from error
    except Malformed as error:
        raise Malformed(f"{file}: {error}") from None


def interpret(text: str) -> Configuration:
    """Return the configuration a file's text says.

    Raises:
        Malformed: as :func:`read`.
    """
    try:
        said = _File.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise Malformed(str(error)) from None
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"] if part not in {"_Purpose", "str"})
        raise Malformed(f"{place}: {first['msg']}") from None
    site = Site(
        slug=said.slug,
        name=said.name,
        operator=Operator(**said.operator.model_dump()),
        origins=origins(said.origins),
        languages=tuple(said.languages),
        profile=said.profile,
        style=said.style,
        looks=Looks(**said.looks.model_dump(exclude_none=True)),
        validity=timedelta(days=said.validity_days),
    )
    return Configuration(site, tuple(_purpose(part) for part in said.purposes), tuple(_tag(part) for part in said.tags))


def _purpose(part: str | _Purpose) -> Purpose:
    if isinstance(part, str):
        if part not in USUAL:
            raise Malformed(f"purposes: {part!r} has no words of ours; give it a table with a title and a sentence")
        return usual(part)
    words = {"kk": part.kk, "ru": part.ru, "en": part.en}
    wording = {language: Wording(said.title, said.sentence) for language, said in words.items() if said}
    return Purpose(part.key, part.basis, wording)


def _tag(part: _Tag) -> Tag:
    addresses = {Kind.SCRIPT: part.script, Kind.IMAGE: part.image, Kind.FRAME: part.frame}
    return Tag(
        name=part.name,
        vendor=part.vendor,
        purposes=frozenset(part.purposes),
        addresses={kind: address for kind, address in addresses.items() if address},
        country=part.country,
        cookies=tuple(Cookie(cookie.name, round(cookie.days * 86_400), cookie.party) for cookie in part.cookies),
    )
