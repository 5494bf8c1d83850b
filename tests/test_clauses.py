"""The founding policy, clause by clause: what the starter text says of each, the gateway does.

What the text itself says in each clause is told in ``tests/policies/test_texts.py``.
"""

from __future__ import annotations

import hashlib
import json
import re
from datetime import datetime, timedelta

import pytest

from consentgw.consents.identifiers import uuid7
from consentgw.db import open_database, open_reader
from consentgw.db.database import utc_now
from consentgw.doctor import examine
from consentgw.http.languages import NAMES, duration, long_date
from consentgw.law.profiles import RequestType
from consentgw.notices import service as notices
from consentgw.policies.service import starter
from consentgw.registers import store as registers
from consentgw.subject_requests import locking
from consentgw.subject_requests import store as requests
from consentgw.subject_requests.clock import Clock
from consentgw.subject_requests.hold import Ground
from consentgw.subject_requests.model import Person
from consentgw.subject_requests.office import open_office
from consentgw.subject_requests.service import Asked, complete, open_request
from tests.gateway import COOKIE, NEWS, PARTNERS, REASONS, VENDORS, digest, ledger, peeking, running
from tests.policies.shop import clause
from tests.subject_requests.story import DANA
from tests.tags.gate import answer, assert_closed, assert_open, release
from tests.test_cli import environment, refused, said
from tests.visitor import Visitor

pytestmark = pytest.mark.anyio


def publish(settings, **changed):
    """Publish the starter for the news site as a material change."""
    drafts = starter(NAMES) | changed
    with open_database(settings) as db:
        return db.apply(notices.publish, PARTNERS[1], drafts, reasons=REASONS)


@pytest.fixture
async def app(seeded_sqlite):
    """A gateway whose news site has published the starter."""
    publish(seeded_sqlite)
    async with running(seeded_sqlite) as gateway:
        yield gateway


@pytest.fixture
def aigerim(app):
    return Visitor(app)


async def policy(visitor, language="en"):
    """Return the policy in force as the visitor reads it."""
    return await visitor.open(f"/sites/news/policy?lang={language}")


@pytest.mark.parametrize("language", NAMES)
async def test_title_tells_the_day_of_the_version_s_own_record(aigerim, language):
    page = await policy(aigerim, language)
    record = json.loads((await aigerim.open(f"{page.url.split('?')[0]}.json")).text)

    published = datetime.fromisoformat(record["published_at"])
    assert datetime.fromisoformat(record["effective_from"]) >= published
    assert long_date(published, language) in page.text
    assert set(record["texts"]) == set(NAMES)
    assert page.url.split("?")[0].endswith(record["version"])


async def test_clause_1_2_visiting_is_never_consent_and_the_site_works_after_a_refusal(app, aigerim):
    for address in ("/consent/news", "/sites/news/policy", "/sites/news/policies"):
        await aigerim.open(address)
    await aigerim.frame("/embed/news", NEWS)
    await aigerim.frame("/embed/news?granted=analytics&method=accept_all", NEWS)
    for tag in ("ga.js", "pixel.gif", "both.html"):
        await assert_closed(aigerim, tag)

    assert ledger(app) == []
    await answer(aigerim, "reject_all")
    assert (await aigerim.frame("/embed/news", NEWS)).status == 200
    assert (await policy(aigerim)).status == 200


async def test_clause_2_2_an_answer_is_kept_without_the_address_and_the_browser_it_came_from(app, aigerim):
    browser = "Mozilla/5.0 (Aigerim; rv:1.0)"
    page = await aigerim.frame("/embed/news?lang=en", NEWS, **{"user-agent": browser, "x-forwarded-for": "203.0.113.7"})
    await page.press("accept_all", **{"user-agent": browser, "x-forwarded-for": "203.0.113.7"})

    with peeking(app.settings) as connection:
        kept = repr(connection.exec_driver_sql("SELECT * FROM receipts").all())
    for trace in (browser, "Aigerim", "203.0.113", "127.0.0.1"):
        assert trace not in kept


