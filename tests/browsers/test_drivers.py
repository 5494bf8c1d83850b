"""The browsers do what the journeys believe of them."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from tests.browsers import chromium, firefox, webkit
from tests.browsers.accessibility import violations
from tests.browsers.fixtures import ENGINES, EVERY

SHOP = """<!doctype html><html lang="en"><title>Shop</title>
<meta name="viewport" content="width=device-width">
<style>body { margin: 0; background: white; color: black }
  @media (prefers-color-scheme: dark) { body { background: black; color: white } }
  p.forced { display: none } @media (forced-colors: active) { p.forced { display: block } }</style>
<main><h1>Shop</h1><p class="forced">forced</p>
<script>document.title = "scripted"</script><noscript><p class="plain">no scripts here</p></noscript>
<p class="hidden" hidden>secret</p>
<form method="get" action="/greet"><label>Name <input name="name"></label>
<label><input type="checkbox" name="news" value="yes"> News</label> <button>Greet me</button></form>
<details><summary>More</summary><p class="more">less is more</p></details>
<p><a href="/covered">Covered</a> <a href="/greet" target="_blank">In a new tab</a></p>
<iframe title="Settings" src="http://gateway.localhost:{port}/embed" width="600" height="200"></iframe>
<img alt="" src="http://gateway.localhost:{port}/seen" width="1" height="1"></main>"""
EMBED = """<!doctype html><html lang="en"><title>Settings</title><p>{cookies}</p>
<form method="post" action="/decide"><button name="method" value="reject_all">Reject all</button>
<button name="method" value="accept_all" aria-label="Accept everything">Accept</button></form>
<iframe title="Inner" srcdoc="<p class=deep>deep inside</p>"></iframe>"""
COVERED = """<!doctype html><html lang="en"><title>Covered</title><a href="/">under</a>
<div style="position: fixed; inset: 0"></div>"""
UNLABELLED = """<!doctype html><html lang="en"><title>Form</title><main><h1>Form</h1><input name="n"></main>"""
BLOCKED = """<!doctype html><html lang="en"><title>Blocked</title><img alt="" src="/picture">"""
STRICT = "default-src 'none'; style-src 'unsafe-inline'"
COOKIE = "Path=/; Secure; HttpOnly; SameSite=None"


class Site(BaseHTTPRequestHandler):
    """A shop with a frame from another site, told apart by host name."""

    seen: list[tuple[str, str, str, str | None]]

    def do_GET(self) -> None:
        self.note()
        port = self.server.server_address[1]
        pages = {
            "/": SHOP.replace("{port}", str(port)),
            "/embed": EMBED.format(cookies=self.headers["Cookie"] or "no cookies"),
            "/covered": COVERED,
            "/unlabelled": UNLABELLED,
            "/blocked": BLOCKED,
        }
        self.answer(200, pages.get(self.path, f"<!doctype html><title>Hello</title><p>{self.path}</p>"))

    def do_POST(self) -> None:
        self.note(self.rfile.read(int(self.headers["Content-Length"])).decode())
        kept = [f"__Host-apart=1; {COOKIE}; Partitioned", f"__Host-shared=1; {COOKIE}"]
        self.answer(303, "", ("Location", "/embed"), *[("Set-Cookie", cookie) for cookie in kept])

    def note(self, body: str = "") -> None:
        self.seen.append((self.path, body, self.headers["Cookie"] or "", self.headers["Sec-GPC"]))

    def answer(self, status: int, body: str, *headers: tuple[str, str]) -> None:
        self.send_response(status)
        sent = body.encode()
        policy = STRICT if self.path in {"/unlabelled", "/blocked"} else "img-src *"
        fixed = [("Content-Type", "text/html; charset=utf-8"), ("Content-Length", str(len(sent)))]
        for name, value in (
            *fixed,
            ("Content-Security-Policy", policy),
            ("Cache-Control", "no-store"),
            *headers,
        ):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(sent)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class Running:
    """The site, served."""

    def __init__(self, port: int, seen: list[tuple[str, str, str, str | None]]) -> None:
        self.shop = f"http://shop.localhost:{port}"
        self.seen = seen


@pytest.fixture
def site() -> Iterator[Running]:
    handler = type("Fresh", (Site,), {"seen": []})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield Running(server.server_address[1], handler.seen)
        server.shutdown()
        thread.join()


@pytest.fixture(params=EVERY)
def engine(request: pytest.FixtureRequest) -> str:
    """The name of a browser, every one in turn."""
    return request.param


def test_scripts_are_off_and_the_noscript_part_shows(browser, site):
    browser.open(site.shop)

    assert browser.title == "Shop"
    assert browser.text("p.plain") == "no scripts here"
    assert not browser.visible("p.hidden")
    assert not browser.visible("p.absent")


def test_scripts_run_when_a_test_asks_for_them(engine, open_browser, site):
    browser = open_browser(engine, scripts=True)
    browser.open(site.shop)

    assert browser.title == "scripted"
    assert browser.evaluate("Promise.resolve(1 + 1)") == 2


def test_a_form_is_filled_ticked_and_sent_by_real_events(browser, site):
    browser.open(site.shop)
    browser.fill("input[name=name]", "Айгерім")
    browser.click("input[name=news]")
    browser.press("Greet me")

    browser.see("p", "/greet?name=%D0%90%D0%B9%D0%B3%D0%B5%D1%80%D1%96%D0%BC&news=yes")
    assert browser.url.startswith(f"{site.shop}/greet")
    browser.back()
    assert browser.url == f"{site.shop}/"


def test_a_link_to_a_new_tab_is_followed_there(browser, site):
    browser.open(site.shop)
    browser.press("In a new tab")
    browser.newest()

    browser.see("p", "/greet")


def test_the_keyboard_reaches_everything(browser, site):
    browser.open(site.shop)
    reached = []
    for _ in range(3):
        browser.key("Tab")
        reached.append(browser.focused())
    browser.key("Tab")
    assert browser.focused() == "More"
    browser.key("Enter")

    assert reached == ["Name", "News", "Greet me"]
    browser.see("p.more", "less is more")
    browser.key("Shift+Tab")
    assert browser.focused() == "Greet me"


@pytest.mark.parametrize("engine", ENGINES)
def test_a_decision_in_the_frame_of_another_site_is_kept_for_the_page_around_it_alone(browser, site):
    browser.open(site.shop)
    with browser.frame("iframe"):
        assert browser.text("p") == "no cookies"
        browser.click("button", "Accept everything")
        browser.see("p", "__Host-apart=1")
    browser.reload()

    with browser.frame("iframe"):
        assert "__Host-apart=1" in browser.text("p")
        with browser.frame("iframe"):
            assert browser.text() == "deep inside"
        assert "Reject all" in browser.text()
    assert ("/decide", "method=accept_all", "", None) in site.seen
    recognised = [path for path, _, cookie, _ in site.seen if "__Host-apart=1" in cookie]
    assert sorted(recognised) == ["/embed", "/embed", "/seen"]
    assert {(cookie.host, cookie.partition) for cookie in browser.cookies()} == {
        ("gateway.localhost", "shop.localhost")
    }


@pytest.mark.parametrize("engine", ENGINES)
def test_chromium_drops_a_cookie_that_is_not_partitioned_and_firefox_partitions_it(browser, site):
    browser.open(site.shop)
    with browser.frame("iframe"):
        browser.press("Reject all")
        browser.see("p", "__Host-apart=1")

    kept = {cookie.name for cookie in browser.cookies()}
    assert kept == {"__Host-apart"} | ({"__Host-shared"} if browser.name == "firefox" else set())


@pytest.mark.parametrize("engine", ENGINES)
def test_two_browsers_know_nothing_of_each_other(engine, open_browser, site):
    aigerim, bolat = open_browser(engine), open_browser(engine)
    aigerim.open(site.shop)
    with aigerim.frame("iframe"):
        aigerim.press("Reject all")
        aigerim.see("p", "__Host-apart")
    bolat.open(site.shop)

    assert aigerim.cookies()
    assert not bolat.cookies()


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(("setting", "kept"), [("allow", {"__Host-apart", "__Host-shared"}), ("refuse", set())])
def test_third_party_cookies_are_kept_as_the_person_chose(engine, open_browser, site, setting, kept):
    browser = open_browser(engine, third_party_cookies=setting)
    browser.open(site.shop)
    with browser.frame("iframe"):
        browser.press("Reject all")
        browser.until(lambda: len(site.seen) >= 5 and browser.text("p") != "")
        assert {cookie.split("=")[0] for cookie in browser.text("p").split("; ")} - {"no cookies"} == kept

    assert {cookie.name for cookie in browser.cookies()} == kept


@pytest.mark.parametrize("engine", ENGINES)
def test_global_privacy_control_is_sent_with_everything(engine, open_browser, site):
    browser = open_browser(engine, gpc=True)
    browser.open(site.shop)
    browser.until(lambda: {"/", "/embed", "/seen"} <= {path for path, *_ in site.seen})

    assert {gpc for path, _, _, gpc in site.seen if path != "/favicon.ico"} == {"1"}


@pytest.mark.parametrize(("dark", "background"), [(False, "rgb(255, 255, 255)"), (True, "rgb(0, 0, 0)")])
def test_the_page_is_light_or_dark_as_the_person_chose(engine, open_browser, site, dark, background):
    browser = open_browser(engine, dark=dark)
    browser.open(site.shop)

    browser.until(lambda: browser.style("body", "background-color") == background)


@pytest.mark.parametrize("engine", ENGINES)
def test_forced_colors_reach_the_page(engine, open_browser, site):
    browser = open_browser(engine, forced_colors=True)
    browser.open(site.shop)

    browser.see("p.forced")  # a setting reaches a page that is open already a moment later


@pytest.mark.parametrize("width", [320, 1280])
def test_the_page_has_exactly_the_room_asked_for_and_its_picture_is_whole(engine, open_browser, site, tmp_path, width):
    width = max(width, 600) if engine == "webkit" else width  # its window is no narrower
    browser = open_browser(engine, width=width, height=200)
    browser.open(site.shop)
    picture = browser.screenshot(tmp_path / "shots" / "shop.png").read_bytes()

    drawn_width, drawn_height = struct.unpack(">II", picture[16:24])
    assert browser.box("body")[2] in (width, width - 15)  # a scroll bar may take its place
    assert width - 15 <= drawn_width <= max(width, 620)
    assert drawn_height > 250


def test_a_click_on_something_covered_fails_as_it_would_for_a_person(engine, open_browser, site):
    browser = open_browser(engine, patience=0.5)
    browser.open(f"{site.shop}/covered")

    with pytest.raises(AssertionError, match="under"):
        browser.press("under")
    assert browser.url.endswith("/covered")


def test_waiting_in_vain_tells_what_the_page_said(engine, open_browser, site):
    browser = open_browser(engine, patience=0.5)
    browser.open(site.shop)

    with pytest.raises(AssertionError, match="Greet me"):
        browser.see("p.absent", "never")


@pytest.mark.parametrize("engine", ENGINES)
def test_the_console_tells_what_a_policy_blocked(browser, site):
    browser.open(site.shop)
    assert not browser.complaints()
    browser.open(f"{site.shop}/blocked")

    browser.until(lambda: any("default-src" in complaint for complaint in browser.complaints()))


def test_axe_finds_the_fault_of_a_page_that_allows_no_script(open_browser, site):
    browser = open_browser("chromium", scripts=True)
    browser.open(f"{site.shop}/unlabelled")

    found = violations(browser)

    assert [fault for fault in found if fault.startswith("label (critical)")]


@pytest.mark.parametrize(
    ("driver", "variable"),
    [(chromium, "CG_CHROMIUM"), (firefox, "CG_FIREFOX"), (webkit, "CG_WEBKIT")],
)
def test_a_missing_browser_is_an_error_that_says_what_to_install(driver, variable, monkeypatch, tmp_path):
    monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(driver.Path, "exists", lambda _: False)

    with pytest.raises(RuntimeError, match=r"\./run test"):
        driver.find()


@pytest.mark.parametrize(
    ("options", "refused"),
    [
        ({"gpc": True}, "no Global Privacy Control"),
        ({"forced_colors": True}, "no forced colours"),
        ({"width": 320}, "no narrower than"),
    ],
)
def test_webkit_says_what_it_cannot_do(open_browser, options, refused):
    with pytest.raises(ValueError, match=refused):
        open_browser("webkit", **options)


def test_webkit_says_what_its_driver_does_not_tell(open_browser):
    browser = open_browser("webkit")

    for asked in (browser.cookies, browser.complaints):
        with pytest.raises(NotImplementedError, match="driver"):
            asked()
