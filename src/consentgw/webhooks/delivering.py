"""Delivering: a worker's share of the messages, sent beside each other and kept apart by endpoint.

An endpoint has two lanes at the most. A lane claims a message, sends it, keeps what became of it and claims the next;
however long an endpoint takes to answer, it only ever holds up its own lanes.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections import Counter
from typing import TYPE_CHECKING

from consentgw.webhooks import events, service, signing, store
from consentgw.webhooks.signing import Secrets

if TYPE_CHECKING:
    from uuid import UUID

    from consentgw.db import Database, Unit
    from consentgw.db.sealing import Sealer
    from consentgw.webhooks.model import Outcome
    from consentgw.webhooks.sending import Sender
    from consentgw.webhooks.store import Claimed

log = logging.getLogger(__name__)

LANES = 200
"""Messages one process has under way at once."""
GRACE_SECONDS = 5.0
"""How long a stop waits for answers; what has had none by then is sent again when its lease has run out."""


class Courier:
    """Delivers what is due, a look at a time."""

    def __init__(self, sender: Sender, sealer: Sealer, origin: str) -> None:
        self._sender = sender
        self._sealer = sealer
        self._origin = origin
        self._lanes: dict[asyncio.Task[None], UUID] = {}
        self._stopping = False

    async def run(self, db: Database) -> None:
        """Spread what has happened, and send on its way what is due; does not wait for answers."""
        while await db.read(service.unspread) and await db.write(service.spread):
            pass
        endpoints = await db.read(store.with_work, db.clock())
        random.shuffle(endpoints)
        busy = Counter(self._lanes.values())
        for endpoint in endpoints:
            for _ in range(store.IN_FLIGHT - busy[endpoint]):
                if len(self._lanes) >= LANES:
                    return
                lane = asyncio.create_task(self._lane(db, endpoint), name="webhook")
                self._lanes[lane] = endpoint
                lane.add_done_callback(self._lanes.pop)

    async def finish(self) -> None:
        """Claim nothing more, and wait a little for the answers to what was sent."""
        self._stopping = True
        if self._lanes:
            _, late = await asyncio.wait(self._lanes, timeout=GRACE_SECONDS)
            for lane in late:
                lane.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        self._sender.close()

    async def _lane(self, db: Database, endpoint: UUID) -> None:
        try:
            claimed = await db.write(store.claim, endpoint)
            while claimed:
                outcome = await self._send(claimed)
                claimed = await db.write(self._settle, claimed, outcome)
        except Exception:
            log.exception("the messages to a webhook cannot be sent")  # the lease runs out, and then it is tried again

    async def _send(self, claimed: Claimed) -> Outcome:
        delivery = claimed.delivery
        body = events.body(
            delivery.topic, claimed.site, delivery.reference, delivery.sequence, delivery.happened_at, self._origin
        )
        keys = [Secrets.read(self._sealer.open(sealed, store.place_of(key))) for key, sealed in claimed.sealed]
        headers = signing.headers(delivery.message, body, int(time.time()), keys)
        return await self._sender.send(claimed.url, headers, body)

    def _settle(self, unit: Unit, claimed: Claimed, outcome: Outcome) -> Claimed | None:
        service.settle(unit, claimed, outcome, random.random())  # noqa: S311  no secret
        return None if self._stopping else store.claim(unit, claimed.delivery.endpoint)
