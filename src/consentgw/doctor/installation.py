"""The examination of an installation: its settings, its database, what is kept there, and every site."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

from sqlalchemy import LargeBinary, column, select, table

from consentgw.access import store as access
from consentgw.access.model import Scope
from consentgw.consents import store as consents
from consentgw.consents.receipt import KIND
from consentgw.db import engines, open_reader
from consentgw.db.database import utc_now
from consentgw.db.schema import Identifier
from consentgw.db.sealing import Sealer, place
from consentgw.doctor.choices import choices
from consentgw.doctor.model import Finding
from consentgw.errors import ConsentgwError, Malformed, Misconfigured, NotFound, Unavailable
from consentgw.keys import secret
from consentgw.keys import store as keys
from consentgw.keys.model import compact, derive, verify
from consentgw.notices import store as notices
from consentgw.notices.catalogue import read_offer
from consentgw.policies import store as policies
from consentgw.registers import service as registers
from consentgw.sites import store as sites
from consentgw.subject_requests import filing, locking
from consentgw.subject_requests import store as requests
from consentgw.subject_requests.clock import CLASSES, LATE
from consentgw.subject_requests.store import Wanted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from sqlalchemy import Connection

    from consentgw.settings import Settings
    from consentgw.sites.model import Site

APPEND_ONLY = frozenset(
    {
        "receipts",
        "identifiers",
        "notices",
        "policies",
        "trail",
        "subject_request_history",
        "disclosures",
        "breaches",
        "breach_steps",
        "legal_holds",
        "legal_hold_releases",
    }
)
SEALED = {
    "webhooks": ("webhook_secrets", "sealed", "id"),
    "authenticators": ("operators", "authenticator", "id"),
    "subject-key": ("subject_request_keys", "wrapped", "request"),
    "mail": ("mails", "sealed", "id"),
}
"""What is sealed under a key of the secret's, by the use of that key: table, column, and what names the row."""
RECEIPTS = 1_000
"""Receipts that are verified, from the newest back: a second's work."""
THOROUGH = 2**30
"""Bytes of a database up to which every index is compared with its table."""
_SOUND_SQLITE = (3, 51, 3)
"""From here on SQLite is free of the WAL reset defect, which needs two writing connections; we have one."""


def examine(settings: Settings) -> list[Finding]:
    """Look at everything that can be looked at without changing anything."""
    findings = list(choices(settings))
    if settings.embedded and sqlite3.sqlite_version_info < _SOUND_SQLITE:
        findings.append(
            Finding(True, f"SQLite {sqlite3.sqlite_version} is safe with our single writer; 3.51.3 is newer")
        )
    try:
        with open_reader(settings) as connection:
            findings.append(Finding(True, "the database is durable and has the schema of this version"))
            findings.extend(_contents(connection, settings))
    except Exception as error:  # whatever the database holds, the doctor says what it met
        findings.append(_complaint("the rest is well", error))
    return findings


def _contents(connection: Connection, settings: Settings) -> Iterator[Finding]:
    if settings.embedded:
        yield _finding("no page of the database is damaged", lambda: _pages(connection, settings))
    open_tables = sorted(APPEND_ONLY - engines.protected(connection))
    missing = f"these tables can be changed, their triggers are gone: {', '.join(open_tables)}"
    yield (
        Finding(False, missing)
        if open_tables
        else Finding(
            True,
            "the ledger, the links, the notices, the policies, the registers and requests' history are append-only",
        )
    )
    yield _finding(
        "every secret that was in use is given and opens what it sealed", lambda: _secrets(connection, settings)
    )
    yield _finding(
        f"receipts are genuine and none is from the future (the newest {RECEIPTS} at the most)",
        lambda: _receipts(connection),
    )
    yield _finding("what is past its term is looked for and removed", lambda: _purges(connection))
    yield from _each("no authority waits to be told of a breach", lambda: registers.overdue(connection, utc_now()))
    yield from _each("no legal hold waits to be reviewed", lambda: locking.unreviewed(connection, utc_now().date()))
    for site in sites.everyone(connection):
        what = f"{site.slug}: asks, and its policies and notices are unaltered"
        yield _finding(what, lambda site=site: _site(connection, site))
        if site.processors:
            what = f"{site.slug}: every processor has a key to answer with"
            yield _finding(what, lambda site=site: _processors(connection, site))


