"""The pages of a policy: one version, what it changed, and the list of all versions of a site."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Self

from markupsafe import Markup

from consentgw.http.pages import Page
from consentgw.policies.compare import Act, Line, Section, compare

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from consentgw.policies.model import Change, Entry, PolicyRef, PolicyVersion
    from consentgw.policies.standing import Place, Standing


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyView(Page):
    """One version in one language: its text, which never changes, and where it stands now, which does."""

    template: ClassVar[str] = "policy.html"
    title: str
    html: Markup
    version: str
    digest: str
    published_at: datetime
    effective_from: datetime
    predecessor: PolicyRef | None
    reason: str
    standing: Standing
    until: datetime | None
    ruling: Entry | None
    coming: Entry | None
    successor: Entry | None

    @classmethod
    def of(cls, policy: PolicyVersion, place: Place, language: str, site_name: str) -> Self:
        """Show a version in one of its languages."""
        text = policy.texts[language]
        return cls(
            language=language,
            languages=policy.languages,
            site_slug=policy.site,
            site_name=site_name,
            title=text.title,
            html=Markup(text.html),  # noqa: S704 - went through the allow-list when it was published
            version=policy.version,
            digest=policy.digest,
            published_at=policy.published_at,
            effective_from=policy.effective_from,
            predecessor=policy.predecessor,
            reason=policy.reasons.get(language, ""),
            standing=place.standing,
            until=place.until,
            ruling=place.ruling,
            coming=place.coming,
            successor=place.successor,
        )


@dataclass(frozen=True, slots=True)
class Shown:
    """A section that changed: its heading, and its lines with None where unchanged ones are left out."""

    heading: Line
    lines: tuple[Line | None, ...]

    @classmethod
    def of(cls, section: Section) -> Self:
        """Leave out what did not change."""
        lines: list[Line | None] = []
        for line in section.lines[1:]:
            if line.act is not Act.SAME:
                lines.append(line)
            elif not lines or lines[-1] is not None:
                lines.append(None)
        return cls(section.heading, tuple(lines))


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangesView(Page):
    """What a version changed against the one before, in one language."""

    template: ClassVar[str] = "policy_changes.html"
    version: str
    predecessor: PolicyRef | None
    spoken: bool
    """Whether the version before had a text in this language."""
    effective_from: datetime
    change: Change
    reason: str
    changed: tuple[Shown, ...]
    same: tuple[str, ...]
    """Headings of the sections in which nothing changed."""

    @classmethod
    def of(cls, policy: PolicyVersion, before: PolicyVersion | None, language: str, site_name: str) -> Self:
        """Compare a version with the one before it."""
        was = before.texts.get(language) if before else None
        sections: Sequence[Section] = compare(was.source, policy.texts[language].source) if was else ()
        return cls(
            language=language,
            languages=policy.languages,
            site_slug=policy.site,
            site_name=site_name,
            version=policy.version,
            predecessor=policy.predecessor,
            spoken=was is not None,
            effective_from=policy.effective_from,
            change=policy.change,
            reason=policy.reasons.get(language, ""),
            changed=tuple(Shown.of(section) for section in sections if section.changed),
            same=tuple(
                section.heading.text(Act.REMOVED)
                for section in sections
                if not section.changed and section.heading.kind != "title"
            ),
        )


@dataclass(frozen=True, slots=True)
class Listed:
    """One version in the list of all."""

    place: Place
    languages: tuple[str, ...]
    change: Change
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveView(Page):
    """Every version of a site's policy, the newest first."""

    template: ClassVar[str] = "policy_archive.html"
    listed: tuple[Listed, ...]
