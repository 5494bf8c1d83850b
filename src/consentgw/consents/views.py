"""What a visitor sees: the question, the answer that holds, the receipt, and the lines a partner pastes.

A view is given the words of the domain (:class:`Site`, :class:`Notice`) and says nothing about HTTP. The
words on the buttons are those of the notice, so what was shown and what was hashed cannot differ.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, ClassVar, Self

from consentgw.consents.model import State
from consentgw.errors import AlreadyAnswered
from consentgw.http.pages import Page, View, render, slot
from consentgw.sites.model import Style

if TYPE_CHECKING:
    from datetime import datetime

    from markupsafe import Markup

    from consentgw.consents.again import Again
    from consentgw.consents.model import Channel, Method, Standing
    from consentgw.notices.model import Cookie, Notice
    from consentgw.policies.model import PolicyRef
    from consentgw.sites.model import Operator, Site


class Face(StrEnum):
    """Which of its faces a document with the question shows."""

    ASK = "ask"
    """Nothing was answered yet."""
    SIGNAL = "signal"
    """The browser sends Global Privacy Control: everything is off, and one may still choose."""
    DECIDED = "decided"
    """An answer holds; it can be changed and withdrawn."""
    SAVED = "saved"
    """The answer was kept just now."""
    NOT_KEPT = "not_kept"
    """The answer was given, and the browser did not keep it: everything stays off."""
    UNCONFIRMED = "unconfirmed"
    """Nothing was stored: please answer here."""
    ANSWERED = "answered"
    """This form was used before; its first answer stands."""

    @classmethod
    def after(cls, error: Exception) -> Self:
        """Return the face that is shown after an answer that was not stored."""
        return cls(cls.ANSWERED if isinstance(error, AlreadyAnswered) else cls.UNCONFIRMED)


HOLDING = frozenset({Face.DECIDED, Face.SAVED})
"""The faces of an answer that holds: change and withdraw instead of accept and reject."""


class _Question:
    """What the iframe, the full page and the snippet read off a notice alike."""

    __slots__ = ()
    language: str
    site: Site
    notice: Notice

    @property
    def listed(self) -> tuple[tuple[str, str], ...]:
        """Return title and sentence of each purpose that is not asked about."""
        words = (purpose.wording[self.language] for purpose in self.notice.purposes if not purpose.optional)
        return tuple((word.title, word.sentence) for word in words)

    @property
    def asked(self) -> tuple[tuple[str, str, str], ...]:
        """Return key, title and sentence of each purpose that is asked about."""
        asked = ((purpose.key, purpose.wording[self.language]) for purpose in self.notice.purposes if purpose.optional)
        return tuple((key, word.title, word.sentence) for key, word in asked)


class _Answer(_Question):
    """What the iframe and the full page read off the answer that holds."""

    __slots__ = ()
    face: Face
    granted: frozenset[str]
    curbed: frozenset[str]
    again: Again | None

    @property
    def kept_off(self) -> tuple[str, ...]:
        """Return the titles of what was granted and a signal of the browser keeps off."""
        return tuple(title for key, title, _ in self.asked if key in self.curbed)

    @property
    def new(self) -> tuple[str, ...]:
        """Return the titles of what a person who answered before is asked about for the first time."""
        return tuple(title for key, title, _ in self.asked if self.again and self.again.new(key))

    @property
    def holds(self) -> bool:
        """Return whether an answer holds, so that it is changed and withdrawn here."""
        return self.face in HOLDING

    @property
    def allowed(self) -> tuple[str, ...]:
        """Return the titles of what is granted now."""
        return tuple(title for key, title, _ in self.asked if key in self.granted)

    @property
    def refused(self) -> tuple[str, ...]:
        """Return the titles of what is not granted now."""
        return tuple(title for key, title, _ in self.asked if key not in self.granted)


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbedView(_Answer, View):
    """The document inside the iframe.

    Slots: ``token`` and ``passed`` (state that came with the address, for links back here) on every face;
    ``receipt_url``, ``receipt`` (for the link to the full page: whose answer is changed there) and ``until`` (a date in
    words) where an answer holds; ``receipt_url``, ``receipt`` and ``answered`` (a date) where one is asked again;
    ``releases`` (elements of released tags, or nothing) on :attr:`Face.SAVED`.
    """

    template: ClassVar[str] = "embed.html"
    site: Site
    notice: Notice
    face: Face
    granted: frozenset[str] = frozenset()
    """What holds now; boxes are ticked only for this, and only where an answer holds."""
    signal: bool = False
    """Whether the browser sends Global Privacy Control."""
    adpc: bool = False
    """Whether it says anything by Advanced Data Protection Control."""
    curbed: frozenset[str] = frozenset()
    """What was granted, and a signal keeps off."""
    again: Again | None = None
    """Why a person who answered before is asked again."""
    token: ClassVar[Markup] = slot("token")
    until: ClassVar[Markup] = slot("until")
    answered: ClassVar[Markup] = slot("answered")
    receipt_url: ClassVar[Markup] = slot("receipt_url")
    passed: ClassVar[Markup] = slot("passed")
    receipt: ClassVar[Markup] = slot("receipt")
    releases: ClassVar[Markup] = slot("releases")


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentView(_Answer, Page):
    """The full page: every purpose, vendor, cookie, lifetime and country, with the same form.

    Slots: ``token`` on every face, ``receipt_url`` and ``until`` where an answer holds, ``receipt_url`` and
    ``answered`` where one is asked again.
    """

    template: ClassVar[str] = "consent.html"
    site: Site
    notice: Notice
    face: Face
    own: tuple[Cookie, ...]
    """Our own cookies, listed with what is necessary."""
    granted: frozenset[str] = frozenset()
    signal: bool = False
    adpc: bool = False
    curbed: frozenset[str] = frozenset()
    again: Again | None = None
    opt_out: bool = False
    """Whether the law asks for a page of its own to opt out of sale and sharing."""
    receipt: str = ""
    """Code of the receipt this page was opened from; the answer then replaces that one."""
    apart: bool = False
    """Whether the site's pages never learn of an answer that is given here."""
    back: str = ""
    """The partner's host a person goes back to after answering, in the redirect flow."""
    back_url: str = ""
    """Leads there at once, with whatever holds."""
    carried: str = ""
    """What the form carries for that, sealed."""
    passed: str = ""
    """State the partner's server put into the address."""
    counts_at: tuple[str, ...] = ()
    """The sites at which the answer that holds was given, where this one shares consent with others."""
    token: ClassVar[Markup] = slot("token")
    until: ClassVar[Markup] = slot("until")
    answered: ClassVar[Markup] = slot("answered")
    receipt_url: ClassVar[Markup] = slot("receipt_url")


