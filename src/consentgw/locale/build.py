"""Build hook: compiles the gettext catalogues, and refuses a build in which a sentence is missing.

Runs for wheels and for editable installs alike, so a checkout and a release speak the same words.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from hatchling.builders.hooks.plugin.interface import BuildHookInterface

if TYPE_CHECKING:
    from babel.messages.catalog import Message


class CatalogueHook(BuildHookInterface[Any]):
    """Turns every ``LC_MESSAGES/consentgw.po`` into the ``.mo`` that :mod:`gettext` reads."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile the catalogues beside their sources and ship them.

        Raises:
            ValueError: a sentence of a catalogue is untranslated or marked fuzzy.
        """
        for source in sorted(Path(self.root, "src/consentgw/locale").glob("*/LC_MESSAGES/consentgw.po")):
            with source.open("rb") as file:
                catalogue = read_po(file, abort_invalid=True)
            missing = [str(entry.id) for entry in catalogue if entry.id and not _translated(entry)]
            if missing:
                message = f"{source}: not translated: {'; '.join(missing)}"
                raise ValueError(message)
            compiled = source.with_suffix(".mo")
            with compiled.open("wb") as file:
                write_mo(file, catalogue)
            build_data["artifacts"].append(str(compiled.relative_to(self.root)))


def _translated(entry: Message) -> bool:
    forms = (entry.string,) if isinstance(entry.string, str) else entry.string
    return not entry.fuzzy and bool(forms) and all(forms)
