"""Processors: their tasks, the files they give, and whose an act, an event, an endpoint or a key is.

Revision: 0012.
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

OWNED = ("api_keys", "events", "subject_request_history", "webhook_endpoints")


def upgrade() -> None:
    """Make room for them; what was there before is no processor's."""
    op.create_table(
        "subject_request_tasks",
        sa.Column("id", sa.LargeBinary(16), nullable=False),
        sa.Column("request", sa.LargeBinary(16), nullable=False),
        sa.Column("site", sa.Text(), nullable=False),
        sa.Column("processor", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("forwarded_at", sa.BigInteger(), nullable=False),
        sa.Column("due_on", sa.Text(), nullable=False),
        sa.Column("acknowledged_at", sa.BigInteger()),
        sa.Column("expected_at", sa.BigInteger()),
        sa.Column("result", sa.Text()),
        sa.Column("reason", sa.Text()),
        sa.Column("reminded", sa.Text(), nullable=False),
        sa.Column("closed_at", sa.BigInteger()),
        sa.PrimaryKeyConstraint("id", name="pk_subject_request_tasks"),
        sa.UniqueConstraint("request", "processor", name="uq_subject_request_tasks_request_processor"),
    )
    op.create_index("ix_subject_request_tasks_site_due_on", "subject_request_tasks", ["site", "due_on", "id"])
    op.create_index("ix_subject_request_tasks_state_due_on", "subject_request_tasks", ["state", "due_on"])
    op.create_table(
        "subject_request_files",
        sa.Column("task", sa.LargeBinary(16), nullable=False),
        sa.Column("request", sa.LargeBinary(16), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("file", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("task", name="pk_subject_request_files"),
    )
    op.create_index("ix_subject_request_files_request", "subject_request_files", ["request"])
    for table in OWNED:
        op.add_column(table, sa.Column("processor", sa.Text()))


def downgrade() -> None:
    """Drop them."""
    for table in OWNED:
        op.drop_column(table, "processor")
    op.drop_table("subject_request_files")
    op.drop_table("subject_request_tasks")
