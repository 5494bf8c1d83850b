"""The mails table, private to the store."""

from sqlalchemy import Column, Integer, LargeBinary, Table, Text

from consentgw.db.schema import Identifier, Instant, metadata

mails = Table(
    "mails",
    metadata,
    Column("id", Identifier, primary_key=True),
    Column("reference", Text, nullable=False, index=True),
    Column("address", LargeBinary(16), index=True),
    Column("sealed", LargeBinary),
    Column("queued_at", Instant, nullable=False),
    Column("due_at", Instant, nullable=False, index=True),
    Column("attempts", Integer, nullable=False),
    Column("sent_at", Instant),
)
"""``address`` is a keyed digest, and empty for letters to an operator; ``sealed`` is gone once it was sent."""
