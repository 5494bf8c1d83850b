"""Asking: what a site asks, and the notices that follow from it."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import chain
from typing import TYPE_CHECKING

from consentgw.errors import Malformed, Refused
from consentgw.notices import sharing, store
from consentgw.notices.model import NECESSARY, Cookie, Notice
from consentgw.notices.terms import remembered
from consentgw.notices.wording import words
from consentgw.policies import service as policies
from consentgw.policies import store as versions
from consentgw.policies.model import Change, CookieFact, Facts, PurposeFact, TagFact
from consentgw.sites import store as sites
from consentgw.sites.model import repeated

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from sqlalchemy import Connection

    from consentgw.db import Unit
    from consentgw.notices.model import Purpose, Tag
    from consentgw.notices.store import Round
    from consentgw.policies.model import PolicyVersion
    from consentgw.sites.model import Operator, Site


def configure(unit: Unit, site: Site, purposes: tuple[Purpose, ...], tags: tuple[Tag, ...]) -> None:
    """Set what a site asks. Nobody is asked before :func:`issue`.

    Raises:
        Refused: as :func:`check`.
    """
    check(site, purposes, tags)
    store.keep_questions(unit, site.slug, purposes, tags)
    sites.touch(unit, site.slug)


def check(site: Site, purposes: tuple[Purpose, ...], tags: tuple[Tag, ...]) -> None:
    """Check that what a site asks does not contradict itself.

    Raises:
        Refused: a purpose or a tag stands twice, a purpose lacks a language, ``necessary`` is missing or asked
            about, or a tag names a purpose that is not there.
    """
    keys = [purpose.key for purpose in purposes]
    if twice := repeated(keys):
        raise Refused(f"the purpose {', '.join(twice)} stands twice")
    if NECESSARY not in keys:
        raise Refused("the purpose necessary is always listed")
    if twice := repeated(tag.name for tag in tags):
        raise Refused(f"the tag {', '.join(twice)} stands twice: give each a name of its own")
    for purpose in purposes:
        if purpose.key == NECESSARY and purpose.optional:
            raise Refused("the purpose necessary is never asked about; its basis is necessary")
        if missing := set(site.languages) - set(purpose.wording):
            raise Refused(f"the purpose {purpose.key} has no words in {', '.join(sorted(missing))}")
    for tag in tags:
        if unknown := tag.purposes - set(keys):
            raise Refused(
                f"the tag {tag.name} needs the purpose {', '.join(sorted(unknown))}, which the site does not have"
            )


def publish(
    unit: Unit,
    site: Site,
    drafts: Mapping[str, str],
    *,
    change: Change = Change.MATERIAL,
    reasons: Mapping[str, str] | None = None,
    effective_from: datetime | None = None,
) -> PolicyVersion:
    """Publish a policy for what the site asks, and ask under it from when it is in force.

    The purposes, recipients and cookies in the text are generated from the configuration, so the two cannot drift.

    Raises:
        Unpublishable, Malformed, TooLarge, Conflict: the drafts cannot be published; see
            :func:`consentgw.policies.service.publish`. Malformed too where an editorial change would not be one,
            because answers given so far end with it.
    """
    if change is Change.EDITORIAL and (strange := _not_agreed_to(unit, site)):
        raise Malformed(
            "an editorial change leaves every answer in force, and answers given so far say nothing of"
            f" {', '.join(strange)}: call the change material and say why"
        )
    version = policies.publish(
        unit,
        site,
        drafts,
        facts(site, *store.questions_of(unit.connection, site.slug)),
        change=change,
        reasons=reasons or {},
        effective_from=effective_from,
    )
    if version.effective_from <= unit.now:
        issue(unit, site)
    sites.touch(unit, site.slug)
    return version


def come_into_force(unit: Unit, slug: str) -> None:
    """Ask under the policy in force now, where that is not done yet: whichever process notices first calls it."""
    issue(unit, sites.read(unit.connection, slug))


def due(connection: Connection, slug: str) -> datetime | None:
    """Return when the next policy comes into force under which nobody is asked yet, None where none is published."""
    asked = next(iter(store.latest(connection, slug, ()).current.values()), None)
    entries = versions.chain(connection, slug)
    names = [entry.version for entry in entries]
    known = names.index(asked.policy.version) + 1 if asked and asked.policy.version in names else 0
    return next((entry.effective_from for entry in entries[known:]), None)


def issue(unit: Unit, site: Site) -> Mapping[str, Notice]:
    """Issue the notices that follow from what the site asks and the policy in force; return them by language.

    A new round, in which everybody is asked again, begins where something a person agreed to has changed: the
    policy by its own word, who asks, a recipient, what a purpose rests on. A new purpose does not end the round: it
    is open for those who answered before. Words and lifetimes change nothing. Repeating it changes nothing either.

    Raises:
        NotFound: the site has no policy in force.
    """
    group = (site, *sharing.others(unit, site))
    for other in group[1:]:  # what they ask together names the policy of each
        _issue(unit, other, group)
    return _issue(unit, site, group)


def _issue(unit: Unit, site: Site, group: tuple[Site, ...]) -> Mapping[str, Notice]:
    purposes, tags = store.questions_of(unit.connection, site.slug)
    policy = versions.in_force(unit.connection, site.slug, unit.now)
    latest = store.latest(unit.connection, site.slug, tags)
    issued: dict[str, Notice] = {}
    for language in site.languages:
        operator = site.operator_in(language)
        issued[language] = Notice(
            site=site.slug,
            language=language,
            operator=operator,
            authority=site.authority_in(language, unit.now.date()),
            purposes=purposes,
            tags=tags,
            policy=policy.ref,
            words=words(
                language,
                operator=operator.name,
                site=site.name,
                vendors=len({tag.vendor for tag in tags}),
                asks=any(purpose.optional for purpose in purposes),
            ),
        )
    together = sharing.together(unit, group, issued)
    number = latest.number + (not _goes_on(unit, latest, issued[site.language]))
    current = [*latest.current.values(), *latest.shared.values()] if number == latest.number else []
    known = {notice.digest for notice in current}
    changed = [notice for notice in (*issued.values(), *together) if notice.digest not in known]
    for notice in changed:
        store.keep(unit, notice, number)
    if changed:
        sites.touch(unit, site.slug)
    return issued


def _goes_on(unit: Unit, latest: Round, now: Notice) -> bool:
    """Return whether what is asked now may go on in the present round: every answer of the round still covers it."""
    return (
        bool(latest.notices)
        and not any(_beyond(then, now.operator, now.purposes, now.tags) for then in latest.notices.values())
        and all(
            version == now.policy.version or _only_words(unit, now.site, version)
            for version in {then.policy.version for then in latest.notices.values()}
        )
    )


def _not_agreed_to(unit: Unit, site: Site) -> list[str]:
    """Return what the site does now of which answers of the present round say nothing, each once.

    Where a material change waits for its day, everybody is asked about all of it on that day: then there is nothing.
    """
    purposes, tags = store.questions_of(unit.connection, site.slug)
    latest = store.latest(unit.connection, site.slug, tags)
    waiting = [entry for entry in versions.chain(unit.connection, site.slug) if entry.effective_from > unit.now]
    if any(versions.version(unit.connection, entry.version).change is Change.MATERIAL for entry in waiting):
        return []
    beyond = (_beyond(then, site.operator, purposes, tags) for then in latest.notices.values())
    return list(dict.fromkeys(chain.from_iterable(beyond)))


def _beyond(then: Notice, operator: Operator, purposes: tuple[Purpose, ...], tags: tuple[Tag, ...]) -> list[str]:
    """Return what happens now of which an answer given then says nothing, in words for the operator.

    What only a new purpose releases needs no earlier answer, so it is not compared.
    """
    known = {purpose.key: purpose.basis for purpose in then.purposes}
    agreed = {(tag.vendor, tag.country, tag.purposes) for tag in then.tags}
    said: list[str] = []
    if then.operator.registration != operator.registration:
        said.append(f"the operator {operator.registration}")
    said += [
        f"the basis of the purpose {purpose.key}"
        for purpose in purposes
        if known.get(purpose.key, purpose.basis) is not purpose.basis
    ]
    said += [
        f"the recipient {tag.vendor} (in {tag.country}, for {' and '.join(sorted(tag.purposes))})"
        for tag in tags
        if tag.purposes <= known.keys() and (tag.vendor, tag.country, tag.purposes) not in agreed
    ]
    return said


def _only_words(unit: Unit, site: str, version: str) -> bool:
    """Return whether everything that took over from a policy version up to now was editorial."""
    later = versions.since(unit.connection, site, version, unit.now)
    return bool(later) and all(policy.change is Change.EDITORIAL for policy in later)


def own_cookies(site: Site, on: date | None = None) -> tuple[Cookie, ...]:
    """Return the cookies we set ourselves for a site, by the law of a day (today): one, to remember the answer, and
    another of its own where we stand on the site's own ground."""
    seconds = int(remembered(site, on or datetime.now(UTC).date()).total_seconds())
    third = Cookie(f"__Host-cg-{site.slug}", seconds, "third")
    return (third, Cookie(f"__Host-cgf-{site.slug}", seconds, "first")) if site.first_party else (third,)


def facts(site: Site, purposes: tuple[Purpose, ...], tags: tuple[Tag, ...]) -> Facts:
    """Return what a policy must say of a site's configuration."""
    return Facts(
        purposes=tuple(
            PurposeFact(
                key=purpose.key,
                basis=purpose.basis.value,
                titles={language: words.title for language, words in purpose.wording.items()},
                sentences={language: words.sentence for language, words in purpose.wording.items()},
            )
            for purpose in purposes
        ),
        tags=tuple(
            TagFact(tag.vendor, tuple(sorted(tag.purposes)), tag.country, _cookies(tag.cookies)) for tag in tags
        ),
        own=_cookies(own_cookies(site)),
        settings=f"/consent/{site.slug}",
    )


def _cookies(cookies: tuple[Cookie, ...]) -> tuple[CookieFact, ...]:
    return tuple(CookieFact(cookie.name, cookie.lifetime_seconds, cookie.party) for cookie in cookies)
