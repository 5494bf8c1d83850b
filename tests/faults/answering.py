"""A process that answers for people, and writes down every answer it was promised."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING

from consentgw.consents import service
from consentgw.db import open_database
from consentgw.errors import Unavailable
from consentgw.notices import store as notices
from consentgw.settings import Settings
from tests.notices import story

if TYPE_CHECKING:
    from pathlib import Path

PEOPLE = 16


def run(data: Path, url: str, ledger: Path, secret: str) -> None:
    """Let many people answer until somebody ends this process; the ledger has a line for every promise kept."""
    settings = Settings(data=data, database_url=url, secret=secret)  # pyright: ignore[reportArgumentType]
    promised = os.open(ledger, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    async def person() -> None:
        while True:
            answer = story.answer(notice)
            try:
                await db.write(service.record, answer, signer)
            except Unavailable:
                await asyncio.sleep(0.01)
            else:
                os.write(promised, f"{answer.receipt}\n".encode())

    async def everybody() -> None:
        async with asyncio.TaskGroup() as people:
            for _ in range(PEOPLE):
                people.create_task(person())

    with open_database(settings) as db:
        signer = db.apply(story.signer)
        notice = db.ask(notices.latest, "shop", story.TAGS).current["kk"]
        asyncio.run(everybody())
