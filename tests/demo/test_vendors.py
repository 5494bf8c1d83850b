"""The stand-in answers as vendors do, and tells everybody what it was told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from consentgw.demo.hosts import Hosts
from consentgw.demo.vendors import KEPT, Hit
from tests.demo.conftest import ADDRESSES

pytestmark = pytest.mark.anyio


@pytest.fixture
async def vendor(client):
    async with client(ADDRESSES.vendor) as vendor:
        yield vendor


async def test_a_hit_is_listed_with_its_path_query_cookies_referer_and_time(vendor):
    await vendor.get(
        "/www.facebook.com/tr?id=1&ev=PageView",
        headers={"cookie": "fr=abc; IDE=d", "referer": "http://shop.localhost:8080/"},
    )
    await vendor.get("/www.google-analytics.com/g/collect?v=2")
    first, second = (await vendor.get("/hits.json")).json()

    assert (first["path"], first["query"]) == ("/www.facebook.com/tr", "id=1&ev=PageView")
    assert first["cookies"] == {"fr": "abc", "IDE": "d"}
    assert first["referer"] == "http://shop.localhost:8080/"
    assert datetime.now(UTC) - datetime.fromisoformat(first["time"]) < timedelta(seconds=10)
    assert (second["path"], second["cookies"], second["referer"]) == ("/www.google-analytics.com/g/collect", {}, None)


@pytest.mark.parametrize(
    ("destination", "media"),
    [("image", "image/gif"), ("script", "text/javascript"), ("iframe", "text/html"), (None, "image/gif")],
)
async def test_each_kind_of_element_gets_what_it_can_take(vendor, destination, media):
    headers = {"sec-fetch-dest": destination} if destination else {}
    answer = await vendor.get("/www.vendor.example/x", headers=headers)

    assert answer.headers["content-type"].startswith(media)
    assert answer.headers["cache-control"] == "no-store"
    assert answer.content


async def test_a_vendor_sets_its_own_cookie_apart_for_each_partner(vendor):
    cookie = (await vendor.get("/www.facebook.com/tr?id=1")).headers["set-cookie"]

    assert cookie.startswith("fr=")
    for part in ("Path=/www.facebook.com;", "SameSite=None", "Secure", "Partitioned"):
        assert part in cookie
    assert "set-cookie" not in (await vendor.get("/www.google-analytics.com/g/collect")).headers


async def test_looking_is_no_hit(vendor):
    for path in ("/", "/hits.json", "/style.css", "/favicon.ico", "/robots.txt", "/nothing"):
        await vendor.get(path)

    assert (await vendor.get("/hits.json")).json() == []


async def test_the_list_can_be_read_in_each_language_and_what_a_vendor_was_told_is_only_text(vendor):
    await vendor.get("/www.facebook.com/tr?q=<script>alert(1)</script>", headers={"referer": "http://x/<b>"})
    for language, said in (("kk", "Сұраулар: 1"), ("ru", "Запросов: 1"), ("en", "Requests so far: 1")):
        page = (await vendor.get(f"/?lang={language}")).text
        assert said in page
        assert f'<html lang="{language}">' in page
        assert "<script" not in page
        assert "<b>" not in page


async def test_the_list_renews_itself_until_it_is_asked_to_stand_still(vendor):
    assert 'http-equiv="refresh"' in (await vendor.get("/")).text
    assert 'http-equiv="refresh"' not in (await vendor.get("/?still")).text


async def test_the_list_is_cleared_by_a_form_and_not_by_looking(vendor):
    await vendor.get("/www.facebook.com/tr")
    await vendor.get("/hits/clear")
    assert len((await vendor.get("/hits.json")).json()) == 1
    answer = await vendor.post("/hits/clear?lang=kk")

    assert (answer.status_code, answer.headers["location"]) == (303, "/?lang=kk")
    assert (await vendor.get("/hits.json")).json() == []


async def test_only_the_latest_hits_are_kept(demo: Hosts, vendor):
    old = Hit(path="/old.example/", query="", cookies={}, referer=None, time="2026-11-24T07:00:00.000Z")
    demo.vendor.hits.extend([old] * KEPT)
    await vendor.get("/new.example/")
    hits = (await vendor.get("/hits.json")).json()

    assert len(hits) == KEPT
    assert hits[-1]["path"] == "/new.example/"
