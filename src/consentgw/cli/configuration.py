"""Commands that apply and export sites as folders of files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from consentgw.access.service import CLI, note
from consentgw.configuration import service as configuration
from consentgw.configuration.presets import presets as known_presets
from consentgw.configuration.reading import read_folder
from consentgw.db import open_database, open_reader
from consentgw.errors import Conflict, Refused
from consentgw.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from consentgw.configuration.model import Outcome, Source
    from consentgw.db import Unit


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option("--yes", is_flag=True, help="Do not ask.")
def apply(folder: Path, yes: bool) -> None:
    """Make the sites what FOLDER says: a folder with site.toml and policy/, or a folder of such folders."""
    sources = read_folder(folder)
    with open_database(Settings.read()) as database:
        plan = configuration.rehearse(database, sources)
        if not plan.steps:
            click.echo("nothing to do")
            return
        for step in plan.steps:
            click.echo(str(step))
        if not yes:
            click.confirm("Do this?", abort=True)
        done = database.apply(_apply, sources, plan)
    click.echo("done" + "".join(f"; policy {name} is published" for name in done.published))


@click.command()
@click.argument("slug")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
def export(slug: str, folder: Path) -> None:
    """Write the site SLUG into FOLDER, as files that apply takes."""
    with open_reader(Settings.read()) as connection:
        files = configuration.export(connection, slug)
    try:
        if folder.exists() and any(folder.iterdir()):
            raise Conflict(f"{folder} is not empty; choose another folder")
        for name, text in files.items():
            file = folder / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
            click.echo(f"wrote {file}")
    except OSError as error:
        raise Refused(f"cannot write {error.filename or folder}: {error.strerror or error}") from None


@click.command()
def presets() -> None:
    """List the vendor presets, and how well their addresses are known."""
    for name, preset in known_presets().items():
        said = ", ".join(f"{parameter} ({one.means})" for parameter, one in preset.parameters.items())
        click.echo(f"{name}: {preset.vendor}, for {' and '.join(preset.purposes)}; {said}")
        for template in preset.templates:
            click.echo(f"  {template.kind}: {template.status}. {template.note}")
        for cookie in preset.cookies or ():
            known = "lifetime documented" if cookie.documented else "lifetime not read in the vendor's documents"
            kept = f"{cookie.days:g} day{'' if cookie.days == 1 else 's'}"
            click.echo(f"  cookie {cookie.name}: {kept}, {cookie.party} party, {known}")


def _apply(unit: Unit, sources: Sequence[Source], agreed: Outcome) -> Outcome:
    done = configuration.apply(unit, sources, agreed=agreed)
    for site in dict.fromkeys(step.site for step in done.steps):
        note(unit, CLI, "apply", site, site)
    return done
