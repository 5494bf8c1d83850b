"""Visits before and after a change: a gateway that stops, is changed, and starts again, and people who come back."""

from __future__ import annotations

import re
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from consentgw.db import open_database
from consentgw.db.database import utc_now
from consentgw.notices import service
from consentgw.notices.model import Kind, Tag
from consentgw.notices.wording import usual
from consentgw.sites import store as sites
from tests.conftest import Clock
from tests.gateway import NEWS, PARTNERS, PURPOSES, SHOP, TAGS, running
from tests.visitor import Visitor

MAPS = replace(
    usual("analytics"),
    key="maps",
    wording={
        language: replace(words, title=f"Maps-{language}", sentence=f"Show a map ({language}).")
        for language, words in usual("analytics").wording.items()
    },
)
MAP = Tag("map", "Dala Maps", frozenset({"maps"}), {Kind.IMAGE: "https://map.example/tile"}, "KZ")
KIND = {".js": "script", "gif": "image"}
ORIGIN = {"shop": SHOP, "news": NEWS}


@asynccontextmanager
async def visiting(settings, jar=None, clock=utc_now, **options):
    """Start the gateway and send somebody there, with the cookies of before."""
    async with running(settings, clock) as app:
        visitor = Visitor(app, **options)
        visitor.jar = {} if jar is None else jar
        visitor.app = app
        yield visitor


def change(settings, verb, *args, clock=utc_now, **given):
    """Run a verb while nobody serves."""
    with open_database(settings, clock=clock) as db:
        return db.apply(verb, *args, **given)


def configure(unit, purposes=PURPOSES, tags=TAGS, **changes):
    """Change what both partners ask, or what they are, without a new policy."""
    for partner in PARTNERS:
        site = replace(partner, **changes)
        sites.keep(unit, site)
        service.configure(unit, site, purposes, tags)
        service.issue(unit, site)


async def answer(visitor, slug="news", method="save", tick=("analytics",)):
    """Answer in the frame."""
    page = await visitor.frame(f"/embed/{slug}", ORIGIN[slug])
    return await page.press(method, tick=tick if method == "save" else None)


async def showing(visitor, slug="news"):
    """Return what the partner's page shows."""
    style = await visitor.load(f"/embed/{slug}/style.css", "style", ORIGIN[slug])
    return re.search(r"/\* consentgw: \w+, (\w+) \*/", style.text)[1]


async def released(visitor, slug="news"):
    """Return the tags that load on the partner's page."""
    tags = {"ga": "ga.js", "pixel": "pixel.gif", "map": "map.gif"}
    return {
        name
        for name, file in tags.items()
        if (await visitor.load(f"/release/{slug}/{file}", KIND[file[-3:]], ORIGIN[slug])).status_code == 302
    }


async def answered(settings, days, *given, **changes):
    """Answer so many days ago, at a site that keeps an answer for 90 days; return the cookies."""
    past = Clock(datetime.now(UTC) - timedelta(days=days))
    change(settings, configure, validity=timedelta(days=90), **changes)
    async with visiting(settings, clock=past) as aigerim:
        await answer(aigerim, "news", *given)
    return aigerim.jar
