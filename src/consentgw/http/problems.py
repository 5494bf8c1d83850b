"""From an error of the domain to an answer: one table of statuses, one human page.

The page is in the visitor's language and says what to do; it never repeats what was sent.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from consentgw import errors
from consentgw.http import surfaces
from consentgw.http.languages import NAMES, negotiate
from consentgw.http.pages import ProblemView, render

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.requests import Request

    from consentgw.http.surfaces import Answer

STATUSES: dict[type[errors.ConsentgwError], int] = {
    errors.NotFound: 404,
    errors.Malformed: 400,
    errors.TooLarge: 413,
    errors.Forged: 403,
    errors.Unconfirmed: 409,
    errors.UnknownPurpose: 422,
    errors.Unproven: 409,
    errors.Refused: 400,
    errors.Conflict: 409,
    errors.Gone: 410,
    errors.Unavailable: 503,
}
"""The nearest class of an error decides."""


class MethodNotAllowed(errors.Refused):
    """The address exists and does not take this method."""

    code = "method_not_allowed"

    def __init__(self, allowed: Sequence[str]) -> None:
        super().__init__(", ".join(allowed))
        self.allowed = allowed


STATUSES[MethodNotAllowed] = 405


def status_of(error: BaseException) -> int:
    """Return the status of an error; 500 for one nobody meant."""
    return next((STATUSES[kind] for kind in type(error).__mro__ if kind in STATUSES), 500)


def describe(error: BaseException, request: Request) -> Answer:
    """Return the human page for an error."""
    status = status_of(error)
    extra: list[tuple[bytes, bytes]] = []
    if isinstance(error, MethodNotAllowed):
        extra.append((b"allow", ", ".join(error.allowed).encode()))
    if status == 503:
        extra.append((b"retry-after", b"2"))
    language = negotiate(request.headers.get("accept-language"), tuple(NAMES), chosen=request.query_params.get("lang"))
    extra.append((b"content-language", language.encode()))
    page = render(ProblemView(language=language, status=status, code=getattr(error, "code", "error")))
    return surfaces.PROBLEM.answer(page.encode(), *extra, status=status)
