"""A published policy: what it says in each language, since when, and what it follows.

Also the facts about a site that a policy must state. The caller fills them in, because purposes and tags
belong to a room above this one.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import rfc8785

from consentgw.errors import Malformed

if TYPE_CHECKING:
    from collections.abc import Mapping

VERSION = re.compile(r"[a-z0-9-]{1,32}-[0-9]{4}-[0-9]{2}-[0-9]{2}(?:\.[1-9][0-9]{0,5})?")
"""The shape of a version's name."""


class Basis(StrEnum):
    """What a purpose may rest on (GDPR Art. 6(1))."""

    CONSENT = "consent"
    NECESSARY = "necessary"
    """What a person asked for cannot be given without it: no consent, and no other use."""
    CONTRACT = "contract"
    LEGAL_DUTY = "legal_duty"
    LEGITIMATE_INTERESTS = "legitimate_interests"


class Change(StrEnum):
    """What a new version changes for people."""

    MATERIAL = "material"
    """Something they agreed to: everybody is asked again."""
    EDITORIAL = "editorial"
    """Words only: nobody is bothered."""


@dataclass(frozen=True, slots=True)
class PurposeFact:
    """One purpose, in the words people are asked with."""

    key: str
    basis: str
    """One of :class:`Basis`; anything else is found before publishing."""
    titles: Mapping[str, str]
    """By language, like the sentences."""
    sentences: Mapping[str, str]

    @property
    def optional(self) -> bool:
        """Return whether it needs consent; what does not is always on."""
        return self.basis == Basis.CONSENT

    def speaks(self, language: str) -> bool:
        """Return whether there are words for it in a language."""
        return bool(self.titles.get(language) and self.sentences.get(language))


@dataclass(frozen=True, slots=True)
class CookieFact:
    """A cookie and how long it lives."""

    name: str
    lifetime_seconds: int
    """Zero means until the browser is closed."""
    party: str
    """``first`` or ``third``, seen from the partner's page."""


@dataclass(frozen=True, slots=True)
class TagFact:
    """A service that receives data, with the keys of its purposes."""

    vendor: str
    purposes: tuple[str, ...]
    country: str
    """ISO 3166-1 alpha-2."""
    cookies: tuple[CookieFact, ...] = ()


@dataclass(frozen=True, slots=True)
class Facts:
    """What is configured for a site and must stand in its policy."""

    purposes: tuple[PurposeFact, ...]
    tags: tuple[TagFact, ...]
    own: tuple[CookieFact, ...]
    """Our own cookies, which keep the choice; never left out of the table."""
    settings: str
    """Address of the page where a choice is made, changed and withdrawn, such as ``/consent/shop``."""

    def __post_init__(self) -> None:
        if not self.own:
            raise Malformed("a policy names the cookie that keeps the choice")
        known = {purpose.key for purpose in self.purposes}
        for tag in self.tags:
            if unknown := set(tag.purposes) - known:
                raise Malformed(f"{tag.vendor} is used for a purpose that is not listed: {', '.join(sorted(unknown))}")


@dataclass(frozen=True, slots=True)
class PolicyText:
    """What a version says in one language: the Markdown with every place filled, and its rendering."""

    title: str
    source: str
    html: str
    """Safe to show: our own rendering of the source, through an allow-list."""

    @property
    def digest(self) -> str:
        """Return the SHA-256 of the text's canonical JSON, in hexadecimal."""
        return _digest(self.content())

    def content(self) -> dict[str, str]:
        """Return the text as JSON values."""
        return {"title": self.title, "source": self.source, "html": self.html}


@dataclass(frozen=True, slots=True)
class PolicyRef:
    """One version, named by what it is called and by what it says."""

    version: str
    digest: str
    """SHA-256 of the version's canonical JSON, in hexadecimal."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One version in a site's chain, without its texts."""

    version: str
    digest: str
    predecessor: str | None
    """Digest of the version before; None for the first."""
    published_at: datetime
    effective_from: datetime


