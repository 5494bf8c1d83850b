"""One answer at several sites: told in the question, recorded at each, and taken back at one for all."""

from __future__ import annotations

import re
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import anyio
import pytest
from sqlalchemy import select, text

from consentgw import outbox
from consentgw.access.model import Scope
from consentgw.consents.model import Channel, Method, Source
from consentgw.consents.receipt import KIND
from consentgw.keys.model import verify
from consentgw.outbox.tables import events
from tests.caller import caller
from tests.gateway import COOKIE, NEWS, PARTNERS, SHOP, digest, ledger, peeking, running
from tests.grounds import SUBDOMAIN
from tests.sharing import BLOG, SITES, settled, sharing, sharing_embedded
from tests.visitor import GATEWAY, Visitor

__all__ = ["sharing", "sharing_embedded"]
pytestmark = pytest.mark.anyio

AT_SHOP = "/consent/shop?lang=en&return=done&state=x"
AT_NEWS = "/consent/news?lang=en&return=read&state=y"
BOTH_SITES = "Dana&#39;s news (news.example), Дана дүкені (shop.example)"


@pytest.fixture
def aigerim(sharing):
    """Somebody who visits both sites."""
    return Visitor(sharing)


@pytest.fixture
def bolat(sharing_embedded):
    """The same on SQLite."""
    return Visitor(sharing_embedded)


async def answer(visitor, method="accept_all", address=AT_SHOP, **given):
    """Answer in the redirect flow."""
    return await (await visitor.open(address)).press(method, **given)


async def told(app, page, slug="shop"):
    """Return what the partner's server is told for the code somebody was sent back with, None where there is none."""
    code = parse_qs(urlsplit(page.url).query).get("code")
    if code is None:
        return None
    name, state = {"shop": ("done", "x"), "news": ("read", "y")}[slug]
    said = {"code": code[0], "name": name, "state": state}
    got = await caller(app, Scope.RECEIPTS_READ, site=slug).post(f"/v1/sites/{slug}/return-codes", said)
    assert got.status_code == 200, got.text
    return got.json()


async def known_at(app, visitor, slug):
    """Return what holds for somebody who comes by without a question, None where nothing does."""
    start = {"shop": AT_SHOP, "news": AT_NEWS}[slug]
    got = await told(app, await visitor.open(f"{start}&prompt=none"), slug)
    return got and got["granted"]


def newest(app):
    """Return the latest receipt of each site."""
    return {kept.receipt.site: kept.receipt for kept in ledger(app)}


def happened(app):
    """Return topic and site of everything that partners are told of people."""
    with peeking(app.settings) as connection:
        query = select(events.c.topic, events.c.site).where(events.c.topic != outbox.POLICY_PUBLISHED)
        query = query.order_by(events.c.sequence)
        return [tuple(row) for row in connection.execute(query)]


def tied(app):
    """Return the sites and subjects that belong together by one answer."""
    with peeking(app.settings) as connection:
        rows = connection.execute(text("SELECT digest, site, subject, own FROM identifiers ORDER BY sequence")).all()
    groups = {}
    for row in rows:
        assert not row.own
        groups.setdefault(bytes(row.digest), set()).add((row.site, bytes(row.subject)))
    return list(groups.values())


async def look(app):
    """Let the gateway take in what the ledger has gained, as it does four times a second."""
    [pages] = [route.endpoint.__self__ for route in app.routes if route.path == "/receipt/{code}"]
    await app.refresh(pages.db)


async def released(visitor, state, slug="news", page=NEWS):
    """Return whether a tag loads on a partner's page that has this state."""
    load = await visitor.load(f"/release/{slug}/ga.gif?c={state}", "image", page)
    return load.status_code == 302


# What the person is told


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("kk", "Бір жауап осы сайттардың бәрінде күшінде болады"),
        ("ru", "Один ответ действует на всех этих сайтах"),
        ("en", "One answer counts on all of them"),
    ],
)
async def test_the_question_says_for_which_sites_the_answer_counts_and_names_the_policy_of_each(bolat, language, words):
    for start in (AT_SHOP, AT_NEWS):
        page = await bolat.open(start.replace("lang=en", f"lang={language}"))

        assert BOTH_SITES in page.text
        assert words in page.text
        assert len([link for link in page.links if link.startswith("/policy/")]) == 2
        assert {"__Host-cg-news", "__Host-cg-shop"} <= set(re.findall(r"__Host-cg-\w+", page.text))


