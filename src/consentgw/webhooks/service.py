"""What partners do with their endpoints, and what becomes of a message."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from consentgw import outbox
from consentgw.consents.identifiers import uuid7
from consentgw.db import marks
from consentgw.errors import Conflict
from consentgw.webhooks import events, store
from consentgw.webhooks.model import (
    ENDPOINTS,
    PATIENCE,
    Delivery,
    Disabled,
    Endpoint,
    Outcome,
    State,
    next_attempt,
)
from consentgw.webhooks.signing import Secrets

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy import Connection

    from consentgw.db import Database, Unit
    from consentgw.db.sealing import Sealer
    from consentgw.webhooks.store import Claimed

log = logging.getLogger(__name__)

OVERLAP = timedelta(hours=24)
"""How long replaced keys sign beside the new ones, so that a receiver can change over without losing a message."""
KEPT = timedelta(days=30)
"""How long events and what became of their messages are kept: long enough to look into last month's trouble, and no
longer, since they hold the ids of people's receipts."""

_SPREAD = "events spread to webhooks"
_AT_ONCE = 100
_FORGOTTEN_AT_ONCE = 500


# Endpoints


def add(
    unit: Unit,
    site: str,
    url: str,
    topics: frozenset[str],
    description: str,
    sealer: Sealer,
    processor: str | None = None,
) -> tuple[Endpoint, Secrets]:
    """Add an endpoint; its keys are shown now and never again. It is told of what happens from now on.

    Raises:
        Conflict: the site has as many as it may.
    """
    if len(store.endpoints_of(unit.connection, site)) >= ENDPOINTS:
        raise Conflict(f"a site has at most {ENDPOINTS} webhooks")
    endpoint = Endpoint(
        id=uuid7(),
        site=site,
        url=url,
        topics=topics,
        description=description,
        disabled=None,
        created_at=unit.now,
        changed_at=unit.now,
        failing_since=None,
        after=outbox.newest(unit.connection),
        processor=processor,
    )
    store.add(unit, endpoint)
    return endpoint, _new_keys(unit, endpoint, sealer)


def change(
    unit: Unit, before: Endpoint, *, url: str, topics: frozenset[str], description: str, enabled: bool
) -> Endpoint:
    """Change an endpoint. What waits for one that is enabled again is sent; what happened meanwhile it is not told."""
    disabled = None if enabled else before.disabled or Disabled.ASKED
    fresh = enabled and (before.disabled is not None or url != before.url)
    endpoint = replace(
        before,
        url=url,
        topics=topics,
        description=description,
        disabled=disabled,
        changed_at=unit.now,
        failing_since=None if fresh else before.failing_since,
    )
    store.change(unit, endpoint)
    return endpoint


def rotate(unit: Unit, endpoint: Endpoint, sealer: Sealer) -> Secrets:
    """Give an endpoint new keys; the old ones sign beside them for :data:`OVERLAP`."""
    store.retire_secrets(unit, endpoint.id, unit.now + OVERLAP)
    return _new_keys(unit, endpoint, sealer)


def ping(unit: Unit, endpoint: Endpoint) -> Delivery:
    """Send a message that tells of nothing.

    Raises:
        Conflict: the endpoint is disabled.
    """
    if endpoint.disabled:
        raise Conflict("this webhook is disabled")
    delivery = _fresh(endpoint, events.PING, str(endpoint.id), 0, unit.now, unit.now)
    store.keep(unit, [delivery])
    return delivery


def redeliver(unit: Unit, endpoint: Endpoint, identifier: UUID) -> Delivery:
    """Send a message again, under the same id, whatever became of it before.

    Raises:
        NotFound: there is no such message to this endpoint.
        Conflict: it is being sent at this moment, or the endpoint is disabled.
    """
    store.delivery(unit.connection, endpoint.id, identifier)
    if endpoint.disabled:
        raise Conflict("this webhook is disabled")
    if not store.send_again(unit, identifier):
        raise Conflict("this message is being sent at this moment")
    return store.delivery(unit.connection, endpoint.id, identifier)


