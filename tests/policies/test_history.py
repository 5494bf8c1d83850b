"""What changed, and the list of all versions: read by a person without a script, without colour, in every language."""

from __future__ import annotations

import re
from html import unescape

import httpx
import pytest
from starlette.responses import PlainTextResponse

from consentgw.http.lane import Lane
from consentgw.policies.model import Change
from consentgw.policies.pages import PolicyPages
from tests.policies.shop import REASONS, SHOP, draft, drafts, follow, shop

pytestmark = pytest.mark.anyio


@pytest.fixture
async def browser(db):
    lane = Lane(PolicyPages(db, str, fresh_for=0).routes(), PlainTextResponse("not ours", 404))
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(lane), base_url="http://gateway.localhost", headers={"Accept-Language": ""}
    ) as client:
        yield client


def said(page: httpx.Response) -> str:
    """Return the words of a page as a text browser shows them."""
    return " ".join(unescape(re.sub(r"<[^>]+>", "", page.text)).split())


@pytest.fixture
def versions(db, clock):
    """Three versions: the first, one that changes words, one that changes what people agreed to."""
    first = db.apply(
        follow, texts=drafts(en=draft("1.1. We keep data for one year.", "1.2. We sell nothing.")) | both()
    )
    clock.step(days=1)
    texts = drafts(en=draft("1.1. We keep data for two years.", "1.2. We sell nothing.")) | both()
    second = db.apply(follow, texts=texts, change=Change.EDITORIAL, reasons={})
    clock.step(days=1)
    texts = drafts(en=draft("1.1. We keep data for two years.", "1.2. We sell <b>.")) | both()
    return first, second, db.apply(follow, texts=texts)


def both() -> dict[str, str]:
    return {"kk": draft("1.1. Бір.", "1.2. Екі."), "ru": draft("1.1. Раз.", "1.2. Два.")}


async def test_removed_and_added_words_stand_in_brackets_that_need_no_colour(browser, versions):
    page = await browser.get(f"/policy/{versions[1].version}/changes?lang=en")

    assert "1.1. We keep data for [−one year−][+two years+]." in said(page)
    assert "We sell nothing" not in said(page)


async def test_the_brackets_are_elements_that_a_screen_reader_hears_as_words(browser, versions):
    page = (await browser.get(f"/policy/{versions[1].version}/changes?lang=en")).text

    assert (
        '<del data-before="removed: " data-after=" end of what was removed "><span aria-hidden="true">[−</span>'
        '<span class="what">one year</span><span aria-hidden="true">−]</span></del>'
    ) in page
    assert '<ins data-before="added: " data-after=" end of what was added ">' in page


async def test_markup_in_a_text_stays_words_among_the_changes(browser, versions):
    page = await browser.get(f"/policy/{versions[2].version}/changes?lang=en")

    assert "<b>" not in page.text
    assert "We sell [−nothing−][+<b>+]." in said(page)


@pytest.mark.parametrize(
    ("lang", "kind", "reason"),
    [
        ("kk", "Елеулі өзгеріс: келісім қайта сұралады", REASONS["kk"]),
        ("ru", "Существенное изменение: согласие запрашивается заново", REASONS["ru"]),
        ("en", "Material change: consent is asked for again", REASONS["en"]),
    ],
)
async def test_the_changes_tell_their_kind_and_their_reason_in_each_language(browser, versions, lang, kind, reason):
    page = await browser.get(f"/policy/{versions[2].version}/changes?lang={lang}")

    assert page.headers["content-language"] == lang
    assert kind in said(page)
    assert reason in said(page)


async def test_a_change_that_is_in_one_language_only_is_told_in_the_others(browser, versions):
    page = await browser.get(f"/policy/{versions[1].version}/changes?lang=ru")

    assert "Ни одно слово текста не изменилось." in said(page)
    assert "Изменены только слова: прежние ответы остаются в силе" in said(page)
    assert "Почему изменено" not in said(page)


async def test_a_first_version_says_that_it_is_the_first(browser, versions):
    page = await browser.get(f"/policy/{versions[0].version}/changes?lang=en")

    assert "This is the first version, so there is nothing to compare it with." in said(page)
    assert "<ins" not in page.text


async def test_a_language_that_is_new_is_new_as_a_whole(browser, db):
    db.apply(follow, shop("kk", "ru"))
    second = db.apply(follow, SHOP)

    page = await browser.get(f"/policy/{second.version}/changes?lang=en")

    assert "The version before had no text in this language, so all of it is new." in said(page)


async def test_links_between_the_pages_of_a_policy_carry_the_language(browser, versions):
    for address in (f"/policy/{versions[1].version}", f"/policy/{versions[1].version}/changes", "/sites/shop/policies"):
        page = (await browser.get(f"{address}?lang=ru")).text
        links = re.findall(r'<a href="(/(?:policy|sites)/[^"]+)"', page)
        assert links
        assert all(link.endswith(("?lang=ru", ".json")) for link in links), links


async def test_every_link_of_the_archive_leads_somewhere(browser, versions):
    page = (await browser.get("/sites/shop/policies?lang=kk")).text

    for link in set(re.findall(r'<a href="(/[^"]+)"', page)):
        assert (await browser.get(link)).status_code == 200, link


async def test_the_archive_lists_every_version_the_newest_first_with_its_dates_kind_reason_and_fingerprint(
    browser, versions
):
    page = await browser.get("/sites/shop/policies?lang=en")
    words = said(page)

    order = [
        words.index(f"{version.version} {'In force now' if at == 2 else 'No longer'}")
        for at, version in enumerate(versions)
    ]
    assert order == sorted(order, reverse=True)
    for version in versions:
        assert version.digest in words
    assert words.count("In force now") == 1
    assert "In force until25 November 2026, 07:00 UTC" in words
    assert "First version" in words
    assert "Change of words only: earlier answers stay valid" in words
    assert REASONS["en"] in words
    assert page.headers["cache-control"] == "public, max-age=60"
    assert f'</policy/{versions[2].version}>; rel="latest-version"' in page.headers["link"]


async def test_the_archive_shows_a_new_version_at_once(browser, db, versions):
    before = await browser.get("/sites/shop/policies?lang=en")
    assert before.headers["etag"] == (await browser.get("/sites/shop/policies?lang=en")).headers["etag"]

    fourth = db.apply(follow, texts=drafts())

    after = await browser.get("/sites/shop/policies?lang=en")
    assert fourth.version in after.text
    assert after.headers["etag"] != before.headers["etag"]


async def test_the_archive_links_to_what_a_version_speaks(browser, db):
    first = db.apply(follow, shop("kk", "ru"))
    second = db.apply(follow, SHOP)

    page = (await browser.get("/sites/shop/policies?lang=en")).text

    assert f'<a href="/policy/{first.version}?lang=kk" hreflang="kk">' in page
    assert f'<a href="/policy/{second.version}?lang=en">' in page


@pytest.mark.parametrize("address", ["/sites/news/policies", "/sites/%00/policies", "/sites/shop/policies?lang=de"])
async def test_an_archive_that_is_not_there_is_not_found(browser, versions, address):
    assert (await browser.get(address)).status_code == 404


async def test_what_a_reader_has_already_is_not_sent_again(browser, versions):
    for address in (
        f"/policy/{versions[1].version}/changes?lang=en",
        "/sites/shop/policies?lang=en",
        f"/policy/{versions[1].version}.json",
    ):
        tag = (await browser.get(address)).headers["etag"]
        assert (await browser.get(address, headers={"If-None-Match": tag})).status_code == 304
