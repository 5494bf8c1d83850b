"""Commands that look after policies."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from consentgw.access.service import CLI, note
from consentgw.cli.files import read_text
from consentgw.configuration.model import Configuration, Source
from consentgw.configuration.reading import read_folder
from consentgw.db import open_database, open_reader
from consentgw.db.database import utc_now
from consentgw.errors import NotFound, Refused
from consentgw.law.profiles import profile
from consentgw.notices import service as notices
from consentgw.notices.store import questions_of
from consentgw.policies import lint
from consentgw.policies import store as policies
from consentgw.policies.findings import Severity
from consentgw.policies.model import Change
from consentgw.policies.service import compose, starter
from consentgw.policies.standing import places
from consentgw.settings import Settings
from consentgw.sites import store as sites
from consentgw.sites.model import LANGUAGES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from consentgw.db import Unit
    from consentgw.policies.model import PolicyVersion


@click.group()
def policy() -> None:
    """Look after policies."""


@policy.command("check")
@click.argument("target", metavar="SITE|FOLDER")
def check_policy(target: str) -> None:
    """Check the texts of a FOLDER that apply takes, or those SITE published last, by today's rules."""
    today, refused = utc_now().date(), False
    for source in _sources(target):
        told = list(_told(source, today))
        refused |= any(severity is Severity.ERROR for severity, _ in told)
        for severity, says in told:
            click.echo(f"{source.place}: {severity}: {says}")
        if not told:
            click.echo(f"{source.place}: nothing to mend")
    if refused:
        sys.exit(1)


@policy.command("publish")
@click.argument("slug", metavar="SITE")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option("--material", is_flag=True, help="Something people agreed to: ask again.")
@click.option("--editorial", is_flag=True, help="Words only: nobody is bothered.")
@click.option("--reason-kk", "kk", help="Why it is changed, for visitors, in Kazakh.")
@click.option("--reason-ru", "ru", help="The same in Russian.")
@click.option("--reason-en", "en", help="The same in English.")
@click.option(
    "--from",
    "begins",
    type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M"]),
    help="When it comes into force, in UTC; at once if left out.",
)
def publish_policy(
    slug: str, folder: Path, material: bool, editorial: bool, begins: datetime | None, **said: str | None
) -> None:
    """Publish the texts in FOLDER (kk.md, ru.md, en.md) as the next version of SITE's policy."""
    if material == editorial:
        raise click.UsageError("say --material or --editorial, one of them")
    change = Change.MATERIAL if material else Change.EDITORIAL
    reasons = {language: reason for language, reason in said.items() if reason}
    with open_database(Settings.read()) as database:
        known = database.ask(sites.read, slug)
        drafts = {language: read_text(folder / f"{language}.md") for language in known.languages}

        def publish(unit: Unit) -> PolicyVersion:
            begin = begins and begins.replace(tzinfo=UTC)
            done = notices.publish(unit, known, drafts, change=change, reasons=reasons, effective_from=begin)
            note(unit, CLI, "policy publish", slug, done.version)
            return done

        version = database.apply(publish)
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


def _told(source: Source, today: date) -> Iterator[tuple[Severity, str]]:
    """Yield what is wrong with what a folder says, as far as that can be told without the database it is applied to."""
    of, statement = source.configuration, source.statement
    try:
        notices.check(of.site, of.purposes, of.tags)
    except Refused as error:
        yield Severity.ERROR, str(error)
    facts = notices.facts(of.site, of.purposes, of.tags)
    for finding in compose(of.site, source.drafts or starter(of.site.languages), facts, today).findings:
        yield finding.severity, str(finding)
    if statement and statement.change is Change.MATERIAL and not statement.reasons:
        yield Severity.ERROR, "policy/change.toml: a material change says why, in every language of the policy"
    for finding in lint.reasons(statement.reasons if statement else {}, profile(of.site.profile).on(today)):
        yield finding.severity, f"policy/change.toml: {finding}"


def _sources(target: str) -> tuple[Source, ...]:
    """Return what a folder says, or a site that is kept and the drafts of its last policy."""
    if Path(target).is_dir():
        return read_folder(Path(target))
    with open_reader(Settings.read()) as connection:
        known = Configuration(sites.read(connection, target), *questions_of(connection, target))
        latest = policies.latest(connection, target)
        return (Source(target, known, policies.drafts_of(connection, latest.version) if latest else None),)
