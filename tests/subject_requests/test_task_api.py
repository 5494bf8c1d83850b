"""A processor's program: it sees its own tasks, reads whom they are about where that is remembered, and answers."""

from __future__ import annotations

import base64

import pytest

from consentgw.access.model import Scope
from consentgw.law.profiles import RequestType
from consentgw.subject_requests import processing
from consentgw.subject_requests.model import Level, Person
from consentgw.subject_requests.task_shapes import TASK_STATUSES
from consentgw.subject_requests.tasks import TaskState
from tests.caller import caller, code
from tests.subject_requests.asking import ask, employ_processors
from tests.subject_requests.story import AIGERIM, BOLAT
from tests.subject_requests.test_api import act, acts_in_trail
from tests.webhooks.receivers import until

pytestmark = pytest.mark.anyio

ROOT = "/v1/sites/shop/tasks"
SAID = {"words": "We hold no letters of this shop."}
PERSONAL = (AIGERIM.name, AIGERIM.email, AIGERIM.phone, AIGERIM.details)


@pytest.fixture
def delivery(gateway):
    """The program of the delivery service."""
    employ_processors(gateway)
    return caller(gateway, site="shop", processor="delivery")


@pytest.fixture
def quick_delivery(embedded):
    """The same, for what no database decides."""
    employ_processors(embedded)
    return caller(embedded, site="shop", processor="delivery")


async def first(program, query=""):
    """Return the first task a program sees."""
    return (await program.get(f"{ROOT}{query}")).json()["items"][0]


async def do(program, task, what, body, **said):
    """Read a task and do something to what was read."""
    tag = (await program.get(f"{ROOT}/{task}")).headers["etag"]
    return await program.post(f"{ROOT}/{task}/{what}", body, headers={"if-match": tag}, **said)


async def test_a_processor_carries_its_task_from_the_first_look_to_the_answer(gateway, delivery):
    request = ask(gateway, level=Level.MATCHED)
    task = await first(delivery)
    assert (task["subject_request_id"], task["subject_request_type"]) == (request, "access")
    assert (task["request_status"], task["controller_id"], task["processor"]) == ("pending", "shop", "delivery")

    sought = await delivery.get(f"{ROOT}/{task['task_id']}/subject")
    assert sought.json()["subject_identities"] == [
        {"identity_type": "name", "identity_value": AIGERIM.name, "identity_format": "raw", "verified": True},
        {"identity_type": "email", "identity_value": AIGERIM.email, "identity_format": "raw", "verified": True},
    ]
    assert sought.json()["details"] == AIGERIM.details
    at = "2099-01-01T00:00:00Z"
    known = await do(delivery, task["task_id"], "acknowledge", {"expected_completion_time": at})
    assert (known.json()["request_status"], known.json()["expected_completion_time"]) == ("in_progress", at)
    assert known.json()["received_time"]
    file = {"media_type": "application/json", "content": base64.b64encode(b'{"orders": 2}').decode()}
    done = await do(delivery, task["task_id"], "complete", {"result": "done", "file": file})
    assert (done.json()["request_status"], done.json()["results_count"]) == ("completed", 1)

    shop = caller(gateway, site="shop")
    steps = (await shop.get(f"/v1/sites/shop/requests/{request}/history")).json()["items"]
    assert [step["act"] for step in steps if step["processor"] == "delivery"] == [
        "forward", "fetch", "acknowledge", "fulfil",
    ]  # fmt: skip
    assert [entry for entry in await acts_in_trail(gateway) if entry[1] == task["task_id"]] == [
        (name, task["task_id"]) for name in ("read_task_subject", "acknowledge_task", "complete_task")
    ]
    shown = (await delivery.get(ROOT)).text + (await delivery.get(f"{ROOT}/{task['task_id']}")).text
    assert not [words for words in PERSONAL if words in shown]


def test_every_state_of_a_task_has_a_status_in_opendsr():
    assert TASK_STATUSES.keys() == set(TaskState)


