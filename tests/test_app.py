"""The app as a server starts and stops it."""

from __future__ import annotations

import asyncio
import subprocess
import sys

import pytest

from consentgw.app import Gateway, create_app
from consentgw.errors import Misconfigured
from tests.conftest import SECRET
from tests.gateway import NEWS, copy_of, running
from tests.visitor import Visitor

pytestmark = pytest.mark.anyio


async def test_a_gateway_starts_stops_and_starts_again_with_what_it_kept(seeded):
    visitor = None
    for _ in range(2):
        async with running(seeded) as app:
            cookies = visitor.jar if visitor else {}
            visitor = Visitor(app)
            visitor.jar = cookies
            page = await visitor.frame("/embed/news?lang=en", NEWS)
            if not cookies:
                await page.press("accept_all")
    assert page.offers("withdraw")
    assert page.form("save").ticked == {"analytics", "marketing"}


async def test_nothing_is_left_running_when_it_has_stopped(seeded):
    before = asyncio.all_tasks()

    async with running(seeded):
        assert len(asyncio.all_tasks()) > len(before)

    assert asyncio.all_tasks() == before


async def test_what_visitors_never_ask_for_is_not_made_at_the_start(seeded):
    async with running(seeded) as gateway:
        assert gateway._api.routes == []
        document = gateway.described()

        assert len(document["paths"]) > 20
        assert gateway.described() is document


def test_a_start_does_not_wait_for_libraries_that_few_requests_need():
    late = "'holidays', 'httpx', 'prometheus_client', 'segno'"
    look = f"import sys, consentgw.app; print(sorted({{{late}}} & sys.modules.keys()))"

    found = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True)

    assert found.stdout.strip() == "[]"


async def test_a_gateway_does_not_start_on_an_empty_database(unmigrated):
    gateway = Gateway(unmigrated)

    with pytest.raises(Misconfigured, match="consentgw db upgrade"):
        async with gateway._api.router.lifespan_context(gateway._api):
            pass


async def test_a_gateway_with_another_secret_does_not_start(seeded_file, tmp_path):
    settings = copy_of(seeded_file, tmp_path)
    async with running(settings):
        pass
    gateway = Gateway(settings.model_copy(update={"secret": type(settings.secret)("another-" * 6)}))

    with pytest.raises(Misconfigured, match="CONSENTGW_SECRET"):
        async with gateway._api.router.lifespan_context(gateway._api):
            pass


def test_the_server_s_entry_reads_the_environment(monkeypatch, tmp_path):
    for name, value in (("SECRET", SECRET), ("DATA", str(tmp_path)), ("PUBLIC_URL", "https://consent.example")):
        monkeypatch.setenv(f"CONSENTGW_{name}", value)

    assert create_app().settings.public_url == "https://consent.example"
