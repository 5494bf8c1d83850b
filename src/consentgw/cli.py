"""The command line: every command calls a verb of a room, and fails in one plain sentence."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from consentgw import __version__
from consentgw.configuration import service as configuration
from consentgw.configuration.model import Configuration, Source
from consentgw.configuration.presets import presets as known_presets
from consentgw.configuration.reading import read_folder, read_site
from consentgw.consents.receipt import KIND
from consentgw.consents.views import snippet as snippet_of
from consentgw.db import migrations, open_database, open_reader
from consentgw.db.database import utc_now
from consentgw.doctor import examine
from consentgw.errors import Conflict, ConsentgwError, Malformed, NotFound
from consentgw.http.server import serve as run_server
from consentgw.keys.model import verify as verify_jws
from consentgw.notices import service as notices
from consentgw.notices.catalogue import read_offer
from consentgw.notices.store import questions_of
from consentgw.policies import store as policies
from consentgw.policies.model import Change
from consentgw.policies.service import compose, starter
from consentgw.policies.standing import places
from consentgw.settings import Settings
from consentgw.sites import store as sites
from consentgw.sites.model import LANGUAGES, Style

if TYPE_CHECKING:
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


@main.command()
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
        done = database.apply(configuration.apply, sources, agreed=plan)
    click.echo("done" + "".join(f"; policy {name} is published" for name in done.published))


@main.command()
@click.argument("slug")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
def export(slug: str, folder: Path) -> None:
    """Write the site SLUG into FOLDER, as files that apply takes."""
    with open_reader(Settings.read()) as connection:
        files = configuration.export(connection, slug)
    if folder.exists() and any(folder.iterdir()):
        raise Conflict(f"{folder} is not empty; choose another folder")
    for name, text in files.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        click.echo(f"wrote {file}")


@main.command()
def presets() -> None:
    """List the vendor presets, and how well their addresses are known."""
    for name, preset in known_presets().items():
        said = ", ".join(f"{parameter} ({one.means})" for parameter, one in preset.parameters.items())
        click.echo(f"{name}: {preset.vendor}, for {' and '.join(preset.purposes)}; {said}")
        for template in preset.templates:
            click.echo(f"  {template.kind}: {template.status}. {template.note}")
        for cookie in preset.cookies or ():
            known = "lifetime documented" if cookie.documented else "lifetime not read in the vendor's documents"
            click.echo(f"  cookie {cookie.name}: {cookie.days:g} days, {cookie.party} party, {known}")


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
    source = read_site(file, policy)
    with open_database(Settings.read()) as database:
        if source.slug in {known.slug for known in database.ask(sites.everyone)}:
            raise Conflict(f"there is a site {source.slug!r} already; consentgw apply changes it")
        done = database.apply(configuration.apply, [source])
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


@main.group()
def policy() -> None:
    """Look after policies."""


@policy.command("check")
@click.argument("target", metavar="SITE|FOLDER")
def check_policy(target: str) -> None:
    """Check the texts of a FOLDER that apply takes, or those SITE published last, by today's rules."""
    today, refused = utc_now().date(), False
    checked = [(one.place, one.configuration, one.drafts) for one in _sources(target)]
    for place, of, drafts in checked:
        facts = notices.facts(of.site, of.purposes, of.tags)
        composed = compose(of.site, drafts or starter(of.site.languages), facts, today)
        refused |= bool(composed.errors)
        for finding in composed.findings:
            click.echo(f"{place}: {finding.severity}: {finding}")
        if not composed.findings:
            click.echo(f"{place}: nothing to mend")
    if refused:
        sys.exit(1)


@policy.command("publish")
@click.argument("slug", metavar="SITE")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option("--material", "change", flag_value=Change.MATERIAL.value, help="Something people agreed to: ask again.")
@click.option("--editorial", "change", flag_value=Change.EDITORIAL.value, help="Words only: nobody is bothered.")
@click.option("--reason-kk", "kk", help="Why it is changed, for visitors, in Kazakh.")
@click.option("--reason-ru", "ru", help="The same in Russian.")
@click.option("--reason-en", "en", help="The same in English.")
@click.option(
    "--from",
    "begins",
    type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M"]),
    help="When it comes into force, in UTC; at once if left out.",
)
def publish_policy(slug: str, folder: Path, change: str | None, begins: datetime | None, **said: str | None) -> None:
    """Publish the texts in FOLDER (kk.md, ru.md, en.md) as the next version of SITE's policy."""
    if change is None:
        raise click.UsageError("say --material or --editorial")
    reasons = {language: reason for language, reason in said.items() if reason}
    with open_database(Settings.read()) as database:
        known = database.ask(sites.read, slug)
        drafts = {language: _read(folder / f"{language}.md") for language in known.languages}
        version = database.apply(
            notices.publish,
            known,
            drafts,
            change=Change(change),
            reasons=reasons,
            effective_from=begins and begins.replace(tzinfo=UTC),
        )
    click.echo(f"published {version.version}, in force from {version.effective_from:%Y-%m-%d %H:%M} UTC")


@policy.command("list")
@click.argument("slug", metavar="SITE")
def list_policies(slug: str) -> None:
    """List the versions of SITE's policy, the newest first."""
    with open_reader(Settings.read()) as connection:
        stand = places(policies.chain(connection, sites.read(connection, slug).slug), utc_now())
        for place in reversed(stand):
            entry = place.entry
            change = policies.version(connection, entry.version).change
            began = f"{entry.effective_from:%Y-%m-%d %H:%M}"
            click.echo(f"{entry.version}\t{place.standing}\t{change}\t{began}\t{entry.digest}")


@policy.command("show")
@click.argument("version")
@click.option("--lang", type=click.Choice(LANGUAGES), help="The version's first language if left out.")
def show_policy(version: str, lang: str | None) -> None:
    """Print the published text of VERSION."""
    with open_reader(Settings.read()) as connection:
        shown = policies.version(connection, version)
    if lang and lang not in shown.texts:
        raise NotFound(f"{version} speaks {', '.join(shown.languages)}")
    click.echo(shown.texts[lang or shown.languages[0]].source)


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
    except (ValueError, RecursionError):
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


def _sources(target: str) -> tuple[Source, ...]:
    """Return what a folder says, or a site that is kept and the drafts of its last policy."""
    if Path(target).is_dir():
        return read_folder(Path(target))
    with open_reader(Settings.read()) as connection:
        known = Configuration(sites.read(connection, target), *questions_of(connection, target))
        latest = policies.latest(connection, target)
        return (Source(target, known, policies.drafts_of(connection, latest.version) if latest else None),)


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