async def test_what_is_another_processor_s_is_not_there(gateway, delivery):
    ask(gateway, level=Level.MATCHED)
    letters = caller(gateway, site="shop", processor="letters")
    (mine,) = (await delivery.get(ROOT)).json()["items"]
    (theirs,) = (await letters.get(ROOT)).json()["items"]
    assert (mine["processor"], theirs["processor"]) == ("delivery", "letters")

    one = f"{ROOT}/{theirs['task_id']}"
    absent = f"{ROOT}/{theirs['task_id'][:-1]}{'0' if theirs['task_id'][-1] != '0' else '1'}"
    for path, body in (("", None), ("/subject", None), ("/acknowledge", {}), ("/complete", {"result": "done"}),
                       ("/decline", SAID)):  # fmt: skip
        method = "POST" if body is not None else "GET"
        answer = await delivery.call(method, one + path, json=body, headers={"if-match": "*"})
        assert code(answer) == (404, "not_found")
        other = await delivery.call(method, absent + path, json=body, headers={"if-match": "*"})
        assert other.content == answer.content
    assert code(await delivery.get(f"{ROOT}?processor=letters")) == (404, "not_found")
    assert (await letters.get(one)).json()["state"] == "forwarded"


async def test_a_processor_s_key_opens_nothing_else(gateway, delivery):
    request = ask(gateway, level=Level.MATCHED)

    for path in (f"/v1/sites/shop/requests/{request}", "/v1/sites/shop/webhooks", "/v1/sites/shop", "/v1/keys"):
        assert code(await delivery.get(path)) == (403, "forbidden")
    assert code(await delivery.get("/v1/sites/news/tasks")) == (404, "not_found")


async def test_a_key_of_a_processor_is_made_for_a_processor_there_is_and_for_tasks(gateway, delivery):
    shop = caller(gateway)
    await until(lambda: gateway.catalogue.offer("shop").site.processors)  # taken in several times a second
    body = {"name": "Delivery", "site": "shop", "processor": "delivery", "scopes": ["tasks:read", "identities:read"]}

    made = await shop.post("/v1/keys", body)

    assert made.json()["key"]["processor"] == "delivery"
    assert code(await shop.post("/v1/keys", {**body, "processor": "nobody"})) == (404, "not_found")
    assert code(await shop.post("/v1/keys", {**body, "scopes": ["tasks:read", "requests:read"]})) == (400, "refused")
    assert code(await shop.post("/v1/keys", {**body, "site": None})) == (404, "not_found")
    rolled = await shop.post(f"/v1/keys/{made.json()['key']['id']}/roll", {})
    assert rolled.json()["key"]["processor"] == "delivery"


async def test_reading_whom_it_is_about_is_a_permission_of_its_own(embedded, quick_delivery):
    ask(embedded, level=Level.MATCHED)
    task = (await first(quick_delivery))["task_id"]
    reader = caller(embedded, Scope.TASKS_READ, site="shop", processor="delivery")
    writer = caller(embedded, Scope.TASKS_WRITE, site="shop", processor="delivery")

    assert (await reader.get(f"{ROOT}/{task}")).status_code == 200
    for who in (reader, writer):
        assert code(await who.get(f"{ROOT}/{task}/subject")) == (403, "forbidden")
    assert code(await reader.post(f"{ROOT}/{task}/decline", SAID, headers={"if-match": "*"})) == (403, "forbidden")
    assert code(await writer.get(ROOT)) == (403, "forbidden")


async def test_what_is_due_first_is_listed_first_in_pages_that_miss_and_repeat_nothing(gateway, delivery):
    for type_ in (RequestType.OBJECTION, RequestType.ACCESS, RequestType.ERASURE, RequestType.ACCESS):
        ask(gateway, type_, level=Level.MATCHED if type_ is not RequestType.OBJECTION else Level.NOTHING)
    found, address = [], f"{ROOT}?limit=3&state=open"
    while address:
        page = (await delivery.get(address)).json()
        found += page["items"]
        address = page["next"]

    assert len({task["task_id"] for task in found}) == len(found) == 4
    assert [task["due_on"] for task in found] == sorted(task["due_on"] for task in found)
    request = found[0]["subject_request_id"]
    assert [t["subject_request_id"] for t in (await delivery.get(f"{ROOT}?request={request}")).json()["items"]] == [
        request
    ]
    assert (await delivery.get(f"{ROOT}?state=completed")).json()["items"] == []


async def test_a_filter_that_is_none_is_refused(quick_delivery):
    for query in ("state=lost", "processor=A%20B", "request=1", "limit=0", "colour=1"):
        assert code(await quick_delivery.get(f"{ROOT}?{query}")) == (422, "invalid"), query


