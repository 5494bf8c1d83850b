"""Commands that look after the database."""

from __future__ import annotations

from pathlib import Path

import click

from consentgw.db import backups, migrations, open_reader
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


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def backup(file: Path) -> None:
    """Write the embedded database to a new FILE, while the gateway serves."""
    backups.backup(Settings.read(), file)
    click.echo(f"{file} holds the database as it is now; it is of use only with the secret: keep that, too, and apart")


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def restore(file: Path) -> None:
    """Put the backup in FILE back as the embedded database; there must be none."""
    settings = Settings.read()
    schema = backups.restore(settings, file)
    more = "" if schema == migrations.head() else "; now run: consentgw db upgrade"
    click.echo(f"{settings.file} is back, with schema {schema}{more}")
    if settings.without_secret:
        click.echo(f"its secret is not: put {settings.own_secret} back, too, before anything is started", err=True)
