"""A worker process that delivers to this machine until somebody ends it."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING

from consentgw.db import open_database
from consentgw.settings import Settings
from consentgw.webhooks import store
from consentgw.worker import Step, Worker
from tests.webhooks.partners import courier

if TYPE_CHECKING:
    from pathlib import Path


def run(data: Path, url: str, secret: str, lease_seconds: float) -> None:
    """Deliver, with leases short enough for a test to wait for."""
    store.LEASE = timedelta(seconds=lease_seconds)
    settings = Settings(data=data, database_url=url, secret=secret)  # pyright: ignore[reportArgumentType]
    share = courier()
    with open_database(settings) as db:
        asyncio.run(Worker(db, [Step("webhooks", 0.05, share.run, shared=True, finish=share.finish)]).run())
