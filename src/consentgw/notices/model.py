"""Purposes, tags and the notice that asks about them."""

from __future__ import annotations

import hashlib
import re
from dataclasses import asdict, dataclass
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING, Any

import rfc8785

from consentgw.errors import Malformed
from consentgw.notices.addresses import read_address

if TYPE_CHECKING:
    from collections.abc import Mapping

    from consentgw.policies.model import PolicyRef
    from consentgw.sites.model import AuthorityView, Operator

NECESSARY = "necessary"
"""The purpose that is always listed and never asked about."""
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}")


class Basis(StrEnum):
    """The legal basis of a purpose."""

    CONSENT = "consent"
    NECESSARY = "necessary"


class Kind(StrEnum):
    """The element that loads a tag; its value is the ending of the release address."""

    SCRIPT = "js"
    IMAGE = "gif"
    FRAME = "html"


@dataclass(frozen=True, slots=True)
class Wording:
    """The words for a purpose in one language: a short title and one sentence."""

    title: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Purpose:
    """Why data is used. One purpose, one choice."""

    key: str
    basis: Basis
    wording: Mapping[str, Wording]
    """By language."""

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.key):  # granted keys stand side by side in the ledger and in cookies
            raise Malformed(f"a purpose is named in lower case letters, digits, - and _, not {self.key!r}")

    @property
    def optional(self) -> bool:
        """Return whether a person is asked: only consent is asked for."""
        return self.basis is Basis.CONSENT


@dataclass(frozen=True, slots=True)
class Cookie:
    """A cookie that a tag, or we, may set."""

    name: str
    lifetime_seconds: int
    """Zero means until the browser is closed."""
    party: str
    """``first`` or ``third``, seen from the partner's page."""


@dataclass(frozen=True, slots=True)
class Tag:
    """Something a vendor loads for a purpose. A tag without a purpose cannot exist."""

    name: str
    vendor: str
    purposes: frozenset[str]
    """Every one of them must be granted."""
    addresses: Mapping[Kind, str]
    """The vendor's address template by kind of element, with ``${MACRO}`` places: see :func:`read_address`."""
    country: str
    """ISO 3166-1 alpha-2 code of the recipient's country."""
    cookies: tuple[Cookie, ...] = ()

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise Malformed(f"a tag is named in lower case letters, digits, - and _, not {self.name!r}")
        if not self.purposes:
            raise Malformed(f"the tag {self.name!r} names no purpose")
        for address in self.addresses.values():
            read_address(address)


@dataclass(frozen=True, slots=True)
class Words:
    """What the question says beside its purposes, in one language, from the top to the bottom."""

    title: str
    introduction: str
    always_on: str
    """Stands in brackets after the title of a purpose that is not asked about."""
    freedom: str
    vendors: str
    """The link to the full page, with the number of vendors."""
    policy: str
    """The link to the policy."""
    buttons: tuple[str, ...]
    """Yes to all, no to all, and what is ticked; none where nothing is asked."""


@dataclass(frozen=True, slots=True)
class Covered:
    """A site at which an answer counts, of several."""

    slug: str
    name: str
    hosts: tuple[str, ...]
    policy: PolicyRef

    def __str__(self) -> str:
        """Return it as people know it: ``Dala (dala.example)``."""
        return f"{self.name} ({', '.join(self.hosts)})"


@dataclass(frozen=True)
class Notice:
    """The snapshot of everything a person is shown when asked, in one language."""

    site: str
    language: str
    operator: Operator
    authority: AuthorityView
    purposes: tuple[Purpose, ...]
    tags: tuple[Tag, ...]
    policy: PolicyRef
    words: Words
    covers: tuple[Covered, ...] = ()
    """Every site one answer counts at, by slug, in a question that sites share; none where it counts at this one.

    The questions of such sites show the same sentences, whichever of the sites sent the person.
    """

    @property
    def buttons(self) -> tuple[str, ...]:
        """Return the words on the buttons, in the order shown."""
        return self.words.buttons

    @cached_property
    def asked(self) -> frozenset[str]:
        """Return the keys of the purposes a person may grant or refuse."""
        return frozenset(purpose.key for purpose in self.purposes if purpose.optional)

    @property
    def policies(self) -> tuple[tuple[str, str], ...]:
        """Return the link to the policy of every site it asks for: its words, and the version."""
        if self.covers:
            return tuple((f"{self.words.policy}: {site.name}", site.policy.version) for site in self.covers)
        return ((self.words.policy, self.policy.version),)

    @property
    def vendors(self) -> tuple[str, ...]:
        """Return the names of the vendors behind the tags, each once."""
        return tuple(dict.fromkeys(tag.vendor for tag in self.tags))

    def tags_for(self, purpose: str) -> tuple[Tag, ...]:
        """Return the tags that need a purpose."""
        return tuple(tag for tag in self.tags if purpose in tag.purposes)

    @property
    def shown(self) -> tuple[tuple[str, str], ...]:
        """Return every sentence of the question in its order, each with the kind of thing it stands on."""
        words = [(purpose, purpose.wording[self.language]) for purpose in self.purposes]
        return (
            ("title", self.words.title),
            ("text", self.words.introduction),
            *(("choice", f"{said.title}. {said.sentence}") for purpose, said in words if purpose.optional),
            *(
                ("listed", f"{said.title} ({self.words.always_on}). {said.sentence}")
                for purpose, said in words
                if not purpose.optional
            ),
            ("text", self.words.freedom),
            ("link", self.words.vendors),
            *(("link", said) for said, _ in self.policies),
            *(("button", said) for said in self.words.buttons),
        )

    def content(self) -> dict[str, Any]:
        """Return the notice as JSON values; only the words of its own language."""
        return {
            "site": self.site,
            "language": self.language,
            "operator": asdict(self.operator),
            "authority": {**asdict(self.authority), "checked_on": self.authority.checked_on.isoformat()},
            "purposes": [
                {
                    "key": purpose.key,
                    "basis": purpose.basis.value,
                    "title": purpose.wording[self.language].title,
                    "sentence": purpose.wording[self.language].sentence,
                }
                for purpose in self.purposes
            ],
            "tags": [
                {
                    "name": tag.name,
                    "vendor": tag.vendor,
                    "purposes": sorted(tag.purposes),
                    "country": tag.country,
                    "cookies": [asdict(cookie) for cookie in tag.cookies],
                }
                for tag in self.tags
            ],
            "policy": asdict(self.policy),
            "words": {**asdict(self.words), "buttons": list(self.words.buttons)},
            "shown": [list(line) for line in self.shown],
            **({"covers": [_covered(site) for site in self.covers]} if self.covers else {}),
        }

    def canonical(self) -> bytes:
        """Return the canonical JSON of the notice (RFC 8785)."""
        return rfc8785.dumps(self.content())

    @cached_property
    def digest(self) -> str:
        """Return the SHA-256 of the canonical JSON, in hexadecimal: the notice's name."""
        return hashlib.sha256(self.canonical()).hexdigest()


def _covered(site: Covered) -> dict[str, Any]:
    return {**asdict(site), "hosts": list(site.hosts)}
