"""Each right from the question to the answer: by clicks with scripts off in each browser, and by curl."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import replace

import pytest

from consentgw.db import Unit
from consentgw.db.database import utc_now
from consentgw.law.profiles import RequestType
from consentgw.sites import store as sites
from consentgw.subject_requests import proving, service
from consentgw.subject_requests.model import Level, Request, State
from tests.gateway import peeking
from tests.house.documents import Reader
from tests.journeys.test_asking_about_data import Served, served_by
from tests.subject_requests.story import AIGERIM, DANA, YERLAN
from tests.webhooks.receivers import until

RIGHTS = [(type_, "news" if type_ is RequestType.PORTABILITY else "shop") for type_ in RequestType]
"""In Kazakhstan nobody may ask for portability, so the news site is under European law."""
TYPED = {"name": AIGERIM.name, "phone": AIGERIM.phone, "details": AIGERIM.details}
DONE = {"kk": "Сұрау салу орындалды.", "ru": "Запрос выполнен.", "en": "It is done."}
ANSWER = "Міне, жауап."


@pytest.fixture
def served(seeded_sqlite) -> Iterator[Served]:
    """The gateway on a port, the news site under European law."""
    with peeking(seeded_sqlite) as connection:
        news = sites.read(connection, "news")
        sites.keep(Unit(connection, utc_now()), replace(news, profile="eu"))
    with served_by(seeded_sqlite, host="localhost") as gateway:
        yield gateway


def asked(gateway: Served, type_: RequestType) -> Request:
    """Return the request of a type."""
    (found,) = [request for request in gateway.requests if request.type is type_]
    return found


def link_to(gateway: Served, mailbox: str) -> str | None:
    """Return the link in the letter that asks for a proof, once it has come."""
    for letter in gateway.inbox.letters:
        if letter["to"] == mailbox:
            words = letter.get_body(("plain",)).get_content().split()
            return next((word for word in words if "/confirm/" in word), None)
    return None


def answer(gateway: Served, type_: RequestType) -> None:
    """Let Dana, and Yerlan where it takes two, answer."""
    request = asked(gateway, type_)
    if not request.answerable:
        gateway.dana(proving.vouch, request, DANA, Level.MATCHED, "The address is the one of the order.")
    if type_ is RequestType.ERASURE:
        gateway.dana(service.erase, request, DANA, "She asked for it.")
        gateway.dana(service.erase, request, YERLAN, "Agreed.")
    else:
        gateway.dana(service.complete, request, DANA, ANSWER)
    assert asked(gateway, type_).state is State.COMPLETED


def test_every_right_goes_from_the_question_to_the_answer_by_clicks_alone(browser, served):
    for number, (type_, site) in enumerate(RIGHTS):
        language, mailbox = list(DONE)[number % 3], f"{type_}@mail.example"
        browser.open(f"{served.origin}/requests/{site}?lang={language}")
        browser.click(f"a[href*='type={type_}']")
        browser.see("form.ask")
        for name, value in {**TYPED, "email": mailbox}.items():
            if browser.visible(f"#{name}"):
                browser.fill(f"#{name}", value)
        browser.click("form.ask button")
        browser.see(".standing")
        if asked(served, type_).needs.start:
            browser.until(lambda to=mailbox: link_to(served, to), lambda: "no letter came")
            browser.open(link_to(served, mailbox))
            browser.click("main button")
            browser.see(".standing")
        answer(served, type_)
        browser.reload()

        browser.see(".standing", DONE[language])
        assert type_ is RequestType.ERASURE or ANSWER in browser.text(".said.to_subject")
        revealing = type_ in {RequestType.ACCESS, RequestType.PORTABILITY}
        assert browser.visible("button[value=download]") is revealing
    assert browser.complaints() == []


def curl(*said: str) -> tuple[str, str]:
    """Return what curl got and from where, after it was led on."""
    told = ("-w", "\n%{url_effective}\n%{http_code}")
    ran = subprocess.run(["curl", "-sS", "-L", "--max-redirs", "2", *told, *said], capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    body, address, status = ran.stdout.rsplit("\n", 2)
    assert status == "200", body
    return body, address


def typed_into(page: str, **typed: str) -> list[str]:
    """Return what curl is told to send a page's form: what is in it, and what was typed."""
    said: list[str] = []
    for field in Reader(page).all("input", "textarea"):
        name, radio = field.get("name"), field.get("type") == "radio"
        if name and not (radio and field.get("checked") is None):
            said += ["--data-urlencode", f"{name}={typed.get(name, field.get('value') or '')}"]
    return said


@pytest.mark.anyio
async def test_every_right_goes_from_the_question_to_the_answer_by_curl(served):
    for type_, site in RIGHTS:
        mailbox = f"{type_}@mail.example"
        form, address = curl(f"{served.origin}/requests/{site}?type={type_}&lang=en")
        origin = ("-H", f"Origin: {served.origin}")
        _, address = curl(*origin, *typed_into(form, **TYPED, email=mailbox), address)
        if asked(served, type_).needs.start:
            await until(lambda to=mailbox: link_to(served, to) is not None)
            _, button = curl(link_to(served, mailbox))
            _, address = curl(*origin, "--data", "", button)
        answer(served, type_)

        page, _ = curl(address)
        assert DONE["en"] in page
        assert type_ is RequestType.ERASURE or ANSWER in page
