"""Asking: when a new round begins, and what cannot be asked."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import insert

from consentgw.errors import Malformed, NotFound, Refused
from consentgw.notices import service, store
from consentgw.notices.catalogue import Catalogue
from consentgw.notices.model import Basis, Cookie, Purpose, Wording
from consentgw.notices.tables import notices
from consentgw.notices.wording import usual
from consentgw.policies.model import Change
from consentgw.sites import store as sites
from tests.notices import story
from tests.policies.shop import SHOP

ANALYTICS, MARKETING = story.PURPOSES[1:]
NECESSARY = story.PURPOSES[0]
MAPS = replace(usual("analytics"), key="maps")
MAP = replace(story.PIXEL, name="map", vendor="Dala Maps", purposes=frozenset({"maps"}))
MOVED = replace(SHOP.operator, address="Астана қ., Мәңгілік Ел даңғылы, 1")
BOLAT = replace(SHOP.operator, name="Болат ЖК", registration="150140000200")


@pytest.fixture
def shop(db):
    """A shop that asks."""
    return db.apply(story.open_shop)


def ask(db, site, purposes=story.PURPOSES, tags=story.TAGS):
    """Configure a site, issue its notices, and return the round."""

    def change(unit):
        sites.keep(unit, site)
        service.configure(unit, site, purposes, tags)
        service.issue(unit, site)

    db.apply(change)
    return now(db, site)


def now(db, site):
    return db.ask(store.latest, site.slug, story.TAGS)


def named(purpose, title):
    """Return a purpose under another Kazakh title."""
    return replace(purpose, wording={**purpose.wording, "kk": Wording(title, purpose.wording["kk"].sentence)})


def test_nobody_is_asked_before_there_is_a_policy(db):
    db.apply(sites.keep, SHOP)
    db.apply(service.configure, SHOP, story.PURPOSES, story.TAGS)

    with pytest.raises(NotFound):
        db.apply(service.issue, SHOP)
    assert now(db, SHOP).current == {}


def test_publishing_begins_the_first_round_in_every_language(db, shop):
    round_ = now(db, shop)

    assert round_.number == 1
    assert set(round_.current) == set(shop.languages)
    assert round_.answerable == {notice.digest for notice in round_.current.values()}


def test_a_notice_comes_back_word_for_word(db, shop):
    for language, notice in now(db, shop).current.items():
        kept = db.ask(store.read, notice.digest)
        assert kept.content() == notice.content()
        assert kept.digest == notice.digest
        assert kept.language == language
    with pytest.raises(NotFound):
        db.ask(store.read, "0" * 64)


def test_issuing_again_without_a_change_adds_nothing(db, shop):
    before = now(db, shop)

    db.apply(service.issue, shop)

    assert now(db, shop) == before
    assert db.ask(lambda connection: connection.exec_driver_sql("SELECT count(*) FROM notices").scalar_one()) == 3


@pytest.mark.parametrize(
    ("purposes", "tags"),
    [
        ((NECESSARY, named(ANALYTICS, "Санау"), MARKETING), story.TAGS),
        ((NECESSARY, MARKETING, ANALYTICS), story.TAGS),
        (story.PURPOSES, (replace(story.ANALYTICS, cookies=(Cookie("_ga", 60, "first"),)), story.PIXEL)),
        (story.PURPOSES, (replace(story.ANALYTICS, name="ga4"), story.PIXEL)),
    ],
    ids=["a word", "the order", "the lifetime of a cookie", "the name of a tag"],
)
def test_where_only_words_change_answers_given_before_still_count(db, shop, purposes, tags):
    before = now(db, shop)

    after = ask(db, shop, purposes, tags)

    assert after.number == before.number
    assert after.answerable > before.answerable
    assert after.current["kk"].digest not in before.answerable


@pytest.mark.parametrize(
    ("site", "purposes", "tags"),
    [
        (SHOP, (NECESSARY, replace(ANALYTICS, basis=Basis.NECESSARY), MARKETING), story.TAGS),
        (SHOP, story.PURPOSES, (*story.TAGS, replace(story.PIXEL, name="ads", vendor="Google Ads"))),
        (SHOP, story.PURPOSES, (replace(story.ANALYTICS, country="IE"), story.PIXEL)),
        (SHOP, story.PURPOSES, (replace(story.ANALYTICS, purposes=frozenset({"marketing"})), story.PIXEL)),
        (SHOP, story.PURPOSES, (replace(story.ANALYTICS, purposes=frozenset({"necessary"})), story.PIXEL)),
        (replace(SHOP, operator=BOLAT), story.PURPOSES, story.TAGS),
    ],
    ids=["the basis", "a vendor more", "the country", "what for", "no longer asked about", "who"],
)
def test_where_anything_agreed_to_changes_everybody_is_asked_again(db, shop, site, purposes, tags):
    before = now(db, shop)

    after = ask(db, site, purposes, tags)

    assert after.number == before.number + 1
    assert not after.answerable & before.answerable
    assert set(after.current) == set(shop.languages)


@pytest.mark.parametrize(
    ("site", "purposes", "tags"),
    [
        (SHOP, (*story.PURPOSES, MAPS), story.TAGS),
        (SHOP, (*story.PURPOSES, MAPS), (*story.TAGS, MAP)),
        (SHOP, (*story.PURPOSES, MAPS), (replace(story.ANALYTICS, purposes=frozenset({"analytics", "maps"})),)),
        (SHOP, (NECESSARY, ANALYTICS), (story.ANALYTICS,)),
        (SHOP, story.PURPOSES, (story.ANALYTICS,)),
        (
            replace(SHOP, operator=replace(SHOP.operator, address="Астана қ., Мәңгілік Ел, 1")),
            story.PURPOSES,
            story.TAGS,
        ),
    ],
    ids=["a purpose more", "with a vendor", "a vendor narrowed to it", "a purpose less", "a vendor less", "an address"],
)
def test_what_nobody_need_answer_again_for_goes_on_in_the_same_round(db, shop, site, purposes, tags):
    before = now(db, shop)

    after = ask(db, site, purposes, tags)

    assert after.number == before.number
    assert after.answerable > before.answerable
    assert after.current["kk"].asked == {purpose.key for purpose in purposes if purpose.optional}


def publish(db, shop, words, change=Change.MATERIAL, **given):
    """Publish another version with a reason."""
    reasons = {language: f"{words} ({language})" for language in shop.languages}
    return db.apply(service.publish, shop, story.drafts(shop, words), change=change, reasons=reasons, **given)


def test_a_material_policy_asks_everybody_again_and_an_editorial_one_nobody(db, shop, clock):
    before = now(db, shop)
    clock.step(days=1)

    version = publish(db, shop, "We keep what is needed!", Change.EDITORIAL)
    same = now(db, shop)
    assert same.number == before.number
    assert same.answerable > before.answerable
    assert same.current["kk"].policy == version.ref

    clock.step(days=1)
    version = publish(db, shop, "We keep even less.")
    after = now(db, shop)
    assert after.number == before.number + 1
    assert not after.answerable & same.answerable
    assert after.current["kk"].policy == version.ref


def test_a_material_change_is_not_lost_behind_an_editorial_one_that_comes_into_force_with_it(db, shop, clock):
    before = now(db, shop)
    later = clock.now + timedelta(days=10)
    publish(db, shop, "We keep more.", effective_from=later)
    publish(db, shop, "We keep more!", Change.EDITORIAL, effective_from=later)
    assert now(db, shop) == before
    clock.step(days=10)

    db.apply(service.come_into_force, "shop")

    assert now(db, shop).number == before.number + 1


def test_a_version_published_for_later_is_asked_under_when_it_is_in_force_and_not_before(db, shop, clock):
    before = now(db, shop)
    version = publish(db, shop, "We keep even less.", effective_from=clock.now + timedelta(days=10))

    assert db.ask(service.due, "shop") == version.effective_from
    for _ in range(2):
        clock.step(days=4)
        db.apply(service.come_into_force, "shop")
        assert now(db, shop) == before
    clock.step(days=2)
    for _ in range(2):
        db.apply(service.come_into_force, "shop")
        assert now(db, shop).number == before.number + 1
        assert now(db, shop).current["ru"].policy == version.ref
    assert db.ask(service.due, "shop") is None
    assert len(now(db, shop).notices) == 3


@pytest.mark.anyio
async def test_the_first_process_that_looks_brings_a_version_into_force_for_all(
    db, settings, shop, clock, postgres_or_same
):
    one, another = Catalogue(), Catalogue()
    version = publish(db, shop, "We keep even less.", effective_from=clock.now + timedelta(days=1))
    with postgres_or_same(db, settings) as other:
        await one.refresh(db)
        await another.refresh(other)
        assert one.offer("shop").notices["kk"].policy != version.ref
        clock.step(days=1)

        await one.refresh(db)
        revision = db.ask(sites.revision)
        await another.refresh(other)

        for catalogue in (one, another):
            assert catalogue.offer("shop").notices["kk"].policy == version.ref
        assert db.ask(sites.revision) == revision, "who comes second changes nothing"


@pytest.mark.anyio
async def test_what_came_into_force_while_nobody_served_is_asked_under_from_the_start(db, shop, clock):
    version = publish(db, shop, "We keep even less.", effective_from=clock.now + timedelta(days=1))
    clock.step(days=30)
    catalogue = Catalogue()

    await catalogue.refresh(db)
    await catalogue.refresh(db)

    assert catalogue.offer("shop").notices["kk"].policy == version.ref


def test_a_purpose_that_comes_back_with_another_vendor_does_not_revive_answers_of_before(db, shop):
    ask(db, shop, (NECESSARY, ANALYTICS), (story.ANALYTICS,))

    after = ask(db, shop, tags=(story.ANALYTICS, replace(story.PIXEL, vendor="Other Pixel")))

    assert after.number == 2


def test_a_notice_altered_in_the_database_is_found(db, shop):
    db.ask(store.audit, "shop")
    broken = now(db, shop).current["ru"]

    def alter(unit):
        altered = broken.canonical().decode().replace("Маркетинг", "Марк3тинг")
        row = {"digest": broken.digest, "site": "shop", "language": "ru", "round": 9, "document": altered}
        unit.connection.execute(insert(notices), {**row, "issued_at": unit.now})

    db.apply(alter)

    with pytest.raises(Malformed, match=broken.digest):
        db.ask(store.audit, "shop")


def test_going_back_to_earlier_words_shows_the_earlier_words(db, shop):
    first = now(db, shop).current["kk"]
    second = ask(db, shop, (NECESSARY, named(ANALYTICS, "Санау"), MARKETING)).current["kk"]
    assert second.digest != first.digest

    third = ask(db, shop)

    assert third.current["kk"].digest == first.digest
    assert {first.digest, second.digest} <= third.answerable
    assert third.number == 1


def test_going_back_to_an_earlier_vendor_does_not_revive_answers_of_that_time(db, shop):
    first = now(db, shop)
    ask(db, shop, tags=(story.ANALYTICS,))

    third = ask(db, shop)

    assert third.number == 2
    assert third.current["kk"].digest == first.current["kk"].digest, "the same words, asked in another round"


def test_a_language_more_is_a_notice_more_in_the_same_round(db):
    spoken = replace(SHOP, languages=("kk", "ru"))
    db.apply(story.open_shop, spoken)

    round_ = ask(db, SHOP)

    assert round_.number == 1
    assert set(round_.current) == {"kk", "ru", "en"}


@pytest.mark.parametrize(
    ("purposes", "tags", "why"),
    [
        ((NECESSARY, ANALYTICS, named(ANALYTICS, "Тағы")), (), "the purpose analytics stands twice"),
        ((ANALYTICS, MARKETING), (), "necessary is always listed"),
        ((), (), "necessary is always listed"),
        ((replace(NECESSARY, basis=Basis.CONSENT), ANALYTICS), (), "necessary is never asked about"),
        ((NECESSARY, Purpose("ads", Basis.CONSENT, {"kk": Wording("Ж", "Ж")})), (), "ads has no words in en, ru"),
        ((NECESSARY, ANALYTICS), story.TAGS, "pixel needs the purpose marketing"),
        (story.PURPOSES, (story.PIXEL, replace(story.PIXEL, vendor="Other")), "the tag pixel stands twice"),
    ],
)
def test_a_question_that_contradicts_itself_is_refused_and_changes_nothing(db, shop, purposes, tags, why):
    before = db.ask(store.questions_of, "shop")

    with pytest.raises(Refused, match=why):
        db.apply(service.configure, shop, purposes, tags)

    assert db.ask(store.questions_of, "shop") == before == (story.PURPOSES, story.TAGS)


def test_a_site_asks_nothing_until_it_is_told_to(db):
    assert db.ask(store.questions_of, "shop") == ((), ())


@pytest.mark.anyio
async def test_the_catalogue_sees_what_another_process_changed(db, settings, postgres_or_same):
    catalogue = Catalogue()
    await catalogue.refresh(db)
    with pytest.raises(NotFound):
        catalogue.offer("shop")

    with postgres_or_same(db, settings) as other:
        other.apply(story.open_shop)
        await catalogue.refresh(db)
        first = catalogue.offer("shop")
        assert first.notices["kk"].digest in first.terms.answerable

        await catalogue.refresh(db)
        assert catalogue.offer("shop") is first, "nothing changed, nothing is read again"

        for title in ("Санау", "Есеп", "Сан"):
            ask(other, SHOP, (NECESSARY, named(ANALYTICS, title), MARKETING))
            await catalogue.refresh(db)
            shown = catalogue.offer("shop").notices["kk"].purposes[1].wording["kk"].title
            assert shown == title

        other.apply(sites.keep, replace(SHOP, origins=frozenset({"https://new.example"})))
        await catalogue.refresh(db)
        assert catalogue.offer("shop").places.partner == "https://new.example"


@pytest.mark.anyio
async def test_the_catalogue_offers_only_what_can_be_shown_in_every_language(db):
    catalogue = Catalogue()
    db.apply(story.open_shop, replace(SHOP, languages=("kk",), profile="eu"))
    db.apply(sites.keep, SHOP)

    await catalogue.refresh(db)

    with pytest.raises(NotFound):
        catalogue.offer("shop")


@pytest.mark.anyio
async def test_an_offer_leads_to_the_vendors_of_the_notice_and_no_others(db, shop):
    catalogue = Catalogue()
    await catalogue.refresh(db)

    offer = catalogue.offer("shop")

    assert offer.places.vendors == "https://www.facebook.com https://www.googletagmanager.com"
    assert set(offer.tags) == {"ga", "pixel"}
    assert set(offer.digests) == offer.terms.answerable


def test_our_own_cookie_is_declared_with_its_true_lifetime():
    (cookie,) = service.own_cookies(SHOP)

    assert cookie == Cookie("__Host-cg-shop", 182 * 86_400, "third")