async def test_clause_3_1_every_purpose_is_answered_and_kept_apart(app, aigerim):
    await answer(aigerim, "save", tick=["analytics"])

    [kept] = ledger(app)
    assert kept.receipt.decision.granted == {"analytics"}
    assert kept.receipt.decision.refused == {"marketing"}


async def test_clause_5_1_nobody_receives_anything_without_consent_to_the_purpose(aigerim):
    for tag in ("ga.gif", "pixel.gif", "both.html"):
        await assert_closed(aigerim, tag)

    await answer(aigerim, "save", tick=["analytics"])

    assert VENDORS[0] in (await release(aigerim, "ga.gif")).headers["location"]
    await assert_closed(aigerim, "pixel.gif")
    await assert_closed(aigerim, "both.html")


async def test_clause_5_1_transfers_are_counted_by_vendor_and_day_and_hold_nobody(seeded_sqlite):
    async with running(seeded_sqlite) as app:
        visitor = Visitor(app)
        await assert_closed(visitor)
        await answer(visitor, "save", tick=["analytics"])
        for _ in range(2):
            await assert_open(visitor, "ga.gif", **{"x-forwarded-for": "203.0.113.7"})
        await assert_open(visitor, "ga.js")
        await assert_closed(visitor, "pixel.gif")

    with open_reader(seeded_sqlite) as connection:
        [(transfer, times)] = registers.counted(connection)
        kept = repr(connection.exec_driver_sql("SELECT * FROM transfers").all())
    assert (transfer.site, transfer.tag, transfer.vendor, transfer.country) == ("news", "ga", "Google Analytics", "US")
    assert times == 3
    assert kept == repr([(transfer.day.isoformat(), "news", "ga", "Google Analytics", "US", 3)])


def test_clause_5_1_what_state_bodies_were_given_is_entered_by_hand_for_good(seeded):
    env = environment(seeded)
    given = ("--on", "2026-11-20", "--body", "Court of Almaty", "--ground", "Ruling 12", "--data", "orders")

    said(env, "register", "disclosure", "add", "news", *given, "--people", "1")

    assert said(env, "register", "disclosure", "list").split("\t") == [
        "1", "2026-11-20", "news", "Court of Almaty", "Ruling 12", "orders", "1\n",
    ]  # fmt: skip
    assert "site" in refused(env, "register", "disclosure", "add", "nowhere", *given, "--people", "1")


def test_clause_6_1_a_breach_has_one_working_day_and_the_doctor_complains_until_the_authority_is_told(seeded):
    env = environment(seeded)
    told = ("--happened", "A copy was left open", "--measures", "It is closed")
    add = ("register", "breach", "add", "news", *told, "--discovered")

    entered = said(env, *add, "2026-11-13T10:00+05:00")  # a Friday
    assert "tell the authority by 2026-11-16 19:00 UTC" in entered
    assert "zone" in refused(env, *add, "2026-11-13T10:00")
    assert [line for line in _complaints(seeded) if "breach 1 at news" in line]

    notify = ("register", "breach", "notify", "1", "--how", "By letter", "--at")
    assert "discovered" in refused(env, *notify, "2026-11-13T09:59+05:00")
    said(env, *notify, "2026-11-16T23:30+05:00")
    assert not [line for line in _complaints(seeded) if "breach" in line]
    said(env, "register", "breach", "close", "1", "--outcome", "Everybody was told")
    for register in (("breach", "list"), ("disclosure", "list"), ("hold", "list"), ("transfers",)):
        assert "there is no site 'nosuch'" in refused(env, "register", *register, "--site", "nosuch")
    later = refused(env, "register", "transfers", "--from", "2026-11-30", "--to", "2026-11-01")
    assert "--from is a later day than --to" in later
    listed = said(env, "register", "breach", "list", "--site", "news").splitlines()
    assert [line.split("\t")[2] for line in listed] == ["news", "notified", "closed"]
    assert listed[1].split("\t")[1] == "2026-11-16 18:30 UTC"


