"""The tables of subject requests, private to the store. What could say who asks is sealed."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
)

from consentgw.db.schema import Day, Identifier, Instant, Json, Sequence, metadata

requests = Table(
    "subject_requests",
    metadata,
    Column("id", Identifier, primary_key=True),
    Column("site", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("level", Integer, nullable=False),
    Column("language", Text, nullable=False),
    Column("receipt", Identifier),
    Column("received_at", Instant, nullable=False),
    Column("due_on", Day, nullable=False),
    Column("rule", Json, nullable=False),
    Column("calendar", Text, nullable=False),
    Column("extended", Boolean, nullable=False),
    Column("paused_on", Day),
    Column("assignee", Text, nullable=False),
    Column("reason", Text),
    Column("proposed_by", Text, nullable=False),
    Column("turn", Integer, nullable=False),
    Column("reminded", Text, nullable=False),
    Column("closed_at", Instant),
    Column("erased_at", Instant),
    Column("name", LargeBinary),
    Column("email", LargeBinary),
    Column("phone", LargeBinary),
    Column("details", LargeBinary),
    Column("representative", LargeBinary),
    Column("capacity", LargeBinary),
    Index("ix_subject_requests_site_due_on", "site", "due_on", "id"),
    Index("ix_subject_requests_state_due_on", "state", "due_on"),
)

keys = Table(
    "subject_request_keys",
    metadata,
    Column("request", Identifier, primary_key=True),
    Column("wrapped", LargeBinary, nullable=False),
)
"""Destroying a row here destroys everything that was sealed for its request."""

addresses = Table(
    "subject_request_addresses",
    metadata,
    Column("request", Identifier, primary_key=True),
    Column("digest", LargeBinary(16), nullable=False, index=True),
)

history = Table(
    "subject_request_history",
    metadata,
    Column("sequence", Sequence, Identity(), primary_key=True),
    Column("id", Identifier, nullable=False),
    Column("request", Identifier, nullable=False, index=True),
    Column("at", Instant, nullable=False),
    Column("actor", Text, nullable=False),
    Column("act", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("level", Integer, nullable=False),
    Column("why", LargeBinary),
    Column("processor", Text),
    sqlite_autoincrement=True,
)
"""Append-only, by triggers in the database too: a line goes only after its whole request has gone."""

texts = Table(
    "subject_request_texts",
    metadata,
    Column("id", Identifier, primary_key=True),
    Column("request", Identifier, nullable=False, index=True),
    Column("at", Instant, nullable=False),
    Column("actor", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("words", LargeBinary, nullable=False),
)

proofs = Table(
    "subject_request_proofs",
    metadata,
    Column("id", Identifier, primary_key=True),
    Column("request", Identifier, nullable=False, index=True),
    Column("digits", LargeBinary(32), nullable=False),
    Column("tries", Integer, nullable=False),
    Column("digits_until", Instant, nullable=False),
    Column("link_until", Instant, nullable=False),
    Column("used_at", Instant),
)
"""Letters that prove a mailbox. ``digits`` is a keyed digest; the link is a sealed id and stored nowhere."""

answers = Table(
    "subject_request_answers",
    metadata,
    Column("request", Identifier, primary_key=True),
    Column("file", LargeBinary, nullable=False),
    Column("digest", Text, nullable=False),
    Column("until", Instant, nullable=False),
    Column("downloads", Integer, nullable=False),
)
"""Sealed packages that wait to be fetched; ``downloads`` counts down."""

tasks = Table(
    "subject_request_tasks",
    metadata,
    Column("id", Identifier, primary_key=True),
    Column("request", Identifier, nullable=False),
    Column("site", Text, nullable=False),
    Column("processor", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("forwarded_at", Instant, nullable=False),
    Column("due_on", Day, nullable=False),
    Column("acknowledged_at", Instant),
    Column("expected_at", Instant),
    Column("result", Text),
    Column("reason", Text),
    Column("reminded", Text, nullable=False),
    Column("closed_at", Instant),
    UniqueConstraint("request", "processor"),
    Index("ix_subject_request_tasks_site_due_on", "site", "due_on", "id"),
    Index("ix_subject_request_tasks_state_due_on", "state", "due_on"),
)
"""What each processor is asked to do; what was done to a task stands in the history of its request."""

files = Table(
    "subject_request_files",
    metadata,
    Column("task", Identifier, primary_key=True),
    Column("request", Identifier, nullable=False, index=True),
    Column("media_type", Text, nullable=False),
    Column("file", LargeBinary, nullable=False),
)
"""What a processor gave for the answer, sealed."""

holds = Table(
    "legal_holds",
    metadata,
    Column("number", Sequence, Identity(), primary_key=True),
    Column("site", Text, nullable=False),
    Column("request", Identifier, nullable=False, index=True),
    Column("ground", Text, nullable=False),
    Column("why", Text, nullable=False),
    Column("review_on", Day),
    Column("placed_by", Text, nullable=False),
    Column("placed_at", Instant, nullable=False),
    sqlite_autoincrement=True,
)
"""Holds only grow, by triggers too, and outlive their requests: they are the proof of why data stayed past its term."""

releases = Table(
    "legal_hold_releases",
    metadata,
    Column("hold", BigInteger, ForeignKey(holds.c.number), primary_key=True, autoincrement=False),
    Column("why", Text, nullable=False),
    Column("released_by", Text, nullable=False),
    Column("released_at", Instant, nullable=False),
)
"""Append-only like the holds they end."""

purges = Table(
    "purges",
    metadata,
    Column("sequence", Sequence, Identity(), primary_key=True),
    Column("kind", Text, nullable=False),
    Column("ran_at", Instant, nullable=False),
    Column("removed", Integer, nullable=False),
    Column("held", Integer),
    sqlite_autoincrement=True,
)
"""Proof that what is past its term is looked for and removed: one row for each class and run.

``held``: how much of it legal holds kept back; null for a class that no hold covers.
"""
