"""Schemathesis against a running gateway: every operation, every check, generated requests, no finding.

``CG_FUZZ_REQUESTS=20000 ./run test tests/fuzz`` sends at least so many to each database, with a new seed each round.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from consentgw.access import operations, service
from consentgw.access.model import Scope
from consentgw.app import Gateway
from consentgw.db import open_database
from consentgw.demo.running import free_port
from consentgw.http.limits import Budget
from consentgw.http.server import running
from tests.fuzz import hooks

REQUESTS = int(os.environ.get("CG_FUZZ_REQUESTS", "0"))
"""The least to send; nothing for one short round with the same seed every time."""
EVERYDAY, THOROUGH = 3, 100
"""Examples of each operation in a round."""
PLENTY = 10**9
CONFIGURATION = Path(__file__).with_name("schemathesis.toml")


@dataclass(frozen=True, slots=True)
class Served:
    """A gateway and a key that may do everything."""

    address: str
    key: str
    key_id: str


@pytest.fixture
def served(seeded, monkeypatch) -> Iterator[Served]:
    """A gateway that listens, on both databases, without a limit on how often it is asked."""
    monkeypatch.setattr(operations, "STRANGERS", Budget("strangers", PLENTY, 60))
    port = free_port()
    settings = seeded.model_copy(
        update={"public_url": f"http://127.0.0.1:{port}", "port": port, "calls_per_minute": PLENTY}
    )
    with open_database(settings) as db:
        made = db.apply(service.create, "fuzz", frozenset(Scope), site=None, life=timedelta(days=1))
    with running(Gateway(settings), port=port):
        yield Served(settings.public_url, made.text, made.key.id)


def round_of(served: Served, folder: Path, seed: int, examples: int) -> int:
    """Send one round of requests and return how many; a finding fails the test with what Schemathesis says of it."""
    report = folder / f"{seed}.json"
    command = [
        Path(sys.executable).with_name("schemathesis"), "--config-file", CONFIGURATION, "run",
        f"{served.address}/openapi.json", "--header", f"Authorization: Bearer {served.key}",
        "--checks", "all", "--mode", "all",
        "--max-examples", examples, "--max-response-time", 10, "--generation-allow-x00", "true",
        "--seed", seed, "--generation-database", "none", "--continue-on-failure", "--no-color",
        "--report", "json", "--report-json-path", report,
    ]  # fmt: skip
    environment = {"SCHEMATHESIS_HOOKS": hooks.__name__, "FUZZ_KEY_ID": served.key_id, "PYTHONPATH": str(Path.cwd())}

    ran = subprocess.run(
        [str(word) for word in command], cwd=folder, env={**os.environ, **environment}, capture_output=True, text=True
    )

    assert ran.returncode == 0, f"seed {seed}:\n{ran.stdout}\n{ran.stderr}"
    told = json.loads(report.read_text(encoding="utf-8"))
    assert told["complete"]
    assert all(phase["status"] == "success" for phase in told["phases"].values()), told["phases"]
    return told["test_cases"]["generated"]


def test_no_generated_request_finds_a_fault(served: Served, tmp_path: Path):
    if not REQUESTS:
        assert round_of(served, tmp_path, seed=1, examples=EVERYDAY) > 100
        return
    sent = 0
    while sent < REQUESTS:
        sent += round_of(served, tmp_path, seed=random.randrange(2**32), examples=THOROUGH)
        sys.stderr.write(f"{sent} requests sent\n")
