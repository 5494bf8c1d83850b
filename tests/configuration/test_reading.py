"""What a file says, and what no file may say."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consentgw.configuration.model import Faulty
from consentgw.configuration.reading import LIMIT, interpret, read_folder
from consentgw.configuration.shape import UNFIT
from consentgw.notices.model import Kind
from tests.configuration.folders import CHANGE, PROCESSOR, SITE, written

HEAD, OPERATOR = SITE.split("\n[operator]\n")[0], "\n[operator]\n" + SITE.split("\n[operator]\n")[1]

AUTHORITY = '\n[authority]\nname = { kk = "x", ru = "x", en = "x" }\n'


def with_head(*lines: str) -> str:
    """Return the file with more settings at the top."""
    return "\n".join((HEAD, *lines, OPERATOR))


def tag(*lines: str) -> str:
    """Return the file with one more tag."""
    return "\n".join((SITE, "[[tags]]", *lines, ""))


def pixel(*lines: str) -> str:
    """Return the file with one more pixel of Meta."""
    return tag('preset = "meta-pixel"', 'id = "100000000000001"', *lines)


def processor(old: str, new: str) -> str:
    """Return the file with a processor one of whose lines is another."""
    assert old in PROCESSOR
    return SITE + PROCESSOR.replace(old, new, 1)


def test_a_short_file_gets_sensible_values_from_the_law_profile():
    site = interpret(SITE).site

    assert site.languages == ("kk", "ru", "en")
    assert site.validity == timedelta(days=182)
    assert site.authority is None
    assert site.authority_in("en", date(2026, 11, 24)).name.startswith("Ministry of Artificial Intelligence")
    assert {item.key for item in site.data} >= {"name", "email", "connection", "choice"}
    assert {kind.key for kind in site.retention} >= {"receipts", "requests"}


def test_a_byte_order_mark_in_front_of_a_file_is_no_part_of_what_it_says(tmp_path):
    texts = {"kk": "# Саясат", "ru": "# Политика", "en": "# Policy"}
    folder = written(tmp_path, SITE, CHANGE, **texts)
    [plain] = read_folder(folder)
    for file in folder.rglob("*.*"):
        file.write_bytes(b"\xef\xbb\xbf" + file.read_bytes())

    assert read_folder(folder) == (plain,)


def test_own_ground_is_a_path_of_a_host_of_the_site_or_a_subdomain():
    grounds = ["https://consent.shop.example", "https://shop.example/cg"]

    assert interpret(with_head(f"first_party = {json.dumps(grounds)}")).site.first_party == frozenset(grounds)
    beside = with_head('first_party = ["https://consent.shop.example"]').replace("https://shop.", "https://www.shop.")
    assert interpret(beside).site.first_party == {"https://consent.shop.example"}


def test_a_vendor_on_this_machine_may_be_loaded_by_http():
    local = tag(
        'name = "x"', 'vendor = "X"', 'purposes = ["marketing"]', 'country = "KZ"', 'image = "http://x.localhost:1/a"'
    )

    assert interpret(local).tags[1].addresses == {Kind.IMAGE: "http://x.localhost:1/a"}


def test_data_that_only_another_purpose_needs_is_not_listed():
    text = with_head('purposes = ["necessary", "marketing"]')

    assert not {item.key for item in interpret(text).site.data} & {"pages", "location"}


def test_a_usual_period_can_be_another_without_new_words():
    site = interpret(with_head('retention = ["receipts", { key = "logs", days = 7 }]')).site

    assert [(kind.key, kind.period_days) for kind in site.retention] == [("receipts", 1095), ("logs", 7)]
    assert set(site.retention[1].wording) == {"kk", "ru", "en"}


def test_anything_a_preset_knows_can_be_said_otherwise():
    text = tag(
        'preset = "linkedin"', 'id = "1000001"', 'name = "li"', 'vendor = "LinkedIn Ireland"', 'country = "IE"',
        'purposes = ["analytics"]', "cookies = []", 'image = "https://px.example/c.gif"',
    )  # fmt: skip

    told = interpret(text).tags[-1]

    assert (told.name, told.vendor, told.country, told.purposes, told.cookies) == (
        "li", "LinkedIn Ireland", "IE", {"analytics"}, (),
    )  # fmt: skip
    assert told.addresses == {Kind.IMAGE: "https://px.example/c.gif"}


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "slug is missing"),
        ("slug = shop", "line 1"),
        (with_head("colour = 1"), "colour is not a setting we know"),
        (with_head('style = "popup"'), "style: input should be 'inline' or 'frame'"),
        (with_head("validity_days = 0"), "validity_days: "),
        (with_head("validity_days = 396"), "validity_days: "),
        (with_head("validity_days = true"), "validity_days: "),
        (with_head('validity_days = "182"'), "validity_days: "),
        (with_head('languages = ["en"]'), "kz asks for the languages kk, ru; the site does not speak kk, ru"),
        (with_head('languages = ["kk", "ru", "de"]'), "languages are some of"),
        (with_head('languages = ["kk", "ru", "ru"]'), "a language is named once"),
        (with_head('profile = "ru"'), "'ru' is disabled until its texts are read"),
        (with_head('profile = "mars"'), "there is no law profile 'mars'"),
        (with_head('purposes = ["necessary", "fun"]'), "'fun' has no words of ours"),
        (with_head('purposes = ["necessary", { key = "A B", basis = "consent" }]'), "a purpose is named in lower case"),
        (with_head('purposes = ["necessary", { key = "ads", basis = "legitimate_interests" }]'), "purposes[2].basis"),
        (with_head('purposes = ["necessary", { key = "ads", basis = "" }]'), "purposes[2].basis"),
        (with_head('purposes = ["necessary", { key = "ads" }]'), "purposes[2].basis is missing"),
        (with_head("purposes = [7]"), "purposes[1]"),
        (with_head('data = ["shoe-size"]'), "data: 'shoe-size' has no words of ours"),
        (with_head('data = ["name", "name"]'), "data: name stands twice"),
        (with_head('data = [{ key = "x", kk = { title = "a", sentence = "b" } }]'), "data: x has no words in ru, en"),
        (with_head('purposes = ["necessary"]', 'data = ["pages"]'), "pages is for analytics, no purpose"),
        (with_head("retention = [{ key = 'receipts', days = 0 }]"), "retention[1].days"),
        (with_head("retention = [{ key = 'x', days = 5 }]"), "retention: x has no words in kk, ru, en"),
        (SITE.replace("240140012342", "240140012343"), "'240140012343' is no BIN or IIN"),
        (SITE.replace("240140012342", "24014001234"), "is no BIN or IIN"),
        (SITE.replace("240140012342", "２40140012342"), "is no BIN or IIN"),
        (SITE.replace("privacy@shop.example", "privacy"), "operator.email: an address is written like"),
        (SITE.replace("privacy@shop.example", "a@b.example\\nBcc: c@d"), "operator.email: "),
        (SITE.replace('"Дана дүкені"', '"Дана\\u0000"'), "name: there is the character U+0000"),
        (SITE.replace('"Дана дүкені"', '"Дана \\u202Eгн"'), "name: there is the character U+202E"),
        (SITE.replace('"Дана дүкені"', '"  "'), "name is empty"),
        (SITE.replace('"Дана дүкені"', f'"{"a" * 2_001}"'), "name: "),
        (SITE.replace('"Дана дүкені"', '["a"]'), "name: "),
        (SITE.replace('slug = "shop"', 'slug = "../shop"'), "a site is named in lower case"),
        (SITE.replace("https://shop.example", "https://shop.example/"), "an origin is written like"),
        (SITE.replace('["https://shop.example"]', "[]"), "origins: "),
        (SITE + '\n[operator.kk]\nname = "x"\n', "one name in the site's first language"),
        (SITE + '\n[operator.de]\nname = "x"\n', "operator.de is not a setting we know"),
        (SITE + '\n[authority]\nname = { kk = "x" }\nchecked_on = 2026-01-01\n', "authority has no words in ru, en"),
        (SITE + '\n[authority]\nname = { kk = "x", ru = "x", en = "x" }\n', "authority.checked_on is missing"),
        (SITE + AUTHORITY + "checked_on = 0\n", "authority.checked_on: a date is written like 2027-01-01"),
        (SITE + AUTHORITY + "checked_on = '1764000000'\n", "authority.checked_on: a date is written like 2027-01-01"),
        (SITE + AUTHORITY + "checked_on = 2999-01-01\n", "authority.checked_on: nobody has made sure on 2999-01-01"),
        (pixel('image = "http://vendor.example/a"'), "tags[2] (meta-pixel): browsers load nothing by http on a page"),
        (with_head('first_party = ["https://consent.other.example"]'), "first_party: https://consent.other.example is"),
        (with_head('first_party = ["https://notshop.example/cg"]'), "first_party: https://notshop.example/cg is"),
        (pixel('country = "ZZ"'), "tags[2] (meta-pixel): country: ZZ is no country's code"),
        (pixel('country = "UK"'), "country: UK is no country's code (ISO 3166-1); it is GB"),
        (
            SITE + '\n[authority]\nname = { kk = "x", ru = "x", en = "x" }\nlink = "javascript:alert(1)"\n'
            "checked_on = 2026-01-01\n",
            "the link to an authority starts like https://",
        ),
        (SITE + '\n[looks]\naccent_dark = "red"\n', "looks.accent_dark: a colour is written #rrggbb"),
        (SITE + '\n[looks]\naccent = "#000000;}"\n', "a colour is written #rrggbb"),
        (tag('preset = "meta-pixel"'), "tags[2] (meta-pixel): needs its id, the pixel ID"),
        (tag('preset = "meta-pixel"', 'id = "<script>"'), "tags[2] (meta-pixel): id is the pixel ID"),
        (tag('preset = "meta-pixel"', "id = 100000000000001"), "tags[2].id: "),
        (tag('preset = "gtm"', 'id = "GTM-1"'), "Google Tag Manager has no preset"),
        (tag('preset = "vk"', 'id = "VK-RTRG-1-aBcD"'), "tags[2] (vk): nobody made sure which cookies VK sets"),
        (tag('preset = "matomo"', 'id = "1"', 'host = "m.example"'), "country is missing"),
        (tag('id = "1"'), "id is for a preset, and there is none"),
        (tag('name = "x"'), "vendor, purposes, country is missing"),
        (
            tag('name = "x"', 'vendor = "X"', 'purposes = ["analytics"]', 'country = "US"'),
            "there is no script, image or frame; write server = true",
        ),
        (
            pixel('image = "https://a.example/"', "server = true"),
            "it has no script, image or frame",
        ),
        (pixel('image = "//a.example/"'), "a vendor's address starts"),
        (pixel('country = "usa"'), "tags[2].country: a country is written in two"),
        (pixel("purposes = []"), "tags[2].purposes: "),
        (pixel("cookies = [{ name = 'a' }]"), "tags[2].cookies[1].days"),
        (
            pixel("cookies = [{ name = 'a', days = nan, party = 'first' }]"),
            "tags[2].cookies[1].days",
        ),
        (processor("key = ", "key = 'A B' #"), "processors[1]: a processor is named in lower case"),
        (processor("types = ", "types = [] #"), "processors[1].types: "),
        (processor("types = ", "types = ['gossip'] #"), "processors[1].types[1]: "),
        (processor("types = ", "types = ['portability'] #"), "kz knows no request for portability"),
        (processor("given = ", "given = ['iin'] #"), "processors[1].given[1]: "),
        (processor("given = ", "given = [] #"), "processors[1].given: "),
        (processor("days = ", "days = 0 #"), "processors[1].days: "),
        (processor("days = ", "days = '2' #"), "processors[1].days: "),
        (processor("ru = ", "# "), "processors: delivery has no words in ru"),
        (SITE + PROCESSOR + PROCESSOR, "processors: delivery stands twice"),
        ("a = " + "[" * 5_000, "recursion"),
        ("a = " + "1" * 5_000, "digits"),
    ],
)  # fmt: skip
def test_what_a_file_may_not_say_is_refused_with_its_place(text, fault):
    with pytest.raises(Faulty) as told:
        interpret(text)

    assert fault in str(told.value)
    assert all(line.strip() for line in told.value.faults)


def test_every_fault_of_the_form_is_told_at_once():
    with pytest.raises(Faulty) as told:
        interpret(with_head("colour = 1", 'style = "popup"').replace('email = "privacy@shop.example"', ""))

    assert len(told.value.faults) == 3


@given(st.text())
def test_whatever_is_in_a_file_is_read_or_refused_in_words(text):
    with suppress(Faulty):
        assert interpret(text).site.slug


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=80))
def test_a_name_is_kept_as_it_is_written_or_refused(name):
    quoted = json.dumps(name, ensure_ascii=False).replace("\x7f", "\\u007F")
    text = SITE.replace('"Дана дүкені"', quoted)
    if UNFIT.search(name) or not name.strip():
        with pytest.raises(Faulty, match=r"^name(: | is empty)"):
            interpret(text)
    else:
        assert interpret(text).site.name == name.strip()


def test_a_folder_of_folders_holds_several_sites_and_no_site_twice(tmp_path):
    written(tmp_path / "a")
    written(tmp_path / "b", SITE.replace('slug = "shop"', 'slug = "news"'))
    assert [source.slug for source in read_folder(tmp_path)] == ["shop", "news"]

    written(tmp_path / "c")
    with pytest.raises(Faulty, match="two folders describe the site 'shop'"):
        read_folder(tmp_path)


def test_faults_of_all_folders_are_told_with_their_files(tmp_path):
    written(tmp_path / "a", SITE.replace("240140012342", "1"))
    written(tmp_path / "b", with_head("colour = 1"), change=CHANGE.replace("material", "huge"))

    with pytest.raises(Faulty) as told:
        read_folder(tmp_path)

    assert [fault.split(": ")[0] for fault in told.value.faults] == [
        str(tmp_path / "a" / "site.toml"), str(tmp_path / "b" / "site.toml"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("old", "new", "name"),
    [
        ("site.toml", "Site.toml", "site.toml"),
        ("policy", "Policy", "policy"),
        ("policy/kk.md", "policy/KK.md", "kk.md"),
        ("policy/change.toml", "policy/Change.TOML", "change.toml"),
    ],
)
def test_a_name_in_capitals_is_not_passed_over_in_silence(tmp_path, old, new, name):
    folder = written(tmp_path / "sites" / "a", change=CHANGE, kk="# T")
    (folder / old).rename(folder / new)

    for read in (folder, folder.parent):
        with pytest.raises(Faulty) as told:
            read_folder(read)
        assert told.value.faults == (f"{folder}/{new}: its name is {name}, in lower case",)


def test_a_folder_is_one_site_or_several(tmp_path):
    written(tmp_path)
    written(tmp_path / "a", SITE.replace('slug = "shop"', 'slug = "news"'))

    with pytest.raises(Faulty, match=r"there is a site\.toml here and one in a: it is one site or several"):
        read_folder(tmp_path)


def test_what_is_no_folder_of_a_site_is_said(tmp_path):
    with pytest.raises(Faulty, match=r"there is no site\.toml here"):
        read_folder(tmp_path)
    with pytest.raises(Faulty, match=r"there is no site\.toml here"):
        read_folder(tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("content", "fault"),
    [(b"\xff\xfe", "is no UTF-8 text"), (b"#" * (LIMIT + 1), "more than 1048576 bytes"), (None, "cannot be read")],
)
def test_bytes_that_are_no_text_are_refused(tmp_path, content, fault):
    folder = written(tmp_path, SITE, CHANGE, kk="# T")
    target = folder / "policy" / "kk.md"
    target.unlink()
    if content is None:
        target.mkdir()
    else:
        target.write_bytes(content)

    with pytest.raises(Faulty, match=rf"kk\.md: .*{fault}"):
        read_folder(tmp_path)


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ("", "change is missing"),
        ("change = 'huge'", "change: "),
        ("change = 'editorial'\nwhy = 1", "why is not a setting we know"),
        ("change = 'editorial'\neffective_from = 2027-01-01T00:00:00", "has no time zone"),
        ("change = 'editorial'\neffective_from = 'soon'", "effective_from: "),
        ("change = 'editorial'\neffective_from = 2027", "effective_from: a date is written like 2027-01-01, with"),
        ("change = 'editorial'\neffective_from = '2027'", "effective_from: a date is written like 2027-01-01, with"),
        ("change = 'editorial'\n[reasons]\nde = 'x'", "reasons.de"),
        ("change = 'editorial'\n[reasons]\nkk = ' '", "reasons.kk"),
    ],
)
def test_a_change_that_says_too_little_or_too_much_is_refused_with_its_file(tmp_path, change, fault):
    written(tmp_path, SITE, kk="# T")
    (tmp_path / "policy" / "change.toml").write_text(change, "utf-8")

    with pytest.raises(Faulty) as told:
        read_folder(tmp_path)

    assert str(tmp_path / "policy" / "change.toml") in str(told.value)
    assert fault in str(told.value)


def test_a_policy_in_a_language_of_nobodys_is_refused(tmp_path):
    written(tmp_path, SITE, de="# T")

    with pytest.raises(Faulty, match=r"de\.md is in no language of ours"):
        read_folder(tmp_path)
