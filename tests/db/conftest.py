"""A PostgreSQL server that tests may crash and misconfigure."""

from __future__ import annotations

import pytest

from consentgw.db import migrations
from consentgw.settings import Settings
from tests import databases
from tests.conftest import SECRET


@pytest.fixture(scope="session")
def server():
    """A server of our own."""
    with databases.PostgreSQL() as running:
        yield running


@pytest.fixture
def postgres_home(tmp_path):
    """Make settings for a database that is migrated first."""

    def settings(url):
        made = Settings.read(data=tmp_path, database_url=url, secret=SECRET)
        migrations.upgrade(made)
        return made

    return settings
