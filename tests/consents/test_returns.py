"""The redirect flow: sent here by the partner, asked at top level, sent back with a code that is good once."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, quote, urlsplit

import anyio
import pytest
from sqlalchemy import text

from consentgw.consents import return_codes, returns
from consentgw.consents.model import Channel, Method
from consentgw.consents.returns import LIFETIME, Return
from consentgw.db import open_database
from consentgw.errors import DeadCode, Malformed
from consentgw.http.forms import read
from consentgw.notices import store as notices
from tests.gateway import EVE, digest, ledger, open_partners, peeking, running
from tests.hostile import EVERY
from tests.notices import story
from tests.visitor import GATEWAY, Visitor

pytestmark = pytest.mark.anyio

DONE = "https://shop.example/after-consent"
START = "/consent/shop?lang=en&return=done&state=af0ifjsldkj"


def back_at(page):
    """Return the address somebody was sent back to, and what was appended."""
    parts = urlsplit(page.url)
    said = parse_qs(parts.query, strict_parsing=True)
    assert all(len(values) == 1 for values in said.values())
    return parts._replace(query="").geturl(), {name: values[0] for name, values in said.items()}


async def redeem(app, site="shop", code="", name="done", state="af0ifjsldkj"):
    """Redeem a code as the partner's server does."""
    [pages] = [route.endpoint.__self__ for route in app.routes if route.path == "/receipt/{code}"]
    return await pages.db.write(returns.redeem, site, code, name=name, state=state)


# There and back


@pytest.mark.parametrize("method", ["accept_all", "reject_all", "save"])
async def test_after_the_answer_a_person_is_sent_back_with_a_code_and_the_state(gateway, aigerim, method):
    page = await aigerim.open(START)
    back = await page.press(method, **({"tick": ["analytics"]} if method == "save" else {}))

    address, said = back_at(back)
    assert address == DONE
    assert set(said) == {"code", "state"}
    assert said["state"] == "af0ifjsldkj"
    [kept] = ledger(gateway)
    assert kept.receipt.channel is Channel.REDIRECT
    assert (await redeem(gateway, code=said["code"])).receipt == kept.receipt


async def test_the_page_says_where_one_comes_from_and_lets_one_go_back_without_an_answer(gateway, aigerim):
    before = digest(gateway.settings)
    page = await aigerim.open(START)

    assert "You come from shop.example and go back there after your answer." in page.text
    back = await page.follow("prompt=none")

    assert back_at(back) == (DONE, {"state": "af0ifjsldkj"})
    assert digest(gateway.settings) == before


async def test_who_answered_before_sees_what_holds_and_can_go_back_with_that(gateway, aigerim):
    await (await aigerim.open(START)).press("save", tick=["analytics"])

    page = await aigerim.open(START)
    assert page.form("save").ticked == {"analytics"}
    assert "Back without changing anything" in page.text
    _, said = back_at(await page.follow("prompt=none"))

    assert (await redeem(gateway, code=said["code"])).receipt == ledger(gateway)[0].receipt
    assert len(ledger(gateway)) == 1


async def test_a_withdrawal_goes_back_as_well(gateway, aigerim):
    await (await aigerim.open(START)).press("accept_all")

    _, said = back_at(await (await aigerim.open(START)).press("withdraw"))

    kept = await redeem(gateway, code=said["code"])
    assert kept.receipt.method is Method.WITHDRAW
    assert kept.receipt.decision.granted == frozenset()


@pytest.mark.parametrize("language", ["kk", "ru", "en"])
async def test_another_language_keeps_the_way_back(gateway, aigerim, language):
    page = await (await aigerim.open(START)).follow(f"?lang={language}&")

    assert page.language == language
    assert back_at(await page.press("reject_all"))[0] == DONE


async def test_the_state_comes_back_as_it_was_whatever_it_holds(gateway, aigerim):
    state = "".join(map(chr, range(0x21, 0x7F)))

    page = await aigerim.open(f"/consent/shop?return=done&state={quote(state, safe='')}")

    assert page.status == 200
    assert back_at(await page.press("accept_all"))[1]["state"] == state


async def test_a_registered_query_is_kept_and_ours_is_appended(gateway, aigerim):
    page = await aigerim.open("/consent/shop?return=basket&state=x")
    back = await page.press("accept_all")

    assert back.url.startswith("https://shop.example/basket?step=2&code=")


async def test_the_form_may_lead_to_exactly_that_partner(gateway, aigerim):
    page = await aigerim.open(START)

    policy = page.headers["content-security-policy"]
    assert re.search(r"form-action ([^;]*)", policy)[1] == "'self' https://shop.example"
    assert "frame-ancestors 'none'" in policy
    assert page.headers["referrer-policy"] == "same-origin"
    plain = await aigerim.open("/consent/shop")
    assert re.search(r"form-action ([^;]*)", plain.headers["content-security-policy"])[1] == "'self'"


# Errors are shown here, and lead nowhere


