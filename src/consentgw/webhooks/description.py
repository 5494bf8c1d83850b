"""What a partner's endpoint receives, for the ``webhooks`` section of the OpenAPI document."""

from __future__ import annotations

import inspect
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import Body, Header
from pydantic import BaseModel, Field

from consentgw.webhooks import events

if TYPE_CHECKING:
    from collections.abc import Callable

    from fastapi import FastAPI

_NOON = datetime(2026, 11, 24, 7, 0, tzinfo=UTC)
_ANSWERS: dict[int | str, dict[str, Any]] = {
    204: {"description": "You have it; any 2xx says so. Answer within 15 seconds, and work on it afterwards."},
    410: {"description": "You want no more messages: the endpoint is disabled."},
    429: {"description": "Later, please; `Retry-After` is heeded up to an hour."},
    503: {"description": "Later, please; `Retry-After` is heeded up to an hour."},
    "default": {"description": "You do not have it: it is sent again, up to ten times in about 75 hours."},
}


class Thing(BaseModel):
    """What a message is about."""

    site: str = Field(description="The site it happened at.")
    id: str = Field(description="The id of the receipt, the policy, the request, the task or the webhook.")
    url: str = Field(description="Where to read it, with a key.")
    sequence: int = Field(
        description="Place in the order of what happened: messages may come in another, and of two about the same thing"
        " the one with the higher number tells what holds. 0 for a ping."
    )


class Message(BaseModel):
    """What is sent to an endpoint. The same message may come more than once: remember its `webhook-id`."""

    type: str
    timestamp: datetime = Field(description="When it happened.")
    data: Thing


def describe(app: FastAPI, origin: str) -> None:
    """Add every kind of message to an app's description."""
    for kind in events.KINDS.values():
        app.webhooks.add_api_route(
            kind.topic,
            _endpoint(json.loads(events.body(kind.topic, "shop", kind.example, 1, _NOON, origin))),
            methods=["POST"],
            name=kind.topic,
            operation_id=f"webhook {kind.topic}",
            summary=kind.topic,
            description=kind.told,
            tags=["Webhooks"],
            status_code=204,
            responses=_ANSWERS,
        )


_HEADERS = {
    "webhook_id": (str, "The message's id, the same at every attempt."),
    "webhook_timestamp": (int, "When it was sent, in seconds since 1970."),
    "webhook_signature": (
        str,
        "`v1,…` HMAC-SHA256 and `v1a,…` Ed25519 over `id.timestamp.body`, with spaces between; both twice for a day.",
    ),
}


def _endpoint(example: Any) -> Callable[[], None]:
    """Return a function whose signature is for the documentation; nobody calls it."""

    def receive() -> None:
        return None

    takes = {"body": Annotated[Message, Body(examples=[example])]}
    for name, (kind, says) in _HEADERS.items():
        takes[name] = Annotated[kind, Header(description=says)]
    parameters = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, annotation=annotation)
        for name, annotation in takes.items()
    ]
    receive.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    return receive
