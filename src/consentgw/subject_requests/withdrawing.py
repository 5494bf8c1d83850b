"""Withdrawing with the receipt in hand: at once, by the same verb as everywhere; the request is answered with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from consentgw.consents import service as consents
from consentgw.http.languages import gettext_for
from consentgw.subject_requests import forwarding, letters, store
from consentgw.subject_requests.model import CLOCK, SUBJECT, Kind
from consentgw.subject_requests.service import Asked, complete, open_request, tell_operator

if TYPE_CHECKING:
    from consentgw.consents.model import Held
    from consentgw.consents.service import Answer
    from consentgw.db import Unit
    from consentgw.keys.model import Signer
    from consentgw.subject_requests.model import Request
    from consentgw.subject_requests.office import Office


def withdraw(unit: Unit, office: Office, asked: Asked, answer: Answer, signer: Signer) -> tuple[Request, Held]:
    """Withdraw whatever the receipt's subject has granted, and keep the request as answered; return both.

    Where others process data for the site on the ground of that consent, it is answered once they have stopped too.

    Raises:
        AlreadyAnswered: the form was used before.
    """
    _ = gettext_for(asked.language)
    request = open_request(unit, office, asked, quiet=True)
    held = consents.record(unit, answer, signer)
    words = _("Your consent is withdrawn. Everything optional is off from now on, and a new receipt says so.")
    if forwarding.standing(unit.connection, request).waits:
        box = store.box(unit.connection, office.vault, request.id)
        store.say(unit, box, request.id, CLOCK, Kind.TO_SUBJECT, words)
        tell_operator(unit, office, asked.site, letters.OPENED, [request])
        return request, held
    return complete(unit, office, request.ref, SUBJECT, words), held
