"""Seven names, one server; and what a partner's page says."""

from __future__ import annotations

import re

import pytest

from tests.demo.conftest import ADDRESSES

pytestmark = pytest.mark.anyio

PAGES = [(ADDRESSES.shop, path + page) for path in ("/", "/ru/", "/en/") for page in ("", "tea/")] + [
    (ADDRESSES.news, path) for path in ("/", "/ru/", "/en/")
]


@pytest.mark.parametrize("origin", ["http://localhost:8080", "http://127.0.0.1:8080", "http://other.example"])
async def test_the_plain_name_of_the_machine_shows_the_way(client, origin):
    async with client(origin) as machine:
        page = await machine.get("/")

    assert page.status_code == 200
    for address in (
        ADDRESSES.shop,
        ADDRESSES.news,
        ADDRESSES.club,
        ADDRESSES.cafe,
        ADDRESSES.vendor,
        ADDRESSES.gateway,
    ):
        assert f'href="{address}/' in page.text


@pytest.mark.parametrize(("origin", "path"), PAGES)
async def test_every_page_of_a_partner_leads_only_to_pages_that_are_there(client, origin, path):
    async with client(origin) as partner:
        page = await partner.get(path)
        assert page.status_code == 200
        own = set(re.findall(r'(?:href|src)="(/[^"]*)"', page.text))
        assert own
        for address in own:
            assert (await partner.get(address)).status_code == 200, address
        assert (await partner.post(path)).status_code == 405
        assert (await partner.get("/nothing")).status_code == 404


@pytest.mark.parametrize(("origin", "path"), PAGES)
async def test_all_that_a_partner_has_of_ours_is_the_snippet_it_was_given(client, demo, data, origin, path):
    from consentgw.consents.views import snippet
    from consentgw.db import open_database
    from consentgw.notices.catalogue import read_offer
    from consentgw.settings import Settings
    from consentgw.sites import store

    slug = "shop" if origin == ADDRESSES.shop else "news"
    with open_database(Settings.read(data=data, public_url=ADDRESSES.gateway)) as db:
        offer = db.ask(lambda connection: read_offer(connection, store.read(connection, slug)))
    async with client(origin) as partner:
        page = (await partner.get(path)).text
    language = re.search(r'<html lang="(\w\w)">', page)[1]
    lines = snippet(offer.site, offer.notices[language], ADDRESSES.gateway)
    for part in (lines.head, lines.start, lines.end):
        assert part in page
        if part:
            page = page.replace(part, "")

    assert ADDRESSES.gateway not in page
    assert "<script" not in page
    assert "style=" not in page


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/", ("Барлығынан бас тарту", "Cookie баптаулары", "Келісімді қайтарып алу")),
        ("/ru/", ("Отклонить все", "Настройки cookie", "Отозвать согласие")),
        ("/en/", ("Reject all", "Cookie settings", "Withdraw consent")),
    ],
)
async def test_the_shop_tells_in_words_what_to_try_with_the_words_of_the_buttons(client, path, words):
    async with client(ADDRESSES.shop) as shop:
        page = (await shop.get(path)).text
    guide = page[page.index("<ol>") : page.index("</ol>")]

    assert guide.count("<li>") == 6
    for word in words:
        assert f"<b>{word}</b>" in guide
    assert f'href="{ADDRESSES.vendor}/?lang=' in page
