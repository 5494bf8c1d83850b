"""The processor of the documents says it has done what it did, and nothing else."""

from __future__ import annotations

import pytest

from tests.client.scripted import said, scripted
from tests.kits.house import kit


@pytest.fixture
def processor(monkeypatch: pytest.MonkeyPatch):
    """The kit, at a company that holds something about everybody."""
    monkeypatch.setenv("CONSENT_KEY", "k")
    module = kit("webhooks/processor.py")
    monkeypatch.setattr(module, "held", lambda person: {"orders": ["felt boots"]})
    return module


def asked_of(processor, state: str, kind: str) -> list[tuple[str, str | None]]:
    """Give it a task; return what it posts and for which version."""
    answers = (said({"state": state}, etag='"1"'), said({"subject_request_type": kind}), said({}, etag='"2"'))
    with scripted(*answers) as gateway:
        processor.work(f"{gateway.origin}/task")
    return [(asked.path, asked.headers.get("if-match")) for asked in gateway.asked if asked.method == "POST"]


@pytest.mark.parametrize("kind", ["access", "erasure"])
def test_what_it_can_do_is_acknowledged_and_completed(processor, kind):
    assert asked_of(processor, "forwarded", kind) == [("/task/acknowledge", '"1"'), ("/task/complete", '"2"')]


@pytest.mark.parametrize("kind", ["objection", "rectification"])
def test_what_it_has_no_function_for_is_left_open(processor, kind):
    assert asked_of(processor, "forwarded", kind) == []


def test_what_was_broken_off_after_it_was_acknowledged_is_gone_on_with(processor):
    assert asked_of(processor, "acknowledged", "erasure") == [("/task/complete", '"1"')]


def test_what_is_answered_is_left_alone(processor):
    assert asked_of(processor, "completed", "erasure") == []
