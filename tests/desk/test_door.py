"""The desk's door: who gets in, who does not, and what it says."""

from __future__ import annotations

import re

import pytest

from consentgw.operators.door import SESSION
from consentgw.operators.model import Role
from tests.desk.colleague import Colleague
from tests.operators.desk import PASSWORD, code
from tests.operators.desk import dana as invited

pytestmark = pytest.mark.anyio


@pytest.fixture
async def dana(gateway):
    """Dana, who has joined and is signed in."""
    colleague = Colleague(gateway)
    page = await colleague.join()
    assert page.says("You have joined")
    return colleague


async def test_nobody_sees_the_desk_without_signing_in(embedded):
    page = await Colleague(embedded).open("/desk")

    assert page.url == "/desk/sign-in?next=%2Fdesk"
    assert page.says("Sign in to the desk")


async def test_whoever_joins_is_at_the_desk(dana):
    assert (await dana.open("/desk")).says("Nothing here waits for an answer.")
    assert len(set(dana.recovery_codes)) == 10


async def test_one_signs_out_and_in_again(dana):
    page = await dana.open("/desk")
    page = await dana.send("/desk/sign-out", page.form("/desk/sign-out"))
    assert page.url == "/desk/sign-in"
    assert SESSION not in dana.cookies

    page = await dana.sign_in(code=dana.recovery_codes[0])

    assert page.url == "/desk"


async def test_signing_in_leads_on_to_where_one_was_going(dana):
    dana.cookies.clear()
    page = await dana.sign_in(code=dana.recovery_codes[0], next_="/desk/prove")

    assert page.url == "/desk/prove"


@pytest.mark.parametrize(
    "next_", ["https://eve.example/", "//eve.example", "/desk/../consent/shop", "/consent/shop", "/desk\\x"]
)
async def test_signing_in_leads_nowhere_else(dana, next_):
    dana.cookies.clear()
    page = await dana.open("/desk/sign-in")
    fields = {**page.form("/desk/sign-in"), "login": "dana", "password": PASSWORD, "code": dana.recovery_codes[0]}

    page = await dana.send("/desk/sign-in", {**fields, "next": next_})

    assert page.url == "/desk"


async def test_all_three_must_be_right_and_nobody_is_told_which_was_not(dana):
    dana.cookies.clear()
    pages = [
        await dana.sign_in(login="erlan", code=dana.recovery_codes[0]),
        await dana.sign_in(password="saddle winter apple bridges", code=dana.recovery_codes[0]),
        await dana.sign_in(code="000000"),
    ]

    assert {page.status for page in pages} == {401}
    assert all(page.says("That did not work.") for page in pages)
    assert SESSION not in dana.cookies
    assert (await dana.sign_in(code=dana.recovery_codes[0])).url == "/desk"


async def test_after_five_tries_in_a_row_the_door_waits_and_says_so(dana):
    dana.cookies.clear()
    for _ in range(5):
        await dana.sign_in(code="000000")

    page = await dana.sign_in(code=dana.recovery_codes[0])

    assert page.status == 429
    assert int(page.headers["retry-after"]) > 0
    assert SESSION not in dana.cookies


async def test_a_form_that_another_page_sends_is_refused(dana):
    page = await dana.open("/desk")
    fields = page.form("/desk/sign-out")

    for said in ({"sec-fetch-site": "cross-site"}, {"origin": "https://eve.example"}, {"origin": "null"}):
        assert (await dana.send("/desk/sign-out", fields, **said)).status == 403
    assert (await dana.send("/desk/sign-out", {**fields, "token": "eve"})).status == 403
    assert (await dana.open("/desk")).url == "/desk"


async def test_a_form_of_somebody_else_s_session_is_refused(dana, gateway):
    other = Colleague(gateway)
    await other.join(invited(Role.VIEWER, login="erlan"))
    page = await other.open("/desk")

    assert (await dana.send("/desk/sign-out", page.form("/desk/sign-out"))).status == 403


async def test_an_invitation_is_taken_up_once_and_says_so_before_anybody_types(gateway):
    eve, operator = Colleague(gateway), invited()
    address = eve.invitation(operator)
    page = await eve.open(address)
    secret = re.search(r'class="secret">([A-Z2-7 ]+)<', page.text)[1].replace(" ", "")
    typed = {**page.form(address), "password": PASSWORD, "again": PASSWORD, "code": code(secret)}
    assert (await Colleague(gateway).join(operator)).says("You have joined")

    for page in (await eve.send(address, typed), await eve.open(address)):
        assert page.status == 409
        assert page.says("This invitation lets nobody in any more")
        assert not page.offers(address)
    assert SESSION not in eve.cookies


async def test_an_invitation_for_a_login_that_is_somebody_s_lets_nobody_in(dana, gateway):
    page = await Colleague(gateway).open(dana.invitation(invited()))

    assert page.status == 409
    assert page.says("somebody else has its login by now")


async def test_an_invitation_nobody_wrote_opens_nothing(embedded):
    assert (await Colleague(embedded).open("/desk/join/eve")).status == 404


@pytest.mark.parametrize(
    "typed", [{"password": "short", "again": "short"}, {"again": f"{PASSWORD}x"}, {"code": "000000"}, {"code": ""}]
)
async def test_joining_needs_a_password_typed_twice_and_a_working_authenticator(embedded, typed):
    somebody = Colleague(embedded)

    page = await somebody.join(**typed)

    assert page.status == 422
    assert page.says("Not yet:")
    assert somebody.secret in page.text.replace(" ", "")  # the same picture: it need not be read again
    assert SESSION not in somebody.cookies


async def test_proving_again_changes_the_session(dana):
    before = dana.cookies[SESSION]
    page = await dana.open("/desk/prove?next=/desk")
    fields = {**page.form("/desk/prove"), "password": PASSWORD, "code": dana.recovery_codes[0]}

    page = await dana.send("/desk/prove", fields)

    assert page.url == "/desk"
    assert dana.cookies[SESSION] != before


@pytest.mark.parametrize(("language", "words"), [("kk", "Өтініштер үстеліне кіру"), ("ru", "Вход"), ("en", "Sign in")])
async def test_the_door_speaks_three_languages_and_remembers_the_one_chosen(embedded, language, words):
    somebody = Colleague(embedded, language="en")
    page = await somebody.open(f"/desk/sign-in?lang={language}")
    assert page.says(words)

    assert (await somebody.open("/desk/sign-in")).headers["content-language"] == language
