"""What a folder says, and what applying it does."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from consentgw.errors import Malformed

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from consentgw.notices.model import Purpose, Tag
    from consentgw.policies.model import Change
    from consentgw.sites.model import Site


class Faulty(Malformed):
    """Files that cannot be applied. The message has one line for each fault."""

    def __init__(self, faults: Iterable[str]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(self.faults))


@dataclass(frozen=True, slots=True)
class Configuration:
    """A site, what it asks and the tags it may load."""

    site: Site
    purposes: tuple[Purpose, ...]
    tags: tuple[Tag, ...]


@dataclass(frozen=True, slots=True)
class Statement:
    """What ``change.toml`` says of a text that follows a published one."""

    change: Change
    reasons: Mapping[str, str]
    """By language, in words for visitors; empty where nothing is said."""
    effective_from: datetime | None = None
    """None for the instant it is published."""
    left: bool = False
    """Whether it is a file, which stays when its change is published, and may speak of that one still."""

    def __post_init__(self) -> None:
        if self.effective_from and self.effective_from.tzinfo is None:
            raise Malformed("effective_from has no time zone: write 2027-01-01T00:00:00+05:00")


@dataclass(frozen=True, slots=True)
class Source:
    """Everything one folder says."""

    place: str
    """The folder, as it is named in messages."""
    configuration: Configuration
    drafts: Mapping[str, str] | None = None
    """The policy in Markdown by language. Where there is none, a new site gets our starter text, a known one keeps its
    own."""
    statement: Statement | None = None

    @property
    def slug(self) -> str:
        """Return the site's name."""
        return self.configuration.site.slug


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that applying does, in a sentence."""

    site: str
    does: str

    def __str__(self) -> str:
        return f"{self.site}: {self.does}"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What applying did, or would do."""

    steps: tuple[Step, ...]
    published: tuple[str, ...] = field(default=(), compare=False)
    """Names of the policy versions that were published."""


def changes(before: Configuration, after: Configuration) -> list[str]:
    """Return what differs between two configurations of a site, a sentence each."""
    old, new = _settings(before.site), _settings(after.site)
    said = [f"changes {what} from {old[what]} to {new[what]}" for what in new if old[what] != new[what]]
    if before.site.called != after.site.called:
        said.append("changes what the operator is called in other languages")
    if before.site.authority != after.site.authority:
        said.append("changes the authority that people may complain to")
    said += _listed("the purpose", _keyed(before.purposes), _keyed(after.purposes))
    said += _listed("the tag", {tag.name: tag for tag in before.tags}, {tag.name: tag for tag in after.tags})
    said += _listed("the personal data", _keyed(before.site.data), _keyed(after.site.data))
    said += _listed("the return address", before.site.returns, after.site.returns)
    said += _listed("the retention of", _keyed(before.site.retention), _keyed(after.site.retention))
    said += _listed("the processor", _keyed(before.site.processors), _keyed(after.site.processors))
    return said


def _settings(site: Site) -> dict[str, str]:
    """Return what a line can say of a site."""
    operator, looks = site.operator, site.looks
    return {
        "the name": site.name,
        "the origins": ", ".join(sorted(site.origins)),
        "the addresses on its own ground": ", ".join(sorted(site.first_party)) or "none",
        "the sites it shares consent with": ", ".join(sorted(site.shares_consent_with)) or "none",
        "the languages": ", ".join(site.languages),
        "the law profile": site.profile,
        "the style": site.style.value,
        "how long an answer holds": f"{site.validity.days} days",
        "the accent": f"{looks.accent} and {looks.accent_dark}",
        "the corner": looks.corner,
        "the operator's name": operator.name,
        "the operator's number": operator.registration,
        "the operator's address": operator.address,
        "the operator's e-mail": operator.email,
    }


class _Keyed(Protocol):
    @property
    def key(self) -> str: ...


def _keyed(parts: Iterable[_Keyed]) -> dict[str, object]:
    return {part.key: part for part in parts}


def _listed(what: str, before: Mapping[str, object], after: Mapping[str, object]) -> list[str]:
    said = [f"adds {what} {key}" for key in after if key not in before]
    said += [f"changes {what} {key}" for key in after if key in before and before[key] != after[key]]
    said += [f"removes {what} {key}" for key in before if key not in after]
    if not said and list(before) != list(after):
        said.append(f"reorders {what}: {', '.join(after)}")
    return said
