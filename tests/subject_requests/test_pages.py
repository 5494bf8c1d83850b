"""The pages, over HTTP and without a script: ask, prove, follow, fetch; and what they do not take."""

from __future__ import annotations

import io
import zipfile
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from pydantic import SecretStr

from consentgw.http.languages import long_day
from consentgw.law.profiles import RequestType
from consentgw.mail import store as mails
from consentgw.subject_requests import locking, proving, service, store
from consentgw.subject_requests.hold import Ground
from consentgw.subject_requests.model import Level, Reason, State
from consentgw.subject_requests.office import open_office
from consentgw.subject_requests.store import Wanted
from consentgw.subject_requests.views import sentence, title
from tests.caller import caller
from tests.conftest import Clock
from tests.gateway import SHOP, ledger, rows, running
from tests.house.desk import REQUESTS, case
from tests.house.documents import Reader
from tests.policies.shop import SHOP as SHOP_AT_HOME
from tests.subject_requests.asking import employ_processors
from tests.subject_requests.story import AIGERIM, DANA, YERLAN
from tests.visitor import Visitor
from tests.webhooks.receivers import until

pytestmark = pytest.mark.anyio

EVERYTHING = {
    "name": AIGERIM.name,
    "email": AIGERIM.email,
    "phone": AIGERIM.phone,
    "details": "Line one\r\nline two",
    "website": "",
}


@pytest.fixture
def posting(seeded_sqlite):
    """Settings of a gateway with a mail server; its letters are read from the database."""
    smtp = {"smtp_url": SecretStr("smtp://127.0.0.1:1"), "mail_from": "consent@gateway.example"}
    return seeded_sqlite.model_copy(update={**smtp, "worker_inside": False})


class Desk:
    """Dana and the postman, beside a running gateway: they use its database while it rests."""

    def __init__(self, app):
        self.office = open_office(app.settings)
        pages = next(route.endpoint.__self__ for route in app.routes if route.path == "/requests/{site}")
        self.db = pages.db

    def letters(self):
        """Take every letter, as the mail server would."""

        def take(unit):
            found = [mails.take(unit, self.office.post.sealer, one) for one in mails.due(unit.connection, unit.now, 99)]
            for letter in filter(None, found):
                mails.sent(unit, letter.id)
            return [letter for letter in found if letter]

        return self.db.apply(take)

    def letter(self):
        """Take the letter to Aigerim."""
        (letter,) = [letter for letter in self.letters() if letter.to == AIGERIM.email]
        return letter

    def requests(self):
        """Return every request."""
        return self.db.ask(service.list_requests, Wanted())

    def case(self):
        """Return the one request with everything that is known of it."""
        (request,) = self.requests()
        return self.db.ask(store.case, self.office.vault, request.ref)


@pytest.fixture
async def app(posting):
    async with running(posting, Clock(datetime(2026, 12, 31, 7, tzinfo=UTC))) as app:
        yield app


@pytest.fixture
def desk(app):
    return Desk(app)


async def fill(page, button="open", **values):
    """Type into a form and press a button."""
    form = page.form(button)
    pressed = [(name, value) for name, value in form.buttons if value == button]
    fields = [*form.hidden, *values.items(), *pressed]
    return await page.visitor.submit(page.place, form, button, fields=fields)


async def ask(app, type_="access", language="en", **changed):
    """Let Aigerim send the form of a type."""
    visitor = Visitor(app, language=language)
    page = await visitor.open(f"/requests/shop?type={type_}")
    wanted = {element.get("name") for element in Reader(page.text).all("input", "textarea")}
    values = {name: value for name, value in {**EVERYTHING, **changed}.items() if name in wanted or name in changed}
    return await fill(page, **values)


