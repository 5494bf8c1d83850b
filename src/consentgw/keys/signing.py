"""The key a process signs with, and how it is changed while the process serves.

Several processes on PostgreSQL look into the database for the newest key. The embedded database has one writing
process, so whoever wants a rotation while it serves leaves a note in the data folder; the process takes it up within a
second. The note names the key that shall go, so it can be read twice and does its work once.
"""

from __future__ import annotations

import logging
import os
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

from consentgw.db import open_reader
from consentgw.errors import Misconfigured, NotFound, Unavailable
from consentgw.keys import service, store

if TYPE_CHECKING:
    from consentgw.db import Database, Unit
    from consentgw.keys.model import Signer
    from consentgw.settings import Settings

log = logging.getLogger(__name__)

_LOOK_SECONDS = 0.1


@dataclass(slots=True)
class Signing:
    """Holds the key that signs now; a process has one, and every room asks it."""

    signer: Signer
    wrapping: tuple[bytes, ...]
    note: Path | None
    """Where a rotation is asked for; none where every process can write."""
    unreadable: str | None = None
    """A newer key that this process cannot open: it was sealed under a secret we were not given."""

    @classmethod
    def begin(cls, unit: Unit, wrapping: tuple[bytes, ...], note: Path | None) -> Self:
        """Sign with the newest key, making the first one where there is none."""
        return cls(service.ensure(unit, wrapping), wrapping, note)

    async def refresh(self, db: Database) -> None:
        """Rotate where a note asks for it, and take in what any process has rotated."""
        if self.note and self.note.exists():
            await db.write(service.rotate, self.wrapping, replacing=_read(self.note))
            self.note.unlink(missing_ok=True)
        newest = await db.read(store.current)
        if newest not in {self.signer.kid, self.unreadable}:
            try:
                self.signer = await db.read(store.signer, self.wrapping)
                log.info("signing with the key %s", self.signer.kid)
            except Misconfigured as error:
                self.unreadable = newest
                log.error("receipts are still signed by the former key: %s", error)  # noqa: TRY400  no bug of ours


def note_of(settings: Settings) -> Path | None:
    """Return where a rotation is asked for."""
    return settings.data / "rotate-signing-key" if settings.embedded else None


def ask(settings: Settings, *, seconds: float = 15.0) -> str:
    """Ask the process that has the embedded database to rotate its key; return the new key's name once it signs.

    Raises:
        NotFound: there is no key yet.
        Misconfigured: the folder does not take the note.
        Unavailable: nobody took it up in so many seconds.
    """
    note = note_of(settings)
    old = _current(settings)
    if note is None or old is None:
        raise NotFound("there is no signing key yet; it is made at the first start")
    _write(note, old)
    deadline = time.monotonic() + seconds
    while (new := _current(settings)) in {old, None}:
        if time.monotonic() > deadline:
            note.unlink(missing_ok=True)
            raise Unavailable("the process that has the database did not rotate its key; is it a consentgw serve?")
        time.sleep(_LOOK_SECONDS)
    return str(new)


def _current(settings: Settings) -> str | None:
    with open_reader(settings) as connection:
        return store.current(connection)


def _read(note: Path) -> str:
    try:
        return note.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return ""  # no key has such a name: nothing is rotated


def _write(note: Path, kid: str) -> None:
    """Put a note where it is found whole or not at all; for its owner alone.

    Raises:
        Misconfigured: the folder takes none: it is full, or can only be read.
    """
    fresh = None
    try:
        descriptor, fresh = tempfile.mkstemp(prefix=note.name, dir=note.parent)
        with os.fdopen(descriptor, "w", encoding="utf-8") as writing:
            writing.write(kid)
        Path(fresh).replace(note)
    except OSError as error:
        if fresh is not None:
            Path(fresh).unlink(missing_ok=True)
        raise Misconfigured(f"cannot ask for a new key in {note.parent}: {error.strerror}") from None