def _secrets(connection: Connection, settings: Settings) -> None:
    secret.check(connection, settings)
    if settings.without_secret:
        return  # it is made at the first start, and not by looking
    secrets = settings.secrets()
    secret.miss(connection, secrets)
    for use, (where, what, row) in SEALED.items():
        identifier, sealed = column(row, Identifier), column(what, LargeBinary)
        query = select(identifier, sealed).select_from(table(where)).where(sealed.is_not(None))
        for name, value in connection.execute(query.order_by(identifier).limit(1)):  # the oldest secret's, if any
            try:
                Sealer(derive(secrets, use)).open(bytes(value), place(where, what, name))
            except Misconfigured:
                raise Misconfigured(
                    f"what is sealed in {where} does not open: a secret is missing in CONSENTGW_PREVIOUS_SECRETS,"
                    " or it was altered"
                ) from None


def _purges(connection: Connection) -> None:
    """The purge runs four times a day; a gateway that nobody asked anything has nothing to purge."""
    if not requests.listed(connection, Wanted(limit=1)):
        return
    last = filing.last_purges(connection)
    late = [kind for kind in CLASSES if kind not in last or utc_now() - last[kind] > LATE]
    if late:
        hours = int(LATE.total_seconds() // 3600)
        raise Unavailable(f"the purge of {', '.join(late)} has not run for {hours} hours: is a worker running?")


def _receipts(connection: Connection) -> None:
    published = {"keys": keys.published(connection)}
    for kept in consents.newest(connection, RECEIPTS):
        try:
            verify(compact(kept.body, kept.kid, KIND, kept.signature), published, KIND)
        except Malformed as error:
            raise Malformed(f"the receipt at place {kept.sequence} is not genuine: {error}") from None
        if (kept.receipt.decision.decided_at - utc_now()).total_seconds() > 120:
            raise Malformed("the newest receipts are from the future: check the clock of this machine")


def _site(connection: Connection, site: Site) -> None:
    policies.audit(connection, site.slug)
    notices.audit(connection, site.slug)
    if read_offer(connection, site) is None:
        raise NotFound(f"{site.slug}: asks nothing yet, it has no policy in force")


def _processors(connection: Connection, site: Site) -> None:
    """A processor answers by the API: one that no key lets in is waited for in vain."""
    able = [
        key
        for key in access.keys(connection)
        if key.live(utc_now()) and key.sees(site.slug) and Scope.TASKS_WRITE in key.scopes
    ]
    for one in site.processors:
        if not any(key.processor in {None, one.key} for key in able):
            raise NotFound(
                f"{site.slug}: requests are passed on to {one.key}, and no key lets it answer: consentgw key create"
                f" NAME --site {site.slug} --processor {one.key} --scope tasks:read --scope tasks:write"
                " --scope identities:read"
            )


def _pages(connection: Connection, settings: Settings) -> None:
    """Read every page; of a large file without comparing each index with its table, which takes many times as long."""
    look = "integrity_check" if settings.file.stat().st_size <= THOROUGH else "quick_check"
    said = connection.exec_driver_sql(f"PRAGMA {look}(1)").scalar_one()
    if said != "ok":
        raise Malformed(f"the database is damaged, put a backup back: {' '.join(str(said).split())}")


def _finding(what: str, look: Callable[[], object]) -> Finding:
    try:
        look()
    except Exception as error:  # what lies in a database that was damaged or meddled with can be anything
        return _complaint(what, error)
    return Finding(True, what)


def _each(well: str, look: Callable[[], Iterable[str]]) -> list[Finding]:
    """Return a finding for each complaint, or that there is none."""
    try:
        complaints = list(look())
    except Exception as error:
        return [_complaint(well, error)]
    return [Finding(False, complaint) for complaint in complaints] or [Finding(True, well)]


def _complaint(what: str, error: Exception) -> Finding:
    """Return what an error says, and of one that nobody foresaw its kind alone: its words may repeat what is stored."""
    if isinstance(error, ConsentgwError):
        return Finding(False, str(error))
    cause = getattr(error, "orig", None) or error
    return Finding(False, f"cannot say whether {what}: {type(cause).__name__}")
