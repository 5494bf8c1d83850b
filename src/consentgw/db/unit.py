"""A unit of work, and what those of one group do together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from sqlalchemy import Connection

    from consentgw.db.hot import HotInsert


class Unit:
    """One unit of work: everything a verb needs to change the database."""

    __slots__ = ("_batch", "_connection", "appended", "erases", "now")

    def __init__(self, connection: Connection, now: datetime, batch: Batch | None = None) -> None:
        """``now`` is aware UTC, one instant for the whole unit; what is inserted may wait in the ``batch``."""
        self._connection = connection
        self._batch = batch
        self.now = now
        self.appended: list[tuple[HotInsert, dict[str, Any]]] = []
        self.erases = False
        """Set by a verb that erases: its bytes leave the journal too, before anybody hears that it is done."""

    @property
    def connection(self) -> Connection:
        """The connection, with everything in the database that was inserted before; take it anew each time."""
        if self._batch is not None:
            self._batch.send()
        return self._connection

    def insert(self, statement: HotInsert, row: dict[str, Any]) -> int:
        """Add a row and return its key.

        Raises:
            sqlalchemy.exc.IntegrityError: it clashes with a row that is there. Where the row waits, whoever sends it
                hears of that instead; then the whole group is run again, and nothing waits.
        """
        if self._batch is None:
            return statement.run(self._connection, row)
        return self._batch.add(statement, row)

    def append(self, statement: HotInsert, row: dict[str, Any]) -> None:
        """Add a row just before the commit, together with the like rows of the whole group.

        For rows that nothing in the group reads back and that cannot clash: one round trip serves the group.
        """
        self.appended.append((statement, row))


class Batch:
    """Rows that the units of one group insert, held back until somebody takes the connection, then sent in one go.

    Their keys are reserved for the whole group at once, so each is known before its row is there. That is for
    PostgreSQL, where a round trip costs more than the row.
    """

    def __init__(self, connection: Connection, units: int) -> None:
        """``units`` says how many keys are worth reserving at once."""
        self._connection = connection
        self._units = units
        self._reserved: dict[HotInsert, Iterator[int]] = {}
        self._rows: dict[HotInsert, dict[int, dict[str, Any]]] = {}

    def add(self, statement: HotInsert, row: dict[str, Any]) -> int:
        """Hold a row back and return its key."""
        key = next(self._reserved.get(statement, iter(())), None)
        if key is None:
            self._reserved[statement] = iter(statement.reserve(self._connection, self._units))
            key = next(self._reserved[statement])
        self._rows.setdefault(statement, {})[key] = row
        return key

    def send(self) -> None:
        """Insert what was held back.

        Raises:
            sqlalchemy.exc.IntegrityError: a row clashes with one that is there, or with another of them.
        """
        if self._rows:
            held, self._rows = self._rows, {}
            for statement, rows in held.items():
                statement.run_all(self._connection, list(rows.values()), list(rows))
