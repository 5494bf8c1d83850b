"""The API's description as it is served. ``python -m tests.house.openapi`` renews the copy we keep of it."""

from __future__ import annotations

import asyncio
import json
import tempfile
from pathlib import Path
from typing import Any

import httpx

from consentgw.db.migrations import upgrade
from consentgw.settings import Settings
from tests.gateway import running

SNAPSHOT = Path(__file__).with_name("openapi.json")
ORIGIN = "https://consent.example"


async def served() -> dict[str, Any]:
    """Return the document that a new installation serves."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings.read(
            data=Path(folder) / "data", secret="aigerim-bolat-dana-and-eve-read-this", public_url=ORIGIN
        )
        upgrade(settings)
        async with (
            running(settings) as app,
            httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=ORIGIN) as client,
        ):
            answer = await client.get("/openapi.json")
            assert answer.status_code == 200
            return answer.json()


def written(document: dict[str, Any]) -> str:
    """Return a document as the copy has it: a change shows as the lines that changed."""
    return json.dumps(document, ensure_ascii=False, indent=1) + "\n"


if __name__ == "__main__":
    SNAPSHOT.write_text(written(asyncio.run(served())), encoding="utf-8")
