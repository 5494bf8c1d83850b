"""Published versions and their rows. Rows are added, never changed."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

from sqlalchemy import exists, func, insert, select

from consentgw.errors import Malformed, NotFound
from consentgw.policies.model import restore
from consentgw.policies.tables import policies

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from consentgw.policies.model import PolicyVersion

_LATER = policies.alias("later")
_DOCUMENT = select(policies.c.document)


def add(connection: Connection, policy: PolicyVersion) -> None:
    """Keep a version."""
    row = {
        "version": policy.version,
        "site": policy.site,
        "published_at": policy.published_at,
        "effective_from": policy.effective_from,
        "predecessor": policy.predecessor and policy.predecessor.digest,
        "digest": policy.digest,
        "document": policy.canonical().decode(),
    }
    connection.execute(insert(policies), row)


def version(connection: Connection, name: str) -> PolicyVersion:
    """Return a version by its name, which is unique in the installation.

    Raises:
        NotFound: there is none of this name.
    """
    document = connection.scalar(_DOCUMENT.where(policies.c.version == name))
    if document is None:
        raise NotFound(f"there is no policy version {name!r}")
    return restore(json.loads(document))


def in_force(connection: Connection, site: str) -> PolicyVersion:
    """Return the version of a site that is in force.

    Raises:
        NotFound: the site has none yet.
    """
    policy = latest(connection, site)
    if policy is None:
        raise NotFound(f"the site {site!r} has published no policy yet")
    return policy


def latest(connection: Connection, site: str) -> PolicyVersion | None:
    """Return the version of a site that none took over from, None before the first.

    The chain of digests says which, not a clock: two versions may bear the same instant.
    """
    followed = exists().where(_LATER.c.site == policies.c.site, _LATER.c.predecessor == policies.c.digest)
    document = connection.scalar(_DOCUMENT.where(policies.c.site == site, ~followed))
    return document and restore(json.loads(document))


def count_of_day(connection: Connection, site: str, name: str) -> int:
    """Return how many versions of a site bear this name or this name with a number."""
    of_day = (policies.c.version == name) | policies.c.version.startswith(f"{name}.", autoescape=True)
    return connection.scalar(select(func.count()).where(policies.c.site == site, of_day)) or 0


def audit(connection: Connection, site: str) -> None:
    """Check that every published text of a site still is what its digest says.

    Raises:
        Malformed: a text was altered in the database; the message names the version.
    """
    rows = connection.execute(
        select(policies.c.version, policies.c.digest, policies.c.document).where(policies.c.site == site)
    )
    for row in rows:
        if hashlib.sha256(row.document.encode()).hexdigest() != row.digest:
            raise Malformed(f"the published text of {row.version} was altered in the database")
