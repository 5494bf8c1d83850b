"""Asking and answering in a partner's page: what is shown, what is kept, what a person may trust."""

from __future__ import annotations

import re

import pytest

from consentgw.consents.model import Channel, Method, Source
from consentgw.consents.receipt import Evidence
from consentgw.consents.views import snippet
from tests.gateway import COOKIE, EVE, NEWS, SHOP, VENDORS, ledger, rows, running
from tests.visitor import GATEWAY, Visitor

pytestmark = pytest.mark.anyio


def shop_page(gateway, visitor, language="en"):
    """Return the shop's own page with the question in it."""
    offer = gateway.catalogue.offer("shop")
    return visitor.read(snippet(offer.site, offer.notices[language], GATEWAY).start, SHOP)


async def test_the_frame_asks_and_both_answers_are_on_the_same_layer(aigerim):
    page = await aigerim.frame("/embed/news", NEWS)

    assert page.status == 200
    assert all(page.offers(answer) for answer in ("accept_all", "reject_all", "save"))
    assert page.form("save").ticked == set()
    assert "script" not in page.elements


@pytest.mark.parametrize(
    ("method", "tick", "granted"),
    [
        (Method.ACCEPT_ALL, (), {"analytics", "marketing"}),
        (Method.REJECT_ALL, (), set()),
        (Method.REJECT_ALL, ("analytics",), set()),
        (Method.SAVE, ("analytics",), {"analytics"}),
        (Method.SAVE, (), set()),
    ],
)
async def test_every_answer_is_kept_as_it_was_given(gateway, aigerim, method, tick, granted):
    page = await aigerim.frame("/embed/news", NEWS)

    page = await page.press(method.value, tick=tick)

    [kept] = ledger(gateway)
    receipt = kept.receipt
    assert receipt.decision.granted == granted
    assert receipt.decision.refused == {"analytics", "marketing"} - granted
    assert (receipt.site, receipt.method, receipt.channel) == ("news", method, Channel.FRAME)
    assert receipt.source is Source.GIVEN_BY_PERSON
    assert receipt.evidence == Evidence(GATEWAY, "same-origin", gpc=False)
    assert receipt.previous is None
    assert "Your choice is saved" in page.text
    assert page.offers("withdraw") == bool(granted)
    assert page.form("save").ticked == granted


async def test_the_answer_given_in_the_shop_s_own_page_is_kept_as_such(gateway, aigerim):
    page = await shop_page(gateway, aigerim).press("save", tick=["marketing"])

    [kept] = ledger(gateway)
    assert kept.receipt.decision.granted == {"marketing"}
    assert kept.receipt.channel is Channel.INLINE
    assert kept.receipt.evidence == Evidence(SHOP, "cross-site", gpc=False)
    assert kept.receipt.decision.notice == gateway.catalogue.offer("shop").notices["en"].digest
    assert "Your choice is saved" in page.text
    assert aigerim.cookie(COOKIE[SHOP], SHOP)


@pytest.mark.parametrize("language", ["kk", "ru", "en"])
@pytest.mark.parametrize("site", ["shop", "news"])
async def test_the_language_that_was_shown_is_the_one_recorded(embedded, language, site):
    bolat = Visitor(embedded, language="de,fr")

    if site == "shop":
        page = await shop_page(embedded, bolat, language).press("reject_all")
    else:
        page = await (await bolat.frame(f"/embed/news?lang={language}", NEWS)).press("reject_all")

    [kept] = ledger(embedded)
    assert kept.receipt.language == language
    assert kept.receipt.decision.notice == embedded.catalogue.offer(site).notices[language].digest
    assert page.language == language


async def test_a_visitor_is_asked_in_the_language_of_the_browser(embedded):
    for header, language in (
        ("ru-KZ,ru;q=0.9", "ru"),
        ("de, en;q=0.5", "en"),
        ("de", "kk"),
        ("", "kk"),
        ("\xff;q", "kk"),
    ):
        page = await Visitor(embedded, language=header).frame("/embed/shop", SHOP)
        assert page.language == language


async def test_an_answer_is_confirmed_only_from_the_cookie_that_came_back(gateway, aigerim):
    forgetful = Visitor(gateway, keeps_cookies=False)

    saved = await (await aigerim.frame("/embed/news", NEWS)).press("accept_all")
    lost = await (await forgetful.frame("/embed/news", NEWS)).press("accept_all")

    assert "Your choice is saved" in saved.text
    assert "Your browser did not keep your choice" in lost.text
    assert lost.offers("accept_all")
    assert lost.loads == []
    assert len(ledger(gateway)) == 2


