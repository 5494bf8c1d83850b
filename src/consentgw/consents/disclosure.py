"""What was told to whoever decided, beside the decision: what Art. 8(4) of the Kazakh law wants a consent to hold.

Derived from the receipt and the notice that its digest names: nothing in it can have been changed since. Items: the
operator with its number, the term, third parties, transfer across the border, dissemination, the list of data.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from consentgw.errors import NotFound
from consentgw.law.profiles import profile
from consentgw.policies.generated import crosses

if TYPE_CHECKING:
    from datetime import datetime

    from consentgw.consents.receipt import Receipt
    from consentgw.notices.model import Cookie, Notice, Tag
    from consentgw.sites.model import Operator

_WIDER = {"eu": "EU", "us-ca": "US-CA"}


@dataclass(frozen=True, slots=True)
class Recipient:
    """A third party that receives data after this decision."""

    name: str
    country: str
    """ISO 3166-1 alpha-2."""
    purposes: tuple[str, ...]
    abroad: bool


@dataclass(frozen=True, slots=True)
class Datum:
    """A piece of data on the list: a cookie, and who sets or reads it."""

    name: str
    vendor: str
    purposes: tuple[str, ...]
    lifetime_seconds: int
    party: str


@dataclass(frozen=True, slots=True)
class Disclosure:
    """What was told, for the purposes that were granted."""

    operator: Operator
    jurisdiction: str
    """Whose law it was: a country, ISO 3166-1 alpha-2; a part of one, ISO 3166-2; or ``EU``."""
    valid_until: datetime
    recipients: tuple[Recipient, ...]
    data: tuple[Datum, ...]
    disseminated: bool = False
    """Published for everybody: no purpose of this gateway asks for that."""

    @property
    def countries(self) -> tuple[str, ...]:
        """Return the countries across the border that data goes to."""
        return tuple(sorted({one.country for one in self.recipients if one.abroad}))


def disclose(receipt: Receipt, notice: Notice) -> Disclosure:
    """Return what was told with a decision. ``notice`` is the one the receipt names."""
    tags = [tag for tag in notice.tags if tag.purposes <= receipt.decision.granted]
    return Disclosure(
        operator=notice.operator,
        jurisdiction=_jurisdiction(receipt.profile),
        valid_until=receipt.expires_at,
        recipients=tuple(_recipient(receipt, tag) for tag in tags),
        data=tuple(_datum(tag, cookie) for tag in tags for cookie in tag.cookies),
    )


def _jurisdiction(name: str) -> str:
    try:
        return _WIDER.get(name) or profile(name).country
    except NotFound:
        return name.upper()


def _recipient(receipt: Receipt, tag: Tag) -> Recipient:
    return Recipient(tag.vendor, tag.country, tuple(sorted(tag.purposes)), _abroad(receipt, tag.country))


def _abroad(receipt: Receipt, country: str) -> bool:
    """Return whether a country is across the border for the law of the receipt; without that law, every one is."""
    try:
        return crosses(country, profile(receipt.profile).on(receipt.decision.decided_at.date()))
    except NotFound:
        return True


def _datum(tag: Tag, cookie: Cookie) -> Datum:
    return Datum(cookie.name, tag.vendor, tuple(sorted(tag.purposes)), cookie.lifetime_seconds, cookie.party)
