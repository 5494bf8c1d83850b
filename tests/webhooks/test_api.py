"""A partner's program looks after its endpoints, and sees what became of every message."""

from __future__ import annotations

import json

import pytest

from consentgw.access.model import Scope
from consentgw.webhooks import model
from tests.caller import caller, code
from tests.gateway import SHOP, ledger, rows, running
from tests.subject_requests.asking import employ_processors
from tests.visitor import Visitor
from tests.webhooks.receivers import answering, in_turn, receiving, until
from tests.webhooks.test_model import BAD_ADDRESSES
from tests.webhooks.verifying import by_public_key, by_secret

pytestmark = pytest.mark.anyio

ROOT = "/v1/sites/shop/webhooks"
URL = "https://partner.example/told"


@pytest.fixture
async def shop(gateway):
    """A program of the shop's."""
    return caller(gateway, Scope.WEBHOOKS_READ, Scope.WEBHOOKS_WRITE, site="shop")


@pytest.fixture
async def embedded_shop(embedded):
    """The same, for what no database decides."""
    return caller(embedded, site="shop")


async def made(shop, **said):
    answer = await shop.post(ROOT, {"url": URL, **said})
    assert answer.status_code == 201, answer.text
    return answer.json()["webhook"], answer


async def test_an_endpoint_is_added_and_its_secret_is_shown_once(gateway, shop):
    one, answer = await made(shop, events=["consent.withdrawn"], description="Shop back end")

    assert answer.json()["secret"].startswith("whsec_")
    assert one["public_key"].startswith("whpk_")
    assert answer.headers["location"] == f"{ROOT}/{one['id']}"
    assert {key: one[key] for key in ("url", "events", "description", "enabled", "disabled_because")} == {
        "url": URL,
        "events": ["consent.withdrawn"],
        "description": "Shop back end",
        "enabled": True,
        "disabled_because": None,
    }
    read = await shop.get(f"{ROOT}/{one['id']}")
    assert read.json() == one
    listed = await shop.get(ROOT)
    assert listed.json() == {"items": [one], "next": None}
    for shown in (read, listed):
        assert "whsec_" not in shown.text


async def test_an_endpoint_of_a_processor_is_one_of_the_site_s_own(embedded, embedded_shop):
    assert code(await embedded_shop.post(ROOT, {"url": URL, "processor": "delivery"})) == (404, "not_found")
    employ_processors(embedded)

    one, _ = await made(embedded_shop, processor="delivery")

    assert one["processor"] == "delivery"
    tag = (await embedded_shop.get(f"{ROOT}/{one['id']}")).headers["etag"]
    put = {"url": URL, "events": [], "description": None, "enabled": False}
    changed = await embedded_shop.put(f"{ROOT}/{one['id']}", put, headers={"if-match": tag})
    assert changed.json()["processor"] == "delivery"


async def test_every_change_stands_in_the_trail(gateway, shop):
    one, _ = await made(shop)
    path = f"{ROOT}/{one['id']}"
    tag = (await shop.get(path)).headers["etag"]
    put = {"url": URL, "events": [], "description": None, "enabled": True}
    await shop.put(path, put, headers={"if-match": tag})
    await shop.post(f"{path}/rotate")
    message = (await shop.post(f"{path}/ping")).json()["id"]
    await shop.post(f"{path}/messages/{message}/redeliver")
    await shop.call("DELETE", path)

    trail = (await caller(gateway).get("/v1/audit")).json()["items"]
    acts = [(entry["act"], entry["thing"]) for entry in reversed(trail) if entry["site"] == "shop"]
    assert acts == [
        ("create_webhook", one["id"]),
        ("change_webhook", one["id"]),
        ("rotate_webhook", one["id"]),
        ("ping_webhook", message),
        ("redeliver_message", message),
        ("delete_webhook", one["id"]),
    ]


