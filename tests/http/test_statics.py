"""Our own files: all of them, nothing else, none of them a script."""

from __future__ import annotations

import httpx
import pytest
from starlette.responses import PlainTextResponse

from consentgw.http.lane import Lane
from consentgw.http.pages import STATIC, static
from consentgw.http.statics import Statics

pytestmark = pytest.mark.anyio

FILES = sorted(file.name for file in STATIC.iterdir())


@pytest.fixture
async def client():
    lane = Lane(Statics().routes(), PlainTextResponse("behind", 418))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(lane), base_url="http://gateway.localhost") as client:
        yield client


@pytest.mark.parametrize("name", FILES)
async def test_every_file_is_served_as_what_it_is_and_kept_for_good(client, name):
    answer = await client.get(static(name))

    assert answer.status_code == 200
    assert answer.content == (STATIC / name).read_bytes()
    assert answer.headers.get_list("content-type") == [
        "text/css; charset=utf-8" if name.endswith(".css") else "image/svg+xml"
    ]
    assert "immutable" in answer.headers["cache-control"]
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("name", FILES)
def test_no_file_is_or_holds_a_script_or_names_anybody_else(name):
    text = (STATIC / name).read_text()

    assert name.endswith((".css", ".svg"))
    for trace in ("<script", "javascript:", "@import", "onload", "https://"):
        assert trace not in text
    assert "http://" not in text.replace("http://www.w3.org/2000/svg", "")


@pytest.mark.parametrize(
    "name",
    ["x.css", "../statics.py", "..%2fstatics.py", "%2e%2e%2fstatics.py", ".", "..", "", "page.css%00", "PAGE.CSS"],
)
async def test_nothing_else_is_reached(client, name):
    answer = await client.get(f"/static/{name}")

    assert answer.status_code in {404, 418}
