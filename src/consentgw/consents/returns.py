"""The redirect flow: a partner's server sends a person here, and fetches what they answered.

``/consent/{site}?return={name}&state=...`` names a registered address; the person comes back to it with the partner's
state and a one-time code, which only the partner's server can turn into the receipt. A code says nothing and is worth
nothing after a minute, so it may stand in an address and in logs (RFC 6749 section 4.1.2, RFC 9700 section 2.1).
"""

from __future__ import annotations

import hashlib
import re
import secrets
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import quote

from consentgw.consents import return_codes, store, together
from consentgw.errors import Malformed
from consentgw.http.seals import from_base64, to_base64
from consentgw.http.surfaces import Places
from consentgw.sites.addresses import check_return

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from consentgw.consents.model import Held
    from consentgw.consents.service import Answer
    from consentgw.consents.store import Kept
    from consentgw.db import Database, Unit
    from consentgw.http.forms import Form
    from consentgw.http.seals import Seal
    from consentgw.keys.model import Signer
    from consentgw.sites.model import Site

LIFETIME = timedelta(seconds=60)
"""How long a code can be redeemed."""
FIELD = "return"
"""Of the address and of the form alike."""
_STATE = re.compile("[!-~]{1,512}")
_KNOWN = frozenset({FIELD, "state", "prompt", "lang", "c"})


@dataclass(frozen=True, slots=True)
class Return:
    """Where a person goes back to, and what the partner gave them to carry."""

    site: str
    name: str
    address: str
    state: str

    @property
    def places(self) -> Places:
        """Return the partner's origin: the one other place our form may lead to."""
        return _places(check_return(self.name, self.address))

    @property
    def query(self) -> str:
        """Return what a link to the same question keeps of its address."""
        return f"&{FIELD}={self.name}&state={quote(self.state, safe='')}"

    def location(self, code: str | None) -> str:
        """Return the registered address with code and state. Without a code, nothing was decided."""
        sent = f"code={code}&" if code else ""
        joint = "&" if "?" in self.address else "?"
        return f"{self.address}{joint}{sent}state={quote(self.state, safe='')}"


class Returns:
    """Reads where a person is to go back to: from an address, and from the form that was shown there."""

    def __init__(self, seal: Seal, *, plain: bool) -> None:
        """``plain`` says that the gateway itself is tried out without TLS; only then may a partner be."""
        self._seal = seal
        self._plain = plain

    def asked(self, query: Form, site: Site) -> Return | None:
        """Return what the address of a page asks for; None for the plain page.

        Raises:
            Malformed: a name nobody registered, a state that is missing, too long or not plain characters, a parameter
                that is repeated or that we do not know.
        """
        if query.names.isdisjoint({FIELD, "state", "prompt"}):
            return None
        if strange := query.names - _KNOWN:
            raise Malformed(f"the redirect flow knows no parameter {', '.join(sorted(strange))}")
        name, state = query.one(FIELD), query.one("state")
        if name is None or state is None or not _STATE.fullmatch(state):
            raise Malformed("the redirect flow needs return and state, the latter up to 512 visible ASCII characters")
        if query.one("prompt") not in {None, "none"}:
            raise Malformed("the one prompt that can be asked for is none")
        return self._registered(site, name, state)

    def carried(self, form: Form, site: Site) -> Return | None:
        """Return what the page of a form was asked for.

        Raises:
            Malformed: we did not write it, not for this site, or the name is registered no longer.
        """
        sealed = form.one(FIELD)
        if sealed is None:
            return None
        slug, _, rest = (self._seal.open(sealed) or "").partition(".")
        if slug != site.slug:
            raise Malformed("the form does not carry a return of ours")
        name, _, state = rest.partition(".")
        return self._registered(site, name, from_base64(state).decode())

    def seal(self, back: Return) -> str:
        """Return what a form carries."""
        return self._seal.close(f"{back.site}.{back.name}.{to_base64(back.state.encode())}")

    def _registered(self, site: Site, name: str, state: str) -> Return:
        address = site.returns.get(name)
        if address is None or (address.startswith("http:") and not self._plain):
            raise Malformed("nobody registered this return address")
        return Return(site.slug, name, address, state)


def record(unit: Unit, answers: Sequence[Answer], signer: Signer, back: Return) -> tuple[list[Held], str]:
    """Record an answer as :func:`consentgw.consents.together.record` does; issue the code that fetches the first."""
    held = together.record(unit, answers, signer)
    return held, issue(unit, back, held[0].receipt)


def issue(unit: Unit, back: Return, receipt: UUID) -> str:
    """Return a fresh code for a receipt. Only its hash is kept: it is 256 bits of chance, so that needs no salt."""
    code = secrets.token_urlsafe(32)
    return_codes.keep(unit, _hash(code), back.site, back.name, _hash(back.state), receipt, unit.now + LIFETIME)
    return code


def redeem(unit: Unit, site: str, code: str, *, name: str, state: str) -> Kept:
    """Turn a code into what its person has decided by now; only the first of all who try gets it.

    Site, return name and state are those of the partner's own session: a code that was slipped in from another fails.

    Raises:
        DeadCode: there is no such code here, it was redeemed before, or it has run out; which, is not told.
    """
    receipt = return_codes.take(unit, _hash(code), site, name, _hash(state))
    return store.read(unit.connection, store.held(unit.connection, receipt).receipt)


async def purge(db: Database) -> None:
    """Delete the codes that have run out, redeemed or not."""
    await db.write(return_codes.drop)


@lru_cache(1024)
def _places(origin: str) -> Places:
    return Places(partner=origin)  # prepared headers are found again by this very object


def _hash(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()
