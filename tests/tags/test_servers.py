"""What a partner's web server asks: a verdict on a tag, what is granted, and the lines of a page."""

from __future__ import annotations

import re

import pytest

from consentgw.consents.views import snippet
from tests.gateway import EVE, NEWS, SHOP
from tests.grounds import MOUNT, grounded
from tests.tags.gate import answer
from tests.visitor import GATEWAY, Visitor

__all__ = ["grounded"]
pytestmark = pytest.mark.anyio


async def verdict(visitor, tag, on=NEWS, **said):
    """Return the verdict on a tag of the news site, as a server hears it."""
    response = await visitor.load(f"/release/news/{tag}", "document", on, **said)
    assert response.content == b""
    assert response.headers["cache-control"] == "no-store"
    assert "location" not in response.headers
    assert response.headers.get("consent-released") == (tag if response.status_code == 204 else None)
    return response.status_code


async def standing(visitor, on=NEWS, **said):
    """Return what a server hears of a visitor of the news site."""
    response = await visitor.load("/sites/news/standing", "document", on, **said)
    assert response.status_code == 200
    assert response.headers["content-type"] == "text/plain; charset=utf-8"
    assert response.headers["cache-control"] == "no-store"
    assert response.text == response.headers["consent-granted"]
    return response.headers["consent-standing"], response.text


async def test_a_server_hears_yes_only_where_every_purpose_of_a_tag_is_granted(bolat):
    assert {await verdict(bolat, tag) for tag in ("ga", "pixel", "both")} == {403}
    frame = await answer(bolat, "save", tick=["analytics"])
    assert [await verdict(bolat, tag) for tag in ("ga", "pixel", "both")] == [204, 403, 403]
    frame = await frame.press("save", tick=["analytics", "marketing"])
    assert [await verdict(bolat, tag) for tag in ("ga", "pixel", "both")] == [204, 204, 204]
    await frame.press("withdraw")
    assert {await verdict(bolat, tag) for tag in ("ga", "pixel", "both")} == {403}


async def test_a_server_hears_what_is_granted_in_words(bolat):
    assert await standing(bolat) == ("undecided", "")
    frame = await answer(bolat, "accept_all")
    assert await standing(bolat) == ("valid", "analytics marketing")
    await frame.press("withdraw")
    assert await standing(bolat) == ("withdrawn", "")


async def test_a_signal_is_heard_too(embedded):
    assert await standing(Visitor(embedded, gpc=True)) == ("signal", "")


async def test_asked_from_another_page_a_server_hears_nothing(bolat):
    await answer(bolat)

    for referer in (f"{EVE}/", f"{SHOP}/"):
        assert await verdict(bolat, "ga", referer=referer) == 403
        assert await standing(bolat, referer=referer) == ("undecided", "")
    assert await verdict(bolat, "ga", referer=None) == 204


async def test_a_tag_nobody_configured_is_not_there(bolat):
    await answer(bolat)

    for address in ("/release/news/nothing", "/release/nothing/ga", "/sites/nothing/standing"):
        assert (await bolat.load(address, "document", NEWS)).status_code == 404


async def test_where_a_withdrawal_could_have_been_missed_a_server_hears_nothing(gateway):
    aigerim = Visitor(gateway)
    await answer(aigerim)
    gateway.changes.read_at = float("-inf")
    stale = 204 if gateway.settings.embedded else 403  # one process misses nothing

    assert await verdict(aigerim, "ga") == stale


@pytest.mark.parametrize("language", ["kk", "ru", "en"])
@pytest.mark.parametrize("part", ["head", "start", "end"])
async def test_the_lines_are_those_of_the_snippet_under_the_address_the_page_knows(grounded, part, language):
    offer = grounded.catalogue.offer("shop")
    bolat = Visitor(grounded)
    for gateway in (GATEWAY, MOUNT):
        address = f"{gateway}/sites/shop/lines/{part}?lang={language}"
        lines = await bolat.load(address, "document", SHOP)

        assert lines.text == getattr(snippet(offer.site, offer.notices[language], gateway), part)
        assert lines.headers["cache-control"] == "public, max-age=60"
        assert lines.headers["consent-lines"] == part
        assert not re.search(r'="/', lines.text)


async def test_the_lines_say_the_same_to_everybody(grounded):
    aigerim, bolat = Visitor(grounded), Visitor(grounded, gpc=True)
    await (await aigerim.frame(f"{MOUNT}/embed/shop?lang=en", SHOP)).press("accept_all")

    for part in ("head", "start", "end"):
        address = f"{MOUNT}/sites/shop/lines/{part}?lang=en"
        assert (await aigerim.load(address, "document", SHOP)).text == (
            await bolat.load(address, "document", SHOP)
        ).text
    assert (await bolat.load("/sites/shop/lines/middle", "document", SHOP)).status_code == 404
