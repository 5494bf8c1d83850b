"""The API's operations on receipts and standing, as a partner's back end calls them."""

from __future__ import annotations

import json
import logging
from datetime import datetime, timedelta
from urllib.parse import quote
from uuid import UUID

import pytest

from consentgw.access.model import Scope
from consentgw.consents.identifiers import uuid7
from consentgw.consents.receipt import KIND
from consentgw.consents.schemas import Record, RecordRead, Records, StandingOut, Standings
from consentgw.keys.model import verify
from consentgw.notices.catalogue import Offer
from tests.caller import Caller, caller, code
from tests.gateway import SHOP, VENDORS, ledger, peeking, running
from tests.visitor import GATEWAY, Visitor

pytestmark = pytest.mark.anyio

WHO = "id:aigerim@example.kz"
RECEIPTS, STANDING, WITHDRAWALS = (f"/v1/sites/shop/{name}" for name in ("receipts", "standing", "withdrawals"))
BOTH = {"analytics": True, "marketing": True}


@pytest.fixture
def shop(gateway) -> Caller:
    """The shop's back end."""
    return caller(gateway, Scope.RECEIPTS_READ, Scope.RECEIPTS_WRITE, Scope.STANDING_READ, site="shop")


@pytest.fixture
def here(embedded) -> Caller:
    """The shop's back end, for what no database decides."""
    return caller(embedded, site="shop")


def offer(app) -> Offer:
    return app.catalogue.offer("shop")


async def recorded(shop, decisions, subject=WHO, **said):
    """Record a decision; return the answer's body."""
    answer = await shop.post(RECEIPTS, {"subject": subject, "decisions": decisions, **said})
    assert answer.status_code == 201, answer.text
    return answer.json()


async def standing(shop, subject=WHO) -> dict:
    """Return what is allowed for somebody, and why."""
    answer = await shop.get(f"/v1/sites/shop/subjects/{quote(subject, safe='')}/standing")
    assert answer.status_code == 200, answer.text
    StandingOut.model_validate_json(answer.content, strict=False, extra="forbid")
    said = answer.json()["purposes"]
    assert all(one["allowed"] == (one["reason"] == "valid") for one in said.values())
    return {purpose: one["reason"] for purpose, one in said.items()}


async def browsing(app, *ticked) -> tuple[Visitor, str]:
    """Let somebody answer on the shop's page; return their browser and their subject's id."""
    visitor = Visitor(app)
    await (await visitor.frame("/embed/shop?lang=en", SHOP)).press("save", tick=ticked)
    return visitor, str(ledger(app)[-1].receipt.subject)


async def released(visitor, tag="ga") -> bool:
    """Return whether the gate lets a tag through for a browser."""
    return (await visitor.load(f"/release/shop/{tag}.gif", "image", SHOP)).status_code == 302


async def test_a_decision_is_recorded_signed_and_found_at_its_address(gateway, shop):
    answer = await shop.post(RECEIPTS, {"subject": WHO, "decisions": {"analytics": True}, "language": "kk"})

    assert answer.status_code == 201
    said = Record.model_validate_json(answer.content, extra="forbid")
    assert answer.headers["location"] == f"{RECEIPTS}/{said.receipt.receipt_id}"
    assert (said.receipt.source, said.receipt.channel, said.receipt.method) == ("asserted_by_partner", "api", "save")
    assert (said.receipt.granted, said.receipt.refused) == (["analytics"], ["marketing"]), "silence is refusal"
    assert said.receipt.notice == offer(gateway).notices["kk"].digest
    (kept,) = ledger(gateway)
    assert json.dumps(answer.json()["receipt"], sort_keys=True, separators=(",", ":"), ensure_ascii=False) == (
        kept.body.decode()
    )
    found = await shop.get(answer.headers["location"])
    assert {**answer.json(), "disclosure": found.json()["disclosure"]} == found.json()


