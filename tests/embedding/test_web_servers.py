"""The gateway under a path of a partner's own host: nginx and Caddy, set up as docs/embed says."""

from __future__ import annotations

import os
import re
import signal
import time
from contextlib import nullcontext

import pytest

from consentgw.db import open_reader
from consentgw.doctor import inspect
from consentgw.notices.catalogue import read_offer
from consentgw.settings import Settings
from consentgw.sites import store as sites
from tests.embedding.kits import COOKIE, standing_in, started

NAMES = ("nginx", "caddy")
GREETING = "<h1>Қош келдіңіз</h1>"
GATED = '<script async src="/tags/ga/analytics.js"></script>'


@pytest.fixture(scope="module", params=NAMES)
def running(request, tmp_path_factory):
    """A kit that is running, gateway and all."""
    with started(request.param, tmp_path_factory.mktemp(request.param)) as kit:
        yield kit


@pytest.fixture
def kit(running):
    """The same, with a new visitor."""
    running.cookie = ""
    return running


@pytest.fixture(scope="module", params=NAMES)
def alone(request, tmp_path_factory):
    """A kit without its gateway."""
    with started(request.param, tmp_path_factory.mktemp(request.param), serve=False) as kit:
        kit.cookie = f"{COOKIE}=genuine"
        yield kit


def tags(kit):
    """Return what is let through of all that needs a yes: the part of the page, the file, the vendor's address."""
    through = set()
    if GATED in kit.get("/index.html").text:
        through.add("part")
    if "Your own analytics" in kit.get("/tags/ga/analytics.js").text:
        through.add("file")
    if kit.get("/tags/ga.js").headers.get("location") == "https://vendor.example/ga.js":
        through.add("vendor")
    return through


EVERYTHING = {"part", "file", "vendor"}


def all_pass(kit):
    """Wait until everything is let through: a busy machine may be silent at first, and Caddy then for a second."""
    deadline = time.monotonic() + 60
    through = tags(kit)
    while through != EVERYTHING and time.monotonic() < deadline:
        time.sleep(0.2)
        through |= tags(kit)
    return through == EVERYTHING


def test_the_page_includes_the_question_and_the_lines_of_the_page_under_the_mount(kit):
    page = kit.get("/index.html")

    assert page.status_code == 200
    assert GREETING in page.text
    assert f'action="{kit.origin}/consent-gateway/embed/shop?lang=kk"' in page.text
    assert f'title="consentgw" href="{kit.origin}/consent-gateway/embed/shop/style.css' in page.text
    style = kit.get("/consent-gateway/embed/shop/style.css")
    assert "/* consentgw: shop, asks */" in style.text


def test_the_doctor_finds_nothing_wrong_with_the_page(kit):
    settings = Settings.read(data=kit.folder / "data", public_url=f"http://gateway.localhost:{kit.gateway}")
    with open_reader(settings) as connection:
        offer = read_offer(connection, sites.read(connection, "shop"))

    findings = inspect(offer, settings.public_url, f"{kit.origin}/index.html")

    assert [finding.what for finding in findings if not finding.well] == []


def test_nothing_passes_before_a_yes_everything_after_it_and_nothing_after_a_withdrawal(kit):
    assert tags(kit) == set()
    kit.answer("reject_all")
    assert tags(kit) == set()
    kit.answer("save", "analytics")
    assert kit.cookie.startswith(f"{COOKIE}=")
    assert all_pass(kit)
    assert "/* consentgw: shop, decided */" in kit.get("/consent-gateway/embed/shop/style.css").text
    kit.answer("withdraw")
    assert tags(kit) == set()


def test_a_browser_asks_each_time_for_a_file_it_was_let_have_and_hears_of_a_withdrawal(kit):
    kit.answer("save", "analytics")
    assert all_pass(kit)
    given = kit.get("/tags/ga/analytics.js")
    known = {"if-none-match": given.headers["etag"], "if-modified-since": given.headers["last-modified"]}

    assert given.headers["cache-control"] == "private, no-cache"
    assert kit.get("/tags/ga/analytics.js", **known).status_code == 304
    kit.answer("withdraw")
    refused = kit.get("/tags/ga/analytics.js", **known)
    assert refused.status_code in {200, 403}
    assert refused.content == b""