async def test_a_confirmation_seen_again_after_a_later_answer_shows_the_later_answer(bolat):
    first = await (await bolat.frame("/embed/news", NEWS)).press("accept_all")
    await first.press("withdraw")

    again = await bolat.frame(first.url, NEWS)

    assert "did not keep" not in again.text
    assert "is saved" not in again.text
    assert again.loads == []
    assert not again.offers("withdraw")


async def test_after_a_yes_the_confirmation_itself_loads_what_was_released(bolat):
    page = await bolat.frame("/embed/news", NEWS)
    assert page.loads == []

    page = await page.press("accept_all")

    assert sorted(page.loads) == [
        ("iframe", "/release/news/both.html"),
        ("img", "/release/news/ga.gif"),
        ("img", "/release/news/pixel.gif"),
    ]
    assert (await bolat.frame("/embed/news", NEWS)).loads == []


async def test_in_a_page_that_says_it_is_isolated_every_document_of_ours_demands_the_same_of_what_it_holds(bolat):
    policy = "cross-origin-embedder-policy"
    asked = await bolat.frame("/embed/news?lang=en&isolated=1", NEWS)
    unconfirmed = await asked.press("accept_all", origin="null")
    saved = await unconfirmed.press("accept_all")

    for page in (asked, unconfirmed, saved, await bolat.frame("/release/news?isolated=1", NEWS)):
        assert page.headers[policy] == "require-corp"
    assert len(saved.loads) == 3
    for page in (await bolat.frame("/release/news", NEWS), await bolat.frame("/release/news?isolated=0", NEWS)):
        assert len(page.loads) == 3
        assert policy not in page.headers


@pytest.mark.parametrize(("tick", "loads"), [((), []), (("analytics",), ["/release/news/ga.gif"])])
async def test_after_a_choice_only_what_was_chosen_is_loaded(bolat, tick, loads):
    page = await (await bolat.frame("/embed/news", NEWS)).press("save", tick=tick)

    assert [address for _, address in page.loads] == loads


async def test_no_vendor_is_named_in_any_header_before_a_yes(bolat):
    async def policies():
        for path in ("/embed/news", "/embed/news?saved=x", "/embed/news/style.css", "/release/news"):
            yield (await bolat.frame(path, NEWS)).headers["content-security-policy"]

    undecided = [policy async for policy in policies()]
    page = await bolat.frame("/embed/news", NEWS)
    refused = await page.press("reject_all")
    undecided += [policy async for policy in policies()]

    for policy in [*undecided, page.headers["content-security-policy"], refused.headers["content-security-policy"]]:
        assert not any(vendor in policy for vendor in VENDORS)
        assert "script" not in policy
    accepted = await refused.press("save", tick=["analytics", "marketing"])
    assert all(vendor in accepted.headers["content-security-policy"] for vendor in VENDORS)


async def test_changing_one_s_mind_is_a_new_receipt_of_the_same_subject(gateway, aigerim):
    page = await (await aigerim.frame("/embed/news", NEWS)).press("accept_all")
    page = await page.press("save", tick=["analytics"])
    page = await page.press("withdraw")

    first, second, third = ledger(gateway)
    assert first.receipt.subject == second.receipt.subject == third.receipt.subject
    assert [kept.receipt.previous for kept in (first, second, third)] == [None, first.receipt.id, second.receipt.id]
    assert [kept.receipt.decision.granted for kept in (first, second, third)] == [
        {"analytics", "marketing"},
        {"analytics"},
        set(),
    ]
    assert third.receipt.method is Method.WITHDRAW
    assert not page.offers("withdraw")


async def test_withdrawing_is_one_press_from_the_frame(bolat):
    await (await bolat.frame("/embed/news", NEWS)).press("accept_all")

    page = await (await bolat.frame("/embed/news", NEWS)).press("withdraw")

    assert page.status == 200
    assert page.loads == []


async def test_sites_know_nothing_of_each_other(gateway, aigerim):
    await (await aigerim.frame("/embed/news", NEWS)).press("accept_all")

    page = await aigerim.frame("/embed/shop", SHOP)
    assert page.offers("accept_all")
    await page.press("accept_all")

    one, other = ledger(gateway)
    assert one.receipt.subject != other.receipt.subject
    assert set(aigerim.jar) == {(NEWS, COOKIE[NEWS]), (SHOP, COOKIE[SHOP])}


async def test_an_answer_is_kept_together_with_its_event(gateway, aigerim):
    before = rows(gateway.settings)
    page = await (await aigerim.frame("/embed/news", NEWS)).press("accept_all")
    await page.press("withdraw")
    after = rows(gateway.settings)

    assert {name: after[name] - before[name] for name in after if after[name] != before[name]} == {
        "receipts": 2,
        "events": 2,
    }