async def test_a_caller_cannot_say_that_the_person_gave_it(here):
    for extra in ({"source": "given_by_person"}, {"channel": "frame"}, {"method": "accept_all"}, {"site": "news"}):
        answer = await here.post(RECEIPTS, {"subject": WHO, "decisions": BOTH, **extra})
        assert code(answer) == (422, "invalid")


async def test_a_named_notice_is_one_that_was_issued_for_this_site(gateway, shop):
    ours, theirs = (gateway.catalogue.offer(site).notices["en"].digest for site in ("shop", "news"))

    assert (await recorded(shop, BOTH, notice=ours))["receipt"]["language"] == "en"
    assert (await recorded(shop, BOTH, notice=ours, language="en"))["receipt"]["notice"] == ours
    for said in ({"notice": theirs}, {"notice": "0" * 64}):
        answer = await shop.post(RECEIPTS, {"subject": WHO, "decisions": BOTH, **said})
        assert code(answer) == (404, "not_found"), said
    answer = await shop.post(RECEIPTS, {"subject": WHO, "decisions": BOTH, "notice": ours, "language": "kk"})
    assert code(answer) == (409, "conflict")


@pytest.mark.parametrize(
    "body",
    [
        {"subject": WHO},
        {"decisions": BOTH},
        {"subject": WHO, "decisions": {"analytics": "yes"}},
        {"subject": WHO, "decisions": {"analytics": 1}},
        {"subject": WHO, "decisions": {"Analytics": True}},
        {"subject": WHO, "decisions": {str(number): False for number in range(65)}},
        {"subject": "aigerim", "decisions": BOTH},
        {"subject": "id:", "decisions": BOTH},
        {"subject": "id:" + "x" * 201, "decisions": BOTH},
        {"subject": "id:two words", "decisions": BOTH},
        {"subject": WHO, "decisions": BOTH, "language": "de"},
    ],
)
async def test_what_is_no_decision_is_refused_and_nothing_of_it_is_told_or_kept(here, embedded, body):
    answer = await here.post(RECEIPTS, body)

    assert code(answer) == (422, "invalid")
    assert "aigerim" not in answer.text
    assert ledger(embedded) == []


async def test_a_purpose_the_notice_never_asked_about_is_refused_be_it_a_yes_or_a_no(here, embedded):
    for answered in (True, False):
        answer = await here.post(RECEIPTS, {"subject": WHO, "decisions": {"analytics": True, "profiling": answered}})
        assert code(answer) == (422, "unknown_purpose")
    assert code(await here.post(WITHDRAWALS, {"subject": WHO, "purposes": ["profiling"]})) == (422, "unknown_purpose")
    assert ledger(embedded) == []


async def test_standing_follows_what_was_recorded_at_once(gateway, shop):
    assert await standing(shop) == {"analytics": "undecided", "marketing": "undecided"}

    made = await recorded(shop, {"analytics": True})
    assert await standing(shop) == {"analytics": "valid", "marketing": "refused"}
    assert await standing(shop, made["receipt"]["pii_principal_id"]) == {"analytics": "valid", "marketing": "refused"}

    await shop.post(WITHDRAWALS, {"subject": WHO})
    assert await standing(shop) == {"analytics": "withdrawn", "marketing": "withdrawn"}


async def test_standing_names_the_decision_and_has_a_strong_tag(gateway, shop):
    made = await recorded(shop, BOTH)
    address = f"/v1/sites/shop/subjects/{quote(WHO)}/standing"

    first = await shop.get(address)

    said = first.json()
    assert said["receipt"] == made["receipt"]["receipt_id"]
    assert said["sequence"] == made["sequence"]
    assert said["valid_until"] == made["receipt"]["valid_until"]
    tag = first.headers["etag"]
    assert tag.startswith('"')
    again = await shop.get(address, headers={"if-none-match": tag})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    await shop.post(WITHDRAWALS, {"subject": WHO, "purposes": ["marketing"]})
    changed = await shop.get(address, headers={"if-none-match": tag})
    assert changed.status_code == 200
    assert changed.headers["etag"] != tag


