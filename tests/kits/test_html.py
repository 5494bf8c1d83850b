"""The static page: filled in as its document says, it asks without a script, and is whole without the gateway."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from click.testing import CliRunner
from starlette.applications import Starlette
from starlette.responses import HTMLResponse
from starlette.routing import Route

from consentgw.cli import main
from consentgw.http.server import running
from tests.conftest import SECRET
from tests.kits.house import KITS, House


def written_down(house: House) -> str:
    """Return the kit's page with the three parts that the command of its document prints."""
    command = re.search(r"^consentgw (.*)$", (KITS / "html" / "README.md").read_text("utf-8"), re.MULTILINE)
    assert command
    env = {"CONSENTGW_DATA": str(house.settings.data), "CONSENTGW_SECRET": SECRET, "CONSENTGW_PUBLIC_URL": house.origin}
    printed = CliRunner(env=env).invoke(main, command[1].split())
    assert printed.exit_code == 0, printed.output
    page = (KITS / "html" / "page.html").read_text("utf-8")
    for part in re.split(r"(?=<!-- consentgw [123] of 3)", printed.output)[1:]:
        place = re.sub(r"^<!-- consentgw ([123] of 3).*", r"<!-- \1 -->", part, flags=re.DOTALL)
        assert page.count(place) == 1
        page = page.replace(place, part.strip())
    return page


def test_the_page_asks_without_a_script_and_does_not_ask_again(house: House, open_browser):
    page = written_down(house)
    app = Starlette(routes=[Route("/", lambda _: HTMLResponse(page))])

    with running(app, port=urlsplit(house.partner).port or 0):
        browser = open_browser("chromium")
        browser.open(house.partner)
        browser.see("form.cg-ask h2", "Optional cookies")
        browser.click("form.cg-ask button[value=reject_all]")
        browser.until(lambda: not browser.visible("form.cg-ask"))
        browser.open(house.partner)
        browser.until(lambda: browser.visible("details.cg-set > summary"))
        assert not browser.visible("form.cg-ask")
        assert "This page is whole without the gateway." in browser.text()


def test_the_page_is_whole_and_still_without_the_gateway(house: House, open_browser):
    page = written_down(house).replace(house.origin, "http://127.0.0.1:9")
    app = Starlette(routes=[Route("/", lambda _: HTMLResponse(page))])

    with running(app, port=urlsplit(house.partner).port or 0):
        browser = open_browser("chromium")
        browser.open(house.partner)

        assert browser.text().split() == ["A", "shop", "This", "page", "is", "whole", "without", "the", "gateway."]
