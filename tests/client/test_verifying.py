"""Receipts and messages are verified from bytes and keys alone, and one changed bit is found."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime

import pytest
from standardwebhooks import Webhook

from consentgw.client import NotGenuine, Record, verify_receipt, verify_record, verify_webhook
from consentgw.consents.receipt import KIND
from consentgw.http.seals import to_base64
from consentgw.keys.model import Signer, compact, new_key
from consentgw.webhooks import events, signing

PRIVATE, PUBLIC = new_key()
SIGNER = Signer(PUBLIC["kid"], PRIVATE)
JWKS = {"keys": [new_key()[1], PUBLIC]}
SAID = {
    "receipt_id": "0198f2b4-6f0e-7c1a-9a55-5d2c7f3e9b10",
    "pii_principal_id": "0198f2b4-6f0e-7c1a-9a55-5d2c7f3e9b11",
    "language": "kk",
    "granted": ["analytics"],
    "refused": ["marketing"],
    "evidence": {"origin": "https://дүкен.example", "gpc": False},
}
BODY = json.dumps(SAID, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()
JWS = compact(BODY, SIGNER.kid, KIND, SIGNER.sign(BODY, KIND))

SECRETS = signing.Secrets.new()
MESSAGE = events.body(
    "consent.withdrawn", "shop", SAID["receipt_id"], 7, datetime(2026, 11, 24, tzinfo=UTC), "https://consent.example"
)


def message(at=None, secrets=SECRETS, body=MESSAGE):
    """Return the headers of a message."""
    at = int(time.time()) if at is None else at
    return {
        name.decode(): value.decode()
        for name, value in signing.headers("msg_1", body, at, [signing.Secrets.new(), secrets])
    }


def test_a_receipt_is_verified_by_the_key_that_signed_it():
    assert verify_receipt(f"{JWS}\n", JWKS) == SAID


def test_a_receipt_that_was_altered_anywhere_is_not_genuine():
    for place in range(len(JWS)):
        other = "A" if JWS[place] != "A" else "B"
        altered = JWS[:place] + other + JWS[place + 1 :]
        try:
            said = verify_receipt(altered, JWKS)
        except NotGenuine:
            continue
        # The last letter of base64 has bits that say nothing.
        assert said == SAID, place
        assert place in {JWS.index(".") - 1, JWS.rindex(".") - 1, len(JWS) - 1}


@pytest.mark.parametrize(
    "text", ["", ".", "..", "a.b.c", "a.b", JWS + ".x", "e30.e30.e30", "W10.W10.W10", "\N{SNOWMAN}.a.b", "[" * 100_000]
)
def test_what_is_no_receipt_is_not_genuine(text):
    with pytest.raises(NotGenuine):
        verify_receipt(text, JWKS)


def test_a_message_of_another_kind_by_the_same_key_is_no_receipt():
    with pytest.raises(NotGenuine, match="no receipt"):
        verify_receipt(compact(BODY, SIGNER.kid, "JWT", SIGNER.sign(BODY, "JWT")), JWKS)


@pytest.mark.parametrize(
    "keys",
    [{"keys": []}, {}, {"keys": [{"kid": PUBLIC["kid"]}]}, {"keys": [new_key()[1]]}],
    ids=["no", "none", "half", "other"],
)
def test_a_key_that_is_not_among_ours_verifies_nothing(keys):
    with pytest.raises(NotGenuine):
        verify_receipt(JWS, keys)


def test_a_record_is_verified_as_the_api_answers_it():
    signature = to_base64(SIGNER.sign(BODY, KIND))

    verify_record(Record(1, dict(reversed(SAID.items())), SIGNER.kid, signature), JWKS)
    with pytest.raises(NotGenuine, match="altered"):
        verify_record(Record(1, {**SAID, "granted": ["marketing"]}, SIGNER.kid, signature), JWKS)


@pytest.mark.parametrize("key", [SECRETS.secret, SECRETS.public], ids=["v1", "v1a"])
def test_a_message_is_verified_by_either_key(key):
    event = verify_webhook(message(), MESSAGE, key)

    assert (event.id, event.type, event.data["id"]) == ("msg_1", "consent.withdrawn", SAID["receipt_id"])
    assert event.happened_at == datetime(2026, 11, 24, tzinfo=UTC)


def test_a_message_that_the_standard_s_own_package_signed_is_verified():
    at = datetime.now(UTC)
    headers = {
        "webhook-id": "msg_2",
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Webhook(SECRETS.secret).sign("msg_2", at, MESSAGE.decode()),
    }

    assert verify_webhook(headers, MESSAGE, SECRETS.secret).id == "msg_2"


@pytest.mark.parametrize("key", [SECRETS.secret, SECRETS.public], ids=["v1", "v1a"])
@pytest.mark.parametrize(
    "change",
    [
        {"webhook-id": "msg_9"},
        {"webhook-timestamp": "1"},
        {"webhook-signature": ""},
        {"webhook-signature": "v1,AAAA v1a,AAAA"},
        {"webhook-signature": "v1, v1a,"},
        {"webhook-signature": "v1,%%%"},
    ],
    ids=str,
)
def test_a_message_that_was_altered_is_not_genuine(key, change):
    with pytest.raises(NotGenuine):
        verify_webhook({**message(), **change}, MESSAGE, key)
    with pytest.raises(NotGenuine):
        verify_webhook(message(), MESSAGE + b" ", key)


@pytest.mark.parametrize("key", ["", "whsec_", "whpk_", "whsec_%", "whpk_%", "nothing"])
def test_another_key_verifies_nothing(key):
    for other in (key, SECRETS.secret.replace("whsec", "whpk"), signing.Secrets.new().secret):
        with pytest.raises(NotGenuine):
            verify_webhook(message(), MESSAGE, other)


def test_a_signature_is_of_the_kind_of_the_key():
    """Whoever knows the public key could otherwise use it as the secret."""
    public = SECRETS.public.partition("_")[2]
    forged = Webhook(f"whsec_{public}").sign("msg_1", now := datetime.now(UTC), MESSAGE.decode())
    headers = {"webhook-id": "msg_1", "webhook-timestamp": str(int(now.timestamp())), "webhook-signature": forged}

    with pytest.raises(NotGenuine):
        verify_webhook(headers, MESSAGE, SECRETS.public)


@pytest.mark.parametrize("off", [-301, 301])
def test_an_old_or_an_early_message_is_not_of_this_time(off):
    at = 1_800_000_000

    with pytest.raises(NotGenuine, match="not of this time"):
        verify_webhook(message(at), MESSAGE, SECRETS.secret, now=at + off)
    assert verify_webhook(message(at), MESSAGE, SECRETS.secret, now=at + off * 0.99)


@pytest.mark.parametrize(
    "headers", [{}, {"webhook-id": "x"}, {**message(), "webhook-timestamp": "now"}], ids=["none", "one", "odd"]
)
def test_a_message_without_its_headers_is_none(headers):
    with pytest.raises(NotGenuine):
        verify_webhook(headers, MESSAGE, SECRETS.secret)
