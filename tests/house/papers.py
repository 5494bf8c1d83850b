"""Documents of ours that are read outside the browser's window on us: letters, and packages of what we hold."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

from consentgw.http.languages import LANGUAGES
from consentgw.http.pages import View
from consentgw.law.profiles import RequestType, profile
from consentgw.mail.model import Letter
from consentgw.mail.views import LetterView
from consentgw.sites.model import Site
from consentgw.subject_requests.holdings import Holdings
from consentgw.subject_requests.model import Kind, Level, Person, Request, State, Text
from consentgw.subject_requests.store import Case
from consentgw.subject_requests.task_store import GivenFile
from consentgw.subject_requests.views import PackageView

AT = datetime(2026, 11, 24, 7, 0, tzinfo=UTC)


def papers(site: Site) -> Iterator[tuple[str, View]]:
    """Yield the name and the view of each, in every language."""
    for language in LANGUAGES:
        letter = Letter(
            language=language, subject="Dala", paragraphs=("Dala 1", "Dala 2"), link="https://a.example/", digits="1234"
        )
        yield f"letter-{language}", LetterView(language=language, letter=letter)
        holdings = Holdings((case(site, language),), (), (GivenFile("delivery", "application/json", b"{}"),))
        yield f"package-{language}", PackageView(language=language, site=site, holdings=holdings, made_at=AT)


def case(site: Site, language: str) -> Case:
    """Return a request with a message."""
    request = Request(
        id=UUID("0193b2c4-7d5e-7c1a-9f00-1b2c3d4e5f60"),
        site=site.slug,
        type=RequestType.ACCESS,
        state=next(iter(State)),
        level=Level.MAILBOX,
        language=language,
        receipt=None,
        received_at=AT,
        due_on=(AT + timedelta(days=15)).date(),
        rule=next(rule for rule in profile(site.profile).on(AT.date()).requests if rule.type is RequestType.ACCESS),
        calendar="kz",
    )
    said = next(kind for kind in Kind if kind is not Kind.NOTE)
    person = Person(name="Айгерим <Dala>", email="aigerim@shop.example", details="Dala")
    return Case(request, person, (), (Text(AT, "gateway", said, "Dala <message>"),))
