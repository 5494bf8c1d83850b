"""Registers: counts that hold nobody, entries that only grow, and deadlines that somebody complains of."""

from __future__ import annotations

import logging
from dataclasses import fields, replace
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy.exc import DBAPIError

from consentgw.access import store as trail
from consentgw.access.service import CLI
from consentgw.errors import Malformed, NotFound, OutOfTurn, Unavailable
from consentgw.law.deadlines import Calendar, notify_by
from consentgw.law.profiles import profile
from consentgw.registers import service, store
from consentgw.registers.model import LONGEST, TRANSFERS_FOR, Step, Transfer
from consentgw.registers.tally import Tally
from consentgw.sites import store as sites
from consentgw.sites.inventory import Retention, usual_retention
from tests.policies.shop import SHOP
from tests.registers.entries import DISCOVERED, breach, disclosure, transfer

pytestmark = pytest.mark.anyio
EUROPE, CALIFORNIA = (replace(SHOP, slug=slug, profile=name) for slug, name in (("dublin", "eu"), ("fresno", "us-ca")))


@pytest.fixture
def shops(db):
    """The database with a shop in Almaty, one in Dublin and one in Fresno."""
    for site in (SHOP, EUROPE, CALIFORNIA):
        db.apply(sites.keep, site)
    return db


def enter(db, said):
    return db.apply(service.enter, said, Calendar, CLI)


def acts(db):
    return [
        (entry.actor, entry.act, entry.site, entry.thing)
        for entry in reversed(db.ask(trail.entries, None, before=None, limit=9))
    ]


async def test_what_several_processes_counted_adds_up_by_vendor_and_day(db):
    tallies = Tally(), Tally()
    for tally in tallies:
        for _ in range(3):
            tally.note("shop", "ga", "Google Analytics", "US")
        tally.note("news", "pixel", "Meta Pixel", "US")
        await tally.write(db)
        await tally.write(db)
    tallies[0].note("shop", "ga", "Google Analytics", "IE")
    await tallies[0].write(db)

    counted = [(one.site, one.vendor, one.country, times) for one, times in db.ask(store.counted)]
    assert counted == [
        ("news", "Meta Pixel", "US", 2),
        ("shop", "Google Analytics", "IE", 1),
        ("shop", "Google Analytics", "US", 6),
    ]
    assert abs(db.ask(store.counted)[0][0].day - datetime.now(UTC).date()) <= timedelta(days=1)


async def test_what_could_not_be_written_is_counted_on(db):
    class Away:
        async def write(self, *_):
            raise Unavailable("the database is away")

    tally = Tally()
    tally.note("shop", "ga", "Google Analytics", "US")
    with pytest.raises(Unavailable):
        await tally.write(Away())
    tally.note("shop", "ga", "Google Analytics", "US")

    await tally.write(db)

    assert [times for _, times in db.ask(store.counted)] == [2]


def test_counts_are_listed_by_site_and_days_with_both_ends(db):
    days = [date(2026, 11, day) for day in (22, 23, 24)]
    db.apply(service.count, {transfer(site, day): 1 for day in days for site in ("shop", "news")})

    found = db.ask(store.counted, "shop", days[1], days[2])

    assert [(one.site, one.day) for one, _ in found] == [("shop", days[1]), ("shop", days[2])]


def test_counts_go_after_the_term_of_their_site_and_not_a_day_before(shops, clock):
    shops.apply(sites.keep, replace(EUROPE, retention=(Retention("transfers", usual_retention()[0].wording, 30),)))
    today = clock.now.date()
    terms = {"shop": TRANSFERS_FOR, "dublin": timedelta(days=30)}
    for site, term in terms.items():
        for days in (term, term + timedelta(days=1)):
            shops.apply(service.count, {transfer(site, today - days): 1})

    assert shops.apply(service.purge_transfers) == 2

    assert {one.site: today - one.day for one, _ in shops.ask(store.counted)} == terms


def test_no_transfer_has_room_for_a_person_or_a_time_of_day():
    assert [field.name for field in fields(Transfer)] == ["day", "site", "tag", "vendor", "country"]


def test_a_disclosure_is_entered_with_its_act_in_the_trail(shops):
    number = shops.apply(service.disclose, disclosure(), CLI)

    assert shops.ask(store.disclosed) == [(number, disclosure())]
    assert shops.ask(store.disclosed, "dublin") == []
    assert acts(shops) == [(CLI, "register disclosure", "shop", str(number))]


def test_an_entry_of_no_site_or_of_tomorrow_is_refused_and_nothing_is_kept(shops, clock):
    for wrong, error in (
        (disclosure("nowhere"), NotFound),
        (replace(disclosure(), disclosed_on=clock.now.date() + timedelta(days=2)), Malformed),
    ):
        with pytest.raises(error):
            shops.apply(service.disclose, wrong, CLI)
    for wrong, error in (
        (breach("nowhere"), NotFound),
        (replace(breach(), discovered_at=clock.now + timedelta(seconds=1)), Malformed),
    ):
        with pytest.raises(error):
            enter(shops, wrong)

    assert (shops.ask(store.disclosed), shops.ask(store.entered_breaches), acts(shops)) == ([], [], [])


@pytest.mark.parametrize("words", ["", "  ", "two\nlines", "\x1b[2J", "\ud800", "x" * (LONGEST + 1)])
def test_words_that_are_not_one_plain_line_are_refused(words):
    for entry in (breach, disclosure):
        for field in {"happened", "measures"} if entry is breach else {"body", "ground", "data"}:
            with pytest.raises(Malformed):
                entry(**{field: words})