async def test_an_answer_runs_out_and_a_changed_notice_supersedes_it(seeded_sqlite, clock):
    clock.now = datetime.now(clock.now.tzinfo)
    async with running(seeded_sqlite, clock) as app:
        shop = caller(app, site="shop", life=timedelta(days=365))
        await recorded(shop, {"analytics": True})
        clock.step(days=183)
        assert await standing(shop) == {"analytics": "expired", "marketing": "expired"}


async def test_many_are_asked_about_at_once_and_answered_in_order_without_a_word_of_them(gateway, shop):
    made = await recorded(shop, {"analytics": True})
    _, browser = await browsing(gateway, "marketing")
    subjects = ["id:nobody", WHO, browser, str(uuid7()), made["receipt"]["pii_principal_id"]]

    answer = await shop.post(STANDING, {"subjects": subjects})

    assert answer.status_code == 200
    said = Standings.model_validate_json(answer.content, extra="forbid").standings
    allowed = [{purpose for purpose, one in each.purposes.items() if one.allowed} for each in said]
    assert allowed == [set(), {"analytics"}, {"marketing"}, set(), {"analytics"}]
    assert [each.subject for each in said] == [None, said[4].subject, UUID(browser), None, said[4].subject]
    assert "aigerim" not in answer.text
    assert "nobody" not in answer.text


async def test_five_hundred_are_the_most(here):
    everyone = [f"id:{number:0200}" for number in range(501)]

    answer = await here.post(STANDING, {"subjects": everyone[:500]})
    assert answer.status_code == 200
    assert len(answer.json()["standings"]) == 500
    assert code(await here.post(STANDING, {"subjects": everyone})) == (422, "invalid")
    assert code(await here.post(STANDING, {"subjects": []})) == (422, "invalid")


async def test_a_withdrawal_stops_every_linked_browser_within_a_second_on_every_process(seeded):
    if seeded.embedded:
        async with running(seeded) as app:
            await _stopped(app, app)
    else:
        async with running(seeded) as one, running(seeded) as other:
            await _stopped(one, other)


async def _stopped(one, other):
    import asyncio

    shop = caller(one, site="shop")
    visitors = [await browsing(app, "analytics", "marketing") for app in (one, other)]
    for _, subject in visitors:
        linked = await shop.post(f"/v1/sites/shop/subjects/{subject}/identifiers", {"identifier": WHO[3:]})
        assert (linked.status_code, linked.json()) == (201, {"subject": subject, "new": True})
    assert [await released(visitor) for visitor, _ in visitors] == [True, True]

    answer = await shop.post(WITHDRAWALS, {"subject": WHO, "purposes": ["analytics"]})
    assert answer.json()["receipt"]["withdrawn"] == ["analytics"]
    await asyncio.sleep(1)

    for visitor, subject in visitors:
        assert not await released(visitor)
        assert await released(visitor, "pixel"), "marketing was not taken back"
        assert await standing(shop, subject) == {"analytics": "withdrawn", "marketing": "valid"}
    assert await standing(shop) == {"analytics": "withdrawn", "marketing": "valid"}


async def test_a_yes_for_a_browser_is_refused(gateway, shop):
    visitor, subject = await browsing(gateway)

    answer = await shop.post(RECEIPTS, {"subject": subject, "decisions": {"analytics": True}})

    assert code(answer) == (403, "only_the_person")
    assert not await released(visitor)


async def test_linking_again_is_answered_200_and_an_unknown_subject_404(gateway, shop):
    _, subject = await browsing(gateway, "analytics")
    address = f"/v1/sites/shop/subjects/{subject}/identifiers"

    assert (await shop.post(address, {"identifier": "4711"})).status_code == 201
    again = await shop.post(address, {"identifier": "4711"})
    assert (again.status_code, again.json()["new"]) == (200, False)
    nobody = f"/v1/sites/shop/subjects/{uuid7()}/identifiers"
    assert code(await shop.post(nobody, {"identifier": "4711"})) == (404, "not_found")


