"""Outbox: what happened, kept in the same transaction as the change it tells.

An event says only which thing changed, by its id; whoever is interested reads the thing. At-least-once by
construction: a change without its event, or an event without its change, cannot be committed. Delivery is
the webhooks' business.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import insert

from consentgw.outbox.tables import events

if TYPE_CHECKING:
    from consentgw.db import Unit

RECEIPT_RECORDED = "receipt.recorded"
CONSENT_WITHDRAWN = "consent.withdrawn"
CONSENT_EXPIRED = "consent.expired"
POLICY_PUBLISHED = "policy.published"
REQUEST_OPENED = "subject_request.opened"
REQUEST_VERIFIED = "subject_request.verified"
REQUEST_DUE_SOON = "subject_request.due_soon"
REQUEST_OVERDUE = "subject_request.overdue"
REQUEST_COMPLETED = "subject_request.completed"
REQUEST_REFUSED = "subject_request.refused"

_KEEP = insert(events)


def emit(unit: Unit, topic: str, site: str, reference: str) -> None:
    """Keep an event together with the unit's change; ``reference`` is the id of what changed."""
    unit.append(_KEEP, {"topic": topic, "site": site, "reference": reference, "happened_at": unit.now})
