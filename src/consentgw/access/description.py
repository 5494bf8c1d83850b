"""What the API's description says beyond its operations: what the API is for, its groups, its scopes."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from consentgw.access.model import Scope

if TYPE_CHECKING:
    from collections.abc import Callable

    from fastapi import FastAPI

ABOUT = """\
Ask what a person has allowed, record what they told you, be told what changed, and prove it later.

The API is for your back end. People answer on your pages, in our form or on a page of ours; from there you get a
receipt, and from here you can read it, ask what holds now, and act when somebody changes their mind.
"""
TAGS = {
    "Standing": "What is allowed for somebody now, and who is one person.",
    "Receipts": "The proof of every decision: read, recorded and taken back.",
    "Sites": "The partners' websites that this gateway asks for.",
    "Policies": "The versions of a site's policy, the draft of the next one, and the act of publishing it.",
    "Notices": "What people are shown when they are asked, now and in the past.",
    "Requests": "What people ask about their data: what is due, who asks, and the answer.",
    "Tasks": "What those who process data for a site are asked to do for a request, and what they did.",
    "Webhooks": "Your own addresses that are told what happens, and the messages to them.",
    "Keys": "Keys of the API itself: made, rolled over and revoked.",
    "Audit": "Who did what, by the API and on the command line.",
}
"""The groups of operations, in the order they are shown."""
SCOPES = {
    Scope.RECEIPTS_READ: "Read receipts, in every format.",
    Scope.RECEIPTS_WRITE: "Record what a person told you yourself, and withdraw consent on their behalf.",
    Scope.STANDING_READ: "Ask what a person allows now.",
    Scope.SITES_READ: "Read sites and what they ask for.",
    Scope.SITES_WRITE: "Change sites and what they ask for.",
    Scope.POLICIES_READ: "Read policies, drafts among them.",
    Scope.POLICIES_WRITE: "Write drafts of policies.",
    Scope.POLICIES_PUBLISH: "Publish a policy: from then on people are asked under it.",
    Scope.NOTICES_READ: "Read what people were shown when they were asked.",
    Scope.REQUESTS_READ: "Read the requests of data subjects, without a word of who asks.",
    Scope.REQUESTS_WRITE: "Handle the requests of data subjects, and read who asks, which the history remembers.",
    Scope.TASKS_READ: "Read what processors are asked to do, without a word of who asks.",
    Scope.TASKS_WRITE: "Acknowledge the tasks of a processor, and say what was done.",
    Scope.IDENTITIES_READ: "Read whom a processor's task is about, which the history remembers.",
    Scope.HOLDS_WRITE: "Place legal holds on the requests of data subjects, and release them.",
    Scope.WEBHOOKS_READ: "Read webhook endpoints and what was sent to them.",
    Scope.WEBHOOKS_WRITE: "Register webhook endpoints, and send again.",
    Scope.KEYS_READ: "Read which keys there are, without their secrets.",
    Scope.KEYS_WRITE: "Make, roll over and revoke keys, none wider than the key that does it.",
    Scope.AUDIT_READ: "Read the audit trail.",
}
EXAMPLES = Path(__file__).with_name("examples.json")
"""What answers look like, by the name of their schema; taken from a running gateway."""
PROBLEM = {
    "title": "Problem",
    "description": "What went wrong (RFC 9457). `code` is stable; `type` leads to a page that explains it.",
    "type": "object",
    "required": ["type", "title", "status", "code"],
    "properties": {
        "type": {"type": "string", "format": "uri", "description": "The address of the page that explains it."},
        "title": {"type": "string", "description": "The kind of problem in a few words."},
        "status": {"type": "integer", "description": "The status of the answer."},
        "code": {"type": "string", "description": "The kind of problem, for programs."},
        "detail": {"type": "string", "description": "What is wrong with this request."},
        "errors": {
            "type": "array",
            "description": "Each field that is at fault.",
            "items": {
                "type": "object",
                "required": ["detail"],
                "properties": {
                    "pointer": {"type": "string", "description": "JSON pointer to a field of the body."},
                    "parameter": {"type": "string", "description": "Name of a parameter."},
                    "detail": {"type": "string", "description": "What is wrong with it."},
                },
            },
        },
    },
}


class Described:
    """The OpenAPI document, made when somebody first asks: it takes a fifth of a start, and most never ask."""

    def __init__(self, make: Callable[[], dict[str, Any]]) -> None:
        self._make = make
        self._made: dict[str, Any] | None = None
        self._turn = threading.Lock()

    def __call__(self) -> dict[str, Any]:
        """Return the document. It is made once, in the thread that asks first."""
        with self._turn:
            if self._made is None:
                self._made = self._make()
            return self._made


def describe(app: FastAPI, origin: str) -> dict[str, Any]:
    """Return the OpenAPI 3.1 document of an app whose operations are mounted."""
    app.description = ABOUT
    app.servers = [{"url": origin}]
    said = app.openapi()
    used = {tag for item in said["paths"].values() for one in item.values() for tag in one["tags"]}
    order = [*(tag for tag in TAGS if tag in used), *sorted(used - TAGS.keys())]
    said["tags"] = [{"name": tag, "description": TAGS.get(tag, "")} for tag in order]
    said["components"]["securitySchemes"]["key"]["x-scopes"] = {scope.value: says for scope, says in SCOPES.items()}
    schemas = said["components"]["schemas"]
    schemas["Problem"] = PROBLEM
    for name, example in json.loads(EXAMPLES.read_text(encoding="utf-8")).items():
        if name in schemas:
            schemas[name]["examples"] = [example]
    return said
