"""The visitors' lane: whole addresses, the methods they take, and a page for whatever goes wrong."""

from __future__ import annotations

import httpx
import pytest
from starlette.requests import ClientDisconnect
from starlette.responses import PlainTextResponse

from consentgw import errors
from consentgw.http import surfaces
from consentgw.http.lane import Lane, Route

pytestmark = pytest.mark.anyio


async def echo(request):
    return surfaces.PUBLIC.answer(repr(sorted(request.path_params.items())).encode())


async def posted(request):
    return surfaces.PUBLIC.answer(b"posted")


def failing(error):
    async def fail(request):
        raise error

    return fail


ROUTES = (
    Route("/things/{thing}.json", echo, surfaces.PUBLIC),
    Route("/things/{thing}", echo, surfaces.PUBLIC),
    Route("/things/{thing}", posted, surfaces.PUBLIC, ("POST",)),
    Route("/things/{thing}/parts/{part}", echo, surfaces.PUBLIC),
    Route("/only", posted, surfaces.PUBLIC, ("POST",)),
    Route("/fails/refused", failing(errors.Refused("x")), surfaces.VISITOR),
    Route("/fails/absent", failing(errors.NotFound("secret words")), surfaces.VISITOR),
    Route("/fails/busy", failing(errors.Unavailable("x")), surfaces.VISITOR),
    Route("/fails/badly/{code}", failing(ZeroDivisionError("secret words")), surfaces.VISITOR),
)


@pytest.fixture
async def client():
    lane = Lane(ROUTES, PlainTextResponse("behind", 418))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(lane), base_url="http://gateway.localhost") as client:
        yield client


@pytest.mark.parametrize(
    ("address", "found"),
    [
        ("/things/a", [("thing", "a")]),
        ("/things/a.json", [("thing", "a")]),
        ("/things/a.json.json", [("thing", "a.json")]),
        ("/things/a.b", [("thing", "a.b")]),
        ("/things/%D0%B6%20%3Cb%3E", [("thing", "ж <b>")]),
        ("/things/a%0Ab", [("thing", "a\nb")]),
        ("/things/a/parts/b?c=d", [("part", "b"), ("thing", "a")]),
    ],
)
async def test_an_address_is_taken_whole(client, address, found):
    assert (await client.get(address)).text == repr(found)


@pytest.mark.parametrize(
    "address",
    [
        "/",
        "/thing",
        "/things",
        "/things/",
        "/things/a/",
        "/things/a/parts",
        "//things/a",
        "/x/things/a",
        "/Things/a",
        "/things/a%2Fparts%2Fb/c",
    ],
)
async def test_what_the_lane_does_not_know_goes_on_to_the_app_behind(client, address):
    answer = await client.get(address)

    assert (answer.status_code, answer.text) == (418, "behind")


async def test_each_method_has_its_endpoint_and_others_are_told_which_there_are(client):
    assert (await client.post("/things/a")).text == "posted"
    for method in ("PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "BREW"):
        answer = await client.request(method, "/things/a")
        assert answer.status_code == 405
        assert answer.headers["allow"] == "GET, HEAD, POST"
    assert (await client.get("/only")).headers["allow"] == "POST"


async def test_head_is_get_without_the_body(client):
    got, head = await client.get("/things/a"), await client.head("/things/a")

    assert head.content == b""
    assert head.status_code == got.status_code
    assert head.headers == got.headers


@pytest.mark.parametrize(
    ("address", "status"),
    [("/fails/refused", 400), ("/fails/absent", 404), ("/fails/busy", 503), ("/fails/badly/x", 500)],
)
async def test_an_error_is_a_page_for_people_that_repeats_nothing(client, address, status):
    answer = await client.get(address, headers={"accept-language": "ru"})

    assert answer.status_code == status
    assert answer.headers["content-language"] == "ru"
    assert '<html lang="ru">' in answer.text
    assert "secret words" not in answer.text
    assert "Traceback" not in answer.text
    assert answer.headers.get("retry-after") == ("2" if status == 503 else None)


async def test_the_log_of_a_defect_does_not_tell_the_address(client, caplog):
    await client.get("/fails/badly/a-code-that-opens-a-receipt")

    assert "ZeroDivisionError" in caplog.text
    assert "a-code" not in caplog.text


async def test_nobody_is_answered_who_has_left():
    sent = []
    lane = Lane((Route("/gone", failing(ClientDisconnect()), surfaces.VISITOR),), PlainTextResponse("behind"))
    scope = {"type": "http", "method": "GET", "path": "/gone", "headers": [], "query_string": b""}

    await lane(scope, None, sent.append)

    assert sent == []


@pytest.mark.parametrize("path", ["", "*", "things/a"])
async def test_a_path_without_a_beginning_goes_on(path):
    seen = []

    async def behind(scope, receive, send):
        seen.append(scope["path"])

    await Lane(ROUTES, behind)({"type": "http", "method": "GET", "path": path, "headers": []}, None, None)

    assert seen == [path]
