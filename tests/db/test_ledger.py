"""Decisions in any order: the ledger says what a dictionary would, and forgets nothing."""

from __future__ import annotations

import json
from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from consentgw.consents import service, store
from consentgw.consents.model import Held, Method
from consentgw.consents.receipt import KIND
from consentgw.errors import AlreadyAnswered, UnknownPurpose
from consentgw.keys import store as keys
from consentgw.keys.model import compact, verify
from consentgw.notices import store as notices
from tests.notices import story

METHODS = st.sampled_from([method for method in Method if method is not Method.WITHDRAW_SOME])
TICKED = st.sets(st.sampled_from(["analytics", "marketing"])).map(lambda ticked: tuple(sorted(ticked)))


@dataclass
class Person:
    """What we remember of somebody ourselves."""

    receipts: list
    held: Held


def test_what_a_person_holds_is_what_they_said_last(db):
    shop = db.apply(story.open_shop)
    signer = db.apply(story.signer)
    notice = db.ask(notices.latest, shop.slug, story.TAGS).current["kk"]
    jwks = {"keys": db.ask(keys.published)}

    def granted(method, ticked):
        return {Method.ACCEPT_ALL: {"analytics", "marketing"}, Method.SAVE: set(ticked)}.get(method, set())

    class Ledger(RuleBasedStateMachine):
        people = Bundle("people")

        def __init__(self):
            super().__init__()
            self.changed: list[Held] = []
            _, self.seen = db.ask(store.changes, 0)

        @rule(target=people, method=METHODS, ticked=TICKED)
        def answer_first(self, method, ticked):
            answer = story.answer(notice, method, ticked)
            held = db.apply(service.record, answer, signer)
            assert held.granted == granted(method, ticked)
            return Person([answer], held)

        @rule(person=people, method=METHODS, ticked=TICKED)
        def change_mind(self, person, method, ticked):
            answer = story.answer(notice, method, ticked, previous=person.held)
            held = db.apply(service.record, answer, signer)
            assert held.subject == person.held.subject
            assert held.sequence > person.held.sequence
            person.receipts.append(answer)
            person.held = held
            self.changed.append(held)

        @rule(person=people, method=METHODS)
        def send_an_old_form_again(self, person, method):
            for old in person.receipts:
                again = story.answer(notice, method, previous=person.held, receipt=old.receipt)
                with pytest.raises(AlreadyAnswered):
                    db.apply(service.record, again, signer)

        @rule(person=people)
        def answer_what_was_never_asked(self, person):
            answer = story.answer(notice, Method.SAVE, ("profiling",), previous=person.held)
            with pytest.raises(UnknownPurpose):
                db.apply(service.record, answer, signer)

        @rule(person=people)
        def look(self, person):
            for answer in person.receipts:
                assert db.ask(store.held, answer.receipt) == person.held, "any receipt leads to the latest"
                kept = db.ask(store.read, answer.receipt)
                said = verify(compact(kept.body, kept.kid, KIND, kept.signature), jwks, KIND)
                assert said == json.loads(kept.body)
                assert set(said["granted"]) == granted(answer.method, answer.ticked)
                assert set(said["granted"]) | set(said["refused"]) == notice.asked

        @invariant()
        def changes_are_told_in_their_order_and_only_once(self):
            assert db.ask(store.changes, self.seen)[0] == self.changed

    run_state_machine_as_test(
        Ledger,
        settings=settings(
            max_examples=15, stateful_step_count=15, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )


def test_every_kept_answer_has_its_event_and_every_refused_one_has_none(db):
    shop = db.apply(story.open_shop)
    signer = db.apply(story.signer)
    notice = db.ask(notices.latest, shop.slug, story.TAGS).current["kk"]
    count = "SELECT count(*) FROM events WHERE topic <> 'policy.published'"
    answer = story.answer(notice)

    db.apply(service.record, answer, signer)
    with pytest.raises(AlreadyAnswered):
        db.apply(service.record, answer, signer)
    with pytest.raises(UnknownPurpose):
        db.apply(service.record, story.answer(notice, Method.SAVE, ("profiling",)), signer)

    assert db.ask(lambda connection: connection.exec_driver_sql(count).scalar_one()) == 1
