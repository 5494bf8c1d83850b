"""Commands that look after the people at the desk."""

from __future__ import annotations

import click

from consentgw.access.service import CLI
from consentgw.consents.identifiers import uuid7
from consentgw.db import open_database, open_reader
from consentgw.keys import secret
from consentgw.keys.model import derive
from consentgw.operators import service, store
from consentgw.operators.invitations import Invitations, invited
from consentgw.operators.model import Role
from consentgw.settings import Settings
from consentgw.sites import store as sites


@click.group()
def operator() -> None:
    """Look after the people who answer requests at the desk."""


@operator.command()
@click.argument("login")
@click.option("--name", help="As colleagues read it; the login if left out.")
@click.option("--role", type=click.Choice([role.value for role in Role]), default=Role.HANDLER.value, show_default=True)
@click.option("--site", help="The one site they work for; every site if left out.")
def invite(login: str, name: str | None, role: str, site: str | None) -> None:
    """Invite somebody: prints an address that is good for a day and for one person. The gateway may go on serving."""
    settings = Settings.read()
    person = invited(uuid7(), login, name or login, role, site)
    with open_reader(settings) as connection:
        secret.check(connection, settings)
        if site:
            sites.read(connection, site)
        store.expect_free(connection, person)
    invitation = Invitations(derive(settings.secrets(), "invitations")).issue(person)
    click.echo(f"hand this address to {login}, and to nobody else; it can be used once, within a day:")
    click.echo(f"{settings.public_url}/desk/join/{invitation}")


@operator.command("list")
def list_() -> None:
    """List who may sign in: login, name, role and site."""
    with open_reader(Settings.read()) as connection:
        for one in store.everyone(connection):
            click.echo(f"{one.login}\t{one.name}\t{one.role}\t{one.site or 'every site'}")


@operator.command()
@click.argument("login")
def dismiss(login: str) -> None:
    """Let LOGIN in no more, and end their sessions."""
    with open_database(Settings.read()) as database:
        database.apply(service.dismiss, login, CLI)
    click.echo(f"{login} cannot sign in any more")
