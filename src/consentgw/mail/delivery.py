"""Delivery: what the worker does with the letters that wait."""

from __future__ import annotations

import asyncio
import logging
import smtplib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from consentgw.mail import store
from consentgw.mail.smtp import hand_over, hopeless, message

if TYPE_CHECKING:
    from consentgw.db import Database
    from consentgw.mail.service import Post
    from consentgw.mail.smtp import Server

log = logging.getLogger(__name__)

EVERY_SECONDS = 3.0
"""A letter holds digits that are good for ten minutes."""
AT_ONCE = 50


@dataclass(slots=True)
class Delivery:
    """A step of the worker. Every process may run it: a letter is taken by one alone."""

    post: Post
    server: Server
    well: bool = True

    async def run(self, db: Database) -> None:
        """Hand over every letter whose time has come; when the server is away, leave the rest for later."""
        for identifier in await db.read(store.due, db.clock(), AT_ONCE):
            waiting = await db.write(store.take, self.post.sealer, identifier)
            if waiting is None:
                continue
            written = message(waiting.letter, waiting.to, self.server.sender, waiting.id, db.clock())
            try:
                await asyncio.to_thread(hand_over, self.server, written)
            except (OSError, smtplib.SMTPException) as error:
                if hopeless(error):
                    log.warning("the mail server refuses a letter for good; it is dropped")  # and no word of whose
                    await db.write(store.sent, identifier)
                    continue
                self._tell(type(error).__name__)
                return
            await db.write(store.sent, identifier)
            self._tell("")

    def _tell(self, trouble: str) -> None:
        """Tell the log when letters cannot be sent any more, and when they can again."""
        if trouble and self.well:
            log.error("the mail server %r takes no letters: %s; they wait", self.server, trouble)
        elif not trouble and not self.well:
            log.warning("the mail server takes letters again")
        self.well = not trouble
