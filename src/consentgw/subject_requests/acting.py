"""One act on a request: the table is asked, the row is written, and the history says who, when and why."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from consentgw.access.service import note
from consentgw.errors import Gone
from consentgw.mail import service as mail
from consentgw.sites import store as sites
from consentgw.subject_requests import forwarding, store
from consentgw.subject_requests.model import Level, Role, after

if TYPE_CHECKING:
    from collections.abc import Callable

    from consentgw.db import Unit
    from consentgw.mail.model import Letter
    from consentgw.sites.model import Site
    from consentgw.subject_requests.model import Act, Actor, Ref, Request
    from consentgw.subject_requests.office import Office
    from consentgw.subject_requests.vault import Box


def act(unit: Unit, office: Office, before: Request, what: Act, actor: Actor, why: str = "", **changes: Any) -> Request:
    """Do one thing to a request, together with the changes it makes; return it as it stands then.

    Raises:
        OutOfTurn: the act has no place where the request stands.
        Unproven: it would be an answer to somebody who has not proven enough.
    """
    state = after(replace(before, **{name: value for name, value in changes.items() if name == "level"}), what)
    if state.closed and not before.state.closed:
        changes = {"closed_at": unit.now, "paused_on": None, **changes}
    request = replace(before, state=state, **changes)
    if request != before:
        store.keep(unit, before, request)
    store.note(unit, box_of(unit, office, request), request, actor, what, why)
    if request.state is not before.state or request.level > before.level:
        forwarding.follow(unit, office, request, actor)
    return request


def enter_by_hand(unit: Unit, actor: Actor, what: str, ref: Ref, thing: str) -> None:
    """Enter into the trail what somebody at the desk has done; what a program does its call enters."""
    if actor.role is Role.OPERATOR:
        note(unit, str(actor), what, ref.site, thing)


def box_of(unit: Unit, office: Office, request: Request) -> Box | None:
    """Return the box of a request, None when what was in it is erased."""
    try:
        return store.box(unit.connection, office.vault, request.id)
    except Gone:
        return None


def write_to_subject(
    unit: Unit, office: Office, request: Request, letter: Callable[[Request, Site, str], Letter]
) -> None:
    """Put down a letter to who asks, where there is an address: it leads to the page of the request.

    A mailbox that was proven gets as many as there is news; one that a stranger may have typed, three a day.
    """
    box = box_of(unit, office, request)
    email = store.person(unit.connection, box, request.id).email if box else ""
    if email:
        site = sites.read(unit.connection, request.site)
        written = letter(request, site, office.addresses.status_url(request))
        limited = request.level < Level.MAILBOX
        mail.send(unit, office.post, email, written, reference=str(request.id), limited=limited)
