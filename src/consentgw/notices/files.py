"""A site as a file: ``site.toml``, with what it asks and whom it lets in.

The file is what an operator reads, keeps under version control and copies from; the demo's sites are such
files. Unknown names are refused, so a misspelt setting never passes for a chosen one.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from consentgw.errors import Malformed, NotFound
from consentgw.law import profiles
from consentgw.notices.model import Basis, Cookie, Kind, Purpose, Tag, Wording
from consentgw.notices.wording import USUAL, usual
from consentgw.sites.inventory import DataItem, Retention, Words, usual_data, usual_retention
from consentgw.sites.model import Authority, Called, Looks, Operator, Site, Style, admit, origins

if TYPE_CHECKING:
    from pathlib import Path


_K = TypeVar("_K")


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True, str_min_length=1)


class _Called(_Part):
    name: str | None = None
    address: str | None = None


class _Operator(_Part):
    name: str
    registration: str
    address: str
    email: str = Field(pattern=r"^[^@\s]+@[^@\s]+$")
    kk: _Called | None = None
    ru: _Called | None = None
    en: _Called | None = None


class _Authority(_Part):
    name: dict[str, str]
    link: str = Field(default="", min_length=0)
    checked_on: date


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


class _Worded(_Part):
    key: str
    kk: _Words | None = None
    ru: _Words | None = None
    en: _Words | None = None


class _Data(_Worded):
    purposes: list[str] = []
    required: bool = False


class _Retention(_Worded):
    days: int = Field(ge=1, le=36_525)


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
    validity_days: int | None = Field(default=None, ge=1, le=395)
    purposes: list[str | _Purpose] = ["necessary", "analytics", "marketing"]
    operator: _Operator
    authority: _Authority | None = None
    data: list[str | _Data] | None = None
    retention: list[str | _Retention] | None = None
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


def interpret(text: str, day: date | None = None) -> Configuration:
    """Return the configuration a file's text says; the law is that of a day (today).

    Raises:
        Malformed: as :func:`read`.
    """
    day = day or datetime.now(UTC).date()
    try:
        said = _File.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise Malformed(str(error)) from None
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"] if part not in {"_Purpose", "_Data", "_Retention", "str"})
        raise Malformed(f"{place}: {first['msg']}") from None
    purposes = tuple(_purpose(part) for part in said.purposes)
    site = Site(
        slug=said.slug,
        name=said.name,
        operator=Operator(said.operator.name, said.operator.registration, said.operator.address, said.operator.email),
        origins=origins(said.origins),
        languages=tuple(said.languages),
        profile=said.profile,
        style=said.style,
        looks=Looks(**said.looks.model_dump(exclude_none=True)),
        validity=timedelta(days=said.validity_days or _validity(said.profile, day)),
        called=_called(said.operator),
        authority=said.authority and Authority(said.authority.name, said.authority.link, said.authority.checked_on),
        data=_data(said.data, frozenset(purpose.key for purpose in purposes)),
        retention=_retention(said.retention),
    )
    admit(site, day)
    return Configuration(site, purposes, tuple(_tag(part) for part in said.tags))


def _validity(profile: str, day: date) -> int:
    try:
        return profiles.profile(profile).on(day).validity.days
    except NotFound as error:
        raise Malformed(f"profile: {error}") from None


def _called(operator: _Operator) -> dict[str, Called]:
    said = {"kk": operator.kk, "ru": operator.ru, "en": operator.en}
    return {
        language: Called(called.name or operator.name, called.address or operator.address)
        for language, called in said.items()
        if called
    }


def _data(said: list[str | _Data] | None, purposes: frozenset[str]) -> tuple[DataItem, ...]:
    known = {item.key: item for item in usual_data()}
    if said is None:  # all the usual data, but none that only a purpose this site does not have would need
        return tuple(item for item in known.values() if item.purposes <= purposes)
    items = tuple(
        _known("data", part, known)
        if isinstance(part, str)
        else DataItem(part.key, _wording(part), frozenset(part.purposes), part.required)
        for part in said
    )
    for item in items:
        if strange := item.purposes - purposes:
            raise Malformed(f"data: {item.key} is for {', '.join(sorted(strange))}, no purpose of the site")
    return items


def _retention(said: list[str | _Retention] | None) -> tuple[Retention, ...]:
    known = {kind.key: kind for kind in usual_retention()}
    if said is None:
        return tuple(known.values())
    return tuple(_known("retention", part, known) if isinstance(part, str) else _kind(part, known) for part in said)


def _kind(part: _Retention, known: dict[str, Retention]) -> Retention:
    """Return a kind of record in the file's words; one of ours may state another period and no words."""
    wording = _wording(part)
    if not wording and part.key in known:
        return replace(known[part.key], period_days=part.days)
    return Retention(part.key, wording, part.days)


def _known(place: str, key: str, known: dict[str, _K]) -> _K:
    if key not in known:
        raise Malformed(f"{place}: {key!r} has no words of ours; write a table with them. Ours are {', '.join(known)}")
    return known[key]


def _wording(part: _Worded) -> dict[str, Words]:
    said = {"kk": part.kk, "ru": part.ru, "en": part.en}
    return {language: Words(words.title, words.sentence) for language, words in said.items() if words}


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
