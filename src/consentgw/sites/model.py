"""A partner website and its operator."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from consentgw.errors import Malformed, NotFound
from consentgw.law import profiles
from consentgw.sites.addresses import check_return, near, split_base
from consentgw.sites.inventory import usual_data, usual_retention

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from consentgw.law.profiles import RequestType
    from consentgw.sites.inventory import DataItem, Retention
    from consentgw.sites.processors import Processor

LANGUAGES = ("kk", "ru", "en")
"""Languages of the gateway itself, in the order they are offered."""

SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?")
_ORIGIN = re.compile(r"(?P<scheme>https?)://[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?(?::(?P<port>[1-9][0-9]{0,4}))?")
_DEFAULT = {"http": "80", "https": "443"}
_DAY = timedelta(days=1)
_COLOUR = re.compile(r"#[0-9a-f]{6}")
_LINK = re.compile(r"https://[a-z0-9.-]+(?::[0-9]{1,5})?(?:/[!-~]*)?")
_BIN_WEIGHTS = (range(1, 12), (3, 4, 5, 6, 7, 8, 9, 10, 11, 1, 2))


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
    """Registration number; in Kazakhstan the BIN, or the IIN of an individual entrepreneur: twelve digits."""
    address: str
    email: str


@dataclass(frozen=True, slots=True)
class Called:
    """What an operator is called, and where it is, in one more language."""

    name: str
    address: str


@dataclass(frozen=True, slots=True)
class Authority:
    """A supervisory authority that a site names instead of the one its law profile knows."""

    name: Mapping[str, str]
    """By language."""
    link: str
    checked_on: date
    """The day somebody last made sure of it."""

    def __post_init__(self) -> None:
        if self.link and not _LINK.fullmatch(self.link):
            raise Malformed(f"the link to an authority starts like https://authority.example/, not {self.link!r}")


@dataclass(frozen=True, slots=True)
class AuthorityView:
    """The authority a person may complain to, in one language."""

    name: str
    link: str
    """Empty where there is no page to lead to."""
    checked_on: date


@dataclass(frozen=True, slots=True)
class Looks:
    """What a site may change about our pages: an accent for light and for dark, and the corner of the control.

    Colours are ``#rrggbb``. Contrast is not a matter of taste: text on the accent is chosen by us.
    """

    accent: str = "#0b5c6b"
    accent_dark: str = "#7fd0e0"
    corner: str = "left"

    def __post_init__(self) -> None:
        for place, colour in (("accent", self.accent), ("accent_dark", self.accent_dark)):
            if not _COLOUR.fullmatch(colour):
                raise Malformed(f"looks.{place}: a colour is written #rrggbb in lower case, not {colour!r}")
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
    called: Mapping[str, Called] = field(default_factory=dict[str, Called])
    """The operator's name and address in other languages than the first."""
    authority: Authority | None = None
    """Only where it is another than the law profile's."""
    data: tuple[DataItem, ...] = field(default_factory=usual_data)
    """The personal data it has to do with."""
    retention: tuple[Retention, ...] = field(default_factory=usual_retention)
    """How long it keeps each kind of record."""
    returns: Mapping[str, str] = field(default_factory=dict[str, str])
    """Where people are sent back to after the redirect flow: addresses in full, on its origins, by short name."""
    first_party: frozenset[str] = frozenset()
    """Where the gateway stands on its own ground: an origin (a subdomain), or one with the path it is mounted on."""
    processors: tuple[Processor, ...] = ()
    """Who processes data for it, and acts on requests of data subjects too."""
    shares_consent_with: frozenset[str] = frozenset()
    """Other sites of the operator at which an answer of the redirect flow counts as well; each names all the others."""

    def __post_init__(self) -> None:
        if not SLUG.fullmatch(self.slug):
            raise Malformed(f"a site is named in lower case letters, digits and hyphens, not {self.slug!r}")
        if not self.languages or not set(self.languages) <= set(LANGUAGES):
            raise Malformed(f"languages are some of {', '.join(LANGUAGES)}")
        if len(set(self.languages)) != len(self.languages):
            raise Malformed("a language is named once")
        if self.validity < _DAY or self.validity % _DAY:
            raise Malformed(f"an answer holds for whole days, at least one, not {self.validity}")
        if strange := set(self.called) - set(self.languages[1:]):
            raise Malformed(
                "an operator has one name in the site's first language and one in each other language of the site, not"
                f" in {', '.join(sorted(strange))}"
            )
        if self.authority:
            self._speaks("the authority", self.authority.name)
        for place, parts in (("data", self.data), ("retention", self.retention), ("processors", self.processors)):
            for part in parts:
                self._speaks(f"{place}: {part.key}", part.wording)
            if twice := repeated(part.key for part in parts):
                raise Malformed(f"{place}: {', '.join(twice)} stands twice")
        origins(self.origins)  # they become part of headers
        for name, address in self.returns.items():
            if check_return(name, address) not in self.origins:
                raise Malformed(f"{name}: people are sent back only to the site's own origins, not to {address!r}")
        for address in self.first_party:
            if split_base(address) in {(origin, "") for origin in self.origins}:
                raise Malformed(f"the gateway cannot be all of {address}: the site's pages stand there")
        if self.slug in self.shares_consent_with:
            raise Malformed("a site shares consent with others, not with itself")

    def _speaks(self, what: str, words: Mapping[str, object]) -> None:
        if missing := [language for language in self.languages if not words.get(language)]:
            raise Malformed(f"{what} has no words in {', '.join(missing)}")

    @property
    def language(self) -> str:
        """Return the default language."""
        return self.languages[0]

    @property
    def hosts(self) -> tuple[str, ...]:
        """Return the hosts of its pages, as people know them from the address bar."""
        return tuple(sorted(origin.partition("://")[2] for origin in self.origins))

    @property
    def gateway(self) -> str:
        """Return where the gateway stands on the site's own ground, a subdomain before a path; else nothing."""
        return min(self.first_party, key=lambda base: (split_base(base)[1] != "", base), default="")

    def processors_of(self, type_: RequestType) -> tuple[Processor, ...]:
        """Return who is asked to act on a type of request."""
        return tuple(one for one in self.processors if type_ in one.types)

    def operator_in(self, language: str) -> Operator:
        """Return the operator as it is called in a language, or in the first where it has no other name there."""
        words = self.called.get(language)
        return replace(self.operator, name=words.name, address=words.address) if words else self.operator

    def authority_in(self, language: str, on: date | None = None) -> AuthorityView:
        """Return the authority a person may complain to: the file's own, else the law profile's of that day (today).

        Raises:
            NotFound: the law profile is gone or disabled.
        """
        if own := self.authority:
            return AuthorityView(own.name[language], own.link, own.checked_on)
        known = profiles.profile(self.profile).on(on or _today()).authority
        return AuthorityView(known.called(language), known.link, known.checked_on)


