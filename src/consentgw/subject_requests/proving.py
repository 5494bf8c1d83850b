"""Proving who asks: a letter with a link and eight digits, or somebody who knows the person.

A link is proof only when its button is pressed; scanners that open links prove nothing. The digits hold for ten
minutes and five tries, counted by one conditional UPDATE, so that tries at the same moment are no more than five.
"""

from __future__ import annotations

import hmac
import secrets
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from consentgw import outbox
from consentgw.consents.identifiers import uuid7
from consentgw.errors import Gone, Malformed, OutOfTurn, Refused, Unproven
from consentgw.law import profiles
from consentgw.mail import service as mail
from consentgw.sites import store as sites
from consentgw.subject_requests import deadlines, filing, letters, store
from consentgw.subject_requests.acting import act, box_of, write_to_subject
from consentgw.subject_requests.model import SUBJECT, Act, Level, Ref, Role, State, after

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection

    from consentgw.db import Unit
    from consentgw.subject_requests.model import Actor, Request
    from consentgw.subject_requests.office import Office

TRIES = 5
DIGITS_FOR = timedelta(minutes=10)
LINK_FOR = timedelta(hours=24)


class Outcome(StrEnum):
    """What became of digits that were typed."""

    PROVEN = "proven"
    WRONG = "wrong"
    OVER = "over"
    """Too late, or tried too often: another letter is needed."""


def challenge(unit: Unit, office: Office, request: Request) -> bool:
    """Write to the mailbox a request names; an earlier letter no longer counts.

    Returns whether a letter was put down: not without an address or a mail server, nor when the address has had its
    letters of the day.
    """
    email = _unproven_mailbox(unit, office, request)
    if not email or not mail.has_room(unit, office.post, email):
        return False
    proof, digits = uuid7(), f"{secrets.randbelow(10**8):08d}"
    digest = office.addresses.digest(proof, digits)
    filing.add_proof(unit, proof, request.id, digest, digits_for=DIGITS_FOR, link_for=LINK_FOR)
    site = sites.read(unit.connection, request.site)
    letter = letters.confirm(request, site, office.addresses.proof_url(request, proof), digits)
    mail.send(unit, office.post, email, letter, reference=str(request.id))
    return True


def read_link(connection: Connection, office: Office, site: str, key: str, now: datetime) -> Request:
    """Return the request that the link of a letter would prove. Looking changes nothing: scanners open links.

    Raises:
        NotFound, Gone, OutOfTurn: as :func:`verify_by_link`.
    """
    identifier = filing.of_link(connection, office.addresses.proof(key), now)
    if identifier is None:
        raise Gone("this link was used before, or is too old")
    request = store.read(connection, Ref(site, identifier))
    after(request, Act.PROVE)
    return request


def verify_by_link(unit: Unit, office: Office, site: str, key: str) -> Request:
    """Take the link of a letter for proof of the mailbox, once; the status page moves.

    Raises:
        NotFound: we never wrote this link, or not for this site.
        Gone: it was used, replaced by a newer one, or is a day old.
        OutOfTurn: the request is closed.
    """
    identifier = filing.use_link(unit, office.addresses.proof(key))
    if identifier is None:
        raise Gone("this link was used before, or is too old")
    request = store.read(unit.connection, Ref(site, identifier))
    return _by_mailbox(unit, office, request)


def verify_by_digits(unit: Unit, office: Office, ref: Ref, digits: str) -> Outcome:
    """Take the digits of a letter, typed on the status page, for proof of the mailbox; the page moves then.

    A wrong try is counted, so it ends without an error: an error would undo the count.

    Raises:
        NotFound: there is no such request at this site.
        OutOfTurn: the request is closed.
    """
    request = store.read(unit.connection, ref)
    after(request, Act.PROVE)
    tried = filing.try_digits(unit, request.id, TRIES)
    if tried is None:
        return Outcome.OVER
    proof, kept = tried
    if not hmac.compare_digest(kept, office.addresses.digest(proof, digits)):
        return Outcome.WRONG
    filing.use_link(unit, proof)
    _by_mailbox(unit, office, request)
    return Outcome.PROVEN


