"""Processors: who is told of a request and when, what they may know, and that one request has one answer."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from consentgw import outbox
from consentgw.consents.identifiers import uuid7
from consentgw.errors import AwaitsProcessors, Gone, Invalid, Malformed, NotFound, OutOfTurn
from consentgw.law.profiles import RequestType
from consentgw.outbox.tables import events
from consentgw.sites import store as sites
from consentgw.subject_requests import answers, forwarding, letters, processing, proving, service, store, task_store
from consentgw.subject_requests.clock import Clock, look_through, look_through_tasks, tasks_at_risk
from consentgw.subject_requests.model import SUBJECT, Act, Level, Person, Reason, State
from consentgw.subject_requests.processing import Said
from consentgw.subject_requests.tables import tasks
from consentgw.subject_requests.tasks import Result, TaskRef, TaskState
from consentgw.subject_requests.views import passed_on
from tests.subject_requests.story import (
    AIGERIM,
    BOLAT,
    DANA,
    DELIVERY,
    LETTERS,
    PROGRAMS,
    SHOP_WITH_PROCESSORS,
    YERLAN,
)


def told(room):
    """Return what was told of tasks: topic and processor, oldest first."""
    query = select(events.c.topic, events.c.processor).where(events.c.processor.is_not(None))
    rows = room.db.ask(lambda connection: connection.execute(query.order_by(events.c.sequence)).all())
    return [(topic.removeprefix("subject_request."), processor) for topic, processor in rows]


def acts(room, request):
    """Return what the history says of processors."""
    return [(step.act, step.processor) for step in room.db.ask(store.steps, request.id) if step.processor]


def matched(room, type_=RequestType.ACCESS, person=AIGERIM, **said):
    """Return a request whose mailbox is proven, of a person that Dana knows."""
    return room.vouch(room.prove(room.ask(type_, person, **said), person))


def test_nobody_is_told_of_an_access_request_before_the_person_is_known(busy):
    request = busy.ask()
    assert busy.tasks(request) == {}
    request = busy.prove(request)
    assert (request.level, busy.tasks(request), told(busy)) == (Level.MAILBOX, {}, [])

    request = busy.vouch(request)

    assert set(busy.tasks(request)) == {"delivery", "letters"}
    assert told(busy) == [("forwarded", "delivery"), ("forwarded", "letters")]
    assert acts(busy, request) == [(Act.FORWARD, "delivery"), (Act.FORWARD, "letters")]


def test_a_refusal_of_advertising_needs_no_proof_and_is_passed_on_as_it_is_asked(busy):
    request = busy.ask(RequestType.OBJECTION, Person(email=AIGERIM.email, details="No more letters."))

    assert set(busy.tasks(request)) == {"delivery", "letters"}
    sought = busy.does(processing.fetch, request, "letters")
    assert [(one.type, one.value, one.verified) for one in sought.identities] == [("email", AIGERIM.email, False)]
    assert sought.details == ""


def test_who_could_find_nobody_is_not_asked_and_not_waited_for(busy):
    request = busy.ask(RequestType.OBJECTION, Person(details="No more letters to Abai Avenue 1."))

    assert set(busy.tasks(request)) == {"delivery"}
    assert busy.db.ask(forwarding.standing, request).untold == ()


def test_a_type_that_concerns_no_processor_is_passed_on_to_nobody(busy):
    assert busy.tasks(busy.ask(RequestType.COMPLAINT)) == {}


def test_each_processor_is_told_what_the_site_gives_it_and_no_more(busy):
    request = matched(busy)

    delivery, letters = (busy.does(processing.fetch, request, name) for name in ("delivery", "letters"))

    assert {one.type: one.value for one in delivery.identities} == {"name": AIGERIM.name, "email": AIGERIM.email}
    assert all(one.verified for one in delivery.identities)
    assert delivery.details == AIGERIM.details
    assert [one.value for one in letters.identities] == [AIGERIM.email]
    assert letters.details == ""
    assert acts(busy, request)[2:] == [(Act.FETCH, "delivery"), (Act.FETCH, "letters")]


def test_a_name_that_somebody_merely_typed_beside_their_own_receipt_finds_nobody_else(busy):
    """Eve has a receipt and a mailbox of her own, and types Aigerim's name: a processor must not look for Aigerim."""
    eve = Person(name=AIGERIM.name, email="eve@mail.example", phone=AIGERIM.phone)
    receipt = uuid7()
    request = busy.prove(busy.ask(RequestType.ACCESS, eve, receipt=receipt), eve)
    assert request.level is Level.MATCHED

    sought = busy.does(processing.fetch, request, "delivery")

    assert {one.type: one.value for one in sought.identities} == {"email": eve.email, "receipt": str(receipt)}


