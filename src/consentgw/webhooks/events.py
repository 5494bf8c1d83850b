"""What a partner can be told of, and how a message says it: an id and a link, nothing about a person."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING

from consentgw import outbox

if TYPE_CHECKING:
    from datetime import datetime

PING = "webhook.ping"


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of event."""

    topic: str
    told: str
    """When it is told, in one sentence."""
    link: str
    """Where to read the thing it is about, below the gateway's origin."""
    example: str
    """An id such as it is about."""


_RECEIPT = "/v1/sites/{site}/receipts/{reference}"
_REQUEST = "/v1/sites/{site}/requests/{reference}"
_TASK = "/v1/sites/{site}/tasks/{reference}"
_ENDPOINT = "/v1/sites/{site}/webhooks/{reference}"
_AN_ID = "0198f2b4-6f0e-7c1a-9a55-5d2c7f3e9b10"

KINDS = {
    kind.topic: kind
    for kind in (
        Kind(outbox.RECEIPT_RECORDED, "Somebody answered; the receipt says what.", _RECEIPT, _AN_ID),
        Kind(outbox.CONSENT_WITHDRAWN, "Somebody took back what they had agreed to.", _RECEIPT, _AN_ID),
        Kind(outbox.CONSENT_EXPIRED, "A consent ran out; nothing may be done on it any more.", _RECEIPT, _AN_ID),
        Kind(
            outbox.POLICY_PUBLISHED,
            "A version of the policy was published; it says from when it is in force.",
            "/v1/sites/{site}/policies/{reference}",
            "shop-2026-11-24",
        ),
        Kind(outbox.REQUEST_OPENED, "Somebody made a request about their data.", _REQUEST, _AN_ID),
        Kind(outbox.REQUEST_VERIFIED, "It was made sure that a request comes from whom it says.", _REQUEST, _AN_ID),
        Kind(outbox.REQUEST_DUE_SOON, "A request has to be answered soon.", _REQUEST, _AN_ID),
        Kind(outbox.REQUEST_OVERDUE, "A request should have been answered by now.", _REQUEST, _AN_ID),
        Kind(outbox.REQUEST_COMPLETED, "A request was carried out.", _REQUEST, _AN_ID),
        Kind(outbox.REQUEST_REFUSED, "A request was declined; it says why.", _REQUEST, _AN_ID),
        Kind(
            outbox.REQUEST_FORWARDED,
            "A request was passed on to a processor, who has a task now: acknowledge it, act, and say what was done.",
            _TASK,
            _AN_ID,
        ),
        Kind(outbox.REQUEST_RECALLED, "Nobody waits for a task any more: its request has ended.", _TASK, _AN_ID),
        Kind(outbox.TASK_DUE_SOON, "A processor has to act soon.", _TASK, _AN_ID),
        Kind(outbox.TASK_OVERDUE, "A processor should have acted by now.", _TASK, _AN_ID),
        Kind(outbox.TASK_ANSWERED, "A processor said what it has done, or that it does not act.", _TASK, _AN_ID),
        Kind(
            outbox.WEBHOOK_DISABLED,
            "An endpoint of the site is told nothing any more: it answered 410, or nothing well for five days.",
            _ENDPOINT,
            _AN_ID,
        ),
        Kind(PING, "Somebody asked for a ping, to try the endpoint out; nothing happened.", _ENDPOINT, _AN_ID),
    )
}
TOPICS = tuple(topic for topic in KINDS if topic != PING)
"""What an endpoint can ask for; a ping comes when it is asked for."""


def body(topic: str, site: str, reference: str, sequence: int, happened_at: datetime, origin: str) -> bytes:
    """Return a message, the same bytes at every attempt; ``origin`` is the gateway's."""
    at = happened_at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    link = KINDS[topic].link.format(site=site, reference=reference)
    data = {"site": site, "id": reference, "url": f"{origin}{link}", "sequence": sequence}
    return json.dumps({"type": topic, "timestamp": at, "data": data}, separators=(",", ":")).encode()
