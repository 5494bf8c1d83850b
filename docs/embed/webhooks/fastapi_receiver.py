"""Hears of withdrawals. ``done`` stands for a table with a unique column."""

import os

from fastapi import FastAPI, Request, Response

from consentgw.client import Event, NotGenuine, verify_webhook

app = FastAPI()
done: set[str] = set()


def stop(event: Event) -> None:
    """Stop what rested on the consent: take the person off the list of the newsletter, tell the vendors."""


@app.post("/hooks/consent", status_code=204)
async def receive(request: Request) -> Response:
    try:
        event = verify_webhook(request.headers, await request.body(), os.environ["CONSENT_HOOK"])
    except NotGenuine:
        return Response(status_code=400)
    if event.type == "consent.withdrawn" and event.id not in done:
        stop(event)
        done.add(event.id)
    return Response(status_code=204)
