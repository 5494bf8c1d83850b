"""Asking: what a site asks, and the notices that follow from it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from consentgw.errors import Conflict, NotFound, Refused
from consentgw.notices import store
from consentgw.notices.model import NECESSARY, Cookie, Notice
from consentgw.notices.wording import buttons
from consentgw.policies import service as policies
from consentgw.policies import store as versions
from consentgw.policies.model import CookieFact, Facts, PolicyRef, PurposeFact, TagFact
from consentgw.sites import store as sites

if TYPE_CHECKING:
    from collections.abc import Mapping

    from consentgw.db import Unit
    from consentgw.notices.files import Configuration
    from consentgw.notices.model import Purpose, Tag
    from consentgw.policies.model import PolicyVersion
    from consentgw.sites.model import Site


def add_site(unit: Unit, configuration: Configuration, drafts: Mapping[str, str]) -> PolicyVersion:
    """Add a site, publish its first policy and begin to ask.

    Raises:
        Conflict: there is a site of this name already.
        Refused, Malformed: the configuration contradicts itself, or the drafts cannot be published.
    """
    site = configuration.site
    try:
        sites.read(unit.connection, site.slug)
    except NotFound:
        sites.keep(unit, site)
        configure(unit, site, configuration.purposes, configuration.tags)
        return publish(unit, site, drafts)
    raise Conflict(f"there is a site {site.slug!r} already")


def configure(unit: Unit, site: Site, purposes: tuple[Purpose, ...], tags: tuple[Tag, ...]) -> None:
    """Set what a site asks. Nobody is asked before :func:`issue`.

    Raises:
        Refused: a purpose or a tag stands twice, a purpose lacks a language, ``necessary`` is missing or asked
            about, or a tag names a purpose that is not there.
    """
    keys = [purpose.key for purpose in purposes]
    if len(set(keys)) != len(keys):
        raise Refused("a purpose stands twice")
    if NECESSARY not in keys:
        raise Refused("the purpose necessary is always listed")
    if len({tag.name for tag in tags}) != len(tags):
        raise Refused("a tag stands twice")
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
    store.keep_questions(unit, site.slug, purposes, tags)
    sites.touch(unit, site.slug)


def publish(unit: Unit, site: Site, drafts: Mapping[str, str]) -> PolicyVersion:
    """Publish a policy for what the site asks, and ask under it from now on.

    The purposes, recipients and cookies in the text are generated from the configuration, so the two cannot drift.

    Raises:
        Malformed, TooLarge, Conflict: the drafts cannot be published; see :func:`consentgw.policies.service.publish`.
    """
    version = policies.publish(unit, site, drafts, facts(site, *store.questions_of(unit.connection, site.slug)))
    issue(unit, site)
    return version


def issue(unit: Unit, site: Site) -> Mapping[str, Notice]:
    """Issue the notices that follow from what the site asks and the policy in force; return them by language.

    Where anything a person agreed to has changed (a purpose, a recipient, the policy) a new round begins and
    everybody is asked again; where only words or lifetimes have, answers given before still count.

    Raises:
        NotFound: the site has no policy in force.
    """
    purposes, tags = store.questions_of(unit.connection, site.slug)
    policy = versions.in_force(unit.connection, site.slug)
    latest = store.latest(unit.connection, site.slug, tags)
    issued = {
        language: Notice(
            site=site.slug,
            language=language,
            operator=site.operator_in(language),
            authority=site.authority_in(language, unit.now.date()),
            purposes=purposes,
            tags=tags,
            policy=PolicyRef(policy.version, policy.digest),
            buttons=buttons(language),
        )
        for language in site.languages
    }
    again = not any(
        language in issued and _agreed(before) == _agreed(issued[language])
        for language, before in latest.current.items()
    )
    number = latest.number + 1 if again else latest.number
    for language, notice in issued.items():
        shown = latest.current.get(language)
        if again or shown is None or shown.digest != notice.digest:
            store.keep(unit, notice, number)
    sites.touch(unit, site.slug)
    return issued


def _agreed(notice: Notice) -> object:
    """Return what an answer was given to: to whom, for what, to which recipients, under which policy."""
    recipients = {(tag.vendor, tag.country, tag.purposes) for tag in notice.tags}
    return notice.operator, notice.asked, recipients, notice.policy


def own_cookies(site: Site) -> tuple[Cookie, ...]:
    """Return the cookies we set ourselves for a site: the one that remembers the answer."""
    return (Cookie(f"__Host-cg-{site.slug}", int(site.validity.total_seconds()), "third"),)


def facts(site: Site, purposes: tuple[Purpose, ...], tags: tuple[Tag, ...]) -> Facts:
    """Return what a policy must say of a site's configuration."""
    return Facts(
        purposes=tuple(
            PurposeFact(
                key=purpose.key,
                optional=purpose.optional,
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
