"""The token of a request's form: what was shown, and the id the request will have. One form opens one request."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from consentgw.consents.identifiers import uuid7
from consentgw.consents.tokens import FORM_SECONDS
from consentgw.errors import Unconfirmed
from consentgw.http.seals import Seal, from_text, to_text
from consentgw.law.profiles import RequestType

if TYPE_CHECKING:
    from uuid import UUID

_SKEW = 120
"""Seconds by which the clocks of two processes may differ."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What a form token states."""

    request: UUID
    type: RequestType


class RequestForms:
    """Form tokens of requests."""

    def __init__(self, seal: Seal) -> None:
        self._seal = seal

    def issue(self, site: str, type_: RequestType, now: float) -> str:
        """Return the token of a form that is shown now."""
        return self._seal.close(f"{to_text(uuid7())}.{site}.{type_.value}.{int(now):x}")

    def read(self, token: str, site: str, now: float) -> Shown:
        """Return what a token states.

        Raises:
            Unconfirmed: we did not issue it, not for this site, or too long ago.
        """
        text = self._seal.open(token)
        if text is None:
            raise Unconfirmed("the form token is not ours")
        request, its_site, type_, issued = text.split(".")
        if its_site != site:
            raise Unconfirmed("the form token is another site's")
        if not -_SKEW <= now - int(issued, 16) <= FORM_SECONDS:
            raise Unconfirmed("the form token is too old")
        return Shown(from_text(request), RequestType(type_))
