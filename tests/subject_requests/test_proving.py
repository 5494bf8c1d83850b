"""Proving who asks: nobody answers to an address that was only typed, and guessing leads nowhere."""

from __future__ import annotations

import asyncio

import pytest

from consentgw.consents import service as consents
from consentgw.consents.identifiers import uuid7
from consentgw.db import open_database
from consentgw.errors import Gone, Malformed, NotFound, OutOfTurn, Refused, Unproven
from consentgw.law.profiles import RequestType
from consentgw.mail.model import A_DAY
from consentgw.notices.catalogue import read_offer
from consentgw.subject_requests import proving, service, store
from consentgw.subject_requests.model import CLOCK, SUBJECT, Act, Actor, Level, Person, Ref, Role, State
from consentgw.subject_requests.proving import TRIES, Outcome
from tests.notices.story import answer, open_shop, signer
from tests.subject_requests.story import AIGERIM, BOLAT, DANA, Room, key_in, office_of

WRONG = "00000000"


def digits_of(room, person=AIGERIM):
    """Return the digits of the last letter to somebody, and a wrong guess."""
    digits = room.letter_to(person).letter.digits
    return digits, WRONG if digits != WRONG else "11111111"


def test_pressing_the_button_behind_the_link_proves_the_mailbox_once(room):
    request = room.ask()
    assert (request.state, request.level) == (State.AWAITING_VERIFICATION, Level.NOTHING)
    key = key_in(room.letter_to(AIGERIM))

    proven = room.db.apply(proving.verify_by_link, room.office, "shop", key)

    assert (proven.state, proven.level) == (State.IN_PROGRESS, Level.MAILBOX)
    with pytest.raises(Gone):
        room.db.apply(proving.verify_by_link, room.office, "shop", key)


def test_the_status_page_moves_to_who_reads_the_mailbox(room):
    request = room.ask()
    before = room.office.addresses.code(request)

    proven = room.prove(request)

    assert room.office.addresses.code(proven) != before
    assert room.office.addresses.request(before) == (request.id, 0)
    assert room.office.addresses.code(proven) in room.letter_to(AIGERIM).letter.link


@pytest.mark.parametrize(("language", "said"), [("kk", "өшіру"), ("ru", "Удаление"), ("en", "Erasure")])
def test_the_letter_says_what_is_confirmed_and_its_number(quick, language, said):
    """Eve asks for an erasure in Aigerim's name on the day Aigerim asks for access."""
    mine = quick.ask(language=language)
    letter = quick.letter_to(AIGERIM).letter
    eves = quick.ask(RequestType.ERASURE, language=language)
    other = quick.letter_to(AIGERIM).letter

    assert eves.number in other.paragraphs[0]
    assert said in other.paragraphs[0]
    assert mine.number in letter.paragraphs[0]
    assert said not in letter.paragraphs[0]
    assert letter.subject == other.subject


def test_a_link_proves_nothing_at_another_site_nor_after_a_day_nor_altered(quick, clock):
    quick.ask()
    key = key_in(quick.letter_to(AIGERIM))

    with pytest.raises(NotFound):
        quick.db.apply(proving.verify_by_link, quick.office, "news", key)
    with pytest.raises(NotFound):
        quick.db.apply(proving.verify_by_link, quick.office, "shop", key[:-1] + ("A" if key[-1] != "A" else "B"))
    clock.step(hours=24, seconds=1)
    with pytest.raises(Gone):
        quick.db.apply(proving.verify_by_link, quick.office, "shop", key)


def test_a_newer_letter_makes_the_older_one_useless(quick, clock):
    request = quick.ask()
    old = quick.letter_to(AIGERIM)
    clock.step(minutes=1)
    assert quick.db.apply(proving.resend, quick.office, request.ref)

    with pytest.raises(Gone):
        quick.db.apply(proving.verify_by_link, quick.office, "shop", key_in(old))
    assert quick.db.apply(proving.verify_by_digits, quick.office, request.ref, old.letter.digits) is Outcome.WRONG


