"""Requests of the cast, and an office whose letters can be opened: what the tests of this room begin from."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pytest

from consentgw.consents.identifiers import uuid7
from consentgw.db import open_database
from consentgw.law.profiles import RequestType
from consentgw.mail import store as mails
from consentgw.settings import Settings
from consentgw.sites import store as sites
from consentgw.sites.inventory import Words
from consentgw.sites.processors import Given, Processor
from consentgw.subject_requests import filing, locking, processing, proving, service, store, task_store
from consentgw.subject_requests.hold import Ground
from consentgw.subject_requests.model import Actor, Level, Person, Role
from consentgw.subject_requests.office import open_office
from consentgw.subject_requests.processing import Said
from consentgw.subject_requests.tasks import Result, TaskRef
from tests.conftest import SECRET
from tests.notices.story import open_shop
from tests.policies.shop import SHOP

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from consentgw.db import Database, Unit
    from consentgw.mail.store import Waiting
    from consentgw.sites.model import Site
    from consentgw.subject_requests.model import Request
    from consentgw.subject_requests.office import Office
    from consentgw.subject_requests.tasks import Task
    from tests.conftest import Clock

AIGERIM = Person(
    name="Айгерім Серікқызы", email="aigerim@mail.example", phone="+7 701 000 00 01", details="Менің деректерім"
)
PROGRAMS = {name: Actor(Role.PROGRAM, f"key-{name}") for name in ("delivery", "letters")}
"""What acts for each processor."""
BOLAT = Person(name="Болат Ахметов", email="bolat@mail.example", details="Сравните мои данные")
DANA = Actor(Role.OPERATOR, "dana")
YERLAN = Actor(Role.OPERATOR, "yerlan")
"""Dana's colleague: the second person."""
DELIVERY = Processor(
    key="delivery",
    wording={
        "kk": Words("Жеткізу қызметі", "Тапсырыстарды жеткізеді."),
        "ru": Words("Служба доставки", "Доставляет заказы."),
        "en": Words("Delivery service", "Delivers what was ordered."),
    },
    types=frozenset({RequestType.ACCESS, RequestType.ERASURE, RequestType.CONSENT_WITHDRAWAL, RequestType.OBJECTION}),
    given=frozenset({Given.NAME, Given.EMAIL, Given.RECEIPT, Given.DETAILS}),
    days=2,
)
LETTERS = Processor(
    key="letters",
    wording={
        "kk": Words("Хабарлама қызметі", "Хаттарды жібереді."),
        "ru": Words("Служба рассылки", "Рассылает письма."),
        "en": Words("Mailing service", "Sends the letters."),
    },
    types=frozenset({RequestType.ACCESS, RequestType.ERASURE, RequestType.OBJECTION}),
    given=frozenset({Given.EMAIL}),
    days=1,
)
"""It may be told the address and nothing else."""
SHOP_WITH_PROCESSORS = replace(SHOP, processors=(DELIVERY, LETTERS))
SHOP_IN_EUROPE = replace(SHOP, slug="dublin", profile="eu")
SHOP_IN_CALIFORNIA = replace(SHOP, slug="fresno", profile="us-ca")


def office_of(settings: Settings | None = None, *, serving: bool = True) -> Office:
    """Return the office of an installation, with a mail server unless it is said otherwise."""
    office = open_office(settings or Settings.read(secret=SECRET, public_url="http://gateway.localhost:8080"))
    return replace(office, post=replace(office.post, serving=serving))


