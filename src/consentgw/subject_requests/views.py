"""What the pages of this room show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from consentgw.http.languages import gettext_for
from consentgw.http.pages import View
from consentgw.policies.rights import RIGHTS
from consentgw.subject_requests.model import Kind

if TYPE_CHECKING:
    from datetime import datetime

    from consentgw.law.profiles import RequestType
    from consentgw.sites.model import Operator, Site
    from consentgw.subject_requests.holdings import Holdings
    from consentgw.subject_requests.store import Case


def title(type_: RequestType, language: str) -> str:
    """Return what a type of request is called."""
    return gettext_for(language)(RIGHTS[type_][0])


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageView(View):
    """The page to read in a package of what the gateway holds: a file, without a style or an address to load."""

    template: ClassVar[str] = "package.html"
    site: Site
    holdings: Holdings
    made_at: datetime

    @property
    def operator(self) -> Operator:
        """Return who is answerable."""
        return self.site.operator_in(self.language)

    def title_of(self, case: Case) -> str:
        """Return what was asked for."""
        return title(case.request.type, self.language)

    def said(self, case: Case) -> tuple[tuple[datetime, str], ...]:
        """Return the messages of a request."""
        return tuple((text.at, text.words) for text in case.texts if text.kind is not Kind.NOTE)
