"""Markdown becomes HTML that is safe, and every clause has an address."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consentgw.errors import Malformed, TooLarge
from consentgw.policies.rendering import LIMIT, render
from tests.policies.shop import part

ELEMENTS = {
    "a", "blockquote", "br", "code", "em", "h2", "h3", "h4", "hr", "li", "ol", "p", "pre", "strong", "table",
    "tbody", "td", "th", "thead", "tr", "ul",
}  # fmt: skip
ATTRIBUTES = {
    "a": {"href": r"(https?|mailto):.*|(?![a-z]+:).*"},
    "h2": {"id": r"s[0-9.]+"},
    "h3": {"id": r"s[0-9.]+"},
    "p": {"id": r"s[0-9.]+"},
    "ol": {"start": r"[0-9]+"},
    "th": {"scope": "col"},
}


class Inspector(HTMLParser):
    """Fails at the first element or attribute that a policy may not have."""

    def handle_starttag(self, tag, attributes):
        assert tag in ELEMENTS
        for name, value in attributes:
            assert re.fullmatch(ATTRIBUTES[tag][name], value, re.IGNORECASE), f"{tag} {name}={value!r}"

    def handle_comment(self, data):
        raise AssertionError(data)

    def handle_decl(self, decl):
        raise AssertionError(decl)


def html(*clauses: str) -> str:
    """Return the HTML of these clauses."""
    return render(part(*clauses)).text.html


@pytest.mark.parametrize(
    "attack",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "<svg/onload=alert(1)>",
        "<a href='javascript:alert(1)'>x</a>",
        "[x](javascript:alert(1))",
        "[x](JaVaScRiPt:alert(1))",
        "[x](javascript&colon;alert(1))",
        "[x](java\tscript:alert(1))",
        "[x](vbscript:x)",
        "[x](data:text/html;base64,PHNjcmlwdD4=)",
        "[x](file:///etc/passwd)",
        "<javascript:alert(1)>",
        "<data:text/html,x>",
        '[x](https://a.example "onmouseover=alert(1)")',
        "![x](https://tracker.example/pixel.gif)",
        "![x](javascript:alert(1))",
        "[x]: javascript:alert(1)\n\n[x][x]",
        "```<script>\nx\n```",
        "`<script>`",
        "<style>p{}</style>",
        "<iframe src=//a></iframe>",
        "<!-- comment -->",
        "| <b onclick=x> |\n| --- |\n| <script>1</script> |",
        "&lt;script&gt;alert(1)&lt;/script&gt;",
        "<p id=content class=top style=color:red>",
    ],
)
def test_no_script_no_picture_and_no_raw_html_gets_through(attack):
    assert_safe(html(attack))


def test_raw_html_is_shown_as_the_words_it_was_written_in():
    assert html("1.1. a <b onclick=x>b</b>") == html(r"1.1. a \<b onclick=x\>b\</b\>")
    assert "&lt;b onclick=x&gt;b&lt;/b&gt;" in html("1.1. a <b onclick=x>b</b>")
    assert "&lt;script&gt;" in html("<script>alert(1)</script>")


signs = [*"<>\"'&[]()!*_`|-:/\\ \n", "script", "javascript:", "href=", "onload=", "a", "x"]


@given(st.lists(st.sampled_from(signs), max_size=60))
def test_no_mixture_of_signs_becomes_anything_but_allowed_markup(pieces):
    assert_safe(html("1.1. " + "".join(pieces).replace("\n-", "\n")))


def assert_safe(rendered: str) -> None:
    """Fail if there is any element or attribute but the allowed ones."""
    inspector = Inspector()
    inspector.feed(rendered)
    inspector.close()


def test_a_section_and_a_clause_have_their_number_as_anchor():
    rendered = render(
        "# T\n\n## 8. Cookies\n\n8.2. Which.\n\n- 8.3. not a clause\n\n### 8.4 Sub\n\ntext\n\n## Unnumbered"
    )

    assert rendered.clauses == ("8", "8.2", "8.4")
    for element in ('<h2 id="s8">', '<p id="s8.2">', '<h3 id="s8.4">', "<h2>Unnumbered"):
        assert element in rendered.text.html


def test_a_year_or_an_amount_at_the_start_of_a_paragraph_is_no_clause():
    assert render("# T\n\n2026 was a year.\n\n## 1. One\n\n100 tenge.").clauses == ("1",)


def test_a_number_twice_is_refused_with_its_line():
    with pytest.raises(Malformed, match=r"line 7: clause 1\.1 is there twice"):
        render(part("1.1. One.", "1.1. Again."))


@pytest.mark.parametrize("source", ["", "text", "## 1. Section", "\n\n- # T", "#", "#  "])
def test_a_policy_begins_with_its_title(source):
    with pytest.raises(Malformed, match=r"^line 1: "):
        render(source)


def test_a_second_title_is_refused_with_its_line():
    with pytest.raises(Malformed, match="line 5: a policy has one title"):
        render("# One\n\ntext\n\n# Two")


def test_the_title_is_taken_out_of_the_text_and_is_plain_words():
    rendered = render("# Privacy *and* cookies \\| `us`\n\ntext")

    assert rendered.text.title == "Privacy and cookies | us"
    assert "Privacy" not in rendered.text.html


def test_tables_have_heads_for_their_columns():
    assert '<th scope="col">A</th>' in html("| A |\n| --- |\n| b |")


def test_a_text_that_is_too_long_is_refused():
    with pytest.raises(TooLarge):
        render("# T\n\n" + "ә" * (LIMIT // 2))
