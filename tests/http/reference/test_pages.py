"""The reference and the problem pages as they are served."""

from __future__ import annotations

import gzip
import re

import httpx
import pytest
from starlette.responses import PlainTextResponse

from consentgw.http import surfaces
from consentgw.http.explanations import EXPLANATIONS
from consentgw.http.lane import Lane
from consentgw.http.reference.pages import ReferencePages
from tests.http.reference.library import library

pytestmark = pytest.mark.anyio


@pytest.fixture
async def eve():
    """Somebody with no key."""
    lane = Lane(ReferencePages(library().openapi, "https://consent.example").routes(), PlainTextResponse("", 404))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(lane), base_url="http://gateway.localhost") as client:
        yield client


async def test_every_link_within_the_page_leads_somewhere_and_no_place_is_named_twice(eve):
    page = (await eve.get("/docs")).text
    ids = re.findall(r'\sid="([^"]+)"', page)

    assert len(ids) == len(set(ids)) > 25
    assert set(re.findall(r'href="#([^"]+)"', page)) <= set(ids)


async def test_every_operation_schema_webhook_and_problem_is_on_it(eve):
    page = (await eve.get("/docs")).text

    for known in ("addBook", "listBooks", "dropBook", "webhook-book.lent", "schema-Kind", "tag-books"):
        assert f' id="{known}"' in page
        assert f'href="#{known}"' in page
    for code in EXPLANATIONS:
        assert f'href="/problems/{code}"' in page
    assert "Drop &lt;a&gt; book" in page


@pytest.mark.parametrize("code", EXPLANATIONS)
async def test_every_problem_type_has_a_page_with_what_to_do_and_an_example(eve, code):
    answer = await eve.get(f"/problems/{code}")

    assert answer.status_code == 200
    assert EXPLANATIONS[code].title in answer.text
    assert "What to do" in answer.text
    assert f"https://consent.example/problems/{code}" in answer.text


async def test_a_problem_nobody_has_is_not_found(eve):
    for code in ("nothing", "Invalid", "misconfigured", "..", "%00"):
        assert (await eve.get(f"/problems/{code}")).status_code == 404


@pytest.mark.parametrize("address", ["/docs", "/problems/invalid"])
async def test_a_page_is_sent_once_packed_or_plain(eve, address):
    packed = await eve.get(address)
    plain = await eve.get(address, headers={"Accept-Encoding": "identity"})
    again = await eve.get(address, headers={"If-None-Match": f'"x", {packed.headers["etag"]}'})
    other = await eve.get(address, headers={"If-None-Match": '"x"'})

    assert packed.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert packed.content == plain.content
    assert int(packed.headers["content-length"]) < int(plain.headers["content-length"]) / 2
    assert (again.status_code, again.content, "content-length" in again.headers) == (304, b"", False)
    assert other.status_code == 200


async def test_a_page_runs_nothing_and_stands_on_its_surface(eve):
    answer = await eve.get("/docs")

    assert "script-src" not in answer.headers["content-security-policy"]
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    for name, value in surfaces.REFERENCE.headers():
        assert answer.headers[name.decode()] == value.decode()


async def test_a_page_is_made_once(eve, monkeypatch):
    first = await eve.get("/docs")
    monkeypatch.setattr("consentgw.http.reference.pages.render", None)

    assert (await eve.get("/docs")).content == first.content
    assert gzip.decompress(gzip.compress(first.content)) == first.content