def _complaints(settings):
    return [finding.what for finding in examine(settings) if not finding.well]


async def test_clause_6_1_pages_and_cookies_are_guarded(aigerim):
    page = await policy(aigerim)
    await answer(aigerim)

    assert page.headers["content-security-policy"].startswith("default-src 'none'")
    assert page.headers["x-content-type-options"] == "nosniff"
    for line in aigerim.set_cookies:
        said = {word.strip().lower() for word in line.split(";")}
        assert line.startswith("__Host-")
        assert {"secure", "httponly"} <= said


async def test_clause_6_2a_data_ends_with_its_term_and_a_legal_hold_alone_keeps_it_and_the_purge_proves_it_ran(
    seeded, clock
):
    office = open_office(seeded)
    clock.now = utc_now()
    with open_database(seeded, clock=clock) as db:

        def complain(unit, person):
            asked = Asked(
                id=uuid7(), site=PARTNERS[1], type=RequestType.COMPLAINT, language="en", person=Person(details=person)
            )
            ref = open_request(unit, office, asked).ref
            complete(unit, office, ref, DANA, "So it is.")
            return ref

        free, held = db.apply(complain, "Bolat's words"), db.apply(complain, "Aigerim's words")
        placed = db.apply(locking.hold, office, held, DANA, Ground.COURT, "Court of Almaty, ruling 12/2026")

        def kept(ref):
            return db.ask(requests.case, office.vault, ref).person.details

        def runs():
            query = "SELECT removed, held FROM purges WHERE kind = 'words' ORDER BY sequence"
            return [tuple(row) for row in db.ask(lambda connection: connection.exec_driver_sql(query).all())]

        for days in (29, 2):
            clock.step(days=days)
            await Clock(office).purge(db)
        assert (kept(free), kept(held)) == ("", "Aigerim's words")
        assert runs() == [(0, 0), (1, 1)]

        db.apply(locking.release, office, held, DANA, placed.number, "The ruling was set aside.")
        await Clock(office).purge(db)
        assert kept(held) == ""
        assert runs()[-1] == (1, 0)
    listed = said(environment(seeded), "register", "hold", "list", "--site", "news").splitlines()
    assert [line.split("\t")[0] for line in listed] == [str(placed.number)] * 2
    assert "Court of Almaty, ruling 12/2026" in listed[0]
    assert "The ruling was set aside." in listed[1]


async def test_clause_6_2a_the_policy_tells_the_term_of_every_class_of_data(aigerim):
    told = clause((await policy(aigerim)).text, "6.2")

    for kept in PARTNERS[1].retention:
        assert kept.wording["en"].title in told
        assert duration(kept.period_days * 86_400, "en") in told


async def test_clause_6_2b_a_choice_is_kept_as_long_as_the_table_says_and_never_longer_in_silence(aigerim):
    await answer(aigerim)
    [line] = aigerim.set_cookies
    lifetime = int(re.search(r"max-age=(\d+)", line.lower())[1])

    said = clause((await policy(aigerim)).text, "8.2")
    await aigerim.frame("/embed/news", NEWS)
    await aigerim.open("/consent/news")

    assert f"{COOKIE[NEWS]} " in said
    assert duration(lifetime, "en") in said
    assert aigerim.set_cookies == [line]


async def test_clause_7_withdrawing_takes_one_press_and_nobody_signs_in(app, aigerim):
    frame = await answer(aigerim)
    receipt = await frame.follow("/receipt/")
    given = ledger(app)[0]

    await receipt.press("withdraw")

    first, second = ledger(app)
    assert first == given
    assert second.receipt.decision.granted == frozenset()
    assert receipt.form("withdraw").ticked == set()
    await assert_closed(aigerim)


