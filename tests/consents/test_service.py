"""Recording: the one way an answer enters the ledger, on both databases."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from consentgw.consents import store
from consentgw.consents.identifiers import uuid7
from consentgw.consents.model import Channel, Method
from consentgw.consents.receipt import KIND
from consentgw.consents.service import record
from consentgw.errors import AlreadyAnswered, NotFound, UnknownPurpose
from consentgw.keys import store as keys
from consentgw.keys.model import compact, verify
from consentgw.notices.catalogue import read_offer
from tests.db import notes
from tests.notices.story import answer, open_shop, signer


@pytest.fixture
def notice(db):
    """What the shop asks in English."""
    return db.ask(read_offer, db.apply(open_shop)).notices["en"]


@pytest.fixture
def key(db):
    """The key that signs."""
    return db.apply(signer)


def test_a_decision_is_kept_signed_and_says_what_was_answered(db, clock, notice, key):
    given = answer(notice, Method.SAVE, ("analytics",))

    held = db.apply(record, given, key)
    kept = db.ask(store.read, given.receipt)

    assert (held.granted, held.refused) == ({"analytics"}, {"marketing"})
    assert (held.receipt, held.sequence) == (given.receipt, kept.sequence)
    assert kept.receipt.decision.decided_at == clock.now
    assert kept.receipt.expires_at == clock.now + given.site.validity
    assert kept.receipt.channel is Channel.INLINE
    assert kept.body == kept.receipt.body()
    claims = verify(compact(kept.body, kept.kid, KIND, kept.signature), {"keys": db.ask(keys.published)}, KIND)
    assert claims == json.loads(kept.body)


def test_one_form_makes_one_receipt_and_its_first_answer_stands(db, notice, key):
    first = answer(notice, Method.REJECT_ALL)
    db.apply(record, first, key)

    with pytest.raises(AlreadyAnswered):
        db.apply(record, answer(notice, Method.ACCEPT_ALL, receipt=first.receipt), key)

    assert db.ask(store.read, first.receipt).receipt.method is Method.REJECT_ALL
    assert len(list(db.ask(_newest, 10))) == 1


def test_one_form_sent_twice_at_once_makes_one_receipt_and_disturbs_nobody(db, notice, key):
    mine, neighbours = answer(notice, Method.REJECT_ALL), [answer(notice, Method.ACCEPT_ALL) for _ in range(2)]
    with notes.busy(db):
        group = [
            db.writer.submit(lambda unit, given=given: record(unit, given, key))
            for given in (neighbours[0], mine, replace(mine, method=Method.ACCEPT_ALL), neighbours[1])
        ]

    first, kept, again, last = [future.exception(30) or future.result() for future in group]

    assert isinstance(again, AlreadyAnswered)
    assert kept.granted == frozenset()
    recorded = [(held.sequence, held.receipt) for held in (first, kept, last)]
    assert [receipt for _, receipt in recorded] == [one.receipt for one in (neighbours[0], mine, neighbours[1])]
    assert recorded == sorted((one.sequence, one.receipt.id) for one in db.ask(_newest, 10))


def test_an_answer_about_what_was_not_asked_is_not_kept(db, notice, key):
    with pytest.raises(UnknownPurpose):
        db.apply(record, answer(notice, Method.SAVE, ("analytics", "profiling")), key)

    assert db.ask(_newest, 10) == []


def test_the_later_place_in_the_ledger_counts_whatever_the_clocks_say(db, clock, notice, key):
    first = db.apply(record, answer(notice, Method.ACCEPT_ALL), key)
    clock.step(hours=-1)
    second = db.apply(record, answer(notice, Method.WITHDRAW, previous=first), key)

    assert second.sequence > first.sequence
    assert second.subject == first.subject
    for receipt in (first.receipt, second.receipt):
        assert db.ask(store.held, receipt) == second
    assert db.ask(store.read, second.receipt).receipt.previous == first.receipt


def test_only_changed_minds_are_told_and_from_a_place_on(db, notice, key):
    alone = db.apply(record, answer(notice), key)
    first = db.apply(record, answer(notice), key)
    second = db.apply(record, answer(notice, Method.WITHDRAW, previous=first), key)
    third = db.apply(record, answer(notice, Method.SAVE, ("marketing",), previous=second), key)

    assert db.ask(store.changes, 0) == ([second, third], third.sequence)
    assert db.ask(store.changes, second.sequence) == ([third], third.sequence)
    assert db.ask(store.changes, third.sequence) == ([], third.sequence)
    assert db.ask(store.held, alone.receipt) == alone


def test_two_people_are_two_subjects(db, notice, key):
    aigerim, bolat = (db.apply(record, answer(notice), key) for _ in range(2))

    assert aigerim.subject != bolat.subject
    assert db.ask(store.held, aigerim.receipt) == aigerim


def test_the_ledger_is_read_back_from_its_end(db, notice, key):
    helds = [db.apply(record, answer(notice), key) for _ in range(5)]

    assert [kept.receipt.id for kept in db.ask(_newest, 3)] == [held.receipt for held in helds[:1:-1]]


def test_a_receipt_nobody_recorded_is_not_found(db):
    for query in (store.read, store.held):
        with pytest.raises(NotFound):
            db.ask(query, uuid7())


def test_identifiers_sort_by_time_and_do_not_repeat():
    made = [uuid7() for _ in range(1_000)]

    assert len(set(made)) == 1_000
    assert all(one.version == 7 and one.variant == "specified in RFC 4122" for one in made)
    assert [one.int >> 80 for one in made] == sorted(one.int >> 80 for one in made)


def test_what_a_site_allows_today_does_not_change_what_was_promised_then(db, notice, key):
    given = answer(notice)
    held = db.apply(record, given, key)
    shorter = replace(given.site, validity=given.site.validity / 2)

    again = db.apply(record, answer(notice, site=shorter, previous=held), key)

    assert db.ask(store.read, held.receipt).receipt.expires_at.timestamp() == held.expires_at
    assert again.expires_at < held.expires_at


def _newest(connection, count):
    return list(store.newest(connection, count))
