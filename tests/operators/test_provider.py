"""Whom the gateway believes when an identity provider says who somebody is."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from joserfc.jwk import OctKey, RSAKey

from consentgw.errors import Unauthenticated, Unavailable
from consentgw.operators.provider import BACK, Client, Provider
from consentgw.operators.store import Elsewhere
from tests.operators.identity import CLIENT, SECRET, provider

pytestmark = pytest.mark.anyio

ORIGIN = "https://consent.example"


@pytest.fixture
def identity():
    with provider() as running:
        yield running


@pytest.fixture
def house(identity):
    return Provider(Client(identity.issuer, CLIENT, SECRET), ORIGIN, (b"k" * 32,))


async def went(house, invitation=""):
    """Go to the provider; return what the browser kept and brings back."""
    address, kept = await house.send(invitation)
    async with httpx.AsyncClient() as browser:
        back = urlsplit((await browser.get(address)).headers["location"])
    assert f"{back.scheme}://{back.netloc}{back.path}" == f"{ORIGIN}{BACK}"
    brought = {name: values[0] for name, values in parse_qs(back.query).items()}
    return kept, brought["state"], brought["code"]


async def test_somebody_goes_and_comes_back_as_who_they_are(house, identity):
    arrived = await house.receive(*await went(house))

    assert arrived.who == Elsewhere(identity.issuer, identity.person)
    assert arrived.invitation == ""


async def test_an_invitation_comes_back_with_whom_it_went(house):
    assert (await house.receive(*await went(house, "invitation"))).invitation == "invitation"


async def test_the_provider_is_asked_for_a_fresh_proof_and_believed_as_to_when_it_was(house, identity):
    identity.claims = {"auth_time": int(time.time()) - 500}

    proven_at = (await house.receive(*await went(house))).proven_at

    assert identity.asked["max_age"] == "600"
    assert proven_at == datetime.fromtimestamp(identity.claims["auth_time"], UTC)


@pytest.mark.parametrize("said", [None, "now", True, -1, 1e300])
async def test_a_proof_whose_time_the_provider_does_not_say_is_none(house, identity, said):
    identity.claims = {"auth_time": said}

    assert (await house.receive(*await went(house))).proven_at is None


async def test_no_proof_lies_in_the_future(house, identity):
    identity.claims = {"auth_time": 2**60}

    assert (await house.receive(*await went(house))).proven_at <= datetime.now(UTC)


async def test_a_code_counts_once(house):
    back = await went(house)
    await house.receive(*back)

    with pytest.raises(Unauthenticated):
        await house.receive(*back)


async def test_whoever_did_not_leave_from_this_browser_is_not_let_in(house):
    kept, state, code = await went(house)
    elsewhere, _, _ = await went(house)

    for doubtful in (("", state, code), (elsewhere, state, code), (kept, state + "x", code), (kept, "", code)):
        with pytest.raises(Unauthenticated):
            await house.receive(*doubtful)


async def test_whoever_was_away_too_long_begins_again(house, monkeypatch):
    back = await went(house)
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 601)

    with pytest.raises(Unauthenticated):
        await house.receive(*back)


LIES = {
    "another issuer": {"iss": "https://eve.example"},
    "another audience": {"aud": "somebody else"},
    "several audiences": {"aud": [CLIENT, "somebody else"]},
    "expired": {"exp": 1},
    "no end": {"exp": None},
    "another sign-in": {"nonce": "another"},
    "no sign-in": {"nonce": None},
    "nobody": {"sub": None},
}


@pytest.mark.parametrize("claims", LIES.values(), ids=LIES)
async def test_a_word_that_is_not_meant_for_this_sign_in_is_not_believed(house, identity, claims):
    identity.claims = claims

    with pytest.raises(Unauthenticated):
        await house.receive(*await went(house))


FORGERIES = {
    "unsigned": ({"alg": "none"}, None),
    "with a shared secret": ({"alg": "HS256", "kid": "one"}, OctKey.import_key(SECRET * 4)),
    "with a key of somebody else": ({"alg": "RS256", "kid": "one"}, RSAKey.generate_key(2048)),
    "with a key nobody published": (
        {"alg": "RS256", "kid": "two"},
        RSAKey.generate_key(2048, parameters={"kid": "two"}),
    ),
}


@pytest.mark.parametrize("forgery", FORGERIES.values(), ids=FORGERIES)
async def test_a_word_that_the_provider_did_not_sign_is_not_believed(house, identity, forgery):
    identity.header, identity.signs = forgery

    with pytest.raises(Unauthenticated):
        await house.receive(*await went(house))


async def test_a_key_that_is_new_is_asked_for(house, identity):
    await house.receive(*await went(house))
    identity.key = identity.signs = RSAKey.generate_key(2048, parameters={"kid": "two"})
    identity.header = {"alg": "RS256", "kid": "two"}

    assert await house.receive(*await went(house))


async def test_a_wrong_secret_between_us_lets_nobody_in(identity):
    house = Provider(Client(identity.issuer, CLIENT, "guessed"), ORIGIN, (b"k" * 32,))

    with pytest.raises(Unauthenticated):
        await house.receive(*await went(house))


async def test_a_provider_that_does_not_answer_is_said_to(identity):
    with pytest.raises(Unavailable):
        await Provider(Client("http://127.0.0.1:9", CLIENT, SECRET), ORIGIN, (b"k" * 32,)).send()


async def test_a_provider_that_calls_itself_something_else_is_not_the_one_we_know(identity):
    house = Provider(Client(f"{identity.issuer}/", CLIENT, SECRET), ORIGIN, (b"k" * 32,))

    with pytest.raises(Unavailable):
        await house.send()
