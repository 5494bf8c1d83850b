"""A partner's program answers what people ask, and reads who asks only where that is remembered."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import UUID

import pytest

from consentgw.access.model import Scope
from consentgw.db import Unit
from consentgw.db.database import utc_now
from consentgw.law.profiles import RequestType
from consentgw.operators.model import Role
from consentgw.subject_requests import service, store
from consentgw.subject_requests.model import Actor, Level, Reason, Ref, State
from consentgw.subject_requests.model import Role as Actors
from consentgw.subject_requests.office import open_office
from consentgw.subject_requests.shapes import STATUSES
from tests.caller import caller, code
from tests.gateway import peeking, rows
from tests.subject_requests.asking import ask, employ
from tests.subject_requests.story import AIGERIM, BOLAT, DANA

pytestmark = pytest.mark.anyio

ROOT = "/v1/sites/shop/requests"
SAID = {"words": "Деректеріңізді жинап жатырмыз."}
PERSONAL = (AIGERIM.name, AIGERIM.email, AIGERIM.phone, AIGERIM.details, "She came in person.")
ACTS = {
    "assign": {"operator": "dana"},
    "extend": SAID,
    "confirm": SAID,
    "ask-proof": SAID,
    "vouch": {"level": 3, "how": "Signed in at the shop."},
    "complete": SAID,
    "reject": {"reason": "no_match", **SAID},
    "propose-erasure": SAID,
}


@pytest.fixture
def shop(gateway):
    """A program of the shop's that may do everything with requests."""
    return caller(gateway, Scope.REQUESTS_READ, Scope.REQUESTS_WRITE, site="shop")


@pytest.fixture
def quick_shop(embedded):
    """The same, for what no database decides."""
    return caller(embedded, site="shop")


async def act(program, request, what, **said):
    """Read a request and do something to what was read."""
    tag = (await program.get(f"{ROOT}/{request}")).headers["etag"]
    return await program.post(f"{ROOT}/{request}/{what}", {**ACTS[what], **said}, headers={"if-match": tag})


async def history(program, request):
    """Return who did what, oldest first."""
    items = (await program.get(f"{ROOT}/{request}/history")).json()["items"]
    return [(step["actor"], step["act"], step["state"]) for step in items]


async def acts_in_trail(app):
    """Return what the trail says of the shop, oldest first."""
    trail = (await caller(app).get("/v1/audit")).json()["items"]
    return [(entry["act"], entry["thing"]) for entry in reversed(trail) if entry["site"] == "shop"]


async def test_a_request_is_shown_in_opendsr_s_words_and_ours_without_a_word_of_who_asks(gateway, shop):
    request = ask(gateway, level=Level.MATCHED)

    answer = await shop.get(f"{ROOT}/{request}")

    shown = answer.json()
    assert shown["subject_request_id"] == request
    assert (shown["subject_request_type"], shown["request_status"], shown["state"]) == (
        "access", "in_progress", "in_progress",
    )  # fmt: skip
    assert shown["expected_completion_time"] == f"{shown['due_on']}T23:59:59Z"
    assert shown["submitted_time"].endswith("Z")
    assert (shown["level"], shown["level_needed"]) == (2, 2)
    assert "KZ" in shown["calendar"].upper()
    assert shown["rule"]["unit"] == "working_days"
    told = answer.text + (await shop.get(f"{ROOT}/{request}/history")).text + (await shop.get(ROOT)).text
    assert not [words for words in PERSONAL if words in told]
    again = await shop.get(f"{ROOT}/{request}", headers={"if-none-match": answer.headers["etag"]})
    assert again.status_code == 304


def test_every_state_has_a_status_in_opendsr():
    assert STATUSES.keys() == set(State)
    assert {state for state, status in STATUSES.items() if status == "cancelled"} == {
        State.REJECTED, State.CANCELLED, State.EXPIRED,
    }  # fmt: skip


