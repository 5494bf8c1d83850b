"""The receipts table, private to the store. Append-only, by triggers in the database too."""

from sqlalchemy import Column, Identity, Index, LargeBinary, Table, Text, text

from consentgw.db.schema import Identifier, Instant, Sequence, metadata

receipts = Table(
    "receipts",
    metadata,
    Column("sequence", Sequence, Identity(), primary_key=True),
    Column("id", Identifier, nullable=False, unique=True),
    Column("site", Text, nullable=False),
    Column("subject", Identifier, nullable=False),
    Column("previous", Identifier),
    Column("notice", Text, nullable=False),
    Column("granted", Text, nullable=False),
    Column("method", Text, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("kid", Text, nullable=False),
    Column("signature", LargeBinary(64), nullable=False),
    Index("ix_receipts_subject", "subject", "sequence"),
    sqlite_autoincrement=True,
)
"""``body`` is the truth, canonical JSON as it was signed; the other columns are an index into it."""

Index(
    "ix_receipts_changes",
    receipts.c.sequence,
    sqlite_where=receipts.c.previous.is_not(None),
    postgresql_where=receipts.c.previous.is_not(None),
)

GRANTING = text("granted <> ''")
"""Somebody said yes to something. In these very words, or SQLite does not see that the index serves the query."""
Index("ix_receipts_expiry", receipts.c.expires_at, sqlite_where=GRANTING, postgresql_where=GRANTING)
