"""Markdown as people read it: no raw HTML, no pictures, no scripts.

What Markdown made goes through an allow-list once more, so a hole in one of the two is not a hole in the page.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import nh3
from markdown_it import MarkdownIt
from markupsafe import Markup

if TYPE_CHECKING:
    from collections.abc import Mapping

MARKDOWN = MarkdownIt("commonmark", {"html": False}).enable("table").disable("image")
"""CommonMark with tables."""
_WITHOUT_HEADINGS = MarkdownIt("commonmark", {"html": False}).enable("table").disable(["image", "heading", "lheading"])
_TAGS = {
    "a", "blockquote", "br", "code", "em", "h2", "h3", "h4", "hr", "li", "ol", "p", "pre", "strong",
    "table", "tbody", "td", "th", "thead", "tr", "ul",
}  # fmt: skip
_ATTRIBUTES = {
    "*": set[str](),  # else titles and languages are let through on every element
    "a": {"href"},
    "th": {"scope"},
    "ol": {"start"},
}


def clean(html: str, attributes: Mapping[str, set[str]] | None = None) -> str:
    """Return HTML with nothing in it but the elements of a text; ``attributes`` are let through besides."""
    return nh3.clean(
        html,
        tags=_TAGS,
        attributes={**_ATTRIBUTES, **(attributes or {})},
        url_schemes={"http", "https", "mailto"},
        link_rel=None,
    )


def paragraphs(source: str) -> Markup:
    """Return a description as paragraphs, lists and tables; headings are left to the page it stands on."""
    return Markup(clean(_WITHOUT_HEADINGS.render(source)))  # noqa: S704 - it went through the allow-list


def line(source: str) -> Markup:
    """Return a short description on one line."""
    return Markup(clean(_WITHOUT_HEADINGS.renderInline(source)))  # noqa: S704 - it went through the allow-list