def test_a_processor_s_time_is_counted_like_the_request_s_and_ends_within_it(busy, clock):
    request = matched(busy)  # Tuesday, due in three working days
    tasks = busy.tasks(request)
    assert request.rule.unit == "working_days"
    assert (tasks["delivery"].due_on, tasks["letters"].due_on) == (
        request.due_on - timedelta(days=1), request.due_on - timedelta(days=2),
    )  # fmt: skip

    other = busy.prove(busy.ask(person=BOLAT), BOLAT)
    clock.step(days=2)
    assert busy.tasks(busy.vouch(other))["delivery"].due_on == other.due_on


def test_a_task_is_acknowledged_and_completed_once(busy, clock):
    request = matched(busy)
    at = clock.now + timedelta(days=1)

    task = busy.does(processing.acknowledge, request, "delivery", at)
    assert (task.state, task.acknowledged_at, task.expected_at) == (TaskState.ACKNOWLEDGED, clock.now, at)
    clock.step(hours=1)
    later = busy.does(processing.acknowledge, request, "delivery", at + timedelta(days=1))
    assert (later.acknowledged_at, later.expected_at) == (task.acknowledged_at, at + timedelta(days=1))

    task = busy.fulfil(request, "delivery", words="Two orders.")
    assert (task.state, task.result, task.closed_at) == (TaskState.COMPLETED, Result.DONE, clock.now)
    assert busy.tasks(request)["letters"].state is TaskState.FORWARDED
    for verb, said in (
        (processing.fulfil, (Said(Result.NOTHING_HELD),)),
        (processing.acknowledge, (None,)),
        (processing.decline, ("We changed our mind.",)),
        (processing.fetch, ()),
    ):
        with pytest.raises(OutOfTurn):
            busy.does(verb, request, "delivery", *said)
    why = [step.why for step in busy.db.ask(store.case, busy.office.vault, request.ref).history]
    assert why.count("Two orders.") == 1
    assert told(busy)[2:] == [("task_answered", "delivery")]


CONTRADICTIONS = [
    (Said(Result.REFUSED, "We must keep it."), "#/reason"),
    (Said(Result.DONE, "", Reason.KEPT_BY_LAW), "#/reason"),
    (Said(Result.REFUSED, " ", Reason.KEPT_BY_LAW), "#/words"),
    (Said(Result.PARTLY), "#/words"),
    (Said(Result.NOTHING_HELD, media_type="application/json", content=b"{}"), "#/file"),
    (Said(Result.DONE, media_type="application/json", content=b"{"), "#/file/content"),
    (Said(Result.DONE, media_type="application/json", content=b"\xff"), "#/file/content"),
    (Said(Result.DONE, media_type="application/json", content=b"[" * 100_000), "#/file/content"),
    (Said(Result.DONE, media_type="text/plain", content=b"a\x00b"), "#/file/content"),
    (Said(Result.DONE, media_type="application/pdf", content=b"<html>"), "#/file/content"),
    (Said(Result.DONE, media_type="text/plain", content=b"a" * (processing.FILE_BYTES + 1)), "#/file/content"),
]


def test_what_contradicts_itself_is_no_answer(busy):
    request = matched(busy)

    for said, pointer in CONTRADICTIONS:
        with pytest.raises(Invalid) as refused:
            busy.does(processing.fulfil, request, "delivery", said)
        assert [fault.pointer for fault in refused.value.faults] == [pointer]

    assert busy.tasks(request)["delivery"].state is TaskState.FORWARDED


def test_a_file_goes_only_with_an_answer_to_who_asks_for_data(busy):
    request = matched(busy, RequestType.ERASURE)

    with pytest.raises(Invalid, match="answered like that"):
        busy.fulfil(request, "delivery", media_type="application/json", content=b"{}")


def test_nothing_is_promised_for_a_day_that_has_passed(busy, clock):
    request = matched(busy)

    with pytest.raises(Invalid):
        busy.does(processing.acknowledge, request, "delivery", clock.now - timedelta(seconds=1))


