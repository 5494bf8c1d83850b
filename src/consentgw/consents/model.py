"""What a person decided, and what that decision allows.

A decision is recorded once and never edited. Changing one's mind is a new decision; withdrawing is a
decision that grants nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from consentgw.errors import UnknownPurpose

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime
    from uuid import UUID

    from consentgw.notices.model import Notice


class Method(StrEnum):
    """How an answer was given."""

    ACCEPT_ALL = "accept_all"
    REJECT_ALL = "reject_all"
    SAVE = "save"
    WITHDRAW = "withdraw"


class Channel(StrEnum):
    """Where the question stood."""

    INLINE = "inline"
    FRAME = "frame"
    PAGE = "page"


class Source(StrEnum):
    """Who says so: the person on our form, or a partner about the person. Never confused."""

    GIVEN_BY_PERSON = "given_by_person"
    ASSERTED_BY_PARTNER = "asserted_by_partner"


@dataclass(frozen=True, slots=True)
class Decision:
    """An answer to every purpose of one notice."""

    notice: str
    """Digest of the notice that was answered."""
    granted: frozenset[str]
    refused: frozenset[str]
    decided_at: datetime

    def allows(self, purpose: str) -> bool:
        """Return whether this purpose was granted; silence is refusal."""
        return purpose in self.granted


def decide(notice: Notice, method: Method, ticked: Collection[str], *, at: datetime) -> Decision:
    """Answer a notice: whatever is not granted is refused.

    An unticked box and a missing key mean the same thing, so a form, a JSON body and an empty
    request cannot disagree about consent. ``accept_all`` grants what was asked, and only that.

    Raises:
        UnknownPurpose: the answer names a purpose the notice never asked about.
    """
    asked = notice.asked
    if unknown := set(ticked) - asked:
        raise UnknownPurpose(", ".join(sorted(unknown)))
    if method is Method.ACCEPT_ALL:
        granted = asked
    elif method is Method.SAVE:
        granted = frozenset(ticked)
    else:
        granted = frozenset[str]()
    return Decision(notice.digest, granted, asked - granted, at)


@dataclass(frozen=True, slots=True)
class Held:
    """What a browser, or the ledger, holds of a subject's latest decision: enough to compute a standing."""

    receipt: UUID
    subject: UUID
    sequence: int
    """Place in the log; of two decisions the higher one counts."""
    notice: str
    granted: frozenset[str]
    method: Method
    expires_at: int
    """Seconds since 1970, UTC."""


class State(StrEnum):
    """Why a standing is what it is."""

    UNDECIDED = "undecided"
    VALID = "valid"
    EXPIRED = "expired"
    SUPERSEDED = "superseded"
    WITHDRAWN = "withdrawn"
    SIGNAL = "signal"


@dataclass(frozen=True, slots=True)
class Standing:
    """What holds now for a subject at a site, with the reason."""

    state: State
    granted: frozenset[str] = frozenset()

    @property
    def decided(self) -> bool:
        """Return whether the question need not be asked again."""
        return self.state in {State.VALID, State.WITHDRAWN}

    def allows(self, purposes: frozenset[str]) -> bool:
        """Return whether every one of these purposes is granted now."""
        return bool(purposes) and purposes <= self.granted


UNDECIDED = Standing(State.UNDECIDED)
SIGNAL = Standing(State.SIGNAL)


def standing(held: Held | None, *, answerable: Collection[str], now: float, signal: bool = False) -> Standing:
    """Compute what holds now.

    ``answerable`` are the digests of the notices whose answers still count; ``signal`` is a
    `Sec-GPC: 1 <https://w3c.github.io/gpc/>`_: it keeps everything off before a choice, and an explicit
    choice on our own form is stronger.
    """
    if held is None:
        return SIGNAL if signal else UNDECIDED
    if held.expires_at <= now:
        return Standing(State.EXPIRED)
    if held.notice not in answerable:
        return Standing(State.SUPERSEDED)
    if held.method is Method.WITHDRAW:
        return Standing(State.WITHDRAWN)
    return Standing(State.VALID, held.granted)