def test_eight_digits_prove_it_too_within_ten_minutes(room, clock):
    request = room.ask()
    digits, wrong = digits_of(room)
    assert len(digits) == 8
    assert room.db.apply(proving.verify_by_digits, room.office, request.ref, wrong) is Outcome.WRONG

    clock.step(minutes=9)
    assert room.db.apply(proving.verify_by_digits, room.office, request.ref, digits) is Outcome.PROVEN

    proven = room.db.ask(store.read, request.ref)
    assert (proven.level, proven.state, proven.turn) == (Level.MAILBOX, State.IN_PROGRESS, 1)
    assert room.db.apply(proving.verify_by_digits, room.office, request.ref, digits) is Outcome.OVER


def test_digits_that_came_too_late_prove_nothing(quick, clock):
    request = quick.ask()
    digits, _ = digits_of(quick)
    clock.step(minutes=10, seconds=1)

    assert quick.db.apply(proving.verify_by_digits, quick.office, request.ref, digits) is Outcome.OVER


@pytest.mark.anyio
async def test_of_sixty_guesses_at_once_no_more_than_five_are_looked_at(room):
    request = room.ask()
    digits, wrong = digits_of(room)

    guesses = [room.db.write(proving.verify_by_digits, room.office, request.ref, wrong) for _ in range(60)]
    outcomes = await asyncio.gather(*guesses)

    assert outcomes.count(Outcome.WRONG) == TRIES
    assert outcomes.count(Outcome.OVER) == 55
    assert await room.db.write(proving.verify_by_digits, room.office, request.ref, digits) is Outcome.OVER


@pytest.mark.anyio
async def test_two_processes_guessing_at_once_have_five_tries_together(postgres_settings, clock):
    with open_database(postgres_settings, clock=clock) as here, open_database(postgres_settings, clock=clock) as there:
        here.apply(open_shop)
        room = Room(here, office_of())
        request = room.ask()
        _, wrong = digits_of(room)

        guesses = [
            db.write(proving.verify_by_digits, room.office, request.ref, wrong)
            for _ in range(30)
            for db in (here, there)
        ]
        outcomes = await asyncio.gather(*guesses)

    assert outcomes.count(Outcome.WRONG) == TRIES


def test_an_address_gets_three_letters_a_day_however_often_somebody_asks(quick, clock):
    requests = [quick.ask() for _ in range(A_DAY + 2)]

    assert len([letter for letter in quick.letters() if letter.to == AIGERIM.email]) == A_DAY
    assert not quick.db.apply(proving.resend, quick.office, requests[-1].ref)
    quick.ask(person=BOLAT)
    assert [letter.to for letter in quick.letters() if letter.to != "privacy@shop.example"] == [BOLAT.email]
    clock.step(days=1, seconds=1)
    assert quick.db.apply(proving.resend, quick.office, requests[-1].ref)


def test_a_mailbox_alone_never_gets_data_however_well_it_is_proven(quick):
    request = quick.prove(quick.ask())

    with pytest.raises(Unproven):
        quick.db.apply(service.complete, quick.office, request.ref, DANA, "Here it is")


def test_a_receipt_and_a_mailbox_are_a_match(room):
    notice = room.db.ask(read_offer, room.site).notices["en"]
    held = room.db.apply(consents.record, answer(notice), room.db.apply(signer))
    request = room.ask(receipt=held.receipt)
    assert request.level is Level.NOTHING

    assert room.prove(request).level is Level.MATCHED


def test_an_operator_vouches_and_says_how(room):
    request = room.ask(person=Person(name="Aigerim"))

    known = room.vouch(request)

    assert (known.level, known.state) == (Level.MATCHED, State.IN_PROGRESS)
    step = room.db.ask(store.case, room.office.vault, request.ref).history[-1]
    assert (step.act, step.actor, step.why) == (Act.PROVE, "operator:dana", "The address is the one of the order.")


