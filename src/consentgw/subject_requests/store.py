"""Subject requests as rows. Whatever is read names its site, so another site's request is not found."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from sqlalchemy import LargeBinary, and_, delete, exists, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from consentgw.consents.identifiers import uuid7
from consentgw.errors import AlreadyAnswered, Gone, Held, NotFound, OutOfTurn
from consentgw.law.profiles import RequestRule, RequestType
from consentgw.subject_requests.model import OPEN, Act, Kind, Level, Person, Reason, Request, State, Step, Text
from consentgw.subject_requests.tables import (
    addresses,
    answers,
    files,
    history,
    holds,
    keys,
    proofs,
    releases,
    requests,
    tasks,
    texts,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date, datetime
    from uuid import UUID

    from sqlalchemy import ColumnElement, Connection, Row

    from consentgw.db import Unit
    from consentgw.subject_requests.model import Actor, Ref
    from consentgw.subject_requests.vault import Box, Vault

_PERSON = tuple(field.name for field in fields(Person))
_HELD = exists().where(holds.c.request == requests.c.id, ~exists().where(releases.c.hold == holds.c.number))
"""A hold is on the request that has not been released."""
_PLAIN = (*(column for column in requests.columns if column.name not in _PERSON), _HELD.label("held"))
_OPEN = tuple(state.value for state in OPEN)


@dataclass(frozen=True, slots=True)
class Case:
    """A request with everything that is known of it."""

    request: Request
    person: Person
    history: tuple[Step, ...]
    texts: tuple[Text, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which requests a list shows; an empty field wants all."""

    sites: tuple[str, ...] = ()
    states: tuple[State, ...] = ()
    types: tuple[RequestType, ...] = ()
    assignee: str = ""
    digests: tuple[bytes, ...] = ()
    """Digests of one address (:meth:`Vault.digests`)."""
    ending: bytes = b""
    """The last five bytes of an id, which a request's number is made from."""
    due_before: date | None = None
    held: bool | None = None
    """Only those under a legal hold, or only those under none."""
    after: tuple[date, UUID] | None = None
    """The last one of the page before."""
    limit: int = 50


def add(unit: Unit, vault: Vault, request: Request, person: Person) -> Box:
    """Add a request; return the box its words are sealed in.

    Raises:
        AlreadyAnswered: the form it came with was used before.
    """
    wrapped, box = vault.new(request.id)
    sealed = {name: box.seal(requests.name, name, request.id, getattr(person, name)) for name in _PERSON}
    try:
        unit.connection.execute(insert(requests).values(**_row(request), **sealed))
    except IntegrityError:
        raise AlreadyAnswered("this form was used before") from None
    unit.connection.execute(insert(keys).values(request=request.id, wrapped=wrapped))
    if person.email:
        digest = vault.digest(request.site, person.email)
        unit.connection.execute(insert(addresses).values(request=request.id, digest=digest))
    return box


def keep(unit: Unit, before: Request, request: Request) -> None:
    """Write what has become of a request.

    Raises:
        OutOfTurn: somebody else has moved it meanwhile.
    """
    changed = {name: value for name, value in _row(request).items() if name not in {"id", "site", "type"}}
    done = unit.connection.execute(
        update(requests).where(requests.c.id == request.id, requests.c.state == before.state.value).values(**changed)
    )
    if done.rowcount != 1:
        raise OutOfTurn("somebody else has moved this request meanwhile")


def box(connection: Connection, vault: Vault, request: UUID) -> Box:
    """Return the box of a request.

    Raises:
        Gone: what was in it has been erased.
    """
    wrapped = connection.execute(select(keys.c.wrapped).where(keys.c.request == request)).scalar_one_or_none()
    if wrapped is None:
        raise Gone("what was known of this request has been erased")
    return vault.unwrap(request, wrapped)


def read(connection: Connection, ref: Ref) -> Request:
    """Return a request.

    Raises:
        NotFound: there is no such request at this site.
    """
    query = select(*_PLAIN).where(requests.c.id == ref.id, requests.c.site == ref.site)
    row = connection.execute(query).one_or_none()
    if row is None:
        raise NotFound("no such request")
    return _request(row)


def case(connection: Connection, vault: Vault, ref: Ref) -> Case:
    """Return a request with who asks, its history and its texts; what was erased is empty.

    Raises:
        NotFound: there is no such request at this site.
    """
    request = read(connection, ref)
    try:
        opened: Box | None = box(connection, vault, request.id)
    except Gone:
        opened = None
    return Case(
        request,
        _person(connection, opened, request.id),
        tuple(_steps(connection, opened, request.id)),
        tuple(_texts(connection, opened, request.id)),
    )


