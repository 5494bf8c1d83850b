"""Every document of ours that a visitor can meet, in every language; and a reader that lists their elements."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from html.parser import HTMLParser
from typing import TYPE_CHECKING

from consentgw.consents.again import Again
from consentgw.consents.kits import RedirectKit
from consentgw.consents.model import Channel, Method, State
from consentgw.consents.views import (
    Answered,
    ConsentView,
    EmbedView,
    Face,
    FrameSnippet,
    InlineSnippet,
    OptOutView,
    ReceiptStanding,
    ReceiptView,
)
from consentgw.http.explanations import EXPLANATIONS
from consentgw.http.languages import LANGUAGES
from consentgw.http.pages import Prepared, ProblemView, View
from consentgw.http.reference.pages import ExplanationView, ReferenceView
from consentgw.http.reference.reading import read as read_api
from consentgw.notices.model import Cookie, Covered, Kind, Notice, Tag
from consentgw.notices.views import NoticeView
from consentgw.notices.wording import usual, words
from consentgw.policies.model import Change, Entry, PolicyRef, PolicyVersion
from consentgw.policies.rendering import render
from consentgw.policies.standing import Place, places
from consentgw.policies.views import ArchiveView, ChangesView, Listed, PolicyView
from consentgw.sites.model import Operator, Site
from tests.house.desk import desk
from tests.house.papers import papers
from tests.house.requests import request_pages
from tests.http.reference.library import library

if TYPE_CHECKING:
    from collections.abc import Iterator

DAY, YEAR = 86_400, 31_536_000
GATEWAY = "https://consent.example"
ANSWERED_AT = datetime(2026, 11, 23, 18, 39, tzinfo=UTC)

SHOP = Site(
    slug="shop",
    name="Dala <Market>",
    operator=Operator(
        name="Dala & Sons LLP",
        registration="240140012342",
        address="Almaty, Abay Avenue 45",
        email="privacy@shop.example",
    ),
    origins=frozenset({"https://shop.example"}),
)
TAGS = (
    Tag(
        "ga4",
        "Google Analytics",
        frozenset({"analytics"}),
        {Kind.SCRIPT: "https://vendor.example/ga.js", Kind.IMAGE: "https://vendor.example/ga.gif"},
        "US",
        (Cookie("_ga", 2 * YEAR, "first"),),
    ),
    Tag(
        "ads",
        "Google Ads",
        frozenset({"marketing"}),
        {Kind.IMAGE: "https://vendor.example/ads.gif"},
        "US",
        (Cookie("IDE", 390 * DAY, "third"),),
    ),
    Tag("map", "Dala Maps", frozenset({"marketing"}), {Kind.FRAME: "https://vendor.example/map.html"}, "KZ"),
)
OWN = (Cookie("__Host-cg-shop", 182 * DAY, "third"),)


@cache
def notice(language: str) -> Notice:
    """Return what the shop asks, in a language."""
    purposes = tuple(usual(key) for key in ("necessary", "analytics", "marketing"))
    return Notice(
        SHOP.slug,
        language,
        SHOP.operator_in(language),
        SHOP.authority_in(language, ANSWERED_AT.date()),
        purposes,
        TAGS,
        PolicyRef("shop-2026-11-23", "3f" * 32),
        words(language, operator=SHOP.operator_in(language).name, site=SHOP.name, vendors=3),
    )


def question(language: str, face: Face, *granted: str, signal: bool = False) -> EmbedView:
    """Return the document inside the iframe."""
    return EmbedView(
        language=language,
        site=SHOP,
        notice=notice(language),
        face=face,
        granted=frozenset(granted),
        signal=signal,
    )


@cache
def shared(language: str) -> Notice:
    """Return what the shop asks for itself and for the club at once."""
    alone = notice(language)
    covers = (
        Covered("club", "Dala Club", ("club.example", "m.club.example"), PolicyRef("club-2026-11-23", "4f" * 32)),
        Covered("shop", SHOP.name, SHOP.hosts, alone.policy),
    )
    said = words(language, operator=alone.operator.name, site="", vendors=3, covers=covers)
    return replace(alone, words=said, covers=covers)


AGAIN = {
    "expired": Again(State.EXPIRED, frozenset({"analytics"}), frozenset({"marketing"})),
    "changed": Again(
        State.SUPERSEDED,
        frozenset({"analytics"}),
        frozenset({"marketing"}),
        reasons=(("Dala 1", "kk"), ("Dala 2", "ru"), ("Dala 3", "en")),
        operator=True,
        recipients=("Dala Maps", "Google Ads"),
    ),
    "new": Again(State.VALID, frozenset({"analytics"}), frozenset()),
    "joined": Again(
        State.SUPERSEDED,
        frozenset({"analytics"}),
        frozenset({"marketing"}),
        joined=("Dala Club (club.example)",),
    ),
}
"""Why somebody may be asked again."""


def asked_again(language: str, why: str) -> tuple[EmbedView, ConsentView]:
    """Return the document inside the iframe and the full page for somebody who answered before."""
    return tuple(
        replace(view, again=AGAIN[why]) for view in (question(language, Face.ASK), full_page(language, Face.ASK))
    )


def full_page(language: str, face: Face, *granted: str) -> ConsentView:
    """Return the full page."""
    return ConsentView(
        language=language,
        languages=SHOP.languages,
        site_slug=SHOP.slug,
        site_name=SHOP.name,
        site=SHOP,
        notice=notice(language),
        face=face,
        own=OWN,
        granted=frozenset(granted),
    )


def full_page_shared(language: str, face: Face, *granted: str) -> ConsentView:
    """Return the full page of the redirect flow, where the shop shares consent."""
    return replace(
        full_page(language, face, *granted),
        notice=shared(language),
        back="shop.example",
        back_url="/consent/shop?prompt=none",
        carried="c4rried",
        counts_at=tuple(map(str, shared(language).covers)) if granted else (),
    )


def opt_out(language: str, *granted: str) -> OptOutView:
    """Return the page that ends sale and sharing, for somebody who granted this."""
    return OptOutView(
        language=language,
        languages=SHOP.languages,
        site_slug=SHOP.slug,
        site_name=SHOP.name,
        site=SHOP,
        notice=notice(language),
        stays=("analytics",) if granted else (),
        granted=granted,
        known=bool(granted),
        signal=bool(granted),
        receipt="c0de" if granted else "",
    )


def receipt(language: str, standing: ReceiptStanding, *granted: str) -> ReceiptView:
    """Return the receipt of somebody who granted these purposes."""
    asked = (purpose for purpose in notice(language).purposes if purpose.optional)
    return ReceiptView(
        language=language,
        languages=SHOP.languages,
        site_slug=SHOP.slug,
        site_name=SHOP.name,
        site=SHOP,
        notice=notice(language),
        code="c0de",
        receipt="0193b2c4-7d5e-7c1a-9f00-1b2c3d4e5f60",
        key="2026-11",
        standing=standing,
        operator=SHOP.operator,
        answers=tuple(
            Answered(
                title=purpose.wording[language].title,
                sentence=purpose.wording[language].sentence,
                granted=purpose.key in granted,
            )
            for purpose in asked
        ),
        recipients=(("Google Analytics", "US"),),
        granted=frozenset(granted),
        answered_in=language,
        method=Method.SAVE,
        channel=Channel.FRAME,
        decided_at=ANSWERED_AT,
        expires_at=ANSWERED_AT + timedelta(days=182),
        policy=notice(language).policy,
        notice_digest=notice(language).digest,
    )


def versions(site: str = SHOP.slug) -> tuple[Entry, ...]:
    """Return a chain of four versions: one past, one in force, one replaced while planned, one planned."""
    days = ((-200, -200), (0, 0), (1, 30), (2, 30))
    digests = [f"{number:064x}" for number in range(len(days))]
    return tuple(
        Entry(
            f"{site}-{ANSWERED_AT + published * timedelta(days=1):%Y-%m-%d}",
            digests[number],
            digests[number - 1] if number else None,
            ANSWERED_AT + timedelta(days=published),
            ANSWERED_AT + timedelta(days=effective),
        )
        for number, (published, effective) in enumerate(days)
    )


PLACES = places(versions(), ANSWERED_AT + timedelta(days=3))


def version(place: Place, **texts: str) -> PolicyVersion:
    """Return a version that stands there."""
    reasons = dict.fromkeys(LANGUAGES, "Dala <added> a service.") if place.predecessor else {}
    return PolicyVersion(
        site=SHOP.slug,
        version=place.entry.version,
        published_at=place.entry.published_at,
        effective_from=place.entry.effective_from,
        predecessor=place.predecessor and PolicyRef(place.predecessor.version, place.predecessor.digest),
        languages=LANGUAGES,
        texts={
            language: render(texts.get(language, "# Dala\n\n## 1. Dala\n\n1.1. Dala.")).text for language in LANGUAGES
        },
        reasons=reasons,
    )


def policies(language: str) -> Iterator[tuple[str, View]]:
    """Yield the pages of a policy: its versions wherever they stand, their changes and the list of all."""
    for place in PLACES:
        yield f"policy-{place.standing}-{language}", PolicyView.of(version(place), place, language, SHOP.name)
    first, second = version(PLACES[0]), version(PLACES[1], **{language: "# Dala\n\n## 1. Dala\n\n1.1. Alma.\n\n- <b>"})
    yield f"changes-first-{language}", ChangesView.of(first, None, language, SHOP.name)
    yield f"changes-none-{language}", ChangesView.of(version(PLACES[1]), first, language, SHOP.name)
    yield f"changes-{language}", ChangesView.of(second, first, language, SHOP.name)
    listed = tuple(
        Listed(place, LANGUAGES, Change.MATERIAL, "Dala <added>" * bool(place.predecessor)) for place in PLACES
    )
    yield (
        f"archive-{language}",
        ArchiveView(language=language, languages=LANGUAGES, site_slug=SHOP.slug, site_name=SHOP.name, listed=listed),
    )


def snapshot(shown: Notice) -> NoticeView:
    """Return the page of a notice."""
    language = shown.language
    return NoticeView(
        language=language,
        site_slug=SHOP.slug,
        site_name=SHOP.name,
        notice=shown,
        digest=shown.digest,
        shown=shown.shown,
        issued_at=(ANSWERED_AT, ANSWERED_AT + timedelta(days=30)),
    )


PROBLEMS = (
    (404, "not_found"),
    (400, "malformed"),
    (403, "forged"),
    (403, "forbidden"),
    (409, "already_answered"),
    (409, "unconfirmed"),
    (410, "gone"),
    (413, "too_large"),
    (429, "too_many"),
    (503, "unavailable"),
    (500, ""),
)


def documents() -> Iterator[tuple[str, View]]:
    """Yield the name and the view of every whole document, in every language."""
    for language in LANGUAGES:
        for face in Face:
            yield f"embed-{face}-{language}", question(language, face)
            yield f"consent-{face}-{language}", full_page(language, face)
        held = question(language, Face.DECIDED, "analytics", signal=True)
        yield f"embed-held-{language}", held
        yield f"consent-held-{language}", full_page(language, Face.DECIDED, "analytics")
        for why in AGAIN:
            embedded, full = asked_again(language, why)
            yield f"embed-again-{why}-{language}", embedded
            yield f"consent-again-{why}-{language}", full
        curbed = replace(question(language, Face.DECIDED, "analytics", signal=True), curbed=frozenset({"marketing"}))
        yield f"embed-curbed-{language}", curbed
        yield f"embed-answered-{language}", replace(question(language, Face.SIGNAL, "analytics"), adpc=True)
        yield f"consent-california-{language}", replace(full_page(language, Face.ASK), opt_out=True, receipt="c0de")
        for held in ((), ("Dala",)):
            yield f"opt-out-{bool(held)}-{language}", opt_out(language, *held)
        for standing in ReceiptStanding:
            yield f"receipt-{standing}-{language}", receipt(language, standing, "analytics")
        for face in (Face.UNCONFIRMED, Face.ANSWERED):
            yield (
                f"receipt-{face}-{language}",
                replace(receipt(language, ReceiptStanding.VALID, "analytics"), face=face),
            )
        for status, code in PROBLEMS:
            wait = 3_300 if code == "too_many" else 0
            problem = ProblemView(
                language=language, languages=LANGUAGES, status=status, code=code, back="/consent/shop", wait=wait
            )
            yield f"problem-{status}-{code}-{language}", problem
        yield from policies(language)
        yield from request_pages(SHOP, language)
        yield f"notice-{language}", snapshot(notice(language))
        yield f"notice-shared-{language}", snapshot(shared(language))
        yield f"consent-shared-{language}", full_page_shared(language, Face.ASK)
        yield f"consent-shared-held-{language}", full_page_shared(language, Face.DECIDED, "analytics")
        covers = tuple(map(str, shared(language).covers))
        yield (
            f"receipt-shared-{language}",
            replace(receipt(language, ReceiptStanding.VALID, "analytics"), covers=covers),
        )
        yield from desk(language)
    yield from papers(SHOP)
    yield "reference", ReferenceView(language="en", reference=read_api(library().openapi(), GATEWAY))
    for code, explanation in EXPLANATIONS.items():
        yield f"problem-type-{code}", ExplanationView(language="en", code=code, explanation=explanation, origin=GATEWAY)


def snippets() -> Iterator[tuple[str, View]]:
    """Yield the name and the view of the parts of the partner's page that a person sees."""
    for language in LANGUAGES:
        words = notice(language)
        yield (
            f"inline-{language}",
            InlineSnippet(language=language, site=SHOP, notice=words, gateway=GATEWAY),
        )
        yield f"frame-{language}", FrameSnippet(language=language, site=SHOP, notice=words, gateway=GATEWAY)
        back = {"name": "done", "address": "https://shop.example/after-consent"}
        yield f"redirect-{language}", RedirectKit(language=language, site=SHOP, gateway=GATEWAY, **back)


