"""Which sites may share consent, and the question they put together."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from consentgw.notices import service, sharing, store
from consentgw.notices.catalogue import Catalogue, read_offer
from consentgw.notices.wording import usual
from consentgw.policies.model import Change
from consentgw.sites import store as sites
from consentgw.sites.model import Authority, Called
from tests.notices import story
from tests.policies.shop import REASONS, SHOP

CLUB = replace(SHOP, slug="club", name="Клуб", origins=frozenset({"https://club.example", "https://m.club.example"}))
BLOG = replace(SHOP, slug="blog", name="Блог", origins=frozenset({"https://blog.example"}))
GROUP = (SHOP, CLUB)


def sharing_sites(*group):
    """Return sites each of which names all the others."""
    slugs = frozenset(site.slug for site in group)
    return tuple(replace(site, shares_consent_with=slugs - {site.slug}) for site in group)


def settle(unit, *group, purposes=story.PURPOSES, tags=story.TAGS):
    """Let sites be and ask this, under the policy they have or a first one."""
    for site in group:
        sites.keep(unit, site)
        service.configure(unit, site, purposes, tags)
        if not store.latest(unit.connection, site.slug, ()).notices:
            service.publish(unit, site, story.drafts(site))
    for site in group:
        service.issue(unit, site)


def amiss(connection, slug="shop"):
    everyone = {site.slug: site for site in sites.everyone(connection)}
    return sharing.amiss(connection, everyone[slug], everyone)


def offer(db, slug="shop"):
    return db.ask(lambda connection: read_offer(connection, sites.read(connection, slug)))


@pytest.fixture
def shared(db):
    """The shop and the club, which share consent."""
    db.apply(settle, *sharing_sites(*GROUP))
    return db


def test_a_site_that_names_nobody_has_one_question_as_ever_and_nothing_in_it_says_otherwise(db):
    db.apply(settle, *GROUP)
    content = offer(db).notices["en"].content()

    assert db.ask(amiss) is None
    assert offer(db).shared == {}
    assert set(content) == {
        "site", "language", "operator", "authority", "purposes", "tags", "policy", "words", "shown",
    }  # fmt: skip
    assert content["shown"][-4:] == [
        ["link", "Privacy policy"],
        ["button", "Accept all"],
        ["button", "Reject all"],
        ["button", "Save choice"],
    ]


def test_sharing_takes_nothing_from_the_question_of_a_site_alone_and_ends_no_round(db):
    db.apply(settle, *GROUP)
    before = offer(db)
    number = db.ask(store.latest, "shop", ()).number

    db.apply(settle, *sharing_sites(*GROUP))

    assert offer(db).notices == before.notices
    assert offer(db).terms.answerable > before.terms.answerable
    assert db.ask(store.latest, "shop", ()).number == number


@pytest.mark.parametrize("language", ["kk", "ru", "en"])
def test_the_shared_question_names_every_site_and_its_policy_in_the_same_sentences_at_each(shared, language):
    shop, club = offer(shared, "shop").shared[language], offer(shared, "club").shared[language]

    assert shop.shown == club.shown
    assert "Клуб (club.example, m.club.example), Дана дүкені (shop.example)" in shop.words.introduction
    assert [link for kind, link in shop.shown if kind == "link"][1:] == [
        f"{shop.words.policy}: Клуб",
        f"{shop.words.policy}: Дана дүкені",
    ]
    assert (shop.site, club.site) == ("shop", "club")
    assert shop.policy != club.policy
    assert {site.policy for site in shop.covers} == {shop.policy, club.policy}
    assert shop.digest != club.digest
    assert shop.buttons == offer(shared).notices[language].buttons


def test_a_shared_question_lies_in_the_database_as_it_was_shown(shared):
    for notice in offer(shared).shared.values():
        kept = shared.ask(store.snapshot, notice.digest)
        assert kept.notice.digest == notice.digest
        assert kept.notice.covers == notice.covers
        assert kept.shown == notice.shown
    shared.ask(store.audit, "shop")


def test_cookies_that_a_recipient_sets_at_either_site_are_told(db):
    other = replace(story.ANALYTICS, cookies=(replace(story.ANALYTICS.cookies[0], name="_ga_CLUB"),))
    shop, club = sharing_sites(*GROUP)
    db.apply(settle, shop)
    db.apply(settle, club, tags=(other, story.PIXEL))
    db.apply(service.issue, shop)

    cookies = {cookie.name for cookie in offer(db).shared["en"].tags[0].cookies}
    assert cookies == {"_ga", "_ga_CLUB"}
    assert {cookie.name for cookie in offer(db, "club").shared["en"].tags[0].cookies} == cookies
    assert {cookie.name for cookie in offer(db).notices["en"].tags[0].cookies} == {"_ga"}


def test_issuing_again_changes_nothing(shared):
    before = shared.ask(store.latest, "club", ())

    for site in sharing_sites(*GROUP):
        shared.apply(service.issue, site)

    assert shared.ask(store.latest, "club", ()) == before


# What keeps sites from it


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"shares_consent_with": frozenset()}, "club does not say the same"),
        ({"shares_consent_with": frozenset({"shop", "blog"})}, "club does not say the same"),
        ({"operator": replace(SHOP.operator, registration="260140999913")}, "their operators differ"),
        ({"called": {"ru": Called("ТОО", "Алматы")}}, "their operators differ"),
        ({"profile": "eu"}, "their law profiles or authorities differ"),
        (
            {"authority": Authority(dict.fromkeys(("kk", "ru", "en"), "X"), "", SHOP.authority_in("kk").checked_on)},
            "their law profiles or authorities differ",
        ),
        ({"languages": ("kk", "ru")}, "their languages differ"),
        ({"validity": timedelta(days=30)}, "their answers hold for different times"),
    ],
)  # fmt: skip
def test_sites_that_are_not_alike_share_nothing_and_are_told_why(db, changed, said):
    shop, club = sharing_sites(*GROUP)

    db.apply(settle, replace(club, **changed))
    db.apply(settle, shop)

    assert said in db.ask(amiss)
    assert offer(db).shared == {}
    assert db.apply(sharing.others, shop) == ()


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"purposes": story.PURPOSES[:2], "tags": story.TAGS[:1]}, "their purposes differ in marketing"),
        (
            {"purposes": (usual("necessary"), usual("marketing"), usual("analytics"))},
            "their purposes differ in their order",
        ),
        ({"purposes": (*story.PURPOSES[:2], replace(usual("analytics"), key="marketing"))}, "differ in marketing"),
        ({"tags": story.TAGS[:1]}, "their recipients differ in Meta Pixel"),
        ({"tags": (story.ANALYTICS, replace(story.PIXEL, country="IE"))}, "their recipients differ in Meta Pixel"),
        (
            {"tags": (story.ANALYTICS, replace(story.PIXEL, purposes=frozenset({"analytics"})))},
            "their recipients differ in Meta Pixel",
        ),
    ],
)
def test_sites_that_ask_something_else_share_nothing_and_are_told_why(db, asked, said):
    shop, club = sharing_sites(*GROUP)

    db.apply(settle, club, **asked)
    db.apply(settle, shop)

    assert said in db.ask(amiss)
    assert offer(db).shared == {}


def test_a_site_can_neither_name_one_that_is_not_there_nor_one_that_does_not_name_it(db):
    shop, club = sharing_sites(*GROUP)

    db.apply(settle, shop)
    assert "there is no such site" in db.ask(amiss)
    db.apply(settle, CLUB)
    assert "club does not say the same" in db.ask(amiss)
    assert "shop says that it shares consent with this site" in db.ask(amiss, "club")
    db.apply(settle, club)
    assert db.ask(amiss) is None


# As time goes by


def test_a_site_that_joins_ends_what_was_answered_for_fewer_and_nothing_else(shared):
    before = offer(shared)

    shared.apply(settle, *sharing_sites(*GROUP, BLOG))

    after = offer(shared)
    alone = {notice.digest for notice in before.notices.values()}
    together = {notice.digest for notice in before.shared.values()}
    assert alone <= after.terms.answerable
    assert not together & after.terms.answerable
    assert {notice.digest for notice in after.shared.values()} <= after.terms.answerable
    assert {site.slug for site in after.shared["kk"].covers} == {"blog", "club", "shop"}


def test_a_site_that_leaves_ends_nothing(db):
    db.apply(settle, *sharing_sites(*GROUP, BLOG))
    before = offer(db)

    db.apply(settle, BLOG, *sharing_sites(*GROUP))

    after = offer(db)
    assert before.terms.answerable <= after.terms.answerable
    assert {site.slug for site in after.shared["kk"].covers} == {"club", "shop"}
    assert offer(db, "blog").shared == {}
    assert {notice.digest for notice in before.shared.values()} <= after.terms.answerable


def test_a_new_policy_of_one_site_is_named_at_the_other_and_ends_the_answers_of_that_one_alone(shared):
    club = sharing_sites(*GROUP)[1]
    before = {slug: offer(shared, slug) for slug in ("shop", "club")}

    version = shared.apply(service.publish, club, story.drafts(club, "Something else."), reasons=REASONS)

    after = offer(shared)
    assert version.ref in {site.policy for site in after.shared["en"].covers}
    assert before["shop"].terms.answerable <= after.terms.answerable
    assert not before["club"].terms.answerable & offer(shared, "club").terms.answerable
    editorial = {"change": Change.EDITORIAL, "reasons": REASONS}
    shared.apply(service.publish, club, story.drafts(club, "In other words."), **editorial)
    assert after.terms.answerable <= offer(shared).terms.answerable


def test_a_site_whose_policy_is_not_in_force_yet_is_waited_for(db, clock):
    shop, club = sharing_sites(*GROUP)

    def happen(unit):
        for site in (shop, club):
            sites.keep(unit, site)
            service.configure(unit, site, story.PURPOSES, story.TAGS)
        service.publish(unit, club, story.drafts(club), effective_from=unit.now + timedelta(days=3))
        service.publish(unit, shop, story.drafts(shop))

    db.apply(happen)
    assert offer(db).shared == {}
    clock.step(days=3)
    db.apply(service.come_into_force, "club")

    assert set(offer(db).shared) == set(offer(db, "club").shared) == {"kk", "ru", "en"}


def test_who_comes_from_a_site_whose_others_ask_nothing_is_asked_for_it_alone(shared):
    known = {slug: offer(shared, slug) for slug in ("shop", "club")}

    assert Catalogue(offers=known).together(known["shop"]) == (known["shop"], known["club"])
    assert Catalogue(offers={"shop": known["shop"]}).together(known["shop"]) == ()
    alone = {**known, "club": replace(known["club"], shared={})}
    assert Catalogue(offers=alone).together(known["shop"]) == ()
