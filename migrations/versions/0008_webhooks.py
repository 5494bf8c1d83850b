"""Webhooks: endpoints, their secrets, what is under way to them and what became of it.

Revision: 0008.
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    growing = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "webhook_endpoints",
        sa.Column("id", sa.LargeBinary(16), nullable=False),
        sa.Column("site", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("topics", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("disabled", sa.Text()),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.Column("failing_since", sa.BigInteger()),
        sa.Column("after", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_webhook_endpoints"),
    )
    op.create_index("ix_webhook_endpoints_site", "webhook_endpoints", ["site", "id"])
    op.create_table(
        "webhook_secrets",
        sa.Column("id", sa.LargeBinary(16), nullable=False),
        sa.Column("endpoint", sa.LargeBinary(16), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("public", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.BigInteger()),
        sa.PrimaryKeyConstraint("id", name="pk_webhook_secrets"),
    )
    op.create_index("ix_webhook_secrets_endpoint", "webhook_secrets", ["endpoint", "id"])
    op.create_table(
        "webhook_deliveries",
        sa.Column("id", sa.LargeBinary(16), nullable=False),
        sa.Column("endpoint", sa.LargeBinary(16), nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("happened_at", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("leased_until", sa.BigInteger()),
        sa.Column("ended_at", sa.BigInteger()),
        sa.PrimaryKeyConstraint("id", name="pk_webhook_deliveries"),
    )
    op.create_index("ix_webhook_deliveries_endpoint", "webhook_deliveries", ["endpoint", "id"])
    for name, columns, only in (
        ("due", ["endpoint", "due_at", "sequence"], "state = 'waiting'"),
        ("leased", ["endpoint"], "leased_until IS NOT NULL"),
        ("ended", ["ended_at"], "state <> 'waiting'"),
    ):
        where = sa.text(only)
        name = f"ix_webhook_deliveries_{name}"
        op.create_index(name, "webhook_deliveries", columns, sqlite_where=where, postgresql_where=where)
    op.create_table(
        "webhook_attempts",
        sa.Column("sequence", growing, sa.Identity(), nullable=False),
        sa.Column("delivery", sa.LargeBinary(16), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.Integer()),
        sa.Column("failure", sa.Text(), nullable=False),
        sa.Column("milliseconds", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("sequence", name="pk_webhook_attempts"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_webhook_attempts_delivery", "webhook_attempts", ["delivery", "sequence"])


def downgrade() -> None:
    """Drop them."""
    for table in ("webhook_attempts", "webhook_deliveries", "webhook_secrets", "webhook_endpoints"):
        op.drop_table(table)
