"""docs/configuration.md is true: what it shows is read and applied."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from consentgw.configuration import shape
from consentgw.configuration.model import Statement
from consentgw.configuration.reading import interpret, read_folder
from consentgw.configuration.service import apply, rehearse
from consentgw.consents.views import snippet
from consentgw.law.deadlines import read_calendars
from consentgw.notices.catalogue import read_offer
from consentgw.notices.model import Kind
from consentgw.policies import store as policies
from consentgw.policies.placeholders import ADDRESSES, BLOCKS, WORDS
from consentgw.sites import store as sites

DOCUMENT = Path(__file__).parents[2] / "docs" / "configuration.md"
SITE, CHANGE, CALENDAR = re.findall(r"```toml\n(.*?)```", DOCUMENT.read_text("utf-8"), re.DOTALL)


@pytest.fixture
def folder(tmp_path) -> Path:
    """The example as a reader would write it down."""
    (tmp_path / "site.toml").write_text(SITE, "utf-8")
    return tmp_path


def test_the_example_of_a_calendar_is_read(tmp_path):
    (tmp_path / "moved.toml").write_text(CALENDAR, "utf-8")

    calendar = read_calendars(tmp_path / "moved.toml").of("KZ")

    assert (len(calendar.off), len(calendar.worked)) == (1, 1)


def test_every_place_of_a_policy_is_explained():
    explained = set(re.findall(r"`\[\[([a-z.]+)\]\]`", DOCUMENT.read_text("utf-8")))

    assert explained == {*WORDS, *ADDRESSES, *BLOCKS}


def test_the_example_is_applied_and_asks_in_every_language(db, folder):
    sources = read_folder(folder)

    db.apply(apply, sources)

    offer = db.ask(lambda connection: read_offer(connection, sites.read(connection, "shop")))
    assert set(offer.notices) == {"kk", "ru", "en"}
    assert [purpose.key for purpose in offer.notices["en"].purposes] == ["necessary", "analytics", "marketing", "maps"]
    assert offer.notices["ru"].operator.name == "ТОО «Дүкен»"
    assert offer.notices["en"].authority.name == "The competent authority"
    assert [one.key for one in offer.site.processors] == ["delivery"]
    assert rehearse(db, sources).steps == ()


def test_the_example_names_every_setting_there_is():
    told = set(re.findall(r"^\[*([a-z_.]+)(?: =|\])", SITE, re.MULTILINE)) | set(re.findall(r"([a-z_]+) =", SITE))
    parts = (
        shape.SiteFile,
        shape.Operator,
        shape.Authority,
        shape.Looks,
        shape.TagShape,
        shape.Cookie,
        shape.Processor,
    )
    settings = {name for part in parts for name in part.model_fields} - {"label", "script", "image", "server"}

    assert settings <= told | {"kk"}, f"not explained: {sorted(settings - told)}"
    for name in ("script", "image", "kk", "ru", "en"):
        assert name in DOCUMENT.read_text("utf-8")


def test_a_vendor_that_only_servers_talk_to_is_listed_and_loaded_by_nothing(db, folder):
    db.apply(apply, read_folder(folder))

    offer = db.ask(lambda connection: read_offer(connection, sites.read(connection, "shop")))
    assert offer.tags["plausible"].addresses == {}
    assert "Plausible" in offer.notices["ru"].vendors
    assert "Plausible" in db.ask(policies.latest, "shop").texts["ru"].source
    lines = str(snippet(offer.site, offer.notices["ru"], "https://consent.example"))
    assert "/release/shop/matomo.gif" in lines
    assert "plausible" not in lines


def test_the_example_of_a_change_is_read(folder):
    (folder / "policy").mkdir()
    (folder / "policy" / "change.toml").write_text(CHANGE, "utf-8")

    (source,) = read_folder(folder)

    assert isinstance(source.statement, Statement)
    assert source.statement.change == "material"
    assert set(source.statement.reasons) == {"kk", "ru", "en"}


def test_a_frame_of_an_unknown_vendor_keeps_its_address():
    tag = next(tag for tag in interpret(SITE).tags if tag.name == "shop-map")

    assert tag.addresses == {Kind.FRAME: "https://maps.example/frame?page=${PAGE_URL}"}
