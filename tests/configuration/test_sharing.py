"""Sites that share consent are applied together, or not at all."""

from __future__ import annotations

import json

import pytest

from consentgw.configuration.model import Faulty
from consentgw.configuration.reading import read_folder
from consentgw.configuration.service import apply, rehearse
from consentgw.notices.catalogue import read_offer
from consentgw.sites import store as sites
from tests.caller import caller
from tests.configuration.folders import CHANGE, SITE, VENDOR, written
from tests.configuration.test_service import applied, contents, exported
from tests.gateway import ledger
from tests.sharing import sharing

__all__ = ["sharing"]

CLUB = SITE.replace('"shop"', '"club"').replace("//shop.example", "//club.example").replace("Дана дүкені", "Клуб")


def naming(text, *slugs):
    """Return a site's file that names others."""
    return f"shares_consent_with = {json.dumps(slugs)}\n{text}"


def offer(db, slug="shop"):
    return db.ask(lambda connection: read_offer(connection, sites.read(connection, slug)))


@pytest.fixture
def folder(tmp_path):
    """The folders of the shop and the club, which name each other."""
    written(tmp_path / "shop", naming(SITE, "club"))
    written(tmp_path / "club", naming(CLUB, "shop"))
    return tmp_path


def test_sites_that_name_each_other_share_from_when_they_are_applied_together(db, folder):
    done = applied(db, folder)

    assert done == ["adds the site", "publishes our starter text as its policy"] * 2
    assert {site.slug for site in offer(db).shared["kk"].covers} == {"club", "shop"}
    assert set(offer(db, "club").shared) == {"kk", "ru", "en"}
    before = contents(db)
    assert applied(db, folder) == []
    assert contents(db) == before


def test_sites_that_are_there_already_are_told_what_changes(db, folder):
    written(folder / "shop", SITE)
    written(folder / "club", CLUB)
    applied(db, folder)
    written(folder / "shop", naming(SITE, "club"))
    written(folder / "club", naming(CLUB, "shop"))

    plan = rehearse(db, read_folder(folder))
    assert [str(step) for step in plan.steps] == [
        "club: changes the sites it shares consent with from none to shop",
        "shop: changes the sites it shares consent with from none to club",
    ]
    applied(db, folder)
    assert offer(db).shared


@pytest.mark.parametrize(
    ("shop", "club", "said"),
    [
        (naming(SITE, "club"), CLUB, "shop: it shares consent with club, and club does not say the same"),
        (SITE, naming(CLUB, "shop"), "club: it shares consent with shop, and shop does not say the same"),
        (naming(SITE, "other"), CLUB, "shop: it shares consent with other, and there is no such site"),
        (naming(SITE, "shop"), CLUB, "a site shares consent with others, not with itself"),
        (naming(SITE, "club"), naming(CLUB, "shop") + VENDOR, "their recipients differ in Google Ads"),
        (
            naming(SITE, "club"),
            naming(CLUB, "shop").replace("240140012342", "260140999913"),
            "their operators differ: they have to be the same",
        ),
    ],
)
def test_a_line_that_the_other_does_not_say_or_cannot_say_is_refused_in_a_sentence(db, tmp_path, shop, club, said):
    written(tmp_path / "shop", shop)
    written(tmp_path / "club", club)
    before = contents(db)

    with pytest.raises(Faulty) as refused:
        db.apply(apply, read_folder(tmp_path))

    assert any(said in fault for fault in refused.value.faults), refused.value.faults
    assert all("\n" not in fault for fault in refused.value.faults)
    assert contents(db) == before


@pytest.mark.parametrize("changed", [CLUB, naming(CLUB, "shop") + VENDOR])
def test_one_of_them_can_neither_leave_nor_ask_something_else_by_itself(db, folder, tmp_path, changed):
    applied(db, folder)
    before = contents(db)

    with pytest.raises(Faulty, match=r"club: .*shop"):
        applied(db, written(folder / "club", changed, change=CHANGE))

    assert contents(db) == before


def test_all_of_them_together_may_change_what_they_ask_and_part(db, folder):
    applied(db, folder)
    written(folder / "shop", naming(SITE, "club") + VENDOR, change=CHANGE)
    written(folder / "club", naming(CLUB, "shop") + VENDOR, change=CHANGE)
    applied(db, folder)

    assert "Google Ads" in offer(db).shared["en"].vendors
    assert offer(db).shared["en"].shown == offer(db, "club").shared["en"].shown
    written(folder / "shop", SITE + VENDOR)
    written(folder / "club", CLUB + VENDOR)
    assert applied(db, folder) == [
        "changes the sites it shares consent with from shop to none",
        "changes the sites it shares consent with from club to none",
    ]
    assert offer(db).shared == offer(db, "club").shared == {}


def test_what_is_exported_is_applied_again_and_does_nothing(db, folder, tmp_path_factory):
    applied(db, folder)
    copy = exported(db, "club", tmp_path_factory.mktemp("copy"))

    assert 'shares_consent_with = ["shop"]' in (copy / "site.toml").read_text("utf-8")
    assert applied(db, copy) == []


@pytest.mark.anyio
@pytest.mark.parametrize("change", [{"shares_consent_with": []}, {"shares_consent_with": ["news", "blog"]}])
async def test_a_key_of_one_site_cannot_enrol_it_or_take_it_out(sharing, change):
    dana = caller(sharing, site="shop")
    read = await dana.get("/v1/sites/shop")
    assert read.json()["shares_consent_with"] == ["news"]

    refused = await dana.put("/v1/sites/shop", {**read.json(), **change}, headers={"if-match": read.headers["etag"]})

    assert refused.status_code == 422
    assert "shares" in refused.json()["errors"][0]["detail"]
    assert (await dana.get("/v1/sites/shop")).json() == read.json()
    assert ledger(sharing) == []


@pytest.mark.anyio
async def test_a_site_of_somebody_else_cannot_name_itself_into_a_group(sharing):
    eve = caller(sharing)
    operator = {"name": "Eve", "registration": "240140012342", "address": "Astana", "email": "eve@eve.example"}
    site = {"slug": "eve", "name": "Eve", "origins": ["https://eve.example"], "operator": operator}

    refused = await eve.put(
        "/v1/sites/eve", {**site, "shares_consent_with": ["shop", "news"]}, headers={"if-none-match": "*"}
    )

    assert refused.status_code == 422
    assert "does not say the same" in refused.json()["errors"][0]["detail"]
    assert (await eve.get("/v1/sites/eve")).status_code == 404
