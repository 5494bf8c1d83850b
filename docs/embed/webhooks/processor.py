"""A processor: hears that a request was passed on to it, looks what it holds, and says so."""

import base64
import json
import os
from typing import Any

import httpx
from fastapi import BackgroundTasks, FastAPI, Request, Response

from consentgw.client import NotGenuine, verify_webhook

app = FastAPI()


def held(person: dict[str, Any]) -> dict[str, Any] | None:
    """Look up what you hold about a person, by ``person["subject_identities"]``; None for nothing."""


def erase(person: dict[str, Any]) -> None:
    """Erase it, where that is what is asked."""


def work(url: str) -> None:
    with httpx.Client(headers={"authorization": f"Bearer {os.environ['CONSENT_KEY']}"}, timeout=10) as api:
        read = api.get(url).raise_for_status()
        if read.json()["state"] not in {"forwarded", "acknowledged"}:
            return  # answered before, or nobody waits for it any more
        person = api.get(f"{url}/subject").raise_for_status().json()
        if person["subject_request_type"] not in {"access", "erasure"}:
            return  # nothing here does what is asked: it stays open, for one of your people to answer
        known = read
        if read.json()["state"] == "forwarded":
            known = api.post(f"{url}/acknowledge", json={}, headers={"if-match": read.headers["etag"]})
        etag = known.raise_for_status().headers["etag"]
        found = held(person)
        answer: dict[str, Any] = {"result": "done" if found else "nothing_held"}
        if found and person["subject_request_type"] == "access":
            content = base64.b64encode(json.dumps(found).encode()).decode()
            answer["file"] = {"media_type": "application/json", "content": content}
        elif found:
            erase(person)
        api.post(f"{url}/complete", json=answer, headers={"if-match": etag}).raise_for_status()


@app.post("/hooks/tasks", status_code=204)
async def receive(request: Request, after: BackgroundTasks) -> Response:
    try:
        event = verify_webhook(request.headers, await request.body(), os.environ["CONSENT_HOOK"])
    except NotGenuine:
        return Response(status_code=400)
    if event.type == "subject_request.forwarded":
        after.add_task(work, event.data["url"])
    return Response(status_code=204)
