"""Aigerim asks once; two companies that process data for the shop are told, one answers and one declines; she gets one
answer, with scripts off, in each browser."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import httpx
import pytest
from fastapi import FastAPI, Request, Response

from consentgw.client import verify_webhook
from consentgw.http.server import running
from consentgw.subject_requests import proving, service, task_store
from consentgw.subject_requests.model import Level
from tests.caller import caller
from tests.journeys.test_asking_about_data import Served, ask, served_by
from tests.kits.house import kit
from tests.subject_requests.asking import employ_processors
from tests.subject_requests.story import AIGERIM, DANA


class Decliner:
    """The mailing service: it declines whatever it is told of."""

    def __init__(self, key: str) -> None:
        self.app = FastAPI()
        self.secret = ""
        self.heard: list[str] = []
        self._key = key
        self.app.post("/hooks/tasks")(self.receive)

    async def receive(self, request: Request) -> Response:
        """Verify a message; decline the task it tells of."""
        event = verify_webhook(request.headers, await request.body(), self.secret)
        self.heard.append(event.type)
        if event.type == "subject_request.forwarded":
            async with httpx.AsyncClient(headers={"authorization": f"Bearer {self._key}"}) as api:
                read = await api.get(event.data["url"])
                said = {"words": "We send no letters for this shop any more."}
                url = f"{event.data['url']}/decline"
                (await api.post(url, json=said, headers={"if-match": read.headers["etag"]})).raise_for_status()
        return Response(status_code=204)


@pytest.fixture
def served(seeded_sqlite, monkeypatch) -> Iterator[tuple[Served, Any, Decliner]]:
    """The shop's gateway, the delivery service with the code of our documentation, and the mailing service."""
    with ExitStack() as stack:
        gateway = stack.enter_context(served_by(seeded_sqlite, host="localhost", webhooks_to_loopback=True))
        employ_processors(gateway.app)
        delivery = kit("webhooks/processor.py")
        letters = Decliner(caller(gateway.app, site="shop", processor="letters").text)
        monkeypatch.setenv("CONSENT_KEY", caller(gateway.app, site="shop", processor="delivery").text)
        headers = {"authorization": f"Bearer {caller(gateway.app, site='shop').text}"}
        for name, app in (("delivery", delivery.app), ("letters", letters.app)):
            at = stack.enter_context(running(app))
            told = {"url": f"{at}/hooks/tasks", "processor": name}
            made = httpx.post(f"{gateway.origin}/v1/sites/shop/webhooks", json=told, headers=headers)
            secret = made.raise_for_status().json()["secret"]
            if name == "delivery":
                monkeypatch.setenv("CONSENT_HOOK", secret)
            else:
                letters.secret = secret
        yield gateway, delivery, letters


def test_one_request_reaches_two_companies_and_has_one_answer(browser, served, monkeypatch):
    gateway, delivery, letters = served
    looked_for: list[dict[str, Any]] = []
    monkeypatch.setattr(delivery, "held", lambda person: looked_for.append(person) or {"orders": ["felt boots"]})
    ask(browser, gateway, "access")
    browser.until(lambda: len(gateway.letters()) == 1, lambda: "no letter came")
    text = gateway.letters()[0].get_body(("plain",)).get_content()
    browser.open(next(line for line in text.split() if "/confirm/" in line))
    browser.click("main button")
    browser.see(".standing", "It is being worked on.")
    assert not browser.visible(".passed-on")
    assert (looked_for, letters.heard) == ([], [])  # a mailbox alone is not enough for anybody else to be told

    (request,) = gateway.requests
    gateway.dana(proving.vouch, request, DANA, Level.MATCHED, "The address is the one of the order.")
    browser.until(lambda: all(one.state.closed for one in tasks(gateway, request)), lambda: "they never answered")
    browser.reload()

    browser.see(".passed-on", "Delivery service")
    browser.see(".passed-on", "It has answered.")
    assert [person["details"] for person in looked_for] == [AIGERIM.details]
    assert {task.processor: task.state for task in tasks(gateway, request)} == {
        "delivery": "completed", "letters": "declined",
    }  # fmt: skip
    browser.until(lambda: "subject_request.task_answered" in letters.heard, lambda: "it heard nothing of the end")
    gateway.dana(service.complete, request, DANA, "Here is what we have, and what was delivered to you.")
    browser.reload()
    browser.see(".said.to_subject", "what was delivered to you")
    browser.see("button[value=download]")
    assert len(gateway.requests) == 1

    address = browser.url
    fetched = httpx.post(address, data={"act": "download"}, headers={"origin": gateway.origin})
    with zipfile.ZipFile(io.BytesIO(fetched.content)) as package:
        assert json.loads(package.read("processors/delivery.json")) == {"orders": ["felt boots"]}
        assert "Delivery service" in package.read("index.html").decode()
    assert browser.complaints() == []


def tasks(gateway: Served, request: Any) -> Any:
    """Return what the processors of a request are asked to do."""
    return gateway.read(task_store.of_request, request.id)
