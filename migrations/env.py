"""Alembic's entry: runs the versions on the connection that consentgw.db.migrations hands over."""

from importlib import import_module
from pathlib import Path

from alembic import context

import consentgw
from consentgw.db.schema import metadata

for tables in sorted(Path(consentgw.__file__).parent.glob("*/tables.py")):
    import_module(f"consentgw.{tables.parent.name}.tables")  # every room's tables belong to the one metadata

connection = context.config.attributes["connection"]
context.configure(
    connection=connection, target_metadata=metadata, render_as_batch=True, transaction_per_migration=False
)
context.run_migrations()
