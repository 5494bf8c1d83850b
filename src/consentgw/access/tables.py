"""Keys, the trail and the answers that may be asked for again; private to the store."""

from sqlalchemy import Column, Identity, Index, Integer, LargeBinary, Table, Text, UniqueConstraint

from consentgw.db.schema import Instant, Json, Sequence, metadata

api_keys = Table(
    "api_keys",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("site", Text),
    Column("scopes", Json, nullable=False),
    Column("hash", LargeBinary(32), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("parent", Text),
    Column("replaces", Text, unique=True),
    Column("revoked_at", Instant),
    Column("used_at", Instant),
    # Grows with every change but use, so that each process sees in one small read that there is something new.
    Column("revision", Sequence, nullable=False, index=True),
    Column("processor", Text),
)

trail = Table(
    "trail",
    metadata,
    Column("sequence", Sequence, Identity(), primary_key=True),
    Column("actor", Text, nullable=False),
    Column("act", Text, nullable=False),
    Column("site", Text),
    Column("thing", Text, nullable=False),
    Column("happened_at", Instant, nullable=False),
    Index("ix_trail_site", "site", "sequence"),
    sqlite_autoincrement=True,
)
"""Append-only, by triggers in the database too."""

replies = Table(
    "replies",
    metadata,
    Column("sequence", Sequence, Identity(), primary_key=True),
    Column("caller", Text, nullable=False),
    Column("key", LargeBinary(32), nullable=False),
    Column("fingerprint", LargeBinary(32), nullable=False),
    Column("status", Integer, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("expires_at", Instant, nullable=False, index=True),
    UniqueConstraint("caller", "key"),
)
