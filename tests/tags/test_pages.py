"""The release gate: a vendor is asked only after a yes, and by nobody else's say."""

from __future__ import annotations

import asyncio
import re
import time
from dataclasses import replace
from datetime import timedelta
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from consentgw.consents.states import LONGEST_SECONDS, STALE_SECONDS, Changes
from consentgw.db import open_database
from consentgw.db.database import utc_now
from consentgw.notices.addresses import Address
from consentgw.sites import store as sites
from tests.consents.answers import held
from tests.gateway import EVE, NEWS, PARTNERS, SHOP, VENDORS, copy_of, digest, ledger, open_partners, peeking, running
from tests.visitor import GATEWAY, Visitor

pytestmark = pytest.mark.anyio

KINDS = {"ga.js": "script", "ga.gif": "image", "pixel.gif": "image", "both.html": "iframe"}
EMPTY = {
    "script": ("text/javascript; charset=utf-8", b""),
    "image": ("image/gif", b"GIF89a"),
    "iframe": ("text/html; charset=utf-8", b"<!doctype html>"),
}


async def answer(visitor, method="accept_all", **given):
    """Answer in the frame of the news site."""
    return await (await visitor.frame("/embed/news?lang=en", NEWS)).press(method, **given)


async def release(visitor, tag, on=NEWS, **said):
    """Load a tag as an element of the partner's page does."""
    return await visitor.load(f"/release/news/{tag}", KINDS.get(tag, "image"), on, **said)


async def assert_closed(visitor, tag="ga.gif", **said):
    """The vendor is not named, and the element is content with what it gets."""
    response = await release(visitor, tag, **said)
    media, start = EMPTY[KINDS[tag]]
    assert response.status_code == 200
    assert response.headers["content-type"] == media
    assert response.content.startswith(start)
    assert "location" not in response.headers
    assert response.headers["cache-control"] == "no-store"
    assert not any(vendor in f"{response.headers}{response.text}" for vendor in VENDORS)


async def assert_open(visitor, tag="ga.gif", **said):
    """The vendor is asked."""
    response = await release(visitor, tag, **said)
    assert response.status_code == 302
    assert urlsplit(response.headers["location"]).netloc in VENDORS
    return response


@pytest.mark.parametrize("tag", KINDS)
async def test_a_tag_is_released_after_a_yes_and_at_no_other_time(bolat, tag):
    await assert_closed(bolat, tag)
    frame = await answer(bolat, "reject_all")
    await assert_closed(bolat, tag)
    frame = await frame.press("save", tick=["analytics", "marketing"])
    await assert_open(bolat, tag)
    await frame.press("withdraw")
    await assert_closed(bolat, tag)


@pytest.mark.parametrize(
    ("granted", "released"),
    [
        ([], set()),
        (["analytics"], {"ga.js", "ga.gif"}),
        (["marketing"], {"pixel.gif"}),
        (["analytics", "marketing"], {"ga.js", "ga.gif", "pixel.gif", "both.html"}),
    ],
)
async def test_every_purpose_of_a_tag_must_be_granted(bolat, granted, released):
    await answer(bolat, "save", tick=granted)

    assert {tag for tag in KINDS if (await release(bolat, tag)).status_code == 302} == released


async def test_a_release_is_kept_by_nobody_and_tells_the_vendor_nothing_of_us(bolat):
    await answer(bolat)

    response = await assert_open(bolat, "ga.gif")

    assert response.headers["cache-control"] == "no-store"
    assert response.headers["referrer-policy"] == "no-referrer"
    assert response.content == b""
    assert "set-cookie" not in response.headers
    assert "etag" not in response.headers
    assert "last-modified" not in response.headers


async def test_one_site_s_yes_opens_nothing_at_another(bolat):
    await answer(bolat)

    assert (await bolat.load("/release/shop/ga.gif", "image", SHOP)).status_code == 200
    assert (await bolat.load("/release/shop/ga.gif", "image", NEWS)).status_code == 200


@pytest.mark.parametrize(
    "referer",
    [
        f"{EVE}/",
        f"{SHOP}/",
        f"{NEWS}.eve.example/",
        "http://news.example/",
        "https://news.example:444/",
        "null",
        "",
        "x",
    ],
)
async def test_asked_from_a_page_that_is_not_the_site_s_the_gate_stays_closed(bolat, referer):
    await answer(bolat)

    await assert_closed(bolat, referer=referer)


