"""The page of one policy version."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Self

from markupsafe import Markup

from consentgw.http.pages import Page

if TYPE_CHECKING:
    from datetime import datetime

    from consentgw.policies.model import PolicyRef, PolicyVersion


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyView(Page):
    """One immutable version in one language.

    It says nothing that could change later, such as whether it is still in force: caches keep it for a year.
    """

    template: ClassVar[str] = "policy.html"
    title: str
    html: Markup
    version: str
    digest: str
    published_at: datetime
    effective_from: datetime
    predecessor: PolicyRef | None

    @classmethod
    def of(cls, policy: PolicyVersion, language: str) -> Self:
        """Show a version in one of its languages."""
        text = policy.texts[language]
        return cls(
            language=language,
            languages=policy.languages,
            site_slug=policy.site,
            title=text.title,
            html=Markup(text.html),  # noqa: S704 - went through the allow-list when it was published
            version=policy.version,
            digest=policy.digest,
            published_at=policy.published_at,
            effective_from=policy.effective_from,
            predecessor=policy.predecessor,
        )