def _new_keys(unit: Unit, endpoint: Endpoint, sealer: Sealer) -> Secrets:
    secrets, identifier = Secrets.new(), uuid7()
    store.keep_secret(
        unit, identifier, endpoint.id, sealer.seal(secrets.raw, store.place_of(identifier)), secrets.public
    )
    return secrets


# Messages


def spread(unit: Unit) -> bool:
    """Turn some of the events nobody was told of yet into messages; return whether there may be more."""
    if not store.anybody_listens(unit.connection):  # most gateways: nothing to read, a hundred at a time
        marks.move(unit, _SPREAD, outbox.newest(unit.connection))
        return False
    place = marks.read(unit.connection, _SPREAD) or 0
    happened = outbox.after(unit.connection, place, _AT_ONCE)
    if not happened:
        return False
    listening: dict[str, list[Endpoint]] = {}
    for endpoint in store.listening(unit.connection, {event.site for event in happened}):
        listening.setdefault(endpoint.site, []).append(endpoint)
    store.keep(
        unit,
        [
            _fresh(endpoint, event.topic, event.reference, event.sequence, event.happened_at, unit.now)
            for event in happened
            for endpoint in listening.get(event.site, ())
            if endpoint.wants(event.topic, event.processor) and event.sequence > endpoint.after
        ],
    )
    marks.move(unit, _SPREAD, happened[-1].sequence)
    return len(happened) == _AT_ONCE


def settle(unit: Unit, claimed: Claimed, outcome: Outcome, chance: float) -> None:
    """Keep what an attempt came to, and when there is to be another; ``chance`` is between 0 and 1."""
    delivery = claimed.delivery
    store.log(unit, delivery.id, outcome)
    if outcome.well:
        again, state = None, State.DELIVERED
    else:
        again = next_attempt(delivery.attempts + 1, outcome, now=unit.now, chance=chance)
        state = State.WAITING if again else State.FAILED
    if not store.settle(unit, claimed, state, again or delivery.due_at):
        return  # the lease ran out: whoever has taken it since says what became of it
    if outcome.well:
        store.answered_well(unit, delivery.endpoint)
        return
    store.answered_badly(unit, delivery.endpoint)
    if outcome.gone:
        disabled = store.disable(unit, delivery.endpoint, Disabled.GONE)
    else:
        disabled = store.disable(unit, delivery.endpoint, Disabled.FAILING, failing_before=unit.now - PATIENCE)
    if disabled:
        outbox.emit(unit, outbox.WEBHOOK_DISABLED, claimed.site, str(delivery.endpoint))
        why = "it answered 410" if outcome.gone else f"it has answered nothing well for {PATIENCE.days} days"
        log.warning("the webhook %s of %s is disabled: %s", delivery.endpoint, claimed.site, why)


def unspread(connection: Connection) -> bool:
    """Return whether anything happened that :func:`spread` has not seen."""
    return outbox.newest(connection) > (marks.read(connection, _SPREAD) or 0)


async def forget(db: Database) -> None:
    """Remove what has been kept for its term. What was not delivered yet has none."""
    for sweep in (_forget_events, _forget_deliveries, store.forget_removed):
        while await db.write(sweep, _FORGOTTEN_AT_ONCE) == _FORGOTTEN_AT_ONCE:
            pass
    await db.write(store.forget_secrets)


def _forget_events(unit: Unit, count: int) -> int:
    return outbox.forget(unit, marks.read(unit.connection, _SPREAD) or 0, unit.now - KEPT, count)


def _forget_deliveries(unit: Unit, count: int) -> int:
    return store.forget(unit, unit.now - KEPT, count)


def _fresh(
    endpoint: Endpoint, topic: str, reference: str, sequence: int, happened_at: datetime, now: datetime
) -> Delivery:
    return Delivery(uuid7(), endpoint.id, topic, reference, sequence, happened_at, State.WAITING, 0, now, None)
