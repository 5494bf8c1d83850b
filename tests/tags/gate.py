"""How tests ask the gate, and what they see of it."""

from __future__ import annotations

from urllib.parse import urlsplit

from tests.gateway import NEWS, VENDORS

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
