"""Endpoints that are told, what is under way to them, and when it is tried again."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from consentgw.errors import Fault, Invalid, NotFound
from consentgw.http.seals import from_base64, to_text

_SECOND, _MINUTE, _HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
PAUSES = (
    5 * _SECOND, 5 * _MINUTE, 30 * _MINUTE, 2 * _HOUR, 5 * _HOUR, 10 * _HOUR, 14 * _HOUR, 20 * _HOUR, 24 * _HOUR
)  # fmt: skip
"""How long to wait after each failed attempt; after the last one, about 75 hours on, the message is given up."""
JITTER = 0.2
"""A pause is up to so much shorter or longer, so that what failed together does not come back together."""
LONGEST_WISH = _HOUR
"""The longest wait an endpoint may ask for with Retry-After."""
PATIENCE = timedelta(days=5)
"""An endpoint that answered nothing well for so long is disabled."""

ENDPOINTS = 16
"""Endpoints of one site at the most."""
URL_CHARACTERS = 1_000
_PATH = r"""(?:/[!"$-~]*)?"""
URL = rf"^https://(?:[a-z0-9](?:[a-z0-9-]{{0,61}}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{{0,61}}[a-z0-9])(?::8443)?{_PATH}$"
"""An endpoint's address: https to a name, never a number, on port 443 or 8443, without a fragment."""
_URL = re.compile(URL)
_LOOPBACK = re.compile(rf"https?://(?:localhost|127\.0\.0\.1|[a-z0-9-]+\.localhost)(?::[1-9][0-9]{{0,4}})?{_PATH}")


class State(StrEnum):
    """What became of a message to an endpoint."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    FAILED = "failed"


class Disabled(StrEnum):
    """Why an endpoint is told nothing."""

    ASKED = "asked"
    """The partner switched it off."""
    GONE = "gone"
    """It answered 410."""
    FAILING = "failing"
    """It answered nothing well for :data:`PATIENCE`."""
    REMOVED = "removed"
    """The partner removed it: nobody sees it any more, and it is gone once what was under way to it is."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A partner's address that is told what happens at a site."""

    id: UUID
    site: str
    url: str
    topics: frozenset[str]
    """What it is told of; empty is everything."""
    description: str
    disabled: Disabled | None
    created_at: datetime
    changed_at: datetime
    failing_since: datetime | None
    """When it last began to answer nothing well."""
    after: int
    """Place of the newest event when it was added: it is told of later ones."""
    processor: str | None = None
    """The processor whose it is: it is told of that one's tasks, and of nothing else."""

    def wants(self, topic: str, processor: str | None) -> bool:
        """Return whether it is told of this; ``processor`` is whose task it is about, None for none."""
        return self.processor in {None, processor} and (not self.topics or topic in self.topics)


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message to one endpoint, and what became of it."""

    id: UUID
    endpoint: UUID
    topic: str
    reference: str
    sequence: int
    """Place of the event in the outbox; 0 for a ping, which tells of nothing."""
    happened_at: datetime
    state: State
    attempts: int
    """Attempts that came to an end since it was last sent on its way; one that a dead worker began is none."""
    due_at: datetime
    ended_at: datetime | None

    @property
    def message(self) -> str:
        """Return the id the receiver sees, the same at every attempt."""
        return message_id(self.id)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an attempt came to."""

    status: int | None
    """The answer's status; None where there was no answer."""
    failure: str
    """Why there was none, in one stable word; empty where there was."""
    took: timedelta
    retry_after: timedelta | None = None
    """How long the endpoint asks to be left alone."""

    @property
    def well(self) -> bool:
        """Return whether the endpoint took the message: 2xx and nothing else."""
        return self.status is not None and 200 <= self.status < 300

    @property
    def gone(self) -> bool:
        """Return whether the endpoint says it is no more."""
        return self.status == 410


@dataclass(frozen=True, slots=True)
class Attempt:
    """A line in the log of a delivery: what an attempt came to, and nothing of what was said."""

    at: datetime
    status: int | None
    failure: str
    took: timedelta


def next_attempt(attempts: int, outcome: Outcome, *, now: datetime, chance: float) -> datetime | None:
    """Return when to try again after so many failed attempts; None to give up. ``chance`` is between 0 and 1."""
    if outcome.gone or attempts > len(PAUSES):
        return None
    pause = PAUSES[attempts - 1] * (1 + JITTER * (2 * chance - 1))
    if outcome.retry_after is not None and outcome.status in {429, 503}:
        pause = max(pause, min(outcome.retry_after, LONGEST_WISH))
    return now + pause


def message_id(delivery: UUID) -> str:
    """Return a delivery's id as it is written everywhere."""
    return f"msg_{to_text(delivery)}"


def delivery_of(message: str) -> UUID:
    """Return the delivery that :func:`message_id` named.

    Raises:
        NotFound: there is no such id.
    """
    prefix, _, text = message.partition("_")
    try:
        if prefix == "msg":
            return UUID(bytes=from_base64(text))
    except ValueError:
        pass
    raise NotFound("no such message")


def address(url: str, *, to_loopback: bool) -> str:
    """Return an endpoint's address, if it may be one. This machine's own, over plain http too, only where allowed.

    Raises:
        Invalid: it may not.
    """
    if len(url) <= URL_CHARACTERS and (_URL.fullmatch(url) or (to_loopback and _LOOPBACK.fullmatch(url))):
        return url
    raise Invalid(
        "the body is not what this operation takes",
        [
            Fault(
                "#/url",
                "is no https address of a public name on port 443 or 8443, such as https://partner.example/told",
            )
        ],
    )
