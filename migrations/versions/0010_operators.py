"""Operators of the desk, their recovery codes and their sessions.

Revision: 0010.
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make room for operators."""
    op.create_table(
        "operators",
        sa.Column("id", sa.LargeBinary(16), nullable=False),
        sa.Column("login", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("site", sa.Text()),
        sa.Column("password", sa.Text()),
        sa.Column("authenticator", sa.LargeBinary()),
        sa.Column("used_step", sa.BigInteger(), nullable=False),
        sa.Column("issuer", sa.Text()),
        sa.Column("subject", sa.Text()),
        sa.Column("joined_at", sa.BigInteger(), nullable=False),
        sa.Column("dismissed_at", sa.BigInteger()),
        sa.PrimaryKeyConstraint("id", name="pk_operators"),
        sa.UniqueConstraint("login", name="uq_operators_login"),
        sa.UniqueConstraint("issuer", "subject", name="uq_operators_issuer_subject"),
    )
    op.create_table(
        "recovery_codes",
        sa.Column("digest", sa.LargeBinary(32), nullable=False),
        sa.Column("operator", sa.LargeBinary(16), nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_recovery_codes"),
        sa.ForeignKeyConstraint(["operator"], ["operators.id"], name="fk_recovery_codes_operator_operators"),
    )
    op.create_index("ix_recovery_codes_operator", "recovery_codes", ["operator"])
    op.create_table(
        "sessions",
        sa.Column("digest", sa.LargeBinary(32), nullable=False),
        sa.Column("operator", sa.LargeBinary(16), nullable=False),
        sa.Column("began_at", sa.BigInteger(), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.Column("proven_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_sessions"),
        sa.ForeignKeyConstraint(["operator"], ["operators.id"], name="fk_sessions_operator_operators"),
    )
    op.create_index("ix_sessions_operator", "sessions", ["operator"])


def downgrade() -> None:
    """Forget them."""
    for table in ("sessions", "recovery_codes", "operators"):
        op.drop_table(table)