@dataclass(frozen=True, slots=True)
class PolicyVersion:
    """One published, immutable version of a site's policy."""

    site: str
    version: str
    published_at: datetime
    effective_from: datetime
    predecessor: PolicyRef | None
    """The version this one took over from; None for a site's first."""
    languages: tuple[str, ...]
    """First is the default."""
    texts: Mapping[str, PolicyText]
    change: Change = Change.MATERIAL
    reasons: Mapping[str, str] = field(default_factory=dict[str, str])
    """Why the predecessor was changed, by language, in words for visitors; empty where nothing is said."""

    def __post_init__(self) -> None:
        if self.effective_from < self.published_at:
            raise Malformed("a policy is never in force before it is published")
        if not self.languages or set(self.languages) != set(self.texts):
            raise Malformed("a policy has one text in each of its languages")
        if self.predecessor is None and (self.reasons or self.change is not Change.MATERIAL):
            raise Malformed("a first version changes nothing: it is material and gives no reason")
        if self.predecessor and self.change is Change.MATERIAL and not self.reasons:
            raise Malformed("a material change says why, in every language of the policy")
        silent = [language for language in self.languages if not self.reasons.get(language, "").strip()]
        if self.reasons and (silent or set(self.reasons) != set(self.languages)):
            raise Malformed(f"the reason for a change is said in each of {', '.join(self.languages)} and no other")

    def says(self, texts: Mapping[str, PolicyText]) -> bool:
        """Return whether it says these words, in these languages; how they are rendered makes no other policy."""
        return {language: text.source for language, text in self.texts.items()} == {
            language: text.source for language, text in texts.items()
        }

    def content(self) -> dict[str, Any]:
        """Return the version as JSON values: everything its digest covers."""
        before = self.predecessor
        return {
            "site": self.site,
            "version": self.version,
            "published_at": _instant(self.published_at),
            "effective_from": _instant(self.effective_from),
            "predecessor": before and {"version": before.version, "digest": before.digest},
            "languages": list(self.languages),
            "texts": {language: text.content() for language, text in self.texts.items()},
            "change": self.change.value,
            "reasons": dict(self.reasons),
        }

    def canonical(self) -> bytes:
        """Return the canonical JSON of the version (RFC 8785)."""
        return rfc8785.dumps(self.content())

    @property
    def digest(self) -> str:
        """Return the SHA-256 of the canonical JSON, in hexadecimal."""
        return _digest(self.content())

    @property
    def ref(self) -> PolicyRef:
        """Return what a notice, a receipt or the next version keeps of this one."""
        return PolicyRef(self.version, self.digest)


def restore(content: Mapping[str, Any]) -> PolicyVersion:
    """Return the version that :meth:`PolicyVersion.content` described."""
    before = content["predecessor"]
    return PolicyVersion(
        site=content["site"],
        version=content["version"],
        published_at=datetime.fromisoformat(content["published_at"]),
        effective_from=datetime.fromisoformat(content["effective_from"]),
        predecessor=before and PolicyRef(**before),
        languages=tuple(content["languages"]),
        texts={language: PolicyText(**text) for language, text in content["texts"].items()},
        change=Change(content["change"]),
        reasons=content["reasons"],
    )


def day_name(site: str, day: datetime) -> str:
    """Return the name of a site's first version of a day (in UTC), such as ``shop-2026-11-23``."""
    return f"{site}-{day.astimezone(UTC):%Y-%m-%d}"


def numbered(name: str, earlier: int) -> str:
    """Return the name of a version when ``earlier`` versions of that day exist: ``.2`` for the second."""
    return f"{name}.{earlier + 1}" if earlier else name


def _instant(value: datetime) -> str:
    return value.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _digest(content: dict[str, Any]) -> str:
    return hashlib.sha256(rfc8785.dumps(content)).hexdigest()
