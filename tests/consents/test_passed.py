"""State in the address: what a partner's server holds for its visitor, where no browser keeps a cookie of ours."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit

import pytest

from consentgw.consents import store
from tests.gateway import EVE, NEWS, SHOP, digest, ledger
from tests.visitor import Visitor

pytestmark = pytest.mark.anyio

START = "/consent/shop?lang=en&return=done&state=x"


async def handed(embedded, method="accept_all", slug="shop", **given):
    """Let somebody answer, and return what the partner's server is handed for them."""
    await (await Visitor(embedded).open(f"/consent/{slug}?lang=en")).press(method, **given)
    return hand(embedded, slug)


def hand(embedded, slug="shop"):
    """Return the state of the latest receipt, as redeeming a code gives it."""
    [pages] = [route.endpoint.__self__ for route in embedded.routes if route.path == "/receipt/{code}"]
    held = pages.db.ask(store.held, ledger(embedded)[-1].receipt.id)
    return pages.states.hand(embedded.catalogue.offer(slug), held)


async def shows(visitor, state, **said):
    """Return what the shop's page shows."""
    style = await visitor.load(f"/embed/shop/style.css?c={state}", "style", SHOP, **said)
    return re.search(r"/\* consentgw: \w+, (\w+) \*/", style.text)[1]


async def loads(visitor, state, tag="ga.gif", on=SHOP, **said):
    """Return whether a tag loads on the shop's page."""
    return (await visitor.load(f"/release/shop/{tag}?c={state}", "image", on, **said)).status_code == 302


@pytest.fixture
def cookieless(embedded):
    """A visitor whose browser keeps no cookie of ours."""
    return Visitor(embedded, keeps_cookies=False)


async def test_without_any_cookie_the_page_knows_its_visitor_by_the_address(embedded, cookieless):
    state = await handed(embedded, "save", tick=["analytics"])

    assert await shows(cookieless, state) == "decided"
    assert await loads(cookieless, state)
    assert not await loads(cookieless, state, "pixel.gif")
    frame = await cookieless.frame(f"/embed/shop?lang=en&c={state}", SHOP)
    assert frame.form("save").ticked == {"analytics"}
    assert cookieless.set_cookies == []


async def test_an_answer_in_the_frame_is_confirmed_and_released_without_any_cookie(embedded, cookieless):
    state = await handed(embedded, "reject_all")
    frame = await cookieless.frame(f"/embed/shop?lang=en&c={state}", SHOP)

    saved = await frame.press("accept_all" if frame.offers("accept_all") else "save", tick=["analytics", "marketing"])

    assert "Your choice is saved" in saved.text
    images = [address for element, address in saved.loads if element == "img"]
    assert len(images) == 2
    for address in images:
        assert (await cookieless.load(address, "image", SHOP)).status_code == 302


async def test_a_state_that_was_overtaken_is_corrected_like_a_cookie(embedded, cookieless):
    state = await handed(embedded)
    frame = await cookieless.frame(f"/embed/shop?lang=en&c={state}", SHOP)
    await frame.press("withdraw")

    assert not await loads(cookieless, state)
    first, second = ledger(embedded)
    assert second.receipt.previous == first.receipt.id


async def test_the_full_page_and_the_redirect_flow_go_on_from_it(embedded, cookieless):
    state = await handed(embedded)
    page = await cookieless.open(f"{START}&c={state}")

    assert page.form("save").ticked == {"analytics", "marketing"}
    russian = await page.follow("?lang=ru&")
    assert russian.form("save").ticked == {"analytics", "marketing"}
    back = await cookieless.open(f"{START}&prompt=none&c={state}")
    assert set(parse_qs(urlsplit(back.url).query)) == {"code", "state"}
    await russian.press("withdraw")

    first, second = ledger(embedded)
    assert second.receipt.previous == first.receipt.id


async def test_a_state_is_never_set_as_a_cookie_nor_taken_for_one(embedded, cookieless):
    state = await handed(embedded)
    before = digest(embedded.settings)
    for address in ("/embed/shop", "/embed/shop/style.css", "/release/shop/ga.gif", "/release/shop", "/consent/shop"):
        response = await cookieless.load(f"{address}?c={state}", "iframe", SHOP)
        assert "set-cookie" not in response.headers
    assert digest(embedded.settings) == before
    cookieless.jar[SHOP, "__Host-cg-shop"] = state.replace("~", "+")
    assert (await cookieless.load("/release/shop/ga.gif", "image", SHOP)).status_code == 200


async def test_a_cookie_is_not_taken_for_a_state(embedded, bolat):
    await (await bolat.frame("/embed/shop?lang=en", SHOP)).press("accept_all")
    cookie = bolat.cookie("__Host-cg-shop", SHOP)

    assert not await loads(Visitor(embedded), cookie.replace("+", "~"))


async def test_of_a_cookie_and_a_state_the_later_decision_counts(embedded, bolat):
    yes = await handed(embedded)
    await (await bolat.frame("/embed/shop?lang=en", SHOP)).press("reject_all")
    assert not await loads(bolat, yes)

    later = await handed(embedded)
    assert await loads(bolat, later)


async def test_a_state_is_bound_to_its_site_and_to_the_site_s_pages(embedded, cookieless):
    state = await handed(embedded)

    [pages] = [route.endpoint.__self__ for route in embedded.routes if route.path == "/receipt/{code}"]
    assert pages.states.handed.read("shop", state.replace("~", "+"))
    assert pages.states.handed.read("news", state.replace("~", "+")) is None
    news = await cookieless.load(f"/release/news/ga.gif?c={state}", "image", NEWS)
    assert news.status_code == 200
    assert not await loads(cookieless, state, on=EVE)
    assert not await loads(cookieless, state, on=NEWS)


@pytest.mark.parametrize("spoil", ["{0}x", "x{0}", "{1}", "", "%00", "{0}&c={0}", "{0}&x=%zz"])
async def test_a_spoiled_state_is_none(embedded, cookieless, spoil):
    state = await handed(embedded)
    spoiled = spoil.format(state, state[:-1])

    assert await shows(cookieless, spoiled) == "asks" if "%" not in spoil else True
    assert not await loads(cookieless, spoiled)
    page = await cookieless.frame(f"/embed/shop?lang=en&c={spoiled}", SHOP)
    assert not page.offers("withdraw")
    assert state not in page.text


async def test_the_vendor_is_not_told_the_state(embedded, cookieless):
    state = await handed(embedded)

    release = await cookieless.load(f"/release/shop/ga.gif?c={state}", "image", SHOP)
    assert state not in release.headers["location"]
    assert release.headers["referrer-policy"] == "no-referrer"
    frame = await cookieless.frame(f"/embed/shop?lang=en&c={state}", SHOP)
    saved = await frame.press("save", tick=["analytics"])
    releasing = await cookieless.frame(f"/release/shop?c={state}", SHOP)
    for page in (frame, saved, releasing):
        # An origin is all that leaves these documents.
        assert page.headers["referrer-policy"] == "strict-origin"
    top = await cookieless.open(f"/consent/shop?c={state}")
    assert top.headers["referrer-policy"] == "same-origin"
