"""A law over every operation of the API: what is another site's is not there.

The shop's key, with every scope, is tried on everything of the news site. An operation that this file does not know
fails the test: give it a case.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from fastapi.routing import APIRoute

from consentgw.app import Gateway
from consentgw.db import Unit
from consentgw.db.database import utc_now
from consentgw.law.profiles import RequestType
from consentgw.sites import store as sites
from tests.caller import Caller, caller, code
from tests.gateway import copy_of, digest, peeking, running
from tests.subject_requests.asking import ask
from tests.subject_requests.story import BOLAT, DELIVERY

pytestmark = pytest.mark.anyio


@dataclass
class World:
    """Two sites and a key of each, with every scope."""

    app: Gateway
    shop: Caller
    news: Caller
    made: dict[str, str] = field(default_factory=dict)
    """Ids of things of the news site, so that each is made once."""


@dataclass
class Case:
    """How to try an operation: its body, and real ids of the news site for the parts of its address."""

    json: Any = None
    parts: dict[str, Callable[[World], Awaitable[str]]] = field(default_factory=dict)
    shows: str = ""
    """For an operation that names no site: what the news site's key sees in its answer, and the shop's must not."""
    headers: dict[str, str] = field(default_factory=dict)


async def news_key(world: World) -> str:
    """Return a key of the news site that is narrower than both."""
    if "key" not in world.made:
        made = await world.news.post("/v1/keys", {"name": "Bolat's", "scopes": ["keys:read"]})
        world.made["key"] = made.json()["key"]["id"]
    return world.made["key"]


async def news_subject(world: World) -> str:
    """Return the subject of a visitor of the news site."""
    if "subject" not in world.made:
        body = {"subject": "id:bolat", "decisions": {"analytics": True}}
        receipt = (await world.news.post("/v1/sites/news/receipts", body)).json()["receipt"]
        world.made |= {"subject": receipt["pii_principal_id"], "receipt": receipt["receipt_id"]}
    return world.made["subject"]


async def news_receipt(world: World) -> str:
    """Return a receipt of the news site."""
    await news_subject(world)
    return world.made["receipt"]


async def news_version(world: World) -> str:
    """Return the name of a version of the news site's policy."""
    return (await world.news.get("/v1/sites/news/policies")).json()["items"][0]["version"]


async def news_notice(world: World) -> str:
    """Return the digest of a notice of the news site."""
    return (await world.news.get("/v1/sites/news/notices")).json()["items"][0]["digest"]


ANYTHING = {"if-match": "*"}
OPERATOR = {"name": "Bolat", "registration": "240140012342", "address": "Astana", "email": "bolat@news.example"}
SITE = {"slug": "news", "name": "News", "origins": ["https://news.example"], "operator": OPERATOR}


async def news_webhook(world: World) -> str:
    """Return an endpoint of the news site."""
    if "webhook" not in world.made:
        made = await world.news.post("/v1/sites/news/webhooks", TOLD)
        world.made["webhook"] = made.json()["webhook"]["id"]
    return world.made["webhook"]


async def news_message(world: World) -> str:
    """Return a message to it."""
    if "message" not in world.made:
        path = f"/v1/sites/news/webhooks/{await news_webhook(world)}/ping"
        world.made["message"] = (await world.news.post(path)).json()["id"]
    return world.made["message"]


async def news_request(world: World) -> str:
    """Return what somebody asked at the news site."""
    if "request" not in world.made:
        world.made["request"] = ask(world.app, RequestType.COMPLAINT, BOLAT, site="news")
    return world.made["request"]


async def news_task(world: World) -> str:
    """Return what a processor of the news site is asked to do."""
    if "task" not in world.made:
        with peeking(world.app.settings) as connection:
            unit = Unit(connection, utc_now())
            sites.keep(unit, replace(sites.read(connection, "news"), processors=(DELIVERY,)))
        request = ask(world.app, RequestType.OBJECTION, BOLAT, site="news")
        listed = await world.news.get(f"/v1/sites/news/tasks?request={request}")
        world.made["task"] = listed.json()["items"][0]["task_id"]
    return world.made["task"]


async def news_hold(world: World) -> str:
    """Return a hold on it."""
    if "hold" not in world.made:
        path = f"/v1/sites/news/requests/{await news_request(world)}/holds"
        made = await world.news.post(path, {"ground": "law", **SAID}, headers=ANYTHING)
        world.made["hold"] = str(made.json()["number"])
    return world.made["hold"]


