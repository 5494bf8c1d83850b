"""The partner's page stays the partner's: usable under the control, at rest, and there when we are not."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from dataclasses import replace

import httpx
import pytest
from starlette.responses import Response

from consentgw.demo import opened
from consentgw.demo.running import free_port
from consentgw.http.server import running
from tests.journeys.visiting import Visitor

PLACES = ("header", "nav", "main", "h1", "main > :last-child", "footer")
SHIFTS = """new Promise(done => {
    let sum = 0;
    const add = shift => { if (!shift.hadRecentInput) sum += shift.value; };
    new PerformanceObserver(list => list.getEntries().forEach(add)).observe({ type: "layout-shift", buffered: true });
    setTimeout(() => done(sum), 300);
})"""


def places(browser) -> dict[str, tuple[float, float, float, float]]:
    """Return where everything on the partner's page is."""
    return {place: browser.box(place) for place in PLACES}


def test_nothing_moves_when_the_question_goes(visitor):
    browser = visitor.browser
    visitor.visit()
    before = places(browser)
    visitor.answer("accept_all")

    assert places(browser) == before
    visitor.visit()
    assert places(browser) == before
    browser.click("details.cg-set > summary")
    assert places(browser) == before


def test_chromium_measures_no_layout_shift_from_question_to_settings(open_browser, partner, demo):
    browser = open_browser("chromium", scripts=True)
    visitor = Visitor(browser, partner, demo)
    visitor.visit()
    assert browser.evaluate(SHIFTS) == 0
    visitor.answer("reject_all")
    assert browser.evaluate(SHIFTS) == 0
    visitor.visit()
    browser.click("details.cg-set > summary")

    assert browser.evaluate(SHIFTS) == 0


def test_a_link_under_the_question_can_be_clicked_right_after_the_answer(browser, shop, demo):
    visitor = Visitor(browser, shop, demo)
    visitor.visit()
    assert overlap(browser.box("form.cg-ask"), browser.box(".try ol a"))
    visitor.answer("reject_all")
    browser.click(".try ol a")

    browser.see("article.product h1")
    assert browser.url == f"{shop.origin}/en/tea/"


def test_the_control_covers_its_own_place_and_no_more(browser, shop, news, demo):
    visitor = Visitor(browser, news, demo)
    visitor.visit()
    visitor.answer("reject_all")
    visitor.visit()
    left, top, width, height = browser.box("details.cg-set > summary")

    assert (left + width, top + height) <= (1280, 800)
    assert width < 300
    assert height < 60
    browser.click(f".note a[href='{shop.origin}/en/']")
    browser.see("#try")


def test_the_control_stays_where_it_is_when_the_settings_open(browser, partner, demo):
    visitor = Visitor(browser, partner, demo)
    visitor.visit()
    visitor.answer("reject_all")
    visitor.visit()
    closed = browser.box("details.cg-set > summary")
    browser.click("details.cg-set > summary")

    assert browser.box("details.cg-set > summary") == closed
    browser.click("details.cg-set > summary")
    assert browser.attribute("details.cg-set", "open") is None


@pytest.fixture
def absent(tmp_path, request) -> Iterator[str]:
    """The origin of a shop whose gateway is not there: it refuses connections, hangs, or is broken."""
    port, closed = free_port(), free_port()
    demo = opened(port, tmp_path)
    over = threading.Event()

    async def gateway(scope, receive, send):
        if scope["type"] == "lifespan":
            await demo.gateway(scope, receive, send)
        elif request.param == "hanging":
            await asyncio.to_thread(over.wait)
        else:
            await Response("no", 503)(scope, receive, send)

    async def elsewhere(scope, receive, send):
        gateway = f"gateway.localhost:{port}"
        async with httpx.AsyncClient(transport=httpx.ASGITransport(demo.shop), base_url="http://shop") as shop:
            page = await shop.get(scope["path"])
        moved = page.content.replace(gateway.encode(), f"gateway.localhost:{closed}".encode())
        await Response(moved, media_type=page.headers["content-type"])(scope, receive, send)

    # A page that leads to the shop by itself: nobody has to wait until the shop has loaded to the end.
    start = Response(f'<meta http-equiv="refresh" content="0; url=http://shop.localhost:{port}/en/">')
    start.headers["content-type"] = "text/html"
    change = {"shop": elsewhere} if request.param == "refused" else {"gateway": gateway}
    with running(replace(demo, signpost=start, **change), port=port):
        yield f"http://start.localhost:{port}"
        over.set()


@pytest.mark.parametrize("absent", ["refused", "hanging", "broken"], indirect=True)
def test_without_the_gateway_the_page_renders_is_usable_and_loads_no_tag(engine, open_browser, absent):
    browser = open_browser(engine, patience=5)
    browser.open(absent)
    asked_for = time.monotonic()
    browser.see(".goods")
    assert time.monotonic() - asked_for < 5
    browser.see("h1", "Tea, honey and felt")

    assert not browser.visible("section.cg, form.cg-ask, details.cg-set, iframe")
    for key in ("Tab", "Tab", "Tab", "Enter"):  # past the name of the shop and Kazakh to Russian
        browser.key(key)
    browser.see("h1", "Чай, мёд и войлок")
    vendor = absent.replace("start.", "vendor.").replace("vendor.localhost", "127.0.0.1")
    port = absent.rpartition(":")[2]
    assert httpx.get(f"{vendor}/hits.json", headers={"host": f"vendor.localhost:{port}"}).json() == []


def overlap(one, other) -> bool:
    """Return whether two boxes share a place."""
    return all(one[axis] < other[axis] + other[axis + 2] and other[axis] < one[axis] + one[axis + 2] for axis in (0, 1))
