"""Laws over the catalogues: every sentence we show exists in every language, and no other does."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po

from consentgw.http.languages import CATALOGUES, LANGUAGES
from consentgw.resources import folder

PACKAGE = CATALOGUES.parent
KEYWORDS = {"_": None, "gettext": None, "ngettext": (1, 2), "sentence": None}
METHODS = {
    folder("templates"): [("demo/**", "ignore"), ("**.html", "jinja2.ext:babel_extract")],
    PACKAGE: [("**.py", "python")],
}
PLACE = re.compile(r"%\((\w+)\)[sd]")
MARKUP = re.compile(r"<[^>]*>")

every_language = pytest.mark.parametrize("language", LANGUAGES)
every_foreign_language = pytest.mark.parametrize("language", ["kk", "ru"])


@cache
def extracted() -> Catalog:
    """Return every sentence of the templates and the code."""
    found = Catalog()
    for where, methods in METHODS.items():
        options = {"**.html": {"trimmed": "true", "newstyle_gettext": "true", "silent": "false"}}
        for _, _, message, _, _ in extract_from_dir(where, methods, options, KEYWORDS):
            found.add(message)
    return found


@cache
def catalogue(language: str) -> Catalog:
    """Return a catalogue as its source is written."""
    with (CATALOGUES / language / "LC_MESSAGES" / "consentgw.po").open("rb") as file:
        return read_po(file, locale=language, abort_invalid=True)


def messages(language: str) -> list[Message]:
    """Return the messages of a catalogue, without its header."""
    return [message for message in catalogue(language) if message.id]


def forms(string: str | list[str] | tuple[str, ...]) -> tuple[str, ...]:
    """Return the forms of a message: one, or one for each plural."""
    return (string,) if isinstance(string, str) else tuple(string)


def test_sentences_are_found_in_templates_and_in_code():
    assert "Accept all" in extracted()
    assert "You may refuse, and you can change your mind at any time." in extracted()
    assert "%(count)d day" in extracted()


@every_language
def test_no_sentence_is_missing(language: str):
    known = {message.id for message in messages(language)}

    assert not [message.id for message in extracted() if message.id and message.id not in known]


@every_language
def test_no_sentence_is_left_over(language: str):
    used = {message.id for message in extracted()}

    assert not [message.id for message in messages(language) if message.id not in used]
    assert not catalogue(language).obsolete


@every_language
def test_every_sentence_is_translated_in_all_its_forms(language: str):
    plurals = catalogue(language).num_plurals
    for message in messages(language):
        assert not message.fuzzy
        assert len(forms(message.string)) == (plurals if message.pluralizable else 1)
        assert all(form.strip() for form in forms(message.string))


@every_language
def test_a_translation_has_the_places_and_the_markup_of_its_sentence(language: str):
    for message in messages(language):
        places = {frozenset(PLACE.findall(form)) for form in forms(message.id)}
        for form in forms(message.string):
            assert frozenset(PLACE.findall(form)) in places
            assert sorted(MARKUP.findall(form)) == sorted(MARKUP.findall(forms(message.id)[0]))


@every_language
def test_what_was_compiled_is_what_is_written(language: str):
    compiled = CATALOGUES / language / "LC_MESSAGES" / "consentgw.mo"
    with compiled.open("rb") as file:
        ours = {forms(message.id): forms(message.string) for message in read_mo(file) if message.id}

    stale = "the catalogues are stale: run `uv sync --reinstall-package consentgw`"
    assert ours == {forms(message.id): forms(message.string) for message in messages(language)}, stale


@every_foreign_language
def test_a_translation_is_in_the_letters_of_its_language(language: str):
    alike = {"%(date)s, %(time)s UTC"}
    for message in messages(language):
        if message.id not in alike:
            assert all(re.search("[а-яёәғқңөұүһі]", form, re.IGNORECASE) for form in forms(message.string)), message.id


def test_russian_has_no_kazakh_letters():
    for message in messages("ru"):
        assert not re.search("[әғқңөұүһі]", "".join(forms(message.string)), re.IGNORECASE), message.id


def test_russian_has_three_plural_forms_and_kazakh_two():
    assert catalogue("ru").num_plurals == 3
    assert catalogue("kk").num_plurals == 2


@every_foreign_language
def test_the_words_of_the_law_are_those_of_the_glossary(language: str):
    glossary = {
        "kk": {
            "Accept all": "Барлығын қабылдау",
            "Reject all": "Барлығынан бас тарту",
            "Save choice": "Таңдауды сақтау",
            "Withdraw consent": "Келісімді қайтарып алу",
            "Privacy policy": "Құпиялылық саясаты",
            "Receipt": "Түбіртек",
            "BIN": "БСН",
        },
        "ru": {
            "Accept all": "Принять все",
            "Reject all": "Отклонить все",
            "Save choice": "Сохранить выбор",
            "Withdraw consent": "Отозвать согласие",
            "Privacy policy": "Политика конфиденциальности",
            "Receipt": "Квитанция",
            "BIN": "БИН",
        },
    }[language]

    assert {term: catalogue(language)[term].string for term in glossary} == glossary


def test_every_catalogue_lies_where_the_languages_are_declared():
    assert {path.name for path in Path(CATALOGUES).iterdir() if path.is_dir() and path.name[0] != "_"} == set(LANGUAGES)
