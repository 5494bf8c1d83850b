"""Joining and signing in at the house's own identity provider, from the desk's door and back to it."""

from __future__ import annotations

import httpx
import pytest
from pydantic import SecretStr

from consentgw.operators.door import SESSION
from tests.desk.colleague import Colleague
from tests.gateway import running
from tests.operators.desk import dana
from tests.operators.identity import CLIENT, SECRET, provider

pytestmark = pytest.mark.anyio


@pytest.fixture
def identity():
    with provider() as one:
        yield one


@pytest.fixture
async def app(identity, seeded_sqlite):
    known = {"oidc_issuer": identity.issuer, "oidc_client_id": CLIENT, "oidc_client_secret": SecretStr(SECRET)}
    async with running(seeded_sqlite.model_copy(update=known)) as gateway:
        yield gateway


async def through(colleague, address="/desk/sign-in/elsewhere"):
    """Go to the provider and come back; return the page that one comes back to."""
    left = await colleague.open(address)
    async with httpx.AsyncClient() as browser:
        back = (await browser.get(left.headers["location"])).headers["location"]
    return await colleague.open(back.removeprefix(colleague.origin))


async def test_whoever_was_invited_joins_there_and_signs_in_there(app):
    colleague = Colleague(app)
    invitation = colleague.invitation(dana()).removeprefix("/desk/join/")
    assert (await colleague.open(f"/desk/join/{invitation}")).says("Join with your organisation's account")

    page = await through(colleague, f"/desk/sign-in/elsewhere?invitation={invitation}")

    assert page.says("You are signed in")
    assert page.headers["refresh"] == "0; url=/desk"
    assert (await colleague.open("/desk")).status == 200
    again = Colleague(app)
    assert (await again.open("/desk/sign-in")).says("Sign in with your organisation's account")
    assert (await through(again)).says("You are signed in")
    assert (await again.open("/desk")).url == "/desk"


async def test_an_invitation_is_taken_up_once_there_too(app):
    colleague = Colleague(app)
    invitation = colleague.invitation(dana()).removeprefix("/desk/join/")
    await through(colleague, f"/desk/sign-in/elsewhere?invitation={invitation}")
    again = Colleague(app)

    page = await through(again, f"/desk/sign-in/elsewhere?invitation={invitation}")

    assert page.status == 409
    assert page.says("This invitation lets nobody in any more")
    assert SESSION not in again.cookies


async def test_a_person_of_the_house_who_was_never_invited_is_not_let_in(app):
    stranger = Colleague(app)

    page = await through(stranger)

    assert page.status == 401
    assert page.says("That did not work.")
    assert SESSION not in stranger.cookies


async def test_who_comes_back_without_having_left_is_not_let_in(app):
    eve = Colleague(app)

    page = await eve.open("/desk/sign-in/back?code=x&state=y")

    assert page.status == 401
    assert SESSION not in eve.cookies


async def test_an_invitation_nobody_wrote_leads_nowhere(app):
    assert (await Colleague(app).open("/desk/sign-in/elsewhere?invitation=eve")).status == 404


async def test_a_house_without_a_provider_has_no_such_address(embedded):
    assert (await Colleague(embedded).open("/desk/sign-in/elsewhere")).status == 404
