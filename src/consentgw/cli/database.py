"""Commands that look after the database."""

from __future__ import annotations

import click

from consentgw.db import migrations, open_reader
from consentgw.settings import Settings


@click.group()
def db() -> None:
    """Look after the database."""


@db.command()
def upgrade() -> None:
    """Bring the database to the schema of this version, creating it where it is missing."""
    settings = Settings.read()
    migrations.upgrade(settings)
    click.echo(f"the database has schema {migrations.head()}")


@db.command()
def check() -> None:
    """Check that the database is safe to use and has the schema of this version."""
    with open_reader(Settings.read()):
        click.echo(f"the database is safe and has schema {migrations.head()}")
