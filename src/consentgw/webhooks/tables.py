"""Endpoints, their secrets, and what is under way to them; private to the store."""

from sqlalchemy import BigInteger, Column, Identity, Index, Integer, LargeBinary, Table, Text, text

from consentgw.db.schema import Identifier, Instant, Json, Sequence, metadata

endpoints = Table(
    "webhook_endpoints",
    metadata,
    Column("id", Identifier, primary_key=True),
    Column("site", Text, nullable=False),
    Column("url", Text, nullable=False),
    Column("topics", Json, nullable=False),
    Column("description", Text, nullable=False),
    Column("disabled", Text),
    Column("created_at", Instant, nullable=False),
    Column("changed_at", Instant, nullable=False),
    Column("failing_since", Instant),
    Column("after", BigInteger, nullable=False),
    Column("processor", Text),
    Index("ix_webhook_endpoints_site", "site", "id"),
)

secrets = Table(
    "webhook_secrets",
    metadata,
    Column("id", Identifier, primary_key=True),
    Column("endpoint", Identifier, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("public", Text, nullable=False),
    Column("expires_at", Instant),
    Index("ix_webhook_secrets_endpoint", "endpoint", "id"),
)

WAITING = text("state = 'waiting'")
"""In these very words, or SQLite does not see that an index serves a query."""
ENDED = text("state <> 'waiting'")
LEASED = text("leased_until IS NOT NULL")

deliveries = Table(
    "webhook_deliveries",
    metadata,
    Column("id", Identifier, primary_key=True),
    Column("endpoint", Identifier, nullable=False),
    Column("topic", Text, nullable=False),
    Column("reference", Text, nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("happened_at", Instant, nullable=False),
    Column("state", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("due_at", Instant, nullable=False),
    Column("leased_until", Instant),
    Column("ended_at", Instant),
    Index("ix_webhook_deliveries_endpoint", "endpoint", "id"),
)
"""``leased_until`` is set while a worker sends it: when a worker dies, another one may take it from then on."""

Index(
    "ix_webhook_deliveries_due",
    deliveries.c.endpoint,
    deliveries.c.due_at,
    deliveries.c.sequence,
    sqlite_where=WAITING,
    postgresql_where=WAITING,
)
Index("ix_webhook_deliveries_leased", deliveries.c.endpoint, sqlite_where=LEASED, postgresql_where=LEASED)
Index("ix_webhook_deliveries_ended", deliveries.c.ended_at, sqlite_where=ENDED, postgresql_where=ENDED)

attempts = Table(
    "webhook_attempts",
    metadata,
    Column("sequence", Sequence, Identity(), primary_key=True),
    Column("delivery", Identifier, nullable=False),
    Column("at", Instant, nullable=False),
    Column("status", Integer),
    Column("failure", Text, nullable=False),
    Column("milliseconds", Integer, nullable=False),
    Index("ix_webhook_attempts_delivery", "delivery", "sequence"),
    sqlite_autoincrement=True,
)
