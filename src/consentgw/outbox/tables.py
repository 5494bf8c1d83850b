"""The events table, private to the outbox."""

from sqlalchemy import Column, Identity, Table, Text

from consentgw.db.schema import Instant, Sequence, metadata

events = Table(
    "events",
    metadata,
    Column("sequence", Sequence, Identity(), primary_key=True),
    Column("topic", Text, nullable=False),
    Column("site", Text, nullable=False),
    Column("reference", Text, nullable=False),
    Column("happened_at", Instant, nullable=False),
    Column("processor", Text),
    sqlite_autoincrement=True,
)
