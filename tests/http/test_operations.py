"""Health: the process answers; answers can be kept, signed and read; load balancers hear of a stop before it comes."""

from __future__ import annotations

import asyncio
import http.client
import json
import os
import signal
import subprocess
import sys
import time
from datetime import timedelta

import pytest
from sqlalchemy.exc import OperationalError

from consentgw.db import engines, migrations
from consentgw.http import operations
from tests.db import notes
from tests.gateway import SHOP, running
from tests.test_cli import environment
from tests.visitor import Visitor

pytestmark = pytest.mark.anyio


async def ready(app):
    page = await Visitor(app).open("/health/ready")
    return page.status, page.response.json()


async def test_a_gateway_that_runs_is_live_and_ready(gateway):
    page = await Visitor(gateway).open("/health/live")
    assert (page.status, page.response.json()) == (200, {"status": "up"})
    assert page.headers["cache-control"] == "no-store"

    status, said = await ready(gateway)

    assert (status, said["status"]) == (200, "ready")
    assert said["schema"] == migrations.head()
    assert said["database"].split()[0] in {"SQLite", "PostgreSQL"}
    assert 0 <= said["log_lag_seconds"] < operations.LAG_SECONDS
    assert abs(said["clock_skew_seconds"]) < 1


async def test_a_gateway_whose_database_does_not_answer_is_live_and_not_ready(embedded, monkeypatch):
    def fail(_):
        raise OperationalError("SELECT 1", {}, Exception("no answer"))

    monkeypatch.setattr(operations, "_look", fail)

    assert (await Visitor(embedded).open("/health/live")).status == 200
    assert await ready(embedded) == (503, {"status": "the database does not answer"})


async def test_a_gateway_that_no_longer_sees_what_others_record_is_not_ready(embedded, monkeypatch):
    monkeypatch.setattr(embedded.health, "lag", lambda: operations.LAG_SECONDS + 1)

    assert (await ready(embedded))[0] == 503


async def test_a_gateway_that_cannot_open_the_newest_key_is_not_ready(embedded, monkeypatch):
    monkeypatch.setattr(embedded.signing, "unreadable", "2027-01")

    status, said = await ready(embedded)

    assert status == 503
    assert "secret" in said["status"]


@pytest.mark.parametrize("seeded", ["seeded_sqlite", "seeded_postgres"])
async def test_a_gateway_that_keeps_nothing_is_not_ready_until_it_can_without_anybody_answering(
    request, seeded, monkeypatch
):
    full, take_turn = [], engines.take_turn

    def turn(connection):
        take_turn(connection)
        if full:
            notes.refuse_to_write(connection)

    monkeypatch.setattr(engines, "take_turn", turn)
    async with running(request.getfixturevalue(seeded)) as app:
        full.append("the disk")
        answered = await (await Visitor(app).frame("/embed/shop", SHOP)).press("accept_all")
        assert answered.status == 503
        await asyncio.sleep(1)

        assert (await ready(app))[1]["status"] == "answers cannot be kept"
        assert (await ready(app))[0] == 503

        full.clear()
        async with asyncio.timeout(20):
            while (await ready(app))[0] != 200:  # noqa: ASYNC110  it is asked from outside
                await asyncio.sleep(0.05)


@pytest.mark.parametrize(
    ("found", "said"),
    [({"schema": "0000"}, "schema"), ({"clock_skew_seconds": timedelta(minutes=-5).total_seconds()}, "clock")],
)
async def test_a_database_of_another_version_or_another_time_is_not_ready(embedded, monkeypatch, found, said):
    look = operations._look
    monkeypatch.setattr(operations, "_look", lambda connection: {**look(connection), **found})

    status, answer = await ready(embedded)

    assert status == 503
    assert said in answer["status"]


@pytest.mark.parametrize("workers", [1, 2])
def test_health_says_503_before_a_stop_and_everybody_is_answered_until_then(request, workers, tmp_path):
    settings = request.getfixturevalue("seeded_sqlite" if workers == 1 else "seeded_postgres")
    env = environment(settings, CONSENTGW_STOP_DELAY_SECONDS="2", CONSENTGW_WORKER_INSIDE="0")
    port = _free_port()
    program = ["-c", "from consentgw.cli import main; main()", "serve", "--port", str(port), "--workers", str(workers)]
    with subprocess.Popen([sys.executable, *program], env={**os.environ, **env}, stderr=subprocess.DEVNULL) as process:
        try:
            _until(lambda: _get(port, "/health/ready")[0] == 200)

            process.send_signal(signal.SIGTERM)

            _until(lambda: _get(port, "/health/ready")[0] == 503, patience=1.5)
            assert _get(port, "/health/ready")[1]["status"] == "the process is about to stop"
            assert _get(port, "/embed/shop")[0] == 200
            assert process.wait(timeout=30) is not None
        finally:
            process.kill()


def _free_port():
    import socket

    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def _get(port, path):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        body = answer.read()
        return answer.status, json.loads(body) if path.startswith("/health") else body
    except OSError:
        return 0, None
    finally:
        connection.close()


def _until(met, patience=60):
    deadline = time.monotonic() + patience
    while not met():
        assert time.monotonic() < deadline, "never happened"
        time.sleep(0.05)