def vouch(unit: Unit, office: Office, ref: Ref, actor: Actor, level: Level, how: str) -> Request:
    """Note that who asks is known, and how: an operator matched the contact with one held before, or a program of the
    partner saw the person sign in.

    A match is worth nothing before the mailbox is proven: anybody can type an address that the operator holds, and
    would be shown the answer. Only where no letter can prove it, the operator asks by a channel of their own.

    Raises:
        NotFound: there is no such request at this site.
        Malformed: nothing is said about how, or the level is not this actor's to give.
        Unproven: the mailbox is to be proven first.
        OutOfTurn: the request is closed, or as much was proven before.
    """
    giver = {Level.MATCHED: {Role.OPERATOR, Role.PROGRAM}, Level.SIGNED_IN: {Role.PROGRAM}}
    if actor.role not in giver.get(level, ()) or not how.strip():
        raise Malformed("an operator vouches for a match, a program also for a sign-in, and both say how")
    request = store.read(unit.connection, ref)
    if request.level >= level:
        raise OutOfTurn("as much was proven before")
    after(request, Act.PROVE)
    if level is Level.MATCHED and _unproven_mailbox(unit, office, request):
        raise Unproven("the mailbox is to be proven first: a match alone would answer to whoever typed the address")
    return _proven(unit, office, request, actor, level, why=how)


def ask_proof(unit: Unit, office: Office, ref: Ref, actor: Actor, why: str) -> Request:
    """Ask who asks to prove their mailbox; the clock stands still until then.

    Raises:
        NotFound: there is no such request at this site.
        Malformed: no reason is given.
        OutOfTurn: the request is closed, or a proof is being waited for already.
        Refused: enough is proven, or a letter could prove no more; to ask for it would only delay.
    """
    if not why.strip():
        raise Malformed("say why more proof is needed")
    request = store.read(unit.connection, ref)
    if request.answerable:
        raise Refused("enough is proven for an answer; nobody is asked for more")
    after(request, Act.ASK_PROOF)
    if not _unproven_mailbox(unit, office, request):
        raise Refused("a letter can prove no more: write to who asks what is needed, or vouch for them")
    request = act(unit, office, request, Act.ASK_PROOF, actor, why, paused_on=unit.now.date())
    challenge(unit, office, request)
    return request


def resend(unit: Unit, office: Office, ref: Ref) -> bool:
    """Write once more to the mailbox; return whether there was room for one more letter today.

    Raises:
        NotFound: there is no such request at this site.
        OutOfTurn: no proof is waited for.
    """
    request = store.read(unit.connection, ref)
    if request.state is not State.AWAITING_VERIFICATION:
        raise OutOfTurn("no proof is waited for")
    return challenge(unit, office, request)


def _unproven_mailbox(unit: Unit, office: Office, request: Request) -> str:
    """Return the address that a letter can still prove; empty where there is none, or no mail server."""
    box = box_of(unit, office, request)
    if not box or not office.post.serving or request.level >= Level.MAILBOX:
        return ""
    return store.person(unit.connection, box, request.id).email


def _by_mailbox(unit: Unit, office: Office, request: Request) -> Request:
    """Note that the mailbox is proven, by the link or by the digits.

    The status page moves to a new address, which only who reads the mailbox is led to: whoever opened the request in
    another's name is left with one that leads nowhere, even where the owner typed her digits on that very page.
    """
    proven = Level.MATCHED if request.receipt else Level.MAILBOX
    return _proven(unit, office, request, SUBJECT, max(request.level, proven), turn=request.turn + 1)


def _proven(
    unit: Unit, office: Office, before: Request, actor: Actor, level: Level, why: str = "", turn: int | None = None
) -> Request:
    today = unit.now.date()
    country = profiles.profile(sites.read(unit.connection, before.site).profile).country
    request = act(
        unit,
        office,
        before,
        Act.PROVE,
        actor,
        why,
        level=level,
        due_on=deadlines.resumed(before, today, office.calendar(country)),
        paused_on=None,
        turn=before.turn if turn is None else turn,
    )
    outbox.emit(unit, outbox.REQUEST_VERIFIED, request.site, str(request.id))
    if before.state is State.AWAITING_VERIFICATION:  # the clock runs from now; who was known before has read so
        write_to_subject(unit, office, request, letters.received)
    return request
