"""The command line for policies: check, publish, list, show."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from consentgw.cli import main
from consentgw.db import open_database
from consentgw.policies import store
from consentgw.resources import folder
from tests.configuration.folders import CHANGE, SITE, VENDOR, written
from tests.notices.story import open_shop
from tests.policies.shop import drafts


@pytest.fixture
def run(settings, monkeypatch):
    """Run a command in an installation with the shop; return its exit status and its words."""
    monkeypatch.setenv("CONSENTGW_DATA", str(settings.data))
    monkeypatch.setenv("CONSENTGW_DATABASE_URL", settings.database_url)
    monkeypatch.setenv("CONSENTGW_SECRET", "aigerim-bolat-dana-and-eve-share-nothing")
    with open_database(settings) as db:
        db.apply(open_shop)

    def command(*words):
        result = CliRunner().invoke(main, [str(word) for word in words])
        return result.exit_code, result.output

    return command


@pytest.fixture
def texts(tmp_path):
    """A folder with the texts of a second version."""
    place = tmp_path / "texts"
    place.mkdir()
    for language, text in drafts().items():
        (place / f"{language}.md").write_text(text.replace("1.1.", "1.1. 2."), encoding="utf-8")
    return place


REASONED = ("--reason-kk", "Жаңа.", "--reason-ru", "Новое.", "--reason-en", "New.")


def test_a_version_is_published_listed_and_shown(run, texts):
    code, said = run("policy", "publish", "shop", texts, "--material", *REASONED)
    assert code == 0, said
    name = said.split()[1].rstrip(",")

    _, listed = run("policy", "list", "shop")
    newest, oldest = (line.split("\t") for line in listed.splitlines())
    assert newest[:3] == [name, "in_force", "material"]
    assert oldest[1] == "superseded"
    _, text = run("policy", "show", name, "--lang", "ru")
    assert text.startswith("# ru\n")
    assert "[[" not in text


def test_a_byte_order_mark_is_not_published(run, texts):
    for file in texts.iterdir():
        file.write_bytes(b"\xef\xbb\xbf" + file.read_bytes())

    name = run("policy", "publish", "shop", texts, "--material", *REASONED)[1].split()[1].rstrip(",")

    assert run("policy", "show", name, "--lang", "ru")[1].startswith("# ru\n")


def test_a_version_for_later_is_planned(run, texts, settings):
    code, said = run("policy", "publish", "shop", texts, "--editorial", "--from", "2099-01-01")

    assert code == 0
    assert "in force from 2099-01-01 00:00 UTC" in said
    assert "planned\teditorial\t2099-01-01 00:00" in run("policy", "list", "shop")[1]


def test_every_finding_is_printed_on_a_line_of_its_own_and_nothing_is_published(run, texts, settings):
    (texts / "en.md").write_text("# Policy\n\nBy using this site you agree.\n\n[gap]", encoding="utf-8")

    code, said = run("policy", "publish", "shop", texts, "--material", *REASONED)

    assert code == 1
    lines = said.splitlines()
    assert any(line.startswith("en, line 3: visiting or using a site is never consent: ") for line in lines)
    assert any("en, line 5: [gap] is a gap" in line for line in lines)
    assert "Traceback" not in said
    with open_database(settings) as db:
        assert len(db.ask(store.chain, "shop")) == 1


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ((), "say --material or --editorial"),
        (("--material", "--editorial", *REASONED), "say --material or --editorial, one of them"),
        (("--material",), "a material change says why"),
        (("--material", "--reason-en", "New."), "each of kk, ru, en"),
        (("--editorial", "--from", "2020-01-01"), "comes into force"),
        (("--editorial", "--from", "soon"), "does not match"),
    ],
)
def test_what_is_missing_or_impossible_is_said_in_one_sentence(run, texts, words, told):
    code, said = run("policy", "publish", "shop", texts, *words)

    assert code != 0
    assert told in said
    assert "Traceback" not in said


def test_what_a_site_published_is_checked_by_today_s_rules(run):
    assert run("policy", "check", "shop") == (0, "shop: nothing to mend\n")


def test_a_folder_is_checked_without_a_database(run, tmp_path):
    demo = folder("templates") / "demo" / "shop"
    place = tmp_path / "shop"
    (place / "policy").mkdir(parents=True)
    (place / "site.toml").write_text((demo / "site.toml").read_text("utf-8"), encoding="utf-8")
    for language, text in drafts(kk="# Саясат\n\n1.1. Сайтты пайдалану арқылы келісесіз.").items():
        (place / "policy" / f"{language}.md").write_text(text, encoding="utf-8")

    code, said = run("policy", "check", place)

    assert code == 1
    assert f"{place}: error: kk, line 3: visiting or using a site is never consent" in said


def test_what_apply_would_refuse_is_told_by_a_check(run, tmp_path):
    twice = written(tmp_path / "a", SITE + VENDOR + VENDOR)
    silent = written(tmp_path / "b", SITE.replace('"shop"', '"news"'), "change = 'material'")
    pushing = written(
        tmp_path / "c", SITE.replace('"shop"', '"blog"'), CHANGE.replace("A service was", "Please accept")
    )

    code, said = run("policy", "check", tmp_path)

    assert code == 1
    assert f"{twice}: error: the tag google-ads stands twice" in said
    assert f"{silent}: error: policy/change.toml: a material change says why" in said
    assert f"{pushing}: error: policy/change.toml: en: the reason: " in said


@pytest.mark.parametrize("words", [("list", "news"), ("show", "shop-2020-01-01"), ("check", "news")])
def test_what_is_not_there_is_said(run, words):
    code, said = run("policy", *words)

    assert code == 1
    assert said.startswith("Error: there is no ")
