"""The shop and the news site, which have one operator and share consent through the redirect flow."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from consentgw.app import Gateway
from consentgw.db import open_database
from consentgw.notices import service as notices
from consentgw.policies import store as versions
from consentgw.settings import Settings
from consentgw.sites import store as sites
from consentgw.sites.model import Site
from tests.gateway import PARTNERS, PURPOSES, TAGS, running
from tests.notices import story

SITES = tuple(replace(site, shares_consent_with=frozenset({"shop", "news"} - {site.slug})) for site in PARTNERS)
"""As they say it."""
BLOG = replace(PARTNERS[1], slug="blog", name="Dana's blog", origins=frozenset({"https://blog.example"}), returns={})


def settle(unit: Any, *group: Site) -> None:
    """Let sites say this, and ask accordingly."""
    for site in group or SITES:
        sites.keep(unit, site)
        notices.configure(unit, site, PURPOSES, TAGS)
        if versions.latest(unit.connection, site.slug) is None:
            notices.publish(unit, site, story.drafts(site))
    for site in group or SITES:
        notices.issue(unit, site)


def settled(settings: Settings, *group: Site) -> Settings:
    """Do so in a database that nobody serves from."""
    with open_database(settings) as db:
        db.apply(settle, *group)
    return settings


@pytest.fixture
async def sharing(seeded: Settings) -> AsyncIterator[Gateway]:
    """A gateway with both partners, sharing, on both databases."""
    async with running(settled(seeded)) as app:
        yield app


@pytest.fixture
async def sharing_embedded(seeded_sqlite: Settings) -> AsyncIterator[Gateway]:
    """The same on SQLite, for what no database decides."""
    async with running(settled(seeded_sqlite)) as app:
        yield app