async def test_a_cursor_that_is_none_of_ours_is_no_page(quick_delivery):
    assert code(await quick_delivery.get(f"{ROOT}?cursor=WyJ4Iiwi eSJd".replace(" ", ""))) == (404, "not_found")


async def test_an_answer_that_comes_late_or_contradicts_is_refused_by_a_stable_problem(gateway, delivery):
    request = ask(gateway, level=Level.MATCHED)
    task = (await first(delivery))["task_id"]
    tag = (await delivery.get(f"{ROOT}/{task}")).headers["etag"]
    assert code(await delivery.post(f"{ROOT}/{task}/complete", {"result": "done"})) == (428, "precondition_required")
    assert (await do(delivery, task, "complete", {"result": "done"})).status_code == 200

    stale = await delivery.post(f"{ROOT}/{task}/complete", {"result": "nothing_held"}, headers={"if-match": tag})
    assert code(stale) == (412, "precondition_failed")
    for what, body in (("complete", {"result": "nothing_held"}), ("decline", SAID), ("acknowledge", {})):
        assert code(await do(delivery, task, what, body)) == (409, "out_of_turn")
    assert code(await delivery.get(f"{ROOT}/{task}/subject")) == (409, "out_of_turn")

    shop, letters = caller(gateway, site="shop"), caller(gateway, site="shop", processor="letters")
    assert code(await act(shop, request, "complete")) == (409, "awaits_processors")
    other = (await first(letters))["task_id"]
    assert (await act(shop, request, "complete", without_processors="They are bankrupt.")).status_code == 200
    assert (await letters.get(f"{ROOT}/{other}")).json()["state"] == "recalled"
    assert code(await do(letters, other, "complete", {"result": "done"})) == (409, "out_of_turn")


async def test_an_answer_sent_twice_with_one_key_is_kept_once(embedded, quick_delivery):
    ask(embedded, level=Level.MATCHED)
    task = (await first(quick_delivery))["task_id"]
    tag = (await quick_delivery.get(f"{ROOT}/{task}")).headers["etag"]

    answers = [
        await quick_delivery.post(
            f"{ROOT}/{task}/complete", {"result": "done"}, once="answer-1", headers={"if-match": tag}
        )
        for _ in range(2)
    ]

    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[1].headers["idempotency-replayed"] == "true"
    assert answers[0].content == answers[1].content


NO_ANSWERS = [
    ({"result": "refused"}, "#/reason"),
    ({"result": "refused", "reason": "kept_by_law"}, "#/words"),
    ({"result": "perhaps"}, "#/result"),
    ({"result": "done", "file": {"media_type": "text/csv", "content": "eA=="}}, "#/file/media_type"),
    ({"result": "done", "file": {"media_type": "text/plain", "content": "e"}}, "#/file/content"),
    ({"result": "done", "file": {"media_type": "application/pdf", "content": "eA=="}}, "#/file/content"),
    ({"result": "done", "file": {"media_type": "text/plain", "content": "!"}}, "#/file/content"),
]


async def test_what_is_no_answer_is_refused_at_its_field(embedded, quick_delivery):
    ask(embedded, level=Level.MATCHED)
    task = (await first(quick_delivery))["task_id"]

    for body, pointer in NO_ANSWERS:
        answer = await do(quick_delivery, task, "complete", body)
        assert code(answer) == (422, "invalid")
        assert [fault["pointer"] for fault in answer.json()["errors"]] == [pointer]


async def test_the_largest_file_is_taken_and_one_byte_more_is_not(embedded, quick_delivery):
    ask(embedded, level=Level.MATCHED)
    task = (await first(quick_delivery))["task_id"]

    def filled(size):
        content = base64.b64encode(b"a" * size).decode()
        return {"result": "done", "file": {"media_type": "text/plain", "content": content}}

    assert code(await do(quick_delivery, task, "complete", filled(processing.FILE_BYTES + 1))) == (422, "invalid")
    assert code(await do(quick_delivery, task, "complete", filled(2 * processing.FILE_BYTES))) == (413, "too_large")
    assert (await do(quick_delivery, task, "complete", filled(processing.FILE_BYTES))).status_code == 200


async def test_the_site_s_own_key_sees_every_processor_s_task(embedded, quick_delivery):
    ask(embedded, RequestType.OBJECTION, Person(email=BOLAT.email, details="No letters."))

    items = (await caller(embedded, site="shop").get(ROOT)).json()["items"]

    assert {task["processor"] for task in items} == {"delivery", "letters"}