@pytest.mark.parametrize("language", ["kk", "ru", "en"])
async def test_a_person_sees_what_may_be_asked_by_the_law_of_the_site_and_by_when(app, language):
    page = await Visitor(app, language=language).open("/requests/shop")

    assert page.status == 200
    assert page.language == language
    chosen = [link.split("type=")[1].partition("&")[0] for link in page.links if "type=" in link]
    assert set(chosen) == set(RequestType) - {RequestType.PORTABILITY}
    for link in [link for link in page.links if "type=" in link]:
        assert (await page.follow(link)).status == 200
    assert (await Visitor(app).open("/requests/shop?type=portability")).status == 404
    assert (await Visitor(app).open("/requests/shop?type=everything")).status == 404
    assert (await Visitor(app).open("/requests/nowhere")).status == 404


@pytest.mark.parametrize("type_", [one for one in RequestType if one is not RequestType.PORTABILITY])
async def test_every_type_is_opened_by_its_own_short_form_and_followed(app, desk, type_):
    page = await ask(app, type_)

    assert page.status == 200
    assert "/requests/shop/" in page.url
    case = desk.case()
    assert case.request.type is type_
    waits = case.request.needs.start > Level.NOTHING
    assert case.request.state is (State.AWAITING_VERIFICATION if waits else State.RECEIVED)
    assert case.request.number in page.text
    assert (case.request.rule.source in page.text) is case.request.rule.law  # a promise of ours is never called law
    assert page.offers("verify") is waits
    for personal in (AIGERIM.name, AIGERIM.email, AIGERIM.phone, "Line one"):
        assert personal not in page.text
    asked_for_name = type_ not in {"objection", "consent_withdrawal", "information"}
    assert case.person.name == (AIGERIM.name if asked_for_name else "")
    assert case.person.details == "Line one\nline two"


async def test_the_whole_way_by_the_link_in_the_letter(app, desk):
    first = await ask(app, receipt="")
    letter = desk.letter()
    opened = await Visitor(app).open(letter.letter.link)
    scanner = Visitor(app)
    for _ in range(2):
        looked = await scanner.open(letter.letter.link)
        assert looked.offers("confirm")
        assert "<dd>Access</dd>" in looked.text
        assert f"<dd>{desk.requests()[0].number}</dd>" in looked.text
    assert desk.requests()[0].level is Level.NOTHING  # opening a link proves nothing

    page = await (await Visitor(app).open(letter.letter.link)).press("confirm")

    (request,) = desk.requests()
    assert (request.level, request.state) == (Level.MAILBOX, State.IN_PROGRESS)
    assert "8 January 2027" in page.text
    assert page.url.partition("?")[0] != first.url.partition("?")[0]
    moved = await Visitor(app).open(first.url)
    assert moved.status == 410
    assert "This page has moved" in moved.text
    assert (await Visitor(app).open(f"{first.url.partition('?')[0]}/complaint")).status == 410
    assert (await fill(first, "cancel")).status == 410
    for used in (await opened.press("confirm"), await Visitor(app).open(letter.letter.link)):
        assert used.status == 410
        assert "This letter can no longer be used" in used.text
        assert "Take the newest letter" in used.text


async def test_the_whole_way_by_digits_to_the_package(app, desk):
    page = await ask(app)
    digits = desk.letter().letter.digits
    wrong = await fill(page, "verify", digits="0000 0000")
    assert wrong.status == 409
    assert "not the digits" in wrong.text
    page = await fill(wrong, "verify", digits=f" {digits[:4]} {digits[4:]} ")
    assert not page.offers("verify")
    page = await fill(page, "message", words="When will it be?\r\nThank you")
    assert "When will it be?\nThank you" in page.text
    (request,) = desk.requests()
    desk.db.apply(proving.vouch, desk.office, request.ref, DANA, Level.MATCHED, "She is a customer")
    desk.db.apply(service.complete, desk.office, request.ref, DANA, "Here <b>it</b> is.")

    page = await page.visitor.open(page.url)
    assert "Here &lt;b&gt;it&lt;/b&gt; is." in page.text
    for left in (2, 1, 0):
        package = await fill(page, "download")
        assert package.headers["content-type"] == "application/zip"
        assert package.headers["content-disposition"].startswith('attachment; filename="request-shop-')
        assert zipfile.ZipFile(io.BytesIO(package.response.content)).testzip() is None
        again = await page.visitor.open(page.url)
        assert (f"Downloads left: {left}" in again.text) is (left > 0)
    assert (await fill(page, "download")).status == 410


