"""Views, slots and the problem page."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import ClassVar

import pytest
from jinja2 import UndefinedError
from markupsafe import Markup

from consentgw import errors
from consentgw.errors import Misconfigured
from consentgw.http.languages import LANGUAGES
from consentgw.http.pages import STATIC, Page, Prepared, ProblemView, View, render, slot, static
from tests.house.documents import read, said


def problem(status: int, code: str = "", *, language: str = "en", back: str = "") -> ProblemView:
    return ProblemView(language=language, languages=LANGUAGES, status=status, code=code, back=back)


def test_a_slot_is_filled_for_each_request():
    page = Prepared(f'<p id="{slot("id")}">{slot("word")} {slot("id")}</p>')

    assert page.slots == {"id", "word"}
    assert page.fill(id="a", word="қош") == '<p id="a">қош a</p>'.encode()
    assert page.fill(id="b", word="бол") == '<p id="b">бол b</p>'.encode()


def test_a_page_without_slots_is_the_same_bytes_every_time():
    page = Prepared("қош")

    assert page.fill() is page.fill()


def test_a_slot_without_a_value_is_an_error_and_not_an_empty_place():
    with pytest.raises(KeyError, match="token"):
        Prepared(f"{slot('token')}").fill(receipt="x")


def test_a_value_for_a_slot_the_page_lacks_is_left_out():
    assert Prepared(f"{slot('token')}").fill(token="t", receipt="x") == b"t"


def test_what_looks_like_a_slot_in_a_value_is_not_filled_again():
    assert Prepared(f"{slot('a')}").fill(a=str(slot("b"))) == str(slot("b")).encode()


def test_a_slot_survives_escaping():
    assert isinstance(slot("token"), Markup)


def test_prepared_and_filled_is_what_rendering_gives():
    view = problem(404)

    assert Prepared.of(view).fill() == render(view).encode()


def test_text_of_a_view_is_escaped():
    page = read(problem(404, back='"><b>')).all("a")

    assert page[-1]["href"] == '"><b>'


def test_a_language_we_do_not_speak_is_an_error():
    with pytest.raises(Misconfigured):
        render(problem(404, language="de"))


def test_a_template_that_asks_for_what_the_view_lacks_fails_loudly():
    @dataclass(frozen=True, slots=True, kw_only=True)
    class Bare(View):
        template: ClassVar[str] = "problem.html"

    with pytest.raises(UndefinedError):
        render(Bare(language="en"))


def test_the_address_of_a_static_file_changes_with_its_content():
    digest = hashlib.sha256((STATIC / "gateway.css").read_bytes()).hexdigest()

    assert static("gateway.css") == f"/static/gateway.css?v={digest[:12]}"


def test_a_static_file_that_does_not_exist_is_an_error():
    with pytest.raises(FileNotFoundError):
        static("gateway.js")


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_page_links_itself_in_its_other_languages(language: str):
    links = [link for link in read(problem(404, language=language)).all("a") if link.get("hreflang")]

    assert [link["href"] for link in links] == ["?lang=kk", "?lang=ru", "?lang=en"]
    assert [said(link.text) for link in links] == ["Қазақша", "Русский", "English"]
    assert [link["lang"] for link in links if link.get("aria-current")] == [language]


def test_a_page_wears_the_colours_of_its_site_and_only_then():
    class Shop(Page):
        template: ClassVar[str] = "page.html"

    styles = [link["href"] for link in read(Shop(language="en", site_slug="shop")).all("link")]
    plain = [link["href"] for link in read(Shop(language="en")).all("link")]

    assert "/sites/shop/theme.css" in styles
    assert not [address for address in plain if "theme" in address]


def test_every_kind_of_error_has_words_a_person_understands():
    kinds = [value for value in vars(errors).values() if isinstance(value, type) and issubclass(value, Exception)]
    titles = {kind.code: said(read(problem(400, kind.code)).all("h1")[0].text) for kind in kinds}

    assert titles["not_found"] == "Nothing here"
    assert titles["already_answered"] == "Already answered"
    assert titles["unavailable"] == "Please try again shortly"
    assert titles["malformed"] == "That could not be read"
    assert not [code for code, title in titles.items() if "_" in title or code == title]


@pytest.mark.parametrize(
    ("status", "title"),
    [
        (404, "Nothing here"),
        (410, "Nothing here"),
        (403, "Please answer once more"),
        (409, "Already answered"),
        (413, "That could not be read"),
        (405, "That could not be read"),
        (500, "Something went wrong"),
        (503, "Please try again shortly"),
    ],
)
def test_without_a_code_the_status_chooses_the_words(status: int, title: str):
    assert said(read(problem(status)).all("h1")[0].text) == title


def test_a_problem_leads_on_only_where_we_know_the_way():
    assert "button" not in render(problem(404))
    assert 'href="/consent/shop"' in render(problem(404, back="/consent/shop"))
