"""Comparing two texts: nothing is left out, and what people read is whole lines and phrases."""

from __future__ import annotations

import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from consentgw.http.languages import NAMES
from consentgw.policies.compare import Act, compare, words
from consentgw.policies.rendering import LIMIT, blocks
from consentgw.policies.service import starter

WORDS = ["data", "кітап", "we", "not", "8.2.", "**bold**", "[a](https://x.example)", ",", "\n", "`code`", "é", "<b>"]
LINES = st.lists(st.sampled_from(WORDS), min_size=1, max_size=8).map(" ".join)
BEGINNINGS = st.sampled_from(["", "- ", "## ", "### ", "1. ", "> ", "## 1. ", "## 2. ", "| a | b |\n|--|--|\n| "])
TEXTS = st.lists(st.tuples(BEGINNINGS, LINES).map("".join), max_size=8).map("\n\n".join)


def lines(source: str, without: Act, other: str) -> list[str]:
    """Return the lines of one side of a comparison."""
    sections = compare(*((source, other) if without is Act.ADDED else (other, source)))
    return [line.text(without) for section in sections for line in section.lines if line.text(without)]


@given(TEXTS, TEXTS)
@example("", "# A")
@example("# A", "")
def test_a_comparison_gives_both_texts_back_line_by_line(before, after):
    assert lines(before, Act.ADDED, after) == [block.text for block in blocks(before) if block.text]
    assert lines(after, Act.REMOVED, before) == [block.text for block in blocks(after) if block.text]


@given(st.text(max_size=80), st.text(max_size=80))
def test_words_give_both_lines_back_letter_by_letter(before, after):
    runs = words(before, after)

    assert "".join(run.text for run in runs if run.act is not Act.ADDED) == before
    assert "".join(run.text for run in runs if run.act is not Act.REMOVED) == after
    assert all(run.text for run in runs)


@given(TEXTS)
def test_a_text_is_the_same_as_itself(text):
    assert not any(section.changed for section in compare(text, text))


@pytest.mark.parametrize("language", NAMES)
def test_one_changed_word_of_the_starter_is_the_only_change(language):
    (before,) = starter([language]).values()
    word = {"kk": "шифрланады", "ru": "шифруется", "en": "encrypted"}[language]

    changed = [section for section in compare(before, before.replace(word, "***")) if section.changed]

    assert len(changed) == 1
    assert changed[0].heading.text(Act.ADDED).startswith("6.")
    (line,) = [line for line in changed[0].lines if line.act is not Act.SAME]
    assert [run.text for run in line.runs if run.act is Act.REMOVED] == [word]


def test_a_phrase_is_replaced_as_a_phrase_and_not_in_crumbs():
    runs = words("We keep your data for one year.", "We keep your data until you leave.")

    assert [(run.act, run.text) for run in runs] == [
        (Act.SAME, "We keep your data "),
        (Act.REMOVED, "for one year"),
        (Act.ADDED, "until you leave"),
        (Act.SAME, "."),
    ]


@pytest.mark.parametrize(
    ("before", "after", "added"),
    [
        ("7.2. To use them, write.", "7.2. Any language will do. To use them, write.", "Any language will do. "),
        ("One, two.", "One, two, three.", ", three"),
        ("One. Two.", "One. And. Two.", "And. "),
    ],
)
def test_a_new_sentence_is_marked_from_its_first_letter(before, after, added):
    for runs, act in ((words(before, after), Act.ADDED), (words(after, before), Act.REMOVED)):
        assert [run.text for run in runs if run.act is not Act.SAME] == [added]
        assert {run.act for run in runs} == {Act.SAME, act}


def test_a_line_that_was_rewritten_is_removed_and_added_whole():
    before, after = "## 1. A\n\nCats sleep all day.", "## 1. A\n\nNobody knows why ships float."

    (section,) = compare(before, after)

    assert [line.act for line in section.lines] == [Act.SAME, Act.REMOVED, Act.ADDED]


def test_an_entry_put_between_two_others_is_the_only_one_that_is_new():
    before, after = "- your name;\n- your telephone.", "- your name;\n- your address;\n- your telephone."

    (section,) = compare(before, after)

    assert [(line.kind, line.act) for line in section.lines] == [
        ("entry", Act.SAME),
        ("entry", Act.ADDED),
        ("entry", Act.SAME),
    ]


def test_a_row_of_a_table_is_compared_by_its_cells():
    table = "| Service | Country |\n|---|---|\n| Ads | {} |"

    (section,) = compare(table.format("US"), table.format("KZ"))

    assert [run.text for run in section.lines[1].runs] == ["Ads · ", "US", "KZ"]


def test_a_link_that_leads_elsewhere_is_a_change():
    (section,) = compare("[Settings](https://a.example/)", "[Settings](https://b.example/)")

    assert section.changed
    assert section.lines[0].text(Act.REMOVED) == "Settings (https://b.example/)"


def test_a_section_moves_with_its_number_and_not_with_its_words():
    before = "# T\n\n## 1. Old name\n\nOne.\n\n## 2. Two\n\nTwo."
    after = "# T\n\n## 1. New name\n\nOne.\n\n## 2. Two\n\nTwo.\n\n## 3. Three\n\nThree."

    title, first, second, third = compare(before, after)

    assert not title.changed
    assert [run.text for run in first.heading.runs] == ["1. ", "Old", "New", " name"]
    assert not second.changed
    assert {line.act for line in third.lines} == {Act.ADDED}


@pytest.mark.parametrize(
    ("before", "after"),
    [("a ", "a b "), ("- a\n", "- a\n- b\n"), ("x\n\n", "y\n\n"), ("## 1\n\n", "## 2\n\n"), ("a b\n\n", "a c\n\n")],
)
def test_the_longest_texts_are_compared_soon(before, after):
    started = time.process_time()

    compare(before * (LIMIT // len(before)), after * (LIMIT // len(after)))

    assert time.process_time() - started < 20