async def test_what_is_due_first_is_listed_first_in_pages_that_miss_and_repeat_nothing(gateway, shop):
    kinds = [RequestType.COMPLAINT, RequestType.OBJECTION, RequestType.ACCESS, RequestType.ERASURE, RequestType.ACCESS]
    asked = {ask(gateway, type_) for type_ in kinds}
    ask(gateway, person=BOLAT, site="news")

    found, address = [], f"{ROOT}?limit=2"
    while address:
        answer = await shop.get(address)
        page = answer.json()
        assert len(page["items"]) <= 2
        assert answer.headers.get("link", "") == (f'<{page["next"]}>; rel="next"' if page["next"] else "")
        found += page["items"]
        address = page["next"]

    assert [one["subject_request_id"] for one in found] == [
        one["subject_request_id"] for one in sorted(found, key=lambda one: (one["due_on"], one["subject_request_id"]))
    ]
    assert {one["subject_request_id"] for one in found} == asked
    assert len(found) == len(asked)


async def test_a_list_is_narrowed_by_state_type_and_day(gateway, shop):
    access, complaint = ask(gateway), ask(gateway, RequestType.COMPLAINT)
    done = ask(gateway, RequestType.INFORMATION)
    assert (await act(shop, done, "complete")).status_code == 200

    async def listed(query):
        return {one["subject_request_id"] for one in (await shop.get(f"{ROOT}?{query}")).json()["items"]}

    assert await listed("state=awaiting_verification") == {access}
    assert await listed("state=open") == {access, complaint}
    assert await listed("state=completed") == {done}
    assert await listed("type=complaint") == {complaint}
    assert await listed("type=complaint&state=completed") == set()
    due = date.fromisoformat((await shop.get(f"{ROOT}/{access}")).json()["due_on"])
    assert access not in await listed(f"due_before={due}")
    assert access in await listed(f"due_before={due + timedelta(days=1)}")


@pytest.mark.parametrize(
    "query", ["state=lost", "type=everything", "due_before=tomorrow", "due_before=1700000000", "x=1"]
)
async def test_a_filter_that_is_none_is_refused(quick_shop, query):
    assert code(await quick_shop.get(f"{ROOT}?{query}")) == (422, "invalid")


@pytest.mark.parametrize("cursor", ["e30", "WyJ4IiwieSJd", "WzFd"])
async def test_a_cursor_that_is_none_of_ours_is_no_page(quick_shop, cursor):
    assert code(await quick_shop.get(f"{ROOT}?cursor={cursor}")) == (404, "not_found")


async def test_who_asks_is_read_by_an_operation_that_trail_and_history_remember(gateway, shop):
    request = ask(gateway, level=Level.MATCHED)
    await shop.post(f"{ROOT}/{request}/note", {"words": "Ask the warehouse."})

    said = (await shop.get(f"{ROOT}/{request}/person")).json()

    assert (said["name"], said["email"], said["phone"], said["details"]) == (
        AIGERIM.name, AIGERIM.email, AIGERIM.phone, AIGERIM.details,
    )  # fmt: skip
    assert [(text["kind"], text["words"]) for text in said["texts"]] == [("note", "Ask the warehouse.")]
    assert [step["why"] for step in said["history"] if step["why"]] == ["She came in person."]
    me = f"program:{shop.key.id}"
    assert (await history(shop, request))[-1] == (me, "reveal", "in_progress")
    assert said["history"][-1]["act"] == "reveal"
    assert (await acts_in_trail(gateway))[-1] == ("read_request_person", request)


async def test_a_key_that_only_reads_sees_no_person_and_does_nothing(embedded):
    request = ask(embedded)
    reader = caller(embedded, Scope.REQUESTS_READ, site="shop")
    before = rows(embedded.settings)

    assert code(await reader.get(f"{ROOT}/{request}/person")) == (403, "forbidden")
    for what, said in ACTS.items():
        answer = await reader.post(f"{ROOT}/{request}/{what}", said, headers={"if-match": "*"})
        assert code(answer) == (403, "forbidden"), what

    assert rows(embedded.settings) == before


async def test_of_an_erased_request_nobody_is_read_any_more(gateway, shop):
    request = ask(gateway, RequestType.INFORMATION)
    await act(shop, request, "complete")
    with peeking(gateway.settings) as connection:
        unit, ref = Unit(connection, utc_now()), Ref("shop", UUID(request))
        service.forget_words(unit, open_office(gateway.settings), store.read(connection, ref), Actor(Actors.CLOCK))

    assert code(await shop.get(f"{ROOT}/{request}/person")) == (410, "gone")
    assert code(await shop.post(f"{ROOT}/{request}/note", SAID)) == (410, "gone")
    assert (await shop.get(f"{ROOT}/{request}")).json()["erased_at"]
    assert "reveal" not in [act for _, act, _ in await history(shop, request)]


