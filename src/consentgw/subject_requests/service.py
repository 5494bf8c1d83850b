"""The verbs of handling: open, assign, note, reveal, message, extend, complete, reject, cancel, erase, list.

Every road in calls these: the pages, REST, the desk and the command line. The first argument is the unit of work, the
second the office, then the request as a site knows it, and who acts.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from consentgw import outbox
from consentgw.errors import Held, Malformed, OutOfTurn, Unproven
from consentgw.law import profiles
from consentgw.law.deadlines import due
from consentgw.law.profiles import RequestType
from consentgw.mail import service as mail
from consentgw.mail import store as mail_store
from consentgw.sites import store as sites
from consentgw.subject_requests import answers, deadlines, forwarding, letters, proving, store, task_store, telling
from consentgw.subject_requests.acting import act, box_of, write_to_subject
from consentgw.subject_requests.model import (
    REVEALING,
    SUBJECT,
    Act,
    Actor,
    Kind,
    Level,
    Reason,
    Request,
    Role,
    State,
    after,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date
    from uuid import UUID

    from sqlalchemy import Connection

    from consentgw.db import Unit
    from consentgw.law.profiles import Rules
    from consentgw.sites.model import Site
    from consentgw.subject_requests.model import Person, Ref
    from consentgw.subject_requests.office import Office
    from consentgw.subject_requests.store import Case, Wanted


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What somebody asks, and how they may be reached."""

    id: UUID
    """Id the request will have; a form carries it from when it is shown, so one form opens one request."""
    site: Site
    type: RequestType
    language: str
    person: Person
    receipt: UUID | None = None
    """A consent receipt of this site whose code was shown."""


def open_request(unit: Unit, office: Office, asked: Asked, actor: Actor = SUBJECT, *, quiet: bool = False) -> Request:
    """Open a request: its clock starts now, and who asks hears the same whether or not anybody knows them.

    It stands still only where a letter can prove who asks: elsewhere it is the operator who has to make sure.

    A ``quiet`` one is answered in the same unit, so nobody needs a letter that it was opened.

    Raises:
        NotFound: the law of the site knows no such request.
        AlreadyAnswered: the form was used before.
    """
    today = unit.now.date()
    rules = _rules(unit, asked.site)
    deadline = due(rules.request(asked.type), today, office.calendar(rules.country))
    request = Request(
        id=asked.id,
        site=asked.site.slug,
        type=asked.type,
        state=State.RECEIVED,
        level=Level.NOTHING,
        language=asked.language,
        receipt=asked.receipt,
        received_at=unit.now,
        due_on=deadline.due_on,
        rule=deadline.rule,
        calendar=deadline.calendar,
    )
    if request.needs.start > Level.NOTHING and asked.person.email and office.post.serving:
        request = replace(request, state=State.AWAITING_VERIFICATION, paused_on=today)
    box = store.add(unit, office.vault, request, asked.person)
    store.note(unit, box, request, actor, Act.OPEN)
    outbox.emit(unit, outbox.REQUEST_OPENED, request.site, str(request.id))
    forwarding.follow(unit, office, request, actor)
    if quiet:
        return request
    if request.state is State.AWAITING_VERIFICATION:
        proving.challenge(unit, office, request)
    elif asked.person.email and mail.has_room(unit, office.post, asked.person.email):
        write_to_subject(unit, office, request, letters.received)
    tell_operator(unit, office, asked.site, letters.OPENED, [request])
    return request


def assign(unit: Unit, office: Office, ref: Ref, actor: Actor, assignee: str) -> Request:
    """Give a request to an operator, by their id; from then on it is in progress.

    Raises:
        NotFound, OutOfTurn: there is no such request at this site, or it is closed.
    """
    return act(unit, office, store.read(unit.connection, ref), Act.ASSIGN, actor, assignee=assignee)


def confirm(unit: Unit, office: Office, ref: Ref, actor: Actor, why: str) -> Request:
    """Confirm the ground of a request, from which a shorter time may run.

    Raises:
        NotFound, OutOfTurn: there is no such request at this site, it is closed, or no time depends on it.
        Malformed: nothing is said about what confirms it.
    """
    request = store.read(unit.connection, ref)
    rules = _rules(unit, sites.read(unit.connection, ref.site))
    deadline = deadlines.confirmed(rules, request, unit.now.date(), office.calendar(rules.country))
    changes = {"due_on": deadline.due_on, "rule": deadline.rule, "calendar": deadline.calendar}
    return act(unit, office, request, Act.CONFIRM, actor, said(why), **changes)


def note(unit: Unit, office: Office, ref: Ref, actor: Actor, words: str) -> None:
    """Keep an internal note: sealed, and never shown to who asks.

    Raises:
        NotFound, Gone: there is no such request at this site, or it is erased.
        Malformed: there are no words.
    """
    request = store.read(unit.connection, ref)
    box = store.box(unit.connection, office.vault, request.id)
    store.say(unit, box, request.id, actor, Kind.NOTE, said(words))
    store.note(unit, box, request, actor, Act.NOTE)


