"""What the client does when the gateway is slow, away, busy or somebody else: on real sockets."""

from __future__ import annotations

import logging
import time
from email.utils import formatdate

import anyio
import pytest

from consentgw.client import NOTHING, AsyncClient, Client, Refused, Unreachable
from tests.client.scripted import CLOSES, DRIPS, DRIPS_HEADERS, HANGS, problem, said, scripted, taking

pytestmark = pytest.mark.anyio

SUBJECT = "0198f2b4-6f0e-7c1a-9a55-5d2c7f3e9b11"
HELD = {
    "subject": SUBJECT,
    "receipt": "0198f2b4-6f0e-7c1a-9a55-5d2c7f3e9b10",
    "sequence": 4,
    "decided_at": "2026-11-24T10:00:00Z",
    "valid_until": "2027-05-25T10:00:00Z",
    "purposes": {
        "analytics": {"allowed": True, "reason": "valid"},
        "marketing": {"allowed": False, "reason": "refused"},
    },
}
RECORD = {
    "sequence": 5,
    "receipt": {"receipt_id": "r", "pii_principal_id": SUBJECT, "granted": ["analytics"], "refused": []},
    "kid": "k",
    "signature": "s",
}
PAGE = (200, {"content-type": "text/html"}, b"<h1>Welcome to nginx!</h1>")
BUSY = problem(503, "unavailable", **{"retry-after": "0"})


class Threads:
    """The client for threads, awaited like the other."""

    def __init__(self, *given, **more):
        self._client = Client(*given, **more)

    def __getattr__(self, name):
        async def call(*given, **more):
            return getattr(self._client, name)(*given, **more)

        return call

    async def aclose(self):
        self._client.close()


@pytest.fixture(params=[Threads, AsyncClient])
async def client(request):
    """Make a client of a site, of either kind."""
    made = []

    def make(script, **given):
        made.append(request.param(script if isinstance(script, str) else script.origin, "cgk_key", "shop", **given))
        return made[-1]

    yield make
    for one in made:
        await one.aclose()


async def test_a_standing_says_what_is_allowed(client):
    with scripted(said(HELD)) as script:
        held = await client(script).standing("id:customer 4711/ж")

    [asked] = script.asked
    assert asked.path == "/v1/sites/shop/subjects/id:customer%204711%2F%D0%B6/standing"
    assert asked.headers["authorization"] == "Bearer cgk_key"
    assert (held.subject, held.sequence, held.decided_at.year) == (SUBJECT, 4, 2026)
    assert held.purposes["marketing"].reason == "refused"
    assert held.allows("analytics")
    for purposes in (("marketing",), ("analytics", "marketing"), ("unheard-of",), ()):
        assert not held.allows(*purposes)


async def test_what_is_known_is_asked_by_its_tag_and_not_sent_again(client):
    other = {**HELD, "purposes": {"analytics": {"allowed": False, "reason": "withdrawn"}}}
    with scripted(said(HELD, etag='"a"'), (304, {"etag": '"a"'}, b""), said(other, etag='"b"')) as script:
        consent = client(script)
        first, second, third = [await consent.standing(SUBJECT) for _ in range(3)]

    assert [asked.headers.get("if-none-match") for asked in script.asked] == [None, '"a"', '"a"']
    assert second == first
    assert not third.allows("analytics")


async def test_what_is_busy_for_a_moment_is_asked_again_with_the_same_idempotency_key(client):
    busy = problem(409, "idempotency_in_flight", **{"retry-after": "0"})
    with scripted(BUSY, CLOSES, busy, said(RECORD, 201)) as script:
        kept = await client(script, attempts=4).record("id:4711", {"analytics": True}, language="kk")

    assert kept.granted == {"analytics"}
    assert len({asked.headers["idempotency-key"] for asked in script.asked}) == 1
    assert script.asked[0].json == {"subject": "id:4711", "decisions": {"analytics": True}, "language": "kk"}
    assert len(script.asked) == 4


async def test_two_acts_have_two_keys_and_a_key_of_the_caller_s_own_is_kept(client):
    with scripted(said(RECORD, 201)) as script:
        consent = client(script)
        await consent.withdraw(SUBJECT)
        await consent.withdraw(SUBJECT, ["marketing"])
        await consent.withdraw(SUBJECT, once="job-7")

    keys = [asked.headers["idempotency-key"] for asked in script.asked]
    assert len(set(keys)) == 3
    assert keys[2] == '"job-7"'
    assert [asked.json for asked in script.asked[:2]] == [
        {"subject": SUBJECT},
        {"subject": SUBJECT, "purposes": ["marketing"]},
    ]


