"""Asking and being answered: what the embed and the full page have in common.

Reading an answer is where forged, stale and repeated posts are told from a person's choice. The rules, in
order:

- ``inline``: the form stands in the partner's page. It has no token, because that page is a file; its
  Origin must be one of the site's, and the notice it shows must be the current one.
- ``frame`` and ``page``: the form is ours. Its token says what was shown, can be used once, and it comes
  from our own origin.

Whatever fails is not stored, and the person sees the current question.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from consentgw.consents.identifiers import uuid7
from consentgw.consents.model import Channel, Method, Source, State
from consentgw.consents.receipt import Evidence
from consentgw.consents.service import Answer
from consentgw.consents.views import Face
from consentgw.errors import Forged, Malformed, Unconfirmed
from consentgw.http.languages import long_date, negotiate
from consentgw.http.origins import origin_of

if TYPE_CHECKING:
    from starlette.requests import Request

    from consentgw.consents.model import Held, Standing
    from consentgw.consents.tokens import Forms
    from consentgw.http.forms import Form
    from consentgw.http.origins import Provenance
    from consentgw.notices.catalogue import Offer
    from consentgw.notices.model import Notice


_BUTTONS = {method.value: method for method in (Method.ACCEPT_ALL, Method.REJECT_ALL, Method.SAVE, Method.WITHDRAW)}
_FROM_A_PAGE = frozenset({None, "cross-site", "same-site", "same-origin"})
"""What browsers say (Sec-Fetch-Site) of a form in a page; kept as evidence, so nothing else may be said."""


def language_of(request: Request, offer: Offer, chosen: str | None) -> str:
    """Return the language to ask in: chosen by the address, else by the browser, else the site's own."""
    languages = offer.site.languages
    if chosen in languages:
        return chosen
    header = next((value for name, value in request.scope["headers"] if name == b"accept-language"), b"")
    return negotiate(header.decode("latin-1"), languages, chosen=chosen)


def isolated(asked: Form) -> bool:
    """Return whether the address says that the page around demands an embedder policy of what it frames (COEP).

    No header of a request tells it, so the partner writes it into the addresses of our lines.
    """
    return asked.one("isolated") == "1"


def first_party(offer: Offer, said: Provenance) -> bool:
    """Return whether we were asked where we stand on the site's own ground."""
    return said.ground in offer.site.first_party


def own_origin(offer: Offer, said: Provenance, origin: str) -> str:
    """Return our own origin, as the browser knows us here; ``origin`` is the one we have everywhere else."""
    return origin_of(said.ground) if first_party(offer, said) else origin


def face_of(standing: Standing) -> Face:
    """Return the face of a document for what holds."""
    if standing.holds and not standing.asks:
        return Face.DECIDED
    return Face.SIGNAL if standing.state is State.SIGNAL else Face.ASK


def day(seconds: int, language: str) -> str:
    """Return the day of an instant, given in seconds since 1970, in words."""
    return long_date(datetime.fromtimestamp(seconds, UTC), language)


@dataclass(frozen=True, slots=True)
class Desk:
    """Reads posted answers."""

    forms: Forms
    origin: str
    """Our own origin, as browsers name it."""

    def answer(
        self,
        form: Form,
        offer: Offer,
        said: Provenance,
        previous: Held | None,
        channel: Channel,
        *,
        shared: bool = False,
    ) -> Answer:
        """Return what was answered. ``channel`` is the one of our own forms at this address.

        ``shared`` says that several sites ask at once there.

        Raises:
            Forged: the post does not come from where this form stands.
            Unconfirmed: it is too old, hidden, or shows a notice that is no longer current.
            Malformed: the method is none we know.
        """
        token = form.one("token")
        if token is not None:
            if not said.from_ourselves(own_origin(offer, said, self.origin)):
                raise (
                    Unconfirmed("the origin is hidden") if said.origin == "null" else Forged("posted by another page")
                )
            shown = self.forms.read(token, offer.site.slug, time.time())
            if shown.channel is not channel:
                raise Unconfirmed("the form was shown elsewhere")
            receipt, digest = shown.receipt, shown.notice
        elif channel is Channel.FRAME:
            channel = Channel.INLINE
            if said.origin in {None, "null"}:
                raise Unconfirmed("the origin is hidden")
            if said.origin not in offer.site.origins or said.site not in _FROM_A_PAGE:
                raise Forged("posted by a page that is not the site's")
            receipt, digest = uuid7(), form.one("notice") or ""
        else:
            raise Unconfirmed("the form has no token")
        if channel in {Channel.INLINE, Channel.FRAME} and first_party(offer, said):
            channel = Channel.FIRST_PARTY
        return Answer(
            receipt=receipt,
            site=offer.site,
            notice=_current(offer, digest, shared=shared),
            method=_method(form),
            ticked=form.many("granted"),
            channel=channel,
            source=Source.GIVEN_BY_PERSON,
            evidence=Evidence(said.origin, said.site, said.gpc),
            previous=previous,
        )


def _current(offer: Offer, digest: str, *, shared: bool) -> Notice:
    asked = {notice.digest: notice for notice in offer.shared.values()} if shared else offer.digests
    notice = asked.get(digest)
    if notice is None:
        raise Unconfirmed("the question has changed since it was shown")
    return notice


def _method(form: Form) -> Method:
    try:
        return _BUTTONS[form.one("method") or ""]
    except KeyError:
        raise Malformed("the answer is none of accept_all, reject_all, save, withdraw") from None
