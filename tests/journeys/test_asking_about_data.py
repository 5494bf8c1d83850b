"""Aigerim asks about her data with scripts off, in each browser, and a real letter reaches a real mailbox."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from aiosmtpd.controller import Controller
from pydantic import SecretStr

from consentgw.app import Gateway
from consentgw.demo.running import free_port
from consentgw.http.server import running
from consentgw.settings import Settings
from consentgw.subject_requests import proving, service
from consentgw.subject_requests.model import Level, Request, State
from consentgw.subject_requests.office import open_office
from consentgw.subject_requests.store import Wanted
from tests.mail.test_delivery import Inbox
from tests.subject_requests.story import AIGERIM, DANA, YERLAN


@dataclass
class Served:
    """A gateway that is served, its mailbox, and Dana's verbs."""

    origin: str
    app: Gateway
    inbox: Inbox

    def dana(self, verb: Any, request: Request, *said: Any) -> Any:
        """Let Dana act."""
        return self._db.apply(verb, open_office(self.app.settings), request.ref, *said)

    @property
    def requests(self) -> list[Request]:
        """Return every request."""
        return self._db.ask(service.list_requests, Wanted())

    def letters(self) -> list[Any]:
        """Return the letters that reached Aigerim."""
        return [letter for letter in self.inbox.letters if letter["to"] == AIGERIM.email]

    def read(self, query: Any, *said: Any) -> Any:
        """Return what a query finds."""
        return self._db.ask(query, *said)

    @property
    def _db(self) -> Any:
        pages: Any = next(route.endpoint for route in self.app.routes if route.path == "/requests/{site}")
        return pages.__self__.db


@pytest.fixture
def served(seeded_sqlite):
    """The shop's gateway on a port, with a mail server beside it."""
    with served_by(seeded_sqlite) as gateway:
        yield gateway


@contextmanager
def served_by(settings: Settings, host: str = "gateway.localhost", **said: Any) -> Iterator[Served]:
    """Serve a gateway on a port, with a mail server beside it."""
    inbox = Inbox()
    smtp = Controller(inbox, hostname="127.0.0.1", port=free_port(), ready_timeout=30)
    port = free_port()
    origin = f"http://{host}:{port}"
    settings = settings.model_copy(
        update={
            "public_url": origin,
            "worker_inside": True,
            "smtp_url": SecretStr(f"smtp://127.0.0.1:{smtp.port}"),
            "mail_from": "consent@gateway.example",
            **said,
        }
    )
    with ExitStack() as stack:
        smtp.start()
        stack.callback(smtp.stop)
        app = Gateway(settings)
        stack.enter_context(running(app, port=port))
        yield Served(origin, app, inbox)


def ask(browser, served, type_, language="en"):
    """Fill in the form of a type, and send it."""
    browser.open(f"{served.origin}/requests/shop?lang={language}")
    browser.click(f"a[href*='type={type_}']")
    browser.see("form.ask")
    typed = {"name": AIGERIM.name, "email": AIGERIM.email, "phone": AIGERIM.phone, "details": AIGERIM.details}
    for name, value in typed.items():
        if browser.visible(f"#{name}"):
            browser.fill(f"#{name}", value)
    browser.click("form.ask button")
    browser.see(".standing")


def test_from_the_question_to_the_package_by_the_link_in_a_real_letter(browser, served):
    ask(browser, served, "access")
    browser.see(".standing", "waits until it is sure that it is you")
    browser.until(lambda: len(served.letters()) == 1, lambda: "no letter came")
    text = served.letters()[0].get_body(("plain",)).get_content()
    link = next(line for line in text.split() if "/confirm/" in line)
    browser.open(link)
    assert served.requests[0].level is Level.NOTHING
    browser.click("main button")
    browser.see(".standing", "It is being worked on.")
    (request,) = served.requests
    served.dana(proving.vouch, request, DANA, Level.MATCHED, "The address is the one of the order.")
    served.dana(service.complete, request, DANA, "Here is what we have.")
    browser.reload()
    browser.see(".said.to_subject", "Here is what we have.")
    browser.see("button[value=download]")

    address, _, query = browser.url.partition("?")
    fetched = httpx.post(
        f"http://127.0.0.1:{served.origin.rpartition(':')[2]}{address.removeprefix(served.origin)}?{query}",
        data={"act": "download"},
        headers={"host": served.origin.removeprefix("http://")},
    )
    with zipfile.ZipFile(io.BytesIO(fetched.content)) as package:
        assert AIGERIM.name in package.read("index.html").decode()


def test_an_erasure_by_digits_and_two_persons_leaves_a_page_without_a_word(browser, served):
    ask(browser, served, "erasure", "ru")
    browser.until(lambda: len(served.letters()) == 1, lambda: "no letter came")
    text = served.letters()[0].get_body(("plain",)).get_content()
    digits = next(line for line in text.split() if len(line) == 8 and line.isdigit())
    browser.fill("#digits", digits)
    browser.click("button[value=verify]")
    browser.see(".standing", "Запрос рассматривается.")
    (request,) = served.requests
    served.dana(service.erase, request, DANA, "She asked for it.")
    served.dana(service.erase, request, YERLAN, "Agreed.")

    browser.reload()

    browser.see(".standing", "Запрос выполнен.")
    assert not browser.visible(".said")
    assert served.requests[0].state is State.COMPLETED
    assert served.requests[0].erased_at
    browser.until(lambda: served.letters()[-1]["subject"] == "Ваш запрос выполнен", lambda: "no farewell came")