async def test_a_refusal_is_told_with_its_code_and_not_asked_again(client):
    with scripted(problem(422, "unknown_purpose")) as script, pytest.raises(Refused) as caught:
        await client(script).record("id:4711", {"fun": True})

    assert (caught.value.status, caught.value.code, len(script.asked)) == (422, "unknown_purpose", 1)


@pytest.mark.parametrize("seconds", ["1", "date"])
async def test_retry_after_is_honoured(client, seconds):
    asked_to = formatdate(time.time() + 2, usegmt=True) if seconds == "date" else seconds
    with scripted(problem(429, "rate_limited", **{"retry-after": asked_to}), said(HELD)) as script:
        began = time.monotonic()
        await client(script).standing(SUBJECT)

    assert 0.8 < time.monotonic() - began < 3


async def test_a_wait_that_is_longer_than_patience_ends_at_once(client):
    busy = problem(429, "rate_limited", **{"retry-after": "60"})
    with scripted(busy) as script, taking(2), pytest.raises(Refused, match="rate_limited"):
        await client(script).standing(SUBJECT)


@pytest.mark.parametrize(
    "answer",
    [HANGS, CLOSES, DRIPS, DRIPS_HEADERS, PAGE, said([]), said({}), (500, {}, b""), (302, {"location": "/x"}, b"")],
)
async def test_whatever_is_wrong_nothing_is_allowed_and_the_page_waits_once(client, caplog, answer):
    caplog.set_level(logging.WARNING, "consentgw.client")
    with scripted(answer) as script:
        consent = client(script, timeout=0.3)
        with taking(1.5):
            held = [await consent.holds(SUBJECT) for _ in range(20)]

    assert set(map(id, held)) == {id(NOTHING)}
    assert len(script.asked) == 1
    assert "nothing is allowed" in caplog.text


async def test_a_gateway_that_is_away_allows_nothing_and_raises_for_who_wants_to_know(client):
    with scripted(HANGS) as script:
        away = script.origin
    consent = client(away, timeout=0.3, attempts=2)

    assert await consent.holds(SUBJECT) is NOTHING
    with pytest.raises(Unreachable):
        await consent.standing(SUBJECT)


@pytest.mark.parametrize("answer", [problem(404, "not_found"), problem(422, "invalid"), (414, {}, b"too long")])
async def test_an_identifier_that_is_refused_closes_the_tags_of_nobody_else(client, answer):
    with scripted(answer, said(HELD)) as script:
        consent = client(script)
        assert await consent.holds("id:odd") is NOTHING
        assert (await consent.holds(SUBJECT)).allows("analytics")


async def test_a_gateway_that_is_busy_is_left_in_peace(client):
    with scripted(problem(429, "rate_limited"), said(HELD)) as script:
        consent = client(script)
        assert await consent.holds(SUBJECT) is NOTHING
        assert await consent.holds(SUBJECT) is NOTHING


async def test_after_a_rest_the_gateway_is_asked_again(client):
    with scripted(CLOSES, said(HELD)) as script:
        consent = client(script)
        assert await consent.holds(SUBJECT) is NOTHING
        await anyio.sleep(1.1)
        assert (await consent.holds(SUBJECT)).allows("analytics")


async def test_nobody_is_allowed_nothing_and_nobody_is_asked(client):
    with scripted(said(HELD)) as script:
        consent = client(script)
        assert await consent.holds(None) is NOTHING
        assert await consent.holds("") is NOTHING

    assert script.asked == []


async def test_a_revoked_key_allows_nothing(client):
    with scripted(problem(401, "unauthenticated")) as script:
        assert await client(script).holds(SUBJECT) is NOTHING


async def test_only_true_allows(client):
    odd = {
        **HELD,
        "purposes": {name: {"allowed": value, "reason": "valid"} for name, value in {"a": 1, "b": "true"}.items()},
    }
    with scripted(said(odd)) as script:
        held = await client(script).standing(SUBJECT)

    assert not held.allows("a")
    assert not held.allows("b")


async def test_an_endless_answer_is_left(client):
    endless = (200, {"content-type": "application/json"}, b" " * (5 << 20))
    with scripted(endless) as script, taking(3), pytest.raises(Unreachable):
        await client(script, attempts=1).standing(SUBJECT)
