"""The database: one way to write, one way to read.

``await db.write(verb, ...)`` runs a verb in a unit of work and answers only after a durable commit; many
units share one commit (group commit), and one that fails fails alone. ``await db.read(query, ...)`` reads.
``apply`` and ``ask`` are the same two for callers without an event loop.

SQLite: one writing connection in one process, WAL with ``synchronous=FULL``. PostgreSQL: one writer per
process, all of them in one order (an advisory lock per group), so the ledger's sequence is the order of
commits.
"""

from consentgw.db.database import Database, open_database, open_reader
from consentgw.db.schema import metadata
from consentgw.db.unit import Unit

__all__ = ["Database", "Unit", "metadata", "open_database", "open_reader"]