async def test_what_was_shown_is_what_each_receipt_names(sharing_embedded, bolat):
    page = await bolat.open(AT_NEWS)
    await page.press("accept_all")

    for receipt in newest(sharing_embedded).values():
        shown = await bolat.open(f"/notice/{receipt.decision.notice}")
        assert BOTH_SITES in shown.text
        record = (await bolat.open(f"/notice/{receipt.decision.notice}.json")).response.json()
        assert [site["slug"] for site in record["covers"]] == ["news", "shop"]
        assert record["site"] == receipt.site
        for kind, said in record["shown"]:
            if kind == "text":
                assert said.replace("'", "&#39;") in page.text


async def test_where_sites_do_not_share_nothing_is_said_of_it_and_nothing_is_recorded_elsewhere(embedded):
    visitor = Visitor(embedded)
    page = await visitor.open(AT_SHOP)
    await page.press("accept_all")

    assert "Dana&#39;s news" not in page.text
    [kept] = ledger(embedded)
    assert kept.receipt.covers == frozenset()
    assert b"covers" not in kept.body
    assert [line.partition("=")[0] for line in visitor.set_cookies] == ["__Host-cg-shop"]
    assert tied(embedded) == []
    assert await known_at(embedded, visitor, "news") is None


# One answer, a receipt at each site


@pytest.mark.parametrize("method", ["accept_all", "reject_all", "save"])
async def test_one_answer_is_one_receipt_at_each_site_with_a_subject_of_its_own(sharing, aigerim, method):
    back = await answer(aigerim, method, **({"tick": ["analytics"]} if method == "save" else {}))

    first, second = (kept.receipt for kept in ledger(sharing))
    assert (first.site, second.site) == ("shop", "news")
    assert first.subject != second.subject
    assert first.id != second.id
    for receipt in (first, second):
        assert receipt.covers == {"shop", "news"}
        assert (receipt.channel, receipt.source) == (Channel.REDIRECT, Source.GIVEN_BY_PERSON)
        assert (receipt.method, receipt.previous) == (Method(method), None)
        assert receipt.decision.notice == sharing.catalogue.offer(receipt.site).shared["en"].digest
        assert receipt.policy == sharing.catalogue.offer(receipt.site).notices["en"].policy
        own = str(receipt.subject)
        other = next(one for one in (first, second) if one is not receipt)
        assert own not in str(other.body())
        assert str(receipt.id) not in str(other.body())
    assert first.decision.granted == second.decision.granted
    assert happened(sharing) == [(outbox.RECEIPT_RECORDED, "shop"), (outbox.RECEIPT_RECORDED, "news")]
    got = await told(sharing, back)
    assert got["receipt"]["receipt_id"] == str(first.id)
    assert got["receipt"]["covers"] == ["news", "shop"]
    keys = (await aigerim.open("/.well-known/jwks.json")).response.json()
    assert verify(got["signed"], keys, KIND) == got["receipt"]


async def test_the_other_site_knows_at_once_and_asks_nothing(sharing, aigerim):
    assert await known_at(sharing, aigerim, "news") is None
    await answer(aigerim, "save", tick=["analytics"])

    assert await known_at(sharing, aigerim, "news") == ["analytics"]
    page = await aigerim.open(AT_NEWS)
    assert page.form("save").ticked == {"analytics"}
    assert "Counts on" in page.text
    assert len(ledger(sharing)) == 2
    assert {line.partition("=")[0] for line in aigerim.set_cookies} == {"__Host-cg-shop", "__Host-cg-news"}


async def test_only_who_gave_the_answer_is_known(sharing_embedded, bolat):
    await answer(bolat)

    assert await known_at(sharing_embedded, Visitor(sharing_embedded), "news") is None


