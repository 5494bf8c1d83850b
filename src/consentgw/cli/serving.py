"""Commands that serve, show, measure and examine the gateway."""

from __future__ import annotations

import logging
import logging.config
import sys
from pathlib import Path

import click

from consentgw import __version__
from consentgw.cli.sites import offer_of
from consentgw.db import open_database
from consentgw.doctor import choices, examine, inspect
from consentgw.errors import Misconfigured
from consentgw.http.logs import configuration
from consentgw.http.server import read_proxies
from consentgw.http.server import serve as run_server
from consentgw.keys import secret
from consentgw.settings import Settings
from consentgw.worker import work

log = logging.getLogger(__name__)


@click.command()
@click.option("--host", help="Address to listen on.  [CONSENTGW_HOST]")
@click.option("--port", type=click.IntRange(0, 65535), help="Port to listen on.  [CONSENTGW_PORT]")
@click.option("--workers", type=click.IntRange(1, 64), help="Processes; more than one needs PostgreSQL.")
def serve(**given: str | int | None) -> None:
    """Serve the gateway."""
    settings = Settings.read(**{name: value for name, value in given.items() if value is not None})
    # What is unsafe or cannot be read is said here, in one sentence, before any process is started.
    for finding in choices(settings):
        if not finding.well:
            raise Misconfigured(finding.what)
    with open_database(settings) as database:
        database.ask(secret.check, settings)
    settings.secrets()
    logging.config.dictConfig(configuration(settings.log_format))  # the first line is for the same reader as the rest
    log.info("consentgw %s on http://%s:%s, for %s", __version__, settings.host, settings.port, settings.public_url)
    run_server(
        "consentgw.app:create_app",
        host=settings.host,
        port=settings.port,
        workers=settings.workers,
        log_format=settings.log_format,
        trusted_proxies=read_proxies(settings.forwarded_allow_ips),
    )


@click.command()
def worker() -> None:
    """Do what nobody waits for, beside the serving processes: needs PostgreSQL."""
    settings = Settings.read()
    settings.secrets()
    work(settings)


@click.command()
@click.option("--port", type=click.IntRange(0, 65535), default=8080, show_default=True, help="Port to listen on.")
@click.option("--data", type=click.Path(path_type=Path), help="Folder to keep; a temporary one if left out.")
def demo(port: int, data: Path | None) -> None:
    """Show the whole journey: a gateway, two partner sites and stand-in vendors in one process."""
    from consentgw.demo import run

    run(port, data)


@click.command()
@click.option("--site", "slug", metavar="SLUG", help="Look at a page of this site instead, from outside.")
@click.argument("url", required=False)
def doctor(slug: str | None, url: str | None) -> None:
    """Examine the installation and say what is wrong; exit status 1 if anything is.

    With --site, fetch a page of the site once (URL, else its front page) and say what keeps our lines from working.
    """
    if url and not slug:
        raise click.UsageError("a page belongs to a site: name it with --site")
    settings = Settings.read()
    findings = inspect(offer_of(settings, slug), settings.public_url, url or "") if slug else examine(settings)
    for finding in findings:
        click.echo(f"{'ok  ' if finding.well else 'FAIL'} {finding.what}")
    if not all(finding.well for finding in findings):
        sys.exit(1)


@click.command()
@click.option("--seconds", type=click.FloatRange(0.05, 60), default=1.0, show_default=True, help="Length of one slice.")
@click.option("--rounds", type=click.IntRange(1, 50), default=5, show_default=True)
@click.option("--connections", type=click.IntRange(1, 512), default=64, show_default=True)
@click.option("--postgres", metavar="URL", help="Measure on this empty PostgreSQL database too.")
@click.option("--json", "output", type=click.Path(path_type=Path), help="Write the figures to this file too.")
def bench(seconds: float, rounds: int, connections: int, postgres: str | None, output: Path | None) -> None:
    """Measure this machine: every hot address against a bare ASGI answer in the same run."""
    from consentgw.bench import run

    run(seconds=seconds, rounds=rounds, connections=connections, postgres=postgres, output=output)
