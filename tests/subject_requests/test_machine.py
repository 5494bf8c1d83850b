"""Whatever is done in whatever order: nobody gets an answer below its level of proof, nobody erases alone, and no
processor is told of what is not proven enough or waited for after the end."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from consentgw.errors import AwaitsProcessors, ConsentgwError, OutOfTurn, Unproven
from consentgw.law.profiles import RequestType
from consentgw.subject_requests import forwarding, processing, proving, service, store
from consentgw.subject_requests.model import NEEDS, SUBJECT, Act, Actor, Level, Reason, Ref, Role, State
from consentgw.subject_requests.processing import Said
from consentgw.subject_requests.proving import Outcome
from consentgw.subject_requests.tasks import Result, TaskRef
from tests.subject_requests.story import AIGERIM, BOLAT, DANA, PROGRAMS, YERLAN, Room, key_in

ACTORS = st.sampled_from([DANA, YERLAN, SUBJECT, Actor(Role.PROGRAM, "key-1")])
ASKED = st.sampled_from(
    [RequestType.ACCESS, RequestType.RECTIFICATION, RequestType.ERASURE, RequestType.RESTRICTION, RequestType.COMPLAINT]
)
"""One type for each way a proof can go."""
AT_ONCE = 2
"""Requests that are handled side by side: with more, most draws would miss the one that has come far."""
WITHOUT = st.sampled_from(["", "They are bankrupt."])
ANSWERS = [
    (processing.fetch, ()),
    (processing.acknowledge, (None,)),
    (processing.fulfil, (Said(Result.DONE),)),
    (processing.decline, ("Not ours.",)),
]
PEOPLE = st.sampled_from([AIGERIM, BOLAT])


@dataclass
class Known:
    """What really happened to a request, by a count of our own."""

    type: RequestType
    ref: Ref
    proven: Level = Level.NOTHING
    proposed_by: Actor | None = None
    letters: list = field(default_factory=list)


def machine(room: Room):
    """Return the machine that does anything to the requests of a room."""

    class Desk(RuleBasedStateMachine):
        def __init__(self):
            super().__init__()
            self.known: list[Known] = []

        def pick(self, data) -> Known:
            return data.draw(st.sampled_from(self.known))

        @precondition(lambda self: len(self.known) < AT_ONCE)
        @rule(type_=ASKED, person=PEOPLE)
        def ask(self, type_, person):
            room.db.clock.step(days=2)  # so that there is room for letters
            request = room.ask(type_, person)
            self.known.append(Known(type_, request.ref))
            self._letters(self.known[-1])

        def _letters(self, known):
            known.letters += [letter for letter in room.letters() if letter.letter.digits]

        @precondition(lambda self: self.known)
        @rule(data=st.data())
        def press_the_button(self, data):
            known = self.pick(data)
            if known.letters:
                with suppress(ConsentgwError):
                    room.db.apply(proving.verify_by_link, room.office, "shop", key_in(known.letters[-1]))
                    known.proven = max(known.proven, Level.MAILBOX)

        @precondition(lambda self: self.known)
        @rule(data=st.data(), right=st.booleans())
        def type_digits(self, data, right):
            known = self.pick(data)
            other = self.pick(data)
            if known.letters and other.letters:
                digits = (known if right else other).letters[-1].letter.digits
                with suppress(ConsentgwError):
                    outcome = room.db.apply(proving.verify_by_digits, room.office, known.ref, digits)
                    if outcome is Outcome.PROVEN:
                        assert digits == known.letters[-1].letter.digits
                        known.proven = max(known.proven, Level.MAILBOX)

        @precondition(lambda self: self.known)
        @rule(data=st.data(), actor=ACTORS, level=st.sampled_from(Level))
        def vouch(self, data, actor, level):
            known = self.pick(data)
            with suppress(ConsentgwError):
                room.db.apply(proving.vouch, room.office, known.ref, actor, level, "I know who it is.")
                assert actor is not SUBJECT
                assert known.proven >= Level.MAILBOX or level is Level.SIGNED_IN
                known.proven = max(known.proven, level)

        @precondition(lambda self: self.known)
        @rule(data=st.data())
        def ask_for_proof(self, data):
            known = self.pick(data)
            room.db.clock.step(days=1, hours=1)
            with suppress(ConsentgwError):
                room.db.apply(proving.ask_proof, room.office, known.ref, DANA, "Who is it?")
                self._letters(known)

        @precondition(lambda self: self.known)
        @rule(data=st.data(), actor=ACTORS, without=WITHOUT)
        def complete(self, data, actor, without):
            known = self.pick(data)
            before = room.db.ask(store.read, known.ref)
            waits = room.db.ask(forwarding.standing, before).waits
            try:
                room.db.apply(service.complete, room.office, known.ref, actor, "This is the answer.", without)
            except Unproven:
                assert known.proven < NEEDS[known.type].answer
            except AwaitsProcessors:
                assert waits
                assert not without
            except OutOfTurn:
                assert (
                    before.state.closed
                    or before.state is State.AWAITING_VERIFICATION
                    or (known.type is RequestType.ERASURE)
                )
            else:
                assert known.proven >= NEEDS[known.type].answer
                assert not before.state.closed
                assert without or not waits

        @precondition(lambda self: self.known)
        @rule(data=st.data(), actor=ACTORS, without=WITHOUT)
        def erase(self, data, actor, without):
            known = self.pick(data)
            waits = room.db.ask(forwarding.standing, room.db.ask(store.read, known.ref)).waits
            with suppress(ConsentgwError):
                after = room.db.apply(service.erase, room.office, known.ref, actor, "As asked.", without)
                assert known.type is RequestType.ERASURE
                assert known.proven >= Level.MAILBOX
                if after.state is State.COMPLETED:
                    assert known.proposed_by not in {None, actor}
                    assert actor.role is Role.OPERATOR
                    assert without or not waits
                known.proposed_by = known.proposed_by or actor

        @precondition(lambda self: self.known)
        @rule(
            data=st.data(), verb=st.sampled_from(["assign", "extend", "message", "note", "confirm", "reject", "cancel"])
        )
        def handle(self, data, verb):
            known = self.pick(data)
            said = {"assign": ("dana",), "cancel": (), "reject": (Reason.NO_MATCH, "Nothing is held.")}
            with suppress(ConsentgwError):
                room.db.apply(getattr(service, verb), room.office, known.ref, DANA, *said.get(verb, ("Words.",)))

        @precondition(lambda self: self.known)
        @rule(data=st.data(), processor=st.sampled_from(["delivery", "letters"]), verb=st.sampled_from(ANSWERS))
        def let_a_processor_act(self, data, processor, verb):
            known = self.pick(data)
            task = room.tasks(room.db.ask(store.read, known.ref)).get(processor)
            if task:
                act, said = verb
                try:
                    room.db.apply(act, room.office, TaskRef("shop", task.id, processor), PROGRAMS[processor], *said)
                except OutOfTurn:
                    assert task.state.closed
                else:
                    assert not task.state.closed
                    assert known.proven >= NEEDS[known.type].forward

        @invariant()
        def nobody_is_told_too_early_or_waited_for_after_the_end(self):
            for known in self.known:
                request = room.db.ask(store.read, known.ref)
                tasks = room.tasks(request).values()
                if tasks:
                    assert known.proven >= NEEDS[known.type].forward
                if request.state.closed:
                    assert all(task.state.closed for task in tasks)
                elif known.proven >= NEEDS[known.type].forward and request.state is not State.AWAITING_VERIFICATION:
                    asked = {one.key for one in room.site.processors_of(known.type)}
                    assert {task.processor for task in tasks} == asked

        @invariant()
        def nobody_has_an_answer_below_its_level(self):
            for known in self.known:
                case = room.db.ask(store.case, room.office.vault, known.ref)
                request = case.request
                assert request.level == known.proven
                if request.state is State.COMPLETED:
                    assert known.proven >= NEEDS[known.type].answer
                completed = [step for step in case.history if step.act is Act.COMPLETE]
                assert len(completed) == (request.state is State.COMPLETED)
                assert case.history[-1].state is request.state
                assert request.state.closed == (request.closed_at is not None)
                assert (request.paused_on is not None) == (request.state is State.AWAITING_VERIFICATION)
                assert bool(request.erased_at) == (case.person.email == "")

    return Desk


def test_no_path_reaches_an_answer_without_its_level(busy):
    run_state_machine_as_test(
        lambda: machine(busy)(),
        settings=settings(
            max_examples=25 if busy.db.embedded else 12,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