def test_a_yes_to_something_else_lets_nothing_through(kit):
    kit.answer("save", "marketing")

    assert tags(kit) == set()


def test_a_visitor_who_comes_from_a_search_engine_is_known(kit):
    kit.answer("save", "analytics")

    page = kit.get("/index.html", referer="https://search.example/", **{"sec-fetch-dest": "document"})
    assert GATED in page.text


def test_a_forged_cookie_or_header_lets_nothing_through(kit):
    kit.cookie = f"{COOKIE}=forged"
    assert tags(kit) == set()
    for header in ("consent-granted", "consent_granted", "x-forwarded-host", "x-original-uri"):
        assert GATED not in kit.get("/index.html", **{header: "analytics"}).text


def test_every_link_of_our_pages_stays_under_the_path(kit):
    page = kit.get("/consent-gateway/consent/shop?lang=en")

    assert page.status_code == 200
    links = re.findall(r'\s(?:href|src|action)="(/[^"]*)"', page.text)
    assert len(links) > 5
    for link in links:
        assert link.startswith("/consent-gateway/")
        assert kit.get(link.replace("&amp;", "&")).status_code in {200, 303}, link


def test_the_redirect_after_an_answer_stays_under_the_path(kit):
    assert kit.answer("accept_all").headers["location"].startswith("/consent-gateway/embed/shop?")


def test_what_is_not_for_visitors_is_not_handed_on(kit):
    for path in ("v1/sites", "desk", "docs", "openapi.json", "metrics", "health/ready"):
        assert kit.get(f"/consent-gateway/{path}").status_code == 404, path
    assert kit.get("/embed/shop").status_code == 404


def test_what_the_page_caches_say_is_left_to_the_partner(kit):
    assert "no-store" not in kit.get("/index.html").headers.get("cache-control", "")


# Faults


def _hang(handler, over):
    over.wait(20)


def _error(handler, over):
    handler.send_response(500)
    handler.end_headers()
    handler.wfile.write(b"<h1>Internal error</h1>")


def _garbage(handler, over):
    handler.wfile.write(b"\x00\x01garbage, and no HTTP\r\n\r\n")