def test_to_decline_is_to_say_why(busy):
    request = matched(busy)
    with pytest.raises(Malformed):
        busy.does(processing.decline, request, "letters", " ")

    assert busy.does(processing.decline, request, "letters", "We hold no letters of this shop.").state == "declined"
    busy.fulfil(request, "delivery")

    letter = [one for one in busy.letters() if one.to == busy.site.operator.email][-1]
    assert letter.letter.subject == "Барлық өңдеуші сұрау салуға жауап берді"
    assert busy.db.apply(service.complete, busy.office, request.ref, DANA, "Here it is.").state is State.COMPLETED


def test_the_answer_holds_what_the_processors_gave(busy):
    request = matched(busy)
    orders = json.dumps({"orders": 2}).encode()
    busy.fulfil(request, "delivery", media_type="application/json", content=orders)
    busy.fulfil(request, "letters", Result.NOTHING_HELD)

    busy.db.apply(service.complete, busy.office, request.ref, DANA, "Here it is.")

    package = busy.db.apply(answers.download, busy.office, request.ref)
    with zipfile.ZipFile(io.BytesIO(package.file)) as archive:
        assert archive.read("processors/delivery.json") == orders
        assert "processors/delivery.json" in json.loads(archive.read("manifest.json"))["sha256"]
        assert "Delivery service" in archive.read("index.html").decode()


def test_what_a_processor_gave_for_one_request_is_in_no_other_answer(busy):
    first = matched(busy)
    busy.fulfil(first, "delivery", media_type="text/plain", content=b"orders")
    busy.fulfil(first, "letters")
    busy.db.apply(service.complete, busy.office, first.ref, DANA, "Here it is.")
    second = matched(busy)
    busy.fulfil(second, "delivery", Result.NOTHING_HELD)
    busy.fulfil(second, "letters", Result.NOTHING_HELD)
    busy.db.apply(service.complete, busy.office, second.ref, DANA, "Here it is.")

    package = busy.db.apply(answers.download, busy.office, second.ref)

    with zipfile.ZipFile(io.BytesIO(package.file)) as archive:
        assert not [name for name in archive.namelist() if name.startswith("processors/")]


def test_a_request_is_not_answered_past_an_open_processor_without_a_reason(busy):
    request = matched(busy)
    busy.fulfil(request, "letters")

    with pytest.raises(AwaitsProcessors, match="delivery"):
        busy.db.apply(service.complete, busy.office, request.ref, DANA, "Here it is.")
    assert busy.db.ask(store.read, request.ref).state is State.IN_PROGRESS

    busy.db.apply(service.complete, busy.office, request.ref, DANA, "Here it is.", "They are bankrupt.")

    assert busy.tasks(request)["delivery"].state is TaskState.RECALLED
    assert busy.tasks(request)["letters"].state is TaskState.COMPLETED
    assert told(busy)[-1] == ("recalled", "delivery")
    steps = busy.db.ask(store.case, busy.office.vault, request.ref).history
    assert [step.why for step in steps if step.act is Act.RECALL] == ["They are bankrupt."]
    with pytest.raises(OutOfTurn):
        busy.fulfil(request, "delivery")


def test_an_erasure_reaches_the_processors_before_us(busy):
    request = busy.prove(busy.ask(RequestType.ERASURE))
    assert busy.tasks(request) == {}
    assert busy.db.ask(forwarding.standing, request).untold == ("delivery", "letters")
    busy.db.apply(service.erase, busy.office, request.ref, DANA, "As asked.")
    with pytest.raises(AwaitsProcessors):
        busy.db.apply(service.erase, busy.office, request.ref, YERLAN, "I agree.")

    busy.vouch(request)
    busy.does(processing.fetch, request, "delivery")
    busy.fulfil(request, "delivery", words="Two orders erased.")
    with pytest.raises(AwaitsProcessors, match="letters"):
        busy.db.apply(service.erase, busy.office, request.ref, YERLAN, "I agree.")
    busy.fulfil(request, "letters", Result.PARTLY, words="The invoices stay.")
    erased = busy.db.apply(service.erase, busy.office, request.ref, YERLAN, "I agree.")

    assert (erased.state, erased.erased_at is not None) == (State.COMPLETED, True)
    assert {task.state for task in busy.tasks(request).values()} == {TaskState.COMPLETED}
    assert "Two orders erased." not in str(busy.db.ask(store.case, busy.office.vault, request.ref))


