"""A law over the error tree: whatever can go wrong is explained, with the status it is answered with."""

from __future__ import annotations

import re
from collections.abc import Iterator

import consentgw.app  # noqa: F401 - every room declares its errors when it is loaded
from consentgw.errors import ConsentgwError, Misconfigured
from consentgw.http.explanations import EXPLANATIONS, example
from consentgw.http.problems import status_of


def kinds(root: type[ConsentgwError] = ConsentgwError) -> Iterator[type[ConsentgwError]]:
    """Yield every class of the tree that a request can meet."""
    if not issubclass(root, Misconfigured):
        yield root
        for kind in root.__subclasses__():
            yield from kinds(kind)


CODES = {kind.code: kind for kind in kinds() if kind.__module__.startswith("consentgw.")}


def test_every_code_has_an_explanation_and_no_explanation_is_left_over():
    assert set(CODES) == set(EXPLANATIONS)


def test_a_kind_is_explained_with_the_status_it_is_answered_with():
    statuses = {code: status_of(kind.__new__(kind)) for code, kind in CODES.items()}

    assert statuses == {code: explanation.status for code, explanation in EXPLANATIONS.items()}


def test_every_explanation_says_what_happened_why_and_what_to_do():
    for code, explanation in EXPLANATIONS.items():
        assert re.fullmatch(r"[a-z]+(_[a-z]+)*", code)
        assert 3 < len(explanation.title) <= 40
        assert explanation.title[0].isupper()
        for sentence in (explanation.meaning, *explanation.causes, explanation.remedy):
            assert sentence.endswith("."), code


def test_an_example_is_a_problem_document():
    for code in EXPLANATIONS:
        told = example(code, "https://consent.example")

        assert told["type"] == f"https://consent.example/problems/{code}"
        assert (told["code"], told["status"]) == (code, EXPLANATIONS[code].status)
