"""docs/embed/browsers.md says what the tests show, in their words."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from tests.matrix.test_every_way import Case, possible
from tests.matrix.ways import WAYS

TESTS = Path(__file__).parents[1]
DOCUMENT = (TESTS.parent / "docs" / "embed" / "browsers.md").read_text("utf-8")
ENGINES = {"chromium": "Chromium", "firefox": "Firefox", "webkit": "WebKitGTK"}
CELLS = {("allow", "block"): "works", ("allow",): "while third-party cookies are allowed"}


def words(said: str) -> str:
    """Return a sentence as the name of a test spells it."""
    return re.sub(r"[^a-z0-9]+", "_", said.lower()).strip("_")


def limits() -> set[str]:
    """Return the names of the tests that are marked as limits."""
    found = set()
    for file in TESTS.rglob("test_*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef) and any(
                ast.unparse(decorator) == "pytest.mark.limit" for decorator in node.decorator_list
            ):
                found.add(node.name.removeprefix("test_"))
    return found


def test_the_document_names_the_limits_that_tests_show_and_no_other():
    section = DOCUMENT.partition("## Limits")[2].partition("\n## ")[0]

    assert {words(said) for said in re.findall(r"^- (.+)$", section, re.MULTILINE)} == limits()


def test_the_document_s_table_is_what_the_matrix_goes():
    rows = [" | ".join(("way to embed", *ENGINES.values())), "---|---|---|---"]
    for way in WAYS:
        cells = [
            CELLS[tuple(each for each in ("allow", "block") if possible(Case(way, engine, False, each, gpc=False)))]
            for engine in ENGINES
        ]
        rows.append(" | ".join((way, *cells)))

    table = "\n".join(f"| {row} |" if "---" not in row else f"|{row}|" for row in rows)
    assert table in DOCUMENT
