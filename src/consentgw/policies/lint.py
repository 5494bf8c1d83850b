"""The law lint: what a policy says that it must not, and what it does not say that it must.

It reads drafts as people do, without markup, sentence by sentence, and never changes a word. It is a careful
reader and no lawyer: what it finds is wrong, what it does not find may be wrong all the same.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from consentgw.law.profiles import Unit
from consentgw.policies.findings import Blamed, Finding, Severity
from consentgw.policies.model import Basis
from consentgw.policies.placeholders import PLACE
from consentgw.policies.rendering import blocks
from consentgw.policies.unsafe import PERIOD, STATED_AS_LAW, Where, tells_of_the_browser, unsafe
from consentgw.sites.model import registered_in_kazakhstan

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from consentgw.law.profiles import Rules
    from consentgw.policies.placeholders import Sources

_STALE = timedelta(days=365)
REASON = 500
"""Letters of a reason at the most."""
_LONGEST = 500
"""Letters of a sentence that are looked at together; what people can read is shorter."""
_HTML = re.compile(r"(?<!\\)</?[A-Za-z][A-Za-z0-9-]*(?:\s[^<>]*)?/?>|<!--|!\[[^\]\n]*\]\(")
_END = re.compile(r"(?<=[.!?…])\s+")


@dataclass(frozen=True, slots=True)
class _Part:
    """A subject that every policy has, by a place or by a heading."""

    name: str
    places: tuple[str, ...]
    """Any of them is enough."""
    remedy: str
    headings: Mapping[str, str]
    """Words of a heading that will do, by language; empty where only a place will."""


_PARTS = (
    _Part("the name of the site", ("site.name",), "write [[site.name]]", {}),
    _Part("the operator's name", ("operator.name", "contacts"), "write [[operator.name]] or [[contacts]]", {}),
    _Part(
        "the operator's number", ("operator.number", "operator.registration", "contacts"),
        "write [[operator.number]] or [[contacts]]", {},
    ),
    _Part(
        "the list of personal data", ("data",), "write [[data]]",
        {"kk": r"дерек", "ru": r"данны", "en": r"\b(data|information)\b"},
    ),
    _Part("the purposes", ("purposes",), "write [[purposes]]", {"kk": "мақсат", "ru": r"\bцел", "en": r"\bpurpose"}),
    _Part(
        "the legal basis of each purpose", ("purposes",), "write [[purposes]]",
        {"kk": "негіз", "ru": r"\bосновани", "en": r"\b(grounds?|bas[ei]s)\b"},
    ),
    _Part(
        "who receives data", ("tags",), "write [[tags]]",
        {"kk": r"үшінші тұлға|алушы|беру", "ru": r"треть|получател|передач", "en": r"third part|recipient|transfer"},
    ),
    _Part(
        "how long data is kept", ("retention",), "write [[retention]]",
        {"kk": r"сақта|мерзім", "ru": r"хранени|срок", "en": r"\b(retention|storage|stor|keep|kept|how long)"},
    ),
    _Part(
        "the rights of people", ("rights",), "write [[rights]]",
        {"kk": "құқық", "ru": r"\bправ[ао]?\b", "en": r"\brights\b"},
    ),
    _Part("where people may complain", ("authority", "rights"), "write [[rights]] or [[authority]]", {}),
    _Part("the cookies and their lifetimes", ("cookies",), "write [[cookies]]", {}),
    _Part(
        "the page where people choose and withdraw", ("site.settings",),
        "write a link: [Settings]([[site.settings]])", {},
    ),
    _Part(
        "how the policy changes", ("site.versions",), "write a link: [all versions]([[site.versions]])",
        {"kk": "өзгер|жаңарт", "ru": r"изменени|обновлени|редакци", "en": r"\b(change|update|version)"},
    ),
    _Part("how to reach the operator", ("contacts", "operator.email"), "write [[contacts]] or [[operator.email]]", {}),
)  # fmt: skip


def lint(sources: Sources, drafts: Mapping[str, str]) -> Iterator[Finding]:
    """Yield what is wrong with drafts and with the configuration they are filled from."""
    yield from (replace(finding, blamed=Blamed.SITE) for finding in _configuration(sources))
    for language, draft in drafts.items():
        yield from _markup(draft, language)
        yield from wording(draft, language, sources.rules)
        yield from _parts(draft, language)


def _markup(draft: str, language: str) -> Iterator[Finding]:
    """Yield the lines with HTML or a picture, which people would read as their source."""
    for number, line in enumerate(draft.split("\n"), 1):
        if found := _HTML.search(line):
            says = f"{found[0]} is shown as it is written: a policy has neither HTML nor pictures"
            remedy = "write it in Markdown, with words"
            severity = Severity.WARNING
            yield Finding(rule="markup", says=says, remedy=remedy, language=language, line=number, severity=severity)


def wording(draft: str, language: str, rules: Rules) -> Iterator[Finding]:
    """Yield the unsafe sentences of a text, with their lines."""
    managed = "[[site.settings]]" in draft or "/consent/" in draft
    for block in blocks(draft):
        for line, sentence in _sentences(block.text, block.line):
            for rule, says, remedy, severity in _judge(sentence, language, rules, managed=managed):
                yield Finding(rule=rule, says=says, remedy=remedy, language=language, line=line, severity=severity)


def reasons(said: Mapping[str, str], rules: Rules) -> Iterator[Finding]:
    """Yield what is wrong with the reasons of a change, which visitors read before they answer."""
    for language, reason in said.items():
        if len(reason) > REASON:
            says = f"the reason has {len(reason)} letters; it stands in the question, where {REASON} are enough"
            yield Finding(rule="reason", says=says, language=language, blamed=Blamed.REASON)
            continue
        for _, sentence in _sentences(reason, 0):
            for rule, says, remedy, severity in _judge(sentence, language, rules, managed=True):
                yield Finding(
                    rule=rule,
                    says=f"the reason: {says}",
                    remedy=remedy,
                    language=language,
                    severity=severity,
                    blamed=Blamed.REASON,
                )


_Verdict = tuple[str, str, str, Severity]


def _judge(sentence: str, language: str, rules: Rules, *, managed: bool) -> Iterator[_Verdict]:
    met: set[str] = set()
    for rule in unsafe(sentence, language):
        if rule.name not in met and (rule.where is Where.EVERYWHERE or rules.profile == "kz"):
            met.add(rule.name)
            yield rule.name, rule.says, rule.remedy, Severity.ERROR
    if not managed and tells_of_the_browser(sentence, language):
        yield (
            "browser-only",
            "the browser's settings are the only way to refuse",
            "link to [[site.settings]], where people choose and withdraw",
            Severity.ERROR,
        )
    if language in STATED_AS_LAW and re.search(STATED_AS_LAW[language], sentence):
        yield from _stated_as_law(sentence, language, rules)


def _stated_as_law(sentence: str, language: str, rules: Rules) -> Iterator[_Verdict]:
    """Judge a length of time that is said to be law by what the profile knows of it."""
    for found in re.finditer(PERIOD[language], sentence):
        unit = _unit(found["unit"] or "", found["what"])
        alike = [
            rule for rule in rules.requests if str(rule.limit) == found["count"] and (unit is None or unit is rule.unit)
        ]
        verified = [rule.law for rule in alike]
        if alike and not (any(verified) if unit else all(verified)):
            says = f"“{found[0]}” is said to be law, and nobody could verify that it is"
            yield "unverified-law", says, "write [[rights]]: it calls the time our own promise", Severity.ERROR
        else:
            says = f"“{found[0]}” is said to be law and stays when the law changes"
            yield "copied-law", says, "write [[rights]], or make sure that the law says so", Severity.WARNING


def _unit(unit: str, what: str) -> Unit | None:
    if what.startswith(("month", "месяц", "ай")):
        return Unit.MONTHS
    if unit.startswith(("working", "business", "рабоч", "жұмыс")):
        return Unit.WORKING_DAYS
    return Unit.CALENDAR_DAYS if unit else None


def _sentences(text: str, line: int) -> Iterator[tuple[int, str]]:
    """Yield the sentences of a block as patterns see them, each with the line it begins on."""
    at = 0
    for end in [*(found.end() for found in _END.finditer(text)), len(text)]:
        for start in range(at, end, _LONGEST * 4 // 5):
            yield line + text.count("\n", 0, start), _plain(text[start : min(end, start + _LONGEST)])
        at = end


def _plain(text: str) -> str:
    """Return small letters with single spaces; what cannot be seen is left out."""
    seen = "".join(sign for sign in unicodedata.normalize("NFKC", text) if unicodedata.category(sign) != "Cf")
    return " ".join(seen.lower().replace("’", "'").split())


def _parts(draft: str, language: str) -> Iterator[Finding]:
    places = set(PLACE.findall(draft))
    headings = " \n".join(_plain(block.text) for block in blocks(draft) if block.kind in {"section", "heading"})
    for part in _PARTS:
        if places.intersection(part.places):
            continue
        words = part.headings.get(language)
        if words and re.search(words, headings):
            says, severity = f"in fixed words, which can drift from what is configured: {part.name}", Severity.WARNING
        else:
            says, severity = f"missing: {part.name}", Severity.ERROR
        yield Finding(rule="part", says=says, remedy=part.remedy, language=language, severity=severity)


def _configuration(sources: Sources) -> Iterator[Finding]:
    site, facts, rules = sources.site, sources.facts, sources.rules
    for language in rules.languages.required:
        if language not in site.languages:
            yield Finding(
                rule="language",
                says=f"the law profile {rules.profile} asks for {language}, which {site.slug} does not speak",
                remedy="add the language to the site and write its text",
            )
    if rules.profile == "kz" and not registered_in_kazakhstan(site.operator.registration):
        yield Finding(
            rule="operator-number",
            says=f"{site.operator.registration!r} is no BIN or IIN, twelve digits of which the last checks the others",
            remedy="mend registration in the site's file",
        )
    for purpose in facts.purposes:
        yield from _basis(sources, purpose.key, purpose.basis)
        for language in site.languages:
            said = (_plain(words.get(language, "")) for words in (purpose.titles, purpose.sentences))
            for rule, says, remedy, severity in _judge(". ".join(said), language, rules, managed=True):
                says = f"the purpose {purpose.key}: {says}"
                yield Finding(rule=rule, says=says, remedy=remedy, language=language, severity=severity)
    asked = {purpose.key for purpose in facts.purposes if purpose.optional}
    for tag in facts.tags:
        if not asked.intersection(tag.purposes):
            says = f"{tag.vendor} is loaded without consent"
            remedy = "make sure that people cannot get what they asked for without it"
            yield Finding(rule="tag-without-consent", says=says, remedy=remedy, severity=Severity.WARNING)
    checked = site.authority_in(site.language, sources.on).checked_on
    if sources.on - checked > _STALE:
        says = f"the authority was last checked on {checked.isoformat()}"
        yield Finding(rule="stale", says=says, remedy="check it again", severity=Severity.WARNING)


def _basis(sources: Sources, key: str, basis: str) -> Iterator[Finding]:
    if basis not in {known.value for known in Basis}:
        says = f"the purpose {key} has no legal basis" + (f" that we know: {basis!r}" if basis else "")
        yield Finding(rule="basis", says=says, remedy=f"give it one of {', '.join(Basis)}")
    elif basis == Basis.LEGITIMATE_INTERESTS:
        loads = any(key in tag.purposes for tag in sources.facts.tags)
        if sources.rules.profile == "kz" or loads:
            yield Finding(
                rule="legitimate-interest",
                says=f"the purpose {key} rests on legitimate interests"
                + (", and tags are loaded for it" if loads else ", which we know of nowhere in the law of Kazakhstan"),
                remedy="ask for consent",
            )
