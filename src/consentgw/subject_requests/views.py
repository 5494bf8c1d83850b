"""What the pages of this room show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from consentgw.consents.model import Method
from consentgw.http.languages import gettext_for
from consentgw.http.pages import Page, View
from consentgw.law.profiles import RequestType, profile
from consentgw.policies.rights import right, time_of
from consentgw.subject_requests.hold import GROUNDS
from consentgw.subject_requests.letters import COMPARE, day
from consentgw.subject_requests.model import Kind, Level
from consentgw.subject_requests.tasks import TaskState
from consentgw.subject_requests.telling import REASONS, told

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date, datetime

    from consentgw.consents.receipt import Receipt
    from consentgw.law.profiles import RequestRule
    from consentgw.sites.model import AuthorityView, Operator, Site
    from consentgw.subject_requests.asking import Fields, Typed
    from consentgw.subject_requests.hold import Hold
    from consentgw.subject_requests.holdings import Holdings
    from consentgw.subject_requests.model import Request, Text
    from consentgw.subject_requests.store import Case
    from consentgw.subject_requests.tasks import Task


def title(type_: RequestType, site: Site, language: str) -> str:
    """Return what a type of request is called by the law of a site."""
    return gettext_for(language)(right(type_, site.profile)[0])


def sentence(type_: RequestType, site: Site, language: str) -> str:
    """Return what a type of request is for by the law of a site, in one sentence."""
    said = gettext_for(language)(right(type_, site.profile)[1])
    return said[0].upper() + said[1:]


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageView(View):
    """The page to read in a package of what the gateway holds: a file, without a style or an address to load."""

    template: ClassVar[str] = "package.html"
    site: Site
    holdings: Holdings
    made_at: datetime

    @property
    def operator(self) -> Operator:
        """Return who is answerable."""
        return self.site.operator_in(self.language)

    @property
    def given(self) -> tuple[tuple[str, str], ...]:
        """Return who processes data for the site and gave some of it, each with the name of its file."""
        words = {one.key: one.wording[self.language].title for one in self.site.processors}
        return tuple((words.get(one.processor, one.processor), one.name) for one in self.holdings.given)

    @property
    def consents(self) -> tuple[tuple[Receipt, str, str], ...]:
        """Return every receipt with what it allowed and what became of it later, in words."""
        receipts = [kept.receipt for kept in self.holdings.receipts]
        return tuple((one, self._allowed(one), self._later(one, receipts[at:])) for at, one in enumerate(receipts, 1))

    def title_of(self, case: Case) -> str:
        """Return what was asked for."""
        return title(case.request.type, self.site, self.language)

    def said(self, case: Case) -> tuple[tuple[datetime, str], ...]:
        """Return the messages of a request."""
        return tuple((text.at, text.words) for text in case.texts if text.kind is not Kind.NOTE)

    def _allowed(self, receipt: Receipt) -> str:
        _ = gettext_for(self.language)
        words = [self.holdings.purposes[key] for key in sorted(receipt.decision.granted)]
        named = [(one.get(self.language) or next(iter(one.values()))).title for one in words]
        return ", ".join(named) or _("nothing allowed")

    def _later(self, receipt: Receipt, after: list[Receipt]) -> str:
        _ = gettext_for(self.language)
        following = next((one for one in after if one.subject == receipt.subject), None)
        if following is None:
            return ""
        return _("withdrawn later") if following.method is Method.WITHDRAW else _("replaced later")


@dataclass(frozen=True, slots=True, kw_only=True)
class Offered:
    """One thing that may be asked for."""

    type: RequestType
    title: str
    sentence: str
    time: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChooseView(Page):
    """The first page: what may be asked for, and in what time it is answered."""

    template: ClassVar[str] = "requests.html"
    site: Site
    offered: tuple[Offered, ...]
    authority: AuthorityView
    receipt: str = ""
    """Code of the consent receipt that is shown as proof."""

    @property
    def operator(self) -> Operator:
        """Return who answers."""
        return self.site.operator_in(self.language)


@dataclass(frozen=True, slots=True, kw_only=True)
class AskView(Page):
    """The form of one type."""

    template: ClassVar[str] = "request_form.html"
    site: Site
    type: RequestType
    fields: Fields
    rule: RequestRule
    level: Level
    """What must be proven before anybody works on it."""
    adult_at: int
    """Below this age a representative takes part; 0 asks nothing."""
    mail: bool
    """Whether this gateway sends letters."""
    token: str
    typed: Typed
    again: str = ""
    """Why the form is shown again: ``trouble`` or ``old``."""
    receipt: str = ""

    @property
    def title(self) -> str:
        """Return what is asked for."""
        return title(self.type, self.site, self.language)

    @property
    def sentence(self) -> str:
        """Return what that means."""
        return sentence(self.type, self.site, self.language)

    @property
    def time(self) -> str:
        """Return in what time it is answered."""
        return time_of(self.rule, self.language)

    @property
    def at_once(self) -> bool:
        """Return whether pressing the button is all there is to do."""
        return self.type is RequestType.CONSENT_WITHDRAWAL and bool(self.receipt)


@dataclass(frozen=True, slots=True)
class Passed:
    """Somebody the request was passed on to, in words for who asks."""

    title: str
    sentence: str
    stands: str
    """Where its part stands, in one sentence."""


def passed_on(site: Site, request: Request, tasks: Iterable[Task], language: str) -> tuple[Passed, ...]:
    """Return whom a request was passed on to; who is waited for no longer, or no processor any more, is left out."""
    words = {one.key: one.wording[language] for one in site.processors}
    return tuple(
        Passed(words[task.processor].title, words[task.processor].sentence, told(request, task, language))
        for task in tasks
        if task.processor in words and task.state is not TaskState.RECALLED
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusView(Page):
    """The page of one request, for who has its address. It says nothing about who asks."""

    template: ClassVar[str] = "request.html"
    site: Site
    request: Request
    code: str
    texts: tuple[Text, ...]
    letter: bool
    """Whether a letter can prove the mailbox."""
    written: bool = False
    """Whether there is one that still does: an address gets three a day, and strangers may have used them up."""
    answer: tuple[str, datetime, int] | None = None
    """Digest of the package that waits, until when, and how many downloads are left."""
    authority: AuthorityView
    receipts_until: int
    """Days for which receipts are kept as proof."""
    holds: tuple[Hold, ...] = ()
    """What keeps data of this person that was proven to be theirs: this request, or earlier ones."""
    done: str = ""
    """What has just been done here: ``sent``, ``full``, ``wrong``, ``over``, ``said``; ``late``: nothing, no more."""
    passed: tuple[Passed, ...] = ()
    untold: bool = False
    """Whether somebody it would be passed on to is not told before more is proven."""
    files: int = 0
    """Files that processors gave for the answer."""

    @property
    def title(self) -> str:
        """Return what is asked for."""
        return title(self.request.type, self.site, self.language)

    @property
    def time(self) -> str:
        """Return in what time it is answered."""
        return time_of(self.request.rule, self.language)

    @property
    def due(self) -> str:
        """Return the day it is due."""
        return day(self.request.due_on, self.language)

    @property
    def unreachable(self) -> bool:
        """Return whether more is to be proven and no letter can prove it: the operator has to make sure."""
        request = self.request
        return not request.state.closed and request.level < min(Level.MAILBOX, request.needs.answer) and not self.letter

    @property
    def reason(self) -> str:
        """Return the lawful reason of a refusal, in words; empty where there is none."""
        return gettext_for(self.language)(REASONS[self.request.reason]) if self.request.reason else ""

    def kept(self, hold: Hold) -> tuple[str, str]:
        """Return what requires a hold, and the day it is reviewed where there is one."""
        ground = gettext_for(self.language)(GROUNDS[hold.ground])
        return ground, day(hold.review_on, self.language) if hold.review_on else ""

    @property
    def operator(self) -> Operator:
        """Return who answers."""
        return self.site.operator_in(self.language)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfirmView(Page):
    """Where the link of a letter leads: a button, because a link that was merely opened proves nothing."""

    template: ClassVar[str] = "request_confirm.html"
    site: Site
    request: Request
    key: str

    @property
    def title(self) -> str:
        """Return what is asked for: whoever confirms may have asked for something else."""
        return title(self.request.type, self.site, self.language)

    @property
    def compare(self) -> str:
        """Return how to tell one's own request from somebody else's."""
        return gettext_for(self.language)(COMPARE)


@dataclass(frozen=True, slots=True, kw_only=True)
class OverView(Page):
    """Where the link of a letter leads that proves nothing any more."""

    template: ClassVar[str] = "request_over.html"
    site: Site
    closed: bool
    """Whether the request is, or else the letter is used, replaced or too old."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MovedView(Page):
    """An address of a request that has moved to the mailbox that was proven."""

    template: ClassVar[str] = "request_moved.html"
    site: Site