async def test_a_program_carries_a_request_from_the_first_look_to_the_answer(gateway, shop):
    dana = employ(gateway)
    request = ask(gateway)
    me = f"program:{shop.key.id}"

    for what, said in (
        ("vouch", {}),
        ("assign", {}),
        ("note", SAID),
        ("message", SAID),
        ("complete", {}),
    ):
        answer = await (shop.post(f"{ROOT}/{request}/{what}", said) if said else act(shop, request, what))
        assert answer.status_code == 200, answer.text

    shown = (await shop.get(f"{ROOT}/{request}")).json()
    assert answer.json() == shown
    assert (shown["state"], shown["request_status"], shown["level"]) == ("completed", "completed", 3)
    assert shown["assignee"] == str(dana.id)
    assert shown["closed_at"]
    assert [step for step in await history(shop, request) if step[0] == me] == [
        (me, "prove", "in_progress"),
        (me, "assign", "in_progress"),
        (me, "note", "in_progress"),
        (me, "message", "in_progress"),
        (me, "complete", "completed"),
    ]
    said = (await shop.get(f"{ROOT}/{request}/person")).json()
    assert [text["kind"] for text in said["texts"]] == ["note", "to_subject", "to_subject"]
    assert [act for act, thing in await acts_in_trail(gateway) if thing == request] == [
        "vouch_request", "assign_request", "note_request", "message_request", "complete_request",
        "read_request_person",
    ]  # fmt: skip


async def test_a_refusal_names_a_lawful_reason(embedded, quick_shop):
    request = ask(embedded, RequestType.COMPLAINT)

    assert code(await act(quick_shop, request, "reject", reason="no_time")) == (422, "invalid")
    answer = await act(quick_shop, request, "reject", reason=Reason.EXCESSIVE.value)

    assert (answer.json()["state"], answer.json()["reason"]) == ("rejected", "excessive")
    assert answer.json()["request_status"] == "cancelled"
    assert code(await act(quick_shop, request, "complete")) == (409, "out_of_turn")
    assert code(await quick_shop.post(f"{ROOT}/{request}/message", SAID)) == (409, "out_of_turn")


async def test_no_answer_goes_to_somebody_who_has_not_proven_enough(embedded, quick_shop):
    for type_ in (RequestType.ACCESS, RequestType.RECTIFICATION):
        request = ask(embedded, type_)
        await act(quick_shop, request, "vouch")
        unproven = ask(embedded, type_)

        answers = [await act(quick_shop, one, "complete") for one in (request, unproven)]

        assert answers[0].status_code == 200
        assert answers[1].status_code == 409
        assert (await quick_shop.get(f"{ROOT}/{unproven}")).json()["state"] == "awaiting_verification"


@pytest.mark.parametrize("level", [0, 1, 4, "3"])
async def test_a_program_vouches_for_a_match_or_a_sign_in_and_for_nothing_else(embedded, quick_shop, level):
    request = ask(embedded)

    assert code(await act(quick_shop, request, "vouch", level=level)) == (422, "invalid")
    assert (await quick_shop.get(f"{ROOT}/{request}")).json()["level"] == 0


async def test_a_program_proposes_an_erasure_and_no_program_is_the_second_person(gateway, shop):
    request = ask(gateway, RequestType.ERASURE, level=Level.MATCHED)
    assert code(await act(shop, request, "complete")) == (409, "out_of_turn")

    answer = await act(shop, request, "propose-erasure")

    assert answer.json()["erasure_proposed_by"] == f"program:{shop.key.id}"
    other = caller(gateway, Scope.REQUESTS_READ, Scope.REQUESTS_WRITE, site="shop")
    for program in (shop, other):
        assert code(await act(program, request, "propose-erasure")) == (409, "unproven")
    assert (await shop.get(f"{ROOT}/{request}/person")).json()["name"] == AIGERIM.name
    with peeking(gateway.settings) as connection:
        unit, ref = Unit(connection, utc_now()), Ref("shop", UUID(request))
        service.erase(unit, open_office(gateway.settings), ref, DANA, "Nothing has to be kept.")
    assert code(await shop.get(f"{ROOT}/{request}/person")) == (410, "gone")