async def assert_stays(visitor, address, *, status=400):
    """An error is a page of ours, for people, and nothing is sent anywhere."""
    response = await visitor.load(address, "document", GATEWAY)
    assert response.status_code == status, address
    assert "location" not in response.headers
    assert "refresh" not in response.headers
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert "evil" not in response.text
    assert "set-cookie" not in response.headers


@pytest.mark.parametrize("prompt", ["", "&prompt=none"])
async def test_a_hostile_return_never_redirects(embedded, bolat, prompt):
    before = digest(embedded.settings)
    for address in EVERY:
        await assert_stays(bolat, f"/consent/shop?return={quote(address, safe='')}&state=x{prompt}")
        await assert_stays(bolat, f"/consent/shop?return=done&return={quote(address, safe='')}&state=x{prompt}")
        await assert_stays(bolat, f"/consent/shop?return=done&state=x&rt={quote(address, safe='')}{prompt}")
    assert digest(embedded.settings) == before


@pytest.mark.parametrize(
    "query",
    [
        "return=done",
        "state=x",
        "prompt=none",
        "return=done&state=",
        "return=&state=x",
        "return=other&state=x",
        "return=DONE&state=x",
        "return=done%20&state=x",
        "return=done&state=x&state=x",
        "return=done&return=done&state=x",
        "return=done&state=x&prompt=login",
        "return=done&state=x&prompt=none&prompt=none",
        "return=done&state=x&prompt=",
        "return=done&state=x&receipt=y",
        "return=done&state=x&code=y",
        "return=done&state=x&lang=en&lang=ru",
        "return=done&state=a%20b",
        "return=done&state=%C3%A9",
        "return=done&state=a%0d%0aset-cookie:b",
        "return=done&state=%00",
        f"return=done&state={'x' * 513}",
    ],
)
async def test_what_is_missing_repeated_unknown_or_too_long_is_refused_on_a_page(bolat, query):
    await assert_stays(bolat, f"/consent/shop?{query}")


async def test_a_name_of_another_site_is_unknown_here(bolat):
    await assert_stays(bolat, "/consent/news?return=done&state=x")
    await assert_stays(bolat, "/consent/nothing?return=done&state=x", status=404)


def test_an_address_without_tls_is_no_way_back_from_a_gateway_with_tls():
    plain = returns.Returns(None, plain=False)
    offered = type("Site", (), {"slug": "shop", "returns": {"try": "http://shop.localhost:8080/after"}})

    with pytest.raises(Malformed, match="nobody registered"):
        plain.asked(read(b"return=try&state=x"), offered)
    assert returns.Returns(None, plain=True).asked(read(b"return=try&state=x"), offered).name == "try"


async def test_after_a_refused_post_the_question_still_leads_back(gateway, aigerim):
    page = await aigerim.open(START)
    again = await page.press("accept_all", origin=EVE, sec_fetch_site="cross-site")

    assert again.status == 403
    assert "location" not in again.headers
    assert ledger(gateway) == []
    assert back_at(await again.press("reject_all"))[0] == DONE


async def test_a_used_form_sends_nobody_anywhere_again(gateway, aigerim):
    page = await aigerim.open(START)
    await page.press("accept_all")
    again = await page.press("reject_all")

    assert (again.status, len(ledger(gateway))) == (409, 1)
    assert again.url.startswith(GATEWAY)


async def test_a_form_carries_only_what_was_sealed_for_its_site(gateway, aigerim):
    page = await aigerim.open(START)
    fields = page.form("accept_all").fields("accept_all")
    sealed = dict(fields)["return"]
    other = dict((await aigerim.open("/consent/news?return=read&state=x")).form("save").fields("save"))["return"]

    for value in ("", "done", DONE, sealed[:-1], sealed.replace("done", "evil"), other, f"{sealed}.x"):
        changed = [(name, value if name == "return" else said) for name, said in fields]
        answer = await page.press("accept_all", fields=changed)
        assert answer.status == 400
        assert answer.url.startswith(GATEWAY)
    without = await page.press("accept_all", fields=[field for field in fields if field[0] != "return"])
    assert without.status == 409
    assert without.url.startswith(GATEWAY)
    twice = await page.press("accept_all", fields=[*fields, ("return", sealed)])
    assert twice.status == 400
    assert ledger(gateway) == []


async def test_a_name_that_is_registered_no_longer_leads_nowhere(gateway, aigerim):
    page = await aigerim.open(START)
    offer = gateway.catalogue.offer("shop")
    del offer.site.returns["done"]

    answer = await page.press("accept_all")

    assert answer.status == 400
    assert answer.url.startswith(GATEWAY)
    assert ledger(gateway) == []


# Asked for no question


async def test_without_a_question_nothing_is_guessed(gateway, aigerim):
    before = digest(gateway.settings)
    for visitor in (aigerim, Visitor(gateway, gpc=True)):
        assert back_at(await visitor.open(f"{START}&prompt=none")) == (DONE, {"state": "af0ifjsldkj"})
    assert digest(gateway.settings) == before
    assert aigerim.set_cookies == []


