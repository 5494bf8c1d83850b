"""The desk at work: what it lists, what it shows to whom, and what its buttons do."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from urllib.parse import quote

import pytest
from sqlalchemy import text

from consentgw.access import store as trail
from consentgw.consents.identifiers import uuid7
from consentgw.db import open_database, open_reader
from consentgw.http.pages import render
from consentgw.law.profiles import RequestType
from consentgw.operators.model import Role
from consentgw.sites import store as sites
from consentgw.subject_requests import proving, service
from consentgw.subject_requests.model import Level
from consentgw.subject_requests.office import open_office
from consentgw.subject_requests.tasks import Standing
from tests.desk.colleague import Colleague, joined
from tests.gateway import peeking, running
from tests.house.desk import REQUESTS, TASKS, case
from tests.operators.desk import PASSWORD
from tests.subject_requests.asking import ask as behind
from tests.subject_requests.asking import employ_processors
from tests.subject_requests.story import AIGERIM, BOLAT, DANA, office_of

pytestmark = pytest.mark.anyio


@dataclass(frozen=True)
class Asked:
    """What Aigerim and Bolat asked before anybody came to the desk."""

    access: str
    objection: str
    erasure: str
    elsewhere: str
    """At the news site."""


def ask(settings):
    """Let people ask; return the addresses of their requests at the desk."""
    office = open_office(settings)
    with open_database(settings) as db:

        def place(type_, person, site, level=Level.NOTHING):
            of = db.ask(sites.read, site)
            asked = service.Asked(id=uuid7(), site=of, type=type_, language="kk", person=person)
            request = db.apply(service.open_request, office_of(settings), asked)
            if level > Level.NOTHING:
                db.apply(proving.vouch, office, request.ref, DANA, level, "She came in person.")
            return f"/desk/requests/{site}/{request.id}"

        return Asked(
            place(RequestType.ACCESS, AIGERIM, "shop"),
            place(RequestType.OBJECTION, BOLAT, "shop"),
            place(RequestType.ERASURE, AIGERIM, "shop", Level.MATCHED),
            place(RequestType.ACCESS, BOLAT, "news"),
        )


@pytest.fixture
async def asked(seeded_sqlite):
    return ask(seeded_sqlite)


@pytest.fixture
async def app(asked, seeded_sqlite):
    async with running(seeded_sqlite) as running_app:
        yield running_app


@pytest.fixture
async def dana(app):
    return await joined(app)


def numbers(page):
    return re.findall(r">([A-Z2-7]{4}-[A-Z2-7]{4})</a>", page.text)


@pytest.mark.parametrize("database", ["sqlite", "postgres"])
async def test_the_queue_lists_what_waits_on_both_databases(request, database):
    settings = request.getfixturevalue(f"seeded_{database}")
    ask(settings)
    async with running(settings) as app:
        dana = await joined(app)
        page = await dana.open("/desk")
        assert len(numbers(page)) == 4
        found = await dana.open(f"/desk?find={numbers(page)[2].lower()}")
        assert numbers(found) == [numbers(page)[2]]
        assert len(numbers(await dana.open("/desk?find=AIGERIM@mail.example"))) == 2


async def test_what_is_due_first_stands_first(dana):
    page = await dana.open("/desk")

    # Above what scrolls sideways: in a narrow window a caption in it is cut off.
    assert page.text.index("What is due first stands first.") < page.text.index('class="scroll"')
    due = re.findall(r'<time datetime="([0-9-]+)">', page.text)
    assert due == sorted(due)
    assert len(due) == 4


@pytest.mark.parametrize(
    ("filters", "count"),
    [
        ("?state=all", 4),
        ("?state=completed", 0),
        ("?state=awaiting_verification", 2),
        ("?type=erasure", 1),
        ("?site=news", 1),
        ("?assignee=me", 0),
        ("?find=nobody@mail.example", 0),
    ],
)
async def test_the_queue_shows_what_was_chosen(dana, filters, count):
    assert len(numbers(await dana.open(f"/desk{filters}"))) == count


@pytest.mark.parametrize("filters", ["?state=x", "?type=x", "?after=x", "?after=2026-11-25", "?state=all&state=open"])
async def test_a_filter_that_is_none_is_said_to(dana, filters):
    assert (await dana.open(f"/desk{filters}")).status == 400


@pytest.mark.parametrize("find", ["abc", "!!", "Айгерім", "AAAA", "AAAA-AAAA", "AAAA-AAAA-AAAA-AAAA"])
async def test_what_is_neither_a_number_nor_an_address_matches_nothing(dana, find):
    page = await dana.open(f"/desk?find={quote(find)}")

    assert page.status == 200
    assert page.says("Nothing matches what you chose.")


async def test_a_site_that_is_not_there_is_not_found(dana):
    assert (await dana.open("/desk?site=nowhere")).status == 404


async def test_a_long_queue_goes_on_where_the_page_ended(dana, monkeypatch):
    monkeypatch.setattr("consentgw.desk.pages.PAGE", 3)
    first = await dana.open("/desk?state=all")
    later = await dana.open(re.search(r'href="([^"]+)" rel="next"', first.text)[1].replace("&amp;", "&"))

    assert len(numbers(first)) == 3
    assert len(numbers(later)) == 1
    assert not set(numbers(first)) & set(numbers(later))


async def test_a_request_shows_who_asks_and_what_may_be_done(dana, asked):
    page = await dana.open(asked.access)

    assert page.says(AIGERIM.name)
    assert page.says(AIGERIM.details)
    assert page.says("waits for proof of who asks")
    assert not page.offers(f"{asked.access}/complete")
    assert page.offers(f"{asked.access}/vouch")
    assert page.offers(f"{asked.access}/reject")


@pytest.mark.parametrize(
    ("capacity", "words"),
    [
        ("", "For whom it is asked for oneself"),
        ("with_representative", "for oneself; too young to ask alone, and the representative agrees"),
        ("as_representative", "for a child or somebody else, by the representative"),
    ],
)
async def test_a_request_says_for_whom_it_is_asked(app, dana, capacity, words):
    person = replace(BOLAT, representative="Гүлнәр" if capacity else "", capacity=capacity)

    page = await dana.open(f"/desk/requests/shop/{behind(app, person=person)}")

    assert page.says(words)


async def test_a_viewer_learns_what_is_due_and_not_who_asks(app, asked):
    viewer = await joined(app, Role.VIEWER, login="erlan")
    page = await viewer.open(asked.access)

    assert page.status == 200
    for said in (AIGERIM.name, AIGERIM.email, AIGERIM.details, "/note"):
        assert said not in page.text
    fields = {"token": re.search(r'name="token" value="([^"]+)"', page.text)[1], "words": "I was here"}
    assert (await viewer.send(f"{asked.access}/note", fields)).status == 403
    assert not (await (await joined(app)).open(asked.access)).says("I was here")


async def test_an_address_finds_only_what_one_may_see(app, dana, asked):
    viewer = await joined(app, Role.VIEWER, login="erlan")
    page = await viewer.open(f"/desk?state=all&find={BOLAT.email}")
    assert page.says("Nothing matches what you chose.")
    assert not page.says("Number or e-mail address")
    handler = await joined(app, Role.HANDLER, login="askar")
    assert len(numbers(await handler.open(f"/desk?state=all&find={BOLAT.email}"))) == 2

    page = await dana.press(await dana.open(asked.objection), "hold", ground="dispute", words="Claim 7")
    await dana.press(page, "reject", reason="kept_by_law", words="We keep it for the court.")

    assert len(numbers(await handler.open(f"/desk?state=all&find={BOLAT.email}"))) == 1
    assert len(numbers(await dana.open(f"/desk?state=all&find={BOLAT.email}"))) == 2
    locked = numbers(await dana.open("/desk?state=rejected"))
    assert numbers(await handler.open(f"/desk?state=all&find={locked[0]}")) == locked


async def test_whoever_works_for_one_site_never_meets_another(app, asked):
    of_the_news = await joined(app, Role.OWNER, site="news", login="erlan")

    assert len(numbers(await of_the_news.open("/desk"))) == 1
    assert (await of_the_news.open(asked.access)).status == 404
    page = await of_the_news.open(asked.elsewhere)
    token = re.search(r'name="token" value="([^"]+)"', page.text)[1]
    assert (await of_the_news.send(f"{asked.access}/take", {"token": token})).status == 404
    assert (await of_the_news.open("/desk?site=shop")).status == 404


@pytest.mark.parametrize("name", ["shop/x", "shop/01a21442-24c8-7293-8954-ce6974a432b2", "x/x"])
async def test_a_request_that_is_not_there_is_not_found(dana, name):
    assert (await dana.open(f"/desk/requests/{name}")).status == 404


async def test_a_request_of_one_site_is_not_another_s(dana, asked):
    assert (await dana.open(asked.access.replace("/shop/", "/news/"))).status == 404


async def test_one_takes_a_request_knows_who_asks_writes_and_answers(dana, asked):
    page = await dana.press(await dana.open(asked.access), "vouch", words="She came in person.")
    page = await dana.press(page, "take")
    assert page.says("it is a person we know")
    assert numbers(await dana.open("/desk?assignee=me"))
    page = await dana.press(page, "write", words="We are looking.")
    page = await dana.press(page, "note", words="Ask the warehouse.")
    page = await dana.press(page, "complete", words="Here is everything.")

    assert page.says("answered")
    for said in ("We are looking.", "Ask the warehouse.", "Here is everything.", "She came in person."):
        assert page.says(said)
    assert not page.offers(f"{asked.access}/write")
    assert len(numbers(await dana.open("/desk"))) == 3


async def test_one_sees_who_was_asked_and_answers_past_a_processor_only_with_a_reason(app, dana, asked):
    employ_processors(app)
    page = await dana.open(asked.access)
    assert page.says("not told yet: first it must be sure that it is a person we know")
    page = await dana.press(page, "vouch", words="She came in person.")
    assert page.says("Delivery service asked, has not said that it knows")
    assert page.says("Mailing service asked, has not said that it knows")
    assert page.form(f"{asked.access}/complete")["without"] == ""

    page = await dana.press(page, "complete", words="Here is everything.")
    assert page.status == 409
    assert page.says("A processor has not answered yet. Wait for it, or say why you do not.")
    assert "Here is everything." in page.form(f"{asked.access}/complete")["words"]
    page = await dana.press(page, "complete", words="Here is everything.", without="Both are bankrupt.")

    assert page.says("Delivery service no longer waited for")
    assert page.says("processor no longer waited for · Mailing service · Dana Both are bankrupt.")


async def test_the_queue_marks_a_request_whose_processor_is_late(app, dana, asked):
    employ_processors(app)
    await dana.press(await dana.open(asked.access), "vouch", words="She came in person.")
    assert not (await dana.open("/desk")).says("a processor is late")

    with peeking(app.settings) as connection:
        connection.execute(text("UPDATE subject_request_tasks SET due_on = '2026-01-01'"))

    page = await dana.open("/desk")
    assert page.text.count("a processor is late") == 1
    assert (await dana.open(asked.access)).text.count("days late") == 2


async def test_words_to_begin_from_are_in_the_language_of_whoever_asked(dana, asked):
    page = await dana.open(f"{asked.access}?reply=more")

    assert "Нені айтып тұрғаныңызды" in page.form(f"{asked.access}/write")["words"]
    assert page.headers["content-language"] == "en"
    assert (await dana.open(f"{asked.access}?reply=eve")).form(f"{asked.access}/write")["words"].strip() == ""


async def test_a_refusal_names_a_lawful_reason_and_says_why(dana, asked):
    page = await dana.open(asked.objection)
    for typed in (
        {"reason": "", "words": "No."},
        {"reason": "eve", "words": "No."},
        {"reason": "no_match", "words": " "},
    ):
        page = await dana.press(page, "reject", **typed)
        assert page.status == 400
        assert page.says("Nothing was changed.")

    page = await dana.press(page, "reject", reason="no_match", words="We know nobody of this address.")

    assert page.says("refused: nothing is held about this person")


async def test_what_was_typed_is_still_there_when_it_did_not_work(dana, asked):
    page = await dana.press(await dana.open(asked.objection), "reject", reason="", words="A long and careful text.")

    assert "A long and careful text." in page.form(f"{asked.objection}/reject")["words"]
    assert 'href="?' not in page.text  # what a button did has no address to open once more
    assert (await dana.open(re.search(r'href="([^"]+reply=more)', page.text)[1])).status == 200


async def test_nobody_is_answered_who_has_not_proven_enough(dana, asked):
    page = await dana.open(asked.access)
    fields = {**page.form(f"{asked.access}/note"), "words": "Here is everything."}

    page = await dana.send(f"{asked.access}/complete", fields)

    assert page.status == 409
    assert page.says("That is not possible where the request stands now")
    assert page.says("waits for proof of who asks")


async def test_an_erasure_takes_two_people(app, dana, asked):
    page = await dana.press(await dana.open(asked.erasure), "propose-erasure", words="Everything but the invoice.")
    assert page.says("A second person has to agree.")
    assert not page.offers(f"{asked.erasure}/erase")
    fields = {**page.form(f"{asked.erasure}/note"), "words": "And again."}
    for button in ("erase", "propose-erasure"):
        assert (await dana.send(f"{asked.erasure}/{button}", fields)).status in {403, 409}
    erlan = await joined(app, login="erlan")

    page = await erlan.press(await erlan.open(asked.erasure), "erase", words="Done.")

    assert page.says("What was known of who asked has been erased.")
    assert AIGERIM.name not in page.text


def test_who_erases_past_a_processor_reads_that_the_reason_is_erased_with_the_rest():
    requests = (replace(one, level=Level.MATCHED) for one in REQUESTS[:2])
    pages = [render(case("en", one, stands=Standing(TASKS, ()))) for one in requests]

    kept, erased = (re.findall("A processor has not answered. Why you do not wait for it[^<]*", page) for page in pages)
    assert [said.endswith("for the record") for said in kept] == [True]
    assert [said.endswith("these words are erased with the rest") for said in erased] == [True]


async def test_a_handler_cannot_be_the_second_person_by_any_button(app, dana, asked):
    await dana.press(await dana.open(asked.erasure), "propose-erasure", words="Everything.")
    handler = await joined(app, Role.HANDLER, login="erlan")
    page = await handler.open(asked.erasure)
    fields = {**page.form(f"{asked.erasure}/note"), "words": "Done."}

    for button in ("erase", "propose-erasure"):
        assert (await handler.send(f"{asked.erasure}/{button}", fields)).status in {403, 409}
    assert (await dana.open(asked.erasure)).says(AIGERIM.name)


async def test_a_legal_hold_is_placed_with_a_reason_seen_everywhere_and_released(dana, asked):
    number = numbers(await dana.open("/desk?type=objection"))
    page = await dana.open(asked.objection)
    for typed in (
        {"ground": "", "words": "Ruling 12"},
        {"ground": "whim", "words": "Ruling 12"},
        {"ground": "court", "words": " "},
        {"ground": "court", "words": "Ruling 12", "review_on": "someday"},
        {"ground": "court", "words": "Ruling 12", "review_on": "2020-01-01"},
    ):
        page = await dana.press(page, "hold", **typed)
        assert page.status == 400
        assert page.says("Nothing was changed.")
    assert page.says("A hold is reviewed on a day to come: choose a later one.")

    page = await dana.press(page, "hold", ground="court", words="Ruling 12", review_on="2999-06-01")

    for said in ("a court has ordered to keep it", "Ruling 12", "to be reviewed on 1 June 2999", "legal hold placed"):
        assert page.says(said), said
    assert page.says("Nothing of this request is erased.")
    queue = await dana.open("/desk?state=held")
    assert numbers(queue) == number
    assert queue.says("received · held")

    page = await dana.press(page, "release", words="The ruling was set aside.")

    assert page.says("legal hold released")
    assert page.says("The ruling was set aside.")
    assert not page.says("Nothing of this request is erased.")
    assert numbers(await dana.open("/desk?state=held")) == []


async def test_only_an_officer_holds_and_releases(app, dana, asked):
    page = await dana.press(await dana.open(asked.objection), "hold", ground="law", words="Art. 1")
    release = page.form(f"{asked.objection}/release")
    handler = await joined(app, Role.HANDLER, login="erlan")
    token = {"token": (await handler.open(asked.objection)).form(f"{asked.objection}/note")["token"]}

    assert not (await handler.open(asked.objection)).offers(f"{asked.objection}/hold")
    for button, fields in (("hold", {"ground": "law", "words": "x"}), ("release", {**release, "words": "x"})):
        assert (await handler.send(f"{asked.objection}/{button}", {**fields, **token})).status == 403
    for wrong in ("", "x", "99", "٣", "1e1", "9" * 30):
        page = await dana.send(f"{asked.objection}/release", {**release, "hold": wrong, "words": "x"})
        assert page.status in {400, 404}, wrong
    assert (await dana.open(asked.objection)).says("Nothing of this request is erased.")


async def test_who_asked_in_a_locked_request_is_for_the_officer_alone(app, dana, asked):
    page = await dana.press(await dana.open(asked.objection), "hold", ground="dispute", words="Claim 7 of the court")
    handler = await joined(app, Role.HANDLER, login="erlan")
    open_still = await handler.open(asked.objection)
    assert open_still.says(BOLAT.name)  # it still has to be answered
    assert not open_still.says("Claim 7")

    page = await dana.press(page, "reject", reason="kept_by_law", words="We keep it for the court.")

    assert page.says(BOLAT.name)
    locked = await handler.open(asked.objection)
    assert locked.says("A legal hold has locked this request")
    assert locked.says("it is needed as proof in a dispute")
    for said in (BOLAT.name, BOLAT.email, BOLAT.details, "Claim 7", "We keep it for the court."):
        assert not locked.says(said), said
    fields = {**page.form(f"{asked.objection}/note"), "words": "I was here.", **open_still.form("/desk/sign-out")}
    for act in ("note", "revoke", "write"):
        assert (await handler.send(f"{asked.objection}/{act}", fields)).status == 403
    assert not (await dana.open(asked.objection)).says("I was here.")


async def test_a_held_erasure_is_refused_with_the_reason(app, dana, asked):
    page = await dana.press(await dana.open(asked.erasure), "propose-erasure", words="Everything.")
    erlan = await joined(app, login="erlan")
    second = await erlan.open(asked.erasure)
    page = await dana.press(page, "hold", ground="authority", words="Order 5")
    assert page.says("This request itself is held, so it cannot be erased.")

    fields = {**second.form(f"{asked.erasure}/erase"), "words": "Done."}
    fields["read"] = page.form(f"{asked.erasure}/note")["read"]
    page = await erlan.send(f"{asked.erasure}/erase", fields)

    assert page.status == 409
    assert page.says("A legal hold is on this request, so nothing of it may be erased.")
    assert page.says(AIGERIM.name)


@pytest.mark.parametrize("act", ["fly", "ERASE", ""])
async def test_a_button_that_is_not_there_does_nothing(dana, asked, act):
    page = await dana.open(asked.objection)
    fields = {**page.form(f"{asked.objection}/note"), "words": "x"}

    assert (await dana.send(f"{asked.objection}/{act}", fields)).status == 404


async def test_looking_changes_nothing(dana, asked):
    for act in ("take", "complete", "erase"):
        assert (await dana.open(f"{asked.access}/{act}")).status == 405


async def test_a_session_that_is_left_alone_ends(asked, seeded_sqlite, clock):
    async with running(seeded_sqlite, clock) as app:
        dana = await joined(app)
        clock.step(minutes=19)
        assert (await dana.open("/desk")).url == "/desk"
        clock.step(minutes=19)
        assert (await dana.open("/desk")).url == "/desk"  # it was used meanwhile
        clock.step(minutes=20)
        assert (await dana.open("/desk")).url.startswith("/desk/sign-in")


async def test_what_was_typed_while_the_session_ended_is_handed_back(asked, seeded_sqlite, clock):
    async with running(seeded_sqlite, clock) as app:
        dana = await joined(app)
        page = await dana.open(asked.objection)
        clock.step(minutes=21)

        old = page
        page = await dana.press(old, "write", words="A long and careful text.")

        assert page.status == 401
        assert page.says("Your session has ended")
        assert page.says("A long and careful text.")
        assert f"/desk/sign-in?next={asked.objection}" in page.text
        foreign = {"origin": "https://eve.example", "sec-fetch-site": "cross-site"}
        assert (await dana.send(f"{asked.objection}/write", {"words": "x"}, **foreign)).status == 403
        await dana.sign_in(code=dana.recovery_codes[0])
        page = await dana.press(old, "write", words="A long and careful text.")
        assert page.status == 403
        assert page.says("This page was of an earlier session of yours. Nothing was changed: press again.")
        assert "A long and careful text." in page.form(f"{asked.objection}/write")["words"]
        assert not (await dana.send(f"{asked.objection}/write", {"words": "Eve"}, **foreign)).says("Eve")


async def test_what_the_gateway_holds_is_handed_out_to_an_officer_who_proved_lately_who_she_is(
    asked, seeded_sqlite, clock
):
    async with running(seeded_sqlite, clock) as app:
        dana = await joined(app)
        page = await dana.open(f"{asked.erasure}/package")
        assert page.status == 200
        assert page.headers["content-type"] == "application/zip"
        clock.step(minutes=11)
        page = await dana.open(f"{asked.erasure}/package")
        assert page.url == f"/desk/prove?next={quote(f'{asked.erasure}/package', safe='')}"
        assert (await dana.open(asked.erasure)).says("data taken out at the desk")
        with open_reader(seeded_sqlite) as connection:
            (entry, *_) = trail.entries(connection, "shop", before=None, limit=1)
        assert (entry.act, entry.thing) == ("export_person", asked.erasure.rpartition("/")[2])
        assert entry.actor.startswith("operator:")
        handler = await joined(app, Role.HANDLER, login="erlan")
        assert (await handler.open(f"{asked.erasure}/package")).status == 403


async def test_an_answer_is_taken_back_with_a_reason(dana, asked):
    page = await dana.press(await dana.open(asked.access), "vouch", words="She came in person.")
    page = await dana.press(page, "complete", words="Here it is.")
    assert (await dana.press(page, "revoke", words=" ")).status == 400

    page = await dana.press(page, "revoke", words="It held data of somebody else.")

    assert page.says("answer taken back")
    assert not page.offers(f"{asked.access}/revoke")
    fields = {**page.form(f"{asked.access}/note"), "words": "Once more."}
    page = await dana.send(f"{asked.access}/revoke", fields)
    assert page.status == 409
    assert page.text.count("answer taken back") == 1


async def test_nothing_more_can_be_done_to_what_is_erased(app, dana, asked):
    await dana.press(await dana.open(asked.erasure), "propose-erasure", words="Everything.")
    erlan = await joined(app, login="erlan")
    page = await erlan.open(asked.erasure)
    hold = page.form(f"{asked.erasure}/hold")

    page = await erlan.press(page, "erase", words="Done.")

    for act, status in (("note", 410), ("hold", 409)):
        assert not page.offers(f"{asked.erasure}/{act}")
        read = str(int(hold["read"]) + 2)  # it is completed and erased
        failed = await erlan.send(f"{asked.erasure}/{act}", {**hold, "read": read, "words": "x", "ground": "law"})
        assert failed.status == status
        assert not failed.says("legal hold placed")
        assert not failed.says("Something is new")


async def test_a_request_is_taken_by_whoever_takes_it_and_given_to_nobody_made_up(dana, asked):
    page = await dana.press(await dana.open(asked.access), "take", assignee="eve")

    assert page.says("Whose Dana")


async def test_an_owner_invites_and_dismisses_and_nobody_else_does(app):
    owner = await joined(app, Role.OWNER)
    page = await owner.open("/desk/people")
    fields = {**page.form("/desk/people"), "login": "Erlan", "name": "Erlan", "role": "viewer", "site": "shop"}
    page = await owner.send("/desk/people", fields)
    address = re.search(r"/desk/join/[^<]+", page.text)[0]
    assert (await Colleague(app).open(address)).says("Erlan, you are invited")
    taken = await owner.send("/desk/people", {**fields, "login": "Dana"})
    assert taken.status == 409
    assert taken.says("Somebody has the login dana already: choose another.")
    assert "/desk/join/" not in taken.text
    for wrong in ({"login": "Е"}, {"role": "king"}, {"site": "nowhere"}):
        assert (await owner.send("/desk/people", {**fields, **wrong})).status == 400

    erlan = await joined(app, Role.OFFICER, login="yerlan")
    refused = await erlan.open("/desk/people")
    assert refused.status == 403
    assert refused.says("Your role does not allow this.")
    of_the_shop = await joined(app, Role.OWNER, site="shop", login="askar")
    assert (await of_the_shop.open("/desk/people")).status == 403
    page = await owner.open("/desk/people")
    action = f"/desk/people/{erlan.operator.id}/dismiss"
    assert (await owner.send(action, page.form(action))).url == "/desk/people"
    assert (await erlan.open("/desk")).url.startswith("/desk/sign-in")
    token = {"token": page.form("/desk/people")["token"]}
    assert (await owner.send(f"/desk/people/{owner.operator.id}/dismiss", token)).status == 409
    assert (await owner.send("/desk/people/x/dismiss", token)).status == 404
    assert (await owner.send(action, token)).status == 404


async def test_inviting_and_dismissing_ask_who_is_there_say_what_for_and_lead_back(seeded_sqlite, clock):
    async with running(seeded_sqlite, clock) as app:
        owner = await joined(app, Role.OWNER)
        erlan = await joined(app, Role.OFFICER, login="yerlan")
        page = await owner.open("/desk/people")
        dismiss = f"/desk/people/{erlan.operator.id}/dismiss"
        for action, typed in (
            (dismiss, {}),
            ("/desk/people", {"login": "askar", "name": "Askar", "role": "viewer", "site": ""}),
        ):
            clock.step(minutes=11)

            asked = await owner.send(action, {**page.form(action), **typed})
            assert asked.says("What comes next says who works here")
            fields = {**asked.form("/desk/prove"), "password": PASSWORD, "code": owner.recovery_codes.pop()}
            page = await owner.send("/desk/prove", fields)

            assert page.url == "/desk/people/again"
            assert page.says("Nothing was changed yet: press again.")
            assert page.offers(dismiss)
        assert (await owner.send(dismiss, page.form(dismiss))).url == "/desk/people"
        assert not (await owner.open("/desk/people")).offers(dismiss)


async def test_words_may_have_several_lines(dana, asked):
    page = await dana.press(await dana.open(asked.access), "note", words="Dear Aigerim,\r\n\r\nwe look at it.")

    assert page.status == 200
    assert "Dear Aigerim,\n\nwe look at it." in page.text