@dataclass
class Room:
    """A shop with an office in a database: verbs without the words that are always the same."""

    db: Database
    office: Office
    site: Site = SHOP

    def ask(
        self,
        type_: RequestType = RequestType.ACCESS,
        person: Person = AIGERIM,
        *,
        language: str = "en",
        **given: object,
    ) -> Request:
        """Let somebody ask."""
        asked = service.Asked(
            id=uuid7(),
            site=self.site,
            type=type_,
            language=language,
            person=person,
            **given,  # type: ignore[arg-type]
        )
        return self.db.apply(service.open_request, self.office, asked)

    def letters(self) -> list[Waiting]:
        """Take every letter that waits, oldest first, as the mail server would."""

        def take(unit: Unit) -> list[Waiting]:
            found = [mails.take(unit, self.office.post.sealer, one) for one in mails.due(unit.connection, unit.now, 99)]
            for letter in filter(None, found):
                mails.sent(unit, letter.id)
            return [letter for letter in found if letter]

        return self.db.apply(take)

    def letter_to(self, person: Person) -> Waiting:
        """Take the last letter to somebody."""
        return [letter for letter in self.letters() if letter.to == person.email][-1]

    def prove(self, request: Request, person: Person = AIGERIM) -> Request:
        """Let who asks press the button behind the link of the letter."""
        return self.db.apply(proving.verify_by_link, self.office, request.site, key_in(self.letter_to(person)))

    def vouch(self, request: Request) -> Request:
        """Let Dana say that she knows who asks."""
        how = "The address is the one of the order."
        return self.db.apply(proving.vouch, self.office, request.ref, DANA, Level.MATCHED, how)

    def tasks(self, request: Request) -> dict[str, Task]:
        """Return the tasks of a request by their processor."""
        return {task.processor: task for task in self.db.ask(task_store.of_request, request.id)}

    def does(self, verb: Callable[..., Any], request: Request, processor: str, *said: object) -> Any:
        """Let a processor do something to its task."""
        ref = TaskRef(request.site, self.tasks(request)[processor].id, processor)
        return self.db.apply(verb, self.office, ref, PROGRAMS[processor], *said)

    def fulfil(self, request: Request, processor: str, result: Result = Result.DONE, **said: Any) -> Task:
        """Let a processor say what it has done."""
        return self.does(processing.fulfil, request, processor, Said(result, **said))


def live_through_a_request(unit: Unit, site: Site) -> None:
    """Leave a trace of a request in every table of this room and of the mail room."""
    office, site = office_of(), replace(site, processors=(DELIVERY, LETTERS))
    sites.keep(unit, site)
    asked = service.Asked(id=uuid7(), site=site, type=RequestType.ACCESS, language="kk", person=AIGERIM)
    request = service.open_request(unit, office, asked)
    service.note(unit, office, request.ref, DANA, "Ask the warehouse.")
    proving.vouch(unit, office, request.ref, Actor(Role.PROGRAM, "key-1"), Level.SIGNED_IN, "She signed in.")
    (task, *_) = task_store.of_request(unit.connection, request.id)
    told = Said(Result.DONE, media_type="application/json", content=b"{}")
    processing.fulfil(unit, office, TaskRef(site.slug, task.id), PROGRAMS[task.processor], told)
    box = store.box(unit.connection, office.vault, request.id)
    filing.add_answer(unit, box, request.id, b"data", "digest", unit.now, 3)
    filing.note_purge(unit, "answers", 0)
    placed = locking.hold(unit, office, request.ref, DANA, Ground.COURT, "Ruling 12")
    locking.release(unit, office, request.ref, DANA, placed.number, "The ruling was set aside.")


def key_in(letter: Waiting) -> str:
    """Return the key in the link of a letter that asks for a proof."""
    found = re.search(r"/confirm/([^?]+)\?", letter.letter.link)
    assert found, letter.letter
    return found[1]


@pytest.fixture
def quick(sqlite_settings: Settings, clock: Clock) -> Iterator[Room]:
    """The shop with its office on SQLite, for what no database decides."""
    with open_database(sqlite_settings, clock=clock) as db:
        db.apply(open_shop)
        yield Room(db, office_of())


@pytest.fixture
def room(db: Database) -> Room:
    """The shop with its office, on both databases."""
    db.apply(open_shop)
    return Room(db, office_of())


@pytest.fixture
def busy(db: Database) -> Room:
    """The shop with two processors, on both databases."""
    db.apply(open_shop)
    db.apply(sites.keep, SHOP_WITH_PROCESSORS)
    return Room(db, office_of(), SHOP_WITH_PROCESSORS)