SAID = {"words": "We look into it."}
TOLD = {"url": "https://partner.example/told"}
CHANGED = {**TOLD, "events": [], "description": None, "enabled": True}
CASES = {
    "record_receipt": Case({"subject": "id:aigerim", "decisions": {}}),
    "list_receipts": Case(),
    "read_receipt": Case(parts={"receipt": news_receipt}),
    "list_history": Case(parts={"subject": news_subject}),
    "read_standing": Case(parts={"subject": news_subject}),
    "read_standings": Case({"subjects": ["id:aigerim"]}),
    "withdraw": Case({"subject": "id:aigerim"}),
    "link_identifier": Case({"identifier": "aigerim"}, parts={"subject": news_subject}),
    "list_sites": Case(shows='"slug":"news"'),
    "read_site": Case(),
    "put_site": Case({**SITE, "policy": {"change": "editorial"}}, headers=ANYTHING),
    "list_purposes": Case(),
    "list_tags": Case(),
    "list_policies": Case(),
    "read_policy": Case(parts={"version": news_version}),
    "read_policy_draft": Case(),
    "put_policy_draft": Case({"texts": {"en": "# Nothing"}}, headers=ANYTHING),
    "publish_policy": Case({"draft": "0" * 64, "change": "editorial"}),
    "list_notices": Case(),
    "read_notice": Case(parts={"digest": news_notice}),
    "redeem_return_code": Case({"code": "x" * 43, "name": "done", "state": "x"}),
    "list_requests": Case(),
    "read_request": Case(parts={"request": news_request}),
    "list_request_history": Case(parts={"request": news_request}),
    "read_request_person": Case(parts={"request": news_request}),
    "assign_request": Case({"operator": "dana"}, parts={"request": news_request}, headers=ANYTHING),
    "note_request": Case(SAID, parts={"request": news_request}),
    "message_request": Case(SAID, parts={"request": news_request}),
    "extend_request": Case(SAID, parts={"request": news_request}, headers=ANYTHING),
    "confirm_request": Case(SAID, parts={"request": news_request}, headers=ANYTHING),
    "ask_request_proof": Case(SAID, parts={"request": news_request}, headers=ANYTHING),
    "vouch_request": Case({"level": 3, "how": "x"}, parts={"request": news_request}, headers=ANYTHING),
    "complete_request": Case(SAID, parts={"request": news_request}, headers=ANYTHING),
    "reject_request": Case({"reason": "no_match", **SAID}, parts={"request": news_request}, headers=ANYTHING),
    "list_holds": Case(parts={"request": news_request}),
    "place_hold": Case({"ground": "court", **SAID}, parts={"request": news_request}, headers=ANYTHING),
    "read_hold": Case(parts={"request": news_request, "hold": news_hold}),
    "release_hold": Case(SAID, parts={"request": news_request, "hold": news_hold}, headers=ANYTHING),
    "propose_erasure": Case(SAID, parts={"request": news_request}, headers=ANYTHING),
    "list_tasks": Case(),
    "read_task": Case(parts={"task": news_task}),
    "read_task_subject": Case(parts={"task": news_task}),
    "acknowledge_task": Case({}, parts={"task": news_task}, headers=ANYTHING),
    "complete_task": Case({"result": "done"}, parts={"task": news_task}, headers=ANYTHING),
    "decline_task": Case(SAID, parts={"task": news_task}, headers=ANYTHING),
    "create_webhook": Case(TOLD),
    "list_webhooks": Case(),
    "read_webhook": Case(parts={"webhook": news_webhook}),
    "change_webhook": Case(CHANGED, parts={"webhook": news_webhook}, headers={"if-match": "*"}),
    "rotate_webhook": Case(parts={"webhook": news_webhook}),
    "ping_webhook": Case(parts={"webhook": news_webhook}),
    "list_messages": Case(parts={"webhook": news_webhook}),
    "read_message": Case(parts={"webhook": news_webhook, "message": news_message}),
    "redeliver_message": Case(parts={"webhook": news_webhook, "message": news_message}),
    "delete_webhook": Case(parts={"webhook": news_webhook}),
    "create_key": Case({"name": "x", "scopes": ["keys:read"], "site": "news"}),
    "list_keys": Case(shows='"site":"news"'),
    "read_key": Case(parts={"key": news_key}),
    "roll_key": Case({}, parts={"key": news_key}),
    "revoke_key": Case(parts={"key": news_key}),
    "list_acts": Case(shows='"site":"news"'),
}


@pytest.fixture(scope="module")
async def app(seeded_file, tmp_path_factory):
    async with running(copy_of(seeded_file, tmp_path_factory.mktemp("two"))) as app:
        yield app


@pytest.fixture
async def world(app):
    world = World(app, caller(app, site="shop"), caller(app, site="news"))
    await news_key(world)
    return world


def operations(app) -> list[APIRoute]:
    app.described()
    return [route for route in app._api.routes if isinstance(route, APIRoute)]


async def test_every_operation_has_a_case_and_no_case_is_left_over(app):
    assert {route.name for route in operations(app)} == CASES.keys()


async def test_nothing_of_another_site_is_there_for_any_operation(app, world):
    for route in operations(app):
        case = CASES[route.name]
        parts = {name: await make(world) for name, make in case.parts.items()}
        method = next(iter(route.methods))
        for site in ("news", "shop") if case.parts and "{site}" in route.path else ("news",):
            path = route.path.format(site=site, **parts)
            before = digest(app.settings)
            answer = await world.shop.call(method, path, json=case.json, headers=case.headers)

            if case.shows:
                assert answer.status_code == 200, route.name
                assert case.shows not in answer.text, route.name
            else:
                assert code(answer) == (404, "not_found"), f"{route.name}: {path}"
                nothing = {name: value[:-1] + ("0" if value[-1:] != "0" else "1") for name, value in parts.items()}
                absent = route.path.format(site="nowhere" if site == "news" else site, **nothing)
                if absent != path:
                    assert (await world.shop.call(method, absent, json=case.json, headers=case.headers)).content == (
                        answer.content
                    ), f"{route.name} tells what is another's from what is not there"
            assert digest(app.settings) == before, f"{route.name} changed something"


async def test_the_same_is_there_for_the_site_s_own_key(app, world):
    """Otherwise the test above would pass for want of anything to find."""
    last = [route for route in operations(app) if route.methods & {"DELETE"} or "revoke" in route.name]
    for route in [route for route in operations(app) if route not in last] + last:
        case = CASES[route.name]
        parts = {name: await make(world) for name, make in case.parts.items()}
        path = route.path.format(site="news", **parts)

        answer = await world.news.call(next(iter(route.methods)), path, json=case.json, headers=case.headers)

        assert answer.status_code != 404, f"{route.name}: {path}"
        assert case.shows in answer.text, route.name
