"""One-time codes of the redirect flow.

Revision: 0004.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make room for the codes."""
    op.create_table(
        "return_codes",
        sa.Column("digest", sa.LargeBinary(32), nullable=False),
        sa.Column("site", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("state", sa.LargeBinary(32), nullable=False),
        sa.Column("receipt", sa.LargeBinary(16), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("redeemed_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("digest", name="pk_return_codes"),
    )
    op.create_index("ix_return_codes_expires_at", "return_codes", ["expires_at"])


def downgrade() -> None:
    """Forget them."""
    op.drop_table("return_codes")
