"""A law over every address: it has a surface, carries its headers, and runs no script."""

from __future__ import annotations

import re

import pytest

from consentgw.http import surfaces
from consentgw.http.surfaces import Surface
from tests.caller import caller
from tests.gateway import NEWS, SHOP, VENDORS, copy_of, running
from tests.visitor import Visitor

pytestmark = pytest.mark.anyio

KNOWN = {one.name: one for one in vars(surfaces).values() if isinstance(one, Surface)}
ALLOWED = {"embed": {"embed", "releasing"}, "releasing": {"embed", "releasing"}}
"""A document with released tags needs another policy; which it is depends on the answer."""


@pytest.fixture(scope="module")
async def app(seeded_file, tmp_path_factory):
    async with running(copy_of(seeded_file, tmp_path_factory.mktemp("surfaces"))) as app:
        yield app


@pytest.fixture(scope="module")
async def visited(app):
    """Every address that can be read, with its route and its answer: before and after a yes."""
    visitor = Visitor(app)
    before = [(route, await _get(visitor, route, None)) for route in app.routes if "GET" in route.methods]
    page = await (await visitor.frame("/embed/shop?lang=en", SHOP)).press("accept_all")
    after = [(route, await _get(visitor, route, page)) for route in app.routes if "GET" in route.methods]
    return before + after


async def _get(visitor, route, page):
    address = route.path.replace("{site}", "shop").replace("{tag}", "ga").replace("{name}", "icon.svg")
    offer = visitor._transport.app.catalogue.offer("shop")
    if page is not None:
        address = address.replace("/receipt/{code}", page.link("/receipt/").partition("?")[0])
    notice = offer.notices["en"]
    address = address.replace("{version}", notice.policy.version).replace("{digest}", notice.policy.digest)
    return await visitor.load(re.sub(r"\{[a-z]+\}", "nothing", address), "iframe", SHOP)


async def test_every_address_of_the_app_is_declared_with_a_surface_and_fastapi_has_operations_only(app):
    assert len(app.routes) > 15
    for route in (*app.routes, *app.operations):
        assert route.surface in KNOWN.values()
    app.described()
    assert [route.path for route in app._api.routes] == [route.path for route in app.operations]
    assert all(route.path.startswith("/v1/") for route in app.operations)


async def test_every_operation_is_answered_on_the_surface_of_the_api(app):
    dana = caller(app)
    for route in app.operations:
        address = re.sub(r"\{[a-z_]+\}", "nothing", route.path.replace("{site}", "shop"))
        answer = await dana.call(route.methods[0], address)
        known = {surfaces.API, surfaces.API_OTHER} if answer.status_code < 400 else {surfaces.API_PROBLEM}
        assert any(_carries(answer, surface, surfaces.NOWHERE) for surface in known), route.path


async def test_every_answer_carries_the_headers_of_its_surface(visited, app):
    places = app.catalogue.offer("shop").places
    for route, answer in visited:
        expected = {"problem"} if answer.status_code == 404 else ALLOWED.get(route.surface.name, {route.surface.name})
        carried = [KNOWN[name] for name in expected if _carries(answer, KNOWN[name], places)]
        assert carried, f"{route.path} ({answer.status_code}) does not carry the headers of {expected}"


def _carries(answer, surface, places):
    headers = {name.decode(): value.decode() for name, value in surface.headers(places)}
    headers.pop("content-type", None)
    return all(answer.headers.get(name) == value for name, value in headers.items())


async def test_every_answer_has_one_value_for_each_header(visited):
    for route, answer in visited:
        names = [name.lower() for name, _ in answer.headers.multi_items() if name.lower() != "set-cookie"]
        assert len(names) == len(set(names)), f"{route.path}: {sorted(names)}"


async def test_every_answer_says_what_it_is_and_that_it_is_nothing_else(visited):
    for route, answer in visited:
        assert answer.headers["x-content-type-options"] == "nosniff", route.path
        assert answer.content == b"" or answer.headers["content-type"], route.path


async def test_no_answer_lets_a_script_run_or_holds_one(visited):
    for route, answer in visited:
        assert "script" not in answer.headers["content-security-policy"], route.path
        for trace in (b"<script", b"javascript:", b"<object", b"<embed", b"<base", b"http-equiv"):
            assert trace not in answer.content.lower(), f"{route.path}: {trace}"
        assert not re.search(rb"<[^>]*\s(?:on[a-z]+|style)\s*=", answer.content), route.path


async def test_only_what_is_meant_for_the_partner_s_page_can_be_framed_and_only_there(visited):
    for route, answer in visited:
        framed = re.search(r"frame-ancestors ([^;]*)", answer.headers["content-security-policy"])[1].split()
        if (
            answer.status_code != 404
            and route.path.startswith(("/embed/{site}", "/release/"))
            and "style" not in route.path
        ):
            assert set(framed) - {"'self'"} == {SHOP}, route.path
            assert "'self'" not in framed or route.surface is surfaces.RELEASE
        else:
            assert framed == ["'none'"], route.path


async def test_no_answer_names_the_software_that_gave_it(visited):
    for route, answer in visited:
        assert not {"server", "x-powered-by"} & set(answer.headers), route.path


async def test_an_address_nobody_knows_is_answered_like_every_other(app):
    for address in ("/", "/nothing", "/redoc", "/static/", "/embed/", "/embed//"):
        page = await Visitor(app).open(address)
        assert page.status == 404
        assert _carries(page.response, surfaces.PROBLEM, surfaces.NOWHERE)


async def test_the_documents_of_one_site_never_name_another(app):
    visitor = Visitor(app)
    for path in ("/embed/news", "/release/news", "/embed/news/style.css"):
        answer = await visitor.load(path, "iframe", NEWS)
        assert "shop.example" not in f"{answer.headers}"
        assert not any(vendor in f"{answer.headers}{answer.text}" for vendor in VENDORS)


async def test_nothing_we_serve_loads_anything_from_anybody_else_before_a_yes(app):
    visitor = Visitor(app)
    for path in ("/embed/shop", "/embed/news", "/consent/shop", "/release/shop"):
        page = await visitor.frame(path, SHOP)
        for address in re.findall(r'<(?:img|iframe|link|form|source)\b[^>]*(?:src|href|action)="([^"]*)"', page.text):
            assert address.startswith(("/", "?")), f"{path}: {address}"
            assert not address.startswith("//"), f"{path}: {address}"