@dataclass(frozen=True, slots=True, kw_only=True)
class ComplaintView(Page):
    """A letter to the authority, prepared to be printed, completed by hand and signed."""

    template: ClassVar[str] = "request_letter.html"
    site: Site
    request: Request
    authority: AuthorityView
    today: date

    @property
    def title(self) -> str:
        """Return what was asked for."""
        return title(self.request.type, self.site, self.language)

    @property
    def operator(self) -> Operator:
        """Return whom the complaint is about."""
        return self.site.operator_in(self.language)

    @property
    def due(self) -> str:
        """Return the day it was or is due."""
        return day(self.request.due_on, self.language)

    @property
    def written_on(self) -> str:
        """Return today."""
        return day(self.today, self.language)

    @property
    def named(self) -> bool:
        """Return whether it is known which authority it goes to; where not, its name is left to fill in."""
        return bool(self.site.authority) or profile(self.site.profile).on(self.today).authority.named

    @property
    def paused(self) -> str:
        """Return since when the time for the answer stands still; empty where it runs."""
        return day(self.request.paused_on, self.language) if self.request.paused_on else ""

    @property
    def ahead(self) -> bool:
        """Return whether the day of the answer is still to come."""
        return not self.request.state.closed and self.today <= self.request.due_on

    @property
    def late(self) -> bool:
        """Return whether the answer is overdue."""
        return not self.request.state.closed and not self.paused and self.today > self.request.due_on