async def test_a_refusal_is_one_press_as_well_and_leaves_nothing_that_ties_the_sites(sharing, aigerim):
    page = await aigerim.open(AT_SHOP)
    assert page.offers("reject_all")
    await page.press("reject_all")

    assert await known_at(sharing, aigerim, "shop") == []
    assert await known_at(sharing, aigerim, "news") == []
    assert tied(sharing) == []


async def test_a_signal_of_the_browser_is_recorded_with_each_receipt(sharing_embedded):
    visitor = Visitor(sharing_embedded, gpc=True)
    await answer(visitor)

    assert [kept.receipt.evidence.gpc for kept in ledger(sharing_embedded)] == [True, True]


async def test_without_an_answer_a_signal_is_no_answer_at_either_site(sharing_embedded):
    visitor = Visitor(sharing_embedded, gpc=True)

    assert await known_at(sharing_embedded, visitor, "shop") is None
    assert await known_at(sharing_embedded, visitor, "news") is None
    assert ledger(sharing_embedded) == []


async def test_answering_again_replaces_the_receipt_of_each_site_and_ties_them_once(sharing, aigerim):
    await answer(aigerim)
    first = newest(sharing)
    await answer(aigerim, "save", AT_NEWS, tick=["analytics", "marketing"])

    second = newest(sharing)
    assert len(ledger(sharing)) == 4
    for slug in ("shop", "news"):
        assert second[slug].previous == first[slug].id
        assert second[slug].subject == first[slug].subject
    [together] = tied(sharing)
    assert together == {(receipt.site, receipt.subject.bytes) for receipt in second.values()}


async def test_what_was_answered_at_one_site_alone_is_replaced_there(sharing, aigerim):
    await (await aigerim.open("/consent/news?lang=en")).press("save", tick=["marketing"])
    alone = newest(sharing)["news"]
    await answer(aigerim, "save", tick=["analytics"])

    assert newest(sharing)["news"].previous == alone.id
    assert await known_at(sharing, aigerim, "news") == ["analytics"]
    assert len(ledger(sharing)) == 3


async def test_a_form_that_was_used_records_nothing_at_any_site(sharing, aigerim):
    page = await aigerim.open(AT_SHOP)
    await page.press("reject_all")
    before = digest(sharing.settings)
    again = await page.press("accept_all")

    assert again.status == 409
    assert digest(sharing.settings) == before


async def test_of_many_who_press_at_once_with_one_form_one_answer_counts_whole(sharing, aigerim):
    page = await aigerim.open(AT_SHOP)

    async with anyio.create_task_group() as group:
        for method in ("accept_all", "reject_all") * 5:
            group.start_soon(page.press, method)

    first, second = (kept.receipt for kept in ledger(sharing))
    assert first.method is second.method


# Only there


@pytest.mark.parametrize("start", ["/consent/shop?lang=en", "/embed/shop?lang=en"])
async def test_everywhere_else_an_answer_counts_at_its_own_site_and_the_question_says_nothing_else(
    sharing_embedded, bolat, start
):
    page = await (bolat.frame(start, SHOP) if "embed" in start else bolat.open(start))
    await page.press("accept_all")

    assert "Dana&#39;s news" not in page.text
    [kept] = ledger(sharing_embedded)
    assert kept.receipt.covers == frozenset()
    assert await known_at(sharing_embedded, bolat, "news") is None


async def test_the_frame_on_a_partner_s_page_is_the_same_byte_for_byte_whether_the_site_shares_or_not(seeded_sqlite):
    async def shown(app):
        visitor = Visitor(app)
        frame = await visitor.frame("/embed/shop?lang=en", SHOP)
        style = await visitor.load("/embed/shop/style.css", "style", SHOP)
        page = await visitor.open("/consent/shop?lang=en")
        return [re.sub(r'name="token" value="[^"]*"', "", text) for text in (frame.text, style.text, page.text)]

    async with running(seeded_sqlite) as app:
        before = await shown(app)
    async with running(settled(seeded_sqlite)) as app:
        assert app.catalogue.offer("shop").shared
        assert await shown(app) == before


async def test_an_answer_for_several_sites_says_nothing_in_the_frame(sharing_embedded, bolat):
    await answer(bolat)

    for slug, page in (("shop", SHOP), ("news", NEWS)):
        assert (await bolat.load(f"/release/{slug}/ga.gif", "image", page)).status_code == 200
        assert (await bolat.frame(f"/embed/{slug}?lang=en", page)).offers("accept_all")
        assert bolat.cookie(COOKIE[page], page) is None


