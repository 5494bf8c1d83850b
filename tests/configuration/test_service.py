"""Applying folders: what changes, what cannot, and that the second time nothing does."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consentgw.configuration.model import Configuration, Faulty
from consentgw.configuration.reading import interpret, read_folder
from consentgw.configuration.service import apply, export, rehearse
from consentgw.configuration.writing import site_file
from consentgw.db import metadata, open_database
from consentgw.db.migrations import upgrade
from consentgw.errors import Conflict, NotFound
from consentgw.law.profiles import RequestType
from consentgw.notices import store as notices
from consentgw.notices.catalogue import read_offer
from consentgw.notices.model import Basis, Cookie, Kind, Purpose, Tag, Wording
from consentgw.policies import store as policies
from consentgw.policies.service import starter
from consentgw.resources import folder as ours
from consentgw.settings import Settings
from consentgw.sites import store as sites
from consentgw.sites.inventory import DataItem, Retention, Words
from consentgw.sites.model import Looks, Operator, Site
from consentgw.sites.processors import KEY, LONGEST, Given, Processor
from tests.configuration.folders import CHANGE, PROCESSOR, SITE, VENDOR, written

DEMO = ours("templates") / "demo"


def contents(db):
    """Return every row of every table."""
    return db.ask(
        lambda connection: {
            name: sorted(map(repr, connection.execute(table.select()).all())) for name, table in metadata.tables.items()
        }
    )


def applied(db, folder):
    """Apply a folder and return the sentences of what was done."""
    return [step.does for step in db.apply(apply, read_folder(folder)).steps]


def exported(db, slug, folder):
    """Export a site into a folder and return it."""
    for name, text in db.ask(export, slug).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, "utf-8")
    return folder


def offer(db, slug="shop"):
    return db.ask(lambda connection: read_offer(connection, sites.read(connection, slug)))


def latest(db, slug="shop"):
    return db.ask(policies.latest, slug)


def test_a_new_site_is_added_with_our_starter_text_and_asks_at_once(db, tmp_path):
    assert applied(db, written(tmp_path)) == ["adds the site", "publishes our starter text as its policy"]

    assert set(offer(db).notices) == {"kk", "ru", "en"}
    assert db.ask(policies.drafts_of, latest(db).version) == starter(("en", "kk", "ru"))


def test_the_second_time_there_is_nothing_to_do_and_not_a_row_is_other(db, tmp_path, clock):
    folder = written(tmp_path, SITE, **starter(("kk", "ru", "en")))
    applied(db, folder)
    before = contents(db)
    clock.step(days=3)

    assert rehearse(db, read_folder(folder)).steps == ()
    assert applied(db, folder) == []
    assert contents(db) == before


def test_a_rehearsal_tells_what_would_be_done_and_does_nothing(db, tmp_path):
    before = contents(db)

    plan = rehearse(db, read_folder(written(tmp_path)))

    assert [str(step) for step in plan.steps] == [
        "shop: adds the site",
        "shop: publishes our starter text as its policy",
    ]
    assert contents(db) == before


def test_settings_that_no_text_speaks_of_change_without_a_new_policy(db, tmp_path):
    applied(db, written(tmp_path))
    version = latest(db).version
    looks = SITE + '\n[looks]\naccent = "#102030"\n'

    done = applied(db, written(tmp_path, looks.replace("https://shop.example", "https://new.example")))

    assert done == [
        "changes the origins from https://shop.example to https://new.example",
        "changes the accent from #0b5c6b and #7fd0e0 to #102030 and #7fd0e0",
    ]
    assert latest(db).version == version
    assert offer(db).site.origins == {"https://new.example"}


def test_a_processor_is_planned_applied_and_exported_and_nobody_is_asked_again(db, tmp_path):
    applied(db, written(tmp_path / "in"))
    version, digests = latest(db).version, {notice.digest for notice in offer(db).notices.values()}

    assert applied(db, written(tmp_path / "in", SITE + PROCESSOR)) == ["adds the processor delivery"]
    assert applied(db, written(tmp_path / "in", SITE + PROCESSOR.replace("days = 2", "days = 3"))) == [
        "changes the processor delivery"
    ]
    assert applied(db, exported(db, "shop", tmp_path / "out")) == []
    assert latest(db).version == version
    assert {notice.digest for notice in offer(db).notices.values()} == digests
    assert applied(db, written(tmp_path / "in")) == ["removes the processor delivery"]


def test_what_is_published_is_never_changed_without_a_word(db, tmp_path):
    applied(db, written(tmp_path))
    before, version = contents(db), latest(db).version

    with pytest.raises(Faulty, match=rf"{version} is published and is never changed; .*policy/change\.toml"):
        applied(db, written(tmp_path, SITE + VENDOR))

    assert contents(db) == before


def test_a_new_vendor_is_published_with_its_reason_and_everybody_is_asked_again(db, tmp_path, clock):
    applied(db, written(tmp_path))
    first = latest(db)
    asked = db.ask(notices.latest, "shop", ()).number
    clock.step(days=1)
    folder = written(tmp_path, SITE + VENDOR, CHANGE)

    assert applied(db, folder) == ["adds the tag google-ads", "publishes a material change"]

    second = latest(db)
    assert second.predecessor == first.ref
    assert second.reasons["en"] == "A service was added."
    assert "Google Ads" in second.texts["ru"].source
    assert db.ask(notices.latest, "shop", ()).number == asked + 1
    assert applied(db, folder) == [], "the file that told the last change may stay"


def test_reasons_are_given_once(db, tmp_path, clock):
    applied(db, written(tmp_path))
    applied(db, written(tmp_path, SITE + VENDOR, CHANGE))
    clock.step(days=1)

    with pytest.raises(Faulty, match=r"still gives the reasons of shop-2026-11-24\.2; say what changes now"):
        applied(db, written(tmp_path, SITE))


def test_a_rewritten_text_is_a_version_of_its_own(db, tmp_path, clock):
    texts = starter(("kk", "ru", "en"))
    applied(db, written(tmp_path, SITE, **texts))
    texts["en"] = texts["en"].replace("We do not publish your data", "We never publish your data")
    clock.step(days=1)

    done = applied(db, written(tmp_path, SITE, "change = 'editorial'", **texts))

    assert done == ["publishes an editorial change"]
    assert "We never publish" in latest(db).texts["en"].source


def test_a_word_without_reasons_that_was_left_from_the_last_change_is_not_taken_for_the_next(db, tmp_path, clock):
    applied(db, written(tmp_path))
    clock.step(days=1)
    folder = written(tmp_path, SITE.replace("Дана дүкені", "Дана"), "change = 'editorial'")
    assert applied(db, folder)[-1] == "publishes an editorial change"
    assert applied(db, folder) == []
    clock.step(days=1)

    with pytest.raises(Faulty, match=r"change\.toml still says what it said of shop-2026-11-25; write it anew"):
        applied(db, written(tmp_path))

    assert applied(db, written(tmp_path, SITE, CHANGE.replace("material", "editorial")))


@pytest.mark.parametrize(
    ("site", "named"),
    [
        (SITE + VENDOR, "the recipient Google Ads (in US, for marketing)"),
        (SITE.replace("240140012342", "260140999913"), "the operator 260140999913"),
        (SITE.replace('id = "1', 'country = "IE"\nid = "1'), "the recipient Meta Pixel (in IE, for marketing)"),
    ],
)
def test_a_change_that_ends_answers_is_never_published_as_editorial(db, tmp_path, clock, site, named):
    applied(db, written(tmp_path))
    clock.step(days=1)
    before = contents(db)

    for later in ("", "\neffective_from = 2099-01-01T00:00:00+05:00"):
        with pytest.raises(Faulty) as told:
            applied(db, written(tmp_path, site, "change = 'editorial'" + later))
        (fault,) = told.value.faults
        assert fault.startswith(f"{tmp_path}: an editorial change leaves every answer in force, ")
        assert fault.endswith(f" say nothing of {named}: call the change material and say why")
    assert contents(db) == before


def test_a_vendor_less_ends_no_answer_and_may_be_editorial(db, tmp_path, clock):
    applied(db, written(tmp_path, SITE + VENDOR))
    asked = db.ask(notices.latest, "shop", ()).number
    clock.step(days=1)

    assert applied(db, written(tmp_path, SITE, "change = 'editorial'"))[-1] == "publishes an editorial change"
    assert db.ask(notices.latest, "shop", ()).number == asked


def test_a_policy_that_cannot_be_published_is_told_with_file_and_line(db, tmp_path):
    texts = starter(("kk", "ru", "en"))
    lines = texts["ru"].splitlines()
    lines[6] += " Звоните: [телефон]."
    folder = written(tmp_path, SITE, **texts | {"ru": "\n".join(lines)})
    before = contents(db)

    with pytest.raises(Faulty) as told:
        applied(db, folder)

    assert any(fault.startswith(f"{folder}/policy/ru.md, line 7: ") for fault in told.value.faults)
    assert contents(db) == before


def test_what_is_wrong_with_a_reason_or_with_a_purpose_is_told_with_the_file_it_is_in(db, tmp_path):
    applied(db, written(tmp_path))
    pushing = CHANGE.replace("A service was added.", "Please accept all cookies.")
    purpose = '{{ key = "ads", basis = "consent", {} }}'.format(
        ", ".join(f'{language} = {{ title = "Ads", sentence = "Ads." }}' for language in ("kk", "ru", "en"))
    ).replace('"Ads."', '"Help us: please accept."')
    listed = f'purposes = ["necessary", "analytics", "marketing", {purpose}]\n'

    with pytest.raises(Faulty) as reason:
        applied(db, written(tmp_path, SITE + VENDOR, pushing))
    with pytest.raises(Faulty) as words:
        applied(db, written(tmp_path, listed + SITE, CHANGE))

    assert [fault for fault in reason.value.faults if fault.startswith(f"{tmp_path}/policy/change.toml: the reason: ")]
    assert [fault for fault in words.value.faults if fault.startswith(f"{tmp_path}/site.toml: the purpose ads: ")]


def test_what_stands_twice_is_named(db, tmp_path):
    for folder, named in (
        (written(tmp_path / "a", SITE + VENDOR + VENDOR), "the tag google-ads stands twice"),
        (
            written(tmp_path / "b", 'purposes = ["necessary", "analytics", "analytics"]\n' + SITE),
            "the purpose analytics",
        ),
    ):
        with pytest.raises(Faulty, match=named):
            applied(db, folder)


def test_several_sites_are_applied_together_or_not_at_all(db, tmp_path):
    written(tmp_path / "a")
    written(
        tmp_path / "b",
        SITE.replace('slug = "shop"', 'slug = "news"').replace('"meta-pixel"', '"meta-pixel"\nname = "a"'),
    )
    contradiction = '\n[[tags]]\nname = "a"\nvendor = "V"\npurposes = ["fun"]\ncountry = "KZ"\nserver = true\n'
    written(tmp_path / "c", SITE.replace('slug = "shop"', 'slug = "blog"') + contradiction)
    before = contents(db)

    with pytest.raises(Faulty, match=rf"{tmp_path}/c: the tag a needs the purpose fun"):
        applied(db, tmp_path)
    assert contents(db) == before

    written(tmp_path / "c", SITE.replace('slug = "shop"', 'slug = "blog"'))
    applied(db, tmp_path)
    assert [site.slug for site in db.ask(sites.everyone)] == ["blog", "news", "shop"]


def test_what_somebody_changed_after_the_plan_was_shown_is_not_overwritten(db, tmp_path):
    applied(db, written(tmp_path))
    sources = read_folder(written(tmp_path, SITE + '\n[looks]\ncorner = "right"\n'))
    plan = rehearse(db, sources)
    db.apply(sites.keep, replace(offer(db).site, looks=Looks(accent="#102030")))
    before = contents(db)

    with pytest.raises(Conflict, match="somebody changed a site"):
        db.apply(apply, sources, agreed=plan)
    assert contents(db) == before


def test_a_language_less_needs_no_new_texts(db, tmp_path, clock):
    applied(db, written(tmp_path))
    clock.step(days=1)
    spoken = SITE.replace("origins =", 'languages = ["kk", "ru"]\norigins =')
    reason = CHANGE.replace('en = "A service was added."\n', "")

    done = applied(db, written(tmp_path, spoken, reason))

    assert done == ["changes the languages from kk, ru, en to kk, ru", "publishes a material change"]
    assert set(offer(db).notices) == {"kk", "ru"}


def test_a_site_of_no_folder_stays_as_it_is(db, tmp_path):
    applied(db, written(tmp_path / "a"))
    applied(db, written(tmp_path / "b", SITE.replace('slug = "shop"', 'slug = "news"')))

    assert [site.slug for site in db.ask(sites.everyone)] == ["news", "shop"]


@pytest.mark.parametrize("slug", ["shop", "news"])
def test_what_is_exported_is_what_is_there(db, tmp_path, clock, slug):
    applied(db, DEMO)
    applied(db, written(tmp_path / "in", SITE.replace('slug = "shop"', 'slug = "third"')))
    before = contents(db)
    clock.step(days=1)

    folder = exported(db, slug, tmp_path / "out")

    assert applied(db, folder) == []
    assert contents(db) == before
    assert {file.name for file in (folder / "policy").iterdir()} == {"kk.md", "ru.md", "en.md"}


def test_an_exported_site_is_the_same_in_an_empty_database(db, tmp_path, clock):
    applied(db, DEMO)
    folder = exported(db, "shop", tmp_path / "out")
    settings = Settings.read(data=tmp_path / "other", public_url="https://consent.example")
    upgrade(settings)

    with open_database(settings, clock=clock) as other:
        applied(other, folder)

        assert latest(other).digest == latest(db).digest
        ours, theirs = offer(other), offer(db)
        assert ours.site == theirs.site
        assert {notice.digest for notice in ours.notices.values()} == {n.digest for n in theirs.notices.values()}
        assert other.ask(export, "shop") == db.ask(export, "shop")


def test_a_change_is_exported_with_its_reasons(db, tmp_path, clock):
    applied(db, written(tmp_path / "in"))
    clock.step(days=1)
    applied(db, written(tmp_path / "in", SITE + VENDOR, CHANGE))

    folder = exported(db, "shop", tmp_path / "out")

    said = tomllib.loads((folder / "policy" / "change.toml").read_text("utf-8"))
    assert said == tomllib.loads(CHANGE)
    assert applied(db, folder) == []


def test_what_is_not_there_is_not_exported(db):
    with pytest.raises(NotFound):
        db.ask(export, "shop")


WORDS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=40).filter(
    lambda text: text == text.strip() and not any("\u202a" <= c <= "\u202e" or "\u2066" <= c <= "\u2069" for c in text)
)
ADDRESS = "https://vendor.example/a?b=${CACHEBUSTER}&c='"
KEYS = st.from_regex(r"[a-z0-9][a-z0-9_-]{0,10}", fullmatch=True)
LANGUAGES = ("kk", "ru", "en")


def worded(kind):
    return st.fixed_dictionaries({language: st.builds(kind, WORDS, WORDS) for language in LANGUAGES})


CONFIGURATIONS = st.builds(
    Configuration,
    st.builds(
        Site,
        slug=st.just("shop"),
        name=WORDS,
        operator=st.builds(Operator, WORDS, st.just("240140012342"), WORDS, st.just("a@b.example")),
        origins=st.just(frozenset({"https://shop.example"})),
        languages=st.permutations(LANGUAGES).map(tuple),
        looks=st.builds(Looks, corner=st.sampled_from(["left", "right"])),
        validity=st.integers(1, 395).map(lambda days: timedelta(days=days)),
        data=st.lists(
            st.builds(DataItem, KEYS, worded(Words), st.just(frozenset({"own"})), st.booleans()),
            max_size=3, unique_by=lambda item: item.key,
        ).map(tuple),
        retention=st.lists(
            st.builds(Retention, KEYS, worded(Words), st.integers(1, 36_525)),
            max_size=3, unique_by=lambda kind: kind.key,
        ).map(tuple),
        processors=st.lists(
            st.builds(
                Processor,
                st.from_regex(KEY, fullmatch=True),
                worded(Words),
                st.frozensets(st.sampled_from([RequestType.ACCESS, RequestType.ERASURE]), min_size=1),
                st.frozensets(st.sampled_from(list(Given)), min_size=1),
                st.integers(1, LONGEST),
            ),
            max_size=3, unique_by=lambda one: one.key,
        ).map(tuple),
    ),
    st.tuples(st.builds(Purpose, st.just("own"), st.sampled_from(list(Basis)), worded(Wording))),
    st.lists(
        st.builds(
            Tag,
            KEYS,
            WORDS,
            st.just(frozenset({"own"})),
            st.dictionaries(st.sampled_from(list(Kind)), st.just(ADDRESS)),
            st.just("KZ"),
            st.lists(
                st.builds(Cookie, WORDS, st.integers(0, 36_525 * 86_400), st.sampled_from(["first", "third"])),
                max_size=3,
            ).map(tuple),
        ),
        max_size=3,
    ).map(tuple),
)  # fmt: skip


@given(CONFIGURATIONS)
def test_whatever_a_site_is_its_file_says_it(configuration):
    assert interpret(site_file(configuration)) == configuration
