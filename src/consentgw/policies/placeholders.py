"""Places in a policy's Markdown that configuration fills, such as ``[[operator.name]]`` and ``[[cookies]]``.

The list is closed. A place nobody knows, a place with nothing to fill it and a stray bracket are refused with
their line: a policy is never published with a gap in it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from consentgw.errors import Malformed
from consentgw.policies import generated
from consentgw.policies.findings import Finding, Unpublishable
from consentgw.policies.jurisdiction import grounds, operator_number, transfers
from consentgw.policies.markdown import email, words
from consentgw.policies.rights import body, rights

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    from consentgw.law.profiles import Rules
    from consentgw.policies.model import Facts
    from consentgw.sites.model import Site

WORDS = (
    "site.name",
    "operator.name",
    "operator.number",
    "operator.registration",
    "operator.address",
    "operator.email",
    "authority",
    "law.country",
    "law.name",
)
"""Places for a few words, anywhere in a line."""
ADDRESSES = ("site.settings", "site.versions")
"""Places for an address: the target of a link."""
BLOCKS = ("purposes", "grounds", "tags", "transfers", "cookies", "data", "retention", "rights", "contacts")
"""Places for a table, a list or a paragraph, alone on their line."""

PLACE = re.compile(r"\[\[([^\[\]\n]*)\]\]")
_FINE = re.compile(r"\\.|\[[^\[\]]*\]\(")
"""Where a bracket may stand: after a backslash, and around the words of a link."""
_GAP = re.compile(r"\[[^\[\]]*\]?|\]")


@dataclass(frozen=True, slots=True)
class Sources:
    """Where the places of one policy are filled from."""

    site: Site
    facts: Facts
    rules: Rules
    """What the law profile of the site says on that day."""
    on: date
    """The day the policy comes into force, in UTC."""


def fill(draft: str, sources: Sources, language: str) -> str:
    """Return the Markdown of one language with every place filled.

    Raises:
        Unpublishable: places are unknown, unfilled or in the wrong spot, single brackets show that a gap was
            left, or something to be listed has no words in this language; every line is told.
    """
    if silent := _silent(sources, language):
        raise Unpublishable(silent)
    values = _values(sources, language)
    filled: list[str] = []
    findings: list[Finding] = []
    for number, line in enumerate(draft.replace("\r\n", "\n").split("\n"), 1):
        try:
            filled.append(_fill_line(line, values))
        except Malformed as error:
            findings.append(Finding(rule="gap", language=language, line=number, says=str(error)))
    if findings:
        raise Unpublishable(findings)
    return "\n".join(filled)


def _silent(sources: Sources, language: str) -> list[Finding]:
    """Return what has no words in a language; data and records always have them, a site sees to it."""
    return [
        Finding(
            rule="language",
            language=language,
            says=f"there are no words for the purpose {purpose.key}",
            remedy="add them to the site",
        )
        for purpose in sources.facts.purposes
        if not purpose.speaks(language)
    ]


def _fill_line(line: str, values: dict[str, Callable[[], str]]) -> str:
    if gap := _GAP.search(_FINE.sub("", PLACE.sub("", line))):
        raise Malformed(
            f"{gap[0]} is a gap, or a link without its address: write a place such as [[operator.name]], or \\[ for a"
            " bracket that is meant"
        )
    if "\0" in line:
        raise Malformed("there is a NUL character: delete it")
    return PLACE.sub(lambda match: _value(match, values), line)


def _value(match: re.Match[str], values: dict[str, Callable[[], str]]) -> str:
    name = match[1]
    if name not in values:
        raise Malformed(f"[[{name}]] is not a place we know; there are {', '.join(values)}")
    if name in BLOCKS and match.string.strip() != match[0]:
        raise Malformed(f"[[{name}]] stands alone on its line")
    value = values[name]()
    if not value:
        raise Malformed(f"there is nothing to fill [[{name}]] with; add it to the site")
    return value


def _values(sources: Sources, language: str) -> dict[str, Callable[[], str]]:
    site, facts, rules = sources.site, sources.facts, sources.rules
    operator = site.operator_in(language)
    authority = body(site.authority_in(language, sources.on), language)
    return {
        "site.name": lambda: words(site.name),
        "operator.name": lambda: words(operator.name),
        "operator.number": lambda: operator_number(words(operator.registration), rules, language),
        "operator.registration": lambda: words(operator.registration),
        "operator.address": lambda: words(operator.address),
        "operator.email": lambda: email(operator.email),
        "authority": lambda: authority,
        "law.country": lambda: words(rules.territory.get(language, "")),
        "law.name": lambda: words(rules.statute.get(language, "")),
        "site.settings": lambda: f"{facts.settings}?lang={language}",
        "site.versions": lambda: f"/sites/{site.slug}/policies?lang={language}",
        "purposes": lambda: generated.purposes(facts, language),
        "grounds": lambda: grounds(rules, language),
        "tags": lambda: generated.tags(facts, rules, language),
        "transfers": lambda: transfers(site, rules, language),
        "cookies": lambda: generated.cookies(facts, operator.name, language),
        "data": lambda: generated.data(site, facts, language),
        "retention": lambda: generated.retention(site, language),
        "rights": lambda: rights(rules, authority, language),
        "contacts": lambda: generated.contacts(operator, rules, language),
    }
