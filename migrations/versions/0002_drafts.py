"""The drafts that published policies were composed from.

Revision: 0002.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make room for the drafts."""
    op.create_table(
        "drafts",
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("version", "language", name="pk_drafts"),
    )


def downgrade() -> None:
    """Forget them; the published texts stay."""
    op.drop_table("drafts")
