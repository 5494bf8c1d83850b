"""What a person wrote is in no file but sealed, and after erasing in none at all."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import select

from consentgw.consents.identifiers import uuid7
from consentgw.db import open_database
from consentgw.errors import Misconfigured
from consentgw.law.profiles import RequestType
from consentgw.mail import store as mails
from consentgw.sites import store as sites
from consentgw.sites.processors import Given
from consentgw.subject_requests import processing, proving, service, store, task_store
from consentgw.subject_requests.model import SUBJECT, Level, Person, State
from consentgw.subject_requests.processing import Said
from consentgw.subject_requests.store import Wanted
from consentgw.subject_requests.tables import proofs
from consentgw.subject_requests.task_store import GivenFile
from consentgw.subject_requests.tasks import Result, TaskRef
from consentgw.subject_requests.vault import Vault
from tests.db import notes
from tests.notices.story import open_shop
from tests.subject_requests.story import AIGERIM, DANA, DELIVERY, YERLAN, office_of

CANARIES = 500
OLD, NEW = b"o" * 32, b"n" * 32


def test_a_word_opens_in_its_own_place_and_in_no_other():
    vault, request = Vault((NEW,), (NEW,)), uuid7()
    wrapped, box = vault.new(request)
    sealed = box.seal("requests", "name", request, "Айгерім")

    assert vault.unwrap(request, wrapped).open("requests", "name", request, sealed) == "Айгерім"
    for table, column, row in (
        ("texts", "name", request),
        ("requests", "email", request),
        ("requests", "name", uuid7()),
    ):
        with pytest.raises(Misconfigured):
            box.open(table, column, row, sealed)
    with pytest.raises(Misconfigured):
        vault.unwrap(uuid7(), wrapped)
    with pytest.raises(Misconfigured):
        box.open("requests", "name", request, sealed[:-1] + bytes([sealed[-1] ^ 1]))


def test_the_same_word_is_sealed_differently_each_time():
    _, box = Vault((NEW,), (NEW,)).new(request := uuid7())

    assert len({box.seal("requests", "name", request, "Айгерім") for _ in range(20)}) == 20
    assert box.seal("requests", "name", request, "") is None


def test_a_replaced_secret_still_opens_and_still_finds():
    request = uuid7()
    before, after = Vault((OLD,), (OLD,)), Vault((NEW, OLD), (NEW, OLD))
    wrapped, box = before.new(request)
    sealed = box.seal("requests", "name", request, "Айгерім")

    assert after.unwrap(request, wrapped).open("requests", "name", request, sealed) == "Айгерім"
    assert before.digest("shop", AIGERIM.email) in after.digests("shop", AIGERIM.email)
    with pytest.raises(Misconfigured):
        Vault((NEW,), (NEW,)).unwrap(request, wrapped)


def test_an_address_is_found_however_it_is_written_and_not_from_one_site_to_another():
    vault = Vault((NEW,), (NEW,))

    assert vault.digest("shop", " Aigerim@Mail.example") == vault.digest("shop", "aigerim@mail.example ")
    assert vault.digest("shop", AIGERIM.email) != vault.digest("news", AIGERIM.email)
    assert vault.digest("shop", AIGERIM.email) != Vault((NEW,), (OLD,)).digest("shop", AIGERIM.email)


CANARY = "қанар-731"
"""In every word of theirs, so one look finds any of them."""


def canary(number: int) -> Person:
    """Return somebody who is nowhere else."""
    return Person(
        name=f"{CANARY} {number}",
        email=f"canary.731.{number}@mail.example",
        phone=f"+7 {CANARY} {number}",
        details=f"{CANARY} {number}: the parcel never came",
        representative=f"The mother of {CANARY} {number}",
    )


TRACES = (CANARY.encode(), CANARY.encode("utf-16-le"), b"canary.731.")


def bytes_of(settings) -> dict[str, bytes]:
    """Return every byte the database has written: its files, or the dump of a server."""
    if settings.embedded:
        return {file.name: file.read_bytes() for file in settings.data.rglob("*") if file.is_file()}
    with notes.stranger(settings) as connection:
        tables = notes.column(connection, "SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        return {table: repr(connection.execute(f"SELECT * FROM {table}").fetchall()).encode() for table in tables}


def test_five_hundred_people_are_in_no_file_before_and_their_keys_in_none_after(settings, clock, caplog):
    people = [canary(number) for number in range(CANARIES if settings.embedded else CANARIES // 10)]
    office = office_of(settings)
    with open_database(settings, clock=clock) as db:
        by_receipt = replace(DELIVERY, given=frozenset({Given.RECEIPT}))  # one in ten has one
        shop = replace(db.apply(open_shop), processors=(by_receipt,))
        db.apply(sites.keep, shop)

        def live(unit):
            for number, person in enumerate(people):
                asked = service.Asked(
                    id=uuid7(), site=shop, type=RequestType.ERASURE, language="kk", person=person,
                    receipt=None if number % 10 else uuid7(),
                )  # fmt: skip
                request = service.open_request(unit, office, asked)
                service.note(unit, office, request.ref, DANA, f"Note about {person.name}")
                service.message(unit, office, request.ref, SUBJECT, f"Words of {person.name}")
                proof = unit.connection.execute(select(proofs.c.id).where(proofs.c.request == request.id)).scalar_one()
                proving.verify_by_link(unit, office, "shop", office.addresses.key(proof))
                if asked.receipt:
                    (task,) = task_store.of_request(unit.connection, request.id)
                    box = store.box(unit.connection, office.vault, request.id)
                    task_store.add_file(unit, box, task, GivenFile("delivery", "text/plain", person.name.encode()))
                    said = Said(Result.DONE, f"Erased what was held of {person.name}")
                    processing.fulfil(unit, office, TaskRef("shop", task.id), DANA, said)
                else:
                    proving.vouch(unit, office, request.ref, DANA, Level.MATCHED, f"Known as {person.name}")
                service.erase(unit, office, request.ref, DANA, f"Asked by {person.name}")

        db.apply(live)
        wrapped = db.ask(lambda c: c.exec_driver_sql("SELECT wrapped FROM subject_request_keys").scalars().all())
        digests = [office.vault.digest("shop", person.email) for person in people]
        before = bytes_of(settings)
        assert len(wrapped) == len(people)
        if settings.embedded:
            secrets = [*wrapped, *digests]
            assert all(any(bytes(secret) in data for data in before.values()) for secret in secrets)
        assert not [name for name, data in before.items() if any(trace in data for trace in TRACES)]

        def erase(unit):
            for request in service.list_requests(unit.connection, Wanted(limit=CANARIES)):
                service.erase(unit, office, request.ref, YERLAN, "Agreed")
            for letter in mails.due(unit.connection, unit.now, 10 * CANARIES):
                mails.sent(unit, letter)

        db.apply(erase)
        after = bytes_of(settings)
        left = db.ask(service.list_requests, Wanted(limit=CANARIES))

    assert {request.state for request in left} == {State.COMPLETED}
    assert not [name for name, data in after.items() if any(trace in data for trace in TRACES)]
    for secret in (*wrapped, *digests):
        assert not [name for name, data in after.items() if bytes(secret) in data]
    assert CANARY not in caplog.text
