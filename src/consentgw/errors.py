"""The error tree: what can go wrong, in the words of the domain.

    ConsentgwError
    ├── Misconfigured         the operator must change a setting before we can run
    │   └── InUse             another process of ours has the embedded database
    ├── NotFound              no such thing, or not yours: the two are never told apart
    ├── Unauthenticated       nobody we know, or no longer
    ├── Forbidden             known, and not allowed to do this
    ├── TooMany               more often than this address may be asked
    ├── Refused               the request is understood and declined
    │   ├── Malformed         the bytes are not what the address takes
    │   ├── TooLarge          more than the address takes
    │   ├── Invalid           readable, but a field is not what it must be
    │   ├── Forged            the request did not come from where it must come from
    │   ├── Unconfirmed       an answer we may not keep as it stands: show the question again
    │   ├── UnknownPurpose    the answer names a purpose the notice never asked about
    │   ├── Unproven          who asks has not proven enough for this answer, or a second person has not agreed
    │   └── OnlyThePerson     a yes that nobody else may give
    ├── Conflict              it contradicts something already kept
    │   ├── AlreadyAnswered   this form was used before; its first answer stands
    │   ├── OutOfTurn         the request stands where this act has no place
    │   ├── AwaitsProcessors  it would be answered before everybody who was asked to act has answered
    │   └── Held              a legal hold keeps it from being destroyed or used
    ├── Gone                  it existed and was withdrawn from service
    │   └── DeadCode          a one-time code that is none, was used before, or has run out
    └── Unavailable           we could not keep it now; sending it again is safe

Every class has a stable ``code``. No HTTP here: one table in ``http/problems.py`` gives each a status.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


class ConsentgwError(Exception):
    """Root of every error this package raises on purpose."""

    code = "error"


class Misconfigured(ConsentgwError):
    """A setting is missing, unsafe or contradicts another; the message says what to change."""

    code = "misconfigured"


class InUse(Misconfigured):
    """Another process of ours writes to the embedded database."""

    code = "in_use"


class NotFound(ConsentgwError):
    """No such site, tag, policy or receipt, or one that belongs to somebody else."""

    code = "not_found"


class Unauthenticated(ConsentgwError):
    """Whoever asks did not show a key, or one that is unknown, expired or revoked: never said which."""

    code = "unauthenticated"


class Forbidden(ConsentgwError):
    """Whoever asks is known, and may not do this."""

    code = "forbidden"


class TooMany(ConsentgwError):
    """Asked more often than is allowed. Nothing was done; ``retry_after`` is in seconds."""

    code = "too_many"

    def __init__(self, message: str, retry_after: int = 1) -> None:
        self.retry_after = retry_after
        super().__init__(message)


class Refused(ConsentgwError):
    """Understood, and declined."""

    code = "refused"


class Malformed(Refused):
    """Bytes that are not what this address takes: bad UTF-8, NUL, repeated parameters, broken forms."""

    code = "malformed"


class TooLarge(Refused):
    """More bytes or more fields than this address takes."""

    code = "too_large"


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong with what was sent, without a word of it."""

    pointer: str
    """Where: a JSON pointer into the body (RFC 6901), or the name of a parameter."""
    says: str


class Invalid(Refused):
    """Readable, but fields are missing, unknown or not what they must be; ``faults`` name each."""

    code = "invalid"

    def __init__(self, message: str, faults: Iterable[Fault] = ()) -> None:
        self.faults = tuple(faults)
        super().__init__(message)


class Forged(Refused):
    """A decision that did not come from our form on one of the site's pages."""

    code = "forged"


class Unconfirmed(Refused):
    """An answer we cannot vouch for: its notice is no longer current, or its origin is hidden.

    Nothing is stored; the person is shown the current question and asked to confirm.
    """

    code = "unconfirmed"


class UnknownPurpose(Refused):
    """The answer names a purpose that the notice never asked about."""

    code = "unknown_purpose"


class Unproven(Refused):
    """Who asks has not proven enough for this answer, or the second person it needs has not agreed."""

    code = "unproven"


class OnlyThePerson(Refused):
    """A yes for a browser that was not given in it. Whoever it belongs to may say no in any way, and yes only there."""

    code = "only_the_person"


class Conflict(ConsentgwError):
    """It contradicts something that is already kept."""

    code = "conflict"


class AlreadyAnswered(Conflict):
    """The form was used before. What was answered then stands; nothing new is stored."""

    code = "already_answered"


class OutOfTurn(Conflict):
    """A subject's request stands where this act has no place: answered already, or not extendable."""

    code = "out_of_turn"


class AwaitsProcessors(Conflict):
    """A subject's request would be answered before every processor has, and nothing is said about why."""

    code = "awaits_processors"


class Held(Conflict):
    """A legal hold is on it: it may be neither destroyed nor used for anything else until the hold is released."""

    code = "held"


class Gone(ConsentgwError):
    """It existed, and is no longer served."""

    code = "gone"


class DeadCode(Gone):
    """A one-time code that is not of this place, was redeemed before or has run out; which, is not told."""

    code = "return_code_dead"


class Unavailable(ConsentgwError):
    """It could not be kept now. Nothing was stored, so the same request can be sent again."""

    code = "unavailable"
