"""The tables of operators, private to their store."""

from sqlalchemy import BigInteger, Column, ForeignKey, LargeBinary, Table, Text, UniqueConstraint

from consentgw.db.schema import Identifier, Instant, metadata

operators = Table(
    "operators",
    metadata,
    Column("id", Identifier, primary_key=True),
    Column("login", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("site", Text),
    Column("password", Text),
    Column("authenticator", LargeBinary),
    Column("used_step", BigInteger, nullable=False),
    Column("issuer", Text),
    Column("subject", Text),
    Column("joined_at", Instant, nullable=False),
    Column("dismissed_at", Instant),
    UniqueConstraint("issuer", "subject"),
)
"""``authenticator`` is sealed; ``used_step`` is the half minute of the last code that counted."""

recovery_codes = Table(
    "recovery_codes",
    metadata,
    Column("digest", LargeBinary(32), primary_key=True),
    Column("operator", Identifier, ForeignKey(operators.c.id), nullable=False, index=True),
)

sessions = Table(
    "sessions",
    metadata,
    Column("digest", LargeBinary(32), primary_key=True),
    Column("operator", Identifier, ForeignKey(operators.c.id), nullable=False, index=True),
    Column("began_at", Instant, nullable=False),
    Column("seen_at", Instant, nullable=False),
    Column("proven_at", Instant, nullable=False),
)
