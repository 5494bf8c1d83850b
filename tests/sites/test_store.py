"""Sites as rows."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from consentgw.errors import NotFound
from consentgw.sites import store
from consentgw.sites.model import Looks, Style
from tests.policies.shop import SHOP

NEWS = replace(
    SHOP,
    slug="news",
    name="Жаңалықтар «7 күн»",
    origins=frozenset({"https://news.example", "https://m.news.example"}),
    languages=("ru", "kk"),
    profile="eu",
    style=Style.FRAME,
    looks=Looks("#101010", "#f0f0f0", "right"),
    validity=timedelta(days=30),
)


def test_a_site_comes_back_as_it_was_kept(db):
    db.apply(store.keep, SHOP)
    db.apply(store.keep, NEWS)

    assert db.ask(store.read, "news") == NEWS
    assert db.ask(store.everyone) == [NEWS, SHOP]


def test_keeping_a_site_again_replaces_its_settings(db):
    db.apply(store.keep, NEWS)
    db.apply(store.keep, replace(NEWS, name="Күн"))

    assert [site.name for site in db.ask(store.everyone)] == ["Күн"]


@pytest.mark.parametrize("slug", ["shop", "", "NEWS", "news'--", "new%", "ы"])
def test_a_site_that_is_not_there_is_not_found(db, slug):
    db.apply(store.keep, NEWS)

    with pytest.raises(NotFound):
        db.ask(store.read, slug)


def test_the_revision_grows_with_every_change_whatever_site_it_is_of(db):
    seen = [db.ask(store.revision)]
    changes = [
        lambda unit: store.keep(unit, SHOP),
        lambda unit: store.keep(unit, NEWS),
        lambda unit: store.touch(unit, "shop"),
        lambda unit: store.touch(unit, "news"),
        lambda unit: store.keep(unit, NEWS),
        lambda unit: store.keep(unit, SHOP),
        lambda unit: store.keep(unit, SHOP),
    ]
    for change in changes:
        db.apply(change)
        seen.append(db.ask(store.revision))

    assert seen == sorted(set(seen)), "no number is ever used twice"
