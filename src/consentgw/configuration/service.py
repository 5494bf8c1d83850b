"""Apply what folders say, rehearse it, and write the same folders back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Never

from consentgw.configuration.model import Configuration, Faulty, Outcome, Statement, Step, changes
from consentgw.configuration.writing import change_file, site_file
from consentgw.errors import Conflict, ConsentgwError, Malformed, NotFound
from consentgw.notices import service as notices
from consentgw.notices import sharing
from consentgw.notices import store as questions
from consentgw.policies import service as policies
from consentgw.policies import store as versions
from consentgw.policies.findings import Blamed, Unpublishable
from consentgw.policies.model import Change
from consentgw.sites import store as sites

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy import Connection

    from consentgw.configuration.model import Source
    from consentgw.db import Database, Unit
    from consentgw.policies.findings import Finding
    from consentgw.policies.model import PolicyVersion


_PUBLISHES = {
    Change.MATERIAL: "publishes a material change",
    Change.EDITORIAL: "publishes an editorial change",
}


def rehearse(database: Database, sources: Sequence[Source]) -> Outcome:
    """Return what applying would do, and do nothing: it is carried out and taken back.

    Raises:
        Faulty: as :func:`apply`.
    """
    try:
        return database.apply(_take_back, sources)
    except _Rehearsed as rehearsed:
        return rehearsed.outcome


def apply(unit: Unit, sources: Sequence[Source], *, agreed: Outcome | None = None) -> Outcome:
    """Make the database say what the folders say; where it does already, nothing is written.

    Raises:
        Faulty: a folder contradicts itself, the law profile or what is published; one line for each fault.
        Conflict: it would do something else than was ``agreed``, because somebody changed a site in between.
    """
    outcomes: list[Outcome] = []
    faults: list[str] = []
    for source in sources:
        try:
            outcomes.append(_apply(unit, source))
        except Unpublishable as error:
            faults += [_placed(source, finding) for finding in error.findings]
        except ConsentgwError as error:
            faults.append(f"{source.place}: {error}")
    if not faults:
        faults += _unshared(unit.connection, sources)
    if faults:
        raise Faulty(faults)
    done = Outcome(
        tuple(step for outcome in outcomes for step in outcome.steps),
        tuple(name for outcome in outcomes for name in outcome.published),
    )
    if agreed and agreed != done:
        raise Conflict("somebody changed a site since the plan was shown; nothing was done, look at it again")
    return done


def known(connection: Connection, slug: str) -> Configuration:
    """Return what a site is, asks and loads now.

    Raises:
        NotFound: there is no such site.
    """
    return Configuration(sites.read(connection, slug), *questions.questions_of(connection, slug))


def export(connection: Connection, slug: str) -> dict[str, str]:
    """Return the files that say what a site is, by their path below a folder.

    Raises:
        NotFound: there is no such site, or it has published nothing.
    """
    files = {"site.toml": site_file(known(connection, slug))}
    policy = versions.latest(connection, slug)
    if policy is None:
        raise NotFound(f"{slug} has published no policy yet")
    for language, draft in versions.drafts_of(connection, policy.version).items():
        files[f"policy/{language}.md"] = draft
    if policy.predecessor:
        later = policy.effective_from if policy.effective_from > policy.published_at else None
        files["policy/change.toml"] = change_file(Statement(policy.change, policy.reasons, later))
    return files


def _apply(unit: Unit, source: Source) -> Outcome:
    """Apply one folder: the site, then what it asks, then its policy, then the notices."""
    site, slug = source.configuration.site, source.slug
    try:
        said = changes(known(unit.connection, slug), source.configuration)
    except NotFound:
        said = ["adds the site"]
    if said:
        sites.keep(unit, site)
        notices.configure(unit, site, source.configuration.purposes, source.configuration.tags)
    policy = _publish(unit, source)
    if policy:
        first = "publishes our starter text as its policy" if source.drafts is None else "publishes its policy"
        said.append(_PUBLISHES[policy.change] if policy.predecessor else first)
    elif said:
        notices.issue(unit, site)
    return Outcome(tuple(Step(slug, does) for does in said), (policy.version,) if policy else ())


def _unshared(connection: Connection, sources: Sequence[Source]) -> Iterator[str]:
    """Yield why sites cannot share consent as they say, now that each of them is what its folder says."""
    everyone = {site.slug: site for site in sites.everyone(connection)}
    for source in sources:
        if amiss := sharing.amiss(connection, everyone[source.slug], everyone):
            yield f"{source.place}: {amiss}"


def _publish(unit: Unit, source: Source) -> PolicyVersion | None:
    """Publish the policy where it says something else than the published one."""
    configuration = source.configuration
    site = configuration.site
    published = versions.latest(unit.connection, site.slug)
    drafts = source.drafts
    if published is None:
        return notices.publish(unit, site, policies.starter(site.languages) if drafts is None else drafts)
    if drafts is None:
        kept = versions.drafts_of(unit.connection, published.version)
        drafts = {language: kept[language] for language in site.languages if language in kept}
    facts = notices.facts(site, configuration.purposes, configuration.tags)
    composed = policies.compose(site, drafts, facts, published.effective_from.date())
    if composed.errors:
        raise Unpublishable(composed.errors)
    if published.says({language: rendering.text for language, rendering in composed.renderings.items()}):
        return None
    statement = source.statement
    if statement is None:
        raise Malformed(
            f"{published.version} is published and is never changed; the text is another now, or what the site asks"
            " and loads. Say what a new version changes in policy/change.toml"
        )
    if published.predecessor and (statement.change, statement.reasons) == (published.change, published.reasons):
        if statement.reasons:
            raise Malformed(f"policy/change.toml still gives the reasons of {published.version}; say what changes now")
        if statement.left:  # it would call every later change what the first one was
            raise Malformed(
                f"policy/change.toml still says what it said of {published.version}; write it anew, with reasons"
            )
    return notices.publish(
        unit,
        site,
        drafts,
        change=statement.change,
        reasons=statement.reasons,
        effective_from=statement.effective_from,
    )


class _Rehearsed(Exception):
    """Ends a rehearsal, so that nothing of it is kept."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__()
        self.outcome = outcome


def _take_back(unit: Unit, sources: Sequence[Source]) -> Never:
    raise _Rehearsed(apply(unit, sources))


def _placed(source: Source, finding: Finding) -> str:
    """Return a finding with the file it is in."""
    match finding.blamed:
        case Blamed.SITE:
            file = "site.toml"
        case Blamed.REASON:
            file = "policy/change.toml"
        case Blamed.TEXT:
            file = f"policy/{finding.language}.md" if finding.language else "policy"
    line = f", line {finding.line}" if finding.line else ""
    return f"{source.place}/{file}{line}: {finding.says}{f': {finding.remedy}' if finding.remedy else ''}"
