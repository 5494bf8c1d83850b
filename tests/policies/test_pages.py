"""The policy page: the asked language, immutable, with its dates and digest."""

from __future__ import annotations

import hashlib
import json
import re
from contextlib import asynccontextmanager
from datetime import timedelta

import httpx
import pytest
from sqlalchemy import text
from starlette.responses import PlainTextResponse

from consentgw.http.lane import Lane
from consentgw.policies import pages
from consentgw.policies.pages import PolicyPages
from consentgw.policies.service import publish, starter
from tests.policies.shop import FACTS, SHOP, draft, follow, shop

pytestmark = pytest.mark.anyio


@pytest.fixture
async def browser(db):
    async with visiting(db) as client:
        yield client


@asynccontextmanager
async def visiting(db):
    """Open a browser at a gateway that was just started, and reads the list of versions for each page."""
    lane = Lane(PolicyPages(db, str, fresh_for=0).routes(), PlainTextResponse("not ours", 404))
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(lane), base_url="http://gateway.localhost", headers={"Accept-Language": ""}
    ) as client:
        yield client


@pytest.fixture
def policy(db):
    return db.apply(follow, SHOP, starter(SHOP.languages))


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


async def test_a_page_is_kept_by_caches_for_a_minute_and_its_tag_covers_every_byte(browser, policy):
    answer = await browser.get(f"/policy/{policy.version}?lang=kk")

    assert answer.headers["cache-control"] == "public, max-age=60"
    assert answer.headers["vary"] == "Accept-Language"
    assert answer.headers["etag"] == f'"{hashlib.sha256(answer.content).hexdigest()}"'
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "set-cookie" not in answer.headers


async def test_the_record_is_kept_for_ever_and_hashes_to_the_fingerprint(browser, policy):
    answer = await browser.get(f"/policy/{policy.version}.json")

    assert hashlib.sha256(answer.content).hexdigest() == policy.digest
    assert json.loads(answer.content) == policy.content()
    assert answer.headers["etag"] == f'"{policy.digest}"'
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["content-type"] == "application/json"


async def test_languages_have_different_tags(browser, policy):
    answers = [await browser.get(f"/policy/{policy.version}?lang={language}") for language in SHOP.languages]

    assert len({answer.headers["etag"] for answer in answers}) == 3


@pytest.mark.parametrize("given", ["{}", "W/{}", '"other", {}', '"other",{} ', "*"])
async def test_whoever_has_the_page_already_is_told_so(browser, policy, given):
    tag = (await browser.get(f"/policy/{policy.version}?lang=kk")).headers["etag"]

    answer = await browser.get(f"/policy/{policy.version}?lang=kk", headers={"If-None-Match": given.format(tag)})

    assert answer.status_code == 304
    assert answer.content == b""
    assert answer.headers["etag"] == tag
    assert answer.headers["cache-control"] == "public, max-age=60"
    assert answer.headers["vary"] == "Accept-Language"
    assert "content-length" not in answer.headers


async def test_another_page_s_tag_does_not_count(browser, policy):
    tag = (await browser.get(f"/policy/{policy.version}?lang=ru")).headers["etag"]

    answer = await browser.get(f"/policy/{policy.version}?lang=kk", headers={"If-None-Match": tag})

    assert answer.status_code == 200


async def test_the_page_shows_the_version_its_dates_and_its_digest(browser, policy):
    page = (await browser.get(f"/policy/{policy.version}?lang=en")).text

    assert policy.version in page
    assert policy.digest in page
    assert page.count(f'<time datetime="{policy.published_at.isoformat()}">24 November 2026, 07:00 UTC</time>') == 2


async def test_the_page_links_to_the_other_languages_and_to_all_versions(browser, policy):
    page = (await browser.get(f"/policy/{policy.version}?lang=ru")).text

    for language in SHOP.languages:
        assert f'<a href="?lang={language}" lang="{language}" hreflang="{language}"' in page
    assert 'href="/sites/shop/policies?lang=ru"' in page


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


def relations(answer):
    """Return where an answer's links lead, by their relation."""
    return {relation: target for target, relation in re.findall(r'<([^>]+)>; rel="([a-z-]+)"', answer.headers["link"])}


async def test_a_version_links_to_its_neighbours_to_the_one_in_force_and_to_all(browser, db, clock):
    first, second, third = [db.apply(follow) for _ in range(3) if clock.step(days=1)]

    middle = await browser.get(f"/policy/{second.version}?lang=en")

    assert relations(middle) == {
        "canonical": f"/policy/{second.version}?lang=en",
        "privacy-policy": f"/policy/{second.version}",
        "version-history": "/sites/shop/policies",
        "predecessor-version": f"/policy/{first.version}",
        "successor-version": f"/policy/{third.version}",
        "latest-version": f"/policy/{third.version}",
    }
    assert f'<a href="/policy/{first.version}?lang=en" rel="prev">' in middle.text
    assert f'<a href="/policy/{third.version}?lang=en" rel="next">' in middle.text
    assert "predecessor-version" not in relations(await browser.get(f"/policy/{first.version}"))
    assert "successor-version" not in relations(await browser.get(f"/policy/{third.version}"))


