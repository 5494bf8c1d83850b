"""The policy page: the asked language, immutable, with its dates and digest."""

from __future__ import annotations

import re

import httpx
import pytest
from starlette.responses import PlainTextResponse

from consentgw.http.lane import Lane
from consentgw.policies import pages
from consentgw.policies.pages import PolicyPages
from consentgw.policies.service import publish, starter
from tests.policies.shop import FACTS, SHOP, draft, shop

pytestmark = pytest.mark.anyio


@pytest.fixture
async def browser(db):
    lane = Lane(PolicyPages(db).routes(), PlainTextResponse("not ours", 404))
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(lane), base_url="http://gateway.localhost", headers={"Accept-Language": ""}
    ) as client:
        yield client


@pytest.fixture
def policy(db):
    return db.apply(publish, SHOP, starter(SHOP.languages), FACTS)


@pytest.mark.parametrize(
    ("lang", "accepted", "shown"),
    [
        ("ru", "en", "ru"),
        ("kk", "en", "kk"),
        ("en", "", "en"),
        (None, "ru-KZ,ru;q=0.9,en;q=0.8", "ru"),
        (None, "de,en;q=0.5", "en"),
        (None, "de", "kk"),
        (None, "", "kk"),
        (None, "*", "kk"),
    ],
)
async def test_a_version_is_shown_in_the_asked_else_the_preferred_else_the_site_s_language(
    browser, policy, lang, accepted, shown
):
    answer = await browser.get(
        f"/policy/{policy.version}", params={"lang": lang} if lang else {}, headers={"Accept-Language": accepted}
    )

    assert answer.status_code == 200
    assert answer.headers["content-language"] == shown
    assert f'<html lang="{shown}">' in answer.text
    assert policy.texts[shown].html in answer.text
    assert f"<h1>{policy.texts[shown].title}</h1>" in answer.text


async def test_a_version_is_kept_by_caches_for_ever(browser, policy):
    answer = await browser.get(f"/policy/{policy.version}?lang=kk")

    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["vary"] == "Accept-Language"
    assert answer.headers["etag"] == f'"{policy.digest}-kk"'
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "set-cookie" not in answer.headers


async def test_languages_have_different_tags(browser, policy):
    answers = [await browser.get(f"/policy/{policy.version}?lang={language}") for language in SHOP.languages]

    assert len({answer.headers["etag"] for answer in answers}) == 3


@pytest.mark.parametrize("given", ["{}", "W/{}", '"other", {}', '"other",{} ', "*"])
async def test_whoever_has_the_page_already_is_told_so(browser, policy, given):
    tag = f'"{policy.digest}-kk"'

    answer = await browser.get(f"/policy/{policy.version}?lang=kk", headers={"If-None-Match": given.format(tag)})

    assert answer.status_code == 304
    assert answer.content == b""
    assert answer.headers["etag"] == tag
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["vary"] == "Accept-Language"
    assert "content-length" not in answer.headers


@pytest.mark.parametrize("language", ["ru", "x"])
async def test_another_page_s_tag_does_not_count(browser, policy, language):
    tag = f'"{policy.digest}-{language}"'

    answer = await browser.get(f"/policy/{policy.version}?lang=kk", headers={"If-None-Match": tag})

    assert answer.status_code == 200


async def test_the_page_shows_the_version_its_dates_and_its_digest(browser, policy):
    page = (await browser.get(f"/policy/{policy.version}?lang=en")).text

    assert policy.version in page
    assert policy.digest in page
    assert page.count(f'<time datetime="{policy.published_at.isoformat()}">24 November 2026, 07:00 UTC</time>') == 2


async def test_the_page_links_to_the_other_languages_and_to_the_version_in_force(browser, policy):
    page = (await browser.get(f"/policy/{policy.version}?lang=ru")).text

    for language in SHOP.languages:
        assert f'<a href="?lang={language}" lang="{language}" hreflang="{language}"' in page
    assert 'href="/sites/shop/policy?lang=ru"' in page


async def test_every_clause_can_be_linked_to_alike_in_every_language(browser, policy):
    anchors = [
        re.findall(r'id="(s[0-9.]+)"', (await browser.get(f"/policy/{policy.version}?lang={language}")).text)
        for language in SHOP.languages
    ]

    assert anchors[0] == anchors[1] == anchors[2]
    assert {"s1.1", "s8.2", "s10"} <= set(anchors[0])


async def test_links_within_a_page_lead_somewhere(browser, policy):
    page = (await browser.get(f"/policy/{policy.version}?lang=kk")).text

    targets = set(re.findall(r'href="#([^"]+)"', page))
    assert targets >= {"s8", "s8.2"}
    assert targets <= set(re.findall(r'id="([^"]+)"', page))


