"""The shop with the gateway on its own ground too: on a subdomain, and under a path of its own host."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from consentgw.app import Gateway
from consentgw.db import open_database
from consentgw.notices import service as notices
from consentgw.settings import Settings
from consentgw.sites import store as sites
from tests.gateway import PARTNERS, PURPOSES, SHOP, TAGS, running

SUBDOMAIN = "https://consent.shop.example"
MOUNT = f"{SHOP}/consent-gateway"
OWN = "__Host-cgf-shop"
"""The cookie there."""


def settle(unit: Any) -> None:
    """Put the gateway on the shop's own ground."""
    shop = replace(PARTNERS[0], first_party=frozenset({SUBDOMAIN, MOUNT}))
    sites.keep(unit, shop)
    notices.configure(unit, shop, PURPOSES, TAGS)
    notices.issue(unit, shop)


def settled(settings: Settings) -> Settings:
    """Do so in a database that nobody serves from yet."""
    with open_database(settings) as db:
        db.apply(settle)
    return settings


@pytest.fixture
async def grounded(seeded_sqlite: Settings) -> AsyncIterator[Gateway]:
    """A gateway on the shop's own ground, on SQLite."""
    async with running(settled(seeded_sqlite)) as app:
        yield app
