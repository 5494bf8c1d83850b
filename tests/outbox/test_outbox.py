"""Events are kept with the change they tell, or not at all."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from consentgw import outbox
from consentgw.errors import Refused
from consentgw.outbox.tables import events


def kept(db):
    return db.ask(lambda connection: connection.execute(select(events).order_by(events.c.sequence)).all())


def test_an_event_says_which_thing_changed_where_and_when(db, clock):
    db.apply(outbox.emit, outbox.RECEIPT_RECORDED, "shop", "shop-2026-11-24")

    (event,) = kept(db)
    assert (event.topic, event.site, event.reference) == ("receipt.recorded", "shop", "shop-2026-11-24")
    assert event.happened_at == clock.now


def test_events_stand_in_the_order_of_what_happened(db):
    for number in range(20):
        db.apply(outbox.emit, outbox.RECEIPT_RECORDED, "shop", str(number))

    assert [event.reference for event in kept(db)] == [str(number) for number in range(20)]
    sequences = [event.sequence for event in kept(db)]
    assert sequences == sorted(set(sequences))


def test_a_change_that_was_refused_has_no_event(db):
    def refuse(unit):
        outbox.emit(unit, outbox.RECEIPT_RECORDED, "shop", "1")
        raise Refused("no")

    with pytest.raises(Refused):
        db.apply(refuse)

    assert kept(db) == []


def test_every_topic_has_a_name_of_its_own():
    topics = [outbox.RECEIPT_RECORDED, outbox.CONSENT_WITHDRAWN, outbox.POLICY_PUBLISHED]

    assert len(set(topics)) == len(topics)
