"""A law over every link: the language a visitor chose once is kept wherever the links lead, and no cookie is needed.

Every browser here prefers another language than the one that was chosen.
"""

from __future__ import annotations

import re
from urllib.parse import urljoin, urlsplit

import pytest
from markupsafe import escape

from consentgw.http.languages import LANGUAGES
from consentgw.policies.service import starter
from tests.gateway import NEWS, PARTNERS, running
from tests.test_clauses import publish
from tests.visitor import GATEWAY, Visitor

pytestmark = pytest.mark.anyio

FILES = re.compile(r"\.(?:json|jws)$|^/\.well-known/|^/notice/")
"""What is in no language, or in the one it was shown in."""
ENOUGH = 60
"""Pages of one walk; it meets about forty."""


@pytest.fixture
async def app(seeded_sqlite):
    """A gateway whose news site has published three versions."""
    publish(seeded_sqlite)
    publish(seeded_sqlite, en=starter(["en"])["en"].replace("protected servers", "servers in Astana"))
    async with running(seeded_sqlite) as gateway:
        yield gateway


def links(page):
    """Return the pages of ours that a page leads to, but for itself in another language."""
    here = urlsplit(page.url).path
    for link in page.links:
        found = urlsplit(urljoin(page.url, link))
        if found.netloc == urlsplit(GATEWAY).netloc and found.path != here and not FILES.search(found.path):
            yield found._replace(fragment="").geturl()


@pytest.mark.parametrize(("chosen", "preferred"), [("kk", "en"), ("ru", "kk"), ("en", "ru")])
async def test_a_language_chosen_once_is_remembered_by_every_link(app, chosen, preferred):
    visitor = Visitor(app, language=preferred)
    start = await visitor.open("/sites/news/policy")
    assert start.language == preferred
    waiting, met = [await start.follow(f"?lang={chosen}")], {}

    while waiting and len(met) < ENOUGH:
        page = waiting.pop()
        assert (page.status, page.language) == (200, chosen), page.url
        met[page.url] = urlsplit(page.url).path
        if page.offers("accept_all") and not visitor.jar:
            await page.press("accept_all")
            waiting.append(await visitor.open(page.url))
        for address in links(page):
            if address not in met and address not in {one.url for one in waiting}:
                waiting.append(await visitor.open(address))

    paths = set(met.values())
    versions = {path for path in paths if re.fullmatch(r"/policy/[^/]+", path)}
    assert len(versions) == 3
    assert paths >= {f"{version}/changes" for version in sorted(versions)[1:]}
    assert paths >= {"/sites/news/policies", "/consent/news", "/requests/news"}
    assert [path for path in paths if path.startswith("/receipt/")]
    assert not waiting


@pytest.mark.parametrize("language", LANGUAGES)
async def test_whoever_reads_keeps_no_cookie_and_shared_copies_differ_by_address_or_by_what_the_browser_prefers(
    app, language
):
    visitor = Visitor(app, language=language)

    for address in ("/sites/news/policy", "/sites/news/policies", "/consent/news", "/requests/news"):
        for chosen in ("", *(f"?lang={other}" for other in LANGUAGES)):
            page = await visitor.open(f"{address}{chosen}")
            assert page.language == (chosen[-2:] or language)
            if "public" in page.headers["cache-control"]:
                assert page.headers["vary"] == "Accept-Language"

    assert visitor.set_cookies == []


async def test_every_page_about_a_site_names_it_beside_its_languages(app):
    visitor = Visitor(app, language="en")
    policy = (await visitor.open("/sites/news/policy")).url.partition("?")[0]
    digest = app.catalogue.offer("news").notices["en"].digest

    named = f'<p class="brand">{escape(PARTNERS[1].name)}</p>'

    for address in (policy, f"{policy}/changes", "/sites/news/policies", f"/notice/{digest}", "/consent/news"):
        assert named in (await visitor.open(address)).text, address


async def test_an_answer_on_the_partner_s_page_and_its_receipt_keep_the_language_of_the_page(app):
    visitor = Visitor(app, language="en")
    frame = await visitor.frame("/embed/news?lang=kk", NEWS)
    decided = await frame.press("accept_all")

    receipt = await decided.follow("/receipt/")

    assert decided.language == receipt.language == "kk"
    assert (await receipt.follow("/policy/")).language == "kk"
    assert (await receipt.press("withdraw")).language == "kk"
    assert set(PARTNERS[1].languages) == set(LANGUAGES)
