"""Outbox: what happened, kept in the same transaction as the change it tells.

An event says only which thing changed, by its id; whoever is interested reads the thing. At-least-once by
construction: a change without its event, or an event without its change, cannot be committed. Delivery is
the webhooks' business.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import delete, func, select

from consentgw.db.hot import HotInsert
from consentgw.outbox.tables import events

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection

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
REQUEST_FORWARDED = "subject_request.forwarded"
REQUEST_RECALLED = "subject_request.recalled"
TASK_DUE_SOON = "subject_request.task_due_soon"
TASK_OVERDUE = "subject_request.task_overdue"
TASK_ANSWERED = "subject_request.task_answered"
WEBHOOK_DISABLED = "webhook.disabled"

_KEEP = HotInsert(events, events.c.sequence)


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened."""

    sequence: int
    """Place in the outbox: of two events the higher one was committed later."""
    topic: str
    site: str
    reference: str
    happened_at: datetime
    processor: str | None = None
    """Whose business it is besides the site's own."""


def emit(unit: Unit, topic: str, site: str, reference: str, processor: str | None = None) -> None:
    """Keep an event together with the unit's change; ``reference`` is the id of what changed."""
    row = {"topic": topic, "site": site, "reference": reference, "happened_at": unit.now, "processor": processor}
    unit.append(_KEEP, row)


def newest(connection: Connection) -> int:
    """Return the place of the newest event, 0 where there is none."""
    return connection.execute(select(func.coalesce(func.max(events.c.sequence), 0))).scalar_one()


def after(connection: Connection, place: int, count: int) -> list[Event]:
    """Return the events that follow a place, in order, ``count`` at the most."""
    query = select(events).where(events.c.sequence > place).order_by(events.c.sequence).limit(count)
    return [Event(*row) for row in connection.execute(query)]


def forget(unit: Unit, up_to: int, before: datetime, count: int) -> int:
    """Remove events older than an instant from the beginning, up to a place; return how many of at most ``count``."""
    first = select(events.c.sequence, events.c.happened_at).order_by(events.c.sequence).limit(count)
    old = [row.sequence for row in unit.connection.execute(first) if row.happened_at < before and row.sequence <= up_to]
    if old:
        unit.connection.execute(delete(events).where(events.c.sequence <= old[-1]))
    return len(old)
