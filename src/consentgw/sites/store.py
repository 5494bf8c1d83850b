"""Sites as rows."""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, func, insert, select, update

from consentgw.errors import NotFound
from consentgw.sites.model import Looks, Operator, Site, Style
from consentgw.sites.tables import sites

if TYPE_CHECKING:
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
    """Add a site, or replace its settings."""
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
    }


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
    )
