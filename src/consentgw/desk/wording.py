"""The desk's names for what the rooms know by keys, in the words of the trade."""

from __future__ import annotations

from consentgw.http.languages import gettext_for, sentence
from consentgw.operators.model import Role
from consentgw.subject_requests.model import Act, Capacity, Kind, Level, Reason, State
from consentgw.subject_requests.tasks import Result, TaskState

STATES = {
    State.RECEIVED: sentence("received"),
    State.AWAITING_VERIFICATION: sentence("waits for proof of who asks"),
    State.IN_PROGRESS: sentence("in progress"),
    State.EXTENDED: sentence("in progress, extended"),
    State.COMPLETED: sentence("answered"),
    State.REJECTED: sentence("refused"),
    State.CANCELLED: sentence("called off by who asked"),
    State.EXPIRED: sentence("never confirmed"),
}
LEVELS = {
    Level.NOTHING: sentence("nothing"),
    Level.MAILBOX: sentence("the mailbox is theirs"),
    Level.MATCHED: sentence("it is a person we know"),
    Level.SIGNED_IN: sentence("they signed in at the site"),
}
CAPACITIES = {
    Capacity.MYSELF: sentence("for oneself"),
    Capacity.WITH_REPRESENTATIVE: sentence("for oneself; too young to ask alone, and the representative agrees"),
    Capacity.AS_REPRESENTATIVE: sentence("for a child or somebody else, by the representative"),
}
REASONS = {
    Reason.NO_MATCH: sentence("nothing is held about this person"),
    Reason.NOT_PROVEN: sentence("it was not proven who asks"),
    Reason.NOT_COVERED: sentence("the right does not reach so far"),
    Reason.KEPT_BY_LAW: sentence("a law says to keep it"),
    Reason.OTHERS_RIGHTS: sentence("it would harm the rights of others"),
    Reason.EXCESSIVE: sentence("manifestly unfounded or excessive"),
    Reason.SUSPECTED_FRAUD: sentence("somebody else may be asking"),
    Reason.OUTSIDE_JURISDICTION: sentence("another law applies"),
}
ACTS = {
    Act.OPEN: sentence("asked"),
    Act.ASSIGN: sentence("taken up"),
    Act.ASK_PROOF: sentence("proof asked for"),
    Act.PROVE: sentence("proof given"),
    Act.EXTEND: sentence("time extended"),
    Act.COMPLETE: sentence("answered"),
    Act.REJECT: sentence("refused"),
    Act.CANCEL: sentence("called off by who asked"),
    Act.EXPIRE: sentence("never confirmed"),
    Act.CONFIRM: sentence("ground confirmed"),
    Act.MESSAGE: sentence("message"),
    Act.NOTE: sentence("note"),
    Act.PROPOSE_ERASURE: sentence("erasure proposed"),
    Act.REVEAL: sentence("names, addresses and texts read by a program"),
    Act.DOWNLOAD: sentence("answer downloaded"),
    Act.EXPORT: sentence("data taken out at the desk"),
    Act.REVOKE: sentence("answer taken back"),
    Act.ERASE: sentence("names, addresses and texts erased"),
    Act.HOLD: sentence("legal hold placed"),
    Act.RELEASE: sentence("legal hold released"),
    Act.FORWARD: sentence("passed on to a processor"),
    Act.FETCH: sentence("read by a processor"),
    Act.ACKNOWLEDGE: sentence("taken up by a processor"),
    Act.FULFIL: sentence("answered by a processor"),
    Act.DECLINE: sentence("declined by a processor"),
    Act.RECALL: sentence("processor no longer waited for"),
}
TASKS = {
    TaskState.FORWARDED: sentence("asked, has not said that it knows"),
    TaskState.ACKNOWLEDGED: sentence("works on it"),
    TaskState.COMPLETED: sentence("has answered"),
    TaskState.DECLINED: sentence("has declined: see to it otherwise"),
    TaskState.RECALLED: sentence("no longer waited for"),
}
RESULTS = {
    Result.DONE: sentence("done"),
    Result.PARTLY: sentence("done in part"),
    Result.NOTHING_HELD: sentence("holds nothing about this person"),
    Result.REFUSED: sentence("refused"),
}
KINDS = {
    Kind.FROM_SUBJECT: sentence("From who asks"),
    Kind.TO_SUBJECT: sentence("To who asks"),
    Kind.NOTE: sentence("Internal note"),
}
ROLES = {
    Role.VIEWER: sentence("sees what is due, and not who asks"),
    Role.HANDLER: sentence("answers requests"),
    Role.OFFICER: sentence("data protection officer: also agrees to erasures, places legal holds and takes data out"),
    Role.OWNER: sentence("owner: everything, and who works here"),
}
FAILURES = {
    "news": sentence("Something is new since you opened this page. Nothing was changed."),
    "out_of_turn": sentence("That is not possible where the request stands now; somebody may have moved it meanwhile."),
    "unproven": sentence("Not enough is proven for that yet, or it takes a second person."),
    "awaits_processors": sentence("A processor has not answered yet. Wait for it, or say why you do not."),
    "held": sentence(
        "A legal hold is on this request, so nothing of it may be erased. Refuse the erasure because a law says to keep"
        " the data, or release the hold first."
    ),
    "forged": sentence("This page was of an earlier session of yours. Nothing was changed: press again."),
    "too_early": sentence("A hold is reviewed on a day to come: choose a later one. Nothing was changed."),
    "malformed": sentence("Say it in words, and choose a reason where one is asked for. Nothing was changed."),
}
_FAILED = sentence("That could not be done. Nothing was changed.")


def failure(code: str, language: str) -> str:
    """Return what went wrong, by the code of the error."""
    return gettext_for(language)(FAILURES.get(code, _FAILED))
