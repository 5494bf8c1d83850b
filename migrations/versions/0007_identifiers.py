"""Partners' own identifiers for people, hashed; and when each answer was given, to be searched.

Revision: 0007.
"""

import json
from datetime import datetime, timedelta

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_CHUNK = 10_000


def upgrade() -> None:
    """Make room for identifiers, and write beside every receipt when it was given."""
    growing = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "identifiers",
        sa.Column("sequence", growing, sa.Identity(), nullable=False),
        sa.Column("site", sa.Text(), nullable=False),
        sa.Column("digest", sa.LargeBinary(32), nullable=False),
        sa.Column("subject", sa.LargeBinary(16), nullable=False),
        sa.Column("own", sa.Boolean(), nullable=False),
        sa.Column("linked_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("sequence", name="pk_identifiers"),
        sa.UniqueConstraint("digest", "subject", name="uq_identifiers_digest_subject"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_identifiers_subject", "identifiers", ["subject"])
    _forbid_changes("identifiers")
    _allow_changes("receipts")
    op.add_column("receipts", sa.Column("decided_at", sa.BigInteger()))
    _fill()
    with op.batch_alter_table("receipts", table_kwargs={"sqlite_autoincrement": True}) as receipts:
        receipts.alter_column("decided_at", existing_type=sa.BigInteger(), nullable=False)
    op.create_index("ix_receipts_site_decided_at", "receipts", ["site", "decided_at"])
    _forbid_changes("receipts")


def downgrade() -> None:
    """Forget the identifiers; what receipts say stays."""
    op.drop_table("identifiers")
    _allow_changes("receipts")
    op.drop_index("ix_receipts_site_decided_at", "receipts")
    op.drop_column("receipts", "decided_at")
    _forbid_changes("receipts")


def _fill() -> None:
    connection = op.get_bind()
    rows = sa.table("receipts", sa.column("sequence"), sa.column("body"), sa.column("decided_at"))
    write = sa.update(rows).where(rows.c.sequence == sa.bindparam("place")).values(decided_at=sa.bindparam("at"))
    after = 0
    while found := connection.execute(
        sa.select(rows.c.sequence, rows.c.body).where(rows.c.sequence > after).order_by(rows.c.sequence).limit(_CHUNK)
    ).all():
        values = [{"place": row.sequence, "at": _instant(json.loads(bytes(row.body))["event_time"])} for row in found]
        connection.execute(write, values)
        after = found[-1].sequence


def _instant(text: str) -> int:
    return (datetime.fromisoformat(text) - datetime.fromisoformat("1970-01-01T00:00:00Z")) // timedelta(microseconds=1)


def _forbid_changes(table: str) -> None:
    if op.get_bind().dialect.name == "sqlite":
        for act in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{act.lower()} BEFORE {act} ON {table}"
                f" BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            )
        return
    op.execute(
        f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}"
        " FOR EACH STATEMENT EXECUTE FUNCTION consentgw_append_only()"
    )


def _allow_changes(table: str) -> None:
    if op.get_bind().dialect.name == "sqlite":
        for act in ("update", "delete"):
            op.execute(f"DROP TRIGGER {table}_no_{act}")
        return
    op.execute(f"DROP TRIGGER {table}_append_only ON {table}")
