"""The keys table, private to the store."""

from sqlalchemy import Column, LargeBinary, Table, Text

from consentgw.db.schema import Instant, Json, metadata

keys = Table(
    "keys",
    metadata,
    Column("kid", Text, primary_key=True),
    Column("public", Json, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("retired_at", Instant),
)
