"""Alembic's entry: runs the versions on the connection that consentgw.db.migrations hands over."""

from alembic import context

import consentgw.consents.tables
import consentgw.keys.tables
import consentgw.notices.tables
import consentgw.outbox.tables
import consentgw.policies.tables
import consentgw.sites.tables  # noqa: F401
from consentgw.db.schema import metadata

connection = context.config.attributes["connection"]
context.configure(
    connection=connection, target_metadata=metadata, render_as_batch=True, transaction_per_migration=False
)
context.run_migrations()