async def test_a_signal_keeps_everything_off_asks_nothing_and_an_explicit_choice_is_stronger(gateway):
    dana = Visitor(gateway, gpc=True)

    page = await dana.frame("/embed/news", NEWS)
    style = await dana.load("/embed/news/style.css", "style", NEWS)
    assert "Global Privacy Control" in page.text
    assert page.form("save").ticked == set()
    assert b"signal */" in style.content
    assert ledger(gateway) == []

    page = await page.press("accept_all")
    assert "What you allowed here is stronger" in page.text
    [kept] = ledger(gateway)
    assert kept.receipt.evidence.gpc is True
    assert kept.receipt.decision.granted == {"analytics", "marketing"}


@pytest.mark.parametrize(
    ("said", "small"),
    [
        ("gzip, deflate, br", True),
        ("br;q=1.0, GZIP;q=0.5", True),
        ("gzip;q=0, identity", False),
        ("gzip; q=0.000", False),
        ("gzip;q=0.001", True),
        ("br, x-gzip", False),
        ("", False),
    ],
)
async def test_the_stylesheet_is_sent_compressed_to_who_says_so_and_is_the_same(bolat, said, small):
    plain = await bolat.load("/embed/news/style.css", "style", NEWS, accept_encoding="identity")
    style = await bolat.load("/embed/news/style.css", "style", NEWS, accept_encoding=said)

    assert style.headers.get("content-encoding") == ("gzip" if small else None)
    assert style.text == plain.text
    assert (int(style.headers["content-length"]) < int(plain.headers["content-length"]) / 2) is small
    assert "Accept-Encoding" in style.headers["vary"]


@pytest.mark.parametrize("value", ["0", "true", "1 ", "", "11"])
async def test_anything_but_a_plain_one_is_no_signal(bolat, value):
    page = await bolat.frame("/embed/news", NEWS, sec_gpc=value)

    assert page.offers("reject_all")
    assert "Global Privacy Control" not in page.text


async def test_the_stylesheet_follows_what_holds(bolat):
    async def shown():
        return re.search(
            r"/\* consentgw: news, (\w+) \*/", (await bolat.load("/embed/news/style.css", "style", NEWS)).text
        )[1]

    assert await shown() == "asks"
    page = await (await bolat.frame("/embed/news", NEWS)).press("reject_all")
    assert await shown() == "decided"
    await page.press("save", tick=["analytics"])
    assert await shown() == "decided"


async def test_a_page_that_is_not_the_site_s_learns_nothing(bolat):
    await (await bolat.frame("/embed/news", NEWS)).press("accept_all")

    for stranger in (f"{EVE}/", f"{SHOP}/", "https://news.example.eve.example/", "http://news.example/", "null", ""):
        style = await bolat.load("/embed/news/style.css", "style", NEWS, referer=stranger)
        page = await bolat.frame("/embed/news", NEWS, referer=stranger)
        assert b"news, asks" in style.content
        assert page.offers("reject_all")


async def test_cookies_are_set_by_decisions_and_by_nothing_else(bolat):
    for path in ("/embed/news", "/embed/news/style.css", "/release/news", "/release/news/ga.gif"):
        await bolat.load(path, "iframe", NEWS)
    page = await bolat.frame("/embed/news?saved=forged", NEWS)
    await page.press("accept_all", origin=EVE)
    assert bolat.set_cookies == []

    await page.press("accept_all")
    assert len(bolat.set_cookies) == 1
    assert bolat.set_cookies[0].startswith("__Host-cg-news=")
    assert bolat.set_cookies[0].endswith("; Secure; HttpOnly; SameSite=None; Partitioned")


async def test_nothing_that_names_the_person_reaches_the_database(seeded_sqlite):
    async with running(seeded_sqlite) as app:
        bolat = Visitor(app)
        traces = {
            "user_agent": "Zhuldyz/7.3 (bolat)",
            "x_forwarded_for": "203.0.113.77",
            "forwarded": "for=203.0.113.77",
        }
        page = await bolat.frame("/embed/news", NEWS, **traces)
        page = await page.press("accept_all", **traces)
        await page.press("withdraw", cookie=None, **traces)
        assert len(ledger(app)) == 2
    written = b"".join(file.read_bytes() for file in seeded_sqlite.data.iterdir())

    assert b"accept_all" in written
    for trace in (b"Zhuldyz", b"203.0.113", b"127.0.0.1", b"bolat"):
        assert trace not in written
