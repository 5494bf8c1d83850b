"""Legal holds, their releases, and how much they kept from the purge.

Revision: 0013.
"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

GROWING = ("legal_holds", "legal_hold_releases")


def upgrade() -> None:
    """Make room for them; holds and releases only grow."""
    growing = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "legal_holds",
        sa.Column("number", growing, sa.Identity(), nullable=False),
        sa.Column("site", sa.Text(), nullable=False),
        sa.Column("request", sa.LargeBinary(16), nullable=False),
        sa.Column("ground", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("review_on", sa.Text()),
        sa.Column("placed_by", sa.Text(), nullable=False),
        sa.Column("placed_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_legal_holds"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_legal_holds_request", "legal_holds", ["request"])
    op.create_table(
        "legal_hold_releases",
        sa.Column("hold", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("released_by", sa.Text(), nullable=False),
        sa.Column("released_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("hold", name="pk_legal_hold_releases"),
        sa.ForeignKeyConstraint(["hold"], ["legal_holds.number"], name="fk_legal_hold_releases_hold_legal_holds"),
    )
    op.add_column("purges", sa.Column("held", sa.Integer()))
    for table in GROWING:
        if op.get_bind().dialect.name == "sqlite":
            for act in ("UPDATE", "DELETE"):
                op.execute(
                    f"CREATE TRIGGER {table}_no_{act.lower()} BEFORE {act} ON {table}"
                    f" BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
                )
        else:
            op.execute(
                f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}"
                " FOR EACH STATEMENT EXECUTE FUNCTION consentgw_append_only()"
            )


def downgrade() -> None:
    """Drop them; the triggers go with their tables."""
    op.drop_column("purges", "held")
    for table in reversed(GROWING):
        op.drop_table(table)