async def test_what_changes_a_request_changes_only_what_was_read(gateway, shop):
    request = ask(gateway, RequestType.COMPLAINT)
    old = (await shop.get(f"{ROOT}/{request}")).headers["etag"]
    await shop.post(f"{ROOT}/{request}/note", SAID)
    await shop.get(f"{ROOT}/{request}/person")
    unmoved = (await shop.get(f"{ROOT}/{request}")).headers["etag"]
    assert unmoved == old, "a note or a reading changes nothing that somebody else has to read again"
    employ(gateway)
    await act(shop, request, "assign")

    for what, said in ACTS.items():
        assert code(await shop.post(f"{ROOT}/{request}/{what}", said)) == (428, "precondition_required"), what
        answer = await shop.post(f"{ROOT}/{request}/{what}", said, headers={"if-match": old})
        assert code(answer) == (412, "precondition_failed"), what

    assert (await shop.get(f"{ROOT}/{request}")).json()["state"] == "in_progress"


async def test_an_act_sent_twice_with_one_key_is_done_once(embedded, quick_shop):
    request = ask(embedded)

    first = await quick_shop.post(f"{ROOT}/{request}/message", SAID, once="a")
    second = await quick_shop.post(f"{ROOT}/{request}/message", SAID, once="a")

    assert second.headers["idempotency-replayed"] == "true"
    assert second.content == first.content
    assert [act for _, act, _ in await history(quick_shop, request)].count("message") == 1


async def test_a_request_is_given_only_to_somebody_who_answers_for_the_site(embedded, quick_shop):
    request = ask(embedded)
    employ(embedded, login="bolat", site="news")
    employ(embedded, login="viewer", role=Role.VIEWER)

    for login in ("bolat", "viewer", "eve"):
        answer = await act(quick_shop, request, "assign", operator=login)
        assert code(answer) == (422, "invalid"), login
        assert answer.json()["errors"][0]["pointer"] == "#/operator"
        assert login not in answer.text

    assert (await quick_shop.get(f"{ROOT}/{request}")).json()["assignee"] is None


async def test_words_that_say_nothing_are_refused_and_nothing_is_written(embedded, quick_shop):
    request = ask(embedded)
    before = rows(embedded.settings)

    for what in ("extend", "confirm", "ask-proof", "complete", "propose-erasure"):
        answer = await act(quick_shop, request, what, words=" \n ")
        assert answer.status_code in {400, 409}, what
        assert code(await act(quick_shop, request, what, words="")) == (422, "invalid")
    for what in ("note", "message"):
        assert code(await quick_shop.post(f"{ROOT}/{request}/{what}", {"words": "  "})) == (400, "malformed")

    assert rows(embedded.settings) == before


async def test_nobody_calls_a_request_off_for_who_asks(embedded, quick_shop):
    request = ask(embedded)

    assert code(await quick_shop.post(f"{ROOT}/{request}/cancel", {})) == (404, "not_found")


COURT = {"ground": "court", "words": "Court of Almaty, ruling 12/2026", "review_on": "2999-06-01"}


@pytest.fixture
def keeper(gateway):
    """A program of the shop's that may place holds."""
    return caller(gateway, Scope.REQUESTS_READ, Scope.HOLDS_WRITE, site="shop")


async def place(program, request, **said):
    """Place a hold on a request as it was read; return the answer."""
    tag = (await program.get(f"{ROOT}/{request}")).headers["etag"]
    return await program.post(f"{ROOT}/{request}/holds", {**COURT, **said}, headers={"if-match": tag})


