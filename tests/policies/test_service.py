"""Publishing, on both databases: complete, in order, once and for ever."""

from __future__ import annotations

import contextlib
import hashlib
import json
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import delete, select, text, update
from sqlalchemy.exc import IntegrityError

from consentgw.errors import Conflict, Malformed, NotFound, TooLarge
from consentgw.policies import store
from consentgw.policies.findings import Unpublishable
from consentgw.policies.model import Change
from consentgw.policies.rendering import LIMIT
from consentgw.policies.service import compose, publish, starter
from consentgw.policies.tables import policies
from tests.policies.shop import FACTS, REASONS, SHOP, TODAY, draft, drafts, follow, part, shop


def test_a_published_version_is_in_force_from_that_instant(db, clock):
    policy = db.apply(publish, SHOP, drafts(), FACTS)

    assert policy.published_at == policy.effective_from == clock.now
    assert db.ask(store.in_force, "shop", clock.now) == policy
    assert db.ask(store.version, "shop-2026-11-24") == policy
    assert policy.predecessor is None


def test_the_starter_is_published_in_every_language_and_read_back_word_for_word(db):
    policy = db.apply(publish, SHOP, starter(SHOP.languages), FACTS)

    kept = db.ask(store.version, policy.version)
    assert kept.texts == policy.texts
    assert kept.languages == ("kk", "ru", "en")
    assert kept.digest == policy.digest


def test_what_is_stored_hashes_to_the_digest(db):
    policy = db.apply(follow)

    row = db.ask(lambda connection: connection.execute(select(policies)).one())

    assert row.digest == policy.digest == hashlib.sha256(row.document.encode()).hexdigest()
    assert json.loads(row.document) == policy.content()


def test_versions_of_one_day_are_numbered_and_the_next_day_begins_anew(db, clock):
    names = [db.apply(follow).version for _ in range(3)]
    clock.step(days=1)
    names.append(db.apply(follow).version)

    assert names == ["shop-2026-11-24", "shop-2026-11-24.2", "shop-2026-11-24.3", "shop-2026-11-25"]


def test_each_version_carries_the_digest_of_the_one_before(db, clock):
    first = db.apply(follow)
    second = db.apply(follow)
    clock.step(days=1)
    third = db.apply(follow)

    assert second.predecessor == first.ref
    assert third.predecessor == second.ref
    assert db.ask(store.in_force, "shop", clock.now) == third
    assert db.ask(store.version, first.version) == first


def test_two_sites_have_a_past_of_their_own(db, clock):
    news = shop(slug="news")
    db.apply(follow)

    policy = db.apply(follow, news)

    assert policy.version == "news-2026-11-24"
    assert policy.predecessor is None
    assert db.ask(store.in_force, "shop", clock.now).site == "shop"
    assert db.ask(store.in_force, "news", clock.now) == policy


def test_a_site_whose_name_begins_like_another_s_does_not_take_its_numbers(db):
    db.apply(follow, shop(slug="shop-2026-11-24"))

    assert db.apply(follow).version == "shop-2026-11-24"


@pytest.mark.parametrize("given", [{"ru": ""}, {"ru": " \n"}])
def test_an_empty_language_is_refused_and_nothing_is_published(db, clock, given):
    with pytest.raises(Malformed, match="shop speaks kk, ru, en; the policy has no text in ru"):
        db.apply(publish, SHOP, drafts(**given), FACTS)

    with pytest.raises(NotFound):
        db.ask(store.in_force, "shop", clock.now)


def test_missing_languages_are_all_named(db):
    with pytest.raises(Malformed, match=r"no text in ru: write ru.md\n.*no text in en: write en.md"):
        db.apply(publish, SHOP, {"kk": draft()}, FACTS)


def test_a_language_the_site_does_not_speak_is_refused(db):
    with pytest.raises(Malformed, match="shop does not speak de"):
        db.apply(publish, SHOP, drafts(de=draft()), FACTS)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (draft(), "kk and ru do not have the same clauses: 1.1"),
        (draft("1.1. One.", "1.2. Two."), "kk and ru do not have the same clauses: 1.2"),
        ("# T\n\n1.1. One.\n\n## 1. Section", "kk and ru do not have their clauses in the same order"),
    ],
)
def test_languages_that_differ_in_their_clauses_are_refused(db, text, message):
    with pytest.raises(Malformed, match=message):
        db.apply(publish, SHOP, drafts(ru=text), FACTS)


