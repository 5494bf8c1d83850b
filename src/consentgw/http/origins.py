"""Where a request came from, as far as browsers tell: Origin (RFC 6454), Fetch Metadata, Referer.

Headers are compared as bytes browsers wrote; whatever is doubtful is treated as coming from somewhere else.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.requests import Request

_WANTED = {
    b"origin": "origin",
    b"referer": "referer",
    b"sec-fetch-site": "site",
    b"sec-fetch-dest": "destination",
    b"sec-fetch-mode": "mode",
    b"sec-gpc": "signal",
    b"adpc": "adpc",
}
_LISTS = frozenset({"signal", "adpc"})
"""Repeated ones are joined, as a proxy may have done before (RFC 9110, 5.3); of any other, the last counts."""


@dataclass(slots=True)
class Provenance:
    """What a browser says about where a request comes from; None where it says nothing."""

    origin: str | None = None
    referer: str | None = None
    site: str | None = None
    destination: str | None = None
    mode: str | None = None
    signal: str | None = None
    adpc: str | None = None
    ground: str = ""
    """The address of ours that was asked, where it is on a partner's own ground (``sites/grounds.py``)."""

    @property
    def gpc(self) -> bool:
        """Return whether Global Privacy Control is on: exactly ``1``, among several one; anything else is nothing."""
        if self.signal is None or "," not in self.signal:
            return self.signal == "1"
        return "1" in (value.strip(" \t") for value in self.signal.split(","))

    @property
    def page(self) -> str | None:
        """Return the origin of the referring page."""
        return None if self.referer is None else origin_of(self.referer)

    @property
    def top(self) -> bool:
        """Return whether a document at the top of a window is loaded, as far as the browser tells."""
        return self.destination in {None, "document"} and self.mode in {None, "navigate"}

    def from_ourselves(self, origin: str) -> bool:
        """Return whether a form of our own posted this.

        A browser that knows Fetch Metadata says ``same-origin``; an older one names our origin; a text browser
        says nothing at all, and then the form token alone speaks for the form.
        """
        return self.site in {None, "same-origin"} and self.origin in {None, origin}


def origin_of(address: str) -> str:
    """Return the origin of an address."""
    scheme, _, rest = address.partition("://")
    return f"{scheme}://{rest.partition('/')[0]}"


def provenance(request: Request) -> Provenance:
    """Read the headers that tell where a request comes from."""
    found = Provenance(ground=request.scope.get("ground", ""))
    for name, value in request.scope["headers"]:
        if field := _WANTED.get(name):
            said = value.decode("latin-1")
            before = getattr(found, field) if field in _LISTS else None
            setattr(found, field, said if before is None else f"{before},{said}")
    return found