async def test_digits_typed_on_the_page_of_a_stranger_lock_the_stranger_out(app, desk):
    """Eve asks in Aigerim's name; Aigerim is led to Eve's page, and types the digits of her letter there."""
    eves = await ask(app)
    aigerims = await Visitor(app).open(eves.url)

    aigerims = await fill(aigerims, "verify", digits=desk.letter().letter.digits)

    assert aigerims.status == 200
    assert "It is being worked on." in aigerims.text
    assert aigerims.url.partition("?")[0] != eves.url.partition("?")[0]
    for eve in (await Visitor(app).open(eves.url), await fill(eves, "cancel")):
        assert eve.status == 410
    assert "This page has moved" in (await Visitor(app).open(eves.url)).text
    assert aigerims.url.partition("?")[0] in desk.letter().letter.link


async def test_a_receipt_withdraws_at_once_and_nobody_has_to_say_who_they_are(app, desk):
    visitor = Visitor(app)
    page = await (await visitor.frame("/embed/shop?lang=en", SHOP)).press("accept_all")
    receipt = await page.follow("/receipt/")
    choose = await receipt.follow("/requests/shop")
    form = await choose.follow("type=consent_withdrawal")
    assert {element.get("type") for element in Reader(form.text).all("input", "textarea")} == {"hidden"}

    page = await form.press("open")

    assert "It is done." in page.text
    (request,) = desk.requests()
    assert (request.state, request.type) == (State.COMPLETED, RequestType.CONSENT_WITHDRAWAL)
    last = ledger(app)[-1].receipt
    assert (last.method, last.decision.granted, last.previous) == ("withdraw", frozenset(), ledger(app)[0].receipt.id)
    assert not desk.letters()
    cookie = await visitor.load("/release/shop/ga.gif", "image", SHOP)
    assert cookie.status_code != 302  # the gate has heard of it
    again = await form.press("open")
    assert "It is done." in again.text
    assert len(ledger(app)) == 2


async def test_a_withdrawal_that_others_carry_out_too_takes_effect_here_at_once_and_is_answered_when_they_have(
    app, desk
):
    employ_processors(app)
    await until(lambda: app.catalogue.offer("shop").site.processors)
    visitor = Visitor(app)
    page = await (await visitor.frame("/embed/shop?lang=en", SHOP)).press("accept_all")
    form = await (await (await page.follow("/receipt/")).follow("/requests/shop")).follow("type=consent_withdrawal")

    page = await form.press("open")

    assert not ledger(app)[-1].receipt.decision.granted
    assert "It is received." in page.text
    assert "Your consent is withdrawn." in page.text
    assert "Delivery service" in page.text
    assert "It has been asked." in page.text
    assert "Call the request off" not in page.text
    form = page.form("message")
    called_off = await page.visitor.submit(page.place, form, "message", fields=[*form.hidden, ("act", "cancel")])
    assert called_off.status == 409
    delivery = caller(app, site="shop", processor="delivery")
    (task,) = (await delivery.get("/v1/sites/shop/tasks")).json()["items"]
    sought = (await delivery.get(f"/v1/sites/shop/tasks/{task['task_id']}/subject")).json()
    assert [one["identity_type"] for one in sought["subject_identities"]] == ["receipt"]
    done = f"/v1/sites/shop/tasks/{task['task_id']}/complete"
    await delivery.post(done, {"result": "done"}, headers={"if-match": "*"})

    page = await visitor.open(page.url)
    assert "It is done." in page.text
    assert "those who process data for this site have stopped too" in page.text


async def test_who_proved_only_a_mailbox_reads_why_others_are_not_asked_yet(app, desk):
    employ_processors(app)
    await until(lambda: app.catalogue.offer("shop").site.processors)
    await ask(app, "erasure")

    page = await (await Visitor(app).open(desk.letter().letter.link)).press("confirm")

    assert "before they are asked, the operator makes sure that the data is yours" in page.text
    assert "Who else is asked" not in page.text


