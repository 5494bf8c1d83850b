"""A receiver knows our messages from forged, altered and old ones, by either signature."""

from __future__ import annotations

import time
from base64 import b64decode

import pytest

from consentgw.webhooks.signing import Secrets, headers
from tests.webhooks.verifying import by_public_key, by_secret

BODY = b'{"type":"receipt.recorded"}'


def signed(*secrets, body=BODY, at=None):
    made = headers("msg_1", body, int(time.time()) if at is None else at, secrets)
    return {name.decode(): value.decode() for name, value in made}


@pytest.fixture
def secrets():
    return Secrets.new()


def test_the_keys_are_written_as_the_standard_says(secrets):
    assert secrets.secret.startswith("whsec_")
    assert secrets.public.startswith("whpk_")
    assert len(b64decode(secrets.secret.removeprefix("whsec_"))) == 32
    assert len(b64decode(secrets.public.removeprefix("whpk_"))) == 32
    assert Secrets.read(secrets.raw) == secrets
    assert Secrets.new() != secrets


def test_both_signatures_verify(secrets):
    said = signed(secrets)

    assert set(said) == {"webhook-id", "webhook-timestamp", "webhook-signature"}
    assert by_secret(secrets.secret, said, BODY)
    assert by_public_key(secrets.public, said, BODY)


@pytest.mark.parametrize("change", ["webhook-id", "webhook-timestamp", "body", "keys"])
def test_neither_verifies_once_anything_is_changed(secrets, change):
    said, body, other = signed(secrets), BODY, Secrets.new()
    if change == "webhook-id":
        said["webhook-id"] = "msg_2"
    elif change == "webhook-timestamp":
        said["webhook-timestamp"] = str(int(said["webhook-timestamp"]) + 1)
    elif change == "body":
        body += b" "
    else:
        secrets = other

    assert not by_secret(secrets.secret, said, body)
    assert not by_public_key(secrets.public, said, body)


def test_an_old_message_is_refused_by_its_receiver(secrets):
    said = signed(secrets, at=int(time.time()) - 301)

    assert not by_secret(secrets.secret, said, BODY)
    assert not by_public_key(secrets.public, said, BODY)


def test_while_keys_change_the_old_and_the_new_verify(secrets):
    newer = Secrets.new()
    said = signed(newer, secrets)

    for one in (newer, secrets):
        assert by_secret(one.secret, said, BODY)
        assert by_public_key(one.public, said, BODY)
    assert said["webhook-signature"].count(" ") == 3