def repeated(names: Iterable[str]) -> list[str]:
    """Return the names that stand more than once, each once."""
    return [name for name, count in Counter(names).items() if count > 1]


def admit(site: Site, on: date) -> None:
    """Check what the site's law profile asks of a site on a day; a site kept before is not judged again.

    Raises:
        Malformed: there is no such profile or it is disabled, a required language is missing, the operator's number
            cannot be one, a processor is to act on what nobody can ask for, or the gateway would stand on other ground
            than the site's.
    """
    try:
        rules = profiles.profile(site.profile).on(on)
    except NotFound as error:
        raise Malformed(str(error)) from None
    if missing := [language for language in rules.languages.required if language not in site.languages]:
        raise Malformed(
            f"the law profile {site.profile} asks for the languages {', '.join(rules.languages.required)}; the site"
            f" does not speak {', '.join(missing)} ({rules.languages.source})"
        )
    if strange := sorted(address for address in site.first_party if not near(address, site.origins)):
        raise Malformed(
            f"first_party: {', '.join(strange)} is neither a path of one of the site's hosts nor a subdomain of theirs"
        )
    for processor in site.processors:
        for type_ in sorted(processor.types):
            try:
                rules.request(type_)
            except NotFound as error:
                raise Malformed(f"{processor.key} cannot be asked to act on that: {error}") from None
    if site.profile == "kz" and not registered_in_kazakhstan(site.operator.registration):
        raise Malformed(
            f"{site.operator.registration!r} is no BIN or IIN: it has twelve digits, and the last one checks the others"
        )


def registered_in_kazakhstan(number: str) -> bool:
    """Return whether a number can be a BIN or an IIN: twelve digits, the last of which checks the others."""
    if not re.fullmatch("[0-9]{12}", number):
        return False
    digits = [int(digit) for digit in number]
    for weights in _BIN_WEIGHTS:
        check = sum(digit * weight for digit, weight in zip(digits, weights, strict=False)) % 11
        if check < 10:
            return check == digits[11]
    return False


def _today() -> date:
    return datetime.now(UTC).date()


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
