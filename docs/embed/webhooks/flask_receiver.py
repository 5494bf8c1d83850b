"""Hears of withdrawals. ``done`` stands for a table with a unique column."""

import os

from flask import Flask, request

from consentgw.client import Event, NotGenuine, verify_webhook

app = Flask(__name__)
done: set[str] = set()


def stop(event: Event) -> None:
    """Stop what rested on the consent: take the person off the list of the newsletter, tell the vendors."""


@app.post("/hooks/consent")
def receive():
    try:
        event = verify_webhook(request.headers, request.get_data(), os.environ["CONSENT_HOOK"])
    except NotGenuine:
        return "", 400
    if event.type == "consent.withdrawn" and event.id not in done:
        stop(event)
        done.add(event.id)
    return "", 204
