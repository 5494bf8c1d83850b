"""What sites ask, and every notice ever shown; private to the store."""

from sqlalchemy import Column, Identity, Index, Integer, Table, Text

from consentgw.db.schema import Instant, Json, Sequence, metadata

questions = Table(
    "questions",
    metadata,
    Column("site", Text, primary_key=True),
    Column("purposes", Json, nullable=False),
    Column("tags", Json, nullable=False),
    Column("changed_at", Instant, nullable=False),
)

notices = Table(
    "notices",
    metadata,
    Column("sequence", Sequence, Identity(), primary_key=True),
    Column("digest", Text, nullable=False),
    Column("site", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("round", Integer, nullable=False),
    Column("document", Text, nullable=False),
    Column("issued_at", Instant, nullable=False),
    Index("ix_notices_site_round", "site", "round"),
    Index("ix_notices_digest", "digest"),
    sqlite_autoincrement=True,
)
"""Append-only. A digest stands twice when a site returns to an earlier wording in a later round of asking."""
