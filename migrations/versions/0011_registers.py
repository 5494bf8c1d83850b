"""Registers: transfers by vendor and day, disclosures, breaches.

Revision: 0011.
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

GROWING = ("disclosures", "breaches", "breach_steps")


def upgrade() -> None:
    """Make room for them; what is entered by hand only grows."""
    growing = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "transfers",
        sa.Column("day", sa.Text(), nullable=False),
        sa.Column("site", sa.Text(), nullable=False),
        sa.Column("tag", sa.Text(), nullable=False),
        sa.Column("vendor", sa.Text(), nullable=False),
        sa.Column("country", sa.Text(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("day", "site", "tag", "vendor", "country", name="pk_transfers"),
    )
    op.create_table(
        "disclosures",
        sa.Column("number", growing, sa.Identity(), nullable=False),
        sa.Column("site", sa.Text(), nullable=False),
        sa.Column("disclosed_on", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("ground", sa.Text(), nullable=False),
        sa.Column("data", sa.Text(), nullable=False),
        sa.Column("people", sa.BigInteger(), nullable=False),
        sa.Column("entered_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_disclosures"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "breaches",
        sa.Column("number", growing, sa.Identity(), nullable=False),
        sa.Column("site", sa.Text(), nullable=False),
        sa.Column("discovered_at", sa.BigInteger(), nullable=False),
        sa.Column("happened", sa.Text(), nullable=False),
        sa.Column("measures", sa.Text(), nullable=False),
        sa.Column("people", sa.BigInteger()),
        sa.Column("notify_by", sa.BigInteger()),
        sa.Column("rule", sa.Text()),
        sa.Column("calendar", sa.Text(), nullable=False),
        sa.Column("entered_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_breaches"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "breach_steps",
        sa.Column("sequence", growing, sa.Identity(), nullable=False),
        sa.Column("breach", sa.BigInteger(), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("entered_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("sequence", name="pk_breach_steps"),
        sa.ForeignKeyConstraint(["breach"], ["breaches.number"], name="fk_breach_steps_breach_breaches"),
        sa.UniqueConstraint("breach", "step", name="uq_breach_steps_breach_step"),
        sqlite_autoincrement=True,
    )
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
    for table in ("breach_steps", "breaches", "disclosures", "transfers"):
        op.drop_table(table)
