"""What the gateway tells: what holds for somebody, a receipt, an event."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether one purpose is allowed."""

    allowed: bool
    reason: str
    """``valid`` alone allows; else ``refused``, ``withdrawn``, ``undecided``, ``expired`` or ``superseded``."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What holds for somebody now."""

    subject: str | None = None
    """Whose decision counts; None where nobody decided."""
    receipt: str | None = None
    sequence: int | None = None
    """Place of the decision in the log. Of two answers the one with the higher place is newer."""
    decided_at: datetime | None = None
    valid_until: datetime | None = None
    purposes: Mapping[str, Verdict] = field(default_factory=dict[str, Verdict])

    def allows(self, *purposes: str) -> bool:
        """Return whether every one of these purposes is allowed; what nobody asked about is not."""
        return bool(purposes) and all(name in self.purposes and self.purposes[name].allowed for name in purposes)


NOTHING = Standing()
"""Nothing is known, so nothing is allowed."""


@dataclass(frozen=True, slots=True)
class Record:
    """A receipt as it is kept: what was signed, and the signature."""

    sequence: int
    receipt: Mapping[str, Any]
    """Every field that was signed."""
    kid: str
    signature: str

    @property
    def id(self) -> str:
        """Return the receipt's id."""
        return self.receipt["receipt_id"]

    @property
    def subject(self) -> str:
        """Return whose decision it is."""
        return self.receipt["pii_principal_id"]

    @property
    def granted(self) -> frozenset[str]:
        """Return the purposes that were granted."""
        return frozenset(self.receipt["granted"])

    @property
    def refused(self) -> frozenset[str]:
        """Return the purposes that were refused."""
        return frozenset(self.receipt["refused"])


@dataclass(frozen=True, slots=True)
class Redeemed:
    """What a person who came back with a code has decided by now."""

    receipt: Mapping[str, Any]
    signed: str
    """The same as a JWS, to be kept and verified without the gateway."""
    granted: frozenset[str]
    """What is granted now."""
    open: frozenset[str]
    """What is asked about now and was not then."""
    c: str = field(repr=False)
    """State for the gateway's addresses in this visitor's pages, as ``?c=``: as secret as their session."""

    @property
    def subject(self) -> str:
        """Return whose decision it is: what to ask about from now on."""
        return self.receipt["pii_principal_id"]


@dataclass(frozen=True, slots=True)
class Event:
    """A message that was verified. It may come twice: ``id`` is the same then."""

    id: str
    type: str
    happened_at: datetime
    data: Mapping[str, Any]
    """``site``, ``id`` of what it is about, ``url`` to read that, ``sequence``."""


def standing(said: Mapping[str, Any]) -> Standing:
    """Return the standing of the API's answer. Raises KeyError, TypeError or ValueError where it is none."""
    return Standing(
        subject=said["subject"],
        receipt=said["receipt"],
        sequence=said["sequence"],
        decided_at=_instant(said["decided_at"]),
        valid_until=_instant(said["valid_until"]),
        purposes={
            name: Verdict(verdict["allowed"] is True, str(verdict["reason"]))
            for name, verdict in said["purposes"].items()
        },
    )


def record(said: Mapping[str, Any]) -> Record:
    """Return the receipt of the API's answer. Raises KeyError or TypeError where it is none."""
    kept = Record(said["sequence"], said["receipt"], said["kid"], said["signature"])
    _ = kept.id, kept.subject, kept.granted, kept.refused
    return kept


def redeemed(said: Mapping[str, Any]) -> Redeemed:
    """Return what the API answered to a code. Raises KeyError or TypeError where it is none."""
    granted, open_ = frozenset[str](said["granted"]), frozenset[str](said["open"])
    person = Redeemed(said["receipt"], said["signed"], granted, open_, said["c"])
    _ = person.subject
    return person


def _instant(said: str | None) -> datetime | None:
    return None if said is None else datetime.fromisoformat(said)
