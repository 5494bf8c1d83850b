"""What the gateway itself holds about a person at a site, collected into one package.

The person is whoever proved to be: requests of the proven address, and the answers that belong to the consent receipts
that were shown. The package is a zip made in memory: a page to read, the same as JSON, each receipt with its signature,
and a manifest of SHA-256 sums. Every name of a file in it is ours, and nothing in it is a table for a spreadsheet.
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from consentgw.consents import store as consents
from consentgw.consents.receipt import KIND
from consentgw.errors import Gone, TooLarge
from consentgw.http.pages import render
from consentgw.keys.model import compact
from consentgw.notices import store as notices
from consentgw.subject_requests import store, task_store
from consentgw.subject_requests.model import Kind, Level
from consentgw.subject_requests.views import PackageView

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from sqlalchemy import Connection

    from consentgw.consents.store import Kept
    from consentgw.notices.model import Wording
    from consentgw.sites.model import Site
    from consentgw.subject_requests.model import Request
    from consentgw.subject_requests.office import Office
    from consentgw.subject_requests.store import Case
    from consentgw.subject_requests.task_store import GivenFile

LIMIT = 50 * 1024 * 1024
"""Bytes of a package at the most: it is made in memory."""
_STAMP = (1980, 1, 1, 0, 0, 0)
"""The time of every file in a zip, so that the same data makes the same bytes."""


@dataclass(frozen=True, slots=True)
class Holdings:
    """Everything held about one person at one site."""

    cases: tuple[Case, ...]
    receipts: tuple[Kept, ...]
    given: tuple[GivenFile, ...] = ()
    """What processors gave for this answer."""
    purposes: Mapping[str, Mapping[str, Wording]] = field(default_factory=dict[str, "Mapping[str, Wording]"])
    """The words of what the receipts speak of, by purpose and language."""


@dataclass(frozen=True, slots=True)
class Package:
    """A package and the SHA-256 of its bytes."""

    file: bytes
    digest: str


def collect(connection: Connection, office: Office, request: Request) -> Holdings:
    """Return what is held about who asks, as far as they have proven to be the person."""
    own = store.case(connection, office.vault, request.ref)
    found = {request.id: own}
    if own.person.email and request.level >= Level.MAILBOX:
        digests = office.vault.digests(request.site, own.person.email)
        for other in store.of_address(connection, request.site, digests, Level.MAILBOX):
            found.setdefault(other.id, store.case(connection, office.vault, other.ref))
    shown = [case.request.receipt for case in found.values() if case.request.receipt]
    receipts = {kept.receipt.id: kept for one in shown for kept in consents.of_subject(connection, one)}
    given: list[GivenFile] = []
    with suppress(Gone):
        given = task_store.files_of(connection, store.box(connection, office.vault, request.id), request.id)
    purposes = _purposes(connection, request.site, receipts.values())
    return Holdings(tuple(found.values()), tuple(receipts.values()), tuple(given), purposes)


def package(holdings: Holdings, site: Site, language: str, made_at: datetime) -> Package:
    """Return the package of what is held, for the person in their language.

    Raises:
        TooLarge: it is larger than fits into memory with ease.
    """
    page = render(PackageView(language=language, site=site, holdings=holdings, made_at=made_at))
    files = {
        "index.html": page.encode(),
        "data.json": _json(described(holdings, site, made_at)),
    }
    for number, kept in enumerate(holdings.receipts, 1):
        files[f"receipts/{number:03d}.json"] = kept.body
        files[f"receipts/{number:03d}.jws"] = compact(kept.body, kept.kid, KIND, kept.signature).encode()
    for one in holdings.given:
        files[one.name] = one.content
    sums = {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}
    files["manifest.json"] = _json({"made_at": made_at.isoformat(), "sha256": sums})
    if sum(len(data) for data in files.values()) > LIMIT:
        raise TooLarge("the package would not fit into memory")
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(zipfile.ZipInfo(name, _STAMP), data)
    return Package(written.getvalue(), hashlib.sha256(written.getvalue()).hexdigest())


def described(holdings: Holdings, site: Site, made_at: datetime) -> dict[str, Any]:
    """Return the holdings as the JSON of the package (names of requests' fields after OpenDSR)."""
    return {
        "made_at": made_at.isoformat(),
        "site": site.slug,
        "operator": asdict(site.operator),
        "subject_requests": [
            {
                "subject_request_id": str(case.request.id),
                "subject_request_type": case.request.type.value,
                "submitted_time": case.request.received_at.isoformat(),
                "request_status": case.request.state.value,
                "expected_completion_time": case.request.due_on.isoformat(),
                **asdict(case.person),
                "history": [
                    {"at": step.at.isoformat(), "act": step.act.value, "state": step.state.value}
                    for step in case.history
                ],
                "messages": [
                    {"at": text.at.isoformat(), "kind": text.kind.value, "words": text.words}
                    for text in case.texts
                    if text.kind is not Kind.NOTE
                ],
            }
            for case in holdings.cases
        ],
        "receipts": [json.loads(kept.body) for kept in holdings.receipts],
        "processors": {one.processor: one.name for one in holdings.given},
    }


def _purposes(connection: Connection, site: str, receipts: Iterable[Kept]) -> dict[str, Mapping[str, Wording]]:
    """Return the words of every purpose in receipts: today's, and of what is asked no more those that were shown."""
    words: dict[str, Mapping[str, Wording]] = {}
    for digest in sorted({kept.receipt.decision.notice for kept in receipts}):
        words |= {purpose.key: purpose.wording for purpose in notices.read(connection, digest).purposes}
    asked, _ = notices.questions_of(connection, site)
    return words | {purpose.key: purpose.wording for purpose in asked}


def _json(value: dict[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True).encode()