async def test_an_endpoint_is_changed_only_by_whoever_read_it_last(shop):
    one, _ = await made(shop)
    path, put = f"{ROOT}/{one['id']}", {"url": URL, "events": [], "description": None, "enabled": False}
    tag = (await shop.get(path)).headers["etag"]

    assert code(await shop.put(path, put)) == (428, "precondition_required")
    changed = await shop.put(path, put, headers={"if-match": tag})
    assert changed.status_code == 200
    assert (changed.json()["enabled"], changed.json()["disabled_because"]) == (False, "asked")
    assert changed.headers["etag"] == (await shop.get(path)).headers["etag"] != tag
    status, _ = code(await shop.put(path, {**put, "enabled": True}, headers={"if-match": tag}))
    assert status == 412
    assert (await shop.get(path)).json()["enabled"] is False


async def test_an_endpoint_that_was_removed_is_not_there_any_more(shop):
    one, _ = await made(shop)

    gone = await shop.call("DELETE", f"{ROOT}/{one['id']}")

    assert (gone.status_code, gone.content) == (204, b"")
    for method in ("GET", "DELETE"):
        assert code(await shop.call(method, f"{ROOT}/{one['id']}")) == (404, "not_found")
    assert (await shop.get(ROOT)).json()["items"] == []


async def test_an_address_we_do_not_go_to_is_refused_at_its_field(embedded_shop):
    for url in [*BAD_ADDRESSES, "http://127.0.0.1:9000/", "http://localhost/"]:
        answer = await embedded_shop.post(ROOT, content=json.dumps({"url": url}))
        if code(answer) != (400, "malformed"):  # a text no JSON reader of ours takes
            assert code(answer) == (422, "invalid"), url
            assert [fault["pointer"] for fault in answer.json()["errors"]] == ["#/url"], url
        assert "eve." not in answer.text
    assert (await embedded_shop.get(ROOT)).json()["items"] == []


WRONG = [
    ({}, "#/url"),
    ({"url": 1}, "#/url"),
    ({"url": URL, "events": ["consent"]}, "#/events/0"),
    ({"url": URL, "events": ["webhook.ping"]}, "#/events/0"),
    ({"url": URL, "events": "receipt.recorded"}, "#/events"),
    ({"url": URL, "description": ""}, "#/description"),
    ({"url": URL, "description": "x" * 201}, "#/description"),
    ({"url": URL, "secret": "whsec_mine"}, "#"),
    ({"url": URL, "enabled": True}, "#"),
]


async def test_what_is_no_endpoint_is_refused_at_its_field(embedded_shop):
    for said, pointer in WRONG:
        answer = await embedded_shop.post(ROOT, said)
        assert code(answer) == (422, "invalid"), said
        assert [fault["pointer"] for fault in answer.json()["errors"]] == [pointer]
    assert (await embedded_shop.get(ROOT)).json()["items"] == []


async def test_reading_and_writing_are_two_permissions(embedded):
    reader = caller(embedded, Scope.WEBHOOKS_READ, site="shop")
    writer = caller(embedded, Scope.WEBHOOKS_WRITE, site="shop")
    one, _ = await made(writer)

    assert code(await reader.post(ROOT, {"url": URL})) == (403, "forbidden")
    assert code(await writer.get(f"{ROOT}/{one['id']}")) == (403, "forbidden")
    assert (await reader.get(f"{ROOT}/{one['id']}")).status_code == 200


async def test_a_repeated_request_makes_one_endpoint_and_shows_the_same_secret(shop):
    first, again = [await shop.post(ROOT, {"url": URL}, once="5b1e0f6c") for _ in range(2)]

    assert first.json() == again.json()
    assert len((await shop.get(ROOT)).json()["items"]) == 1


async def test_a_site_has_so_many_endpoints_and_no_more(embedded_shop):
    for _ in range(model.ENDPOINTS):
        await made(embedded_shop)

    assert code(await embedded_shop.post(ROOT, {"url": URL})) == (409, "conflict")


async def test_an_endpoint_of_a_site_that_is_not_there_is_not_made(embedded):
    everything = caller(embedded)

    for answer in (await everything.post("/v1/sites/nowhere/webhooks", {"url": URL}),
                   await everything.get("/v1/sites/nowhere/webhooks")):  # fmt: skip
        assert code(answer) == (404, "not_found")


