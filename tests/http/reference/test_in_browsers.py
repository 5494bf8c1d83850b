"""The reference in real browsers, scripts off: it is read, searched, followed and printed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from consentgw.app import Gateway
from consentgw.demo.running import free_port
from consentgw.http.server import running
from tests.browsers.accessibility import small_targets, violations
from tests.browsers.browser import Browser
from tests.gateway import copy_of

PAGES = ("/docs", "/problems/invalid")


@pytest.fixture(scope="module")
def address(seeded_file, tmp_path_factory) -> Iterator[str]:
    """The address of a gateway."""
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    settings = copy_of(seeded_file, tmp_path_factory.mktemp("docs")).model_copy(
        update={"public_url": address, "port": port}
    )
    with running(Gateway(settings), port=port):
        yield address


def test_contents_stand_beside_an_operation_whose_heading_is_its_own_address(browser: Browser, address: str):
    browser.open(f"{address}/docs#create_key")

    x, _, width, _ = browser.box(".contents a[href='#create_key']")
    assert x + width < browser.box("#create_key")[0], "drawn, although the list is closed"
    assert browser.style("#create_key h3", "border-left-style") == "solid"
    assert browser.attribute("#create_key h3 a", "href") == "#create_key"


def test_on_a_telephone_the_contents_open_at_a_press_and_nothing_is_cut_off(open_browser, engine: str, address: str):
    browser = open_browser(engine, width=320, height=700)
    browser.open(f"{address}/docs")
    assert not browser.visible(".contents a[href='#create_key']")

    browser.press("Contents")

    assert browser.visible(".contents a[href='#create_key']")
    x, _, width, _ = browser.box("main")
    assert x >= 0
    assert x + width <= 320


def test_an_error_s_type_is_a_page_with_the_way_back(browser: Browser, address: str):
    browser.open(f"{address}/problems/invalid")
    browser.see("h1", "Not what this operation takes")

    browser.press("Problem types")

    assert browser.url.endswith("/docs#problems")
    browser.see("#problems h2", "Problem types")


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("options", [{}, {"dark": True}, {"width": 320}], ids=["light", "dark", "telephone"])
def test_nothing_is_cut_off_or_complained_of(open_browser, address: str, path: str, options: dict):
    browser = open_browser("chromium", scripts=True, **options)

    browser.open(f"{address}{path}")

    assert browser.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert small_targets(browser) == []
    assert browser.complaints() == []


@pytest.mark.parametrize("path", PAGES)
def test_nothing_stands_in_anybody_s_way(open_browser, address: str, path: str):
    """Every operation there is; tests/house/test_accessibility.py looks at a few in the other colours."""
    browser = open_browser("chromium", scripts=True)

    browser.open(f"{address}{path}")

    assert violations(browser) == []