def _drip(handler, over):
    handler.wfile.write(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n")
    while not over.wait(1):
        handler.wfile.write(b"x")


def _catalogue(handler, over):
    """Answer as an application behind nginx does, with a part that needs a yes."""
    body = b'<h1>Catalogue</h1><!--# if expr="$consent_granted = /analytics/" -->TAG<!--# endif -->'
    handler.send_response(200)
    handler.send_header("content-type", "text/html")
    handler.send_header("content-length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


def _stranger(handler, over):
    """Answer as another program does that has come to listen there: gladly."""
    body = b"<section>analytics marketing</section>"
    handler.send_response(200)
    handler.send_header("content-length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


FAULTS = {
    "refused": None,
    "hangs": _hang,
    "500": _error,
    "garbage": _garbage,
    "a stranger": _stranger,
    "a byte a second": _drip,
}


@pytest.mark.parametrize("fault", FAULTS)
def test_whatever_the_gateway_does_the_page_comes_soon_and_nothing_passes(alone, fault):
    behave = FAULTS[fault]
    with standing_in(alone.gateway, behave) if behave else nullcontext():
        began = time.monotonic()
        page = alone.get("/index.html")
        took = time.monotonic() - began

        assert page.status_code == 200
        assert GREETING in page.text
        assert "error" not in page.text.lower()
        assert "section" not in page.text
        assert took < 4, "half a second on a machine with nothing else to do"
        assert tags(alone) == set()


@pytest.mark.parametrize("fault", FAULTS)
def test_whatever_the_gateway_does_an_application_s_page_comes_too(alone, fault):
    behave = FAULTS[fault]
    if alone.name == "caddy":
        return  # its document has no application
    address = f"/catalogue/{fault.replace(' ', '-')}"
    with (
        standing_in(alone.application, _catalogue) as asked,
        standing_in(alone.gateway, behave) if behave else nullcontext(),
    ):
        page = alone.get(address)

    assert (page.status_code, page.text) == (200, "<h1>Catalogue</h1>")
    assert [request["path"] for request in asked] == [address]


def test_an_application_s_own_error_is_shown_as_it_is(kit):
    if kit.name == "caddy":
        return
    with standing_in(kit.application, _error):
        page = kit.get("/catalogue/broken")

    assert (page.status_code, page.text) == (500, "<h1>Internal error</h1>")


def _granted(handler, over):
    body = b"analytics marketing" if handler.path.endswith("/standing") else b""
    handler.send_response(204 if "/release/" in handler.path else 200)
    for name, value in (
        ("granted", "analytics marketing"),
        ("standing", "valid"),
        ("released", "ga"),
        ("lines", "end"),
    ):
        handler.send_header(f"consent-{name}", value)
    if body:
        handler.send_header("content-length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)
    handler.close_connection = True


def test_the_gateway_is_sent_its_own_cookie_alone_and_no_referer(alone):
    with standing_in(alone.gateway, _granted) as seen:
        assert all_pass(alone)
        alone.get("/consent-gateway/embed/shop")
        asked = {request["path"].partition("?")[0]: request for request in seen}

    mounted = "/consent-gateway"
    assert {f"{mounted}/sites/shop/standing", f"{mounted}/release/shop/ga", f"{mounted}/embed/shop"} <= asked.keys()
    for path, request in asked.items():
        assert request.get("cookie", "") in {f"{COOKIE}=genuine", ""}, path
        assert request["host"] == f"shop.localhost:{alone.port}", path
    with standing_in(alone.gateway, _granted) as seen:
        for path in ("/index.html", "/tags/ga/analytics.js"):
            alone.get(path, referer="https://search.example/")
    for request in seen:
        if "/lines/" not in request["path"]:
            assert not request.get("referer"), request["path"]


def test_without_our_cookie_nothing_is_sent_in_its_place(alone):
    try:
        alone.cookie = ""
        with standing_in(alone.gateway, _granted) as seen:
            alone.get("/index.html")
        assert all(request.get("cookie", "") == "" for request in seen)
    finally:
        alone.cookie = f"{COOKIE}=genuine"


def test_the_client_is_told_by_the_server_and_not_by_the_visitor(alone):
    with standing_in(alone.gateway, _granted) as seen:
        alone.get("/consent-gateway/embed/shop", **{"x-forwarded-for": "203.0.113.9", "forwarded": "for=203.0.113.9"})
    [request] = seen
    assert request["x-forwarded-for"] == "127.0.0.1"


# What the pages promise and warn of


def test_an_application_s_pages_stay_in_nginx_s_cache_while_what_is_included_differs(kit):
    if kit.name == "caddy":
        return  # it has no cache of its own
    with standing_in(kit.application, _catalogue) as asked:
        before = kit.get("/catalogue/")
        kit.answer("save", "analytics")
        after = kit.get("/catalogue/")

    assert before.text == "<h1>Catalogue</h1>"
    assert after.text == "<h1>Catalogue</h1>TAG"
    assert len(asked) == 1


def test_a_gateway_that_is_stopped_in_its_tracks_holds_no_page_up(kit):
    kit.answer("save", "analytics")
    assert all_pass(kit)
    server = kit.server()
    os.kill(server, signal.SIGSTOP)
    try:
        began = time.monotonic()
        page = kit.get("/index.html")
        took = time.monotonic() - began
    finally:
        os.kill(server, signal.SIGCONT)

    assert GREETING in page.text
    assert GATED not in page.text
    assert took < 4


def test_the_trap_of_the_order_of_directives_is_one_and_would_be_seen(alone):
    """What the pages warn of lets everybody through, so these tests would fail for a kit that falls into it."""
    if alone.name == "caddy":
        return  # it reads its file once
    file = alone.folder / "nginx.conf"
    kept = file.read_text("utf-8")
    try:
        file.write_text(kept.replace("try_files /none @ga;", "return 302 https://vendor.example/ga.js;"), "utf-8")
        alone.reload()
        assert any(tags(alone) == {"vendor"} or time.sleep(0.1) for _ in range(50))
    finally:
        file.write_text(kept, "utf-8")
        alone.reload()
        assert any(tags(alone) == set() or time.sleep(0.1) for _ in range(50))