def test_an_erasure_without_a_processor_says_why_and_takes_two_all_the_same(busy):
    request = busy.prove(busy.ask(RequestType.ERASURE))
    busy.db.apply(service.erase, busy.office, request.ref, DANA, "As asked.")

    busy.db.apply(service.erase, busy.office, request.ref, YERLAN, "I agree.", "Only the mailbox is proven.")

    assert acts(busy, request) == [(Act.RECALL, "delivery"), (Act.RECALL, "letters")]
    assert busy.tasks(request) == {}


@pytest.mark.parametrize("end", ["cancel", "reject"])
def test_the_end_of_a_request_recalls_its_tasks(busy, end):
    request = matched(busy)
    busy.fulfil(request, "letters")
    said = (SUBJECT,) if end == "cancel" else (DANA, Reason.EXCESSIVE, "It is the fifth this week.")

    busy.db.apply(getattr(service, end), busy.office, request.ref, *said)

    states = {name: task.state for name, task in busy.tasks(request).items()}
    assert states == {"delivery": TaskState.RECALLED, "letters": TaskState.COMPLETED}
    assert told(busy)[-1] == ("recalled", "delivery")


def test_a_request_nobody_proves_ends_without_having_been_told_to_anybody(busy, clock):
    request = busy.ask()
    clock.step(days=15)

    busy.db.apply(look_through, busy.office, "shop")

    assert busy.db.ask(store.read, request.ref).state is State.EXPIRED
    assert (busy.tasks(request), told(busy)) == ({}, [])


def test_what_is_due_and_late_is_told_once_and_counted(busy, clock):
    request = matched(busy)
    busy.letters()
    clock.step(days=1)
    for _ in range(2):
        busy.db.apply(look_through_tasks, busy.office, "shop")
    assert told(busy)[2:] == [("task_due_soon", "letters"), ("task_due_soon", "delivery")]
    assert busy.db.ask(tasks_at_risk, clock.now.date()) == {"due_soon": 2, "overdue": 0}
    assert busy.letters() == []

    busy.fulfil(request, "letters")
    clock.step(days=3)
    for _ in range(2):
        busy.db.apply(look_through_tasks, busy.office, "shop")

    assert told(busy)[4:] == [("task_answered", "letters"), ("task_overdue", "delivery")]
    assert busy.db.ask(tasks_at_risk, clock.now.date()) == {"due_soon": 0, "overdue": 1}
    assert busy.db.ask(task_store.late, [request.id], clock.now.date()) == {request.id}
    (letter,) = (one.letter for one in busy.letters())
    assert letter.subject == "Өңдеуші сұрау салуды мерзімінде орындамады"
    due_on = busy.tasks(request)["delivery"].due_on
    assert due_on < request.due_on
    assert letters.day(due_on, busy.site.language) in " ".join(letter.paragraphs)


@pytest.mark.anyio
async def test_the_clock_looks_at_tasks_whose_requests_are_far_from_due(busy, clock):
    slow = replace(DELIVERY, days=1, types=frozenset({RequestType.CONSENT_WITHDRAWAL}))
    busy.db.apply(sites.keep, replace(SHOP_WITH_PROCESSORS, processors=(slow,)))
    busy.ask(RequestType.CONSENT_WITHDRAWAL, Person(email=AIGERIM.email, details="Stop."))
    clock.step(days=4)

    await Clock(busy.office).remind(busy.db)

    assert told(busy)[1:] == [("task_overdue", "delivery")]


def test_another_processor_s_and_another_site_s_task_is_not_found(busy):
    request = matched(busy)
    task = busy.tasks(request)["delivery"]

    for ref in (TaskRef("shop", task.id, "letters"), TaskRef("news", task.id), TaskRef("news", task.id, "delivery")):
        for verb, said in (
            (processing.fetch, ()),
            (processing.acknowledge, (None,)),
            (processing.fulfil, (Said(Result.DONE),)),
            (processing.decline, ("No.",)),
        ):
            with pytest.raises(NotFound):
                busy.db.apply(verb, busy.office, ref, PROGRAMS["letters"], *said)


def test_a_processor_that_is_none_any_more_is_told_nothing(busy):
    request = matched(busy)
    busy.db.apply(sites.keep, replace(SHOP_WITH_PROCESSORS, processors=(LETTERS,)))

    with pytest.raises(Gone):
        busy.does(processing.fetch, request, "delivery")