async def test_a_hold_is_placed_read_found_and_released_by_a_key_of_its_own_scope(gateway, shop, keeper):
    request = ask(gateway, RequestType.COMPLAINT)
    other = ask(gateway, RequestType.OBJECTION)

    made = await place(keeper, request)

    assert made.status_code == 201
    address = made.headers["location"]
    hold = (await shop.get(address)).json()
    assert hold == made.json()
    assert {name: hold[name] for name in COURT} == COURT
    assert (hold["placed_by"], hold["released_at"]) == (f"program:{keeper.key.id}", None)
    assert (await shop.get(f"{ROOT}/{request}")).json()["held"]
    for held, found in (("true", request), ("false", other)):
        items = (await shop.get(f"{ROOT}?held={held}")).json()["items"]
        assert [one["subject_request_id"] for one in items] == [found]

    tag = (await keeper.get(address)).headers["etag"]
    ended = await keeper.post(f"{address}/release", {"words": "It was set aside."}, headers={"if-match": tag})

    assert ended.status_code == 200
    assert (ended.json()["released_words"], ended.json()["released_by"]) == (
        "It was set aside.", f"program:{keeper.key.id}",
    )  # fmt: skip
    assert (await shop.get(f"{ROOT}/{request}/holds")).json()["items"] == [ended.json()]
    assert not (await shop.get(f"{ROOT}/{request}")).json()["held"]
    new = (await keeper.get(address)).headers["etag"]
    again = await keeper.post(f"{address}/release", {"words": "Again."}, headers={"if-match": new})
    assert code(again) == (409, "out_of_turn")
    assert [(act, thing) for act, thing in await acts_in_trail(gateway) if "hold" in act] == [
        ("place_hold", str(hold["number"])), ("release_hold", str(hold["number"])),
    ]  # fmt: skip
    assert [act for _, act, _ in await history(shop, request)] == ["open", "hold", "release"]


async def test_a_hold_needs_its_own_scope_and_what_was_read(gateway, shop, keeper):
    request = ask(gateway, RequestType.COMPLAINT)
    old = (await keeper.get(f"{ROOT}/{request}")).headers["etag"]
    address = (await place(keeper, request)).headers["location"]
    before = rows(gateway.settings)

    assert code(await place(shop, request)) == (403, "forbidden")
    assert code(await shop.post(f"{address}/release", SAID, headers={"if-match": "*"})) == (403, "forbidden")
    for path, said in ((f"{ROOT}/{request}/holds", COURT), (f"{address}/release", SAID)):
        assert code(await keeper.post(path, said)) == (428, "precondition_required")
        assert code(await keeper.post(path, said, headers={"if-match": old})) == (412, "precondition_failed")

    assert rows(gateway.settings) == before


@pytest.mark.parametrize(
    ("wrong", "answer"),
    [
        ({"ground": "whim"}, (422, "invalid")),
        ({"words": ""}, (422, "invalid")),
        ({"words": " "}, (400, "malformed")),
        ({"review_on": "2026-02-30"}, (422, "invalid")),
        ({"review_on": "soon"}, (422, "invalid")),
        ({"review_on": 5}, (422, "invalid")),
        ({"review_on": "2020-01-01"}, (400, "malformed")),
        ({"who": "Aigerim"}, (422, "invalid")),
    ],
)
async def test_a_hold_that_says_too_little_or_too_much_is_none(embedded, wrong, answer):
    program, request = caller(embedded, site="shop"), ask(embedded, RequestType.COMPLAINT)

    assert code(await place(program, request, **wrong)) == answer

    assert (await program.get(f"{ROOT}/{request}/holds")).json()["items"] == []


async def test_a_hold_of_one_request_is_not_another_s_and_none_is_none(embedded, quick_shop):
    request, other = ask(embedded, RequestType.COMPLAINT), ask(embedded, RequestType.COMPLAINT)
    number = (await place(quick_shop, request)).json()["number"]

    for path in (f"{other}/holds/{number}", f"{request}/holds/{number + 1}", f"{request}/holds/0{number}"):
        assert code(await quick_shop.get(f"{ROOT}/{path}")) == (404, "not_found")
        gone = await quick_shop.post(f"{ROOT}/{path}/release", SAID, headers={"if-match": "*"})
        assert code(gone) == (404, "not_found")


async def test_what_is_held_is_not_erased_and_what_is_locked_is_not_read_by_a_program(embedded, quick_shop):
    erasure = ask(embedded, RequestType.ERASURE, level=Level.MATCHED)
    closed = ask(embedded, RequestType.COMPLAINT)
    await act(quick_shop, closed, "complete")
    for one in (erasure, closed):
        await place(quick_shop, one)

    assert code(await act(quick_shop, erasure, "propose-erasure")) == (409, "held")
    assert code(await quick_shop.get(f"{ROOT}/{closed}/person")) == (409, "held")
    assert (await act(quick_shop, erasure, "reject", reason="kept_by_law")).json()["reason"] == "kept_by_law"