async def test_without_a_question_what_holds_is_told(gateway, aigerim):
    await (await aigerim.open("/consent/shop?lang=en")).press("save", tick=["marketing"])

    _, said = back_at(await aigerim.open(f"{START}&prompt=none"))

    assert (await redeem(gateway, code=said["code"])).receipt.decision.granted == {"marketing"}
    assert len(ledger(gateway)) == 1


async def test_whatever_page_led_to_the_partner_a_person_it_sends_on_is_known(gateway, aigerim):
    await (await aigerim.open("/consent/shop?lang=en")).press("save", tick=["marketing"])
    from_a_link = {"referer": f"{EVE}/", "sec_fetch_site": "cross-site"}

    assert "code" in back_at(await aigerim.open(f"{START}&prompt=none", **from_a_link))[1]
    page = await aigerim.open(START, **from_a_link)
    assert page.form("save").ticked == {"marketing"}
    assert page.headers["content-security-policy"].count("frame-ancestors 'none'") == 1


@pytest.mark.parametrize("destination", ["image", "iframe", "style", "script", "empty"])
async def test_a_page_that_embeds_the_flow_gets_no_code_even_where_the_browser_sends_the_cookie(
    embedded, bolat, destination
):
    await (await bolat.open("/consent/shop?lang=en")).press("accept_all")
    cookie = f"__Host-cg-shop={bolat.cookie('__Host-cg-shop', GATEWAY)}"

    answer = await bolat.load(f"{START}&prompt=none", destination, EVE, cookie=cookie)

    assert "code=" not in answer.headers["location"]


async def test_without_a_question_an_answer_that_holds_no_longer_is_not_told(seeded):
    async with running(seeded) as app:
        aigerim = Visitor(app)
        await (await aigerim.open("/consent/shop?lang=en")).press("accept_all")
    with open_database(seeded) as db:
        db.apply(open_partners, "Something else now.")
    async with running(seeded) as app:
        later = Visitor(app)
        later.jar = aigerim.jar
        assert "code" not in back_at(await later.open(f"{START}&prompt=none"))[1]


async def test_an_answer_at_another_site_says_nothing_here(gateway, aigerim):
    await (await aigerim.open("/consent/news?lang=en")).press("accept_all")

    assert "code" not in back_at(await aigerim.open(f"{START}&prompt=none"))[1]


# Codes


async def coded(gateway, visitor):
    """Answer in the redirect flow; return the code."""
    return back_at(await (await visitor.open(START)).press("accept_all"))[1]["code"]


async def test_of_a_hundred_who_redeem_a_code_at_once_exactly_one_gets_the_receipt(gateway, aigerim):
    code = await coded(gateway, aigerim)
    got = []

    async def attempt():
        try:
            got.append(await redeem(gateway, code=code))
        except DeadCode:
            got.append(None)

    async with anyio.create_task_group() as group:
        for _ in range(100):
            group.start_soon(attempt)

    assert len(got) == 100
    assert [kept.receipt for kept in got if kept] == [ledger(gateway)[0].receipt]


async def test_a_code_is_good_for_its_own_site_name_and_state_only_and_a_wrong_try_spends_nothing(gateway, aigerim):
    code = await coded(gateway, aigerim)

    for wrong in ({"site": "news"}, {"name": "basket"}, {"state": "other"}, {"code": code[:-1]}, {"code": ""}):
        with pytest.raises(DeadCode):
            await redeem(gateway, **{"code": code, **wrong})
    assert await redeem(gateway, code=code)
    with pytest.raises(DeadCode):
        await redeem(gateway, code=code)


async def test_a_later_decision_is_what_a_code_fetches(gateway, aigerim):
    code = await coded(gateway, aigerim)
    await (await aigerim.open("/consent/shop?lang=en")).press("withdraw")

    assert (await redeem(gateway, code=code)).receipt.method is Method.WITHDRAW


async def test_of_a_code_only_its_hash_is_kept(gateway, aigerim):
    code = await coded(gateway, aigerim)

    with peeking(gateway.settings) as connection:
        [row] = connection.execute(text("SELECT * FROM return_codes")).all()
    kept = b" ".join(bytes(value) if isinstance(value, (bytes, memoryview)) else str(value).encode() for value in row)
    assert code.encode() not in kept
    assert b"af0ifjsldkj" not in kept


def test_a_code_lives_a_minute_and_is_forgotten_after_it(db, clock):
    def happen(unit):
        shop = story.open_shop(unit)
        notice = notices.latest(unit.connection, shop.slug, story.TAGS).current["kk"]
        back = Return("shop", "done", DONE, "state")
        signer = story.signer(unit)
        [held], code = returns.record(unit, [story.answer(notice)], signer, back)
        return code, returns.issue(unit, back, held.receipt)

    first, second = db.apply(happen)
    clock.step(seconds=LIFETIME.total_seconds() - 1)
    assert db.apply(returns.redeem, "shop", first, name="done", state="state")
    assert db.apply(return_codes.drop) == 0
    clock.step(seconds=1)
    with pytest.raises(DeadCode):
        db.apply(returns.redeem, "shop", second, name="done", state="state")
    assert db.apply(return_codes.drop) == 2
