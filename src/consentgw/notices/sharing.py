"""Asking for several sites at once: which sites of one operator may, and the question they share.

Consent is specific and informed (GDPR Art. 4(11), EDPB 05/2020 paragraphs 55 to 65): one answer can count at several
sites only where each of them would have put the very same question, and where the question names them all.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from consentgw.errors import NotFound
from consentgw.notices import store
from consentgw.notices.model import Covered
from consentgw.notices.wording import words
from consentgw.policies import store as versions
from consentgw.sites import store as sites

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from sqlalchemy import Connection

    from consentgw.db import Unit
    from consentgw.notices.model import Notice, Tag
    from consentgw.sites.model import Site


def amiss(connection: Connection, site: Site, everyone: Mapping[str, Site]) -> str | None:
    """Return in a sentence why a site cannot share consent as it and the others say, None where it can.

    ``everyone`` is every site there is, by slug.
    """
    group = site.shares_consent_with | {site.slug}
    for slug in sorted(site.shares_consent_with):
        if slug not in everyone:
            return f"it shares consent with {slug}, and there is no such site"
        if everyone[slug].shares_consent_with | {slug} != group:
            named = ", ".join(sorted(site.shares_consent_with))
            return (
                f"it shares consent with {named}, and {slug} does not say the same: in shares_consent_with each site"
                " names all the others"
            )
        if differs := _differs(connection, site, everyone[slug]):
            return f"it shares consent with {slug}, and {differs}: they have to be the same"
    for slug, other in everyone.items():
        if site.slug in other.shares_consent_with and slug not in group:
            return f"{slug} says that it shares consent with this site, which does not say so in shares_consent_with"
    return None


def others(unit: Unit, site: Site) -> tuple[Site, ...]:
    """Return the sites that share consent with a site, by slug.

    None where it shares with nobody, anything is amiss, or one of them has no policy in force yet.
    """
    if not site.shares_consent_with:
        return ()
    everyone = {one.slug: one for one in sites.everyone(unit.connection)}
    if amiss(unit.connection, site, everyone):
        return ()
    found = tuple(everyone[slug] for slug in sorted(site.shares_consent_with))
    return found if all(_asks(unit, one) for one in found) else ()


def together(unit: Unit, group: Collection[Site], alone: Mapping[str, Notice]) -> tuple[Notice, ...]:
    """Return what a site asks for all of a group, in each language; nothing where the group is the site alone, or
    nothing is asked.

    ``alone`` is what it asks for itself.
    """
    if len(group) == 1 or not any(notice.asked for notice in alone.values()):
        return ()
    covers = tuple(
        Covered(one.slug, one.name, one.hosts, versions.in_force(unit.connection, one.slug, unit.now).ref)
        for one in sorted(group, key=lambda one: one.slug)
    )
    theirs = [tag for one in group for tag in store.questions_of(unit.connection, one.slug)[1]]
    return tuple(
        replace(
            notice,
            tags=tuple(_with_cookies(tag, theirs) for tag in notice.tags),
            words=words(language, operator=notice.operator.name, site="", vendors=len(notice.vendors), covers=covers),
            covers=covers,
        )
        for language, notice in alone.items()
    )


def _asks(unit: Unit, site: Site) -> bool:
    try:
        versions.in_force(unit.connection, site.slug, unit.now)
    except NotFound:
        return False
    return True


def _with_cookies(tag: Tag, theirs: list[Tag]) -> Tag:
    """Return a tag with the cookies that the same recipient sets at the other sites, too."""
    same = [other for other in theirs if _recipient(other) == _recipient(tag)]
    return replace(tag, cookies=tuple(dict.fromkeys(cookie for one in (tag, *same) for cookie in one.cookies)))


def _recipient(tag: Tag) -> tuple[str, str, frozenset[str]]:
    return tag.vendor, tag.country, tag.purposes


def _differs(connection: Connection, one: Site, other: Site) -> str | None:
    """Return what keeps two sites from asking the same question."""
    if (one.operator, one.called) != (other.operator, other.called):
        return "their operators differ"
    if (one.profile, one.authority) != (other.profile, other.authority):
        return "their law profiles or authorities differ"
    if set(one.languages) != set(other.languages):
        return "their languages differ"
    if one.validity != other.validity:
        return "their answers hold for different times"
    (mine, my_tags), (theirs, their_tags) = (store.questions_of(connection, site.slug) for site in (one, other))
    if mine != theirs:
        unlike = {purpose.key for purpose in mine if purpose not in theirs}
        unlike |= {purpose.key for purpose in theirs if purpose not in mine}
        return f"their purposes differ in {', '.join(sorted(unlike)) or 'their order'}"
    recipients = {_recipient(tag) for tag in my_tags} ^ {_recipient(tag) for tag in their_tags}
    if recipients:
        return f"their recipients differ in {', '.join(sorted({vendor for vendor, _, _ in recipients}))}"
    return None
