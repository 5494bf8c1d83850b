"""From Markdown to the HTML people read: no raw HTML, no pictures, no scripts; an address for every clause.

Clauses are numbered by their author (``## 8. Cookies``, then ``8.2. ...``), alike in every language, and the
number is the anchor: ``#s8.2`` finds the clause in Kazakh, Russian and English. What Markdown made goes
through an allow-list once more, so a hole in one of the two is not a hole in the page.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import nh3
from markdown_it import MarkdownIt

from consentgw.errors import Malformed, TooLarge
from consentgw.policies.model import PolicyText

if TYPE_CHECKING:
    from collections.abc import Sequence

    from markdown_it.token import Token

LIMIT = 65_536
"""Bytes of Markdown in one language at the most."""

_MARKDOWN = MarkdownIt("commonmark", {"html": False}).enable("table").disable("image")
_NUMBER = re.compile(r"([1-9][0-9]{0,2}(?:\.[1-9][0-9]{0,2})*)\.?\s")
_TAGS = {
    "a", "blockquote", "br", "code", "em", "h2", "h3", "h4", "hr", "li", "ol", "p", "pre", "strong",
    "table", "tbody", "td", "th", "thead", "tr", "ul",
}  # fmt: skip
_ATTRIBUTES = {
    "*": set[str](),  # else titles and languages are let through on every element
    "a": {"href"},
    "h2": {"id"},
    "h3": {"id"},
    "h4": {"id"},
    "p": {"id"},
    "th": {"scope"},
    "ol": {"start"},
}


@dataclass(frozen=True, slots=True)
class Rendering:
    """A policy in one language, and the numbers of its clauses in the order they stand."""

    text: PolicyText
    clauses: tuple[str, ...]


def render(source: str) -> Rendering:
    """Render the Markdown of one language.

    Raises:
        TooLarge: more than :data:`LIMIT` bytes.
        Malformed: it does not begin with its one title, or two clauses bear the same number.
    """
    if len(source.encode()) > LIMIT:
        raise TooLarge(f"a policy text has {LIMIT} bytes at the most")
    tokens = _MARKDOWN.parse(source)
    title = _take_title(tokens)
    clauses = _number(tokens)
    for token in tokens:
        if token.type == "th_open":
            token.attrs = {"scope": "col"}
    html: str = _MARKDOWN.renderer.render(tokens, _MARKDOWN.options, {})
    clean = nh3.clean(html, tags=_TAGS, attributes=_ATTRIBUTES, url_schemes={"http", "https", "mailto"}, link_rel=None)
    return Rendering(PolicyText(title, source, clean), clauses)


def _take_title(tokens: list[Token]) -> str:
    """Remove the title from the tokens and return its words; the page shows it as its own heading."""
    if not tokens or tokens[0].type != "heading_open" or tokens[0].tag != "h1":
        raise Malformed("line 1: a policy begins with its title, written '# Title'")
    title = "".join(child.content for child in tokens[1].children or () if child.type in {"text", "code_inline"})
    del tokens[:3]
    for token in tokens:
        if token.type == "heading_open" and token.tag == "h1":
            raise Malformed(f"line {_line(token)}: a policy has one title; sections begin with '##'")
    if not title.strip():
        raise Malformed("line 1: the title is empty")
    return title.strip()


def _number(tokens: Sequence[Token]) -> tuple[str, ...]:
    """Give every numbered heading and paragraph its anchor and return the numbers."""
    clauses: dict[str, None] = {}
    for token, inline in pairwise(tokens):
        numbered = token.level == 0 and token.type in {"heading_open", "paragraph_open"}
        match = _NUMBER.match(inline.content) if numbered else None
        if match is None or (token.type == "paragraph_open" and "." not in match[1]):
            continue
        if match[1] in clauses:
            raise Malformed(f"line {_line(token)}: clause {match[1]} is there twice")
        clauses[match[1]] = None
        token.attrs = {"id": f"s{match[1]}"}
    return tuple(clauses)


def _line(token: Token) -> int:
    return token.map[0] + 1 if token.map else 1
