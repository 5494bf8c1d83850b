"""The tables of registers, private to their store. Disclosures, breaches and their steps only grow, by triggers too."""

from sqlalchemy import BigInteger, Column, ForeignKey, Identity, Table, Text, UniqueConstraint

from consentgw.db.schema import Day, Instant, Json, Sequence, metadata

transfers = Table(
    "transfers",
    metadata,
    Column("day", Day, primary_key=True),
    Column("site", Text, primary_key=True),
    Column("tag", Text, primary_key=True),
    Column("vendor", Text, primary_key=True),
    Column("country", Text, primary_key=True),
    Column("count", BigInteger, nullable=False),
)

disclosures = Table(
    "disclosures",
    metadata,
    Column("number", Sequence, Identity(), primary_key=True),
    Column("site", Text, nullable=False),
    Column("disclosed_on", Day, nullable=False),
    Column("body", Text, nullable=False),
    Column("ground", Text, nullable=False),
    Column("data", Text, nullable=False),
    Column("people", BigInteger, nullable=False),
    Column("entered_at", Instant, nullable=False),
    sqlite_autoincrement=True,
)

breaches = Table(
    "breaches",
    metadata,
    Column("number", Sequence, Identity(), primary_key=True),
    Column("site", Text, nullable=False),
    Column("discovered_at", Instant, nullable=False),
    Column("happened", Text, nullable=False),
    Column("measures", Text, nullable=False),
    Column("people", BigInteger),
    Column("notify_by", Instant),
    Column("rule", Json),
    Column("calendar", Text, nullable=False),
    Column("entered_at", Instant, nullable=False),
    sqlite_autoincrement=True,
)

breach_steps = Table(
    "breach_steps",
    metadata,
    Column("sequence", Sequence, Identity(), primary_key=True),
    Column("breach", BigInteger, ForeignKey(breaches.c.number), nullable=False),
    Column("step", Text, nullable=False),
    Column("words", Text, nullable=False),
    Column("entered_at", Instant, nullable=False),
    Column("taken_at", Instant),
    UniqueConstraint("breach", "step"),
    sqlite_autoincrement=True,
)
