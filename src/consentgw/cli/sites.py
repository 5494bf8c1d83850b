"""Commands that look after sites."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from consentgw.access.service import CLI, note
from consentgw.configuration import service as configuration
from consentgw.configuration.reading import read_site
from consentgw.consents.kits import CaddyKit, NginxKit, mounted_kit, redirect_kit
from consentgw.consents.views import snippet as snippet_of
from consentgw.db import open_database, open_reader
from consentgw.doctor.csp import directives, loads, written
from consentgw.errors import Conflict, NotFound
from consentgw.notices.catalogue import read_offer
from consentgw.settings import Settings
from consentgw.sites import store as sites
from consentgw.sites.model import LANGUAGES, Style

if TYPE_CHECKING:
    from consentgw.configuration.model import Outcome, Source
    from consentgw.db import Unit
    from consentgw.notices.catalogue import Offer

_KITS: dict[str, type[NginxKit | CaddyKit]] = {"nginx": NginxKit, "caddy": CaddyKit}


@click.group()
def site() -> None:
    """Look after sites."""


@site.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--policy",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder with the policy as kk.md, ru.md, en.md; our starter text if left out.",
)
def add(file: Path, policy: Path | None) -> None:
    """Add the site that FILE (site.toml) describes, publish its policy and begin to ask."""
    source = read_site(file, policy)
    with open_database(Settings.read()) as database:
        if source.slug in {known.slug for known in database.ask(sites.everyone)}:
            raise Conflict(f"there is a site {source.slug!r} already; consentgw apply changes it")
        done = database.apply(_add, source)
    click.echo(f"added {source.slug}, policy {done.published[0]} is in force")
    click.echo(f"next: consentgw site snippet {source.slug}")


@site.command("list")
def list_() -> None:
    """List the sites."""
    with open_reader(Settings.read()) as connection:
        for one in sites.everyone(connection):
            click.echo(f"{one.slug}\t{one.name}\t{one.style}\t{', '.join(sorted(one.origins))}")


@site.command()
@click.argument("slug")
def show(slug: str) -> None:
    """Show what a site asks, as JSON."""
    offer = offer_of(Settings.read(), slug)
    click.echo(json.dumps(offer.notices[offer.site.language].content(), ensure_ascii=False, indent=2))


@site.command()
@click.argument("slug")
@click.option(
    "--style",
    type=click.Choice([*(style.value for style in Style), "redirect", *_KITS]),
    help="How the gateway is embedded; as the site says if left out.",
)
@click.option("--lang", type=click.Choice(LANGUAGES), help="The site's first language if left out.")
@click.option("--csp", is_flag=True, help="Print what these lines need in the page's Content-Security-Policy instead.")
def snippet(slug: str, style: str | None, lang: str | None, csp: bool) -> None:
    """Print the lines a partner pastes into its pages, or into the configuration of its web server."""
    settings = Settings.read()
    offer = offer_of(settings, slug)
    known = offer.site
    if csp:
        if style and style not in {each.value for each in Style}:
            raise click.UsageError(f"--csp is for lines in a page, and those of {style} stand elsewhere")
        asking = replace(known, style=Style(style)) if style else known
        needed = loads(asking, offer.tags.values(), known.gateway or settings.public_url)
        click.echo(written(directives(needed)))
        return
    if style in _KITS:
        host = "127.0.0.1" if settings.host in {"0.0.0.0", "::"} else settings.host  # noqa: S104  where it can be asked
        click.echo(mounted_kit(_KITS[style], known, f"{host}:{settings.port}"))
        return
    notice = offer.notices.get(lang or known.language)
    if notice is None:
        raise NotFound(f"{slug} speaks {', '.join(known.languages)}")
    if style == "redirect":
        click.echo(redirect_kit(known, notice.language, settings.public_url))
        return
    chosen = replace(known, style=Style(style)) if style else known
    click.echo(snippet_of(chosen, notice, known.gateway or settings.public_url))


def _add(unit: Unit, source: Source) -> Outcome:
    done = configuration.apply(unit, [source])
    note(unit, CLI, "site add", source.slug, source.slug)
    return done


def offer_of(settings: Settings, slug: str) -> Offer:
    """Return what a site asks now.

    Raises:
        NotFound: there is no such site, or it asks nothing yet.
    """
    with open_reader(settings) as connection:
        offer = read_offer(connection, sites.read(connection, slug))
    if offer is None:
        raise NotFound(f"{slug} asks nothing yet: it has no policy in force")
    return offer
