"""The signed body of a receipt: one spelling, read back to the same receipt, and nothing personal in it."""

from __future__ import annotations

import json

import rfc8785
from hypothesis import given

from consentgw.consents.receipt import read
from tests.consents.answers import receipt, receipts

GOLDEN = (
    '{"channel":"frame","event_time":"2026-11-24T07:00:00Z",'
    '"evidence":{"fetch_site":"same-origin","gpc":false,"origin":"https://gateway.example"},'
    '"granted":["analytics"],"jurisdiction_profile":"kz","language":"kk","method":"save",'
    f'"notice":"{"b" * 64}","pii_principal_id":"01946e9c-0000-7000-8000-000000000002",'
    f'"policy":{{"digest":"{"a" * 64}","version":"shop-2026-11-24"}},'
    '"receipt_id":"01946e9c-0000-7000-8000-000000000001","refused":["marketing"],"replaces":null,'
    '"schema_version":"consentgw-receipt-1","site":"shop","source":"given_by_person",'
    '"valid_until":"2027-05-25T07:00:00Z"}'
)


def test_the_bytes_of_a_receipt_stay_what_they_were_when_it_was_signed():
    assert receipt().body() == GOLDEN.encode()


@given(receipts())
def test_a_receipt_reads_back_as_it_was_written(one):
    assert read(json.loads(one.body())) == one


@given(receipts())
def test_the_body_is_canonical_json(one):
    assert one.body() == rfc8785.dumps(json.loads(one.body()))


@given(receipts())
def test_a_receipt_says_nothing_beyond_its_known_members(one):
    assert sorted(json.loads(one.body())) == sorted(json.loads(GOLDEN))
    assert sorted(json.loads(one.body())["evidence"]) == ["fetch_site", "gpc", "origin"]
