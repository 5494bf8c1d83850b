"""The ledger and the identifiers, append-only by triggers in the database too, and the codes that fetch a receipt.
Private to the store."""

from sqlalchemy import Boolean, Column, Identity, Index, LargeBinary, Table, Text, UniqueConstraint, text

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
    Column("decided_at", Instant, nullable=False),
    Index("ix_receipts_subject", "subject", "sequence"),
    Index("ix_receipts_site_decided_at", "site", "decided_at"),
    sqlite_autoincrement=True,
)
"""``body`` is the truth, canonical JSON as it was signed; the other columns are an index into it."""

return_codes = Table(
    "return_codes",
    metadata,
    Column("digest", LargeBinary(32), primary_key=True),
    Column("site", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("state", LargeBinary(32), nullable=False),
    Column("receipt", Identifier, nullable=False),
    Column("expires_at", Instant, nullable=False, index=True),
    Column("redeemed_at", Instant),
)
"""One-time codes of the redirect flow, of which only hashes are kept, and those for a minute."""

Index(
    "ix_receipts_changes",
    receipts.c.sequence,
    sqlite_where=receipts.c.previous.is_not(None),
    postgresql_where=receipts.c.previous.is_not(None),
)

GRANTING = text("granted <> ''")
"""Somebody said yes to something. In these very words, or SQLite does not see that the index serves the query."""
Index("ix_receipts_expiry", receipts.c.expires_at, sqlite_where=GRANTING, postgresql_where=GRANTING)

identifiers = Table(
    "identifiers",
    metadata,
    Column("sequence", Sequence, Identity(), primary_key=True),
    Column("site", Text, nullable=False),
    Column("digest", LargeBinary(32), nullable=False),
    Column("subject", Identifier, nullable=False),
    Column("own", Boolean, nullable=False),
    Column("linked_at", Instant, nullable=False),
    UniqueConstraint("digest", "subject"),
    Index("ix_identifiers_subject", "subject"),
    sqlite_autoincrement=True,
)
"""A partner's identifier for a person, as a keyed hash, and the subjects it stands for: its ``own``, to which the
partner records, and browsers' subjects that were linked to it. Or 32 bytes of chance, and the subjects that gave one
answer at several sites."""