@pytest.mark.parametrize("referer", [None, f"{NEWS}/", f"{NEWS}/a?b=c", f"{GATEWAY}/"])
async def test_the_site_s_pages_our_own_and_those_that_hide_may_ask(bolat, referer):
    await answer(bolat)

    await assert_open(bolat, referer=referer)


async def test_a_navigation_finds_no_page_there(bolat):
    await answer(bolat)

    for path in ("/release/news/ga.gif", "/release/news/ga.js", "/release/news/both.html", "/release/news"):
        page = await bolat.open(path)
        assert page.status == 404
        assert not any(vendor in page.text for vendor in VENDORS)


@pytest.mark.parametrize("tag", KINDS)
@pytest.mark.parametrize("destination", ["script", "image", "iframe", "style", "empty", "worker", "video", ""])
async def test_an_element_of_another_kind_gets_nothing(consenting, tag, destination):
    if destination == KINDS[tag]:
        await assert_open(consenting, tag)
    else:
        await assert_closed(consenting, tag, sec_fetch_dest=destination)


async def test_an_older_browser_that_does_not_name_the_element_is_served(consenting):
    await assert_open(consenting, "ga.gif", sec_fetch_dest=None, sec_fetch_mode=None, sec_fetch_site=None)


@pytest.fixture(scope="module")
async def consenting(seeded_file, tmp_path_factory):
    """A visitor who allowed everything; for tests that change nothing."""
    async with running(copy_of(seeded_file, tmp_path_factory.mktemp("consenting"))) as app:
        visitor = Visitor(app)
        await answer(visitor)
        yield visitor


# Macros


@pytest.mark.parametrize(
    "rest",
    [
        "",
        "?a=b&c=d#e",
        "\r\nSet-Cookie: a=b",
        "%0d%0aLocation: https://eve.example/",
        "\"'><script>alert(1)</script>",
        "${CACHEBUSTER}${PAGE_URL}",
        "@eve.example/",
        "\\eve.example",
        " \t\x7f",
        "ä€𝄞",
        "x" * 4000,
    ],
)
async def test_what_a_referer_says_changes_nothing_but_the_place_it_fills(consenting, rest):
    referer = f"{NEWS}/{rest}"

    response = await assert_open(consenting, "ga.gif", referer=referer)

    location = response.headers["location"]
    assert location.isascii()
    assert location.isprintable()
    address = urlsplit(location)
    assert (address.scheme, address.netloc, address.path, address.fragment) == (
        "https",
        "analytics.example",
        "/collect",
        "",
    )
    said = parse_qs(address.query, keep_blank_values=True)
    assert sorted(said) == ["dl", "t", "z"]
    assert unquote(address.query.split("&")[0].removeprefix("dl=")) == referer.encode().decode("latin-1")
    assert response.headers.get_list("location") == [location]
    assert "set-cookie" not in response.headers


async def test_no_two_hits_have_the_same_number_and_each_tells_the_second(consenting):
    hits = [parse_qs(urlsplit((await release(consenting, "ga.gif")).headers["location"]).query) for _ in range(20)]

    assert len({hit["z"][0] for hit in hits}) == 20
    assert all(abs(int(hit["t"][0]) - time.time()) < 5 for hit in hits)


WORDS = st.sampled_from(
    [
        "news",
        "shop",
        "ga",
        "pixel",
        "both",
        "nobody",
        EVE,
        "//eve.example",
        "%2f%2feve.example",
        "..",
        "ga.gif",
        "",
        "\\",
    ]
)
NAMES = [
    "referer",
    "origin",
    "host",
    "x-forwarded-host",
    "x-forwarded-proto",
    "forwarded",
    "x-original-url",
    "location",
]


@hypothesis_settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    site=WORDS,
    tag=WORDS,
    kind=st.sampled_from(["js", "gif", "html", "png", "gif/x"]),
    query=st.sampled_from(["", "?url=https://eve.example/", "?to=//eve.example", "?lang=%ff", "?u=a&u=b"]),
    headers=st.dictionaries(st.sampled_from(NAMES), st.sampled_from([EVE, f"{EVE}/", "eve.example", f"{NEWS}/", NEWS])),
    destination=st.sampled_from(["script", "image", "iframe", "document", "empty"]),
)
async def test_no_request_leads_anywhere_but_to_what_is_configured(
    consenting, site, tag, kind, query, headers, destination
):
    said = {name.replace("-", "_"): value for name, value in headers.items()}

    response = await consenting.load(f"/release/{site}/{tag}.{kind}{query}", destination, NEWS, **said)

    location = response.headers.get("location")
    assert response.status_code in {200, 404} if location is None else response.status_code == 302
    if location is not None:
        assert urlsplit(location).scheme == "https"
        assert urlsplit(location).netloc in VENDORS
        assert (site, destination) == ("news", KINDS[f"{tag}.{kind}"])
    assert "eve.example" not in f"{response.headers.get('link')}{response.headers.get('refresh')}"


