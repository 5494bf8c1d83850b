"""Requests of data subjects, and the mail that goes with them.

Revision: 0005.
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_TABLES = (
    "mails",
    "purges",
    "subject_request_answers",
    "subject_request_proofs",
    "subject_request_texts",
    "subject_request_history",
    "subject_request_addresses",
    "subject_request_keys",
    "subject_requests",
)


def upgrade() -> None:
    """Create the tables, and the triggers that keep a request's history."""
    growing = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "subject_requests",
        sa.Column("id", sa.LargeBinary(16), nullable=False),
        sa.Column("site", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("receipt", sa.LargeBinary(16)),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.Column("due_on", sa.Text(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("calendar", sa.Text(), nullable=False),
        sa.Column("extended", sa.Boolean(), nullable=False),
        sa.Column("paused_on", sa.Text()),
        sa.Column("assignee", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text()),
        sa.Column("proposed_by", sa.Text(), nullable=False),
        sa.Column("turn", sa.Integer(), nullable=False),
        sa.Column("reminded", sa.Text(), nullable=False),
        sa.Column("closed_at", sa.BigInteger()),
        sa.Column("erased_at", sa.BigInteger()),
        sa.Column("name", sa.LargeBinary()),
        sa.Column("email", sa.LargeBinary()),
        sa.Column("phone", sa.LargeBinary()),
        sa.Column("details", sa.LargeBinary()),
        sa.Column("representative", sa.LargeBinary()),
        sa.Column("capacity", sa.LargeBinary()),
        sa.PrimaryKeyConstraint("id", name="pk_subject_requests"),
    )
    op.create_index("ix_subject_requests_site_due_on", "subject_requests", ["site", "due_on", "id"])
    op.create_index("ix_subject_requests_state_due_on", "subject_requests", ["state", "due_on"])
    op.create_table(
        "subject_request_keys",
        sa.Column("request", sa.LargeBinary(16), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("request", name="pk_subject_request_keys"),
    )
    op.create_table(
        "subject_request_addresses",
        sa.Column("request", sa.LargeBinary(16), nullable=False),
        sa.Column("digest", sa.LargeBinary(16), nullable=False),
        sa.PrimaryKeyConstraint("request", name="pk_subject_request_addresses"),
    )
    op.create_index("ix_subject_request_addresses_digest", "subject_request_addresses", ["digest"])
    op.create_table(
        "subject_request_history",
        sa.Column("sequence", growing, sa.Identity(), nullable=False),
        sa.Column("id", sa.LargeBinary(16), nullable=False),
        sa.Column("request", sa.LargeBinary(16), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("act", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("why", sa.LargeBinary()),
        sa.PrimaryKeyConstraint("sequence", name="pk_subject_request_history"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_subject_request_history_request", "subject_request_history", ["request"])
    op.create_table(
        "subject_request_texts",
        sa.Column("id", sa.LargeBinary(16), nullable=False),
        sa.Column("request", sa.LargeBinary(16), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("words", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_subject_request_texts"),
    )
    op.create_index("ix_subject_request_texts_request", "subject_request_texts", ["request"])
    op.create_table(
        "subject_request_proofs",
        sa.Column("id", sa.LargeBinary(16), nullable=False),
        sa.Column("request", sa.LargeBinary(16), nullable=False),
        sa.Column("digits", sa.LargeBinary(32), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("digits_until", sa.BigInteger(), nullable=False),
        sa.Column("link_until", sa.BigInteger(), nullable=False),
        sa.Column("used_at", sa.BigInteger()),
        sa.PrimaryKeyConstraint("id", name="pk_subject_request_proofs"),
    )
    op.create_index("ix_subject_request_proofs_request", "subject_request_proofs", ["request"])
    op.create_table(
        "subject_request_answers",
        sa.Column("request", sa.LargeBinary(16), nullable=False),
        sa.Column("file", sa.LargeBinary(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.Column("downloads", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("request", name="pk_subject_request_answers"),
    )
    op.create_table(
        "purges",
        sa.Column("sequence", growing, sa.Identity(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("ran_at", sa.BigInteger(), nullable=False),
        sa.Column("removed", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("sequence", name="pk_purges"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "mails",
        sa.Column("id", sa.LargeBinary(16), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("address", sa.LargeBinary(16)),
        sa.Column("sealed", sa.LargeBinary()),
        sa.Column("queued_at", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("sent_at", sa.BigInteger()),
        sa.PrimaryKeyConstraint("id", name="pk_mails"),
    )
    op.create_index("ix_mails_due_at", "mails", ["due_at"])
    op.create_index("ix_mails_address", "mails", ["address"])
    op.create_index("ix_mails_reference", "mails", ["reference"])
    _keep_history()


def downgrade() -> None:
    """Drop everything; the triggers go with their table."""
    for table in _TABLES:
        op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION consentgw_keep_history()")


def _keep_history() -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.execute(
            "CREATE TRIGGER subject_request_history_no_update BEFORE UPDATE ON subject_request_history"
            " BEGIN SELECT RAISE(ABORT, 'subject_request_history is append-only'); END"
        )
        op.execute(
            "CREATE TRIGGER subject_request_history_no_delete BEFORE DELETE ON subject_request_history"
            " WHEN EXISTS (SELECT 1 FROM subject_requests WHERE id = OLD.request)"
            " BEGIN SELECT RAISE(ABORT, 'subject_request_history is append-only'); END"
        )
        return
    op.execute(
        "CREATE FUNCTION consentgw_keep_history() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN IF TG_OP = 'DELETE' AND NOT EXISTS (SELECT 1 FROM subject_requests WHERE id = OLD.request)"
        " THEN RETURN OLD; END IF; RAISE EXCEPTION '% is append-only', TG_TABLE_NAME"
        " USING ERRCODE = 'integrity_constraint_violation'; END $$"
    )
    op.execute(
        "CREATE TRIGGER subject_request_history_append_only BEFORE UPDATE OR DELETE ON subject_request_history"
        " FOR EACH ROW EXECUTE FUNCTION consentgw_keep_history()"
    )
