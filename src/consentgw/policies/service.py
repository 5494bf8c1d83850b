"""Compose a policy from drafts, check it and publish it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from consentgw import outbox
from consentgw.errors import Conflict, Malformed, NotFound, TooLarge
from consentgw.law.profiles import profile
from consentgw.policies import lint, store
from consentgw.policies.findings import Finding, Severity, Unpublishable
from consentgw.policies.model import Change, PolicyVersion, day_name, numbered
from consentgw.policies.placeholders import Sources, fill
from consentgw.policies.rendering import LIMIT, Rendering, render
from consentgw.resources import folder

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date, datetime

    from consentgw.db import Unit
    from consentgw.policies.model import Facts
    from consentgw.sites.model import Site

_NO_REASONS: dict[str, str] = {}


@dataclass(frozen=True, slots=True)
class Composed:
    """Drafts that were filled and rendered, and what was found on the way."""

    renderings: Mapping[str, Rendering]
    """By language, without those that cannot be rendered."""
    findings: tuple[Finding, ...]
    """Structure first, then what the law lint says."""

    @property
    def errors(self) -> tuple[Finding, ...]:
        """Return the findings that forbid publishing."""
        return _grave(self.findings)


def starter(languages: Iterable[str]) -> dict[str, str]:
    """Return our own policy text as drafts to publish or to begin from, by language."""
    texts = folder("templates") / "policy"
    return {language: (texts / f"{language}.md").read_text("utf-8") for language in languages}


def publish(
    unit: Unit,
    site: Site,
    drafts: Mapping[str, str],
    facts: Facts,
    *,
    change: Change = Change.MATERIAL,
    reasons: Mapping[str, str] = _NO_REASONS,
    effective_from: datetime | None = None,
) -> PolicyVersion:
    """Publish a version in every language of the site, in force from this instant or from a later one.

    ``reasons`` tell visitors in each language why the version before was changed; a material change has them.

    Raises:
        Unpublishable: a language is missing or too many, a place cannot be filled, the languages differ in
            their clauses, or the law lint found an error; every finding is told.
        TooLarge: a text is longer than a policy can be.
        Malformed: the reasons are missing, or the version would be in force too early.
        Conflict: the version before says the same, or is dated later than now.
    """
    effective_from = effective_from or unit.now
    composed = compose(site, drafts, facts, effective_from.date())
    rules = profile(site.profile).on(effective_from.date())
    if errors := (*composed.errors, *_grave(lint.reasons(reasons, rules))):
        raise Unpublishable(errors)
    before = store.latest(unit.connection, site.slug)
    if before and before.published_at > unit.now:
        raise Conflict(f"{before.version} is dated later than now: check the clock of this machine")
    if before and before.effective_from > effective_from:
        raise Malformed(
            f"{before.version} comes into force on {before.effective_from:%Y-%m-%d %H:%M} UTC; what follows it"
            " comes into force with it or later"
        )
    name = day_name(site.slug, unit.now)
    policy = PolicyVersion(
        site=site.slug,
        version=numbered(name, store.count_of_day(unit.connection, site.slug, name)),
        published_at=unit.now,
        effective_from=effective_from,
        predecessor=before and before.ref,
        languages=site.languages,
        texts={language: composed.renderings[language].text for language in site.languages},
        change=change,
        reasons=dict(reasons),
    )
    if before and before.says(policy.texts):
        raise Conflict(f"{before.version} says the same already: there is nothing to publish")
    store.add(unit.connection, policy)
    store.keep_drafts(unit.connection, policy.version, drafts)
    outbox.emit(unit, outbox.POLICY_PUBLISHED, site.slug, policy.version)
    return policy


def compose(site: Site, drafts: Mapping[str, str], facts: Facts, on: date) -> Composed:
    """Fill and render drafts without publishing them, and tell everything that is wrong with them.

    ``on`` is the day the version would come into force, whose law counts.

    Raises:
        TooLarge: a text is longer than a policy can be.
        Malformed: the site's law profile is unknown or disabled, or says nothing of so early a day.
    """
    for language, draft in drafts.items():
        if len(draft.encode()) > LIMIT:
            raise TooLarge(f"{language}: a policy text has {LIMIT} bytes at the most")
    try:
        sources = Sources(site, facts, profile(site.profile).on(on), on)
    except NotFound as error:
        raise Malformed(str(error)) from None
    written = {language: drafts[language] for language in site.languages if drafts.get(language, "").strip()}
    findings = [
        Finding(
            rule="language",
            says=f"{site.slug} speaks {', '.join(site.languages)}; the policy has no text in {language}",
            remedy=f"write {language}.md",
        )
        for language in site.languages
        if language not in written
    ]
    findings += [
        Finding(
            rule="language",
            says=f"{site.slug} does not speak {language}",
            remedy=f"leave {language}.md out, or add the language to the site",
        )
        for language in sorted(set(drafts) - set(site.languages))
    ]
    renderings: dict[str, Rendering] = {}
    for language, draft in written.items():
        try:
            renderings[language] = render(fill(draft, sources, language))
        except Unpublishable as error:
            findings += error.findings
        except Malformed as error:
            findings.append(Finding(rule="structure", says=str(error), language=language))
    return Composed(renderings, (*findings, *_uneven(renderings), *lint.lint(sources, written)))


def _uneven(renderings: Mapping[str, Rendering]) -> list[Finding]:
    """Return where the languages do not have the same clauses in the same order."""
    findings: list[Finding] = []
    for language, rendering in renderings.items():
        first, clauses = next(iter(renderings.items()))
        if odd := sorted(set(rendering.clauses) ^ set(clauses.clauses)):
            says = f"{first} and {language} do not have the same clauses: {', '.join(odd)}"
        elif rendering.clauses != clauses.clauses:
            says = f"{first} and {language} do not have their clauses in the same order"
        else:
            continue
        findings.append(Finding(rule="structure", says=says, remedy="number the clauses alike in every language"))
    return findings


def _grave(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    return tuple(finding for finding in findings if finding.severity is Severity.ERROR)
