"""What holds for the browser that asks: its cookie, corrected by what was decided elsewhere since.

A person may withdraw on their receipt page, where the browser shows us another cookie jar than on the
partner's page; or by REST. Every process therefore keeps the latest decision of each subject who changed
their mind, read from the ledger's end a few times a second. It is small: whoever never changed their mind
is not in it.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from uuid import UUID

from consentgw.consents import store
from consentgw.consents.asking import first_party, own_origin
from consentgw.consents.model import Held, Signals, Standing, standing
from consentgw.consents.signals import heard
from consentgw.errors import Refused
from consentgw.http.forms import query

if TYPE_CHECKING:
    from starlette.requests import Request

    from consentgw.consents.tokens import StateCookie, StateText
    from consentgw.db import Database
    from consentgw.http.origins import Provenance
    from consentgw.notices.catalogue import Offer

REFRESH_SECONDS = 0.25
"""How often a process looks for what others recorded."""
STALE_SECONDS = 1.0
"""After so long without a look, nothing may be released: a withdrawal could have been missed."""
LONGEST_SECONDS = 400 * 86_400
"""No answer holds longer (a site's file allows 395 days)."""


@dataclass(slots=True)
class Changes:
    """The latest decision of every subject who changed their mind, as far as this process has read the log."""

    latest: dict[UUID, Held] = field(default_factory=dict[UUID, Held])
    read_to: int = 0
    read_at: float = float("-inf")

    def note(self, held: Held) -> None:
        """Take in a decision; an older one never undoes a newer."""
        known = self.latest.get(held.subject)
        if known is None or known.sequence < held.sequence:
            self.latest[held.subject] = held

    def newest(self, held: Held) -> Held:
        """Return the newer of a browser's decision and what we know of its subject."""
        known = self.latest.get(held.subject)
        return held if known is None or known.sequence <= held.sequence else known

    def forget(self, now: float) -> None:
        """Drop what nobody's cookie can contradict any more.

        A site may have shortened its validity since, so a withdrawal can expire before the yes it took back.
        """
        for subject in [one for one, held in self.latest.items() if held.expires_at + LONGEST_SECONDS <= now]:
            del self.latest[subject]

    async def refresh(self, db: Database) -> None:
        """Read what the log has gained."""
        started = time.monotonic()
        changed, self.read_to = await db.read(store.changes, self.read_to)
        for held in changed:
            self.note(held)
        self.read_at = started

    @property
    def fresh(self) -> bool:
        """Return whether a withdrawal recorded more than a second ago is certain to be known here."""
        return time.monotonic() - self.read_at < STALE_SECONDS


@dataclass(frozen=True, slots=True)
class States:
    """Answers what holds for a request."""

    cookie: StateCookie
    handed: StateText
    """What partners' servers hold for their visitors, and put into addresses as ``c``."""
    changes: Changes
    origin: str
    """Our own origin: documents of ours ask on the site's behalf."""
    adpc: bool = False
    """Whether browsers may answer by Advanced Data Protection Control."""

    def held(self, request: Request, offer: Offer, said: Provenance, *, returning: bool = False) -> Held | None:
        """Return the decision that counts for this browser at this site.

        Asked from a page that is not the site's, the answer is "none": otherwise any page could read a
        visitor's state off our stylesheet, where a browser does not partition cookies. A document at the top of the
        window that leads back to the site alone (``returning``) tells nobody else: there the page that a person
        came to the site from, which browsers name although the site's server sent them on, does not matter.
        """
        page = said.page
        if not (
            page is None
            or page in offer.site.origins
            or page == own_origin(offer, said, self.origin)
            or (returning and said.top)
        ):
            return None
        held = self.cookie.read(request, offer.site.slug, first_party=first_party(offer, said))
        if (text := self.passed(request, offer)) and (handed := self._handed(offer, text)):
            held = handed if held is None else max(held, handed, key=lambda one: one.sequence)
        return self.changes.newest(held) if held else None

    def passed(self, request: Request, offer: Offer) -> str:
        """Return the state that the partner's server put into the address; nothing where there is any doubt of it."""
        if b"c=" not in request.scope["query_string"]:
            return ""
        try:
            text = query(request).one("c") or ""
        except Refused:
            return ""
        return text if self._handed(offer, text) else ""

    def hand(self, offer: Offer, held: Held) -> str:
        """Return a decision for the partner's server to put into addresses; no browser keeps it as a cookie."""
        return self.handed.write(offer.site.slug, held).replace("+", "~")  # a plus in an address means a space

    def _handed(self, offer: Offer, text: str) -> Held | None:
        return self.handed.read(offer.site.slug, text.replace("~", "+"))

    def standing(self, held: Held | None, offer: Offer, said: Provenance, now: float) -> Standing:
        """Return what holds now."""
        return standing(held, offer.terms, now=now, signals=self.signals(offer, said))

    def signals(self, offer: Offer, said: Provenance) -> Signals:
        """Return what the browser says by itself."""
        return heard(said, offer, adpc_too=self.adpc)

    def keep(self, offer: Offer, held: Held, said: Provenance, now: float) -> tuple[bytes, bytes]:
        """Return the header by which a browser keeps a decision: while it holds, and while a refusal rests."""
        until = max(held.expires_at, held.decided_at + int(offer.terms.rest.total_seconds()))
        seconds = max(0, until - int(now))
        return self.cookie.header(offer.site.slug, held, seconds, first_party=first_party(offer, said))
