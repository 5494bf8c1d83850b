"""Months later: the policy has changed, and the question comes back and says why, without a script."""

from __future__ import annotations

from dataclasses import replace

import pytest

from consentgw.db import open_database
from consentgw.demo import Addresses, opened
from consentgw.demo.running import free_port
from consentgw.http.server import running
from consentgw.notices import service
from consentgw.policies import store as policies
from consentgw.settings import Settings
from consentgw.sites import store as sites
from tests.journeys.conftest import Demo
from tests.journeys.visiting import FRAME, Partner, Visitor

REASONS = {
    "kk": "Деректер енді Германияда да сақталады.",
    "ru": "Теперь данные хранятся и в Германии.",
    "en": "Data is now kept in Germany too.",
}


def publish_a_material_change(folder) -> None:
    """Publish the text with one more clause as a material change, for both partners."""

    def publish(unit):
        for site in sites.everyone(unit.connection):
            published = policies.latest(unit.connection, site.slug)
            drafts = policies.drafts_of(unit.connection, published.version)
            changed = {language: f"{text}\n\n10.2. {REASONS[language]}\n" for language, text in drafts.items()}
            service.publish(unit, site, changed, reasons=REASONS)

    with open_database(Settings.read(data=folder)) as db:
        db.apply(publish)


@pytest.mark.parametrize("slug", ["shop", "news"])
def test_after_a_material_change_the_question_comes_back_with_its_reason(browser, tmp_path, slug):
    port = free_port()
    demo = Demo(Addresses(port))
    analytics = {"shop": "Google Analytics", "news": "Matomo"}[slug]
    partner = Partner(getattr(demo.addresses, slug), analytics, frozenset(), inline=slug == "shop")
    visitor = Visitor(browser, partner, demo)
    first = opened(port, tmp_path)
    with running(first, port=port):
        visitor.visit()
        visitor.answer("accept_all")
        visitor.visit()
        assert not visitor.asked
    publish_a_material_change(tmp_path)

    # The partner has not pasted the new lines: the shop's page still holds the form of before.
    with running(replace(opened(port, tmp_path), shop=first.shop, news=first.news), port=port):
        demo.forget()
        visitor.visit()
        assert not browser.visible("form.cg-ask, details.cg-set > summary")
        left, top, width, height = browser.box(FRAME)
        assert (left, top + height, width) == (0, 800, browser.box("body")[2])
        with browser.frame(FRAME):
            browser.see("h1", "Please answer again")
            browser.see(".changes li", REASONS["en"])
            assert "Your earlier answer: allowed" in browser.text()
        assert not demo.seen
        browser.open(f"{partner.origin}/")
        with browser.frame(FRAME):
            browser.see(".changes li", REASONS["kk"])
            browser.click("input[value=analytics]")
            browser.click("button[value=save]")
            browser.see("h1", "Таңдауыңыз сақталды")
        visitor.saw({analytics})
        visitor.visit()
        assert not visitor.asked
        assert browser.visible("details.cg-set > summary")
