"""Fetching an answer: a package that waits for who asked, for a week, three times, and no longer.

It is sealed like everything else about the request, and lies behind the status page, whose address moved to the
mailbox when that was proven. It is never sent by mail.
"""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import TYPE_CHECKING

from consentgw.errors import Gone
from consentgw.sites import store as sites
from consentgw.subject_requests import filing, store
from consentgw.subject_requests.acting import act, enter_by_hand
from consentgw.subject_requests.holdings import Package, collect, package
from consentgw.subject_requests.model import SUBJECT, Act

if TYPE_CHECKING:
    from consentgw.db import Unit
    from consentgw.subject_requests.model import Actor, Ref, Request
    from consentgw.subject_requests.office import Office

FOR = timedelta(days=7)
DOWNLOADS = 3


def attach(unit: Unit, office: Office, request: Request) -> Package:
    """Put the package of what the gateway holds behind the page of a request that has just been answered.

    Raises:
        Gone: what was known of the request has been erased.
        TooLarge: the package would not fit into memory.
    """
    box = store.box(unit.connection, office.vault, request.id)
    site = sites.read(unit.connection, request.site)
    made = package(collect(unit.connection, office, request), site, request.language, unit.now)
    filing.add_answer(unit, box, request.id, made.file, made.digest, unit.now + FOR, DOWNLOADS)
    return made


def download(unit: Unit, office: Office, ref: Ref) -> Package:
    """Count one download by who asks, and return the package.

    Raises:
        NotFound: there is no such request at this site.
        Gone: there is no package, or it was fetched as often as it may be, or its time is over, or it was revoked.
    """
    request = store.read(unit.connection, ref)
    box = store.box(unit.connection, office.vault, request.id)
    file = filing.fetch(unit, box, request.id)
    if file is None:
        raise Gone("there is no package to fetch (any more)")
    act(unit, office, request, Act.DOWNLOAD, SUBJECT)
    return Package(file, hashlib.sha256(file).hexdigest())


def export(unit: Unit, office: Office, ref: Ref, actor: Actor) -> Package:
    """Return the package of what the gateway holds about who asked, for an operator; history and trail say who took it.

    Raises:
        NotFound: there is no such request at this site.
        Gone: what was known of it has been erased.
        TooLarge: the package would not fit into memory.
    """
    request = store.read(unit.connection, ref)
    store.box(unit.connection, office.vault, request.id)
    made = package(
        collect(unit.connection, office, request), sites.read(unit.connection, ref.site), request.language, unit.now
    )
    act(unit, office, request, Act.EXPORT, actor)
    enter_by_hand(unit, actor, "export_person", ref, str(ref.id))
    return made


def revoke(unit: Unit, office: Office, ref: Ref, actor: Actor, why: str) -> Request:
    """Take a package back before its time.

    Raises:
        NotFound: there is no such request at this site.
    """
    request = act(unit, office, store.read(unit.connection, ref), Act.REVOKE, actor, why)
    filing.drop_answer(unit, request.id)
    return request
