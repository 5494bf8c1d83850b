"""What the desk shows."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from consentgw.desk import wording
from consentgw.http.languages import LANGUAGES, gettext_for
from consentgw.http.pages import Page
from consentgw.operators.model import ACTS, Act, Role
from consentgw.policies.rights import right
from consentgw.subject_requests.hold import GROUNDS
from consentgw.subject_requests.model import Act as Done
from consentgw.subject_requests.model import Capacity, State

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date
    from uuid import UUID

    from consentgw.law.profiles import RequestType
    from consentgw.operators.model import Operator
    from consentgw.subject_requests.hold import Ground, Hold
    from consentgw.subject_requests.model import Kind, Level, Reason, Request, Step
    from consentgw.subject_requests.store import Case
    from consentgw.subject_requests.tasks import Standing, Task


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskView(Page):
    """A page for somebody signed in."""

    languages: tuple[str, ...] = LANGUAGES
    operator: Operator
    token: str
    today: date
    people: Mapping[str, str]
    """Names of colleagues, by id."""

    def say(self, words: Mapping[Any, str], key: Any) -> str:
        """Return what something is called in the language of the page."""
        return gettext_for(self.language)(words[key])

    def type_name(self, type_: RequestType, profile: str) -> str:
        """Return what a right is called by the law of a profile."""
        return gettext_for(self.language)(right(type_, profile)[0])

    def state_name(self, state: State) -> str:
        """Return what a state is called."""
        return self.say(wording.STATES, state)

    def name_of(self, actor: str) -> str:
        """Return the name of a colleague who acted; of a person who asked there is none."""
        role, _, name = actor.partition(":")
        return self.people.get(name, "") if role == "operator" else name


@dataclass(frozen=True, slots=True, kw_only=True)
class EndedView(Page):
    """What somebody typed whose session has ended meanwhile."""

    template: ClassVar[str] = "desk/ended.html"
    words: str
    next: str
    """Where they were."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """What of the queue is looked at; as the form says it."""

    site: str = ""
    state: str = "open"
    type: str = ""
    assignee: str = ""
    """``me``, or nobody in particular."""
    find: str = ""
    """A number or an e-mail address."""

    @property
    def by_address(self) -> bool:
        """Return whether somebody is looked for."""
        return "@" in self.find

    @property
    def plain(self) -> bool:
        """Return whether nothing in particular is looked for."""
        return self == Filter()


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueView(DeskView):
    """The queue."""

    template: ClassVar[str] = "desk/queue.html"
    requests: tuple[Request, ...]
    late: frozenset[UUID]
    """Requests that wait for a processor that is late."""
    chosen: Filter
    sites: Mapping[str, str]
    """Names of the sites the operator works for, by slug."""
    profiles: Mapping[str, str]
    """Their law profiles, by slug."""
    types: tuple[RequestType, ...]
    more: str
    """Address of the next page; empty at the end."""

    def type_names(self, type_: RequestType) -> str:
        """Return what a right is called by the laws of these sites."""
        return " / ".join(dict.fromkeys(self.type_name(type_, profile) for profile in self.profiles.values()))

    @property
    def by_address(self) -> bool:
        """Return whether the operator may look for somebody."""
        return Act.HANDLE in ACTS[self.operator.role]

    @property
    def states(self) -> dict[str, str]:
        """Return what can be chosen as a state, in words."""
        _ = gettext_for(self.language)
        named = {state.value: self.state_name(state) for state in State}
        return {"open": _("waiting for an answer"), "held": _("under a legal hold"), "all": _("all"), **named}


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseView(DeskView):
    """One request on one page."""

    template: ClassVar[str] = "desk/case.html"
    case: Case
    named: str
    """The site's name."""
    profile: str
    """Its law profile."""
    handles: bool
    approves: bool
    exports: bool
    keeps: bool
    """Whether the operator places legal holds and releases them."""
    holds: tuple[Hold, ...]
    kept_back: tuple[Request, ...]
    """What an erasure would leave, locked."""
    grounds: tuple[Ground, ...]
    replies: Mapping[str, str]
    words: str
    """What the answer begins with."""
    read: str
    """How much of the request somebody has read who reads this page."""
    reasons: tuple[Reason, ...]
    revocable: bool
    """Whether an answer waits to be fetched."""
    confirmable: bool
    extendable: bool
    processors: Mapping[str, str]
    """Names of the site's processors, by key."""
    stands: Standing
    failed: str = ""
    """The code of what did not work just now."""
    pressed: str = ""
    """The button that was pressed then."""
    typed: Mapping[str, str] = field(default_factory=dict[str, str])
    """What was typed with it."""

    def typed_for(self, act: str, name: str = "words") -> str:
        """Return what was typed into a field of a button that did not work."""
        return self.typed.get(name, "") if act == self.pressed else ""

    @property
    def request(self) -> Request:
        """Return the request itself."""
        return self.case.request

    @property
    def person(self) -> tuple[tuple[str, str], ...]:
        """Return what is known of who asks, with what each thing is called."""
        _, who = gettext_for(self.language), self.case.person
        known = (
            (_("Name and surname"), who.name),
            (_("E-mail"), who.email),
            (_("Telephone"), who.phone),
            (_("For whom it is asked"), self.say(wording.CAPACITIES, Capacity(who.capacity or Capacity.MYSELF))),
            (_("Representative"), who.representative),
            (_("What is asked"), who.details),
        )
        return tuple((said, value) for said, value in known if value)

    @property
    def failure(self) -> str:
        """Return what did not work, in words."""
        return wording.failure(self.failed, self.language)

    def level_name(self, level: Level) -> str:
        """Return what is proven."""
        return self.say(wording.LEVELS, level)

    def reason_name(self, reason: Reason) -> str:
        """Return a lawful reason in words."""
        return self.say(wording.REASONS, reason)

    def ground_name(self, ground: Ground) -> str:
        """Return what requires a hold, in words."""
        return self.say(GROUNDS, ground)

    def why(self, step: Step) -> str:
        """Return what was said with an act; the words of holds are for those who place them."""
        holding = step.act in {Done.HOLD, Done.RELEASE}
        return step.why if self.handles and (self.keeps or not holding) else ""

    def act_name(self, act: Done) -> str:
        """Return what was done, in words."""
        return self.say(wording.ACTS, act)

    def processor_name(self, key: str) -> str:
        """Return what a processor is called, its key where the site has it no more."""
        return self.processors.get(key, key)

    def task_name(self, task: Task) -> str:
        """Return where a task stands, in words."""
        said = self.say(wording.TASKS, task.state)
        if task.result is None:
            return said
        reason = f" ({self.reason_name(task.reason)})" if task.reason else ""
        return f"{said}: {self.say(wording.RESULTS, task.result)}{reason}"

    def kind_name(self, kind: Kind) -> str:
        """Return whose words a text is."""
        return self.say(wording.KINDS, kind)

    @property
    def tomorrow(self) -> date:
        """Return the first day on which a hold may be reviewed."""
        return self.today + timedelta(days=1)

    @property
    def mine(self) -> bool:
        """Return whether it is the operator's own."""
        return self.request.assignee == str(self.operator.id)

    @property
    def second(self) -> bool:
        """Return whether the operator may be the second person for this erasure."""
        return self.approves and self.request.proposed_by not in {"", f"operator:{self.operator.id}"}


@dataclass(frozen=True, slots=True, kw_only=True)
class PeopleView(DeskView):
    """Who may sign in."""

    template: ClassVar[str] = "desk/people.html"
    colleagues: tuple[Operator, ...]
    sites: Mapping[str, str]
    roles: tuple[Role, ...] = tuple(Role)
    invited: str = ""
    """The address of an invitation that was just made; shown once."""
    again: bool = False
    """Whether something was pressed before a fresh proof of who is there, so that nothing was done."""
    taken: str = ""
    """The login of an invitation that was not made, because somebody has it."""
    failed: bool = False

    def role_name(self, role: Role) -> str:
        """Return what a role is called."""
        return self.say(wording.ROLES, role)