async def test_on_a_site_s_own_ground_it_asks_for_itself_alone(seeded_sqlite):
    at_home = (replace(SITES[0], first_party=frozenset({SUBDOMAIN})), SITES[1])
    async with running(settled(seeded_sqlite, *at_home)) as app:
        visitor = Visitor(app)
        page = await visitor.open(f"{SUBDOMAIN}{AT_SHOP}")
        await page.press("accept_all")

        assert "Dana&#39;s news" not in page.text
        assert [kept.receipt.site for kept in ledger(app)] == ["shop"]
        assert BOTH_SITES in (await visitor.open(AT_SHOP)).text


async def test_the_api_lists_the_shared_question_beside_the_own_one(sharing_embedded):
    items = (await caller(sharing_embedded, site="shop").get("/v1/sites/shop/notices")).json()["items"]

    assert [(line["language"], line["covers"]) for line in items] == [
        *((language, []) for language in ("kk", "ru", "en")),
        *((language, ["news", "shop"]) for language in ("kk", "ru", "en")),
    ]


# Mixed up


async def test_a_form_of_one_site_records_nothing_at_another(sharing_embedded, bolat):
    page = await bolat.open(AT_SHOP)
    form = page.form("accept_all")
    theirs = (await bolat.open(AT_NEWS)).form("accept_all")
    alone = (await bolat.open("/consent/shop?lang=en")).form("accept_all")
    before = digest(sharing_embedded.settings)

    token, back = (dict(form.fields("accept_all"))[name] for name in ("token", "return"))
    for fields in (
        {"token": dict(theirs.fields("accept_all"))["token"], "return": back},
        {"token": token, "return": dict(theirs.fields("accept_all"))["return"]},
        {"token": token},
        {"token": dict(alone.fields("accept_all"))["token"], "return": back},
    ):
        sent = await page.press("accept_all", fields=[*fields.items(), ("method", "accept_all")])
        assert sent.status in {400, 409}
        assert sent.url.startswith(GATEWAY)
    elsewhere = replace(theirs, hidden=form.hidden)
    sent = await bolat.submit(page.place, elsewhere, "accept_all")
    assert sent.status in {400, 409}
    assert digest(sharing_embedded.settings) == before


async def test_the_shared_question_cannot_be_answered_in_a_partner_s_page(sharing_embedded, bolat):
    notice = sharing_embedded.catalogue.offer("shop").shared["en"].digest
    page = bolat.read(
        f'<form method="post" action="{GATEWAY}/embed/shop"><input type="hidden" name="notice" value="{notice}">'
        '<button name="method" value="accept_all">Yes</button></form>',
        SHOP,
    )

    assert (await page.press("accept_all")).status == 409
    assert ledger(sharing_embedded) == []


@pytest.mark.parametrize("shared_when_shown", [True, False])
async def test_a_form_from_before_the_sites_began_or_ceased_to_share_asks_again(
    sharing_embedded, bolat, shared_when_shown
):
    both = sharing_embedded.catalogue.offers
    alone = {slug: replace(offer, shared={}) for slug, offer in both.items()}
    sharing_embedded.catalogue.offers = both if shared_when_shown else alone
    page = await bolat.open(AT_SHOP)
    sharing_embedded.catalogue.offers = alone if shared_when_shown else both
    sent = await page.press("accept_all")

    assert sent.status == 409
    assert ledger(sharing_embedded) == []
    assert (BOTH_SITES in sent.text) is not shared_when_shown


async def test_a_code_of_one_site_is_worth_nothing_at_the_other(sharing_embedded, bolat):
    code = parse_qs(urlsplit((await answer(bolat)).url).query)["code"][0]

    for name, state in (("done", "x"), ("read", "y")):
        said = {"code": code, "name": name, "state": state}
        assert (
            await caller(sharing_embedded, site="news").post("/v1/sites/news/return-codes", said)
        ).status_code == 410