async def test_an_id_that_is_none_is_not_found(embedded_shop):
    one, _ = await made(embedded_shop)
    others = (
        "0",
        "x" * 36,
        one["id"].upper(),
        one["id"].replace("-", ""),
        one["id"][:-1] + ("0" if one["id"][-1] != "0" else "1"),
    )

    for part in others:
        assert code(await embedded_shop.get(f"{ROOT}/{part}")) == (404, "not_found"), part
    for message in (*others, "msg_", "msg_" + "A" * 22, "msg_" + "_" * 22, "msg_" + "A" * 23):
        for method, more in (("GET", ""), ("POST", "/redeliver")):
            path = f"{ROOT}/{one['id']}/messages/{message}{more}"
            assert code(await embedded_shop.call(method, path)) == (404, "not_found"), message


async def test_messages_are_read_in_pages_newest_first(shop):
    one, _ = await made(shop)
    path = f"{ROOT}/{one['id']}"
    sent = {(await shop.post(f"{path}/ping")).json()["id"] for _ in range(5)}

    first = (await shop.get(f"{path}/messages?limit=3")).json()
    rest = (await shop.get(first["next"])).json()

    seen = [message["id"] for message in first["items"] + rest["items"]]
    assert (len(first["items"]), rest["next"]) == (3, None)
    assert (set(seen), len(seen)) == (sent, 5)
    assert {message["event"] for message in first["items"]} == {"webhook.ping"}


async def test_a_cursor_that_is_none_of_ours_leads_to_no_page(embedded_shop):
    one, _ = await made(embedded_shop)

    for cursor in ("x", "W10", "WyJ4Il0", "WzFd", "bnVsbA"):
        answer = await embedded_shop.get(f"{ROOT}/{one['id']}/messages?cursor={cursor}")
        assert code(answer) == (404, "not_found"), cursor


# The whole way


async def test_a_partner_is_told_of_an_answer_and_sees_what_became_of_the_message(seeded, monkeypatch):
    """From the REST call through the visitor's form, the gateway's own worker and a real server to the log."""
    monkeypatch.setattr("consentgw.webhooks.model.PAUSES", (model.timedelta(milliseconds=50),) * 9)
    settings = seeded.model_copy(update={"worker_inside": True, "webhooks_to_loopback": True})
    async with receiving(in_turn(answering(500), answering(204))) as partner, running(settings) as gateway:
        shop = caller(gateway, site="shop")
        answer = await shop.post(ROOT, {"url": partner.url, "events": ["receipt.recorded"]})
        one, secret = answer.json()["webhook"], answer.json()["secret"]
        receipt = await answered(gateway)
        await partner.reach(2)

        first, second = partner.received
        said = json.loads(second.body)
        assert said["type"] == "receipt.recorded"
        assert said["data"]["id"] == receipt
        assert first.body == second.body
        for message in (first, second):
            assert by_secret(secret, message.headers, message.body)
            assert by_public_key(one["public_key"], message.headers, message.body)

        path = f"{ROOT}/{one['id']}/messages/{second.headers['webhook-id']}"
        await until(lambda: rows(settings)["webhook_attempts"] == 2)
        log = (await shop.get(path)).json()
        assert (log["state"], log["attempts"], log["next_attempt_at"]) == ("delivered", 2, None)
        assert [attempt["status"] for attempt in log["log"]] == [500, 204]
        assert log["about"] == receipt

        again = await shop.post(f"{path}/redeliver")
        assert again.status_code == 202
        await partner.reach(3)
        assert partner.received[2].headers["webhook-id"] == second.headers["webhook-id"]


async def answered(gateway):
    """Let Aigerim answer the shop, and return the id of her receipt."""
    page = await Visitor(gateway).frame("/embed/shop?lang=en", SHOP)
    await page.press("accept_all")
    return str(ledger(gateway)[-1].receipt.id)