async def test_clause_7_names_the_authority_in_the_policy_and_on_the_receipt_from_one_source(aigerim):
    authority = PARTNERS[1].authority_in("en")
    receipt = await (await answer(aigerim)).follow("/receipt/")

    for page in (receipt, await policy(aigerim)):
        assert authority.name in page.text
        assert authority.link in page.text


async def test_clause_8_2_necessary_lists_every_cookie_that_the_gateway_sets(aigerim):
    page = await aigerim.open("/consent/news")
    await page.press("accept_all")
    await answer(aigerim, "reject_all")
    said = clause((await policy(aigerim)).text, "8.2")

    assert aigerim.set_cookies
    for line in aigerim.set_cookies:
        assert f"{line.split('=')[0]} " in said


@pytest.mark.parametrize("purpose", ["analytics", "marketing"])
async def test_clause_8_2_analytics_and_marketing_are_off_until_agreed(aigerim, purpose):
    frame = await aigerim.frame("/embed/news?lang=en", NEWS)
    page = await aigerim.open("/consent/news?lang=en")

    for form in (frame.form("save"), page.form("save")):
        assert purpose not in form.ticked
    assert not [address for _, address in (*frame.loads, *page.loads) if any(vendor in address for vendor in VENDORS)]


async def test_clause_8_3_the_settings_page_that_the_policy_names_changes_and_withdraws(app, aigerim):
    settings = await (await policy(aigerim)).follow("/consent/news")
    await settings.press("accept_all")
    await (await aigerim.open("/consent/news")).press("withdraw")

    assert [kept.receipt.method for kept in ledger(app)] == ["accept_all", "withdraw"]


async def test_clause_8_3_global_privacy_control_keeps_marketing_off_until_a_person_says_otherwise(app):
    bolat = Visitor(app, gpc=True)

    await assert_closed(bolat, "pixel.gif")
    page = await bolat.frame("/embed/news?lang=en", NEWS)
    assert "Global Privacy Control" in page.text
    await page.press("accept_all")
    assert (await release(bolat, "pixel.gif")).status_code == 302


async def test_clause_9_1_a_version_is_never_altered_and_a_receipt_leads_to_the_one_it_was_given_under(seeded_sqlite):
    first = publish(seeded_sqlite)
    async with running(seeded_sqlite) as app:
        visitor = Visitor(app)
        receipt = await (await answer(visitor)).follow("/receipt/")
        before = (await visitor.open(f"/policy/{first.version}.json")).text
    second = publish(seeded_sqlite, en=starter(["en"])["en"].replace("protected servers", "servers in Astana"))
    async with running(seeded_sqlite) as app:
        visitor = Visitor(app)
        record = (await visitor.open(f"/policy/{first.version}.json")).text
        old = await (await visitor.open(receipt.url)).follow(f"/policy/{first.version}")
        versions = await visitor.open("/sites/news/policies?lang=en")

    assert record == before
    assert hashlib.sha256(record.encode()).hexdigest() == first.digest
    assert "protected servers" in old.text
    assert "This version is no longer in force" in old.text
    assert second.effective_from - second.published_at == timedelta(0)
    assert second.predecessor == first.ref
    assert first.version in versions.text
    assert second.version in versions.text


async def test_clause_9_1_reading_changes_nothing(app, aigerim):
    before = digest(app.settings)

    for address in ("/sites/news/policy", "/sites/news/policies", "/consent/news"):
        await aigerim.open(address)

    assert digest(app.settings) == before


async def test_clause_10_the_same_contacts_stand_in_the_policy_the_question_and_the_receipt(aigerim):
    operator = PARTNERS[1].operator
    receipt = await (await answer(aigerim)).follow("/receipt/")

    for page in (receipt, await policy(aigerim)):
        assert f'href="mailto:{operator.email}"' in page.text
        assert operator.address in page.text
    assert operator.name in (await aigerim.open("/consent/news?lang=en")).text
