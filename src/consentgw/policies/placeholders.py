"""Places in a policy's Markdown that configuration fills, such as ``[[operator.name]]`` and ``[[cookies]]``.

The list is closed. A place nobody knows, a place with nothing to fill it and a stray bracket are refused with
their line: a policy is never published with a gap in it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from consentgw.errors import Malformed
from consentgw.http.languages import country, duration, gettext_for

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from consentgw.policies.model import CookieFact, Facts
    from consentgw.sites.model import Site

WORDS = (
    "site.name",
    "operator.name",
    "operator.registration",
    "operator.address",
    "operator.email",
    "operator.authority",
)
"""Places for a few words, anywhere in a line."""
ADDRESSES = ("site.settings",)
"""Places for an address: the target of a link."""
TABLES = ("purposes", "tags", "cookies")
"""Places for a table, alone on their line."""

_PLACE = re.compile(r"\[\[([^\[\]\n]*)\]\]")
_FINE = re.compile(r"\\.|\[[^\[\]]*\]\(")
"""Where a bracket may stand: after a backslash, and around the words of a link."""
_GAP = re.compile(r"\[[^\[\]]*\]?|\]")
_SPECIAL = re.compile(r"[\\`*_\[\]<>|&~]")
_MARKER = re.compile(r"^(\d*)([-+=#.)])")
_EMAIL = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,252}[A-Za-z0-9])?")


def fill(draft: str, site: Site, facts: Facts, language: str) -> str:
    """Return the Markdown of one language with every place filled.

    Raises:
        Malformed: a place is unknown, unfilled or in the wrong spot, or a single bracket shows that a gap was
            left; the message names the language and the line.
    """
    if silent := [purpose.key for purpose in facts.purposes if not purpose.speaks(language)]:
        raise Malformed(f"{language}: there are no words for the purpose {', '.join(silent)}; add them to the site")
    values = _values(site, facts, language)
    lines = draft.replace("\r\n", "\n").split("\n")
    filled: list[str] = []
    for number, line in enumerate(lines, 1):
        try:
            filled.append(_fill_line(line, values))
        except Malformed as error:
            raise Malformed(f"{language}, line {number}: {error}") from None
    return "\n".join(filled)


def _fill_line(line: str, values: dict[str, str]) -> str:
    if gap := _GAP.search(_FINE.sub("", _PLACE.sub("", line))):
        raise Malformed(f"{gap[0]} is a gap, or a link without its address")
    if "\0" in line:
        raise Malformed("there is a NUL character")
    return _PLACE.sub(lambda match: _value(match, values), line)


def _value(match: re.Match[str], values: dict[str, str]) -> str:
    name = match[1]
    if name not in values:
        raise Malformed(f"[[{name}]] is not a place we know; there are {', '.join(values)}")
    if name in TABLES and match.string.strip() != match[0]:
        raise Malformed(f"[[{name}]] stands alone on its line")
    if not values[name]:
        raise Malformed(f"there is nothing to fill [[{name}]] with; add it to the site")
    return values[name]


def _values(site: Site, facts: Facts, language: str) -> dict[str, str]:
    operator = site.operator_in(language)
    return {
        "site.name": _words(site.name),
        "operator.name": _words(operator.name),
        "operator.registration": _words(operator.registration),
        "operator.address": _words(operator.address),
        "operator.email": _email(operator.email),
        "operator.authority": _words(site.authority_in(language).name),
        "site.settings": f"{facts.settings}?lang={language}",
        "purposes": _purposes(facts, language),
        "tags": _tags(facts, language),
        "cookies": _cookies(site, facts, language),
    }


def _words(value: str) -> str:
    """Return a configured value as Markdown that shows exactly these words: it can be no link and no list."""
    return _MARKER.sub(r"\1\\\2", _SPECIAL.sub(r"\\\g<0>", " ".join(value.split())), count=1)


def _email(value: str) -> str:
    return f"<{value}>" if _EMAIL.fullmatch(value) else _words(value)


def _purposes(facts: Facts, language: str) -> str:
    _ = gettext_for(language)
    rows = (
        (
            purpose.titles[language],
            purpose.sentences[language],
            _("Only if you agree") if purpose.optional else _("Always on"),
        )
        for purpose in facts.purposes
    )
    return _table((_("Purpose"), _("What it is for"), _("Consent")), rows)


def _tags(facts: Facts, language: str) -> str:
    _ = gettext_for(language)
    rows = [(tag.vendor, _titles(facts, tag.purposes, language), country(tag.country, language)) for tag in facts.tags]
    if not rows:
        return _words(_("The site uses no services of other companies."))
    return _table((_("Service"), _("Purpose"), _("Country")), rows)


def _cookies(site: Site, facts: Facts, language: str) -> str:
    _ = gettext_for(language)
    owner, reason = site.operator_in(language).name, _("Remembers your choice")
    rows = [_cookie(cookie, owner, reason, language) for cookie in facts.own]
    for tag in facts.tags:
        reason = _titles(facts, tag.purposes, language)
        rows += [_cookie(cookie, tag.vendor, reason, language) for cookie in tag.cookies]
    # Three columns, because four do not fit on a telephone.
    return _table((_("Name"), _("Set by and what for"), _("Kept for")), rows)


def _cookie(cookie: CookieFact, who: str, reason: str, language: str) -> tuple[str, str, str]:
    _ = gettext_for(language)
    domain = _("belongs to this site") if cookie.party == "first" else _("belongs to another site")
    return cookie.name, f"{who}: {reason} ({domain})", duration(cookie.lifetime_seconds, language)


def _titles(facts: Facts, keys: Sequence[str], language: str) -> str:
    return ", ".join(purpose.titles[language] for purpose in facts.purposes if purpose.key in keys)


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *([_words(cell) for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
