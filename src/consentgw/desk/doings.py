"""What the buttons of a request do: the act a role needs, and the verb that is called with what the form says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from consentgw.errors import Conflict, Forbidden, Malformed, OutOfTurn
from consentgw.operators.model import Act
from consentgw.subject_requests import answers, filing, locking, proving, service, store
from consentgw.subject_requests.hold import Ground
from consentgw.subject_requests.model import Act as Done
from consentgw.subject_requests.model import Actor, Level, Reason, Role

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from sqlalchemy import Connection

    from consentgw.db import Unit
    from consentgw.http.forms import Form
    from consentgw.operators.model import Operator
    from consentgw.subject_requests.model import Ref, Request, Step
    from consentgw.subject_requests.office import Office

Verb = Callable[["Unit", "Office", "Ref", "Actor", "Form"], object]


_UNSEEN = frozenset({Done.REVEAL, Done.FETCH, Done.DOWNLOAD, Done.EXPORT})
"""Readings: nobody would answer otherwise for knowing of them, and programs do them at any time."""


class News(Conflict):
    """Something has happened to the request since its page was opened."""

    failure = "news"
    """What the desk says of it; no program meets it, so it has no code of its own."""


class TooEarly(Malformed):
    """A hold would be reviewed on a day that is today or past."""

    failure = "too_early"


@dataclass(frozen=True, slots=True)
class Doing:
    """One button."""

    needs: Act
    verb: Verb
    blind: bool = False
    """Whether it may be pressed without having read the latest: it answers nothing and decides nothing."""

    def do(self, unit: Unit, office: Office, ref: Ref, operator: Operator, form: Form) -> None:
        """Do it, if the request still is what the operator has read.

        Raises:
            NotFound: there is no such request at this site.
            Forbidden: the request is locked, and the operator may not see who asks.
            News: something has happened to it since.
        """
        request = store.read(unit.connection, ref)
        if not sees(operator, request):
            raise Forbidden("a legal hold has locked this request")
        if not self.blind and form.one("read") != read_so_far(store.steps(unit.connection, request.id)):
            raise News("something happened since the page was opened")
        self.verb(unit, office, ref, Actor(Role.OPERATOR, str(operator.id)), form)


def sees(operator: Operator, request: Request) -> bool:
    """Return whether an operator may know who asks: locked, only who places holds does (GDPR Art. 18)."""
    return operator.may(Act.HOLD if request.locked else Act.HANDLE, request.site)


def lies_ready(connection: Connection, ref: Ref, now: datetime) -> bool:
    """Return whether an answer waits to be fetched, so that it can be taken back."""
    _, until, downloads = filing.answer(connection, ref.id) or ("", now, 0)
    return downloads > 0 and until > now


def read_so_far(history: Iterable[Step]) -> str:
    """Return what a form says about how much its reader has read: everything that is said leaves a step behind."""
    return str(sum(step.act not in _UNSEEN for step in history))


def _take(unit: Unit, office: Office, ref: Ref, actor: Actor, _form: Form) -> object:
    return service.assign(unit, office, ref, actor, actor.name)


def _note(unit: Unit, office: Office, ref: Ref, actor: Actor, form: Form) -> object:
    return service.note(unit, office, ref, actor, _words(form))


def _write(unit: Unit, office: Office, ref: Ref, actor: Actor, form: Form) -> object:
    return service.message(unit, office, ref, actor, _words(form))


def _extend(unit: Unit, office: Office, ref: Ref, actor: Actor, form: Form) -> object:
    return service.extend(unit, office, ref, actor, _words(form))


def _confirm(unit: Unit, office: Office, ref: Ref, actor: Actor, form: Form) -> object:
    return service.confirm(unit, office, ref, actor, _words(form))


def _complete(unit: Unit, office: Office, ref: Ref, actor: Actor, form: Form) -> object:
    return service.complete(unit, office, ref, actor, _words(form), _without(form))


def _reject(unit: Unit, office: Office, ref: Ref, actor: Actor, form: Form) -> object:
    try:
        reason = Reason(form.one("reason") or "")
    except ValueError:
        raise Malformed("a refusal names one of the lawful reasons") from None
    return service.reject(unit, office, ref, actor, reason, _words(form))


def _ask_proof(unit: Unit, office: Office, ref: Ref, actor: Actor, form: Form) -> object:
    return proving.ask_proof(unit, office, ref, actor, _words(form))


def _vouch(unit: Unit, office: Office, ref: Ref, actor: Actor, form: Form) -> object:
    return proving.vouch(unit, office, ref, actor, Level.MATCHED, _words(form))


def _propose(unit: Unit, office: Office, ref: Ref, actor: Actor, form: Form) -> object:
    if store.read(unit.connection, ref).proposed_by:
        raise OutOfTurn("it is proposed already; a second person has to agree")
    return service.erase(unit, office, ref, actor, _words(form))


def _agree(unit: Unit, office: Office, ref: Ref, actor: Actor, form: Form) -> object:
    if not store.read(unit.connection, ref).proposed_by:
        raise OutOfTurn("nobody has proposed it")
    return service.erase(unit, office, ref, actor, _words(form), _without(form))


def _revoke(unit: Unit, office: Office, ref: Ref, actor: Actor, form: Form) -> object:
    if not lies_ready(unit.connection, ref, unit.now):
        raise OutOfTurn("there is no answer to take back (any more)")
    return answers.revoke(unit, office, ref, actor, service.said(_words(form)))


def _without(form: Form) -> str:
    return form.one("without") or ""


def _hold(unit: Unit, office: Office, ref: Ref, actor: Actor, form: Form) -> object:
    try:
        ground, day = Ground(form.one("ground") or ""), form.one("review_on") or ""
        review_on = date.fromisoformat(day) if day else None
    except ValueError:
        raise Malformed("a hold names what requires it; its day of review is a day of the calendar") from None
    if store.read(unit.connection, ref).erased_at is not None:
        raise OutOfTurn("nothing is left to be held")
    if review_on is not None and review_on <= unit.now.date():
        raise TooEarly("a hold is reviewed on a day to come")
    return locking.hold(unit, office, ref, actor, ground, _words(form), review_on)


def _release(unit: Unit, office: Office, ref: Ref, actor: Actor, form: Form) -> object:
    number = form.one("hold") or ""
    if not number.isascii() or not number.isdigit() or len(number) > 18:
        raise Malformed("a hold is released by its number")
    return locking.release(unit, office, ref, actor, int(number), _words(form))


def _words(form: Form) -> str:
    return form.one("words") or ""


DOINGS = {
    "take": Doing(Act.HANDLE, _take, blind=True),
    "note": Doing(Act.HANDLE, _note, blind=True),
    "write": Doing(Act.HANDLE, _write, blind=True),
    "extend": Doing(Act.HANDLE, _extend),
    "confirm": Doing(Act.HANDLE, _confirm),
    "complete": Doing(Act.HANDLE, _complete),
    "reject": Doing(Act.HANDLE, _reject),
    "revoke": Doing(Act.HANDLE, _revoke),
    "ask-proof": Doing(Act.HANDLE, _ask_proof),
    "vouch": Doing(Act.HANDLE, _vouch),
    "propose-erasure": Doing(Act.HANDLE, _propose),
    "erase": Doing(Act.APPROVE, _agree),
    "hold": Doing(Act.HOLD, _hold),
    "release": Doing(Act.HOLD, _release),
}
"""By the last part of the address. Proposing an erasure and agreeing to it are one verb, but not one right: the second
person is somebody whose role it is."""