async def test_a_key_of_one_site_sees_nothing_of_the_other(sharing, aigerim):
    await answer(aigerim)
    shop, news = newest(sharing)["shop"], newest(sharing)["news"]
    dana = caller(sharing, site="shop")

    assert (await dana.get(f"/v1/sites/shop/receipts?subject={news.subject}")).status_code == 404
    listed = (await dana.get("/v1/sites/shop/receipts")).text
    assert str(shop.id) in listed
    assert str(news.id) not in listed
    assert str(news.subject) not in listed


# Taking it back


async def test_a_withdrawal_in_the_redirect_flow_counts_at_every_site(sharing, aigerim):
    await answer(aigerim)
    await answer(aigerim, "withdraw", AT_NEWS)

    assert await known_at(sharing, aigerim, "shop") == []
    assert await known_at(sharing, aigerim, "news") == []
    assert [(kept.receipt.site, kept.receipt.method) for kept in ledger(sharing)[2:]] == [
        ("news", Method.WITHDRAW),
        ("shop", Method.WITHDRAW),
    ]
    assert happened(sharing)[2:] == [(outbox.CONSENT_WITHDRAWN, "news"), (outbox.CONSENT_WITHDRAWN, "shop")]


async def withdraw_on_the_receipt(app, given):
    """Press on the receipt page, in another browser."""
    [pages] = [route.endpoint.__self__ for route in app.routes if route.path == "/receipt/{code}"]
    page = await Visitor(app).open(f"/receipt/{pages.codes.code(given['shop'].id)}?lang=en")
    assert BOTH_SITES in page.text
    await page.press("withdraw")


async def withdraw_in_the_frame(app, given):
    """Press in the settings of a page to which the partner's server gave the state."""
    frame = await Visitor(app, keeps_cookies=False).frame(f"/embed/shop?lang=en&c={given['c']}", SHOP)
    await frame.press("withdraw")


async def withdraw_at_the_partner(app, given):
    """Let the partner's server say so."""
    shop = caller(app, site="shop")
    assert (await shop.post("/v1/sites/shop/withdrawals", {"subject": str(given["shop"].subject)})).status_code == 201


async def withdraw_as_a_customer(app, given):
    """Let the partner's server say so of a customer who has answered elsewhere since."""
    shop = caller(app, site="shop")
    linked = {"identifier": "customer-4711"}
    path = f"/v1/sites/shop/subjects/{given['shop'].subject}/identifiers"
    assert (await shop.post(path, linked)).status_code == 201
    said = {"subject": "id:customer-4711", "decisions": {"analytics": True, "marketing": True}}
    assert (await shop.post("/v1/sites/shop/receipts", said)).status_code == 201
    assert (await shop.post("/v1/sites/shop/withdrawals", {"subject": "id:customer-4711"})).status_code == 201


@pytest.mark.parametrize(
    "withdraw",
    [withdraw_on_the_receipt, withdraw_in_the_frame, withdraw_at_the_partner, withdraw_as_a_customer],
)
async def test_a_withdrawal_at_one_site_stops_the_others(sharing, aigerim, withdraw):
    back = await answer(aigerim)
    at_news = await told(sharing, await aigerim.open(f"{AT_NEWS}&prompt=none"), "news")
    given = {**newest(sharing), "c": (await told(sharing, back))["c"]}
    assert await released(aigerim, at_news["c"])

    await withdraw(sharing, given)

    await look(sharing)
    assert not await released(aigerim, at_news["c"])
    last = newest(sharing)
    assert last["news"].decision.granted == last["shop"].decision.granted == frozenset()
    assert (last["news"].method, last["news"].channel) == (Method.WITHDRAW, Channel.LINK)
    assert last["news"].previous == given["news"].id
    assert last["news"].covers == frozenset()
    assert (outbox.CONSENT_WITHDRAWN, "news") in happened(sharing)
    assert await known_at(sharing, aigerim, "news") == []


