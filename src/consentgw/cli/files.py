"""Files that commands are given."""

from __future__ import annotations

from typing import TYPE_CHECKING

from consentgw.errors import Malformed

if TYPE_CHECKING:
    from pathlib import Path


def read_text(file: Path) -> str:
    """Return the text of a file, without the byte order mark that some editors put before it.

    Raises:
        Malformed: it cannot be read, or is not UTF-8.
    """
    try:
        return file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError):
        raise Malformed(f"cannot read {file}") from None
