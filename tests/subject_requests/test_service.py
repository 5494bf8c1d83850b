"""Handling a request, on both databases: every act with who, when and why."""

from __future__ import annotations

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from consentgw.consents.identifiers import uuid7
from consentgw.errors import AlreadyAnswered, Gone, Malformed, OutOfTurn, Unproven
from consentgw.law.profiles import RequestType
from consentgw.outbox.tables import events
from consentgw.subject_requests import service, store
from consentgw.subject_requests.model import SUBJECT, Act, Actor, Kind, Person, Reason, Role, State
from consentgw.subject_requests.store import Wanted
from tests.subject_requests.story import AIGERIM, BOLAT, DANA, YERLAN

OPERATOR = "privacy@shop.example"


def topics(room):
    """Return what the outbox tells of requests."""
    query = select(events.c.topic).where(events.c.topic.like("subject_request.%")).order_by(events.c.sequence)
    return [topic.removeprefix("subject_request.") for topic in room.db.ask(lambda c: c.execute(query).scalars().all())]


def case_of(room, request):
    """Return everything that is known of a request."""
    return room.db.ask(store.case, room.office.vault, request.ref)


def do(room, verb, request, *said):
    """Let a verb act on a request."""
    return room.db.apply(verb, room.office, request.ref, *said)


def test_a_request_is_opened_told_and_read_back_in_full(room, clock):
    request = room.ask(RequestType.COMPLAINT)

    case = case_of(room, request)
    assert case.person == AIGERIM
    assert case.request == request
    assert request.received_at == clock.now
    assert [(step.act, step.actor, step.state) for step in case.history] == [(Act.OPEN, "subject", State.RECEIVED)]
    assert topics(room) == ["opened"]
    letters = room.letters()
    assert [letter.to for letter in letters] == [AIGERIM.email, OPERATOR]
    assert request.number in letters[1].letter.paragraphs[1]


def test_one_form_opens_one_request(room):
    asked = service.Asked(id=uuid7(), site=room.site, type=RequestType.COMPLAINT, language="kk", person=AIGERIM)
    first = room.db.apply(service.open_request, room.office, asked)

    with pytest.raises(AlreadyAnswered):
        room.db.apply(service.open_request, room.office, asked)

    assert room.db.ask(store.listed, Wanted()) == [first]
    assert topics(room) == ["opened"]


def test_the_way_of_an_access_request_from_the_question_to_the_answer(room, clock):
    request = room.prove(room.ask())
    clock.step(hours=1)
    do(room, service.assign, request, DANA, "dana")
    do(room, service.note, request, DANA, "Ask the warehouse.")
    do(room, service.message, request, SUBJECT, "Is there news?")
    do(room, service.message, request, DANA, "Tomorrow.")
    room.vouch(request)
    done = do(room, service.complete, request, DANA, "Your data is attached.")

    assert (done.state, done.closed_at, done.assignee) == (State.COMPLETED, clock.now, "dana")
    case = case_of(room, request)
    assert [step.act for step in case.history] == [
        Act.OPEN, Act.PROVE, Act.ASSIGN, Act.NOTE, Act.MESSAGE, Act.MESSAGE, Act.PROVE, Act.COMPLETE,
    ]  # fmt: skip
    assert [(text.kind, text.words) for text in case.texts] == [
        (Kind.NOTE, "Ask the warehouse."),
        (Kind.FROM_SUBJECT, "Is there news?"),
        (Kind.TO_SUBJECT, "Tomorrow."),
        (Kind.TO_SUBJECT, "Your data is attached."),
    ]
    assert topics(room) == ["opened", "verified", "verified", "completed"]


def test_a_refusal_has_a_lawful_reason_and_words(room):
    request = room.ask(RequestType.OBJECTION)
    with pytest.raises(Malformed):
        do(room, service.reject, request, DANA, Reason.NOT_COVERED, " ")

    refused = do(room, service.reject, request, DANA, Reason.NOT_COVERED, "The law keeps it.")

    assert (refused.state, refused.reason) == (State.REJECTED, Reason.NOT_COVERED)
    assert topics(room) == ["opened", "refused"]
    with pytest.raises(OutOfTurn):
        do(room, service.complete, request, DANA, "Or so")


def test_words_are_never_empty(quick):
    request = quick.ask(RequestType.INFORMATION)
    for verb in (service.note, service.message, service.complete, service.extend, service.confirm):
        with pytest.raises((Malformed, OutOfTurn)):
            do(quick, verb, request, DANA, " \n")
    assert [step.act for step in case_of(quick, request).history] == [Act.OPEN]


