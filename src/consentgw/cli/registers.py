"""Commands that enter into the registers and list them."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from consentgw.access.service import CLI
from consentgw.db import open_database, open_reader
from consentgw.errors import Malformed
from consentgw.law.deadlines import read_calendars
from consentgw.registers import service, store
from consentgw.registers.model import Breach, Disclosure
from consentgw.settings import Settings
from consentgw.sites import store as sites
from consentgw.subject_requests import filing

if TYPE_CHECKING:
    from collections.abc import Generator
    from datetime import date

    from sqlalchemy import Connection

_DAY = click.DateTime(["%Y-%m-%d"])
_PEOPLE = click.IntRange(min=0)


class _Instant(click.ParamType[datetime]):
    """An instant that says its zone."""

    name = "instant"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """Return the instant, in UTC."""
        try:
            at = datetime.fromisoformat(value)
            if at.tzinfo is not None:
                return at.astimezone(UTC)
        except (ValueError, OverflowError):
            pass
        raise Malformed("an instant is written with its zone, like 2026-11-24T09:30+05:00")


@click.group()
def register() -> None:
    """Enter into the registers, and list them: transfers, disclosures to state bodies, breaches."""


@register.command()
@click.option("--site", help="Of one site only.")
@click.option("--from", "since", type=_DAY, help="The first day (UTC).")
@click.option("--to", "until", type=_DAY, help="The last day (UTC).")
def transfers(site: str | None, since: datetime | None, until: datetime | None) -> None:
    """List how often each vendor was asked: day, site, tag, vendor, country, times. Counts are a minute old at most."""
    if since and until and since > until:
        raise Malformed("--from is a later day than --to")
    with _reader(site) as connection:
        for one, times in store.counted(connection, site, _day(since), _day(until)):
            click.echo(f"{one.day}\t{one.site}\t{one.tag}\t{one.vendor}\t{one.country}\t{times}")


@register.group()
def disclosure() -> None:
    """Look after what state bodies were given."""


@disclosure.command("add")
@click.argument("site")
@click.option("--on", "on", type=_DAY, required=True, help="The day it happened.")
@click.option("--body", required=True, help="Which state body.")
@click.option("--ground", required=True, help="The provision, order or ruling.")
@click.option("--data", required=True, help="Which kinds of data.")
@click.option("--people", type=_PEOPLE, required=True, help="How many people it was about.")
def add_disclosure(site: str, on: datetime, body: str, ground: str, data: str, people: int) -> None:
    """Enter that a state body was given data of SITE. Never write whose: an entry cannot be changed or removed."""
    said = Disclosure(site=site, disclosed_on=on.date(), body=body, ground=ground, data=data, people=people)
    with open_database(Settings.read()) as database:
        number = database.apply(service.disclose, said, CLI)
    click.echo(f"disclosure {number} is entered")


@disclosure.command("list")
@click.option("--site", help="Of one site only.")
def list_disclosures(site: str | None) -> None:
    """List the disclosures: number, day, site, state body, ground, kinds of data, people."""
    with _reader(site) as connection:
        for number, one in store.disclosed(connection, site):
            click.echo(f"{number}\t{one.disclosed_on}\t{one.site}\t{one.body}\t{one.ground}\t{one.data}\t{one.people}")


@register.group()
def breach() -> None:
    """Look after breaches of personal data."""


@breach.command("add")
@click.argument("site")
@click.option("--discovered", type=_Instant(), required=True, help="When, like 2026-11-24T09:30+05:00.")
@click.option("--happened", required=True, help="What happened, in one line, without names.")
@click.option("--measures", required=True, help="What has been done about it.")
@click.option("--people", type=_PEOPLE, help="How many people it concerns, if that is known.")
def add_breach(site: str, discovered: datetime, happened: str, measures: str, people: int | None) -> None:
    """Enter a breach at SITE; says by when the authority is told."""
    settings = Settings.read()
    said = Breach(site=site, discovered_at=discovered, happened=happened, measures=measures, people=people)
    with open_database(settings) as database:
        entered = database.apply(service.enter, said, read_calendars(settings.calendar).of, CLI)
    by = f"tell the authority by {_minute(entered.notify_by)}" if entered.notify_by else "its law profile knows no time"
    click.echo(f"breach {entered.number} is entered; {by}")


@breach.command()
@click.argument("number", type=int)
@click.option("--how", required=True, help="How the authority was told, and what it answered with.")
@click.option("--at", type=_Instant(), help="When, like 2026-11-24T09:30+05:00; without it, now.")
def notify(number: int, how: str, at: datetime | None) -> None:
    """Enter that the authority was told of breach NUMBER."""
    with open_database(Settings.read()) as database:
        database.apply(service.notify, number, how, CLI, at)
    click.echo(f"breach {number}: the authority has been told")


@breach.command()
@click.argument("number", type=int)
@click.option("--outcome", required=True, help="What came of it; where nobody had to be told, why.")
def close(number: int, outcome: str) -> None:
    """Close breach NUMBER."""
    with open_database(Settings.read()) as database:
        database.apply(service.close, number, outcome, CLI)
    click.echo(f"breach {number} is closed")


@breach.command("list")
@click.option("--site", help="Of one site only.")
def list_breaches(site: str | None) -> None:
    """List the breaches: number, discovery, site, people, deadline, what happened, measures; below, each step."""
    with _reader(site) as connection:
        for entered in store.entered_breaches(connection, site):
            said = entered.breach
            by = _minute(entered.notify_by) if entered.notify_by else "no time known"
            people = "unknown" if said.people is None else said.people
            click.echo(
                f"{entered.number}\t{_minute(said.discovered_at)}\t{said.site}\t{people}\t{by}"
                f"\t{said.happened}\t{said.measures}"
            )
            for step, at, words in entered.steps:
                click.echo(f"{entered.number}\t{_minute(at)}\t{step.value}\t{words}")


@register.group()
def hold() -> None:
    """Look at the legal holds; they are placed and released at the desk or by the API."""


@hold.command("list")
@click.option("--site", help="Of one site only.")
def list_holds(site: str | None) -> None:
    """List every hold: number, day, site, request, ground, words, day of review, who; below, its release."""
    with _reader(site) as connection:
        for one in filing.register_of_holds(connection, site):
            click.echo(
                f"{one.number}\t{one.placed_at:%Y-%m-%d}\t{one.site}\t{one.request}\t{one.ground}"
                f"\t{_line(one.why)}\t{one.review_on or 'no day'}\t{one.placed_by}"
            )
            if end := one.release:
                click.echo(f"{one.number}\t{end.at:%Y-%m-%d}\treleased\t{_line(end.why)}\t{end.by}")


@contextmanager
def _reader(site: str | None) -> Generator[Connection]:
    """Open the database to read what is listed of a site, or of all.

    Raises:
        NotFound: there is no such site.
    """
    with open_reader(Settings.read()) as connection:
        if site is not None:
            sites.read(connection, site)
        yield connection


def _line(words: str) -> str:
    return " ".join(words.split())


def _day(instant: datetime | None) -> date | None:
    return instant.date() if instant else None


def _minute(instant: datetime) -> str:
    return f"{instant:%Y-%m-%d %H:%M} UTC"
