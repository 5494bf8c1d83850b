"""Compose a policy from drafts and publish it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from consentgw import outbox
from consentgw.errors import Conflict, Malformed
from consentgw.policies import store
from consentgw.policies.model import PolicyVersion, day_name, numbered
from consentgw.policies.placeholders import fill
from consentgw.policies.rendering import Rendering, render
from consentgw.resources import folder

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from consentgw.db import Unit
    from consentgw.policies.model import Facts
    from consentgw.sites.model import Site


def starter(languages: Iterable[str]) -> dict[str, str]:
    """Return our own policy text as drafts to publish or to begin from, by language."""
    texts = folder("templates") / "policy"
    return {language: (texts / f"{language}.md").read_text("utf-8") for language in languages}


def publish(unit: Unit, site: Site, drafts: Mapping[str, str], facts: Facts) -> PolicyVersion:
    """Publish a version: in force from this instant, in every language of the site.

    Raises:
        Malformed: a language is missing or too many, a place cannot be filled, or the languages differ in
            their clauses.
        TooLarge: a text is longer than a policy can be.
        Conflict: the version in force is dated later than now.
    """
    renderings = compose(site, drafts, facts)
    before = store.latest(unit.connection, site.slug)
    if before and before.published_at > unit.now:
        raise Conflict(f"{before.version} is dated later than now: check the clock of this machine")
    name = day_name(site.slug, unit.now)
    policy = PolicyVersion(
        site=site.slug,
        version=numbered(name, store.count_of_day(unit.connection, site.slug, name)),
        published_at=unit.now,
        effective_from=unit.now,
        predecessor=before and before.ref,
        languages=site.languages,
        texts={language: rendering.text for language, rendering in renderings.items()},
    )
    store.add(unit.connection, policy)
    outbox.emit(unit, outbox.POLICY_PUBLISHED, site.slug, policy.version)
    return policy


def compose(site: Site, drafts: Mapping[str, str], facts: Facts) -> dict[str, Rendering]:
    """Fill and render drafts without publishing them; the errors are those of :func:`publish`."""
    if missing := [language for language in site.languages if not drafts.get(language, "").strip()]:
        raise Malformed(
            f"{site.slug} speaks {', '.join(site.languages)}; the policy has no text in {', '.join(missing)}"
        )
    if strange := sorted(set(drafts) - set(site.languages)):
        raise Malformed(f"{site.slug} does not speak {', '.join(strange)}; leave those texts out")
    renderings = {language: render(fill(drafts[language], site, facts, language)) for language in site.languages}
    first = renderings[site.language]
    for language, rendering in renderings.items():
        if odd := sorted(set(rendering.clauses) ^ set(first.clauses)):
            raise Malformed(f"{site.language} and {language} do not have the same clauses: {', '.join(odd)}")
        if rendering.clauses != first.clauses:
            raise Malformed(f"{site.language} and {language} do not have their clauses in the same order")
    return renderings
