"""Who asked, and where to complain, is told in the language of the page."""

from __future__ import annotations

from dataclasses import replace

import pytest

from consentgw.db import open_database
from consentgw.notices import service as notices
from consentgw.sites import store as sites
from consentgw.sites.model import Called
from tests.gateway import running
from tests.visitor import Visitor

pytestmark = pytest.mark.anyio


def called(unit, **names):
    """Give the shop's operator these names in other languages, and ask under them."""
    site = sites.read(unit.connection, "shop")
    others = {language: Called(name, "г. Алматы") for language, name in names.items()}
    sites.keep(unit, replace(site, called=others))
    notices.issue(unit, sites.read(unit.connection, "shop"))


async def test_a_receipt_names_the_operator_in_the_language_it_is_read_in(seeded):
    with open_database(seeded) as db:
        db.apply(called, ru="ТОО «Дана»")

    async with running(seeded) as gateway:
        aigerim = Visitor(gateway)
        page = await (await aigerim.open("/consent/shop?lang=kk")).press("accept_all")
        address = page.url.partition("?")[0]
        kazakh, russian = await aigerim.open(f"{address}?lang=kk"), await aigerim.open(f"{address}?lang=ru")

        assert "ТОО «Дана»" not in kazakh.text
        assert "ТОО «Дана»" in russian.text
        assert "г. Алматы" in russian.text
        assert "Министерство искусственного интеллекта" in russian.text