def steps(connection: Connection, request: UUID) -> list[Step]:
    """Return the history of a request, oldest first, without what was said."""
    return [*_steps(connection, None, request)]


def person(connection: Connection, opened: Box, request: UUID) -> Person:
    """Return who asks."""
    return _person(connection, opened, request)


def listed(connection: Connection, wanted: Wanted) -> list[Request]:
    """Return requests, what is due first first."""
    query = select(*_PLAIN).order_by(requests.c.due_on, requests.c.id).limit(wanted.limit)
    if wanted.sites:
        query = query.where(requests.c.site.in_(wanted.sites))
    if wanted.states:
        query = query.where(requests.c.state.in_([state.value for state in wanted.states]))
    if wanted.types:
        query = query.where(requests.c.type.in_([type_.value for type_ in wanted.types]))
    if wanted.assignee:
        query = query.where(requests.c.assignee == wanted.assignee)
    if wanted.ending:
        query = query.where(func.substr(requests.c.id, 12, type_=LargeBinary) == wanted.ending)
    if wanted.due_before is not None:
        query = query.where(requests.c.due_on < wanted.due_before)
    if wanted.held is not None:
        query = query.where(_HELD if wanted.held else ~_HELD)
    if wanted.digests:
        named = select(addresses.c.request).where(addresses.c.digest.in_(wanted.digests))
        query = query.where(requests.c.id.in_(named))
    if wanted.after is not None:
        due_on, identifier = wanted.after
        later = and_(requests.c.due_on == due_on, requests.c.id > identifier)
        query = query.where(or_(requests.c.due_on > due_on, later))
    return [_request(row) for row in connection.execute(query)]


def waiting(connection: Connection, until: date) -> list[Request]:
    """Return the open requests that are due by a day, and those that wait for a proof."""
    unproven = requests.c.state == State.AWAITING_VERIFICATION.value
    query = select(*_PLAIN).where(requests.c.state.in_(_OPEN), or_(requests.c.due_on <= until, unproven))
    return [_request(row) for row in connection.execute(query.order_by(requests.c.due_on, requests.c.id))]


def closed_before(connection: Connection, site: str, instant: datetime, *, erased: bool, limit: int) -> list[Request]:
    """Return requests at a site that were closed before an instant, whose words are erased or not yet; oldest first.

    Those under a legal hold are not among them: left out here, they take nobody's place within the limit.
    """
    query = select(*_PLAIN).where(*_past(site, instant, erased=erased), ~_HELD)
    return [_request(row) for row in connection.execute(query.order_by(requests.c.closed_at).limit(limit))]


def receipts_held(connection: Connection, site: str) -> list[UUID]:
    """Return the consent receipts that requests under a legal hold were opened with at a site."""
    query = select(requests.c.receipt).where(requests.c.site == site, requests.c.receipt.is_not(None), _HELD)
    return list(connection.execute(query).scalars())


def count_held_back(connection: Connection, site: str, instant: datetime, *, erased: bool) -> int:
    """Return how many requests :func:`closed_before` would return but for their legal holds."""
    query = select(func.count()).where(*_past(site, instant, erased=erased), _HELD)
    return connection.execute(query).scalar_one()


def note(
    unit: Unit, opened: Box | None, request: Request, actor: Actor, act: Act, why: str = "", *, processor: str = ""
) -> None:
    """Add a line to the history of a request, as it stands after the act; ``processor`` is whose task it concerns."""
    line = uuid7()
    unit.connection.execute(
        insert(history).values(
            id=line,
            request=request.id,
            at=unit.now,
            actor=str(actor),
            act=act.value,
            state=request.state.value,
            level=int(request.level),
            why=opened.seal(history.name, "why", line, why) if opened else None,
            processor=processor or None,
        )
    )


def say(unit: Unit, opened: Box, request: UUID, actor: Actor, kind: Kind, words: str) -> None:
    """Add a message or a note."""
    line = uuid7()
    sealed = opened.seal(texts.name, "words", line, words)
    unit.connection.execute(
        insert(texts).values(id=line, request=request, at=unit.now, actor=str(actor), kind=kind.value, words=sealed)
    )


def erase(unit: Unit, request: Request) -> Request:
    """Destroy everything that says who asked; the dates and the acts stay as proof of handling.

    Raises:
        Held: a legal hold is on it.
    """
    _let_go(unit, request)
    for table in (keys, addresses, answers, proofs, texts, files):
        unit.connection.execute(delete(table).where(table.c.request == request.id))
    gone: dict[str, Any] = dict.fromkeys(_PERSON)
    unit.connection.execute(
        update(requests).where(requests.c.id == request.id).values(**gone, receipt=None, erased_at=unit.now)
    )
    unit.erases = True
    return read(unit.connection, request.ref)


