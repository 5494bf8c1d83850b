"""Code in quiet colours: strings, names of members, numbers and comments, marked up on the server."""

from __future__ import annotations

import re

from markupsafe import Markup, escape

_TOKENS = re.compile(
    r"""
      (?P<name>"(?:\\.|[^"\\\n])*"(?=\s*:))
    | (?P<string>"(?:\\.|[^"\\\n])*"|'[^'\n]*')
    | (?P<comment>(?:^|(?<=\s))\#[^\n]*)
    | (?P<word>\b(?:true|false|null|None|True|False|import|from|with|as|print)\b)
    | (?P<number>(?<![\w./:-])-?\d+(?:\.\d+)?(?![\w.-]))
    | (?P<variable>\$[A-Z_]+)
    """,
    re.VERBOSE | re.MULTILINE,
)
_SPAN = Markup('<span class="{}">{}</span>')


def highlight(code: str) -> Markup:
    """Return code with its tokens in spans, escaped."""
    pieces: list[Markup] = []
    end = 0
    for token in _TOKENS.finditer(code):
        pieces += (
            escape(code[end : token.start()]),
            Markup('<span class="{}">{}</span>').format(token.lastgroup, token[0]),
        )
        end = token.end()
    return Markup("").join((*pieces, escape(code[end:])))
