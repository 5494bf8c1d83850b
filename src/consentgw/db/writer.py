"""Group commit: one thread that writes, many units of work in one durable transaction.

A caller hears of success only after the commit returned, and of failure when it did not.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, ProgrammingError

from consentgw.db import engines, marks
from consentgw.db.groups import GroupThread, Job
from consentgw.db.unit import Batch, Unit
from consentgw.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from sqlalchemy import Connection

    from consentgw.db.hot import HotInsert

log = logging.getLogger(__name__)

_OF_THE_UNIT = (IntegrityError, ProgrammingError, DataError)
"""What a database says of a statement; anything else it says is of itself, and may pass."""
_PROOF = "written again"
"""The mark that shows, while answers could not be kept, that one can."""
CAREFUL = 100
"""Groups that go behind savepoints at once after one had to: what fails on purpose does not double everybody's work."""


class Writer(GroupThread["Unit"]):
    """The thread that owns the writing connection."""

    def __init__(
        self,
        connect: Callable[[], Connection],
        take_turn: Callable[[Connection], None],
        clear_journal: Callable[[Connection], None],
        clock: Callable[[], datetime],
    ) -> None:
        self._connect = connect
        self._take_turn = take_turn
        self._clear_journal = clear_journal
        self._clock = clock
        self._connection: Connection | None = None
        self._failing = False
        self._lost: Exception | None = None
        self._careful = 0
        self.commits = 0
        self.kept = 0
        super().__init__("consentgw-writer")

    @property
    def failing(self) -> bool:
        """Whether the last that was to be kept could not be."""
        return self._failing

    def _work(self, group: list[Job[Unit]]) -> None:
        self._lost = None
        try:
            connection, units = self._carry_out(group)
            _insert(connection, units)
            if self._failing:  # a commit of nothing succeeds on a full disk, too
                now = self._clock()
                marks.move(Unit(connection, now), _PROOF, int(now.timestamp()))
            connection.commit()
        except Exception as error:
            # Nothing of the group is known to be kept, so nobody of the group is told it was; nor is anybody
            # refused for what another of the group did, which may never have happened.
            self._disconnect()
            self._tell(error)
            for job in group:
                job.error = _unavailable(error)
            return
        self._tell(None if units else self._lost)
        if any(unit.erases for unit in units):
            self._clear_journal(connection)
        self.commits += 1
        self.kept += len(units)

    def _carry_out(self, group: list[Job[Unit]]) -> tuple[Connection, list[Unit]]:
        """Run a group in one transaction; return its units, without those that failed.

        A savepoint costs as much as a statement, so a group goes without at first. Where one of it fails, everything is
        undone and run again, each unit behind a savepoint of its own: a verb changes nothing but its unit.
        """
        connection = self._begin()
        if len(group) > 1 and not self._careful:
            try:
                return connection, self._run_all(group, connection)
            except BaseException:
                self._careful = CAREFUL
                connection.rollback()
                connection = self._begin()
        elif len(group) > 1:
            self._careful -= 1
        return connection, [unit for job in group if (unit := self._attempt(job, connection))]

    def _run_all(self, group: list[Job[Unit]], connection: Connection) -> list[Unit]:
        if connection.dialect.name == "sqlite":  # a row costs least where it is added at once
            return [self._run_unit(job, connection) for job in group]
        batch = Batch(connection, len(group))
        units = [self._run_unit(job, connection, batch) for job in group]
        batch.send()
        return units

    def _run_unit(self, job: Job[Unit], connection: Connection, batch: Batch | None = None) -> Unit:
        unit = Unit(connection, self._clock(), batch)
        job.result = job.call(unit)
        if engines.aborted(connection):
            raise RuntimeError("a verb went on after an error of the database")
        return unit

    def _begin(self) -> Connection:
        """Begin a transaction; a connection that died while nobody used it is replaced, and nobody notices."""
        if self._connection is not None:
            try:
                self._connection.begin()
                self._take_turn(self._connection)
            except DBAPIError as error:
                if not error.connection_invalidated:
                    raise
                self._disconnect()
            else:
                return self._connection
        connection = self._connection = self._connect()
        connection.begin()
        self._take_turn(connection)
        return connection

    def _attempt(self, job: Job[Unit], connection: Connection) -> Unit | None:
        """Run one unit behind its own savepoint: if it fails, it fails alone, and its caller hears why."""
        driver: Any = connection.connection.driver_connection
        driver.execute("SAVEPOINT unit")
        try:
            unit = self._run_unit(job, connection)
        except BaseException as error:  # whatever a verb raises is its caller's to hear; this thread lives on
            driver.execute("ROLLBACK TO SAVEPOINT unit")
            if isinstance(error, DBAPIError) and not isinstance(error, _OF_THE_UNIT):
                self._lost, job.error = error, _unavailable(error)
            else:
                job.error = error
            unit = None
        driver.execute("RELEASE SAVEPOINT unit")
        return unit

    def _tell(self, error: Exception | None) -> None:
        """Tell the log when answers cannot be kept any more, and when they can again; not once a group."""
        if error is not None and not self._failing:
            log.error("the database cannot keep answers: %s", str(getattr(error, "orig", error)).partition("\n")[0])
        elif error is None and self._failing:
            log.warning("the database keeps answers again")
        self._failing = error is not None

    def _leave(self) -> None:
        self._disconnect()

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            try:
                connection.rollback()
            except Exception:
                connection.invalidate()
            connection.close()


def _unavailable(cause: BaseException) -> Unavailable:
    unavailable = Unavailable("the database could not keep it")
    unavailable.__cause__ = cause
    return unavailable


def _insert(connection: Connection, units: Iterable[Unit]) -> None:
    rows: dict[HotInsert, list[dict[str, Any]]] = {}
    for unit in units:
        for statement, row in unit.appended:
            rows.setdefault(statement, []).append(row)
    for statement, values in rows.items():
        statement.run_all(connection, values)
