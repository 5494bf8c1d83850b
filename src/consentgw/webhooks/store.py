"""Endpoints and deliveries as rows. Another site's endpoint is not found."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, exists, func, insert, or_, select, update

from consentgw.db.hot import HotInsert
from consentgw.db.sealing import place
from consentgw.errors import NotFound
from consentgw.webhooks.model import Attempt, Delivery, Disabled, Endpoint, Outcome, State
from consentgw.webhooks.tables import ENDED, LEASED, WAITING, attempts, deliveries, endpoints, secrets

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy import ColumnElement, Connection, Select, TextClause

    from consentgw.db import Unit

LEASE = timedelta(seconds=30)
"""How long a worker may take over one attempt; twice what sending takes at the most."""
IN_FLIGHT = 2
"""Attempts under way to one endpoint at once, over all workers."""

_PRESENT = endpoints.c.disabled.is_distinct_from(Disabled.REMOVED)
_DELIVERY = [column for column in deliveries.c if column is not deliveries.c.leased_until]


@dataclass(frozen=True, slots=True)
class Claimed:
    """A delivery that one worker has taken, with everything needed to send it."""

    delivery: Delivery
    site: str
    url: str
    sealed: tuple[tuple[UUID, bytes], ...]
    """Ids and sealed keys to sign with, newest first."""
    leased_until: datetime


# Endpoints


def add(unit: Unit, endpoint: Endpoint) -> None:
    """Add an endpoint."""
    unit.connection.execute(insert(endpoints).values(_row(endpoint)))


def change(unit: Unit, endpoint: Endpoint) -> None:
    """Keep what an endpoint is now."""
    unit.connection.execute(update(endpoints).where(endpoints.c.id == endpoint.id).values(_row(endpoint)))


def remove(unit: Unit, identifier: UUID) -> None:
    """Let nobody see an endpoint any more; :func:`forget_removed` sweeps up what was under way to it."""
    unit.connection.execute(delete(secrets).where(secrets.c.endpoint == identifier))
    gone = update(endpoints).where(endpoints.c.id == identifier)
    unit.connection.execute(gone.values(disabled=Disabled.REMOVED, changed_at=unit.now))


def endpoint(connection: Connection, site: str, identifier: UUID) -> Endpoint:
    """Return an endpoint of a site.

    Raises:
        NotFound: there is none, or it is another site's.
    """
    query = select(endpoints).where(endpoints.c.id == identifier, endpoints.c.site == site, _PRESENT)
    row = connection.execute(query).one_or_none()
    if row is None:
        raise NotFound("no such webhook")
    return _endpoint(row)


def endpoints_of(connection: Connection, site: str) -> list[Endpoint]:
    """Return the endpoints of a site, oldest first."""
    query = select(endpoints).where(endpoints.c.site == site, _PRESENT).order_by(endpoints.c.id)
    return [_endpoint(row) for row in connection.execute(query)]


def anybody_listens(connection: Connection) -> bool:
    """Return whether any endpoint of any site is told something."""
    return connection.execute(select(exists().where(endpoints.c.disabled.is_(None)))).scalar_one()


def listening(connection: Connection, sites: Collection[str]) -> list[Endpoint]:
    """Return the endpoints of these sites that are told something."""
    query = select(endpoints).where(endpoints.c.site.in_(sites), endpoints.c.disabled.is_(None))
    return [_endpoint(row) for row in connection.execute(query)]


# Secrets


def place_of(identifier: UUID) -> str:
    """Return the place that the keys of an id are sealed for."""
    return place("webhook_secrets", "sealed", identifier)


def keep_secret(unit: Unit, identifier: UUID, owner: UUID, sealed: bytes, public: str) -> None:
    """Add keys that sign from now on."""
    row = {"id": identifier, "endpoint": owner, "sealed": sealed, "public": public}
    unit.connection.execute(insert(secrets).values(row))


def retire_secrets(unit: Unit, owner: UUID, at: datetime) -> None:
    """Let the keys of an endpoint sign until an instant, those that were not to sign for less."""
    mine = update(secrets).where(
        secrets.c.endpoint == owner, or_(secrets.c.expires_at.is_(None), secrets.c.expires_at > at)
    )
    unit.connection.execute(mine.values(expires_at=at))


def public_key(connection: Connection, owner: UUID) -> str:
    """Return the newest public key of an endpoint."""
    query = select(secrets.c.public).where(secrets.c.endpoint == owner).order_by(secrets.c.id.desc()).limit(1)
    return connection.execute(query).scalar_one()


# Deliveries


def keep(unit: Unit, fresh: Sequence[Delivery]) -> None:
    """Add deliveries."""
    rows = [{column.name: getattr(one, column.name) for column in _DELIVERY} for one in fresh]
    if rows:
        unit.connection.execute(insert(deliveries), rows)


def delivery(connection: Connection, owner: UUID, identifier: UUID) -> Delivery:
    """Return a delivery to an endpoint.

    Raises:
        NotFound: there is none, or it goes to another endpoint.
    """
    query = select(*_DELIVERY).where(deliveries.c.id == identifier, deliveries.c.endpoint == owner)
    row = connection.execute(query).one_or_none()
    if row is None:
        raise NotFound("no such message")
    return _delivery(row)


def deliveries_to(connection: Connection, owner: UUID, before: UUID | None, count: int) -> list[Delivery]:
    """Return the deliveries to an endpoint, newest first, from before one of them on."""
    query = select(*_DELIVERY).where(deliveries.c.endpoint == owner).order_by(deliveries.c.id.desc()).limit(count)
    if before is not None:
        query = query.where(deliveries.c.id < before)
    return [_delivery(row) for row in connection.execute(query)]


def attempts_at(connection: Connection, identifier: UUID) -> list[Attempt]:
    """Return the log of a delivery, oldest first."""
    query = select(attempts).where(attempts.c.delivery == identifier).order_by(attempts.c.sequence)
    return [
        Attempt(row.at, row.status, row.failure, timedelta(milliseconds=row.milliseconds))
        for row in connection.execute(query)
    ]


def with_work(connection: Connection, now: datetime) -> list[UUID]:
    """Return the endpoints for which something is due and may be sent."""
    mine = deliveries.c.endpoint == endpoints.c.id
    leased = select(func.count()).where(mine, LEASED, deliveries.c.leased_until > now).scalar_subquery()
    query = select(endpoints.c.id).where(
        endpoints.c.disabled.is_(None), exists().where(mine, *_due(now)), leased < IN_FLIGHT
    )
    return list(connection.execute(query).scalars())


def claim(unit: Unit, owner: UUID) -> Claimed | None:
    """Take what is due to an endpoint for the longest, so that nobody else sends it; None if there is nothing to take.

    Units of work follow one another in all processes, so what is read here cannot be taken by another meanwhile.
    """
    to_it = deliveries.c.endpoint == owner
    leased = select(func.count()).where(to_it, LEASED, deliveries.c.leased_until > unit.now)
    if unit.connection.execute(leased).scalar_one() >= IN_FLIGHT:
        return None
    query = (
        select(*_DELIVERY, endpoints.c.site, endpoints.c.url)
        .join(endpoints, endpoints.c.id == deliveries.c.endpoint)
        .where(to_it, endpoints.c.disabled.is_(None), *_due(unit.now))
        .order_by(deliveries.c.due_at, deliveries.c.sequence)
        .limit(1)
    )
    row = unit.connection.execute(query).one_or_none()
    if row is None:
        return None
    until = unit.now + LEASE
    unit.connection.execute(update(deliveries).where(deliveries.c.id == row.id).values(leased_until=until))
    return Claimed(_delivery(row[:-2]), row.site, row.url, _valid_secrets(unit, owner), until)


def settle(unit: Unit, claimed: Claimed, state: State, due_at: datetime) -> bool:
    """Keep what became of a claimed delivery after one more attempt; return whether it was still ours to say."""
    ended_at = None if state is State.WAITING else unit.now
    ours = update(deliveries).where(
        deliveries.c.id == claimed.delivery.id, deliveries.c.leased_until == claimed.leased_until
    )
    made = claimed.delivery.attempts + 1
    values = {"state": state, "attempts": made, "due_at": due_at, "ended_at": ended_at, "leased_until": None}
    return bool(unit.connection.execute(ours.values(values)).rowcount)


def log(unit: Unit, identifier: UUID, outcome: Outcome) -> None:
    """Add a line to the log of a delivery."""
    row = {
        "delivery": identifier,
        "at": unit.now,
        "status": outcome.status,
        "failure": outcome.failure,
        "milliseconds": round(outcome.took.total_seconds() * 1000),
    }
    unit.append(_LOG, row)


def answered_well(unit: Unit, owner: UUID) -> None:
    """Keep that an endpoint is well."""
    ill = update(endpoints).where(endpoints.c.id == owner, endpoints.c.failing_since.is_not(None))
    unit.connection.execute(ill.values(failing_since=None))


def answered_badly(unit: Unit, owner: UUID) -> None:
    """Keep since when an endpoint has answered nothing well."""
    well = update(endpoints).where(endpoints.c.id == owner, endpoints.c.failing_since.is_(None))
    unit.connection.execute(well.values(failing_since=unit.now))


def disable(unit: Unit, owner: UUID, why: Disabled, *, failing_before: datetime | None = None) -> bool:
    """Disable an endpoint, given an instant only if it has failed since before; return whether it was enabled."""
    enabled = update(endpoints).where(endpoints.c.id == owner, endpoints.c.disabled.is_(None))
    if failing_before is not None:
        enabled = enabled.where(endpoints.c.failing_since <= failing_before)
    return bool(unit.connection.execute(enabled.values(disabled=why, changed_at=unit.now)).rowcount)


def send_again(unit: Unit, identifier: UUID) -> bool:
    """Make a delivery due now, from the first attempt on; return whether none was under way."""
    free = or_(deliveries.c.leased_until.is_(None), deliveries.c.leased_until <= unit.now)
    values = {"state": State.WAITING, "due_at": unit.now, "attempts": 0, "ended_at": None, "leased_until": None}
    mine = update(deliveries).where(deliveries.c.id == identifier, free).values(values)
    return bool(unit.connection.execute(mine).rowcount)


def forget(unit: Unit, before: datetime, count: int) -> int:
    """Remove deliveries that ended before an instant; return how many of at most ``count``."""
    ended = select(deliveries.c.id).where(ENDED, deliveries.c.ended_at < before)
    return _forget(unit, ended.order_by(deliveries.c.ended_at).limit(count))


def forget_removed(unit: Unit, count: int) -> int:
    """Remove what was under way to endpoints that were removed, and then these; return how many of ``count``."""
    removed = select(endpoints.c.id).where(endpoints.c.disabled == Disabled.REMOVED)
    gone = _forget(unit, select(deliveries.c.id).where(deliveries.c.endpoint.in_(removed)).limit(count))
    if gone < count:
        unit.connection.execute(delete(endpoints).where(endpoints.c.disabled == Disabled.REMOVED))
    return gone


def forget_secrets(unit: Unit) -> None:
    """Remove keys that sign no more."""
    unit.connection.execute(delete(secrets).where(secrets.c.expires_at <= unit.now))


def waiting(connection: Connection) -> tuple[int, datetime | None]:
    """Return how many deliveries wait, and since when the longest of them has been due."""
    query = select(func.count(), func.min(deliveries.c.due_at)).where(WAITING)
    count, due_at = connection.execute(query).one()
    return count, due_at


_LOG = HotInsert(attempts, attempts.c.sequence)


def _due(now: datetime) -> tuple[ColumnElement[bool] | TextClause, ...]:
    free = or_(deliveries.c.leased_until.is_(None), deliveries.c.leased_until <= now)
    return WAITING, deliveries.c.due_at <= now, free


def _forget(unit: Unit, chosen: Select[tuple[UUID]]) -> int:
    ids = unit.connection.execute(chosen).scalars().all()
    unit.connection.execute(delete(attempts).where(attempts.c.delivery.in_(ids)))
    unit.connection.execute(delete(deliveries).where(deliveries.c.id.in_(ids)))
    return len(ids)


def _valid_secrets(unit: Unit, owner: UUID) -> tuple[tuple[UUID, bytes], ...]:
    valid = or_(secrets.c.expires_at.is_(None), secrets.c.expires_at > unit.now)
    query = select(secrets.c.id, secrets.c.sealed).where(secrets.c.endpoint == owner, valid)
    return tuple((row.id, bytes(row.sealed)) for row in unit.connection.execute(query.order_by(secrets.c.id.desc())))


def _row(one: Endpoint) -> dict[str, Any]:
    return {column.name: getattr(one, column.name) for column in endpoints.c} | {"topics": sorted(one.topics)}


def _endpoint(row: Iterable[Any]) -> Endpoint:
    identifier, site, url, topics, description, disabled, *rest = row
    disabled = Disabled(disabled) if disabled else None
    return Endpoint(identifier, site, url, frozenset[str](topics), description, disabled, *rest)


def _delivery(row: Iterable[Any]) -> Delivery:
    identifier, owner, topic, reference, sequence, happened_at, state, *rest = row
    return Delivery(identifier, owner, topic, reference, sequence, happened_at, State(state), *rest)
