"""Sites as rows."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, func, insert, select, update

from consentgw.errors import NotFound
from consentgw.law.profiles import RequestType
from consentgw.sites.inventory import DataItem, Retention, Words
from consentgw.sites.model import Authority, Called, Looks, Operator, Site, Style, admit
from consentgw.sites.processors import Given, Processor
from consentgw.sites.tables import sites

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Connection

    from consentgw.db import Unit


def read(connection: Connection, slug: str) -> Site:
    """Return one site.

    Raises:
        NotFound: there is no such site.
    """
    document = connection.execute(select(sites.c.document).where(sites.c.slug == slug)).scalar_one_or_none()
    if document is None:
        raise NotFound(f"there is no site {slug!r}")
    return _site(document)


def everyone(connection: Connection) -> list[Site]:
    """Return every site, by name."""
    return [
        _site(document) for document in connection.execute(select(sites.c.document).order_by(sites.c.slug)).scalars()
    ]


def revision(connection: Connection) -> int:
    """Return a number that grows whenever anything a visitor is served may have changed."""
    return connection.execute(select(func.coalesce(func.max(sites.c.revision), 0))).scalar_one()


def keep(unit: Unit, site: Site) -> None:
    """Add a site, or replace its settings.

    Raises:
        Malformed: its law profile does not allow it; see :func:`consentgw.sites.model.admit`.
    """
    admit(site, unit.now.date())
    row = {"slug": site.slug, "document": _document(site), "changed_at": unit.now, "revision": _next(unit)}
    unit.connection.execute(delete(sites).where(sites.c.slug == site.slug))
    unit.connection.execute(insert(sites).values(row))


def touch(unit: Unit, slug: str) -> None:
    """Tell every process that what this site serves has changed."""
    unit.connection.execute(update(sites).where(sites.c.slug == slug).values(revision=_next(unit)))


def _next(unit: Unit) -> int:
    return revision(unit.connection) + 1


def _document(site: Site) -> dict[str, Any]:
    return {
        "slug": site.slug,
        "name": site.name,
        "operator": asdict(site.operator),
        "origins": sorted(site.origins),
        "languages": list(site.languages),
        "profile": site.profile,
        "style": site.style.value,
        "looks": asdict(site.looks),
        "validity_days": site.validity.days,
        "called": {language: asdict(called) for language, called in site.called.items()},
        "authority": site.authority
        and {
            "name": dict(site.authority.name),
            "link": site.authority.link,
            "checked_on": site.authority.checked_on.isoformat(),
        },
        "data": [
            {
                "key": item.key,
                "wording": _wording(item.wording),
                "purposes": sorted(item.purposes),
                "required": item.required,
            }
            for item in site.data
        ],
        "retention": [
            {"key": kind.key, "wording": _wording(kind.wording), "period_days": kind.period_days}
            for kind in site.retention
        ],
        "returns": dict(site.returns),
        "first_party": sorted(site.first_party),
        "processors": [
            {
                "key": one.key,
                "wording": _wording(one.wording),
                "types": sorted(one.types),
                "given": sorted(one.given),
                "days": one.days,
            }
            for one in site.processors
        ],
        "shares_consent_with": sorted(site.shares_consent_with),
    }


def _wording(wording: Mapping[str, Words]) -> dict[str, Any]:
    return {language: asdict(words) for language, words in wording.items()}


def _words(wording: Mapping[str, Any]) -> dict[str, Words]:
    return {language: Words(**words) for language, words in wording.items()}


def _site(document: dict[str, Any]) -> Site:
    return Site(
        slug=document["slug"],
        name=document["name"],
        operator=Operator(**document["operator"]),
        origins=frozenset(document["origins"]),
        languages=tuple(document["languages"]),
        profile=document["profile"],
        style=Style(document["style"]),
        looks=Looks(**document["looks"]),
        validity=timedelta(days=document["validity_days"]),
        called={language: Called(**called) for language, called in document["called"].items()},
        authority=_authority(document["authority"]),
        data=tuple(
            DataItem(part["key"], _words(part["wording"]), frozenset(part["purposes"]), part["required"])
            for part in document["data"]
        ),
        retention=tuple(
            Retention(part["key"], _words(part["wording"]), part["period_days"]) for part in document["retention"]
        ),
        returns=document.get("returns", {}),  # sites kept by earlier versions have none of these
        first_party=frozenset(document.get("first_party", ())),
        processors=tuple(
            Processor(
                part["key"],
                _words(part["wording"]),
                frozenset(map(RequestType, part["types"])),
                frozenset(map(Given, part["given"])),
                part["days"],
            )
            for part in document.get("processors", ())
        ),
        shares_consent_with=frozenset(document.get("shares_consent_with", ())),
    )


def _authority(document: dict[str, Any] | None) -> Authority | None:
    if document is None:
        return None
    return Authority(document["name"], document["link"], date.fromisoformat(document["checked_on"]))