def reveal(unit: Unit, office: Office, ref: Ref, actor: Actor) -> Case:
    """Return a request with who asks and everything that was said; the history says who has read it.

    Raises:
        NotFound, Gone: there is no such request at this site, or it is erased.
        Held: it is kept for a legal hold alone, which is no program's business.
    """
    request = store.read(unit.connection, ref)
    if request.locked and actor.role is Role.PROGRAM:
        raise Held("this request is locked by a legal hold: who asked is read at the desk, by the officer")
    store.box(unit.connection, office.vault, request.id)
    act(unit, office, request, Act.REVEAL, actor)
    return store.case(unit.connection, office.vault, ref)


def message(unit: Unit, office: Office, ref: Ref, actor: Actor, words: str) -> Request:
    """Write to the other side: an operator to who asks, or who asks to the operator.

    Whoever has the address of the status page reads messages. Data about a person belongs in the answer, not here.

    Raises:
        NotFound, OutOfTurn: there is no such request at this site, or it is closed.
        Malformed: there are no words.
    """
    request = act(unit, office, store.read(unit.connection, ref), Act.MESSAGE, actor)
    box = store.box(unit.connection, office.vault, request.id)
    kind = Kind.FROM_SUBJECT if actor.role is Role.SUBJECT else Kind.TO_SUBJECT
    store.say(unit, box, request.id, actor, kind, said(words))
    if kind is Kind.TO_SUBJECT:
        write_to_subject(unit, office, request, letters.news)
    return request


def extend(unit: Unit, office: Office, ref: Ref, actor: Actor, why: str) -> Request:
    """Take the one extension the law allows; who asks is told, with the reason, before the first limit.

    Raises:
        NotFound, OutOfTurn: there is no such request at this site, or it cannot be extended (any more).
        Malformed: no reason is given.
    """
    reason = said(why)
    request = store.read(unit.connection, ref)
    after(request, Act.EXTEND)
    country = _rules(unit, sites.read(unit.connection, ref.site)).country
    history = store.steps(unit.connection, request.id)
    deadline = deadlines.extended(request, history, unit.now.date(), office.calendar(country))
    changes = {"due_on": deadline.due_on, "calendar": deadline.calendar, "extended": True, "reminded": ""}
    request = act(unit, office, request, Act.EXTEND, actor, reason, **changes)
    _tell(unit, office, request, actor, reason)
    return request


def complete(unit: Unit, office: Office, ref: Ref, actor: Actor, words: str, without: str = "") -> Request:
    """Answer a request; what asks for data gets the package of what the gateway holds. An erasure has :func:`erase`.

    ``without`` says why processors that have not answered yet are not waited for.

    Raises:
        NotFound, OutOfTurn: there is no such request at this site, it is closed, or it is an erasure.
        Unproven: who asks has not proven enough.
        AwaitsProcessors: a processor has not answered yet, and nothing is said about it.
        Malformed: there are no words.
    """
    answer = said(words)
    request = store.read(unit.connection, ref)
    if request.type is RequestType.ERASURE:
        raise OutOfTurn("an erasure is completed by erasing, by two persons")
    after(request, Act.COMPLETE)
    forwarding.let_go(unit, office, request, actor, without)
    request = act(unit, office, request, Act.COMPLETE, actor, answer)
    _tell(unit, office, request, actor, answer)
    if request.type in REVEALING:
        answers.attach(unit, office, request)
    outbox.emit(unit, outbox.REQUEST_COMPLETED, request.site, str(request.id))
    return request


def reject(unit: Unit, office: Office, ref: Ref, actor: Actor, reason: Reason, why: str) -> Request:
    """Refuse a request for one of the lawful reasons, in words who asks can understand.

    Raises:
        NotFound, OutOfTurn: there is no such request at this site, or it is closed.
        Malformed: no reason is given in words.
    """
    words = said(why)
    request = act(unit, office, store.read(unit.connection, ref), Act.REJECT, actor, words, reason=reason)
    _tell(unit, office, request, actor, words)
    outbox.emit(unit, outbox.REQUEST_REFUSED, request.site, str(request.id))
    return request


def cancel(unit: Unit, office: Office, ref: Ref, actor: Actor, why: str = "") -> Request:
    """Call a request off, which is for who asks to do.

    Raises:
        NotFound, OutOfTurn: there is no such request at this site, it is closed, or it is a withdrawal that has taken
            effect.
    """
    return act(unit, office, store.read(unit.connection, ref), Act.CANCEL, actor, why)


