"""Releases of this process, counted in memory and written once a minute and at the end.

What is lost when a process is killed is at most the last minute of counts; the gate itself never waits for a database.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from consentgw.registers import service
from consentgw.registers.model import Transfer

if TYPE_CHECKING:
    from consentgw.db import Database

WRITE_SECONDS = 60.0
_DAY_SECONDS = 86_400

_Counted = tuple[int, str, str, str, str]


class Tally:
    """How often each vendor was asked since the last time that was written. It grows with tags, not with visitors."""

    def __init__(self) -> None:
        self._counts: dict[_Counted, int] = {}

    def note(self, site: str, tag: str, vendor: str, country: str) -> None:
        """Count one release: numbers in a dictionary, no lock, nothing of the visitor."""
        key = (int(time.time()) // _DAY_SECONDS, site, tag, vendor, country)
        self._counts[key] = self._counts.get(key, 0) + 1

    async def write(self, db: Database) -> None:
        """Write what was counted, in one unit; what could not be written is counted on.

        Raises:
            Unavailable: the database did not keep it.
        """
        counts, self._counts = self._counts, {}
        if not counts:
            return
        try:
            await db.write(service.count, {_transfer(key): times for key, times in counts.items()})
        except BaseException:
            for key, times in counts.items():
                self._counts[key] = self._counts.get(key, 0) + times
            raise


def _transfer(key: _Counted) -> Transfer:
    day, *names = key
    return Transfer(datetime.fromtimestamp(day * _DAY_SECONDS, UTC).date(), *names)