async def test_the_history_is_everything_in_the_order_of_the_log(gateway, shop):
    _, subject = await browsing(gateway, "analytics")
    await shop.post(f"/v1/sites/shop/subjects/{subject}/identifiers", {"identifier": WHO[3:]})
    for decisions in ({"analytics": True}, {}, BOTH):
        await recorded(shop, decisions)
    await recorded(shop, BOTH, "id:somebody-else")

    answer = await shop.get(f"/v1/sites/shop/subjects/{quote(WHO)}/receipts")

    said = Records.model_validate_json(answer.content, extra="forbid")
    assert [one.sequence for one in said.items] == sorted(one.sequence for one in said.items)
    assert [one.receipt.channel for one in said.items] == ["frame", "api", "api", "link", "api"]
    assert said.next is None
    only = await shop.get(f"/v1/sites/shop/subjects/{subject}/receipts")
    assert {one["receipt"]["pii_principal_id"] for one in only.json()["items"]} == {subject}


async def test_pages_follow_each_other_without_a_gap_and_filters_hold(gateway, shop):
    for number in range(7):
        await recorded(shop, {"analytics": number % 2 == 0, "marketing": number == 3}, f"id:{number}")
    await shop.post(WITHDRAWALS, {"subject": "id:0"})

    assert await _walk(shop, f"{RECEIPTS}?limit=3") == [3, 3, 2]
    assert await _walk(shop, f"{RECEIPTS}?limit=3&subject=id:0") == [2]
    assert await _walk(shop, f"{RECEIPTS}?limit=1&subject=id:0") == [1, 1]
    assert await _walk(shop, f"{RECEIPTS}?purpose=analytics") == [4]
    assert await _walk(shop, f"{RECEIPTS}?purpose=marketing&method=save") == [1]
    assert await _walk(shop, f"{RECEIPTS}?method=withdraw") == [1]
    assert await _walk(shop, f"{RECEIPTS}?purpose=analytic") == [0]
    assert await _walk(shop, f"{RECEIPTS}?since=2099-01-01T00:00:00Z") == [0]
    assert await _walk(shop, f"{RECEIPTS}?until=2099-01-01T00:00:00%2B05:00&since=2020-01-01T00:00:00Z") == [8]
    assert await _walk(shop, f"{RECEIPTS}?subject=id:nobody") == [0]


async def test_a_page_of_a_rare_search_is_short_and_has_a_next_one(gateway, shop, monkeypatch):
    monkeypatch.setattr("consentgw.consents.store.WINDOW", 3)
    for number in range(7):
        await recorded(shop, {"marketing": number == 4}, f"id:{number}")

    assert await _walk(shop, f"{RECEIPTS}?purpose=marketing") == [0, 1, 0]
    assert await _walk(shop, f"{RECEIPTS}?method=reject_all&limit=2") == [2, 2, 2]


async def _walk(shop, address) -> list[int]:
    """Follow a list to its end and return how many each page held; nothing may stand twice."""
    seen, sizes = [], []
    while address:
        answer = await shop.get(address)
        assert answer.status_code == 200, answer.text
        said = answer.json()
        assert answer.headers.get("link") == (f'<{said["next"]}>; rel="next"' if said["next"] else None)
        seen += [one["sequence"] for one in said["items"]]
        sizes.append(len(said["items"]))
        address = said["next"]
    assert seen == sorted(set(seen))
    return sizes


@pytest.mark.parametrize("instant", ["0.5", "2026", "2026-11-24", "2026-11-24T07:00:00", "now", "1764000000"])
async def test_an_instant_is_a_date_a_time_and_an_offset(here, instant):
    for name in ("since", "until"):
        assert code(await here.get(f"{RECEIPTS}?{name}={instant}")) == (422, "invalid")


