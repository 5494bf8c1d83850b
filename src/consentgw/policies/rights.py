"""What people may ask for and in what time, generated from the law profile of a site.

A time that the profile knows as law is said to be law. Any other is kept all the same and said to be our own
promise: it was not verified, and nobody is told that a law says so.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from consentgw.http.languages import gettext_for, long_date, sentence, translations
from consentgw.law.profiles import RequestType, Unit
from consentgw.policies.markdown import address, words

if TYPE_CHECKING:
    from datetime import date

    from consentgw.law.profiles import RequestRule, Rules
    from consentgw.sites.model import AuthorityView

RIGHTS = {
    RequestType.ACCESS: (
        sentence("Access"),
        sentence(
            "learn whether we hold your data, for what purpose, where it came from, how and for how long it is"
            " processed, and get a copy."
        ),
    ),
    RequestType.INFORMATION: (sentence("Information"), sentence("learn how your data is collected and used.")),
    RequestType.RECTIFICATION: (sentence("Rectification"), sentence("have your data changed or supplemented.")),
    RequestType.RESTRICTION: (
        sentence("Blocking"),
        sentence("have us stop using your data, for example because the terms of its processing were breached."),
    ),
    RequestType.ERASURE: (
        sentence("Erasure"),
        sentence(
            "have your data erased or depersonalised; what the law obliges us to keep we stop using, and block it."
        ),
    ),
    RequestType.CONSENT_WITHDRAWAL: (
        sentence("Withdrawal of consent"),
        sentence(
            "for cookies at once and in one step, on the page with your choices; any other consent by writing to us."
        ),
    ),
    RequestType.OBJECTION: (
        sentence("Objection"),
        sentence(
            "object to processing, for example to automated processing and to a decision that was made by it alone."
        ),
    ),
    RequestType.PORTABILITY: (
        sentence("Your data in a file"),
        sentence("receive your data in a form that machines can read."),
    ),
    RequestType.COMPLAINT: (
        sentence("Complaint to us"),
        sentence("tell us that your data was handled wrongly, and get an answer with reasons."),
    ),
}
"""Title and sentence of every right, in the order they are listed."""

_RESTRICTION = (
    sentence("Restriction"),
    sentence("have us only keep your data and not use it, for example while it is disputed whether it is right."),
)
_TO_INTERESTS = (
    sentence("Objection"),
    sentence(
        "object to processing that rests on legitimate interests, to direct marketing at any time, and to a decision"
        " that was made by automated means alone."
    ),
)
_ELSEWHERE = {
    ("eu", RequestType.RESTRICTION): _RESTRICTION,
    ("uk", RequestType.RESTRICTION): _RESTRICTION,
    ("eu", RequestType.OBJECTION): _TO_INTERESTS,
    ("uk", RequestType.OBJECTION): _TO_INTERESTS,
    ("us-ca", RequestType.OBJECTION): (
        sentence("Opt-out of sale and sharing"),
        sentence(
            "end the sale and sharing of your data in one step on the page “Do Not Sell or Share My Personal"
            " Information”, and have us limit the use of sensitive data; whoever uses a right is treated no worse."
        ),
    ),
}
"""Rights that a law words in its own way."""

_TIMES = {
    True: sentence(
        "We answer, or refuse with reasons, within %(time)s of receiving your request; this time is set by law."
    ),
    False: sentence(
        "We answer, or refuse with reasons, within %(time)s of receiving your request; this time is our own promise."
    ),
}
_GROUNDS = {
    RequestType.RECTIFICATION: sentence("Once documents confirm what is right, we do so within %(time)s"),
    RequestType.RESTRICTION: sentence("Once a breach is confirmed, we do so within %(time)s"),
    RequestType.ERASURE: sentence(
        "Once it is confirmed that the processing broke the law, we destroy the data within %(time)s"
    ),
}
"""What is confirmed, where a shorter time begins then."""
_SET_BY_LAW = {
    True: sentence("this time is set by law."),
    False: sentence("this time is our own promise."),
}
_AT_ONCE = {
    True: sentence("We do so at once, as the law asks."),
    False: sentence("We do so at once; this is our own promise."),
}


def right(type_: RequestType, profile: str) -> tuple[str, str]:
    """Return the title and the sentence of a right as the law of a profile words it; both are to be translated."""
    return _ELSEWHERE.get((profile, type_), RIGHTS[type_])


def rights(rules: Rules, authority: str, language: str) -> str:
    """Return the list of rights with their times; ``authority`` is where people may complain, as Markdown."""
    _ = gettext_for(language)
    known = {rule.type for rule in rules.requests}
    if RequestType.ACCESS in known:
        known.discard(RequestType.INFORMATION)  # who may see the data may see how it is used
    entries = [
        f"- **{_(title)}**: {_(line)} {_times(rules, type_, language)}"
        for type_, (title, line) in ((type_, right(type_, rules.profile)) for type_ in RIGHTS)
        if type_ in known
    ]
    if rules.profile == "kz":
        turn_to = _("turn to the authorised body, %(authority)s, or go to court.")
    else:
        turn_to = _("turn to the supervisory authority, %(authority)s, or go to court where the law provides for it.")
    complain = _("Complaint to the authority")
    return "\n".join([*entries, f"- **{complain}**: {turn_to % {'authority': authority}}"])


def body(authority: AuthorityView, language: str) -> str:
    """Return the authority's name, its link and the day both were last checked, as Markdown."""
    _ = gettext_for(language)
    checked = _("last checked on %(date)s") % {"date": day(authority.checked_on, language)}
    link = address(authority.link)
    return f"{words(authority.name)} ({link}; {checked})" if link else f"{words(authority.name)} ({checked})"


def day(value: date, language: str) -> str:
    """Return a day in words."""
    return long_date(datetime(value.year, value.month, value.day, tzinfo=UTC), language)


def _times(rules: Rules, type_: RequestType, language: str) -> str:
    _ = gettext_for(language)
    usual, shorter = rules.request(type_), rules.confirmed(type_)
    said = [] if usual is shorter else [time_of(usual, language)]
    if shorter:
        within = _(_GROUNDS[type_]) % {"time": length(shorter.limit, shorter.unit, language)}
        said.append(f"{within}; {_(_SET_BY_LAW[shorter.law])}")
    return " ".join(said)


def time_of(rule: RequestRule, language: str) -> str:
    """Return in one sentence in what time a request is answered, and whether a law says so."""
    _ = gettext_for(language)
    if rule.unit is Unit.AT_ONCE or not rule.limit:
        return _(_AT_ONCE[rule.law])
    said = _(_TIMES[rule.law]) % {"time": length(rule.limit, rule.unit, language)}
    if rule.extension:
        longer = length(rule.extension.limit, rule.extension.unit, language)
        more = _("Where we need longer, we say why within that time and may take up to %(time)s more, once.")
        return f"{said} {more % {'time': longer}}"
    return said


def length(count: int, unit: Unit, language: str) -> str:
    """Return a length of time in words, in the form that follows "within"."""
    ngettext = translations(language).ngettext
    if unit is Unit.WORKING_DAYS:
        said = ngettext("%(count)d working day", "%(count)d working days", count)
    elif unit is Unit.MONTHS:
        said = ngettext("%(count)d month", "%(count)d months", count)
    else:
        said = ngettext("%(count)d calendar day", "%(count)d calendar days", count)
    return said % {"count": count}