async def test_a_receipt_is_proof_beside_a_mailbox_and_another_sites_is_none(app, desk):
    visitor = Visitor(app)
    page = await (await visitor.frame("/embed/shop?lang=en", SHOP)).press("accept_all")
    receipt = await page.follow("/receipt/")
    form = await (await receipt.follow("/requests/shop")).follow("type=access")
    await fill(form, **EVERYTHING)
    await (await Visitor(app).open(desk.letter().letter.link)).press("confirm")

    (request,) = desk.requests()
    assert request.level is Level.MATCHED
    code = receipt.url.split("/receipt/")[1].partition("?")[0]
    assert (await visitor.open(f"/requests/news?receipt={code}")).status == 404
    assert (await visitor.open("/requests/shop?receipt=nonsense")).status == 404


async def test_nobody_reads_that_a_letter_was_written_when_the_address_has_had_its_three(app, desk):
    for _ in range(3):
        page = await ask(app)
        assert "We have written to the address you gave." in page.text

    page = await ask(app)

    assert "We have written" not in page.text
    assert "There is no letter that you could use now" in page.text
    assert "privacy@shop.example" in page.text
    assert not page.offers("verify")
    assert "its three letters for today" in (await fill(page, "resend")).text
    assert len([letter for letter in desk.letters() if letter.to == AIGERIM.email]) == 3


async def test_without_an_address_a_request_is_followed_by_its_number(app, desk):
    page = await ask(app, email="")

    assert "privacy@shop.example" in page.text
    assert not page.offers("verify")
    assert "The time stands still" not in page.text
    assert "Your mailbox is confirmed" not in page.text
    assert [letter.to for letter in desk.letters()] == ["privacy@shop.example"]


async def test_without_a_mail_server_the_pages_say_so(seeded_sqlite):
    async with running(seeded_sqlite) as app:
        page = await Visitor(app).open("/requests/shop?type=access")
        assert "This gateway sends no letters" in page.text
        opened = await ask(app)
        assert not opened.offers("verify")
        assert rows(seeded_sqlite)["mails"] == 0


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"name": " "}, "This is needed."),
        ({"email": "nobody"}, "This is not an e-mail address"),
        ({"email": "a@b.example\u202e"}, "cannot take"),
        ({"name": "a" * 201}, "This is too long."),
        ({"website": "https://spam.example"}, "must stay empty"),
        ({"capacity": "with_representative", "representative": ""}, "This is needed."),
    ],
)
async def test_what_is_missing_or_odd_is_said_beside_its_field_and_nothing_typed_is_lost(app, desk, changed, said):
    page = await ask(app, **changed)

    assert page.status == 422
    assert said in page.text
    assert "Line one\nline two" in page.text
    assert desk.requests() == []
    again = await fill(page, **{**EVERYTHING, "capacity": "myself"})
    assert again.status == 200
    assert len(desk.requests()) == 1


async def test_a_young_person_names_the_representative_who_agrees(app, desk):
    await ask(app, capacity="with_representative", representative="Гүлнар Серікқызы")

    person = desk.case().person
    assert (person.capacity, person.representative) == ("with_representative", "Гүлнар Серікқызы")


async def test_a_form_sent_twice_opens_one_request_and_leads_to_it(app, desk):
    page = await Visitor(app).open("/requests/shop?type=complaint")

    first, second = [await fill(page, **EVERYTHING) for _ in range(2)]

    assert first.url == second.url
    assert len(desk.requests()) == 1


async def test_a_form_that_is_not_ours_or_too_old_is_shown_again_with_what_was_typed(app, desk):
    news = await Visitor(app).open("/requests/news?type=access")
    token = dict(news.form("open").hidden)["token"]
    page = await Visitor(app).open("/requests/shop?type=access")
    form = page.form("open")
    for wrong in ("", "x.y", token):
        hidden = [(name, wrong if name == "token" else value) for name, value in form.hidden]
        again = await page.visitor.submit(page.place, form, "open", fields=[*hidden, *EVERYTHING.items()])
        assert again.status == 409
        assert AIGERIM.name in again.text
    complaint = await Visitor(app).open("/requests/shop?type=complaint")
    hidden = dict(form.hidden) | {"token": dict(complaint.form("open").hidden)["token"]}
    again = await page.visitor.submit(page.place, form, "open", fields=[*hidden.items(), *EVERYTHING.items()])
    assert again.status == 409
    assert desk.requests() == []


