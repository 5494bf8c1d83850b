"""A shop whose partner wants to be told, and what a worker does about it, for tests of this room."""

from __future__ import annotations

import ssl
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from consentgw import outbox
from consentgw.db.sealing import Sealer
from consentgw.keys.model import derive
from consentgw.webhooks import service, store
from consentgw.webhooks.delivering import Courier
from consentgw.webhooks.model import Outcome
from consentgw.webhooks.sending import Sender
from consentgw.webhooks.tables import deliveries, endpoints
from tests.conftest import SECRET

if TYPE_CHECKING:
    from collections.abc import Sequence

    from consentgw.db import Database, Unit
    from consentgw.webhooks.model import Endpoint
    from consentgw.webhooks.signing import Secrets

SEALER = Sealer(derive((SECRET.encode(),), "webhooks"))
ORIGIN = "https://consent.example"
URL = "https://partner.example/told"
EVERYTHING = frozenset[str]()


def listen(
    unit: Unit,
    url: str = URL,
    topics: frozenset[str] = EVERYTHING,
    site: str = "shop",
    processor: str | None = None,
) -> tuple[Endpoint, Secrets]:
    """Add an endpoint."""
    return service.add(unit, site, url, topics, "", SEALER, processor)


def happen(
    unit: Unit,
    *references: str,
    topic: str = outbox.RECEIPT_RECORDED,
    site: str = "shop",
    processor: str | None = None,
) -> None:
    """Let something happen."""
    for reference in references:
        outbox.emit(unit, topic, site, reference, processor)


def live_through_a_message(unit: Unit) -> None:
    """Let a partner be told of something once."""
    one, _ = listen(unit)
    service.ping(unit, one)
    claimed = store.claim(unit, one.id)
    assert claimed
    service.settle(unit, claimed, Outcome(204, "", timedelta(seconds=1)), 0.5)


def courier() -> Courier:
    """Return a worker's share that delivers to this machine."""
    trust = lambda: ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # noqa: E731
    return Courier(Sender(to_loopback=True, trust=trust), SEALER, ORIGIN)


def rows(db: Database, *columns: str) -> Sequence[Any]:
    """Return some columns of every delivery, in the order of what happened."""
    query = select(*(deliveries.c[name] for name in columns)).order_by(deliveries.c.sequence, deliveries.c.id)
    return [tuple(row) for row in db.ask(lambda connection: connection.execute(query).all())]


def endpoint(db: Database, one: Endpoint) -> Any:
    """Return the row of an endpoint, whatever its state."""
    query = select(endpoints).where(endpoints.c.id == one.id)
    return db.ask(lambda connection: connection.execute(query).one_or_none())
