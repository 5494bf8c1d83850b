"""The client against a running gateway: what is recorded is what stands, and what was signed verifies offline."""

from __future__ import annotations

import json
from uuid import uuid4

import pytest

from consentgw.client import AsyncClient, Refused, verify_receipt, verify_record
from tests.kits.house import House

pytestmark = pytest.mark.anyio


@pytest.fixture
def consent(house: House):
    with house.client() as client:
        yield client


def test_what_is_recorded_stands_until_it_is_withdrawn(consent):
    subject = f"id:{uuid4()}"

    assert consent.standing(subject).purposes["analytics"].reason == "undecided"
    first = consent.record(subject, {"analytics": True}, language="kk")
    held = consent.standing(subject)
    last = consent.withdraw(subject, ["analytics"])

    assert (first.granted, first.refused) == ({"analytics"}, {"marketing"})
    assert (held.receipt, held.sequence, held.subject) == (first.id, first.sequence, first.subject)
    assert held.allows("analytics")
    assert held.valid_until > held.decided_at
    assert last.sequence > first.sequence
    assert not consent.standing(subject).allows("analytics")


def test_many_are_asked_about_in_one_request_and_in_their_order(consent):
    yes, no = f"id:{uuid4()}", f"id:{uuid4()}"
    consent.record(yes, {"analytics": True})

    assert [held.allows("analytics") for held in consent.standings([no, yes, no])] == [False, True, False]


def test_a_repetition_with_the_same_key_records_once(consent):
    subject, once = f"id:{uuid4()}", str(uuid4())

    first = consent.record(subject, {"analytics": True}, once=once)

    assert consent.record(subject, {"analytics": True}, once=once) == first
    with pytest.raises(Refused) as caught:
        consent.record(subject, {"analytics": False}, once=once)
    assert caught.value.code == "idempotency_key_reused"


def test_a_receipt_verifies_offline_in_either_form_and_not_when_altered(consent):
    record = consent.record(f"id:{uuid4()}", {"analytics": True})
    keys = json.loads(json.dumps(consent.jwks()))

    verify_record(record, keys)
    assert verify_receipt(consent.signed(record.id), keys) == record.receipt


def test_an_identifier_is_linked_to_a_browser_s_subject_once(consent, house):
    returned = house.answer(f"{house.origin}/consent/shop?return=done&state=abc", "accept_all")
    code = returned.partition("code=")[2].partition("&")[0]
    person = consent.redeem(code, name="done", state="abc")
    identifier = str(uuid4())

    assert person.granted == {"analytics", "marketing"}
    assert verify_receipt(person.signed, consent.jwks())["pii_principal_id"] == person.subject
    assert consent.link(person.subject, identifier) is True
    assert consent.link(person.subject, identifier) is False
    assert consent.standing(f"id:{identifier}").allows("analytics", "marketing")


def test_a_code_is_good_once_and_with_its_state(consent, house):
    returned = house.answer(f"{house.origin}/consent/shop?return=done&state=abc", "reject_all")
    code = returned.partition("code=")[2].partition("&")[0]

    with pytest.raises(Refused, match="return_code_dead"):
        consent.redeem(code, name="done", state="other")
    assert consent.redeem(code, name="done", state="abc").granted == frozenset()
    with pytest.raises(Refused, match="return_code_dead"):
        consent.redeem(code, name="done", state="abc")


def test_a_purpose_nobody_asked_about_is_refused(consent):
    with pytest.raises(Refused) as caught:
        consent.record("id:1", {"fun": True})

    assert (caught.value.status, caught.value.code) == (422, "unknown_purpose")


async def test_event_loops_have_the_same(house):
    subject = f"id:{uuid4()}"
    async with AsyncClient(house.origin, house.key, "shop") as consent:
        record = await consent.record(subject, {"marketing": True})
        verify_record(record, await consent.jwks())
        assert verify_receipt(await consent.signed(record.id), await consent.jwks()) == record.receipt
        assert (await consent.holds(subject)).allows("marketing")
        assert [held.allows("marketing") for held in await consent.standings([subject])] == [True]
        assert await consent.link(record.subject, str(uuid4())) in {True, False}
        await consent.withdraw(subject)
        assert not (await consent.holds(subject)).allows("marketing")
