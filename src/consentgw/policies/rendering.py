"""From Markdown to the HTML people read: no raw HTML, no pictures, no scripts; an address for every clause.

Clauses are numbered by their author (``## 8. Cookies``, then ``8.2. ...``), alike in every language, and the
number is the anchor: ``#s8.2`` finds the clause in Kazakh, Russian and English.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING

from consentgw.errors import Malformed, TooLarge
from consentgw.http.prose import MARKDOWN, clean
from consentgw.policies.model import PolicyText

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from markdown_it.token import Token

LIMIT = 65_536
"""Bytes of Markdown in one language at the most."""

_NUMBER = re.compile(r"([1-9][0-9]{0,2}(?:\.[1-9][0-9]{0,2})*)\.?\s")
_HEADINGS = {"h1": "title", "h2": "section"}
_ANCHORED = {"h2": {"id"}, "h3": {"id"}, "h4": {"id"}, "p": {"id"}}


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
    tokens = MARKDOWN.parse(source)
    title = _take_title(tokens)
    clauses = _number(tokens)
    for token in tokens:
        if token.type == "th_open":
            token.attrs = {"scope": "col"}
    html: str = MARKDOWN.renderer.render(tokens, MARKDOWN.options, {})
    return Rendering(PolicyText(title, source, clean(html, _ANCHORED)), clauses)


@dataclass(frozen=True, slots=True)
class Block:
    """One line as people read it: the words of a heading, a paragraph, an entry of a list or a row of a table."""

    kind: str
    """``title``, ``section``, ``heading``, ``paragraph``, ``entry`` or ``row``."""
    text: str
    """Without the marks of Markdown; lines of the source stay lines."""
    line: int = field(compare=False)
    """Where it begins in the source, counted from one."""


def blocks(source: str) -> Iterator[Block]:
    """Yield the lines of a Markdown text in their order."""
    tokens = MARKDOWN.parse(source)
    line, kind, entries = 1, "paragraph", 0
    row: list[str] | None = None
    for token in tokens:
        line = _line(token) if token.map else line
        if token.type in {"list_item_open", "list_item_close"}:
            entries += 1 if token.type == "list_item_open" else -1
        elif token.type == "heading_open":
            kind = _HEADINGS.get(token.tag, "heading")
        elif token.type == "tr_open":
            row = []
        elif token.type == "tr_close" and row is not None:
            yield Block("row", " · ".join(row), line)
            row = None
        elif token.type == "inline" and row is not None:
            row.append(" ".join(_words(token).split()))
        elif token.type == "inline":
            yield Block("entry" if entries and kind == "paragraph" else kind, _words(token), line)
            kind = "paragraph"
        elif token.type in {"fence", "code_block"}:
            yield Block("paragraph", token.content.rstrip("\n"), line)


def _words(inline: Token) -> str:
    """Return the words, and after those of a link where it leads, unless that is within the text."""
    said: list[str] = []
    target = ""
    for child in inline.children or ():
        if child.type == "link_open":
            target = "" if child.info == "auto" else str(child.attrGet("href") or "")
        elif child.type == "link_close" and target and not target.startswith("#"):
            said.append(f" ({target})")
        else:
            said.append("\n" if child.type in {"softbreak", "hardbreak"} else child.content)
    return "".join(said)


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
