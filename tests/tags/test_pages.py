"""The release gate: a vendor is asked only after a yes, and by nobody else's say."""

from __future__ import annotations

import time
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from tests.gateway import EVE, NEWS, SHOP, VENDORS, copy_of, running
from tests.tags.gate import KINDS, answer, assert_closed, assert_open, release
from tests.visitor import GATEWAY, Visitor

pytestmark = pytest.mark.anyio


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
