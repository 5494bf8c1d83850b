"""The few statements that every answer and every question of a back end runs.

SQLAlchemy compiles a statement and knows the types; the driver then runs it by itself, because the bookkeeping around
each execution costs several times the statement. Errors stay SQLAlchemy's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import insert
from sqlalchemy.exc import DBAPIError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sqlalchemy import Column, Connection, Select, Table
    from sqlalchemy.engine import Dialect

_CURSOR = "consentgw.hot"
"""Under this a connection keeps the cursor of these statements."""


class _Prepared(NamedTuple):
    """An insert as one dialect writes it."""

    sql: str
    keyed: str
    """The same where the row has its key already."""
    processors: tuple[Callable[[Any], Any] | None, ...]
    """What turns each value but the key into the driver's."""


class HotInsert:
    """Adds rows to a table whose key the database gives."""

    def __init__(self, table: Table, key: Column[int]) -> None:
        self.key = key.name
        self._table = table
        self._column = key
        self._names = tuple(column.name for column in table.columns if column is not key)
        self._prepared: dict[str, _Prepared] = {}

    def run(self, connection: Connection, row: Mapping[str, Any]) -> int:
        """Add a row and return the key it was given. ``row`` has every column but the key.

        Raises:
            sqlalchemy.exc.IntegrityError: it clashes with a row that is there.
        """
        sql, _, processors = self._prepared.get(connection.dialect.name) or self._prepare(connection.dialect)
        values = self._values(row, processors)
        cursor = _cursor(connection)
        errors = connection.dialect.loaded_dbapi.Error
        try:
            if connection.dialect.positional:
                cursor.execute(sql, values)
                return cursor.lastrowid
            cursor.execute(sql, dict(zip(self._names, values, strict=True)))
            return cursor.fetchone()[0]
        except errors as error:
            raise DBAPIError.instance(sql, None, error, errors, True, dialect=connection.dialect) from error

    def run_all(self, connection: Connection, rows: Sequence[Mapping[str, Any]], keys: Sequence[int] = ()) -> None:
        """Add rows, all in one go, with the keys that were reserved for them if they were.

        Raises:
            sqlalchemy.exc.IntegrityError: one of them clashes with a row that is there.
        """
        sql, keyed, processors = self._prepared.get(connection.dialect.name) or self._prepare(connection.dialect)
        names = self._names
        values = [self._values(row, processors) for row in rows]
        if keys:
            names = (self.key, *names)
            values = [[key, *row] for key, row in zip(keys, values, strict=True)]
        cursor = _cursor(connection)
        errors = connection.dialect.loaded_dbapi.Error
        try:
            if connection.dialect.positional:
                cursor.executemany(sql, values)
            elif len(values) == 1:  # to begin and to end a COPY costs a round trip each
                cursor.execute(keyed if keys else sql, dict(zip(names, values[0], strict=True)))
            else:
                with cursor.copy(f"COPY {self._table.name} ({', '.join(names)}) FROM STDIN") as copy:
                    for row in values:
                        copy.write_row(row)
        except errors as error:
            raise DBAPIError.instance(sql, None, error, errors, True, dialect=connection.dialect) from error

    def reserve(self, connection: Connection, count: int) -> list[int]:
        """Return keys, in rising order, that nobody else is given; only where :meth:`run_all` takes them.

        Raises:
            sqlalchemy.exc.DBAPIError: the database did not answer.
        """
        sql = "SELECT nextval(pg_get_serial_sequence(%s, %s)) FROM generate_series(1, %s)"
        errors = connection.dialect.loaded_dbapi.Error
        try:
            return [key for (key,) in _cursor(connection).execute(sql, (self._table.name, self.key, count)).fetchall()]
        except errors as error:
            raise DBAPIError.instance(sql, None, error, errors, True, dialect=connection.dialect) from error

    def _values(self, row: Mapping[str, Any], processors: tuple[Callable[[Any], Any] | None, ...]) -> list[Any]:
        return [
            process(row[name]) if process else row[name] for name, process in zip(self._names, processors, strict=True)
        ]

    def _prepare(self, dialect: Dialect) -> _Prepared:
        adding = insert(self._table)
        keyed = str(adding.compile(dialect=dialect, column_keys=[self.key, *self._names]))
        if not dialect.positional:  # SQLite, which takes values by place, tells the key without being asked
            adding = adding.returning(self._column)
        sql = str(adding.compile(dialect=dialect, column_keys=list(self._names)))
        types = [self._table.c[name].type.dialect_impl(dialect) for name in self._names]
        prepared = _Prepared(sql, keyed, tuple(type_.bind_processor(dialect) for type_ in types))
        self._prepared[dialect.name] = prepared
        return prepared


class HotSelect:
    """A query whose open places are named by ``bindparam``; its rows come as the driver gives them."""

    def __init__(self, query: Select[*tuple[Any, ...]]) -> None:
        self._query = query
        self._prepared: dict[str, tuple[str, dict[str, Any], dict[str, Callable[[Any], Any] | None]]] = {}

    def run(self, connection: Connection, **given: Any) -> list[Any]:
        """Return every row for these values.

        Raises:
            sqlalchemy.exc.DBAPIError: the database did not answer.
        """
        sql, values, processors = self._prepared.get(connection.dialect.name) or self._prepare(connection.dialect)
        values = dict(values)
        for name, value in given.items():
            process = processors[name]
            values[name] = process(value) if process else value
        cursor = _cursor(connection)
        errors = connection.dialect.loaded_dbapi.Error
        try:
            return cursor.execute(sql, list(values.values()) if connection.dialect.positional else values).fetchall()
        except errors as error:
            raise DBAPIError.instance(sql, None, error, errors, True, dialect=connection.dialect) from error

    def _prepare(self, dialect: Dialect) -> tuple[str, dict[str, Any], dict[str, Callable[[Any], Any] | None]]:
        compiled: Any = self._query.compile(dialect=dialect)
        names: list[str] = list(compiled.positiontup or compiled.params)
        if len(set(names)) != len(names):
            raise ValueError("a place stands twice in this query: SQLite takes values by place")
        processors = {name: compiled.binds[name].type.dialect_impl(dialect).bind_processor(dialect) for name in names}
        prepared = self._prepared[dialect.name] = str(compiled), {n: compiled.params[n] for n in names}, processors
        return prepared


def _cursor(connection: Connection) -> Any:
    """Return the cursor that the hot statements of a connection share: making one costs a fifth of using it."""
    found = connection.info.get(_CURSOR)
    if found is None:
        driver: Any = connection.connection.driver_connection
        found = connection.info[_CURSOR] = driver.cursor()
    return found