async def test_from_the_other_site_a_withdrawal_goes_on_to_who_is_linked_there(sharing, aigerim):
    await answer(aigerim)
    given = newest(sharing)
    news = caller(sharing, site="news")
    path = f"/v1/sites/news/subjects/{given['news'].subject}/identifiers"
    assert (await news.post(path, {"identifier": "reader-1"})).status_code == 201
    said = {"subject": "id:reader-1", "decisions": {"analytics": True}}
    assert (await news.post("/v1/sites/news/receipts", said)).status_code == 201

    await withdraw_at_the_partner(sharing, given)

    holds = (await news.get("/v1/sites/news/subjects/id:reader-1/standing")).json()
    assert holds["purposes"]["analytics"]["allowed"] is False


async def test_what_is_no_longer_ticked_is_taken_back_elsewhere_and_what_is_newly_ticked_stays_there(sharing, aigerim):
    await answer(aigerim, "save", tick=["analytics"])
    page = await aigerim.open("/consent/news?lang=en")
    assert "Counts on" in page.text

    await page.press("save", tick=["marketing"])
    await look(sharing)

    assert await known_at(sharing, aigerim, "news") == ["marketing"]
    assert await known_at(sharing, aigerim, "shop") == []
    last = newest(sharing)["shop"]
    assert (last.method, last.withdrawn, last.channel) == (Method.WITHDRAW_SOME, {"analytics"}, Channel.LINK)


async def test_a_withdrawal_reaches_a_site_that_has_left_since(seeded):
    async with running(settled(seeded)) as app:
        visitor = Visitor(app)
        await answer(visitor)
    async with running(settled(seeded, *PARTNERS)) as app:
        later = Visitor(app)
        later.jar = visitor.jar
        assert BOTH_SITES not in (await later.open(AT_SHOP)).text
        assert await known_at(app, later, "news") == ["analytics", "marketing"]
        await answer(later, "withdraw")

        assert newest(app)["news"].decision.granted == frozenset()
        assert await known_at(app, later, "news") == []


async def test_who_lost_a_cookie_is_taken_back_for_all_the_same(sharing, aigerim):
    await answer(aigerim)
    lost = newest(sharing)["news"].subject
    aigerim.jar.pop((GATEWAY, COOKIE[NEWS]))
    await answer(aigerim, "save", tick=["analytics"])
    assert len({kept.receipt.subject for kept in ledger(sharing)}) == 3

    await answer(aigerim, "withdraw")

    last = {kept.receipt.subject: kept.receipt for kept in ledger(sharing)}
    assert last[lost].decision.granted == frozenset()
    assert all(receipt.decision.granted == frozenset() for receipt in last.values())


# A site that joins


async def test_who_answered_for_fewer_sites_is_asked_again_and_told_which_joined(seeded):
    async with running(settled(seeded)) as app:
        visitor = Visitor(app)
        await answer(visitor)
        alone = Visitor(app)
        await (await alone.frame("/embed/shop?lang=en", SHOP)).press("accept_all")
    slugs = {"shop", "news", "blog"}
    group = [replace(site, shares_consent_with=frozenset(slugs - {site.slug})) for site in (*SITES, BLOG)]
    async with running(settled(seeded, *group)) as app:
        later, same = Visitor(app), Visitor(app)
        later.jar, same.jar = visitor.jar, alone.jar
        assert await known_at(app, later, "shop") is None
        assert await known_at(app, later, "news") is None
        page = await later.open(AT_SHOP)
        assert "Sites that have joined: Dana&#39;s blog (blog.example)" in re.sub(r"\s+", " ", page.text)
        assert page.offers("reject_all")
        assert (await same.frame("/embed/shop?lang=en", SHOP)).form("save").ticked == {"analytics", "marketing"}

        await page.press("accept_all")
        assert {kept.receipt.site for kept in ledger(app)[-3:]} == slugs
        assert ledger(app)[-1].receipt.covers == slugs


# The receipt


async def test_the_receipt_says_for_which_sites_it_was_given_and_the_next_that_it_was_carried_over(
    sharing_embedded, bolat
):
    await answer(bolat)
    page = await bolat.open(AT_SHOP)
    receipt = await page.follow("/receipt/")

    assert receipt.text.count(BOTH_SITES) == 2
    withdrawn = await receipt.press("withdraw")
    assert "You withdrew this consent" in withdrawn.text
    await look(sharing_embedded)
    carried = await (await bolat.open(AT_NEWS)).follow("/receipt/")
    assert "carried over from another answer of yours" in carried.text
