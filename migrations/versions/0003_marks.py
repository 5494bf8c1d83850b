"""How far work that never ends has come, and when answers expire.

Revision: 0003.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make room for the marks, and let expired answers be found."""
    op.create_table(
        "marks",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_marks"),
    )
    granting = sa.text("granted <> ''")
    op.create_index("ix_receipts_expiry", "receipts", ["expires_at"], sqlite_where=granting, postgresql_where=granting)


def downgrade() -> None:
    """Forget them."""
    op.drop_index("ix_receipts_expiry", "receipts")
    op.drop_table("marks")