def test_an_unfilled_place_blocks_publishing(db):
    nameless = replace(SHOP, operator=replace(SHOP.operator, registration=""))

    with pytest.raises(Malformed, match=r"kk, line \d+: there is nothing to fill \[\[operator.number\]\] with"):
        db.apply(publish, nameless, starter(SHOP.languages), FACTS)


def test_a_text_that_is_too_long_blocks_publishing(db):
    with pytest.raises(TooLarge):
        db.apply(publish, SHOP, drafts(en=draft("x" * 70_000)), FACTS)


@pytest.mark.parametrize("unit", ["[", "![[", "[a](", "*a ", "_a*", "`", "<", "> ", "| a ", "- ", "\\"])
def test_the_worst_text_of_the_largest_size_is_composed_or_refused_soon(unit):
    worst = part("1.1. " + unit * ((LIMIT - 100) // len(unit)))
    started = time.process_time()

    with contextlib.suppress(Malformed):
        compose(shop("en"), {"en": worst}, FACTS, TODAY)

    assert time.process_time() - started < 5


def test_a_clock_that_went_back_blocks_publishing(db, clock):
    db.apply(follow)
    clock.step(seconds=-1)

    with pytest.raises(Conflict, match="check the clock"):
        db.apply(follow)


def test_publishing_is_told_to_whoever_listens(db):
    policy = db.apply(follow)

    row = db.ask(lambda connection: connection.execute(text("SELECT topic, site, reference FROM events")).one())

    assert tuple(row) == ("policy.published", "shop", policy.version)


def test_a_version_or_site_that_is_not_there_is_not_found(db, clock):
    with pytest.raises(NotFound):
        db.ask(store.version, "shop-2026-11-24")
    with pytest.raises(NotFound):
        db.ask(store.in_force, "shop", clock.now)


def test_a_past_never_forks(db):
    first = db.apply(follow)
    second = db.apply(follow)
    fork = replace(second, version="shop-2026-11-24.9")

    assert fork.predecessor == first.ref
    with pytest.raises(IntegrityError):
        db.apply(lambda unit: store.add(unit.connection, fork))


def test_a_material_change_gives_its_reason_in_every_language(db):
    changed = drafts(after=db.apply(follow))

    for reasons in ({}, {"kk": "Жаңа."}, {**REASONS, "en": " "}, {**REASONS, "de": "Neu."}):
        with pytest.raises(Malformed, match=r"in (every|each)"):
            db.apply(publish, SHOP, changed, FACTS, reasons=reasons)
    second = db.apply(publish, SHOP, changed, FACTS, reasons=REASONS)

    assert db.ask(store.version, second.version).reasons == REASONS
    assert second.change is Change.MATERIAL


@pytest.mark.parametrize(
    ("reason", "told"),
    [
        ("Рекомендуем принять новые правила.", "ru: the reason: people are pushed towards yes"),
        ("Продолжая, вы соглашаетесь.", "ru: the reason: visiting or using a site is never consent"),
        ("а" * 501, "ru: the reason has 501 letters"),
    ],
)
def test_a_reason_is_read_by_the_law_lint_like_the_text(db, reason, told):
    db.apply(follow)

    with pytest.raises(Unpublishable, match=told):
        db.apply(publish, SHOP, drafts(), FACTS, reasons={**REASONS, "ru": reason})


def test_an_editorial_change_may_go_without_a_reason_but_not_with_half_of_one(db):
    changed = drafts(after=db.apply(follow))

    silent = db.apply(publish, SHOP, changed, FACTS, change=Change.EDITORIAL)

    assert db.ask(store.version, silent.version).change is Change.EDITORIAL
    assert silent.reasons == {}
    with pytest.raises(Malformed, match="each of kk, ru, en"):
        db.apply(publish, SHOP, drafts(), FACTS, change=Change.EDITORIAL, reasons={"ru": "Опечатка."})


@pytest.mark.parametrize("change", Change)
def test_what_the_version_before_says_already_is_not_published_again(db, change):
    first = db.apply(follow)

    with pytest.raises(Conflict, match=f"{first.version} says the same already"):
        db.apply(publish, SHOP, drafts(), FACTS, change=change, reasons=REASONS)
    assert db.ask(store.latest, "shop") == first


@pytest.mark.parametrize("said", [{"change": Change.EDITORIAL}, {"reasons": REASONS}])
def test_a_first_version_has_nothing_to_change_and_gives_no_reason(db, said):
    with pytest.raises(Malformed, match="a first version changes nothing"):
        db.apply(publish, SHOP, drafts(), FACTS, **said)


def test_a_version_is_never_in_force_before_it_is_published(db, clock):
    with pytest.raises(Malformed, match="never in force before"):
        db.apply(publish, SHOP, drafts(), FACTS, effective_from=clock.now - timedelta(seconds=1))


def test_a_version_for_later_comes_into_force_at_its_instant(db, clock):
    first = db.apply(follow)
    begins = clock.now + timedelta(days=7)
    planned = db.apply(follow, effective_from=begins)
    before = begins - timedelta(microseconds=1)

    assert db.ask(store.in_force, "shop", clock.now) == first
    assert db.ask(store.in_force, "shop", before) == first
    assert db.ask(store.in_force, "shop", begins) == planned


def test_a_site_whose_first_version_is_for_later_has_none_in_force_yet(db, clock):
    begins = clock.now + timedelta(days=1)
    first = db.apply(follow, effective_from=begins)

    with pytest.raises(NotFound, match="no policy in force yet"):
        db.ask(store.in_force, "shop", clock.now)
    assert db.ask(store.in_force, "shop", begins) == first


def test_what_follows_a_planned_version_does_not_overtake_it(db, clock):
    db.apply(follow)
    begins = clock.now + timedelta(days=7)
    planned = db.apply(follow, effective_from=begins)

    for early in (None, begins - timedelta(seconds=1)):
        with pytest.raises(Malformed, match=f"{planned.version} comes into force on 2026-12-01 07:00 UTC"):
            db.apply(follow, effective_from=early)
    third = db.apply(follow, effective_from=begins)

    assert db.ask(store.in_force, "shop", begins) == third


def test_whoever_knows_a_version_is_owed_every_version_that_took_over_since(db, clock):
    first = db.apply(follow)
    second = db.apply(follow, change=Change.EDITORIAL)
    third = db.apply(follow)
    db.apply(follow, effective_from=clock.now + timedelta(days=1))

    assert db.ask(store.since, "shop", first.version, clock.now) == (second, third)
    assert db.ask(store.since, "shop", second.version, clock.now) == (third,)
    assert db.ask(store.since, "shop", third.version, clock.now) == ()
    assert db.ask(store.since, "shop", "shop-2020-01-01", clock.now) == ()
    assert db.ask(store.since, "news", first.version, clock.now) == ()


def test_the_law_of_the_day_a_version_comes_into_force_is_the_law_it_states(db, clock):
    clock.now = datetime(2026, 6, 30, tzinfo=UTC)
    promised = "within 15 calendar days"

    before = db.apply(follow)
    after = db.apply(follow, effective_from=datetime(2026, 7, 1, tzinfo=UTC))

    assert promised not in before.texts["en"].html
    assert promised in after.texts["en"].html


def test_every_finding_is_told_at_once(db):
    texts = drafts(kk=draft("1.1. [gap]", "Сайтты пайдалану арқылы келісесіз."), ru="", en=draft("[[nothing]]"))

    with pytest.raises(Unpublishable) as refused:
        db.apply(publish, SHOP, texts, FACTS)

    told = {(finding.rule, finding.language, finding.line) for finding in refused.value.findings}
    assert {("gap", "kk", 5), ("consent-by-use", "kk", 7), ("gap", "en", 5), ("language", "", 0)} <= told


@pytest.mark.parametrize("name", ["ru", "nowhere"])
def test_a_site_under_a_profile_that_is_disabled_or_unknown_is_refused(db, name):
    with pytest.raises(Malformed, match="law profile"):
        db.apply(publish, replace(SHOP, profile=name), drafts(), FACTS)


@pytest.mark.parametrize(
    "statement", [update(policies).values(document="{}"), delete(policies)], ids=["update", "delete"]
)
def test_the_database_refuses_to_change_or_remove_what_was_published(db, statement):
    policy = db.apply(follow)

    with pytest.raises(IntegrityError, match="append-only"):
        db.apply(lambda unit: unit.connection.execute(statement))

    assert db.ask(store.version, policy.version) == policy
