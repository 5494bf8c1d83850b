"""What is wrong with drafts: every finding says where it is and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from consentgw.errors import Malformed

if TYPE_CHECKING:
    from collections.abc import Iterable


class Severity(StrEnum):
    """What a finding does to publishing."""

    ERROR = "error"
    """Nothing is published before it is mended."""
    WARNING = "warning"
    """Worth a look."""


class Blamed(StrEnum):
    """What there is to mend."""

    TEXT = "text"
    REASON = "reason"
    """Why a version is changed."""
    SITE = "site"
    """What is configured."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing to mend before a policy is published, or worth a look."""

    rule: str
    """Its stable name."""
    says: str
    remedy: str = ""
    language: str = ""
    """Empty where it concerns every language or the configuration."""
    line: int = 0
    """Line of the draft; zero where no line is to blame."""
    severity: Severity = Severity.ERROR
    blamed: Blamed = Blamed.TEXT

    def __str__(self) -> str:
        where = self.language + (f", line {self.line}" if self.line else "")
        what = f"{self.says}: {self.remedy}" if self.remedy else self.says
        return f"{where}: {what}" if where else what


class Unpublishable(Malformed):
    """The drafts cannot be published. The message has one line for each finding."""

    code = "unpublishable"

    def __init__(self, findings: Iterable[Finding]) -> None:
        self.findings = tuple(findings)
        super().__init__("\n".join(str(finding) for finding in self.findings))
