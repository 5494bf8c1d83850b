"""The sites table, private to the store."""

from sqlalchemy import Column, Table, Text

from consentgw.db.schema import Instant, Json, Sequence, metadata

sites = Table(
    "sites",
    metadata,
    Column("slug", Text, primary_key=True),
    Column("document", Json, nullable=False),
    Column("changed_at", Instant, nullable=False),
    Column("revision", Sequence, nullable=False, index=True),
)
