"""What sites ask and the notices they showed, as rows."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, func, insert, select

from consentgw.errors import NotFound
from consentgw.notices.model import Basis, Cookie, Kind, Notice, Purpose, Tag, Wording
from consentgw.notices.tables import notices, questions
from consentgw.policies.model import PolicyRef
from consentgw.sites.model import AuthorityView, Operator

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Connection

    from consentgw.db import Unit


@dataclass(frozen=True, slots=True)
class Round:
    """One round of asking: the notices whose answers count, and the newest of each language."""

    number: int
    current: Mapping[str, Notice]
    """By language; empty before the first notice."""
    answerable: frozenset[str]
    """Digests of every notice of the round."""


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
        return Round(0, {}, frozenset())
    query = (
        select(notices.c.digest, notices.c.document)
        .where(notices.c.site == site, notices.c.round == number)
        .order_by(notices.c.sequence)
    )
    rows = connection.execute(query).all()
    issued = [_notice(json.loads(row.document), tags) for row in rows]
    return Round(number, {notice.language: notice for notice in issued}, frozenset(row.digest for row in rows))


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
    document = connection.execute(
        select(notices.c.document).where(notices.c.digest == digest).limit(1)
    ).scalar_one_or_none()
    if document is None:
        raise NotFound("no such notice")
    return _notice(json.loads(document), ())


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
        buttons=tuple(content["buttons"]),
    )


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
