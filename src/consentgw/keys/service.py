"""The life of signing keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

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
        private, public = model.new_key()
        store.keep(unit, private, public, wrapping)
        return model.Signer(public["kid"], private)
