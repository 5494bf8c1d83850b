"""Entries that the tests of this room begin from."""

from __future__ import annotations

from datetime import UTC, date, datetime

from consentgw.access.service import CLI
from consentgw.law.deadlines import Calendar
from consentgw.registers import service
from consentgw.registers.model import Breach, Disclosure, Transfer

DISCOVERED = datetime(2026, 11, 24, 5, 0, tzinfo=UTC)
"""Ten in the morning in Astana, on a Tuesday."""


def breach(site="shop", **changed):
    """Return a breach."""
    given = {"happened": "A copy of the customers was left open.", "measures": "It is closed.", "people": 40}
    return Breach(site=site, discovered_at=DISCOVERED, **given | changed)


def disclosure(site="shop", **changed):
    """Return a disclosure."""
    given = {"body": "Court of Almaty", "ground": "Ruling 12/2026", "data": "orders", "people": 1}
    return Disclosure(site=site, disclosed_on=date(2026, 11, 20), **given | changed)


def transfer(site="shop", day=date(2026, 11, 24), **changed):
    """Return what is counted for one vendor on a day."""
    return Transfer(**{"day": day, "site": site, "tag": "ga", "vendor": "Google Analytics", "country": "US"} | changed)


def live_through_a_breach(unit, site):
    """Leave a trace in every table of this room."""
    service.count(unit, {transfer(site, unit.now.date()): 2})
    service.disclose(unit, disclosure(site), CLI)
    past = Breach(site=site, discovered_at=unit.now, happened="x", measures="y", people=None)
    number = service.enter(unit, past, Calendar, CLI).number
    service.notify(unit, number, "by letter", CLI)