async def test_another_page_cannot_post_in_a_persons_name(app, desk):
    page = await ask(app, "complaint")
    for posted in (page, await Visitor(app).open("/requests/shop?type=complaint")):
        button = "cancel" if posted is page else "open"
        form = posted.form(button)
        for said in ({"origin": "https://eve.example"}, {"sec_fetch_site": "cross-site"}, {"origin": "null"}):
            answer = await page.visitor.submit(
                posted.place, form, button, fields=[*form.hidden, ("act", button)], **said
            )
            assert answer.status == 403
    (request,) = desk.requests()
    assert request.state is State.RECEIVED


async def test_an_act_that_is_none_changes_nothing_and_a_code_that_is_none_is_not_found(app, desk):
    page = await ask(app, "complaint")
    form = page.form("cancel")
    for act in ("complete", "", "erase", "verify "):
        answer = await page.visitor.submit(page.place, form, "cancel", fields=[("act", act)])
        assert answer.status == 400
    for code in ("nothing", "a~b~c", page.url.rpartition("/")[2].partition("?")[0][:-1]):
        assert (await page.visitor.open(f"/requests/shop/{code}")).status == 404
    address = page.url.replace("/requests/shop/", "/requests/news/")
    assert (await page.visitor.open(address)).status == 404
    assert (await page.visitor.open("/requests/shop/confirm/nothing")).status == 404
    assert desk.requests()[0].state is State.RECEIVED


@pytest.mark.parametrize("language", ["kk", "ru"])
async def test_where_the_time_comes_from_is_said_in_the_reader_s_language(app, desk, language):
    form = await Visitor(app, language=language).open("/requests/shop?type=access")
    page = await ask(app, "access", language=language)
    letter = await page.follow("/complaint")

    rule = desk.case().request.rule
    for shown in (form, page, letter):
        assert f"<span>{rule.cited[language]}</span>" in shown.text
        assert rule.source not in shown.text


async def test_a_request_can_be_called_off_and_a_letter_to_the_authority_printed(app, desk):
    page = await ask(app, "complaint")
    letter = await page.follow("/complaint")
    assert "Ministry of Artificial Intelligence" in letter.text
    assert "240140012342" in letter.text
    assert AIGERIM.name not in letter.text

    page = await fill(page, "cancel")

    assert "It was called off." in page.text
    assert not page.offers("cancel")
    assert desk.requests()[0].state is State.CANCELLED


async def test_what_comes_after_the_end_is_answered_in_words_and_leads_nowhere_round(app, desk):
    page = await ask(app)
    letter = desk.letter()
    opened = await Visitor(app).open(letter.letter.link)
    (request,) = desk.requests()
    desk.db.apply(service.reject, desk.office, request.ref, DANA, Reason.NOT_PROVEN, "It is not you.")

    for button, typed in (("message", {"words": "Why?"}), ("cancel", {}), ("verify", {"digits": "1"}), ("resend", {})):
        late = await fill(page, button, **typed)
        assert late.status == 409
        assert "This request is closed." in late.text
        assert "It is not you." in late.text
    for over in (await opened.press("confirm"), await Visitor(app).open(letter.letter.link)):
        assert over.status == 410
        assert "This request is closed" in over.text
    assert [text.words for text in desk.case().texts] == ["It is not you."]


async def test_somebody_who_opens_request_after_request_is_told_to_wait(app, desk):
    for _ in range(10):
        assert (await ask(app, "complaint")).status == 200

    page = await ask(app, "complaint")

    assert page.status == 429
    assert int(page.headers["retry-after"]) > 0
    assert len(desk.requests()) == 10


