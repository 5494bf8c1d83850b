"""Whom a decision is about, as a partner names them: the subject's id, or the partner's own identifier.

A subject's id is ours and says nothing. A partner's identifier (a customer number, at worst an address) is never
kept: what is kept is an HMAC of it under a key of this installation, another for every site, so that a stolen
database does not tell whom it is about, and no two sites can compare notes.
"""

from __future__ import annotations

import hmac
import re
from dataclasses import dataclass, field
from uuid import UUID

from consentgw.errors import Malformed

OWN = "id:"
"""Before a partner's identifier, to tell it from a subject's id."""
LONGEST = 200
_ID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
ID = f"^{_ID}$"
IDENTIFIER = rf"^[!-~]{{1,{LONGEST}}}$"
SUBJECT = rf"^({_ID}|id:[!-~]{{1,{LONGEST}}})$"
IN_A_PATH = rf"^({_ID}|id:[!-.0-~]{{1,{LONGEST}}})$"
"""As :data:`SUBJECT`, where a slash would end the part."""


@dataclass(frozen=True, slots=True)
class Pseudonym:
    """A partner's identifier as we know it."""

    digests: tuple[bytes, ...] = field(repr=False)
    """Under the key in use and under those before it: an identifier kept under a former secret is still found."""


Who = UUID | Pseudonym
"""Whom something is about."""


class Pseudonyms:
    """Reads how partners name people."""

    def __init__(self, keys: tuple[bytes, ...]) -> None:
        # Prepared once and copied, as seals are: short texts keep the interpreter lock then.
        self._keyed = tuple(hmac.new(key, digestmod="sha256") for key in keys)

    def read(self, site: str, text: str) -> Who:
        """Return whom a partner names: ``id:`` and its own identifier, or a subject's id.

        Raises:
            Malformed: it is neither.
        """
        if text.startswith(OWN):
            return self.of(site, text.removeprefix(OWN))
        if re.fullmatch(_ID, text):
            return UUID(text)
        raise Malformed("a subject is named by its id, or by id: and your own identifier for it")

    def of(self, site: str, identifier: str) -> Pseudonym:
        """Return the pseudonym of a partner's own identifier at its site.

        Raises:
            Malformed: it is empty, too long, or has other than visible ASCII characters.
        """
        if not re.fullmatch(IDENTIFIER, identifier):
            raise Malformed(f"an identifier has 1 to {LONGEST} visible ASCII characters")
        message = f"{site}\n{identifier}".encode()
        return Pseudonym(tuple(_mac(keyed, message) for keyed in self._keyed))


def _mac(keyed: hmac.HMAC, message: bytes) -> bytes:
    mac = keyed.copy()
    mac.update(message)
    return mac.digest()
