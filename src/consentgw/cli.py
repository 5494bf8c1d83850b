"""The command line: every command calls a verb of a room, and fails in one plain sentence."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from consentgw import __version__
from consentgw.consents.receipt import KIND
from consentgw.consents.views import snippet as snippet_of
from consentgw.db import migrations, open_database, open_reader
from consentgw.doctor import examine
from consentgw.errors import ConsentgwError, Malformed, NotFound
from consentgw.http.server import serve as run_server
from consentgw.keys.model import verify as verify_jws
from consentgw.notices import files
from consentgw.notices import service as notices
from consentgw.notices.catalogue import read_offer
from consentgw.policies.service import starter
from consentgw.settings import Settings
from consentgw.sites import store as sites
from consentgw.sites.model import LANGUAGES, Style

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

    from consentgw.notices.catalogue import Offer


class _Commands(click.Group):
    """A group whose commands end an error we know in one sentence, without a traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except ConsentgwError as error:
            raise click.ClickException(str(error)) from error
        except BrokenPipeError:
            sys.exit(1)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="consentgw")
def main() -> None:
    """Ask for consent without a script, keep the proof, release tags only after a yes."""


@main.command()
@click.option("--host", help="Address to listen on.  [CONSENTGW_HOST]")
@click.option("--port", type=click.IntRange(0, 65535), help="Port to listen on.  [CONSENTGW_PORT]")
@click.option("--workers", type=click.IntRange(1, 64), help="Processes; more than one needs PostgreSQL.")
def serve(**given: str | int | None) -> None:
    """Serve the gateway."""
    settings = Settings.read(**{name: value for name, value in given.items() if value is not None})
    settings.secrets()
    with open_database(settings):
        pass  # what is unsafe is said here, in one sentence, before any process is started
    click.echo(
        f"consentgw {__version__} on http://{settings.host}:{settings.port}, for {settings.public_url}", err=True
    )
    run_server(
        "consentgw.app:create_app",
        host=settings.host,
        port=settings.port,
        workers=settings.workers,
        trusted_proxies=[address.strip() for address in settings.forwarded_allow_ips.split(",") if address.strip()],
    )


@main.command()
@click.option("--port", type=click.IntRange(0, 65535), default=8080, show_default=True, help="Port to listen on.")
@click.option("--data", type=click.Path(path_type=Path), help="Folder to keep; a temporary one if left out.")
def demo(port: int, data: Path | None) -> None:
    """Show the whole journey: a gateway, two partner sites and stand-in vendors in one process."""
    from consentgw.demo import run

    run(port, data)


@main.group()
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


@main.group()
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
    configuration = files.read(file)
    languages = configuration.site.languages
    drafts = _drafts(policy, languages) if policy else starter(languages)
    with open_database(Settings.read()) as database:
        version = database.apply(notices.add_site, configuration, drafts)
    click.echo(f"added {configuration.site.slug}, policy {version.version} is in force")
    click.echo(f"next: consentgw site snippet {configuration.site.slug}")


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
    with open_reader(Settings.read()) as connection:
        offer = _offer(connection, slug)
    click.echo(json.dumps(offer.notices[offer.site.language].content(), ensure_ascii=False, indent=2))


@site.command()
@click.argument("slug")
@click.option("--style", type=click.Choice([style.value for style in Style]), help="The site's own if left out.")
@click.option("--lang", type=click.Choice(LANGUAGES), help="The site's first language if left out.")
def snippet(slug: str, style: str | None, lang: str | None) -> None:
    """Print the lines a partner pastes into its pages."""
    settings = Settings.read()
    with open_reader(settings) as connection:
        offer = _offer(connection, slug)
    chosen = replace(offer.site, style=Style(style)) if style else offer.site
    notice = offer.notices.get(lang or chosen.language)
    if notice is None:
        raise NotFound(f"{slug} speaks {', '.join(chosen.languages)}")
    click.echo(snippet_of(chosen, notice, settings.public_url))


@main.command()
def doctor() -> None:
    """Examine the installation and say what is wrong; exit status 1 if anything is."""
    findings = examine(Settings.read())
    for finding in findings:
        click.echo(f"{'ok  ' if finding.well else 'FAIL'} {finding.what}")
    if not all(finding.well for finding in findings):
        sys.exit(1)


@main.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--jwks",
    type=click.Path(path_type=Path),
    default="jwks.json",
    show_default=True,
    help="The gateway's public keys, saved from /.well-known/jwks.json.",
)
def verify(file: Path, jwks: Path) -> None:
    """Verify a downloaded receipt (.jws) offline, from the two files alone."""
    try:
        keys = json.loads(_read(jwks))
    except ValueError:
        raise Malformed(f"{jwks} is not a key file") from None
    claims = verify_jws(_read(file), keys, KIND)
    click.echo("genuine: the signature matches, nothing was altered")
    click.echo(json.dumps(claims, ensure_ascii=False, indent=2))


@main.command()
@click.option("--seconds", type=click.FloatRange(0.05, 60), default=1.0, show_default=True, help="Length of one slice.")
@click.option("--rounds", type=click.IntRange(1, 50), default=5, show_default=True)
@click.option("--connections", type=click.IntRange(1, 512), default=64, show_default=True)
@click.option("--postgres", metavar="URL", help="Measure on this empty PostgreSQL database too.")
@click.option("--json", "output", type=click.Path(path_type=Path), help="Write the figures to this file too.")
def bench(seconds: float, rounds: int, connections: int, postgres: str | None, output: Path | None) -> None:
    """Measure this machine: every hot address against a bare ASGI answer in the same run."""
    from consentgw.bench import run

    run(seconds=seconds, rounds=rounds, connections=connections, postgres=postgres, output=output)


def _offer(connection: Connection, slug: str) -> Offer:
    offer = read_offer(connection, sites.read(connection, slug))
    if offer is None:
        raise NotFound(f"{slug} asks nothing yet: it has no policy in force")
    return offer


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise Malformed(f"cannot read {file}") from None


def _drafts(folder: Path, languages: Sequence[str]) -> dict[str, str]:
    return {language: _read(folder / f"{language}.md") for language in languages}
