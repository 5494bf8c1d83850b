"""A page whose Content-Security-Policy is what we print and nothing else: everything works, nothing complains."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from click.testing import CliRunner
from starlette.responses import HTMLResponse

from consentgw.cli import main
from consentgw.demo import Addresses, opened
from consentgw.demo.running import free_port
from consentgw.http.server import running
from tests.journeys.conftest import Demo
from tests.journeys.visiting import Visitor


@pytest.fixture(scope="module")
def running_demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """The demo, whose partners have a page of our lines alone, under the policy printed for them."""
    port, data = free_port(), tmp_path_factory.mktemp("demo")
    demo, addresses = opened(port, data), Addresses(port)
    env = {"CONSENTGW_DATA": str(data), "CONSENTGW_PUBLIC_URL": addresses.gateway}

    def page(slug: str) -> HTMLResponse:
        def printed(*words: str) -> str:
            return CliRunner(env=env).invoke(main, ["site", "snippet", slug, *words], catch_exceptions=False).output

        lines = f'<!doctype html><html lang="en"><title>Dala</title><h1>Dala</h1>\n{printed("--lang", "en")}'
        policy = f"default-src 'none'; {printed('--csp').strip()}"
        return HTMLResponse(lines, headers={"content-security-policy": policy})

    with running(replace(demo, shop=page("shop"), news=page("news")), port=port):
        yield Demo(addresses)


def test_the_printed_policy_lets_the_question_the_answer_and_the_tags_through(browser, partner, demo):
    answer(Visitor(browser, partner, demo))


def test_it_lets_scripts_through_too(engine, open_browser, shop, demo):
    answer(Visitor(open_browser(engine, scripts=True), shop, demo))


def answer(aigerim: Visitor) -> None:
    """Say yes, come back, and see that everything loaded and the browser held nothing against the page."""
    demo, partner = aigerim.vendors, aigerim.partner
    aigerim.visit()
    assert aigerim.asked
    assert not demo.seen
    aigerim.answer("accept_all")
    aigerim.saw(partner.everyone)
    demo.forget()

    aigerim.visit()
    aigerim.saw(partner.everyone)
    assert not aigerim.asked
    # (In Chromium it is the test itself that tries to look into the sandboxed frame by a script.)
    assert not [said for said in aigerim.browser.complaints() if not said.startswith("Blocked script execution in")]
