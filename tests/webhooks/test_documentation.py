"""What the documentation tells a receiver to do is enough, and what it lists is what there is."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest

from consentgw.webhooks import events
from consentgw.webhooks.api import WebhookPut
from consentgw.webhooks.signing import Secrets, headers

TEXT = (Path(__file__).parents[2] / "docs" / "webhooks.md").read_text(encoding="utf-8")
BODY = b'{"type":"receipt.recorded"}'


@pytest.fixture
def verify():
    """The function a reader would copy."""
    (code,) = re.findall(r"```python\n(.*?)```", TEXT, flags=re.DOTALL)
    there = {}
    exec(code, there)
    return there["verify"]


def signed(*secrets, at=None):
    made = headers("msg_1", BODY, int(time.time()) if at is None else at, secrets)
    return {name.decode(): value.decode() for name, value in made}


def test_the_function_it_shows_knows_our_messages_from_others(verify):
    old, new, strange = Secrets.new(), Secrets.new(), Secrets.new()
    said = signed(new, old)

    assert verify(new.secret, said, BODY)
    assert verify(old.secret, said, BODY)
    assert not verify(strange.secret, said, BODY)
    assert not verify(new.secret, said, BODY + b" ")
    assert not verify(new.secret, {**said, "webhook-id": "msg_2"}, BODY)
    for seconds in (-301, 301):
        assert not verify(new.secret, signed(new, at=int(time.time()) + seconds), BODY)
    for broken in ({}, {**said, "webhook-timestamp": "now"}, {**said, "webhook-signature": "v1,ы"}):
        assert not verify(new.secret, broken, BODY)


def test_the_change_it_shows_has_every_field():
    (body,) = re.findall(r"-X PUT .*?-d '(.*?)'", TEXT, flags=re.DOTALL)

    assert WebhookPut.model_validate_json(body).enabled


def test_it_lists_every_event_there_is():
    table = TEXT.split("## Events")[1].split("```")[0]

    assert set(re.findall(r"`([a-z_]+\.[a-z_]+)`", table)) == set(events.KINDS)
