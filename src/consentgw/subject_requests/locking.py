"""Placing a legal hold on a request and releasing it; what a hold is stands in ``hold.py``.

Nothing of a held request is destroyed, by the purge or by an erasure. Once such a request is closed it is locked: who
asked is seen by those who place holds, and by no program.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from consentgw.errors import Malformed, OutOfTurn
from consentgw.subject_requests import filing, forwarding, store
from consentgw.subject_requests.acting import act, enter_by_hand
from consentgw.subject_requests.model import Act
from consentgw.subject_requests.service import kept_back, said

if TYPE_CHECKING:
    from datetime import date

    from sqlalchemy import Connection

    from consentgw.db import Unit
    from consentgw.subject_requests.hold import Ground, Hold
    from consentgw.subject_requests.model import Actor, Ref
    from consentgw.subject_requests.office import Office
    from consentgw.subject_requests.store import Case


def hold(
    unit: Unit, office: Office, ref: Ref, actor: Actor, ground: Ground, why: str, review_on: date | None = None
) -> Hold:
    """Keep a request, whatever state it is in, until this hold is released.

    Raises:
        NotFound: there is no such request at this site.
        Malformed: no reason is given, or the day of review has passed.
    """
    words = said(why)
    if review_on is not None and review_on <= unit.now.date():
        raise Malformed("a hold is reviewed on a day to come")
    store.read(unit.connection, ref)
    number = filing.place_hold(unit, ref, ground, words, review_on, actor)
    act(unit, office, store.read(unit.connection, ref), Act.HOLD, actor, words)
    enter_by_hand(unit, actor, "place_hold", ref, str(number))
    return filing.hold(unit.connection, ref, number)


def release(unit: Unit, office: Office, ref: Ref, actor: Actor, number: int, why: str) -> Hold:
    """End a hold. What was kept for it alone goes with the next purge.

    Raises:
        NotFound: there is no such request at this site, or it has no such hold.
        OutOfTurn: the hold was released before.
        Malformed: no reason is given.
    """
    words = said(why)
    if filing.hold(unit.connection, store.read(unit.connection, ref).ref, number).release is not None:
        raise OutOfTurn("this hold was released before")
    filing.release_hold(unit, number, words, actor)
    request = act(unit, office, store.read(unit.connection, ref), Act.RELEASE, actor, words)
    enter_by_hand(unit, actor, "release_hold", ref, str(number))
    forwarding.follow(unit, office, request, actor)
    return filing.hold(unit.connection, ref, number)


def in_force(connection: Connection, office: Office, case: Case) -> list[Hold]:
    """Return the holds that keep something of the person of a request: on it, or on earlier ones of their address."""
    return [
        one
        for request in kept_back(connection, office, case)
        for one in filing.holds_on(connection, request.id)
        if one.release is None
    ]


def unreviewed(connection: Connection, today: date) -> list[str]:
    """Return one sentence for each hold whose day of review has come."""
    return [
        f"hold {one.number} at {one.site}: it was to be reviewed on {one.review_on};"
        " release it, or place another with a later day before you do"
        for one in filing.register_of_holds(connection)
        if one.to_review(today)
    ]
