"""The published policies."""

from __future__ import annotations

from sqlalchemy import Column, Table, Text, UniqueConstraint

from consentgw.db.schema import Instant, Json, metadata

policies = Table(
    "policies",
    metadata,
    Column("version", Text, primary_key=True),
    Column("site", Text, nullable=False),
    Column("published_at", Instant, nullable=False),
    Column("effective_from", Instant, nullable=False),
    # Digest of the version this one took over from. Unique, so that a site's past never forks.
    Column("predecessor", Text),
    Column("digest", Text, nullable=False, unique=True),
    # Canonical JSON, as text: its SHA-256 is the digest, whatever a database thinks of JSON.
    Column("document", Text, nullable=False),
    UniqueConstraint("site", "predecessor"),
)

drafts = Table(
    "drafts",
    metadata,
    # The Markdown with its places open, as it was when the version was published: what its author goes on from.
    Column("version", Text, primary_key=True),
    Column("language", Text, primary_key=True),
    Column("text", Text, nullable=False),
)

working_drafts = Table(
    "working_drafts",
    metadata,
    Column("site", Text, primary_key=True),
    Column("texts", Json, nullable=False),
    Column("changed_at", Instant, nullable=False),
)
"""What somebody is writing: the next version, before it is published."""