async def test_a_version_says_at_its_top_that_another_took_over(browser, db, clock):
    first = db.apply(follow)
    before = await browser.get(f"/policy/{first.version}?lang=en")
    clock.step(days=2)
    second = db.apply(follow)

    after = await browser.get(f"/policy/{first.version}?lang=en")

    assert "no longer in force" not in before.text
    top = after.text.partition('<dl class="facts">')[0]
    assert "This version is no longer in force. A later one took over on 26 November 2026, 07:00 UTC." in top
    assert f'<a href="/policy/{second.version}?lang=en">Read the version in force now</a>' in top
    assert after.headers["etag"] != before.headers["etag"]
    assert first.texts["en"].html in before.text
    assert first.texts["en"].html in after.text


async def test_a_version_for_later_says_when_it_comes_and_the_one_in_force_announces_it(browser, db, clock):
    first = db.apply(follow)
    planned = db.apply(follow, effective_from=clock.now + timedelta(days=7))

    for lang, announced, not_yet in (
        ("en", "A new one takes over on 1 December 2026, 07:00 UTC", "not in force yet"),
        ("ru", "Новая вступает в силу 1 декабря 2026 г., 07:00 UTC", "ещё не действует"),
        ("kk", "Жаңа редакция күшіне енетін күн: 2026 жылғы 1 желтоқсан, 07:00 UTC", "әлі күшіне енген жоқ"),
    ):
        assert announced in (await browser.get(f"/policy/{first.version}?lang={lang}")).text
        later = await browser.get(f"/policy/{planned.version}?lang={lang}")
        assert not_yet in later.text
        assert relations(later)["latest-version"] == f"/policy/{first.version}"
    assert (await browser.get("/sites/shop/policy")).headers["location"] == f"/policy/{first.version}"

    clock.step(days=7)

    assert "not in force yet" not in (await browser.get(f"/policy/{planned.version}?lang=en")).text
    assert "no longer in force" in (await browser.get(f"/policy/{first.version}?lang=en")).text
    assert (await browser.get("/sites/shop/policy")).headers["location"] == f"/policy/{planned.version}"


async def test_a_version_replaced_while_it_was_planned_never_was_in_force(browser, db, clock):
    db.apply(follow)
    day = clock.now + timedelta(days=7)
    planned = db.apply(follow, effective_from=day)
    clock.step(days=1)
    db.apply(follow, effective_from=day)

    for _ in range(2):
        assert "never came into force" in (await browser.get(f"/policy/{planned.version}?lang=en")).text
        clock.step(days=30)


async def test_a_list_of_versions_a_moment_old_is_not_read_again(db, clock):
    first = db.apply(follow)
    room = PolicyPages(db, str, fresh_for=3600)
    lane = Lane(room.routes(), PlainTextResponse("not ours", 404))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(lane), base_url="http://gateway.localhost") as client:
        before = await client.get(f"/policy/{first.version}")
        clock.step(days=1)
        second = db.apply(follow)

        assert (await client.get(f"/policy/{first.version}")).content == before.content
        assert (await client.get(f"/policy/{second.version}")).status_code == 200
        assert (await client.get(f"/policy/{first.version}")).content != before.content


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
    later = db.apply(follow)

    answer = await browser.get(f"/sites/shop/policy{lang}")

    assert answer.status_code == 302
    assert answer.headers["location"] == f"/policy/{later.version}{lang}"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.content == b""


@pytest.mark.parametrize("site", ["news", "%00", "қ", "a" * 5000])
async def test_a_site_without_a_policy_is_not_found(browser, policy, site):
    assert (await browser.get(f"/sites/{site}/policy")).status_code == 404


@pytest.mark.parametrize("address", ["/policy/{}/changes", "/policy/{}.json", "/policy/{}"])
async def test_an_address_under_a_version_that_is_not_there_is_not_found(browser, policy, address):
    assert (await browser.get(address.format("shop-2020-01-01"))).status_code == 404
    assert (await browser.get(address.format("%00"))).status_code == 404


async def test_head_is_answered_without_a_body_and_post_not_at_all(browser, policy):
    got = await browser.get(f"/policy/{policy.version}?lang=kk")
    head = await browser.head(f"/policy/{policy.version}?lang=kk")

    assert head.status_code == 200
    assert head.content == b""
    assert head.headers["content-length"] == str(len(got.content))
    assert (await browser.post(f"/policy/{policy.version}")).status_code == 405


async def test_a_page_that_was_shown_is_shown_again_while_the_database_does_not_answer(browser, db, policy):
    before = await browser.get(f"/policy/{policy.version}?lang=ru")
    db.apply(lambda unit: unit.connection.execute(text("ALTER TABLE policies RENAME TO away")))

    after = await browser.get(f"/policy/{policy.version}?lang=ru")

    assert after.content == before.content
    assert (await browser.get("/policy/shop-2026-11-25")).status_code == 503


async def test_no_more_pages_are_kept_in_memory_than_allowed(db, monkeypatch):
    monkeypatch.setattr(pages, "KEPT", 2)
    monkeypatch.setattr(pages, "LEAVES", 3)
    room = PolicyPages(db, str)
    names = [db.apply(follow, shop("en")).version for _ in range(4)]
    lane = Lane(room.routes(), PlainTextResponse("not ours", 404))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(lane), base_url="http://gateway.localhost") as client:
        for name in [*names, "shop-2020-01-01"]:
            await client.get(f"/policy/{name}")

    assert list(room._kept) == names[2:]
    assert [version for _, version, _ in room._leaves] == names[1:]


async def test_the_page_holds_no_script_and_loads_nothing_from_anybody_else(browser, policy):
    page = (await browser.get(f"/policy/{policy.version}?lang=kk")).text

    assert "<script" not in page
    assert not re.search(r'\bon[a-z]+="', page)
    assert not re.search(r'(src|<link[^>]* href)="(?!/)', page)
