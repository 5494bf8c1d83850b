"""The terms on which a site asks: what it asks now, which answers still count, and when its law lets it ask again.

Answers law texts and guidance on asking again: CNIL (six months after a no), 11 CCR 7025 and 7028 (California).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from consentgw.errors import NotFound
from consentgw.law.profiles import profile

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from consentgw.notices.model import Notice
    from consentgw.sites.model import Site

_FOR_THE_SITE_ITSELF = frozenset({"analytics"})
"""Every other purpose that is asked about is taken to sell or share data: a signal is never read too narrowly."""
_LONGEST = timedelta(days=365)


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What a standing is computed from, beside the answer itself."""

    asked: frozenset[str]
    """Purposes a person may grant or refuse now."""
    answerable: frozenset[str]
    """Digests of the notices whose answers count: those of the present round."""
    rest: timedelta = timedelta()
    """For so long nobody is asked again after a refusal, unless what is asked changes."""
    opt_out: bool = False
    """Whether a refusal and a Global Privacy Control are opt-outs by law: then no change ends the rest, and the
    signal is stronger than a yes that was given without it."""

    @property
    def sold(self) -> frozenset[str]:
        """Return the purposes that a Global Privacy Control speaks against."""
        return self.asked - _FOR_THE_SITE_ITSELF


def terms(site: Site, notice: Notice, answerable: Iterable[str], on: date) -> Terms:
    """Return a site's terms on a day. ``notice`` is the question now, in any language."""
    opt_out, rest = _law(site, on)
    return Terms(asked=notice.asked, answerable=frozenset(answerable), rest=rest, opt_out=opt_out)


def remembered(site: Site, on: date) -> timedelta:
    """Return how long our own cookie lives: as long as an answer holds, or as a refusal rests."""
    return max(site.validity, _law(site, on)[1])


def _law(site: Site, on: date) -> tuple[bool, timedelta]:
    try:
        rules = profile(site.profile).on(on)
    except NotFound:
        return True, _LONGEST  # a site whose law is no longer known keeps to what bothers people least
    return rules.signals.gpc == "opt_out", timedelta(days=rules.validity.reask_after_refusal_days)