def test_whoever_is_known_already_is_not_told_once_more_that_the_request_was_received(quick):
    request = quick.prove(quick.ask())
    quick.letters()

    quick.vouch(request)

    assert quick.letters() == []


def test_nobody_vouches_for_themselves_nor_without_saying_how_nor_for_less_than_a_match(quick):
    request = quick.ask()
    for actor, level, how in (
        (SUBJECT, Level.MATCHED, "It is me"),
        (CLOCK, Level.SIGNED_IN, "Time"),
        (DANA, Level.MATCHED, "  "),
        (DANA, Level.MAILBOX, "The mailbox"),
        (DANA, Level.SIGNED_IN, "I saw her sign in"),
    ):
        with pytest.raises(Malformed):
            quick.db.apply(proving.vouch, quick.office, request.ref, actor, level, how)
    assert quick.db.ask(store.read, request.ref).level is Level.NOTHING


def test_a_match_is_worth_nothing_before_the_mailbox_is_proven(quick):
    """Eve asks in Aigerim's name, with Aigerim's address, which the shop knows well."""
    request = quick.ask()
    with pytest.raises(Unproven):
        quick.vouch(request)
    assert quick.db.ask(store.read, request.ref).level is Level.NOTHING

    assert quick.vouch(quick.prove(request)).level is Level.MATCHED
    signed_in = quick.ask(person=BOLAT)
    program = Actor(Role.PROGRAM, "key-1")
    known = quick.db.apply(proving.vouch, quick.office, signed_in.ref, program, Level.SIGNED_IN, "Session 7")
    assert known.level is Level.SIGNED_IN


def test_nobody_is_asked_to_prove_more_than_the_answer_needs(quick):
    request = quick.ask(RequestType.INFORMATION)

    with pytest.raises(Refused):
        quick.db.apply(proving.ask_proof, quick.office, request.ref, DANA, "Just to be sure")


def test_nobody_is_asked_for_a_proof_that_a_letter_cannot_add(quick):
    for request in (quick.prove(quick.ask()), quick.ask(person=Person(name="Aigerim"))):
        with pytest.raises(Refused, match="a letter can prove no more"):
            quick.db.apply(proving.ask_proof, quick.office, request.ref, DANA, "The name is another one.")
        assert quick.db.ask(store.read, request.ref) == request


def test_a_closed_request_can_no_longer_be_proven(quick):
    request = quick.ask()
    letter = quick.letter_to(AIGERIM)
    quick.db.apply(service.cancel, quick.office, request.ref, SUBJECT)

    with pytest.raises(OutOfTurn):
        quick.db.apply(proving.verify_by_link, quick.office, "shop", key_in(letter))
    with pytest.raises(OutOfTurn):
        quick.db.apply(proving.verify_by_digits, quick.office, request.ref, letter.letter.digits)


def test_a_second_request_of_the_same_person_inherits_nothing(quick):
    first = quick.vouch(quick.prove(quick.ask()))
    assert first.level is Level.MATCHED

    assert quick.ask().level is Level.NOTHING


def test_another_sites_request_is_not_found(quick):
    request = quick.ask()
    elsewhere = Ref("news", request.id)

    for verb, *said in (
        (proving.verify_by_digits, WRONG),
        (proving.resend,),
        (proving.vouch, DANA, Level.MATCHED, "I know her"),
        (proving.ask_proof, DANA, "why"),
        (service.assign, DANA, "dana"),
        (service.note, DANA, "words"),
        (service.message, DANA, "words"),
        (service.extend, DANA, "why"),
        (service.complete, DANA, "words"),
        (service.cancel, DANA),
        (service.erase, DANA, "why"),
    ):
        with pytest.raises(NotFound):
            quick.db.apply(verb, quick.office, elsewhere, *said)
    with pytest.raises(NotFound):
        quick.db.ask(store.read, Ref("shop", uuid7()))
