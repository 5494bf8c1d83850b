"""What travels with a visitor: the form token, the state cookie and the receipt code.

All three are sealed, and none says who the visitor is. A form token states what was shown and carries the
id its receipt will have: the ledger's unique key makes it single use, with nothing to store when a form is
shown.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from consentgw.consents.identifiers import uuid7_bytes
from consentgw.consents.model import Channel, Held, Method
from consentgw.errors import NotFound, Unconfirmed
from consentgw.http.cookies import own, partitioned, read_cookies
from consentgw.http.seals import Seal, from_text, to_base64, to_text

if TYPE_CHECKING:
    from uuid import UUID

    from starlette.requests import Request

FORM_SECONDS = 12 * 3600
"""How long a form may lie open before it is answered."""
_SIGNAL = "gpc"
REMEMBERED = 4096
"""Cookies kept in memory as they were read."""
_SKEW = 120
"""Seconds by which the clocks of two processes may differ."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What a form token states."""

    receipt: UUID
    notice: str
    channel: Channel


class Forms:
    """Form tokens."""

    def __init__(self, seal: Seal) -> None:
        self._seal = seal

    def issue(self, site: str, notice: str, channel: Channel, now: float) -> str:
        """Return the token of a form that is shown now."""
        return self._seal.close(f"{to_base64(uuid7_bytes())}.{site}.{notice}.{channel}.{int(now):x}")

    def read(self, token: str, site: str, now: float) -> Shown:
        """Return what a token states.

        Raises:
            Unconfirmed: we did not issue it, not for this site, or too long ago.
        """
        text = self._seal.open(token)
        if text is None:
            raise Unconfirmed("the form token is not ours")
        receipt, its_site, notice, channel, issued = text.split(".")
        if its_site != site:
            raise Unconfirmed("the form token is another site's")
        if not -_SKEW <= now - int(issued, 16) <= FORM_SECONDS:
            raise Unconfirmed("the form token is too old")
        return Shown(from_text(receipt), notice, Channel(channel))


class Codes:
    """Receipt codes: whoever has one may read the receipt, and withdraw."""

    def __init__(self, seal: Seal) -> None:
        self._seal = seal

    def code(self, receipt: UUID) -> str:
        """Return the code of a receipt; 128 bits of it cannot be guessed."""
        return self._seal.close(to_text(receipt)).replace(".", "~")

    def receipt(self, code: str) -> UUID:
        """Return the receipt of a code.

        Raises:
            NotFound: we never gave out this code.
        """
        text = self._seal.open(code.replace("~", "."))
        if text is None:
            raise NotFound("no such receipt")
        return from_text(text)


class StateText:
    """A decision at one site, written down and sealed: what a browser holds, or the partner's server for it."""

    def __init__(self, seal: Seal) -> None:
        self._seal = seal
        # One page view asks several times with one text: for the stylesheet, the frame and each tag.
        self.read = lru_cache(REMEMBERED)(self._parse)

    def write(self, site: str, held: Held) -> str:
        """Return a decision as text that only we can have written."""
        return self._seal.close(
            ".".join(
                (
                    to_text(held.receipt),
                    to_text(held.subject),
                    f"{held.sequence:x}",
                    held.notice,
                    held.method.value,
                    f"{held.decided_at:x}",
                    f"{held.expires_at:x}",
                    "+".join(sorted(held.granted)),
                    "+".join(sorted(held.refused)),
                    _SIGNAL if held.signal else "",
                    site,
                )
            )
        )

    def _parse(self, site: str, value: str) -> Held | None:
        text = self._seal.open(value)
        if text is None:
            return None
        parts = text.split(".")
        if len(parts) != 11 or parts[-1] != site:
            return None
        receipt, subject, sequence, notice, method, decided, expires, granted, refused, signal, _ = parts
        return Held(
            receipt=from_text(receipt),
            subject=from_text(subject),
            sequence=int(sequence, 16),
            notice=notice,
            granted=_keys(granted),
            refused=_keys(refused),
            method=Method(method),
            decided_at=int(decided, 16),
            expires_at=int(expires, 16),
            signal=signal == _SIGNAL,
        )


class StateCookie:
    """The state cookie: what a browser holds of its decision at one site.

    In the partition of that site, or as a cookie of the site's own where we stand on its own ground. The two have
    different names, because a browser may send both.
    """

    def __init__(self, seal: Seal) -> None:
        self._text = StateText(seal)

    def header(self, site: str, held: Held, seconds: int, *, first_party: bool = False) -> tuple[bytes, bytes]:
        """Return the header that keeps a decision for so long."""
        text = self._text.write(site, held)
        return own(_own_name(site), text, seconds) if first_party else partitioned(_name(site), text, seconds)

    def read(self, request: Request, site: str, *, first_party: bool = False) -> Held | None:
        """Return what the browser holds: of several genuine cookies the one furthest in the log, else None."""
        name = _own_name(site) if first_party else _name(site)
        held = [read for value in read_cookies(request, name) if (read := self._text.read(site, value))]
        return max(held, key=lambda one: one.sequence) if held else None


def _keys(text: str) -> frozenset[str]:
    return frozenset(text.split("+")) if text else frozenset()


def _name(site: str) -> str:
    return f"__Host-cg-{site}"


def _own_name(site: str) -> str:
    return f"__Host-cgf-{site}"
