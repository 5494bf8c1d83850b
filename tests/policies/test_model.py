"""A version's name, dates and digest."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from consentgw.errors import Malformed
from consentgw.policies.model import (
    VERSION,
    Change,
    Facts,
    PolicyRef,
    PolicyText,
    PolicyVersion,
    TagFact,
    day_name,
    numbered,
    restore,
)
from tests.policies.shop import FACTS

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
POLICY = PolicyVersion(
    site="shop",
    version="shop-2026-11-23",
    published_at=NOON,
    effective_from=NOON,
    predecessor=PolicyRef("shop-2026-11-20", "ab" * 32),
    languages=("kk", "ru"),
    texts={"kk": PolicyText("Саясат", "# Саясат", "<p>Саясат</p>"), "ru": PolicyText("Политика", "# П", "<p>П</p>")},
    reasons={"kk": "Жаңа қызмет.", "ru": "Новый сервис."},
)


def test_the_same_content_has_the_same_digest():
    again = replace(POLICY, texts=dict(reversed(POLICY.texts.items())))

    assert again.digest == POLICY.digest


def test_the_digest_is_the_sha256_of_canonical_json_with_sorted_keys_and_no_spaces():
    plain = json.dumps(POLICY.content(), ensure_ascii=False, sort_keys=True, separators=(",", ":"))

    assert POLICY.canonical() == plain.encode()
    assert POLICY.digest == hashlib.sha256(plain.encode()).hexdigest()


@pytest.mark.parametrize(
    "change",
    [
        {"site": "news"},
        {"version": "shop-2026-11-23.2"},
        {"published_at": NOON - timedelta(microseconds=1)},
        {"effective_from": NOON + timedelta(microseconds=1)},
        {"predecessor": None, "reasons": {}},
        {"change": Change.EDITORIAL},
        {"reasons": {"kk": "Жаңа қызмет.", "ru": "Новый сервис!"}},
        {"predecessor": PolicyRef("shop-2026-11-20", "ac" * 32)},
        {"languages": ("ru", "kk")},
        {"texts": {**POLICY.texts, "ru": replace(POLICY.texts["ru"], title="П")}},
        {"texts": {**POLICY.texts, "ru": replace(POLICY.texts["ru"], source="# П ")}},
        {"texts": {**POLICY.texts, "ru": replace(POLICY.texts["ru"], html="<p>П.</p>")}},
    ],
    ids=lambda change: next(iter(change)),
)
def test_any_change_gives_another_digest(change):
    assert replace(POLICY, **change).digest != POLICY.digest


def test_an_instant_is_the_same_in_every_time_zone():
    astana = NOON.astimezone(timezone(timedelta(hours=5)))

    assert replace(POLICY, published_at=astana, effective_from=astana).digest == POLICY.digest


def test_each_language_has_a_digest_of_its_own():
    assert POLICY.texts["kk"].digest != POLICY.texts["ru"].digest
    assert POLICY.texts["kk"].digest == PolicyText("Саясат", "# Саясат", "<p>Саясат</p>").digest


@pytest.mark.parametrize("predecessor", [POLICY.predecessor, None], ids=["follows", "first"])
def test_a_version_is_restored_from_its_canonical_json(predecessor):
    policy = replace(POLICY, predecessor=predecessor, reasons=POLICY.reasons if predecessor else {})

    restored = restore(json.loads(policy.canonical()))

    assert restored == policy
    assert restored.digest == policy.digest


def test_a_policy_is_never_in_force_before_it_is_published():
    with pytest.raises(Malformed, match="never in force before"):
        replace(POLICY, effective_from=NOON - timedelta(microseconds=1))


@pytest.mark.parametrize("languages", [(), ("kk",), ("kk", "ru", "en")])
def test_a_policy_has_one_text_in_each_of_its_languages(languages):
    with pytest.raises(Malformed, match="one text in each"):
        replace(POLICY, languages=languages)


def test_a_version_is_named_after_its_site_and_day_and_numbered_from_the_second():
    name = day_name("shop", datetime(2026, 11, 24, 1, tzinfo=timezone(timedelta(hours=5))))

    assert name == "shop-2026-11-23"
    assert [numbered(name, earlier) for earlier in (0, 1, 2, 9)] == [name, f"{name}.2", f"{name}.3", f"{name}.10"]
    assert all(VERSION.fullmatch(numbered(name, earlier)) for earlier in (0, 1, 9))


@pytest.mark.parametrize(
    "name", ["shop", "shop-2026-11-23.", "shop-2026-11-23.0", "Shop-2026-11-23", "shop-2026-11-23\n", "s/../2026-11-23"]
)
def test_what_is_not_shaped_like_a_version_is_not_looked_up(name):
    assert not VERSION.fullmatch(name)


def test_facts_without_the_cookie_that_keeps_the_choice_are_refused():
    with pytest.raises(Malformed, match="keeps the choice"):
        replace(FACTS, own=())


def test_a_service_for_a_purpose_that_is_not_listed_is_refused():
    with pytest.raises(Malformed, match="Chat Box is used for a purpose that is not listed: support"):
        Facts(FACTS.purposes, (TagFact("Chat Box", ("support",), "KZ"),), FACTS.own, FACTS.settings)


def test_a_version_says_the_same_by_its_words_and_languages_and_not_by_how_they_are_rendered():
    kk, ru = POLICY.texts["kk"], POLICY.texts["ru"]

    assert POLICY.says({"kk": replace(kk, html="<p lang=kk>Саясат</p>"), "ru": ru})
    assert not POLICY.says({"kk": replace(kk, source="# Басқа"), "ru": ru})
    assert not POLICY.says({"kk": kk})
