"""Commands that look after the keys that sign receipts."""

from __future__ import annotations

import click

from consentgw.db import open_database, open_reader
from consentgw.errors import InUse
from consentgw.keys import secret, service, signing, store
from consentgw.keys.model import derive
from consentgw.settings import Settings


@click.group()
def keys() -> None:
    """Look after the keys that sign receipts."""


@keys.command("list")
def list_() -> None:
    """List the keys: name, since when it signs, and when it stopped."""
    with open_reader(Settings.read()) as connection:
        for key in store.lives(connection):
            ended = key.retired_at.isoformat(timespec="seconds") if key.retired_at else "signs now"
            click.echo(f"{key.kid}\t{key.created_at.isoformat(timespec='seconds')}\t{ended}")


@keys.command()
def rotate() -> None:
    """Sign with a new key from now on, while the gateway serves or not. Whatever was signed stays genuine."""
    settings = Settings.read()
    try:
        with open_database(settings) as database:
            database.ask(secret.check, settings)
            kid = database.apply(service.rotate, derive(settings.secrets(), "keys")).kid
    except InUse:
        kid = signing.ask(settings)
    click.echo(f"receipts are signed with {kid} from now on; the keys before it stay published")
