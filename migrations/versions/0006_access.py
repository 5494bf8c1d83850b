"""Keys of the API, the trail of what they did, and the answers that may be asked for again.

Revision: 0006.
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make room for them; the trail only grows."""
    growing = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "api_keys",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("site", sa.Text()),
        sa.Column("scopes", sa.Text(), nullable=False),
        sa.Column("hash", sa.LargeBinary(32), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("parent", sa.Text()),
        sa.Column("replaces", sa.Text()),
        sa.Column("revoked_at", sa.BigInteger()),
        sa.Column("used_at", sa.BigInteger()),
        sa.Column("revision", growing, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_api_keys"),
        sa.UniqueConstraint("replaces", name="uq_api_keys_replaces"),
    )
    op.create_index("ix_api_keys_revision", "api_keys", ["revision"])
    op.create_table(
        "trail",
        sa.Column("sequence", growing, sa.Identity(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("act", sa.Text(), nullable=False),
        sa.Column("site", sa.Text()),
        sa.Column("thing", sa.Text(), nullable=False),
        sa.Column("happened_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("sequence", name="pk_trail"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_trail_site", "trail", ["site", "sequence"])
    op.create_table(
        "replies",
        sa.Column("sequence", growing, sa.Identity(), nullable=False),
        sa.Column("caller", sa.Text(), nullable=False),
        sa.Column("key", sa.LargeBinary(32), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(32), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("sequence", name="pk_replies"),
        sa.UniqueConstraint("caller", "key", name="uq_replies_caller_key"),
    )
    op.create_index("ix_replies_expires_at", "replies", ["expires_at"])
    if op.get_bind().dialect.name == "sqlite":
        for act in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER trail_no_{act.lower()} BEFORE {act} ON trail"
                " BEGIN SELECT RAISE(ABORT, 'trail is append-only'); END"
            )
    else:
        op.execute(
            "CREATE TRIGGER trail_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON trail"
            " FOR EACH STATEMENT EXECUTE FUNCTION consentgw_append_only()"
        )


def downgrade() -> None:
    """Drop them; the triggers go with their table."""
    for table in ("replies", "trail", "api_keys"):
        op.drop_table(table)
