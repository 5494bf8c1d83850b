"""Laws over every template, and over every document in every language."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

import consentgw
from consentgw.http.languages import LANGUAGES
from consentgw.http.pages import View
from consentgw.resources import folder
from tests.house.documents import documents, read, said, snippets, written

TEMPLATES = sorted(path for path in folder("templates").rglob("*.html") if "demo" not in path.parts)
DOCUMENTS = dict(documents())
SHOWN = {**DOCUMENTS, **dict(snippets())}
QUESTIONS = {
    name: view
    for name, view in SHOWN.items()
    if name.startswith(("embed", "consent", "inline")) and "accept_all" in written(view)
}

every_template = pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
every_document = pytest.mark.parametrize("view", DOCUMENTS.values(), ids=DOCUMENTS)
every_view = pytest.mark.parametrize("view", SHOWN.values(), ids=SHOWN)
every_question = pytest.mark.parametrize("view", QUESTIONS.values(), ids=QUESTIONS)

RELEASED = re.compile(r'<script async src="\{\{ view\.gateway \}\}/release/[^"]*" referrerpolicy="origin"></script>')
"""The one script element we ever write: a partner's line that loads a vendor from the gate."""

FORBIDDEN = {
    "en": (
        "by using", "by continuing", "you agree", "got it", "legitimate interest", "ask me later", "maybe later",
        "we value", "we care", "miss out", "better experience", "best experience", "don't want", "cannot not",
    ),
    "ru": (
        "продолжая", "используя сайт", "пользуясь", "вы соглашаетесь", "законный интерес", "законного интереса",
        "понятно", "спросить позже", "напомнить позже", "мы ценим", "лучший опыт", "упустите", "личных данных",
    ),
    "kk": (
        "пайдалана отырып", "келісесіз", "заңды мүдде", "түсінікті", "кейінірек сұра", "бағалаймыз", "жеке деректер",
    ),
}  # fmt: skip


def test_there_are_templates_and_documents_to_judge():
    assert len(TEMPLATES) > 10
    assert len(QUESTIONS) > 3 * len(LANGUAGES)


def test_every_page_and_part_we_can_show_is_among_the_documents_that_are_judged():
    for module in pkgutil.walk_packages(consentgw.__path__, "consentgw."):
        if not module.name.startswith("consentgw.locale"):
            importlib.import_module(module.name)
    shown = {view.template for view in SHOWN.values()} | {"snippet/head.html", "snippet/end.html"}
    known = {kind.template for kind in _below(View) if hasattr(kind, "template")}

    assert {name for name in known - shown if not name.startswith("demo/") and name.endswith(".html")} == set(), (
        "every page stands in tests/house/documents.py: the laws there, and axe, judge what they find in it"
    )


def _below(kind: type) -> Iterator[Any]:
    for one in kind.__subclasses__():
        yield one
        yield from _below(one)


@every_template
def test_no_template_holds_a_script_a_style_or_a_handler(template: Path):
    text = RELEASED.sub("", template.read_text(encoding="utf-8"))
    text = re.sub(r"<!--.*?-->|\{#.*?#\}", "", text, flags=re.DOTALL)

    assert not re.search(r"<script|</script|javascript:", text, re.IGNORECASE)
    assert not re.search(r"<style|\sstyle\s*=", text, re.IGNORECASE)
    assert not re.search(r"\son[a-z]+\s*=", text, re.IGNORECASE)


@every_template
def test_no_template_lets_markup_through_unescaped(template: Path):
    text = template.read_text(encoding="utf-8")

    assert not re.search(r"\|\s*safe\b|autoescape\s+false", text)


@every_view
def test_no_document_holds_a_script_a_style_or_a_handler(view: View):
    for element in read(view).elements:
        assert element.tag not in {"script", "style", "object", "embed", "base"}
        assert not {name for name in element.attributes if name == "style" or name.startswith("on")}


@every_document
def test_a_document_loads_only_our_own_files(view: View):
    for element in read(view).elements:
        for name in ("src", "data", "srcset", "poster", "background"):
            assert element.get(name) is None
        if element.tag == "link":
            assert element["href"].startswith("/")


@every_document
def test_a_document_says_its_language_and_has_one_title_and_one_heading(view: View):
    document = read(view)

    assert [html["lang"] for html in document.all("html")] == [view.language]
    assert [bool(said(title.text)) for title in document.all("title")] == [True]
    assert [bool(said(heading.text)) for heading in document.all("h1")] == [True]
    assert [main.tag for main in document.all("main")] == ["main"]


@every_view
def test_headings_descend_one_level_at_a_time(view: View):
    levels = [int(heading.tag[1]) for heading in read(view).all("h1", "h2", "h3", "h4")]

    assert all(after <= before + 1 for before, after in pairwise(levels))


@every_view
def test_every_field_has_a_label(view: View):
    document = read(view)
    described = {label.get("for") for label in document.all("label")}

    for field in document.all("input", "select", "textarea"):
        if field.get("type") != "hidden":
            assert field.get("aria-label") or "label" in field.inside or field.get("id") in described


@every_view
def test_every_button_and_every_link_says_what_it_does(view: View):
    for element in read(view).all("button", "a", "summary"):
        assert said(element.text)


@every_view
def test_a_form_that_changes_something_is_a_post_and_one_that_looks_for_something_is_not(view: View):
    for form in read(view).all("form"):
        assert form["method"] == ("get" if form.get("role") == "search" else "post")


@every_view
def test_a_link_that_opens_elsewhere_says_so_and_keeps_the_opener_to_itself(view: View):
    for link in read(view).all("a"):
        if link.get("target") == "_blank":
            assert link["rel"] == "noopener"
            assert [child["class"] for child in link.children] == ["cg-aside"]
            assert "(" in link.children[0].text


@every_question
def test_accept_and_refuse_differ_in_their_words_and_value_only(view: View):
    accept, reject = (button for button in read(view).all("button") if button["value"] in {"accept_all", "reject_all"})

    assert said(accept.text) != said(reject.text)
    assert {**accept.attributes, "value": ""} == {**reject.attributes, "value": ""}
    assert accept.inside == reject.inside


@every_question
def test_accept_and_refuse_stand_side_by_side_with_the_choice_by_purpose(view: View):
    document = read(view)
    values = [button["value"] for button in document.all("button")]
    boxes = [box["value"] for box in document.all("input") if box.get("name") == "granted"]

    assert values == ["accept_all", "reject_all", "save"]
    assert boxes == ["analytics", "marketing"]


@every_view
def test_no_box_is_ticked_unless_the_person_ticked_it(view: View):
    held = getattr(view, "granted", frozenset())
    for box in read(view).all("input"):
        if box.get("name") == "granted" and box.get("checked") is not None:
            assert box["value"] in held


@every_question
def test_what_must_be_known_comes_before_the_buttons(view: View):
    text = written(view)
    before = text[: text.index('value="accept_all"')]

    assert "Dala &amp; Sons LLP" in before
    assert "/policy/shop-2026-11-23?lang=" in before
    for purpose in ("analytics", "marketing"):
        assert f'name="granted" value="{purpose}"' in before


@every_view
def test_nothing_is_said_that_talks_a_person_into_a_yes(view: View):
    text = said(re.sub(r"<[^>]*>", " ", written(view))).lower()

    assert not [phrase for phrase in FORBIDDEN[view.language] if phrase in text]


@every_view
def test_what_a_site_calls_itself_is_text_and_never_markup(view: View):
    assert "Dala <Market>" not in written(view)
