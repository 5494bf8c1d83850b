"""The parts of a policy that configuration writes: its tables, in the words of one language."""

from __future__ import annotations

from typing import TYPE_CHECKING

from consentgw.http.languages import country, duration, gettext_for, sentence
from consentgw.policies.markdown import email, table, words
from consentgw.policies.model import Basis

if TYPE_CHECKING:
    from collections.abc import Sequence

    from consentgw.law.profiles import Rules
    from consentgw.policies.model import CookieFact, Facts
    from consentgw.sites.inventory import DataItem
    from consentgw.sites.model import Operator, Site

_DAY = 86_400
_BASES = {
    Basis.CONSENT: sentence("Your consent: off until you agree"),
    Basis.NECESSARY: sentence("The site does not work without it: always on"),
    Basis.CONTRACT: sentence("A contract with you"),
    Basis.LEGAL_DUTY: sentence("A duty under the law"),
    Basis.LEGITIMATE_INTERESTS: sentence("Legitimate interests: you may object"),
}
_UNION = "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IS IT LI LT LU LV MT NL NO PL PT RO SE SI SK"
_WITHIN = {"eu": frozenset(_UNION.split())}
"""Where a law holds in several countries, data does not leave its reach between them (GDPR Art. 44)."""


def purposes(facts: Facts, language: str) -> str:
    """Return every purpose with what it is for and its legal basis."""
    _ = gettext_for(language)
    rows = [
        (purpose.titles[language], purpose.sentences[language], _(_BASES[Basis(purpose.basis)]))
        for purpose in facts.purposes
    ]
    return table((_("Purpose"), _("What it is for"), _("Legal basis")), rows)


def tags(facts: Facts, rules: Rules, language: str) -> str:
    """Return every service with its purposes, its country and whether data crosses a border to reach it."""
    _ = gettext_for(language)
    if not facts.tags:
        return words(_("The site uses no services of other companies."))
    rows: list[tuple[str, str, str]] = []
    for tag in facts.tags:
        flag = _("cross-border transfer") if crosses(tag.country, rules) else _("no cross-border transfer")
        rows.append((tag.vendor, _titles(facts, tag.purposes, language), f"{country(tag.country, language)}: {flag}"))
    return table((_("Service"), _("Purpose"), _("Country")), rows)


def crosses(recipient: str, rules: Rules) -> bool:
    """Return whether data that goes to a country leaves the reach of the site's law."""
    return recipient.upper() not in _WITHIN.get(rules.profile, {rules.country})


def cookies(facts: Facts, owner: str, language: str) -> str:
    """Return every cookie, ours first, with who sets it, what for and how long it is kept."""
    _ = gettext_for(language)
    reason = _("Remembers your choice")
    rows = [_cookie(cookie, owner, reason, language) for cookie in facts.own]
    for tag in facts.tags:
        reason = _titles(facts, tag.purposes, language)
        rows += [_cookie(cookie, tag.vendor, reason, language) for cookie in tag.cookies]
    # Three columns, because four do not fit on a telephone.
    return table((_("Name"), _("Set by and what for"), _("Kept for")), rows)


def data(site: Site, facts: Facts, language: str) -> str:
    """Return the list of personal data: what each is for, and when it is collected."""
    _ = gettext_for(language)
    if not site.data:
        return words(_("The site collects no personal data."))
    rows = [
        (item.wording[language].title, item.wording[language].sentence, _when(item, facts, language))
        for item in site.data
    ]
    return table((_("Data"), _("What it is for"), _("Collected")), rows)


def _when(item: DataItem, facts: Facts, language: str) -> str:
    _ = gettext_for(language)
    asked = [purpose.key for purpose in facts.purposes if purpose.optional and purpose.key in item.purposes]
    if asked:
        return _("only if you agree: %(purposes)s") % {"purposes": _titles(facts, asked, language)}
    if item.purposes:
        return _("always: the site does not work without it")
    return _("with a form that cannot do without it") if item.required else _("if you give it yourself")


def retention(site: Site, language: str) -> str:
    """Return how long every kind of record is kept, and why."""
    _ = gettext_for(language)
    if not site.retention:
        return words(_("Nothing is kept."))
    rows = [
        (kept.wording[language].title, kept.wording[language].sentence, duration(kept.period_days * _DAY, language))
        for kept in site.retention
    ]
    return table((_("Record"), _("From when and why"), _("Kept for")), rows)


def contacts(operator: Operator, rules: Rules, language: str) -> str:
    """Return who answers for the data and how to reach them."""
    _ = gettext_for(language)
    number = _("BIN") if rules.profile == "kz" else _("Registration number")
    entries = (
        (_("Operator"), words(operator.name)),
        (number, words(operator.registration)),
        (_("E-mail"), email(operator.email)),
        (_("Legal address"), words(operator.address)),
    )
    return "\n".join(f"- {what}: {value}" for what, value in entries)


def _cookie(cookie: CookieFact, who: str, reason: str, language: str) -> tuple[str, str, str]:
    _ = gettext_for(language)
    domain = _("belongs to this site") if cookie.party == "first" else _("belongs to another site")
    return cookie.name, f"{who}: {reason} ({domain})", duration(cookie.lifetime_seconds, language)


def _titles(facts: Facts, keys: Sequence[str], language: str) -> str:
    return ", ".join(purpose.titles[language] for purpose in facts.purposes if purpose.key in keys)
