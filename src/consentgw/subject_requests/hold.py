"""A legal hold: what is kept past its term, or against an erasure, only because something requires it.

The right to erasure ends where a legal obligation or a legal claim needs the data (GDPR Art. 17(3)(b) and (e)); what is
kept for that alone is locked instead (GDPR Art. 18; the Kazakh law on personal data, Art. 18). Several holds may be on
one request, each for its own reason: it is free when every one of them is released. A hold is an entry in a register:
it is never changed, it outlives the request, and it names nobody.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from consentgw.http.languages import sentence

if TYPE_CHECKING:
    from datetime import date, datetime
    from uuid import UUID


class Ground(StrEnum):
    """What requires it. The person is told this, and never the words beside it."""

    LAW = "law"
    """A law says how long."""
    COURT = "court"
    AUTHORITY = "authority"
    """A state body that may demand it."""
    DISPUTE = "dispute"
    """A legal claim that is brought, expected or defended."""


GROUNDS = {
    Ground.LAW: sentence("a law says how long it must be kept"),
    Ground.COURT: sentence("a court has ordered to keep it"),
    Ground.AUTHORITY: sentence("an authority has demanded to keep it"),
    Ground.DISPUTE: sentence("it is needed as proof in a dispute"),
}
"""What requires a hold, in words for the person and for the desk."""


@dataclass(frozen=True, slots=True)
class Release:
    """The end of a hold."""

    why: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """One reason to keep one request."""

    number: int
    site: str
    request: UUID
    ground: Ground
    why: str
    """The provision, ruling, order or claim, without names: the entry cannot be changed or removed."""
    review_on: date | None
    """When somebody looks whether it is still needed."""
    placed_by: str
    placed_at: datetime
    release: Release | None = None

    def to_review(self, today: date) -> bool:
        """Return whether the day has come to look whether it is still needed."""
        return self.release is None and self.review_on is not None and today >= self.review_on
