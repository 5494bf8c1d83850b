"""From an error of the domain to an answer: one table of statuses, one human page, one problem document.

The page is in the visitor's language and says what to do; the document is for programs (RFC 9457), its ``type`` leads
to a page that explains it. Neither repeats what was sent.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from consentgw import errors
from consentgw.http import surfaces
from consentgw.http.explanations import EXPLANATIONS
from consentgw.http.languages import NAMES, negotiate
from consentgw.http.pages import ProblemView, render

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.requests import Request

    from consentgw.http.surfaces import Answer

STATUSES: dict[type[errors.ConsentgwError], int] = {
    errors.NotFound: 404,
    errors.Unauthenticated: 401,
    errors.Forbidden: 403,
    errors.TooMany: 429,
    errors.Malformed: 400,
    errors.TooLarge: 413,
    errors.Invalid: 422,
    errors.Forged: 403,
    errors.Unconfirmed: 409,
    errors.UnknownPurpose: 422,
    errors.Unproven: 409,
    errors.OnlyThePerson: 403,
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


class UnsupportedMedia(errors.Refused):
    """The body is in a format this address does not read."""

    code = "unsupported_media_type"


class NotAcceptable(errors.Refused):
    """The caller takes no format this address can answer in."""

    code = "not_acceptable"


class Stale(errors.Refused):
    """The thing is no longer what the caller's ``If-Match`` says it is."""

    code = "precondition_failed"


class Unconditional(errors.Refused):
    """Changing this thing needs ``If-Match``, so that nobody overwrites what somebody else changed."""

    code = "precondition_required"


STATUSES.update({MethodNotAllowed: 405, NotAcceptable: 406, Stale: 412, UnsupportedMedia: 415, Unconditional: 428})

_RETRY_SECONDS = 2
_MINUTE = 60
_QUOTED = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"")


def status_of(error: BaseException) -> int:
    """Return the status of an error; 500 for one nobody meant."""
    return next((STATUSES[kind] for kind in type(error).__mro__ if kind in STATUSES), 500)


def describe(error: BaseException, request: Request) -> Answer:
    """Return the human page for an error."""
    status = status_of(error)
    language = negotiate(request.headers.get("accept-language"), tuple(NAMES), chosen=request.query_params.get("lang"))
    code = getattr(error, "code", "error")
    wait = _in_words(error.retry_after) if isinstance(error, errors.TooMany) else 0
    page = render(ProblemView(language=language, status=status, code=code, wait=wait))
    extra = (*_extra(error, status), (b"content-language", language.encode()))
    return surfaces.PROBLEM.answer(page.encode(), *extra, status=status)


def document(error: BaseException, origin: str) -> Answer:
    """Return the problem document for an error (RFC 9457); ``origin`` is where its type is explained."""
    status = status_of(error)
    known = error if isinstance(error, errors.ConsentgwError) and status != 500 else errors.ConsentgwError()
    kinds = [kind for kind in type(known).__mro__ if issubclass(kind, errors.ConsentgwError)]
    code = next(kind.code for kind in kinds if kind.code in EXPLANATIONS)
    told: dict[str, Any] = {
        "type": f"{origin}/problems/{code}",
        "title": title_of(code),
        "status": status,
        "code": code,
    }
    if detail := _detail(known):
        told["detail"] = detail
    if isinstance(known, errors.Invalid) and known.faults:
        told["errors"] = [_fault(fault) for fault in known.faults]
    body = json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()
    return surfaces.API_PROBLEM.answer(body, *_extra(error, status), status=status)


def title_of(code: str) -> str:
    """Return the short title of a kind of problem."""
    return EXPLANATIONS[code].title


def unquoted(message: str) -> str:
    """Return a message without what it quotes, which may be input."""
    return _QUOTED.sub("…", message)


def _detail(error: errors.ConsentgwError) -> str:
    """Return what a program's author is told."""
    if isinstance(error, (errors.NotFound, errors.Unavailable, MethodNotAllowed)):
        return ""  # the same words for what is not there and for what is not yours
    return unquoted(str(error))


def _in_words(seconds: int) -> int:
    """Return how long a person is told to wait: nobody counts the seconds of an hour."""
    return seconds if seconds < _MINUTE else -(-seconds // _MINUTE) * _MINUTE


def _fault(fault: errors.Fault) -> dict[str, str]:
    place = "pointer" if fault.pointer.startswith("#") else "parameter"
    return {place: fault.pointer, "detail": fault.says}


def _extra(error: BaseException, status: int) -> tuple[tuple[bytes, bytes], ...]:
    """Return the headers that belong to a status."""
    if isinstance(error, MethodNotAllowed):
        return ((b"allow", ", ".join(error.allowed).encode()),)
    if isinstance(error, errors.TooMany):
        return ((b"retry-after", b"%d" % error.retry_after),)
    if status == 401:
        return ((b"www-authenticate", b'Bearer realm="consentgw"'),)
    if status == 503:
        return ((b"retry-after", b"%d" % _RETRY_SECONDS),)
    return ()
