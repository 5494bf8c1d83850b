"""The letters of this room: fixed words in three languages, an address of ours, and nothing a person typed."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from consentgw.http.languages import gettext_for, long_date, sentence
from consentgw.mail.model import Letter
from consentgw.policies.rights import right

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from consentgw.sites.model import Site
    from consentgw.subject_requests.model import Request

_CLOSING = sentence("You need not answer this letter; nobody reads answers to it.")
COMPARE = sentence(
    "The same number stands on the page of your request. If it is another one there, somebody else may have asked."
)
_NOT_YOU = sentence("If you did not ask for this, do nothing: without this step nothing happens.")


def confirm(request: Request, site: Site, link: str, digits: str) -> Letter:
    """Ask the owner of a mailbox whether it was them, and say what is asked: they may have asked something else."""
    _ = gettext_for(request.language)
    return Letter(
        language=request.language,
        subject=_("Please confirm your request"),
        paragraphs=(
            _(
                "This address was given in a request to %(site)s: “%(title)s”, number %(number)s. If it was you, open"
                " this page and press its button:"
            )
            % {"site": site.name, "title": _(right(request.type, site.profile)[0]), "number": request.number},
            _("Or type these eight digits on the page of your request within ten minutes of this letter:"),
            _(COMPARE),
            _(_NOT_YOU),
        ),
        link=link,
        digits=digits,
    )


def received(request: Request, site: Site, link: str) -> Letter:
    """Say that a request was received, and by when it is answered."""
    _ = gettext_for(request.language)
    return _about(
        request,
        _("We have received your request"),
        _("Your request %(number)s to %(site)s is received and will be answered by %(date)s. Follow it here:")
        % {"number": request.number, "site": site.name, "date": day(request.due_on, request.language)},
        link,
    )


def news(request: Request, site: Site, link: str) -> Letter:
    """Say that something is to be read on the page of a request."""
    _ = gettext_for(request.language)
    return _about(
        request,
        _("There is news about your request"),
        _("There is something new to read about your request %(number)s to %(site)s:")
        % {"number": request.number, "site": site.name},
        link,
    )


def expired(request: Request, site: Site, _link: str) -> Letter:
    """Say that a request has ended unproven: without the address of its page, which a stranger may have opened."""
    _ = gettext_for(request.language)
    words = _(
        "The request %(number)s to %(site)s, in which this address was given, has ended: for fourteen days nobody"
        " confirmed whose it is, and nothing was done. If it is yours and you still want it, ask anew."
    )
    return _about(request, _("Your request has ended"), words % {"number": request.number, "site": site.name}, "")


def erased(request: Request, site: Site, left: tuple[str, ...]) -> Letter:
    """Say that what was asked to be erased is erased, and who has ``left`` something; no page is led to any more."""
    _ = gettext_for(request.language)
    if request.reason:
        said = _(
            "What your request %(number)s to %(site)s asked to be erased is erased, but for what a law, a court, an"
            " authority or a dispute requires to be kept. That is locked: it is used for nothing else, and once the"
            " reason has ended it is erased at its usual time."
        )
    elif left:
        said = _(
            "What your request %(number)s to %(site)s asked to be erased is erased here, this address included, but not"
            " by everybody who was asked."
        )
    else:
        said = _("What your request %(number)s to %(site)s asked to be erased is erased, this address included.")
    words = said % {"number": request.number, "site": site.name}
    return Letter(language=request.language, subject=_("Your request is done"), paragraphs=(words, *left, _(_CLOSING)))


def to_operator(site: Site, subject: str, due_on: Sequence[tuple[Request, date]], links: Sequence[str]) -> Letter:
    """Tell an operator of requests at a site and of the day each is due, by their numbers alone."""
    language = site.language
    _ = gettext_for(language)
    due = _("due on %(date)s")
    lines = tuple(
        f"{request.number}: {due % {'date': day(due_day, language)}} {link}"
        for (request, due_day), link in zip(due_on, links, strict=True)
    )
    return Letter(language=language, subject=_(subject), paragraphs=(f"{site.name}:", *lines, _(_CLOSING)))


OPENED = sentence("A new request about personal data")
DUE_SOON = sentence("A request about personal data is due soon")
OVERDUE = sentence("A request about personal data is overdue")
LATE_PROCESSOR = sentence("A processor has not acted on a request in time")
ANSWERED = sentence("Every processor has answered a request")


def day(value: date, language: str) -> str:
    """Return a day in words."""
    return long_date(datetime(value.year, value.month, value.day, tzinfo=UTC), language)


def _about(request: Request, subject: str, words: str, link: str) -> Letter:
    _ = gettext_for(request.language)
    return Letter(language=request.language, subject=subject, paragraphs=(words, _(_CLOSING)), link=link)
