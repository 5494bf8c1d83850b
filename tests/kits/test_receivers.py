"""The webhook receivers: a message of ours is acted on once, and anything else is refused."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime

import httpx
import pytest
from django.conf import settings
from django.test import RequestFactory

from consentgw.http.server import running
from consentgw.webhooks import events, signing
from tests.kits.house import kit

SECRETS = signing.Secrets.new()
PATH = "/hooks/consent"
Post = Callable[[bytes, dict[str, str]], int]


def message(topic: str = "consent.withdrawn", name: str = "msg_1", age: int = 0) -> tuple[bytes, dict[str, str]]:
    """Return a message as the gateway sends it."""
    body = events.body(topic, "shop", "r", 7, datetime(2026, 11, 24, tzinfo=UTC), "https://consent.example")
    headers = signing.headers(name, body, int(time.time()) - age, [SECRETS])
    return body, {key.decode(): value.decode() for key, value in headers}


@pytest.fixture(params=["fastapi", "django", "flask"])
def receiver(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch):
    """A receiver's module, and how to send to it."""
    monkeypatch.setenv("CONSENT_HOOK", SECRETS.public)
    if request.param == "django" and not settings.configured:
        settings.configure(ALLOWED_HOSTS=["*"])
    module = kit(f"webhooks/{request.param}_receiver.py")
    match request.param:
        case "fastapi":
            with running(module.app) as at:
                yield module, lambda body, headers: httpx.post(at + PATH, content=body, headers=headers).status_code
        case "flask":
            with httpx.Client(transport=httpx.WSGITransport(module.app), base_url="https://shop.example") as client:
                yield module, lambda body, headers: client.post(PATH, content=body, headers=headers).status_code
        case _:
            asks = RequestFactory(enforce_csrf_checks=True)

            def send(body: bytes, headers: dict[str, str]) -> int:
                request = asks.post(PATH, body, content_type="application/json", headers=headers)
                return module.receive(request).status_code

            yield module, send


def test_a_withdrawal_is_acted_on_once_however_often_it_is_sent(receiver, monkeypatch):
    module, send = receiver
    stopped = []
    monkeypatch.setattr(module, "stop", lambda event: stopped.append(event.data["id"]))

    assert [send(*message()) for _ in range(3)] == [204, 204, 204]
    assert send(*message(name="msg_2")) == 204
    assert send(*message("receipt.recorded", name="msg_3")) == 204

    assert stopped == ["r", "r"]


def test_what_is_not_ours_is_refused_and_nothing_is_done(receiver, monkeypatch):
    module, send = receiver
    monkeypatch.setattr(module, "stop", lambda event: pytest.fail("acted on a message that is not ours"))
    body, headers = message()

    assert send(body + b" ", headers) == 400
    assert send(*message(age=3600)) == 400
    assert send(body, {}) == 400
    assert send(b"", headers) == 400


def test_work_that_fails_is_not_acknowledged_so_that_it_is_sent_again(receiver, monkeypatch):
    module, send = receiver

    def fails(_):
        raise RuntimeError("the database is away")

    monkeypatch.setattr(module, "stop", fails)
    with suppress(RuntimeError):  # the framework's own server would answer 500
        assert send(*message()) == 500
    assert module.done == set()