def test_nobody_erases_alone(room):
    request = room.prove(room.ask(RequestType.ERASURE))
    with pytest.raises(OutOfTurn):
        do(room, service.complete, request, DANA, "Erased")

    with pytest.raises(Unproven):
        do(room, service.erase, request, SUBJECT, "I asked for it.")

    proposed = do(room, service.erase, request, DANA, "She asked for it.")
    assert (proposed.state, proposed.proposed_by) == (State.IN_PROGRESS, "operator:dana")
    for second in (DANA, SUBJECT, Actor(Role.PROGRAM, "key-1")):
        with pytest.raises(Unproven):
            do(room, service.erase, request, second, "Agreed")
    assert case_of(room, request).person == AIGERIM

    erased = do(room, service.erase, request, YERLAN, "Agreed")
    assert erased.state is State.COMPLETED
    assert erased.erased_at


def test_what_is_erased_is_gone_and_what_was_done_stays(room, clock):
    earlier = room.prove(room.ask(RequestType.RESTRICTION))
    do(room, service.complete, earlier, DANA, "Blocked")
    unproven = room.ask(RequestType.RESTRICTION)
    do(room, service.cancel, unproven, SUBJECT)
    waiting = room.ask(RequestType.COMPLAINT)
    bolats = room.ask(RequestType.COMPLAINT, BOLAT)
    clock.step(days=2)
    request = room.prove(room.ask(RequestType.ERASURE))
    do(room, service.erase, request, DANA, "She asked for it.")
    room.letters()

    do(room, service.erase, request, YERLAN, "Agreed")

    for gone in (request, earlier):
        case = case_of(room, gone)
        assert (case.person, case.texts) == (Person(), ())
        assert not any(step.why for step in case.history)
        assert case.history[-1].act is Act.ERASE
        with pytest.raises(Gone):
            do(room, service.note, gone, DANA, "Who was it?")
    assert case_of(room, waiting).person == AIGERIM  # somebody still waits for the answer
    assert case_of(room, unproven).person == AIGERIM  # nobody proved that this was her
    assert case_of(room, bolats).person == BOLAT
    (farewell,) = room.letters()
    assert farewell.to == AIGERIM.email
    assert request.number in farewell.letter.paragraphs[0]


def test_erasing_needs_a_proof(quick):
    request = quick.ask(RequestType.ERASURE)
    with pytest.raises(OutOfTurn):
        do(quick, service.erase, request, DANA, "Somebody asked")
    with pytest.raises(OutOfTurn):
        do(quick, service.erase, quick.ask(RequestType.COMPLAINT), DANA, "Why not")


def test_a_history_cannot_be_changed_and_goes_only_with_its_request(room):
    request = room.ask(RequestType.COMPLAINT)
    for statement in ("UPDATE subject_request_history SET actor = 'eve'", "DELETE FROM subject_request_history"):
        with pytest.raises(IntegrityError, match="append-only"):
            room.db.apply(lambda unit, statement=statement: unit.connection.exec_driver_sql(statement))

    room.db.apply(store.forget, request)

    count = "SELECT count(*) FROM subject_request_history"
    assert room.db.ask(lambda connection: connection.exec_driver_sql(count).scalar_one()) == 0


def test_lists_are_sorted_by_what_is_due_first_and_read_page_by_page(room, clock):
    later = room.ask(RequestType.COMPLAINT)
    soon = room.ask(RequestType.INFORMATION)
    latest = room.ask(RequestType.CONSENT_WITHDRAWAL, BOLAT)
    do(room, service.assign, soon, DANA, "dana")
    soon = room.db.ask(store.read, soon.ref)

    def found(**wanted):
        return room.db.ask(service.list_requests, Wanted(**wanted))

    assert found() == [soon, later, latest]
    assert found(limit=1) == [soon]
    assert found(after=(soon.due_on, soon.id)) == [later, latest]
    assert found(states=(State.IN_PROGRESS,)) == found(assignee="dana") == [soon]
    assert found(types=(RequestType.COMPLAINT,)) == [later]
    assert found(sites=("news",)) == []
    assert found(due_before=later.due_on) == [soon]
    assert found(digests=tuple(room.office.vault.digests("shop", " Bolat@mail.example "))) == [latest]
    assert found(digests=tuple(room.office.vault.digests("news", BOLAT.email))) == []


def test_two_operators_at_once_do_not_both_move_a_request(quick):
    request = quick.ask(RequestType.COMPLAINT)
    do(quick, service.cancel, request, SUBJECT)

    with pytest.raises(OutOfTurn):
        quick.db.apply(store.keep, request, request)


def test_an_address_is_not_told_before_it_was_proven_nor_anything_without_a_server(quick):
    request = quick.ask()
    (letter,) = [letter for letter in quick.letters() if letter.to == AIGERIM.email]
    assert quick.office.addresses.code(request) not in letter.letter.link
    assert letter.letter.digits

    quick.office = type(quick.office)(
        quick.office.vault,
        quick.office.addresses,
        type(quick.office.post)(quick.office.post.sealer, quick.office.post.index, serving=False),
        quick.office.receipts,
        quick.office.calendar,
    )
    quick.ask(person=BOLAT)
    assert quick.letters() == []
