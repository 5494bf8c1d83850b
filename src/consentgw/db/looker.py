"""Group look-ups: one thread that answers short questions, all that wait in one go, on one connection.

Only for PostgreSQL: there, to hand each look-up to a thread of its own costs more than the look-up does
(docs/architecture.md, section 2). What may take long has no place here: everybody behind it would wait.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as Busy

from consentgw.db.groups import GroupThread, Job
from consentgw.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable


class Looker(GroupThread[Connection]):
    """The thread that owns the connection to look things up with."""

    def __init__(self, connect: Callable[[], Connection]) -> None:
        self._connect = connect
        self._connection: Connection | None = None
        super().__init__("consentgw-looker")

    def _work(self, group: list[Job[Connection]]) -> None:
        for job in group:
            try:
                job.result = self._ask(job.call)
            except (DBAPIError, Busy) as error:
                job.error = Unavailable("the database did not answer")
                job.error.__cause__ = error
            except BaseException as error:  # whatever a query raises is its caller's to hear; this thread lives on
                job.error = error

    def _ask(self, query: Callable[[Connection], Any]) -> Any:
        """Ask; a connection that died while nobody used it is replaced, and nobody notices."""
        if self._connection is not None:
            try:
                return query(self._connection)
            except DBAPIError as error:
                if not (error.connection_invalidated or _closed(self._connection)):
                    raise
                self._leave()
        self._connection = self._connect()
        return query(self._connection)

    def _leave(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.invalidate()
            connection.close()


def _closed(connection: Connection) -> bool:
    """Return whether the driver knows what SQLAlchemy does not when a hot statement failed."""
    driver: Any = connection.connection.driver_connection
    return driver.closed
