"""Published versions and their rows. Rows are added, never changed."""

from __future__ import annotations

import hashlib
import json
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, exists, func, insert, select

from consentgw.errors import Malformed, NotFound
from consentgw.policies.model import Entry, restore
from consentgw.policies.tables import drafts, policies, working_drafts

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from sqlalchemy import Connection

    from consentgw.db import Unit
    from consentgw.policies.model import PolicyVersion

_LATER = policies.alias("later")
_DOCUMENT = select(policies.c.document)
_ENTRIES = select(
    policies.c.version,
    policies.c.digest,
    policies.c.predecessor,
    policies.c.published_at,
    policies.c.effective_from,
)


def add(connection: Connection, policy: PolicyVersion) -> None:
    """Keep a version."""
    connection.execute(insert(policies), _row(policy))


def _row(policy: PolicyVersion) -> dict[str, Any]:
    return {
        "version": policy.version,
        "site": policy.site,
        "published_at": policy.published_at,
        "effective_from": policy.effective_from,
        "predecessor": policy.predecessor and policy.predecessor.digest,
        "digest": policy.digest,
        "document": policy.canonical().decode(),
    }


def version(connection: Connection, name: str) -> PolicyVersion:
    """Return a version by its name, which is unique in the installation.

    Raises:
        NotFound: there is none of this name.
    """
    return restore(json.loads(document(connection, name)))


def document(connection: Connection, name: str) -> str:
    """Return the canonical JSON of a version, whose SHA-256 is its digest.

    Raises:
        NotFound: there is no version of this name.
    """
    kept = connection.scalar(_DOCUMENT.where(policies.c.version == name))
    if kept is None:
        raise NotFound(f"there is no policy version {name!r}")
    return kept


def in_force(connection: Connection, site: str, at: datetime) -> PolicyVersion:
    """Return the version of a site that is in force at an instant.

    Raises:
        NotFound: the site has none yet.
    """
    ruling = next((entry for entry in reversed(chain(connection, site)) if entry.effective_from <= at), None)
    if ruling is None:
        raise NotFound(f"the site {site!r} has no policy in force yet")
    return version(connection, ruling.version)


def latest(connection: Connection, site: str) -> PolicyVersion | None:
    """Return the version of a site that none took over from, in force or not yet; None before the first."""
    followed = exists().where(_LATER.c.site == policies.c.site, _LATER.c.predecessor == policies.c.digest)
    kept = connection.scalar(_DOCUMENT.where(policies.c.site == site, ~followed))
    return kept and restore(json.loads(kept))


def since(connection: Connection, site: str, name: str, at: datetime) -> tuple[PolicyVersion, ...]:
    """Return the versions that took over from the named one up to an instant, oldest first.

    There may be several. Whoever knows the named one is asked again if any of them is material, and is owed
    the reasons of those that are. Empty where the named one is in force, not of this site or unknown.
    """
    names = [entry.version for entry in chain(connection, site) if entry.effective_from <= at]
    return tuple(version(connection, later) for later in names[names.index(name) + 1 :]) if name in names else ()


def chain(connection: Connection, site: str) -> tuple[Entry, ...]:
    """Return every version of a site without its texts, from the first to the last.

    The digests give the order, not a clock: two versions may bear the same instant. Where the database was
    damaged, what nothing leads to is left out; :func:`audit` tells.
    """
    rows = connection.execute(_ENTRIES.where(policies.c.site == site))
    followers = {row.predecessor: Entry(*row) for row in rows}
    entries: list[Entry] = []
    following = followers.pop(None, None)
    while following:
        entries.append(following)
        following = followers.pop(following.digest, None)
    return tuple(entries)


def count_of_day(connection: Connection, site: str, name: str) -> int:
    """Return how many versions of a site bear this name or this name with a number."""
    of_day = (policies.c.version == name) | policies.c.version.startswith(f"{name}.", autoescape=True)
    return connection.scalar(select(func.count()).where(policies.c.site == site, of_day)) or 0


def keep_drafts(connection: Connection, name: str, texts: Mapping[str, str]) -> None:
    """Keep what a version was composed from, by language."""
    connection.execute(
        insert(drafts), [{"version": name, "language": language, "text": text} for language, text in texts.items()]
    )


def drafts_of(connection: Connection, name: str) -> dict[str, str]:
    """Return what a version was composed from, by language."""
    rows = connection.execute(select(drafts.c.language, drafts.c.text).where(drafts.c.version == name))
    texts = {row.language: row.text for row in rows}
    return {language: texts[language] for language in sorted(texts)}


def working_draft(connection: Connection, site: str) -> dict[str, str] | None:
    """Return the texts of the version that is being written, None where nobody has begun."""
    return connection.scalar(select(working_drafts.c.texts).where(working_drafts.c.site == site))


def keep_working_draft(unit: Unit, site: str, texts: Mapping[str, str]) -> None:
    """Keep the texts of the version that is being written, in place of the ones before."""
    forget_working_draft(unit, site)
    row = {"site": site, "texts": dict(texts), "changed_at": unit.now}
    unit.connection.execute(insert(working_drafts).values(row))


def forget_working_draft(unit: Unit, site: str) -> None:
    """Delete it: it was published."""
    unit.connection.execute(delete(working_drafts).where(working_drafts.c.site == site))


def audit(connection: Connection, site: str) -> None:
    """Check that every published text of a site still is what its digest says, and that their chain is whole.

    Raises:
        Malformed: a text or its row was altered in the database, or a version was put in or taken out; the
            message names the version.
    """
    kept: dict[str, PolicyVersion] = {}
    for row in connection.execute(select(policies).where(policies.c.site == site)).mappings():
        name: str = row["version"]
        if hashlib.sha256(row["document"].encode()).hexdigest() != row["digest"]:
            raise Malformed(f"the published text of {name} was altered in the database")
        kept[name] = restore(json.loads(row["document"]))
        if _row(kept[name]) != dict(row):
            raise Malformed(f"the row of {name} was altered in the database: its text says something else")
    linked = [entry.version for entry in chain(connection, site)]
    if loose := sorted(kept.keys() - set(linked)):
        raise Malformed(f"the chain of the policies of {site} is broken: nothing leads to {', '.join(loose)}")
    for before, after in pairwise(linked):
        if kept[after].predecessor != kept[before].ref:
            raise Malformed(f"the chain of the policies of {site} is broken: {after} does not follow {before}")
