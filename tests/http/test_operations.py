"""Health: the process answers; the database does, too."""

from __future__ import annotations

import pytest
from sqlalchemy.exc import OperationalError

from consentgw.http import operations
from tests.visitor import Visitor

pytestmark = pytest.mark.anyio


async def test_a_gateway_that_runs_is_live_and_ready(embedded):
    prober = Visitor(embedded)

    for address, status in (("/health/live", "up"), ("/health/ready", "ready")):
        page = await prober.open(address)
        assert page.status == 200
        assert page.response.json()["status"] == status
        assert page.headers["cache-control"] == "no-store"


async def test_a_gateway_whose_database_does_not_answer_is_live_and_not_ready(embedded, monkeypatch):
    def fail(_):
        raise OperationalError("SELECT 1", {}, Exception("no answer"))

    monkeypatch.setattr(operations, "_ask", fail)
    prober = Visitor(embedded)

    assert (await prober.open("/health/live")).status == 200
    page = await prober.open("/health/ready")
    assert page.status == 503
    assert "no answer" not in page.text