def forget(unit: Unit, request: Request) -> None:
    """Remove a request altogether; its history may go only after it.

    Raises:
        Held: a legal hold is on it.
    """
    _let_go(unit, request)
    for table in (keys, addresses, answers, proofs, texts, files, tasks):
        unit.connection.execute(delete(table).where(table.c.request == request.id))
    unit.connection.execute(delete(requests).where(requests.c.id == request.id))
    unit.connection.execute(delete(history).where(history.c.request == request.id))
    unit.erases = True


def of_address(connection: Connection, site: str, digests: Sequence[bytes], level: Level) -> list[Request]:
    """Return the requests at a site from an address that had proven this much, oldest first."""
    named = select(addresses.c.request).where(addresses.c.digest.in_(digests))
    query = select(*_PLAIN).where(requests.c.site == site, requests.c.id.in_(named), requests.c.level >= int(level))
    return [_request(row) for row in connection.execute(query.order_by(requests.c.id))]


def count_open(connection: Connection) -> int:
    """Return how many requests are open."""
    return connection.execute(select(func.count()).where(requests.c.state.in_(_OPEN))).scalar_one()


def _past(site: str, instant: datetime, *, erased: bool) -> tuple[ColumnElement[bool], ...]:
    done = requests.c.erased_at.is_not(None) if erased else requests.c.erased_at.is_(None)
    return requests.c.site == site, requests.c.closed_at < instant, done


def _let_go(unit: Unit, request: Request) -> None:
    """Make sure that nothing keeps a request from being destroyed; the verbs ask before, and this is the last door.

    Raises:
        Held: a legal hold is on it.
    """
    if unit.connection.execute(select(_HELD).where(requests.c.id == request.id)).scalar_one_or_none():
        raise Held("a legal hold is on this request: release it first")


def _row(request: Request) -> dict[str, Any]:
    return {
        "id": request.id,
        "site": request.site,
        "type": request.type.value,
        "state": request.state.value,
        "level": int(request.level),
        "language": request.language,
        "receipt": request.receipt,
        "received_at": request.received_at,
        "due_on": request.due_on,
        "rule": request.rule.model_dump(mode="json"),
        "calendar": request.calendar,
        "extended": request.extended,
        "paused_on": request.paused_on,
        "assignee": request.assignee,
        "reason": request.reason and request.reason.value,
        "proposed_by": request.proposed_by,
        "turn": request.turn,
        "reminded": request.reminded,
        "closed_at": request.closed_at,
        "erased_at": request.erased_at,
    }


def _request(row: Row[Any]) -> Request:
    return Request(
        id=row.id,
        site=row.site,
        type=RequestType(row.type),
        state=State(row.state),
        level=Level(row.level),
        language=row.language,
        receipt=row.receipt,
        received_at=row.received_at,
        due_on=row.due_on,
        rule=RequestRule.model_validate(row.rule),
        calendar=row.calendar,
        extended=row.extended,
        paused_on=row.paused_on,
        assignee=row.assignee,
        reason=Reason(row.reason) if row.reason else None,
        proposed_by=row.proposed_by,
        turn=row.turn,
        reminded=row.reminded,
        closed_at=row.closed_at,
        erased_at=row.erased_at,
        held=bool(row.held),
    )


def _person(connection: Connection, opened: Box | None, request: UUID) -> Person:
    if opened is None:
        return Person()
    columns = [requests.c[name] for name in _PERSON]
    row = connection.execute(select(*columns).where(requests.c.id == request)).one()
    return Person(
        **{name: opened.open(requests.name, name, request, value) for name, value in zip(_PERSON, row, strict=True)}
    )


def _steps(connection: Connection, opened: Box | None, request: UUID) -> Iterator[Step]:
    query = select(history).where(history.c.request == request).order_by(history.c.sequence)
    for row in connection.execute(query):
        why = opened.open(history.name, "why", row.id, row.why) if opened else ""
        yield Step(row.at, row.actor, Act(row.act), State(row.state), Level(row.level), why, row.processor or "")


def _texts(connection: Connection, opened: Box | None, request: UUID) -> Iterator[Text]:
    if opened is None:
        return
    for row in connection.execute(select(texts).where(texts.c.request == request).order_by(texts.c.id)):
        yield Text(row.at, row.actor, Kind(row.kind), opened.open(texts.name, "words", row.id, row.words))
