"""docs/api.md does what it says: every command in it runs, from top to bottom, against a running gateway."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from consentgw.app import Gateway
from consentgw.demo.running import free_port
from consentgw.http.server import running
from tests.conftest import SECRET

PAGE = (Path(__file__).parents[2] / "docs" / "api.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", PAGE, flags=re.DOTALL)
NEXT = "---- next ----"


@pytest.fixture
def said(seeded_postgres, tmp_path) -> list[str]:
    """What each block said; the first that fails ends the page and the test."""
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    settings = seeded_postgres.model_copy(update={"public_url": address, "port": port})
    lines = ["set -euo pipefail"]
    for language, text in BLOCKS:
        if language == "python":
            text = f"python - <<'END'\n{text}END\n"
        if language in {"sh", "python"}:
            lines += [text.replace("https://consent.example", address), f"echo '{NEXT}'"]
    environment = {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "CONSENTGW_DATA": str(settings.data),
        "CONSENTGW_DATABASE_URL": settings.database_url,
        "CONSENTGW_SECRET": SECRET,
        "CONSENTGW_PUBLIC_URL": address,
        "LC_ALL": "C.UTF-8",
    }

    with running(Gateway(settings), port=port):
        page = ["bash", "-c", "\n".join(lines)]
        ran = subprocess.run(page, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120)

    assert ran.returncode == 0, f"{ran.stdout}\n{ran.stderr}"
    return ran.stdout.split(NEXT)[:-1]


def test_every_command_of_the_page_runs_and_answers_what_the_page_says(said: list[str]):
    _, before, recorded, _, withdrawn, listed, *_ = said

    (example,) = (json.loads(text) for language, text in BLOCKS if language == "json")
    answer = json.loads(before)
    assert {**answer, **example, "purposes": {**answer["purposes"], **example["purposes"]}} == answer
    assert json.loads(recorded)["receipt"]["granted"] == ["analytics"]
    assert json.loads(recorded)["receipt"]["source"] == "asserted_by_partner"
    assert json.loads(withdrawn)["receipt"]["granted"] == []
    receipts = [json.loads(one)["receipt"] for one in (recorded, withdrawn)]
    assert listed.split() == [word for one in receipts for word in (one["receipt_id"], one["method"])]
