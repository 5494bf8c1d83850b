"""What sites ask and the notices they showed, as rows."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, func, insert, select

from consentgw.errors import Malformed, NotFound
from consentgw.notices.model import Basis, Cookie, Covered, Kind, Notice, Purpose, Tag, Wording, Words
from consentgw.notices.tables import notices, questions
from consentgw.policies.model import PolicyRef
from consentgw.sites.model import AuthorityView, Operator

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import datetime

    from sqlalchemy import Connection

    from consentgw.db import Unit


@dataclass(frozen=True, slots=True)
class Round:
    """One round of asking: the notices whose answers count."""

    number: int
    notices: Mapping[str, Notice]
    """Every notice of the round by its digest, oldest first; empty before the first."""

    @property
    def answerable(self) -> frozenset[str]:
        """Return the digests of the notices whose answers count."""
        return frozenset(self.notices)

    def narrower(self, sites: Collection[str]) -> frozenset[str]:
        """Return the digests of the notices that ask for several sites at once, but not for all of these."""
        return frozenset(
            digest
            for digest, notice in self.notices.items()
            if notice.covers and not {site.slug for site in notice.covers}.issuperset(sites)
        )

    @property
    def current(self) -> Mapping[str, Notice]:
        """Return the newest notice of each language that asks for this site alone."""
        return {notice.language: notice for notice in self.notices.values() if not notice.covers}

    @property
    def shared(self) -> Mapping[str, Notice]:
        """Return the newest notice of each language that asks for several sites at once."""
        return {notice.language: notice for notice in self.notices.values() if notice.covers}


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A notice as it lies in the database."""

    digest: str
    notice: Notice
    shown: tuple[tuple[str, str], ...]
    """Every sentence of the question in its order, as it was recorded."""
    document: bytes
    """Its canonical JSON."""
    issued_at: tuple[datetime, ...]


def questions_of(connection: Connection, site: str) -> tuple[tuple[Purpose, ...], tuple[Tag, ...]]:
    """Return the purposes and tags of a site, in the order they are shown."""
    row = connection.execute(select(questions).where(questions.c.site == site)).one_or_none()
    if row is None:
        return (), ()
    return tuple(_purpose(value) for value in row.purposes), tuple(_tag(value) for value in row.tags)


def keep_questions(unit: Unit, site: str, purposes: tuple[Purpose, ...], tags: tuple[Tag, ...]) -> None:
    """Replace what a site asks."""
    unit.connection.execute(delete(questions).where(questions.c.site == site))
    row = {
        "site": site,
        "purposes": [_purpose_row(purpose) for purpose in purposes],
        "tags": [_tag_row(tag) for tag in tags],
        "changed_at": unit.now,
    }
    unit.connection.execute(insert(questions).values(row))


def latest(connection: Connection, site: str, tags: tuple[Tag, ...]) -> Round:
    """Return the present round of a site."""
    number = connection.execute(select(func.max(notices.c.round)).where(notices.c.site == site)).scalar_one()
    if number is None:
        return Round(0, {})
    query = (
        select(notices.c.digest, notices.c.document)
        .where(notices.c.site == site, notices.c.round == number)
        .order_by(notices.c.sequence)
    )
    issued: dict[str, Notice] = {}
    for row in connection.execute(query):
        issued.pop(row.digest, None)  # earlier words that came back are the newest
        issued[row.digest] = _notice(json.loads(row.document), tags)
    return Round(number, issued)


def keep(unit: Unit, notice: Notice, number: int) -> None:
    """Add a notice to a round."""
    row = {
        "digest": notice.digest,
        "site": notice.site,
        "language": notice.language,
        "round": number,
        "document": notice.canonical().decode(),
        "issued_at": unit.now,
    }
    unit.connection.execute(insert(notices).values(row))


def read(connection: Connection, digest: str) -> Notice:
    """Return a notice as it was shown, however long ago.

    Raises:
        NotFound: no such notice was ever issued.
    """
    return snapshot(connection, digest).notice


def snapshot(connection: Connection, digest: str) -> Snapshot:
    """Return a notice with its record and the times it was issued: a wording may come back.

    Raises:
        NotFound: no such notice was ever issued.
    """
    query = select(notices.c.document, notices.c.issued_at).where(notices.c.digest == digest)
    rows = connection.execute(query.order_by(notices.c.sequence)).all()
    if not rows:
        raise NotFound("no such notice")
    content = json.loads(rows[0].document)
    return Snapshot(
        digest=digest,
        notice=_notice(content, ()),
        shown=tuple((kind, said) for kind, said in content["shown"]),
        document=rows[0].document.encode(),
        issued_at=tuple(row.issued_at for row in rows),
    )


def audit(connection: Connection, site: str) -> None:
    """Check that every notice of a site still is what its digest says.

    Raises:
        Malformed: a notice was altered in the database; the message names it.
    """
    query = select(notices.c.digest, notices.c.document).where(notices.c.site == site)
    for row in connection.execute(query):
        if hashlib.sha256(row.document.encode()).hexdigest() != row.digest:
            raise Malformed(f"the notice {row.digest} was altered in the database")


def _notice(content: Mapping[str, Any], tags: tuple[Tag, ...]) -> Notice:
    """Return the notice of its content; vendors' addresses are configuration and come from ``tags``."""
    language: str = content["language"]
    addresses = {tag.name: tag.addresses for tag in tags}
    return Notice(
        site=content["site"],
        language=language,
        operator=Operator(**content["operator"]),
        authority=_authority(content["authority"]),
        purposes=tuple(
            Purpose(value["key"], Basis(value["basis"]), {language: Wording(value["title"], value["sentence"])})
            for value in content["purposes"]
        ),
        tags=tuple(_tag({**value, "addresses": addresses.get(value["name"], {})}) for value in content["tags"]),
        policy=PolicyRef(**content["policy"]),
        words=_words(content["words"]),
        covers=tuple(_site(value) for value in content.get("covers", ())),
    )


def _site(value: Mapping[str, Any]) -> Covered:
    return Covered(value["slug"], value["name"], tuple(value["hosts"]), PolicyRef(**value["policy"]))


def _words(value: Mapping[str, Any]) -> Words:
    return replace(Words(**value), buttons=tuple(value["buttons"]))


def _authority(value: Mapping[str, Any]) -> AuthorityView:
    return AuthorityView(value["name"], value["link"], date.fromisoformat(value["checked_on"]))


def _purpose_row(purpose: Purpose) -> dict[str, Any]:
    wording = {language: asdict(words) for language, words in purpose.wording.items()}
    return {"key": purpose.key, "basis": purpose.basis.value, "wording": wording}


def _purpose(value: Mapping[str, Any]) -> Purpose:
    wording = {language: Wording(**words) for language, words in value["wording"].items()}
    return Purpose(value["key"], Basis(value["basis"]), wording)


def _tag_row(tag: Tag) -> dict[str, Any]:
    return {
        "name": tag.name,
        "vendor": tag.vendor,
        "purposes": sorted(tag.purposes),
        "addresses": {kind.value: address for kind, address in tag.addresses.items()},
        "country": tag.country,
        "cookies": [asdict(cookie) for cookie in tag.cookies],
    }


def _tag(value: Mapping[str, Any]) -> Tag:
    return Tag(
        name=value["name"],
        vendor=value["vendor"],
        purposes=frozenset(value["purposes"]),
        addresses={Kind(kind): address for kind, address in value["addresses"].items()},
        country=value["country"],
        cookies=tuple(Cookie(**cookie) for cookie in value["cookies"]),
    )
