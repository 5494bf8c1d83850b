"""When a step of a breach was taken, where it was entered later than that.

Revision: 0015.
"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make room for it; a step without one was taken when it was entered."""
    op.add_column("breach_steps", sa.Column("taken_at", sa.BigInteger()))


def downgrade() -> None:
    """Forget it."""
    op.drop_column("breach_steps", "taken_at")