@pytest.mark.parametrize("people", [-1, 10**12])
def test_a_number_of_people_that_cannot_be_is_refused(people):
    for entry in (breach, disclosure):
        with pytest.raises(Malformed):
            entry(people=people)


def test_what_is_entered_by_hand_cannot_be_changed_or_removed(shops):
    shops.apply(service.disclose, disclosure(), CLI)
    shops.apply(service.notify, enter(shops, breach()).number, "By letter.", CLI)
    for table in ("disclosures", "breaches", "breach_steps"):
        column = "words" if table == "breach_steps" else "site"
        for statement in (f"UPDATE {table} SET {column} = 'x'", f"DELETE FROM {table}"):
            with pytest.raises((DBAPIError, Unavailable), match=r"append-only|could not be kept"):
                shops.apply(lambda unit, statement=statement: unit.connection.exec_driver_sql(statement))

    assert shops.ask(store.disclosed)[0][1] == disclosure()
    assert shops.ask(store.breach, 1).breach == breach()


@pytest.mark.parametrize(
    ("discovered", "by"),
    [
        ("2026-11-24T10:00+05:00", "2026-11-26T00:00+05:00"),
        ("2026-11-24T00:30+05:00", "2026-11-26T00:00+05:00"),  # still the day before in UTC
        ("2026-11-27T23:59+05:00", "2026-12-01T00:00+05:00"),  # over a weekend
        ("2026-12-15T12:00+05:00", "2026-12-18T00:00+05:00"),  # over Independence Day
    ],
)
def test_in_kazakhstan_the_authority_is_told_by_the_end_of_the_next_working_day_there(discovered, by):
    at = datetime.fromisoformat(discovered)
    rules = profile("kz").on(at.date())

    assert notify_by(rules.breach, at, Calendar("KZ")) == datetime.fromisoformat(by)


@pytest.mark.parametrize("name", ["eu", "uk"])
def test_in_the_union_the_authority_is_told_within_72_hours_weekends_and_all(name):
    at = datetime.fromisoformat("2026-11-27T23:59+01:00")
    rules = profile(name).on(at.date())

    assert notify_by(rules.breach, at, Calendar(rules.country)) == datetime.fromisoformat("2026-11-30T23:59+01:00")


def test_before_the_law_knew_of_breaches_there_was_no_time():
    assert profile("kz").on(date(2024, 6, 30)).breach is None
    assert profile("kz").on(date(2024, 7, 1)).breach is not None


def test_a_breach_keeps_its_deadline_with_the_rule_and_the_calendar_that_gave_it(shops):
    entered = enter(shops, breach())

    assert entered == shops.ask(store.breach, entered.number)
    assert entered.notify_by == datetime(2026, 11, 25, 19, 0, tzinfo=UTC)
    assert entered.rule == profile("kz").on(DISCOVERED.date()).breach
    assert entered.calendar == Calendar("KZ").version
    assert enter(shops, breach("fresno")).notify_by is None
    assert acts(shops)[0] == (CLI, "register breach", "shop", str(entered.number))


def test_a_breach_is_overdue_from_its_instant_on_until_the_authority_is_told(shops):
    entered = enter(shops, breach())
    moment = timedelta(microseconds=1)

    assert shops.ask(service.overdue, entered.notify_by - moment) == []
    [complaint] = shops.ask(service.overdue, entered.notify_by)
    assert f"breach {entered.number} at shop" in complaint
    assert entered.breach.happened not in complaint

    shops.apply(service.notify, entered.number, "By letter.", CLI)
    assert shops.ask(service.overdue, entered.notify_by) == []
    [(step, _, words)] = shops.ask(store.breach, entered.number).steps
    assert (step, words) == (Step.NOTIFIED, "By letter.")


def test_when_the_authority_was_told_is_what_is_said_and_no_day_that_cannot_be(shops, clock):
    number, told = enter(shops, breach()).number, DISCOVERED + timedelta(minutes=30)
    clock.step(days=2)
    for wrong in (DISCOVERED - timedelta(seconds=1), clock.now + timedelta(seconds=1)):
        with pytest.raises(Malformed):
            shops.apply(service.notify, number, "By letter.", CLI, wrong)

    shops.apply(service.notify, number, "By letter.", CLI, told)

    assert shops.ask(store.breach, number).steps == ((Step.NOTIFIED, told, "By letter."),)


def test_a_breach_is_closed_once_and_where_the_law_makes_no_exception_only_after_the_authority_was_told(shops):
    ours, theirs, free = (enter(shops, breach(site)).number for site in ("shop", "dublin", "fresno"))
    with pytest.raises(OutOfTurn):
        shops.apply(service.close, ours, "Nobody was harmed.", CLI)

    shops.apply(service.notify, ours, "By letter.", CLI)
    for number in (ours, theirs, free):
        shops.apply(service.close, number, "Nobody was harmed.", CLI)

    assert shops.ask(service.overdue, DISCOVERED + timedelta(days=99)) == []
    for verb in (service.notify, service.close):
        for number in (ours, theirs):
            with pytest.raises(OutOfTurn):
                shops.apply(verb, number, "Again.", CLI)
    with pytest.raises(NotFound):
        shops.apply(service.close, 99, "None.", CLI)
    assert [act for _, act, _, _ in acts(shops)][3:] == ["register breach notified"] + ["register breach closed"] * 3


async def test_the_worker_complains_while_a_breach_is_overdue_and_says_nothing_of_it(shops, clock, caplog):
    enter(shops, breach())
    with caplog.at_level(logging.ERROR):
        await service.complain(shops)
        assert caplog.records == []
        clock.step(days=2)
        await service.complain(shops)

    [said] = caplog.messages
    assert "breach 1 at shop" in said
    assert breach().happened not in said