async def test_the_answer_is_the_same_whether_or_not_anybody_is_known(app, desk):
    await ask(app, "access")
    known = await ask(app, "access")
    stranger = await ask(app, "access", email="stranger@mail.example", name="Nobody")

    def shape(page):
        return [
            (element.tag, element.get("value") if element.tag == "button" else "")
            for element in Reader(page.text).elements
        ]

    assert shape(known) == shape(stranger)


async def test_nothing_of_a_person_is_in_the_log_or_in_the_addresses(app, desk, caplog):
    page = await ask(app)
    await fill(page, "verify", digits="00000000")
    await fill(page, "message", words="Words of Aigerim")

    for personal in (AIGERIM.name, AIGERIM.email, "Words of Aigerim", AIGERIM.phone):
        assert personal not in caplog.text
        assert personal not in page.url


@pytest.mark.parametrize(
    ("profile", "named", "said"),
    [
        ("kz", "Blocking", "the terms of its processing were breached"),
        ("eu", "Restriction", "rests on legitimate interests, to direct marketing at any time"),
        ("uk", "Restriction", "rests on legitimate interests, to direct marketing at any time"),
        ("us-ca", "Opt-out of sale and sharing", "the sale and sharing of your data"),
    ],
)
def test_a_right_is_called_on_every_page_as_the_law_of_the_site_calls_it(profile, named, said):
    site, types = replace(SHOP_AT_HOME, profile=profile), (RequestType.RESTRICTION, RequestType.OBJECTION)

    assert named in {title(type_, site, "en") for type_ in types}
    assert named in {case("en", REQUESTS[0], profile=profile).type_name(type_, profile) for type_ in types}
    assert any(said in sentence(type_, site, "en") for type_ in types)


async def test_the_full_page_and_the_policy_lead_to_it(app):
    visitor = Visitor(app)
    page = await visitor.open("/consent/shop?lang=en")
    assert (await page.follow("/requests/shop")).status == 200
    policy = await page.follow("/policy/")
    assert (await policy.follow("/requests/shop")).status == 200


@pytest.mark.parametrize(
    ("language", "why"),
    [("kk", "сот сақтауды міндеттеді"), ("ru", "суд обязал это сохранить"), ("en", "a court has ordered to keep it")],
)
async def test_a_person_reads_that_something_is_locked_and_why_and_never_the_operator_s_words(app, desk, language, why):
    page = await ask(app, "complaint", language)
    (request,) = desk.requests()
    assert why not in page.text
    day = date(2027, 6, 1)
    placed = desk.db.apply(locking.hold, desk.office, request.ref, DANA, Ground.COURT, "Ruling 12 on Bolat", day)

    page = await page.visitor.open(page.url)

    assert why in page.text
    assert long_day(day, language) in page.text
    assert "Ruling 12" not in page.text
    desk.db.apply(locking.release, desk.office, request.ref, DANA, placed.number, "It was set aside.")
    assert why not in (await page.visitor.open(page.url)).text


async def test_who_erases_reads_what_stays_before_and_after(app, desk):
    earlier = await ask(app, "restriction")
    digits = desk.letter().letter.digits
    await fill(earlier, "verify", digits=digits)
    (held,) = desk.requests()
    desk.db.apply(service.complete, desk.office, held.ref, DANA, "It is blocked.")
    desk.db.apply(locking.hold, desk.office, held.ref, DANA, Ground.DISPUTE, "Claim 7")
    desk.letters()
    page = await ask(app, "erasure")
    assert "What is locked, and why" not in page.text  # anybody may type an address

    page = await fill(page, "verify", digits=desk.letter().letter.digits)

    assert "it is needed as proof in a dispute" in page.text
    (request,) = [one for one in desk.requests() if one.type is RequestType.ERASURE]
    for actor in (DANA, YERLAN):
        desk.db.apply(service.erase, desk.office, request.ref, actor, "As she asked.")
    page = await page.visitor.open(page.url)
    assert "It is done." in page.text
    assert "What stays" in page.text
    assert "what a law, a court, an authority or a dispute requires to be kept" in page.text
