"""Receipts may go once their term is over, and identifiers that stand for nobody any more; nothing before.

Revision: 0014.
"""

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

SOONEST = 30 * 86_400
"""Seconds from the end of a choice in which nothing removes its receipt, whatever period a site gives."""
PAST = {
    "sqlite": f"(CAST(strftime('%s', 'now') AS INTEGER) - {SOONEST}) * 1000000",
    "postgresql": f"(extract(epoch FROM now()) - {SOONEST}) * 1000000",
}


def upgrade() -> None:
    """Forbid deleting what is not past its term, where every deletion was forbidden."""
    if op.get_bind().dialect.name == "sqlite":
        _replace_on_sqlite("receipts", f"WHEN OLD.expires_at > {PAST['sqlite']}")
        _replace_on_sqlite("identifiers", "WHEN EXISTS (SELECT 1 FROM receipts WHERE subject = OLD.subject)")
        return
    op.execute(
        "CREATE FUNCTION consentgw_stands_for_somebody() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN IF EXISTS (SELECT 1 FROM receipts WHERE subject = OLD.subject) THEN"
        " RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation';"
        " END IF; RETURN OLD; END $$"
    )
    deletions = {
        "receipts": f"WHEN (OLD.expires_at > {PAST['postgresql']}) EXECUTE FUNCTION consentgw_append_only()",
        "identifiers": "EXECUTE FUNCTION consentgw_stands_for_somebody()",
    }
    for table, deletion in deletions.items():
        op.execute(f"DROP TRIGGER {table}_append_only ON {table}")
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION consentgw_append_only()"
        )
        op.execute(f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} FOR EACH ROW {deletion}")


def downgrade() -> None:
    """Forbid every deletion again."""
    for table in ("receipts", "identifiers"):
        if op.get_bind().dialect.name == "sqlite":
            _replace_on_sqlite(table, "")
            continue
        op.execute(f"DROP TRIGGER {table}_no_delete ON {table}")
        op.execute(f"DROP TRIGGER {table}_append_only ON {table}")
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION consentgw_append_only()"
        )
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION consentgw_stands_for_somebody()")


def _replace_on_sqlite(table: str, when: str) -> None:
    op.execute(f"DROP TRIGGER {table}_no_delete")
    op.execute(
        f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} {when}"
        f" BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
    )
