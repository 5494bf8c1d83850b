"""The drafts of policies that somebody is writing.

Revision: 0009.
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make room for them."""
    op.create_table(
        "working_drafts",
        sa.Column("site", sa.Text(), nullable=False),
        sa.Column("texts", sa.Text(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("site", name="pk_working_drafts"),
    )


def downgrade() -> None:
    """Forget them; what was published stays."""
    op.drop_table("working_drafts")