@pytest.mark.parametrize("cursor", ["x", "W10", "WzEsMl0x", "WyIxIiwyXQ", "WzEsMTAwMDAwMDAwMDAwMDAwMDAwMDAwMF0",
                                    "Wy0xLDFd", "WzEwMDAwMDAwMDAwMDAwMDAwMDAwLDFd", "W3RydWUsMV0"])  # fmt: skip
async def test_a_cursor_that_is_none_of_ours_leads_nowhere(here, cursor):
    assert code(await here.get(f"{RECEIPTS}?cursor={cursor}")) == (404, "not_found")


async def test_a_receipt_is_read_in_every_format_and_no_other(gateway, shop):
    made = await recorded(shop, {"analytics": True})
    address = f"{RECEIPTS}/{made['receipt']['receipt_id']}"
    keys = (await Visitor(gateway).load("/.well-known/jwks.json", "document", SHOP)).json()

    async def read(accept, status=200):
        answer = await shop.get(address, headers={"accept": accept} if accept else {})
        assert answer.status_code == status, answer.text
        return answer

    RecordRead.model_validate_json((await read("application/json")).content, extra="forbid")
    signed = await read("application/jose")
    assert signed.headers["content-type"] == "application/jose"
    assert verify(signed.text, keys, KIND) == made["receipt"]
    assert (await read("application/ld+json")).json()["@type"] == "dpv:ConsentReceipt"
    assert (await read("application/vnd.kantara.consent-receipt+json")).json()["version"] == "KI-CR-v1.1.0"
    for accept, media in {
        "": "application/json",
        "*/*": "application/json",
        "application/*;q=0.5": "application/json",
        "application/json;q=0.1, application/jose": "application/jose",
        "text/html, application/ld+json;q=0.2, */*;q=0.1": "application/ld+json",
        "application/jose;q=0, application/ld+json;q=0.001": "application/ld+json",
    }.items():
        answer = await read(accept)
        assert answer.headers["content-type"] == media, accept
        assert "Accept" in answer.headers["vary"]
    for accept in ("text/html", "application/jose;q=0", "image/*"):
        assert code(await read(accept, 406)) == (406, "not_acceptable")
    tags = {(await read(media)).headers["etag"] for media in ("application/json", "application/jose")}
    assert len(tags) == 2
    same = await shop.get(address, headers={"accept": "application/jose", "if-none-match": signed.headers["etag"]})
    assert same.status_code == 304


async def test_a_receipt_tells_the_items_that_kazakh_law_asks_for(gateway, shop):
    made = await recorded(shop, {"analytics": True})
    told = (await shop.get(f"{RECEIPTS}/{made['receipt']['receipt_id']}")).json()["disclosure"]

    operator = offer(gateway).site.operator
    assert told["operator"]["registration"] == operator.registration
    assert told["jurisdiction"] == "KZ"
    assert told["valid_until"] == made["receipt"]["valid_until"]
    assert told["third_parties"]
    assert told["recipients"] == [
        {"name": "Google Analytics", "country": "US", "purposes": ["analytics"], "abroad": True}
    ]
    assert (told["cross_border"], told["countries"], told["disseminated"]) == (True, ["US"], False)
    assert [datum["name"] for datum in told["data"]] == ["_ga"]

    refused = await recorded(shop, {})
    nothing = (await shop.get(f"{RECEIPTS}/{refused['receipt']['receipt_id']}")).json()["disclosure"]
    assert (nothing["third_parties"], nothing["cross_border"], nothing["data"]) == (False, False, [])
    assert not any(vendor in json.dumps(nothing) for vendor in VENDORS)


