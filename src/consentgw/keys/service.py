"""The life of signing keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

from consentgw.access.service import CLI, note
from consentgw.errors import NotFound
from consentgw.keys import model, store

if TYPE_CHECKING:
    from consentgw.db import Unit
    from consentgw.keys.model import Signer


def ensure(unit: Unit, wrapping: tuple[bytes, ...]) -> Signer:
    """Return the key that signs now, making the first one where there is none."""
    try:
        return store.signer(unit.connection, wrapping)
    except NotFound:
        return _make(unit, wrapping)


def rotate(unit: Unit, wrapping: tuple[bytes, ...], *, replacing: str | None = None) -> Signer:
    """Retire the key that signs now, make the next and return it.

    ``replacing`` names the key that shall go: where it has gone already nothing changes, so that asking twice for one
    rotation makes one.
    """
    current = ensure(unit, wrapping)
    if replacing not in {None, current.kid}:
        return current
    store.retire(unit, current.kid)
    made = _make(unit, wrapping)
    note(unit, CLI, "keys rotate", None, made.kid)
    return made


def _make(unit: Unit, wrapping: tuple[bytes, ...]) -> Signer:
    private, public = model.new_key()
    store.keep(unit, private, public, wrapping)
    return model.Signer(public["kid"], private)
