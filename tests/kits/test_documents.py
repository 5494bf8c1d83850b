"""The kits are read in a minute, and what their documents show is what stands in the files."""

from __future__ import annotations

import re

import pytest

from tests.kits.house import KITS

DOCUMENTS = sorted(KITS.glob("**/*.md"))
CODE = sorted(file for file in KITS.glob("**/*") if file.suffix in {".py", ".php"} and file.name != "__init__.py")


@pytest.mark.parametrize("file", [*KITS.glob("*/*.md"), *CODE], ids=lambda file: str(file.relative_to(KITS)))
def test_a_kit_is_read_in_a_minute(file):
    assert len(file.read_text("utf-8").splitlines()) <= (110 if file.suffix == ".php" else 80)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda file: str(file.relative_to(KITS)))
def test_every_link_leads_to_a_file(document):
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", document.read_text("utf-8")):
        if not target.startswith("https://"):
            assert (document.parent / target).resolve().is_file(), target


def test_every_way_to_embed_is_listed():
    listed = (KITS / "README.md").read_text("utf-8")

    for document in DOCUMENTS:
        assert document.name == "README.md" or f"({document.name})" in listed


def test_every_kit_is_listed_and_every_file_is_named_by_its_document():
    listed = (KITS / "README.md").read_text("utf-8")
    for file in CODE:
        folder = KITS / file.relative_to(KITS).parts[0]
        assert f"({folder.name}/README.md)" in listed
        assert file.name in (folder / "README.md").read_text("utf-8")