@dataclass(frozen=True, slots=True, kw_only=True)
class OptOutView(Page):
    """ "Do Not Sell or Share My Personal Information": one press, apart from every banner. Slot: ``token``."""

    template: ClassVar[str] = "opt_out.html"
    site: Site
    notice: Notice
    stays: tuple[str, ...] = ()
    """Purposes that were granted and are neither sale nor sharing: they go on."""
    granted: tuple[str, ...] = ()
    """Titles of what is granted now and ends with the press."""
    known: bool = False
    """Whether there is an answer of this browser, or of the receipt the page was opened from."""
    signal: bool = False
    receipt: str = ""
    token: ClassVar[Markup] = slot("token")


class ReceiptStanding(StrEnum):
    """What has become of a receipt."""

    VALID = "valid"
    REPLACED = "replaced"
    """The person answered again later."""
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    OUTDATED = "outdated"
    """The question has changed since and is asked again."""

    @classmethod
    def of(cls, latest: bool, now: Standing) -> Self:
        """Return what has become of a receipt, by whether it is its subject's latest and by what holds now."""
        if now.state is State.WITHDRAWN:
            return cls(cls.WITHDRAWN)
        if not latest:
            return cls(cls.REPLACED)
        return cls({State.EXPIRED: cls.EXPIRED, State.SUPERSEDED: cls.OUTDATED}.get(now.state, cls.VALID))


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """One purpose as it was answered."""

    title: str
    sentence: str
    granted: bool