# The frame with everything


async def test_the_frame_holds_what_was_released_and_nothing_else(bolat):
    async def held():
        page = await bolat.frame("/release/news", NEWS)
        assert page.status == 200
        assert page.headers["cache-control"] == "no-store"
        return sorted(address for _, address in page.loads)

    assert await held() == []
    frame = await answer(bolat, "save", tick=["analytics"])
    assert await held() == ["/release/news/ga.gif"]
    frame = await frame.press("save", tick=["analytics", "marketing"])
    assert await held() == ["/release/news/both.html", "/release/news/ga.gif", "/release/news/pixel.gif"]
    await frame.press("withdraw")
    assert await held() == []


async def test_the_frame_holds_nothing_for_strangers_and_other_elements(consenting):
    for said in ({"referer": f"{EVE}/"}, {"sec_fetch_dest": "script"}, {"sec_fetch_dest": "empty"}):
        assert (await consenting.frame("/release/news", NEWS, **said)).loads == []


# Time, and other processes


async def test_an_expired_yes_releases_nothing(seeded_sqlite):
    async with running(seeded_sqlite, clock=lambda: utc_now() - PARTNERS[1].validity + timedelta(seconds=30)) as app:
        visitor = Visitor(app)
        await answer(visitor)
        await assert_open(visitor)
    async with running(seeded_sqlite, clock=lambda: utc_now() - PARTNERS[1].validity - timedelta(seconds=1)) as app:
        visitor = Visitor(app)
        frame = await visitor.frame("/embed/news", NEWS)
        await frame.press("accept_all")
        line = visitor.set_cookies[-1]
        assert "Max-Age=0" in line
        visitor.jar[NEWS, "__Host-cg-news"] = line.partition(";")[0].partition("=")[2]  # a browser that does not forget
        await assert_closed(visitor)
        assert (await visitor.frame("/embed/news", NEWS)).offers("reject_all")


async def test_a_yes_to_an_older_policy_releases_nothing(seeded):
    async with running(seeded) as app:
        visitor = Visitor(app)
        await answer(visitor)
        await assert_open(visitor)
    with open_database(seeded) as db:
        db.apply(open_partners, "We share with one more.")
    async with running(seeded) as app:
        cookies, visitor = visitor.jar, Visitor(app)
        visitor.jar = cookies
        await assert_closed(visitor)
        assert (await visitor.frame("/embed/news", NEWS)).offers("reject_all")


async def test_a_new_policy_is_seen_by_a_gateway_that_is_running(seeded_postgres):
    async with running(seeded_postgres) as app:
        visitor = Visitor(app)
        await answer(visitor)
        await assert_open(visitor)
        with open_database(seeded_postgres) as db:
            db.apply(open_partners, "We share with one more.")

        assert await _closes(visitor) < 1.0


async def test_a_withdrawal_recorded_by_another_process_is_obeyed_within_a_second(seeded_postgres):
    async with running(seeded_postgres) as here, running(seeded_postgres) as there:
        visitor = Visitor(here)
        for _ in range(3):
            frame = await answer(visitor)
            await assert_open(visitor)
            receipt = await Visitor(there).open(frame.link("/receipt/"))

            await receipt.press("withdraw")
            took = await _closes(visitor)

            assert took < 1.0
            frame = await visitor.frame("/embed/news", NEWS)
            assert not frame.offers("withdraw")
            visitor.jar.clear()


async def _closes(visitor):
    """Return how many seconds it takes until the gate is closed."""
    began = time.monotonic()
    while (await release(visitor, "ga.gif")).status_code == 302:
        await asyncio.sleep(0.01)
        assert time.monotonic() - began < 10
    return time.monotonic() - began


async def test_a_process_that_cannot_see_what_others_record_releases_nothing(seeded_postgres):
    async with running(seeded_postgres) as app:
        visitor = Visitor(app)
        await answer(visitor)
        await assert_open(visitor)

        app.changes.read_at = time.monotonic() - STALE_SECONDS
        await assert_closed(visitor)
        assert (await visitor.frame("/release/news", NEWS)).loads == []

        await asyncio.sleep(0.6)  # it looks again by itself
        await assert_open(visitor)


