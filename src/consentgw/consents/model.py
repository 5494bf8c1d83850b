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
    from consentgw.notices.terms import Terms


class Method(StrEnum):
    """How an answer was given."""

    ACCEPT_ALL = "accept_all"
    REJECT_ALL = "reject_all"
    SAVE = "save"
    WITHDRAW = "withdraw"
    WITHDRAW_SOME = "withdraw_some"
    """Some purposes were taken back; the rest stands as it was given, no longer and no further."""

    @property
    def withdraws(self) -> bool:
        """Return whether it only takes back: such an answer renews nothing."""
        return self in {Method.WITHDRAW, Method.WITHDRAW_SOME}


class Channel(StrEnum):
    """Where the question stood."""

    INLINE = "inline"
    FRAME = "frame"
    PAGE = "page"
    REDIRECT = "redirect"
    """Our page, to which the partner sent the person for an answer."""
    FIRST_PARTY = "first_party"
    """Either embed, on the partner's own ground."""
    API = "api"
    """A partner told us."""
    LINK = "link"
    """Nowhere: a no that was said elsewhere reached this subject, to which it is linked."""


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
    elif method in {Method.SAVE, Method.WITHDRAW_SOME}:
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
    refused: frozenset[str]
    method: Method
    decided_at: int
    """Seconds since 1970, UTC, like the next."""
    expires_at: int
    signal: bool = False
    """Whether the browser sent a Global Privacy Control with this decision."""

    @property
    def answered(self) -> frozenset[str]:
        """Return every purpose it says yes or no to."""
        return self.granted | self.refused


@dataclass(frozen=True, slots=True)
class Signals:
    """What a browser says by itself, for one request. It is applied and never recorded: no person decided."""

    gpc: bool = False
    """`Sec-GPC: 1 <https://w3c.github.io/gpc/>`_: do not sell or share."""
    adpc: bool = False
    """Whether it says anything by Advanced Data Protection Control."""
    granted: frozenset[str] = frozenset()
    """Purposes granted by that."""

    @property
    def spoken(self) -> bool:
        """Return whether the browser says anything at all."""
        return self.gpc or self.adpc


SILENCE = Signals()


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
    open: frozenset[str] = frozenset()
    """Purposes asked about now and not then: undecided, neither granted nor refused."""
    curbed: frozenset[str] = frozenset()
    """Purposes that were granted and that a signal of the browser keeps off."""
    quiet: bool = False
    """Whether the question is not put now, although it may be open: a refusal rests, or a signal has answered."""

    @property
    def holds(self) -> bool:
        """Return whether an answer holds, be it for some of the purposes asked about now."""
        return self.state in (State.VALID, State.WITHDRAWN)

    @property
    def decided(self) -> bool:
        """Return whether every purpose asked about now has an answer that holds."""
        return self.holds and not self.open

    @property
    def asks(self) -> bool:
        """Return whether the question is put to the person."""
        return not (self.decided or self.quiet)

    def allows(self, purposes: frozenset[str]) -> bool:
        """Return whether every one of these purposes is granted now."""
        return bool(purposes) and purposes <= self.granted


UNDECIDED = Standing(State.UNDECIDED)


def standing(held: Held | None, terms: Terms, *, now: float, signals: Signals = SILENCE) -> Standing:
    """Compute what holds now, and whether the person is asked.

    Somebody who answered is asked again for three reasons only: the answer expired, something agreed to changed
    (its notice is no longer answerable), or there is a new purpose. The first never before a refusal has rested.
    A signal answers whatever no answer of the person's own holds for.
    """
    if held and now < held.expires_at and held.notice in terms.answerable:
        open_ = terms.asked - held.answered
        quiet = signals.spoken or (terms.opt_out and _rests(held, terms, now))
        if held.method is Method.WITHDRAW:
            return Standing(State.WITHDRAWN, open=open_, quiet=quiet)
        curbed = held.granted & terms.sold if terms.opt_out and signals.gpc and not held.signal else frozenset[str]()
        return Standing(State.VALID, held.granted - curbed, open_, curbed, quiet)
    if not terms.asked:  # nothing optional, nothing to answer
        return Standing(State.UNDECIDED, quiet=True)
    if signals.spoken:
        granted = signals.granted & terms.asked
        return Standing(State.SIGNAL, granted - terms.sold if signals.gpc else granted, quiet=True)
    if held is None:
        return UNDECIDED
    if held.expires_at <= now:
        return Standing(State.EXPIRED, quiet=_rests(held, terms, now))
    return Standing(State.SUPERSEDED, quiet=terms.opt_out and _rests(held, terms, now))


class Reason(StrEnum):
    """Why a purpose is allowed, or not."""

    VALID = "valid"
    """Granted, and the grant holds. The only reason to allow anything."""
    REFUSED = "refused"
    UNDECIDED = "undecided"
    EXPIRED = "expired"
    SUPERSEDED = "superseded"
    WITHDRAWN = "withdrawn"

    @property
    def allows(self) -> bool:
        """Return whether the purpose is allowed."""
        return self is Reason.VALID


def reasons(held: Held | None, terms: Terms, *, now: float) -> dict[str, Reason]:
    """Return for every purpose asked about now whether it is allowed, and why: what a back end asks before it acts."""
    holds = standing(held, terms, now=now)
    return {purpose: _reason(purpose, held, holds) for purpose in sorted(terms.asked)}


def _reason(purpose: str, held: Held | None, holds: Standing) -> Reason:
    if held is None or purpose not in held.answered:
        return Reason.UNDECIDED
    if holds.state is not State.VALID:
        return Reason(holds.state.value)
    if purpose in holds.granted:
        return Reason.VALID
    return Reason.WITHDRAWN if held.method.withdraws else Reason.REFUSED


def _rests(held: Held, terms: Terms, now: float) -> bool:
    return bool(held.refused) and now < held.decided_at + terms.rest.total_seconds()
