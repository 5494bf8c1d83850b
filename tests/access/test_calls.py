"""A call from its first byte to its answer: who may, what is read, what is done once, and what went wrong."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from consentgw.access.model import Scope
from consentgw.access.operations import operation
from consentgw.http import bodies, limits
from consentgw.http.connection import Connection
from tests.caller import Caller, caller, code
from tests.gateway import digest, rows

pytestmark = pytest.mark.anyio

NEW = {"name": "Shop back end", "scopes": ["standing:read"]}


async def test_a_key_opens_what_its_scopes_say_and_nothing_else(gateway):
    shop = caller(gateway, Scope.SITES_READ)

    assert (await shop.get("/v1/sites/shop")).json()["name"] == "Дана дүкені"
    assert code(await shop.get("/v1/keys")) == (403, "forbidden")
    assert code(await shop.post("/v1/keys", NEW)) == (403, "forbidden")


@pytest.mark.parametrize("said", ["", "Bearer", "Bearer ", "Basic ZGFuYTpkYW5h", "Bearer cg_live_x", "Bearer \xff"])
async def test_without_a_key_nothing_opens(gateway, said):
    answer = await Caller(gateway).get("/v1/sites", headers={"authorization": said.encode("latin-1")} if said else {})

    assert code(answer) == (401, "unauthenticated")
    assert answer.headers["www-authenticate"] == 'Bearer realm="consentgw"'


async def test_a_key_with_another_secret_or_another_check_opens_nothing(gateway):
    dana = caller(gateway)
    other = caller(gateway)
    forged = dana.text[:19] + other.text[19:]

    for text in (forged, dana.text[:-1] + ("0" if dana.text[-1] != "0" else "1")):
        assert code(await Caller(gateway, text).get("/v1/sites")) == (401, "unauthenticated")


async def test_a_revoked_key_and_an_expired_one_open_nothing(gateway):
    dana = caller(gateway)
    brief = caller(gateway, life=timedelta(minutes=1))
    bolat = caller(gateway)
    assert (await bolat.get("/v1/sites")).status_code == 200

    assert (await dana.post(f"/v1/keys/{bolat.key.id}/revoke")).json() == {"revoked": [bolat.key.id]}

    assert code(await bolat.get("/v1/sites")) == (401, "unauthenticated")
    assert (await brief.get("/v1/sites")).status_code == 200


async def test_the_same_request_with_the_same_key_is_carried_out_once(gateway):
    dana = caller(gateway)

    first = await dana.post("/v1/keys", NEW, once="a")
    again = await dana.post("/v1/keys", NEW, once="a")

    assert first.status_code == again.status_code == 201
    assert (again.content, again.headers["location"]) == (first.content, first.headers["location"])
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == "true"
    assert rows(gateway.settings)["trail"] == 1


async def test_the_same_key_with_another_request_is_refused_and_changes_nothing(gateway):
    dana = caller(gateway)
    await dana.post("/v1/keys", NEW, once="a")
    before = digest(gateway.settings)

    answer = await dana.post("/v1/keys", {**NEW, "name": "Another"}, once="a")

    assert code(answer) == (422, "idempotency_key_reused")
    assert digest(gateway.settings) == before


async def test_the_same_key_of_another_caller_is_another(gateway):
    dana, bolat = caller(gateway), caller(gateway)

    first = await dana.post("/v1/keys", NEW, once="a")
    second = await bolat.post("/v1/keys", NEW, once="a")

    assert first.json()["key"]["id"] != second.json()["key"]["id"]


async def test_twenty_at_once_with_one_key_are_carried_out_once(gateway):
    dana = caller(gateway)

    answers = await asyncio.gather(*(dana.post("/v1/keys", NEW, once="a") for _ in range(20)))

    made = {answer.content for answer in answers if answer.status_code == 201}
    assert len(made) == 1
    assert {code(answer) for answer in answers if answer.status_code != 201} <= {(409, "idempotency_in_flight")}
    assert rows(gateway.settings)["replies"] == 1


async def test_what_failed_may_be_sent_again_with_the_same_key(gateway):
    dana = caller(gateway)
    assert code(await dana.post("/v1/keys", {**NEW, "site": "nowhere"}, once="a")) == (404, "not_found")

    assert (await dana.post("/v1/keys", NEW, once="a")).status_code == 201


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", "/v1/keys", "GET, HEAD, POST"),
        ("POST", "/v1/sites/shop", "GET, HEAD, PUT"),
        ("GET", "/v1/keys/0123456789/roll", "POST"),
        ("OPTIONS", "/v1/audit", "GET, HEAD"),
    ],
)
async def test_another_method_is_told_every_method_there_is(gateway, method, path, allowed):
    answer = await caller(gateway).call(method, path)

    assert code(answer) == (405, "method_not_allowed")
    assert answer.headers["allow"] == allowed


async def test_head_tells_what_get_would_and_sends_no_body(gateway):
    dana = caller(gateway)

    read, head = await dana.get("/v1/sites/shop"), await dana.call("HEAD", "/v1/sites/shop")

    assert head.status_code == 200
    assert head.content == b""
    for name in ("content-length", "content-type", "etag"):
        assert head.headers[name] == read.headers[name]


async def test_what_is_known_already_is_not_sent_again(gateway):
    dana = caller(gateway)
    tag = (await dana.get("/v1/sites/shop")).headers["etag"]

    answer = await dana.get("/v1/sites/shop", headers={"if-none-match": f'"other", W/{tag}'})

    assert (answer.status_code, answer.content) == (304, b"")


async def test_an_unknown_address_is_a_problem_document_for_a_program_and_a_page_for_a_person(gateway):
    assert code(await Caller(gateway).get("/v1/nothing")) == (404, "not_found")
    assert (await Caller(gateway).get("/nothing")).headers["content-type"].startswith("text/html")


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({"content": b"{"}, (400, "malformed")),
        ({"content": b'{"name":"a","name":"b","scopes":[]}'}, (400, "malformed")),
        ({"content": b'{"name":"\xff"}'}, (400, "malformed")),
        ({"json": NEW, "headers": {"content-type": "text/plain"}}, (415, "unsupported_media_type")),
        ({"content": b"[" * 70_000}, (413, "too_large")),
        ({"json": {**NEW, "source": "eve"}}, (422, "invalid")),
        ({"json": {**NEW, "scopes": []}}, (422, "invalid")),
        ({"json": {**NEW, "name": "a\nb"}}, (422, "invalid")),
        ({"json": NEW, "headers": {"idempotency-key": '"'}}, (400, "malformed")),
    ],
)
async def test_what_cannot_be_read_is_told_by_its_place_and_never_repeated(gateway, said, expected):
    answer = await caller(gateway).call("POST", "/v1/keys", **said)

    assert code(answer) == expected
    assert "eve" not in answer.text
    assert rows(gateway.settings)["trail"] == 0


async def test_a_field_is_named_by_a_json_pointer(gateway):
    answer = await caller(gateway).post("/v1/keys", {"name": "x", "scopes": ["keys:read", "everything"], "eve": 1})

    places = [fault["pointer"] for fault in answer.json()["errors"]]
    assert places == ["#/scopes/1", "#"]


@pytest.mark.parametrize("query", ["limit=0", "limit=1&limit=1", "limit=x", "limit= 1", "page=2", "cursor=%00"])
async def test_a_parameter_that_cannot_be_meant_is_refused(gateway, query):
    answer = await caller(gateway).get(f"/v1/keys?{query}")

    assert code(answer)[0] in {400, 404, 422}


async def test_a_cursor_that_is_none_of_ours_leads_to_no_page(gateway):
    for cursor in ("e30", "0", "bnVsbA", "WzFd"):
        answer = await caller(gateway).get(f"/v1/keys?cursor={cursor}")

        assert code(answer) == (404, "not_found"), cursor


async def test_a_whole_number_is_an_integer_however_it_is_written(gateway):
    for days, status in (("3", 201), ("3.0", 201), ("3e1", 201), ("3.5", 422), ("1e300", 422), ('"3"', 422)):
        body = f'{{"name": "x", "scopes": ["keys:read"], "life_days": {days}}}'
        answer = await caller(gateway).post("/v1/keys", content=body)

        assert answer.status_code == status, days


async def test_a_list_is_read_page_by_page_without_gap_or_repetition(gateway):
    dana = caller(gateway)
    ids = {caller(gateway).key.id for _ in range(6)} | {dana.key.id}
    found, address = [], "/v1/keys?limit=3"

    while address:
        answer = await dana.get(address)
        found += [key["id"] for key in answer.json()["items"]]
        address = answer.json()["next"]
        assert answer.headers.get("link") == (f'<{address}>; rel="next"' if address else None)

    assert found == sorted(ids)


async def test_every_answer_tells_what_is_left_of_the_budget(gateway):
    dana = caller(gateway)
    answer = await dana.get("/v1/sites")
    assert answer.headers["ratelimit-policy"] == '"calls";q=6000;w=60'
    assert answer.headers["ratelimit"].startswith('"calls";r=5999;t=')


async def test_a_key_that_has_called_too_often_is_told_when_it_may_again(gateway, monkeypatch):
    dana = caller(gateway)
    assert (await dana.get("/v1/sites")).status_code == 200
    monkeypatch.setattr(limits.Limits, "take", _nothing_left)
    refused = await dana.get("/v1/sites")
    assert code(refused) == (429, "too_many")
    assert refused.headers["ratelimit-policy"] == '"calls";q=6000;w=60'
    assert refused.headers["ratelimit"] == '"calls";r=0;t=7'
    assert refused.headers["retry-after"] == "7"


async def _nothing_left(_, budget, *who):
    raise limits.Spent(budget, 7)


async def test_strangers_are_counted_by_their_address_and_hold_up_nobody_else(gateway):
    dana = caller(gateway)
    eve = Caller(gateway, address="203.0.113.7")

    answers = [code(await eve.get("/v1/sites")) for _ in range(62)]

    assert answers[:60] == [(401, "unauthenticated")] * 60
    assert answers[60:] == [(429, "too_many")] * 2
    refused = (await eve.get("/v1/sites")).headers
    assert refused["ratelimit-policy"] == '"strangers";q=60;w=60'
    assert refused["ratelimit"] == f'"strangers";r=0;t={refused["retry-after"]}'
    assert code(await Caller(gateway, address="203.0.113.8").get("/v1/sites")) == (401, "unauthenticated")
    assert (await dana.get("/v1/sites")).status_code == 200


def test_an_operation_that_takes_more_than_the_server_does_cannot_be_written():
    said = {"tag": "Keys", "scope": Scope.KEYS_WRITE, "answers": None}

    assert operation("POST /v1/keys", **said, limit=bodies.LARGEST)
    assert Connection.body_bytes == bodies.LARGEST
    with pytest.raises(TypeError, match="ever arrives"):
        operation("POST /v1/keys", **said, limit=bodies.LARGEST + 1)