async def test_a_look_that_fails_is_not_the_last(seeded_postgres, caplog):
    async with running(seeded_postgres) as app:
        visitor = Visitor(app)
        await answer(visitor)
        good = app.catalogue.revision

        app.catalogue.revision = None  # read again, and stumble over what was put into the table
        await asyncio.sleep(0.6)
        assert app.catalogue.revision == good

        with peeking(seeded_postgres) as connection:
            connection.exec_driver_sql("UPDATE sites SET revision = 1000, document = '{}' WHERE slug = 'shop'")
        await asyncio.sleep(0.6)
        assert "cannot take in what has changed" in caplog.text
        await assert_open(visitor)  # what others withdraw is still seen, so the gate need not close

        receipt = await Visitor(app).open((await visitor.frame("/embed/news?lang=en", NEWS)).link("/receipt/"))
        await receipt.press("withdraw")
        await assert_closed(visitor)


async def test_whatever_goes_wrong_inside_the_gate_is_closed(embedded, bolat, caplog):
    await answer(bolat)
    offer = embedded.catalogue.offer("news")
    await assert_open(bolat, "pixel.gif")
    offer.prepared["address", "pixel", "gif"] = Address("https://pixel.example", (), ())

    await assert_closed(bolat, "pixel.gif")
    assert "the gate stays closed" in caplog.text
    await assert_open(bolat, "ga.gif")


# What a process remembers of changed minds


def test_an_older_decision_never_undoes_a_newer():
    yes, no = held({"analytics"}, sequence=1), held(sequence=2)

    for order in ((yes, no), (no, yes)):
        changes = Changes()
        for one in order:
            changes.note(one)
        assert changes.newest(yes) == no
        assert changes.newest(no) == no


def test_a_withdrawal_is_remembered_as_long_as_any_yes_it_took_back_may_last():
    no = held(sequence=2, expires_at=1_000)
    yes = replace(held({"analytics"}, sequence=1), expires_at=1_000 + 300 * 86_400)
    changes = Changes()
    changes.note(no)

    changes.forget(yes.expires_at)
    assert changes.newest(yes) == no
    changes.forget(1_000 + LONGEST_SECONDS)
    assert changes.latest == {}


async def test_a_yes_given_when_answers_held_longer_is_not_revived_when_its_withdrawal_expires(seeded_sqlite):
    async with running(seeded_sqlite) as app:
        visitor = Visitor(app)
        frame = await answer(visitor)
        kept = dict(visitor.jar)
    with open_database(seeded_sqlite) as db:
        db.apply(sites.keep, replace(PARTNERS[1], validity=timedelta(days=1)))
    async with running(seeded_sqlite, clock=lambda: utc_now() - timedelta(days=2)) as app:
        visitor = Visitor(app)
        visitor.jar = dict(kept)
        receipt = await visitor.open(frame.link("/receipt/"))
        await receipt.press("withdraw")  # and this withdrawal is over a day old by now
        app.changes.forget(time.time())

        visitor.jar = dict(kept)
        await assert_closed(visitor)


# Reading changes nothing


async def test_nothing_that_is_only_read_changes_anything(seeded):
    async with running(seeded) as app:
        visitor = Visitor(app)
        page = await answer(visitor)
        code = page.link("/receipt/").partition("?")[0]
        policy = page.link("/policy/").partition("?")[0]
        known = {"site": "news", "tag": "ga", "name": "page.css", "digest": ledger(app)[0].receipt.decision.notice}
        known |= {"version": policy.removeprefix("/policy/"), "code": code.removeprefix("/receipt/")}
        addresses = [
            re.sub(r"{([a-z]+)}", lambda place: known.get(place[1], "nothing"), route.path) for route in app.routes
        ]
        addresses += ["/", "/openapi.json", "/docs", f"{code}?method=withdraw"]
        addresses += ["/embed/news?method=accept_all&granted=analytics"]
        before, cookies = digest(seeded), len(visitor.set_cookies)

        for address in addresses:
            for said in ({}, {"sec_purpose": "prefetch"}, {"purpose": "prefetch", "x_moz": "prefetch"}):
                for method in ("GET", "HEAD"):
                    response = await visitor._send(method, f"{GATEWAY}{address}", None, "iframe", NEWS, **said)
                    assert response.status_code < 500
                    assert method == "GET" or response.content == b""

        assert digest(seeded) == before
        assert len(visitor.set_cookies) == cookies