async def test_the_first_version_has_no_predecessor_and_the_second_links_to_it(browser, db, policy):
    first = await browser.get(f"/policy/{policy.version}?lang=en")
    assert first.headers["link"] == f'</policy/{policy.version}>; rel="privacy-policy"'
    assert "Previous version" not in first.text

    later = db.apply(publish, SHOP, starter(SHOP.languages), FACTS)
    second = await browser.get(f"/policy/{later.version}?lang=en")

    assert second.headers["link"] == (
        f'</policy/{later.version}>; rel="privacy-policy", </policy/{policy.version}>; rel="predecessor-version"'
    )
    assert f'<a href="/policy/{policy.version}?lang=en" rel="prev">' in second.text


async def test_an_old_version_stays_the_same_page_after_a_new_one(browser, db, policy):
    before = await browser.get(f"/policy/{policy.version}?lang=kk")
    db.apply(publish, SHOP, starter(SHOP.languages), FACTS)

    fresh = Lane(PolicyPages(db).routes(), PlainTextResponse("not ours", 404))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(fresh), base_url="http://gateway.localhost") as client:
        after = await client.get(f"/policy/{policy.version}?lang=kk")

    assert after.content == before.content
    assert after.headers["etag"] == before.headers["etag"]


@pytest.mark.parametrize("lang", ["en", "de", "", "RU", "kk-KZ", "../kk", "<b>", "қ"])
async def test_a_language_the_version_lacks_is_not_found_and_nothing_else_is_shown_instead(browser, db, lang):
    policy = db.apply(publish, shop("kk", "ru"), {"kk": draft("1.1. Бір."), "ru": draft("1.1. Раз.")}, FACTS)

    answer = await browser.get(f"/policy/{policy.version}", params={"lang": lang})
    through = await browser.get("/sites/shop/policy", params={"lang": lang})

    assert answer.status_code == through.status_code == 404
    assert "Бір" not in answer.text
    assert "Раз" not in answer.text
    assert "immutable" not in answer.headers["cache-control"]


@pytest.mark.parametrize("query", ["lang=kk&lang=kk", "lang=kk&lang=ru", "lang=%ff", "lang=%00", "lang=%"])
async def test_a_language_asked_for_twice_or_in_no_text_is_refused(browser, policy, query):
    assert (await browser.get(f"/policy/{policy.version}?{query}")).status_code == 400
    assert (await browser.get(f"/sites/shop/policy?{query}")).status_code == 400


@pytest.mark.parametrize(
    "version",
    ["shop-2026-11-25", "shop", "shop-2026-11-24.2", "%00", "SHOP-2026-11-24", "a" * 5000, "қ", "%ff"],
)
async def test_a_version_that_is_not_there_is_not_found(browser, policy, version):
    answer = await browser.get(f"/policy/{version}")

    assert answer.status_code == 404
    assert "no-store" in answer.headers["cache-control"]


@pytest.mark.parametrize("lang", ["", "?lang=ru"])
async def test_the_site_s_address_leads_to_the_version_in_force(browser, db, policy, lang):
    later = db.apply(publish, SHOP, starter(SHOP.languages), FACTS)

    answer = await browser.get(f"/sites/shop/policy{lang}")

    assert answer.status_code == 302
    assert answer.headers["location"] == f"/policy/{later.version}{lang}"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.content == b""


@pytest.mark.parametrize("site", ["news", "%00", "қ", "a" * 5000])
async def test_a_site_without_a_policy_is_not_found(browser, policy, site):
    assert (await browser.get(f"/sites/{site}/policy")).status_code == 404


async def test_head_is_answered_without_a_body_and_post_not_at_all(browser, policy):
    got = await browser.get(f"/policy/{policy.version}?lang=kk")
    head = await browser.head(f"/policy/{policy.version}?lang=kk")

    assert head.status_code == 200
    assert head.content == b""
    assert head.headers["content-length"] == str(len(got.content))
    assert (await browser.post(f"/policy/{policy.version}")).status_code == 405


async def test_a_page_that_was_shown_is_shown_again_without_the_database(browser, db, policy):
    before = await browser.get(f"/policy/{policy.version}?lang=ru")
    db.close()

    after = await browser.get(f"/policy/{policy.version}?lang=ru")

    assert after.content == before.content


async def test_no_more_pages_are_kept_in_memory_than_allowed(db, monkeypatch):
    monkeypatch.setattr(pages, "KEPT", 2)
    room = PolicyPages(db)
    names = [db.apply(publish, shop("en"), {"en": draft()}, FACTS).version for _ in range(4)]
    lane = Lane(room.routes(), PlainTextResponse("not ours", 404))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(lane), base_url="http://gateway.localhost") as client:
        for name in [*names, "shop-2020-01-01"]:
            await client.get(f"/policy/{name}")

    assert list(room._kept) == names[2:]


async def test_the_page_holds_no_script_and_loads_nothing_from_anybody_else(browser, policy):
    page = (await browser.get(f"/policy/{policy.version}?lang=kk")).text

    assert "<script" not in page
    assert not re.search(r'\bon[a-z]+="', page)
    assert not re.search(r'(src|<link[^>]* href)="(?!/)', page)