def test_tasks_go_with_their_request_and_the_files_with_the_words(busy, clock):
    request = matched(busy)
    busy.fulfil(request, "delivery", media_type="text/plain", content=b"two orders")
    busy.db.apply(service.cancel, busy.office, request.ref, SUBJECT)
    assert busy.tasks(request)["delivery"].files == 1

    busy.db.apply(service.forget_words, busy.office, busy.db.ask(store.read, request.ref), DANA)
    assert (busy.tasks(request)["delivery"].files, busy.tasks(request)["delivery"].result) == (0, Result.DONE)

    busy.db.apply(store.forget, busy.db.ask(store.read, request.ref))
    assert busy.db.ask(lambda connection: connection.execute(select(tasks)).all()) == []


def test_a_processor_has_one_task_of_a_request(busy):
    request = matched(busy)
    again = replace(busy.tasks(request)["delivery"], id=uuid7())

    with pytest.raises(IntegrityError):
        busy.db.apply(task_store.add, again)


def test_of_two_answers_at_once_one_counts(busy):
    request = matched(busy)
    before = busy.tasks(request)["delivery"]
    busy.fulfil(request, "delivery")

    with pytest.raises(OutOfTurn):
        busy.db.apply(task_store.keep, before, replace(before, state=TaskState.DECLINED))


def test_a_task_s_event_says_nothing_of_anybody(busy):
    matched(busy)

    rows = busy.db.ask(lambda connection: outbox.after(connection, 0, 100))

    said = " ".join(str(row) for row in rows)
    assert not [word for word in (AIGERIM.name, AIGERIM.email, AIGERIM.details) if word in said]


def test_digits_prove_a_mailbox_for_processors_too(busy):
    request = busy.ask(RequestType.ACCESS, receipt=uuid7())
    digits = busy.letter_to(AIGERIM).letter.digits

    busy.db.apply(proving.verify_by_digits, busy.office, request.ref, digits)

    assert set(busy.tasks(request)) == {"delivery", "letters"}


def erased(busy):
    """Return a request of Aigerim's to erase that two have agreed to, with the letter that says so."""
    request = next(one for one in busy.db.ask(service.list_requests, store.Wanted()) if one.site == busy.site.slug)
    for second in (DANA, YERLAN):
        request = busy.db.apply(service.erase, busy.office, request.ref, second, "As asked.")
    return request, "\n".join(busy.letter_to(AIGERIM).letter.paragraphs)


def test_who_asked_to_erase_learns_which_processor_keeps_what_and_why(busy):
    request = matched(busy, RequestType.ERASURE)
    busy.fulfil(request, "delivery", Result.REFUSED, reason=Reason.KEPT_BY_LAW, words="Secret words about invoices.")
    busy.fulfil(request, "letters")

    request, letter = erased(busy)

    assert request.reason is Reason.KEPT_BY_LAW
    assert "but for what a law" in letter
    assert "Delivery service: It has refused (a law obliges the operator to keep the data)." in letter
    assert "Secret" not in letter
    assert "Mailing service" not in letter
    said = {one.title: one.stands for one in passed_on(busy.site, request, busy.tasks(request).values(), "en")}
    assert said == {
        "Delivery service": "It has refused (a law obliges the operator to keep the data).",
        "Mailing service": "It has answered.",
    }


def test_the_letter_about_an_erasure_names_who_does_not_act_on_it(busy):
    request = matched(busy, RequestType.ERASURE)
    busy.does(processing.decline, request, "delivery", "We have no contract any more.")
    busy.fulfil(request, "letters", Result.REFUSED, reason=Reason.NO_MATCH, words="Nobody of that address.")

    request, letter = erased(busy)

    assert request.reason is None
    assert "is erased here" in letter
    assert "Delivery service: It does not act on it; that is left to the operator." in letter
    assert "Mailing service" not in letter


def test_what_a_processor_holds_is_told_to_nobody_who_merely_typed_an_address(busy):
    unknown, known = busy.ask(RequestType.OBJECTION), matched(busy)
    for request in (unknown, known):
        busy.fulfil(request, "letters", Result.NOTHING_HELD)
        busy.does(processing.decline, request, "delivery", "Not ours.")

    def said(request):
        request = busy.db.ask(store.read, request.ref)
        return [one.stands for one in passed_on(busy.site, request, busy.tasks(request).values(), "en")]

    declined = "It does not act on it; that is left to the operator."
    assert said(unknown) == [declined, "It has answered."]
    assert said(known) == [declined, "It holds nothing about you."]