def answers(shown: Notice, current: Notice, granted: frozenset[str]) -> tuple[Answered, ...]:
    """Return what was answered, in the words of the reader's language where the purpose is still asked about."""
    words = {purpose.key: purpose.wording[current.language] for purpose in current.purposes}
    rows: list[Answered] = []
    for purpose in shown.purposes:
        if purpose.optional:
            said = words.get(purpose.key, purpose.wording[shown.language])
            rows.append(Answered(title=said.title, sentence=said.sentence, granted=purpose.key in granted))
    return tuple(rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptView(_Question, Page):
    """A person's own receipt: read, download, verify, change, withdraw, print.

    ``site`` and ``notice`` are the current ones, for the form that changes the answer; everything else is as
    it was when the person answered. Slot: ``token``.
    """

    template: ClassVar[str] = "receipt.html"
    site: Site
    notice: Notice
    code: str
    receipt: str
    """The receipt's id."""
    key: str
    """Id of the key that signed it."""
    standing: ReceiptStanding
    operator: Operator
    answers: tuple[Answered, ...]
    recipients: tuple[tuple[str, str], ...] = ()
    """Vendor and country code of everybody the granted purposes let in."""
    granted: frozenset[str] = frozenset()
    """Purposes granted by this receipt: ticked in the form while it is valid."""
    answered_in: str
    method: Method
    channel: Channel
    decided_at: datetime
    expires_at: datetime
    policy: PolicyRef
    notice_digest: str
    opt_out: bool = False
    covers: tuple[str, ...] = ()
    """The sites it was given for, as people know them, where it was given for several."""
    apart: bool = False
    """Whether the site's pages never learned of it."""
    face: Face | None = None
    """Why a withdrawal from here was not stored just now: :attr:`Face.UNCONFIRMED` or :attr:`Face.ANSWERED`."""
    token: ClassVar[Markup] = slot("token")

    @property
    def ticked(self) -> frozenset[str]:
        """Return the purposes that hold now by this receipt."""
        return self.granted if self.standing is ReceiptStanding.VALID else frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadSnippet(View):
    """The lines for the partner's ``<head>``: one for each script."""

    template: ClassVar[str] = "snippet/head.html"
    site: Site
    notice: Notice
    gateway: str
    """Origin of the gateway, as ``https://consent.example``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InlineSnippet(_Question, View):
    """The question in the partner's own page, directly after ``<body>``; it posts into our frame."""

    template: ClassVar[str] = "snippet/inline.html"
    site: Site
    notice: Notice
    gateway: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameSnippet(View):
    """The frame with our document that asks, at the end of the partner's ``<body>``."""

    template: ClassVar[str] = "snippet/frame.html"
    site: Site
    notice: Notice
    gateway: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EndSnippet(View):
    """The last lines of the partner's ``<body>``: images, frames and the state stylesheet."""

    template: ClassVar[str] = "snippet/end.html"
    site: Site
    notice: Notice
    gateway: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Snippet:
    """What a partner pastes into its pages in one language, by place; a place may stay empty."""

    head: str
    start: str
    """Directly after ``<body>``."""
    end: str
    """Last in ``<body>``."""

    def __str__(self) -> str:
        """Return all the lines, for a person to paste; comments say what goes where."""
        return "\n".join(part for part in (self.head, self.start, self.end) if part)


def snippet(site: Site, notice: Notice, gateway: str) -> Snippet:
    """Return what the partner pastes, in the language and the words of a notice."""
    head = render(HeadSnippet(language=notice.language, site=site, notice=notice, gateway=gateway))
    end = render(EndSnippet(language=notice.language, site=site, notice=notice, gateway=gateway))
    if site.style is Style.INLINE:
        inline = InlineSnippet(language=notice.language, site=site, notice=notice, gateway=gateway)
        return Snippet(head=head, start=render(inline), end=end)
    frame = FrameSnippet(language=notice.language, site=site, notice=notice, gateway=gateway)
    return Snippet(head=head, start="", end=f"{render(frame)}\n{end}")