def erase(unit: Unit, office: Office, ref: Ref, actor: Actor, why: str, without: str = "") -> Request:
    """Complete an erasure. The first person proposes it; nothing happens until a second, at the desk, agrees.

    It reaches the processors first: afterwards none of them could learn whom to erase, so the second person has their
    answers, or says why it is done ``without``. What the gateway holds under the proven address at this site is
    destroyed: this request's names, addresses and texts, and those of every earlier closed one. What somebody still
    waits for stays until it is answered; consent receipts stay as proof, and hold no name. An earlier request under a
    legal hold stays, locked: the right ends where a law or a claim needs the data (GDPR Art. 17(3)(b), (e)), so the
    answer then has that reason; and so it has where a processor keeps data that a law says to keep, or a part.

    Raises:
        NotFound, OutOfTurn: there is no such request at this site, it is no erasure, or it is closed.
        Held: a legal hold is on this request itself.
        Unproven: who asks has not proven enough, or the second person is the first or no person.
        AwaitsProcessors: a processor has not answered yet, and nothing is said about it.
        Malformed: no reason is given.
    """
    words = said(why)
    request = store.read(unit.connection, ref)
    if request.type is not RequestType.ERASURE:
        raise OutOfTurn("this request does not ask for erasure")
    after(request, Act.COMPLETE)
    if request.held:
        raise Held("a legal hold is on this request: refuse the erasure for that reason, or release the hold first")
    if actor.role not in {Role.OPERATOR, Role.PROGRAM}:
        raise Unproven("who asks is not one of the two who erase")
    if not request.proposed_by:
        return act(unit, office, request, Act.PROPOSE_ERASURE, actor, words, proposed_by=str(actor))
    if str(actor) == request.proposed_by or actor.role is not Role.OPERATOR:
        raise Unproven("erasing needs a second person to agree")
    forwarding.let_go(unit, office, request, actor, without)
    person = store.person(unit.connection, store.box(unit.connection, office.vault, request.id), request.id)
    earlier = _of_the_same(unit.connection, office, request, person.email)
    tasks = task_store.of_request(unit.connection, request.id)
    kept = any(one.held for one in earlier) or any(task.kept_by_law for task in tasks)
    reason = Reason.KEPT_BY_LAW if kept else None
    request = act(unit, office, request, Act.COMPLETE, actor, words, reason=reason)
    outbox.emit(unit, outbox.REQUEST_COMPLETED, request.site, str(request.id))
    for one in (request, *(one for one in earlier if not one.held)):
        forget_words(unit, office, one, actor)
    if person.email:
        site = sites.read(unit.connection, ref.site)
        letter = letters.erased(request, site, telling.left(request, site, tasks))
        mail.send(unit, office.post, person.email, letter, reference="")
    return store.read(unit.connection, ref)


def forget_words(unit: Unit, office: Office, request: Request, actor: Actor) -> None:
    """Destroy everything that says who asked in a closed request; what was done and when stays as proof."""
    mail_store.forget(unit, str(request.id))
    act(unit, office, store.erase(unit, request), Act.ERASE, actor)


def list_requests(connection: Connection, wanted: Wanted) -> list[Request]:
    """Return requests, what is due first first."""
    return store.listed(connection, wanted)


def tell_operator(
    unit: Unit,
    office: Office,
    site: Site,
    subject: str,
    requests: list[Request],
    tasks: Mapping[UUID, date] | None = None,
) -> None:
    """Put down one letter to a site's operator about these requests; ``tasks`` says when a processor's part was due."""
    due_on = [(request, (tasks or {}).get(request.id, request.due_on)) for request in requests]
    letter = letters.to_operator(site, subject, due_on, [office.addresses.desk_url(request) for request in requests])
    mail.send(unit, office.post, site.operator.email, letter, reference=f"operator:{site.slug}", limited=False)


def said(words: str) -> str:
    """Return words that were said.

    Raises:
        Malformed: there are none.
    """
    if not words.strip():
        raise Malformed("say it in words: they are kept with the request")
    return words.strip()


def _tell(unit: Unit, office: Office, request: Request, actor: Actor, words: str) -> None:
    box = box_of(unit, office, request)
    if box:
        store.say(unit, box, request.id, actor, Kind.TO_SUBJECT, words)
        write_to_subject(unit, office, request, letters.news)


def kept_back(connection: Connection, office: Office, case: Case) -> list[Request]:
    """Return what erasing would leave, locked: requests of the same proven address that are under a legal hold."""
    earlier = _of_the_same(connection, office, case.request, case.person.email)
    return [one for one in (case.request, *earlier) if one.held]


def _of_the_same(connection: Connection, office: Office, request: Request, email: str) -> list[Request]:
    """Return the other closed requests of the same proven address at the site."""
    if not email or request.level < Level.MAILBOX:
        return []
    digests = office.vault.digests(request.site, email)
    found = store.of_address(connection, request.site, digests, Level.MAILBOX)
    return [one for one in found if one.state.closed and one.erased_at is None and one.id != request.id]


def _rules(unit: Unit, site: Site) -> Rules:
    return profiles.profile(site.profile).on(unit.now.date())