async def test_each_operation_needs_its_own_scope(embedded):
    reads, writes, stands = (
        caller(embedded, scope, site="shop")
        for scope in (Scope.RECEIPTS_READ, Scope.RECEIPTS_WRITE, Scope.STANDING_READ)
    )
    made = await writes.post(RECEIPTS, {"subject": WHO, "decisions": BOTH})
    assert made.status_code == 201
    subject = made.json()["receipt"]["pii_principal_id"]
    operations = [
        ("POST", RECEIPTS, writes, {"subject": WHO, "decisions": BOTH}),
        ("GET", RECEIPTS, reads, None),
        ("GET", made.headers["location"], reads, None),
        ("GET", f"/v1/sites/shop/subjects/{subject}/receipts", reads, None),
        ("GET", f"/v1/sites/shop/subjects/{subject}/standing", stands, None),
        ("POST", STANDING, stands, {"subjects": [WHO]}),
        ("POST", WITHDRAWALS, writes, {"subject": WHO}),
        ("POST", f"/v1/sites/shop/subjects/{subject}/identifiers", writes, {"identifier": "1"}),
    ]
    for method, path, allowed, body in operations:
        for who in (reads, writes, stands):
            answer = await who.call(method, path, json=body)
            assert (answer.status_code < 300) == (who is allowed), f"{method} {path}: {answer.text}"
            if who is not allowed:
                assert code(answer) == (403, "forbidden")


async def test_sent_twice_with_one_key_it_is_recorded_once(gateway, shop):
    body = {"subject": WHO, "decisions": BOTH}

    first = await shop.post(RECEIPTS, body, once="a")
    again = await shop.post(RECEIPTS, body, once="a")

    assert again.content == first.content
    assert again.headers["location"] == first.headers["location"]
    assert len(ledger(gateway)) == 1
    assert code(await shop.post(RECEIPTS, {**body, "decisions": {}}, once="a"))[1] == "idempotency_key_reused"


async def test_an_identifier_is_nowhere_in_clear(gateway, shop, caplog):
    caplog.set_level(logging.DEBUG, "consentgw")
    _, subject = await browsing(gateway, "analytics")
    answers = [
        await shop.post(RECEIPTS, {"subject": WHO, "decisions": BOTH}, once="1"),
        await shop.post(f"/v1/sites/shop/subjects/{subject}/identifiers", {"identifier": WHO[3:]}, once="2"),
        await shop.post(WITHDRAWALS, {"subject": WHO}, once="3"),
        await shop.post(STANDING, {"subjects": [WHO]}),
        await shop.get(f"/v1/sites/shop/subjects/{quote(WHO)}/standing"),
        await shop.get(f"/v1/sites/shop/subjects/{quote(WHO)}/receipts"),
        await shop.post(RECEIPTS, {"subject": WHO, "decisions": {"x": 1}}),
        await shop.post(RECEIPTS, {"subject": WHO, "decisions": {"profiling": True}}),
    ]
    for answer in answers:
        assert "aigerim" not in f"{answer.headers}{answer.text}"
    assert "aigerim" not in caplog.text
    with peeking(gateway.settings) as connection:
        for table in ("identifiers", "replies", "trail", "receipts", "events"):
            rows = connection.exec_driver_sql(f"SELECT * FROM {table}").all()
            assert rows, table
            assert all(b"aigerim" not in _bytes(value) for row in rows for value in row), table
    if gateway.settings.embedded:
        assert all(b"aigerim" not in file.read_bytes() for file in gateway.settings.data.iterdir() if file.is_file())


def _bytes(value) -> bytes:
    return bytes(value) if isinstance(value, (bytes, memoryview)) else str(value).encode()


async def test_every_act_is_in_the_trail(gateway, shop):
    _, subject = await browsing(gateway, "analytics")
    made = await recorded(shop, BOTH)
    await shop.post(f"/v1/sites/shop/subjects/{subject}/identifiers", {"identifier": WHO[3:]})
    taken = (await shop.post(WITHDRAWALS, {"subject": WHO})).json()

    dana = caller(gateway, Scope.AUDIT_READ, site="shop")
    acts = (await dana.get("/v1/audit")).json()["items"]

    assert [(act["act"], act["thing"]) for act in reversed(acts)] == [
        ("record_receipt", made["receipt"]["receipt_id"]),
        ("link_identifier", subject),
        ("withdraw", taken["receipt"]["receipt_id"]),
    ]
    assert GATEWAY not in json.dumps(acts)
