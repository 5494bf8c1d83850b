"""Sites, policies, notices, keys, the ledger of receipts and the outbox.

Revision: 0001, the first.
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

APPEND_ONLY = ("receipts", "notices", "policies")


def upgrade() -> None:
    """Create everything, and forbid changing what must stay as it was."""
    growing = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "sites",
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.Column("revision", growing, nullable=False),
        sa.PrimaryKeyConstraint("slug", name="pk_sites"),
    )
    op.create_index("ix_sites_revision", "sites", ["revision"])
    op.create_table(
        "policies",
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("site", sa.Text(), nullable=False),
        sa.Column("published_at", sa.BigInteger(), nullable=False),
        sa.Column("effective_from", sa.BigInteger(), nullable=False),
        sa.Column("predecessor", sa.Text()),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("version", name="pk_policies"),
        sa.UniqueConstraint("digest", name="uq_policies_digest"),
        sa.UniqueConstraint("site", "predecessor", name="uq_policies_site_predecessor"),
    )
    op.create_table(
        "questions",
        sa.Column("site", sa.Text(), nullable=False),
        sa.Column("purposes", sa.Text(), nullable=False),
        sa.Column("tags", sa.Text(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("site", name="pk_questions"),
    )
    op.create_table(
        "notices",
        sa.Column("sequence", growing, sa.Identity(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("site", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("issued_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("sequence", name="pk_notices"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_notices_digest", "notices", ["digest"])
    op.create_index("ix_notices_site_round", "notices", ["site", "round"])
    op.create_table(
        "keys",
        sa.Column("kid", sa.Text(), nullable=False),
        sa.Column("public", sa.Text(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("retired_at", sa.BigInteger()),
        sa.PrimaryKeyConstraint("kid", name="pk_keys"),
    )
    op.create_table(
        "receipts",
        sa.Column("sequence", growing, sa.Identity(), nullable=False),
        sa.Column("id", sa.LargeBinary(16), nullable=False),
        sa.Column("site", sa.Text(), nullable=False),
        sa.Column("subject", sa.LargeBinary(16), nullable=False),
        sa.Column("previous", sa.LargeBinary(16)),
        sa.Column("notice", sa.Text(), nullable=False),
        sa.Column("granted", sa.Text(), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("kid", sa.Text(), nullable=False),
        sa.Column("signature", sa.LargeBinary(64), nullable=False),
        sa.PrimaryKeyConstraint("sequence", name="pk_receipts"),
        sa.UniqueConstraint("id", name="uq_receipts_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_receipts_subject", "receipts", ["subject", "sequence"])
    changed = sa.text("previous IS NOT NULL")
    op.create_index("ix_receipts_changes", "receipts", ["sequence"], sqlite_where=changed, postgresql_where=changed)
    op.create_table(
        "events",
        sa.Column("sequence", growing, sa.Identity(), nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("site", sa.Text(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("happened_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("sequence", name="pk_events"),
        sqlite_autoincrement=True,
    )
    _forbid_changes()


def downgrade() -> None:
    """Drop everything; the triggers go with their tables."""
    for table in ("events", "receipts", "keys", "notices", "questions", "policies", "sites"):
        op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION consentgw_append_only()")


def _forbid_changes() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for table in APPEND_ONLY:
            for act in ("UPDATE", "DELETE"):
                op.execute(
                    f"CREATE TRIGGER {table}_no_{act.lower()} BEFORE {act} ON {table}"
                    f" BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
                )
        return
    op.execute(
        "CREATE FUNCTION consentgw_append_only() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME"
        " USING ERRCODE = 'integrity_constraint_violation'; END $$"
    )
    for table in APPEND_ONLY:
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION consentgw_append_only()"
        )