def written(view: View) -> str:
    """Return a view as it is sent, with something in every slot."""
    values = {"token": "t0ken", "until": "24.05.2027", "receipt_url": "/receipt/c0de", "releases": ""}
    return Prepared.of(view).fill(**values, answered="23.11.2026", passed="", receipt="").decode()


@dataclass(slots=True)
class Element:
    """An element of a document."""

    tag: str
    attributes: dict[str, str]
    inside: tuple[str, ...]
    """Tags of its ancestors, the nearest last."""
    text: str = ""
    """All text in it, also deeper."""
    children: list[Element] = field(default_factory=list)

    def __getitem__(self, name: str) -> str:
        """Return an attribute."""
        return self.attributes[name]

    def get(self, name: str) -> str | None:
        """Return an attribute, or nothing."""
        return self.attributes.get(name)


class Reader(HTMLParser):
    """Lists the elements of a document in their order, and insists that they are closed in order."""

    EMPTY = frozenset({"meta", "link", "input", "img", "br", "hr"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[Element] = []
        self._open: list[Element] = []
        self.feed(text)
        self.close()
        assert not self._open, f"not closed: {[element.tag for element in self._open]}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element."""
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), f"an attribute of <{tag}> is repeated"
        attributes = {name: value or "" for name, value in attrs}
        element = Element(tag, attributes, tuple(each.tag for each in self._open))
        if self._open:
            self._open[-1].children.append(element)
        self.elements.append(element)
        if tag not in self.EMPTY:
            self._open.append(element)

    def handle_endtag(self, tag: str) -> None:
        """Close the element that is open."""
        assert self._open, f"</{tag}> closes nothing"
        assert self._open[-1].tag == tag, f"</{tag}> closes <{self._open[-1].tag}>"
        self._open.pop()
        if tag in {"dt", "dd", "td", "th", "caption", "p", "li"}:
            self.handle_data("\n")

    def handle_data(self, data: str) -> None:
        """Add text to every element it is in."""
        for element in self._open:
            element.text += data

    def all(self, *tags: str) -> list[Element]:
        """Return the elements with one of these tags."""
        return [element for element in self.elements if element.tag in tags]


def read(view: View) -> Reader:
    """Return the elements of a view as it is sent."""
    return Reader(written(view))


def said(text: str) -> str:
    """Return text with its white space made single."""
    return " ".join(text.split())
