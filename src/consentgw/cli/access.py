"""Commands that look after the keys of the API."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import click

from consentgw.access import service, store
from consentgw.access.model import LIFE, OVERLAP, Scope
from consentgw.db import open_database, open_reader
from consentgw.errors import NotFound
from consentgw.settings import Settings
from consentgw.sites import store as sites

if TYPE_CHECKING:
    from consentgw.access.service import Made
    from consentgw.db import Unit


@click.group()
def key() -> None:
    """Look after the keys of the API."""


@key.command()
@click.argument("name")
@click.option("--scope", "scopes", multiple=True, required=True, type=click.Choice([scope.value for scope in Scope]))
@click.option("--site", help="The one site it opens; the whole installation if left out.")
@click.option("--processor", help="The one processor of the site whose tasks it opens.")
@click.option("--days", type=click.IntRange(1, 731), default=LIFE.days, show_default=True, help="How long it lives.")
def create(name: str, scopes: tuple[str, ...], site: str | None, processor: str | None, days: int) -> None:
    """Make a key and print it, this once. NAME says what it is for."""

    def make(unit: Unit) -> Made:
        known = sites.read(unit.connection, site) if site is not None else None
        if processor and not (known and any(one.key == processor for one in known.processors)):
            raise NotFound(f"there is no processor {processor!r} of a site: name it and its site as site.toml does")
        granted, life = frozenset(map(Scope, scopes)), timedelta(days=days)
        made = service.create(unit, name, granted, site=site, processor=processor, life=life)
        service.note(unit, service.CLI, "key create", site, made.key.id)
        return made

    with open_database(Settings.read()) as database:
        made = database.apply(make)
    _show(made)


@key.command("list")
def list_() -> None:
    """List the keys, without their secrets."""
    with open_reader(Settings.read()) as connection:
        for one in store.keys(connection):
            state = "revoked" if one.revoked_at else f"until {one.expires_at:%Y-%m-%d}"
            used = f"used {one.used_at:%Y-%m-%d}" if one.used_at else "never used"
            opens = f"{one.processor} of {one.site}" if one.processor else one.site or "every site"
            click.echo("\t".join((one.id, one.name, opens, state, used, " ".join(sorted(one.scopes)))))


@key.command()
@click.argument("identifier", metavar="ID")
@click.option("--overlap", type=click.IntRange(0, 365), default=OVERLAP.days, show_default=True, help="Days.")
def roll(identifier: str, overlap: int) -> None:
    """Make the successor of a key and print it, this once; both open for the overlap."""

    def make(unit: Unit) -> Made:
        made = service.roll(unit, identifier, overlap=timedelta(days=overlap))
        service.note(unit, service.CLI, "key roll", made.key.site, made.key.id)
        return made

    with open_database(Settings.read()) as database:
        made = database.apply(make)
    _show(made)


@key.command()
@click.argument("identifier", metavar="ID")
def revoke(identifier: str) -> None:
    """Revoke a key and every key it made, at once."""

    def end(unit: Unit) -> tuple[str, ...]:
        revoked = service.revoke(unit, identifier)
        service.note(unit, service.CLI, "key revoke", store.key(unit.connection, identifier).site, identifier)
        return revoked

    with open_database(Settings.read()) as database:
        revoked = database.apply(end)
    click.echo(f"revoked {', '.join(revoked)}" if revoked else f"{identifier} was revoked before")


def _show(made: Made) -> None:
    click.echo(made.text)
    click.echo("Keep it now: only its hash is stored. Send it as  Authorization: Bearer cg_live_...", err=True)
