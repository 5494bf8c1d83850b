"""Notices and what people answer to them, for the pure rules of this room."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import strategies as st

from consentgw.consents.identifiers import uuid7
from consentgw.consents.model import Channel, Decision, Held, Method, Source
from consentgw.consents.receipt import Evidence, Receipt
from consentgw.notices.model import Basis, Notice, Purpose, Wording
from consentgw.notices.terms import Terms
from consentgw.notices.wording import words
from consentgw.policies.model import PolicyRef
from tests.policies.shop import SHOP

NOON = datetime(2026, 11, 24, 7, 0, tzinfo=UTC)
POLICY = PolicyRef("shop-2026-11-24", "a" * 64)
WORDS = words("en", operator=SHOP.operator.name, site=SHOP.name, vendors=0)


def purpose(key: str, basis: Basis = Basis.CONSENT) -> Purpose:
    """Return a purpose in one language."""
    return Purpose(key, basis, {"en": Wording(key.title(), f"For {key}.")})


def notice(*asked: str) -> Notice:
    """Return a notice in English that asks about these purposes, beside what is necessary."""
    purposes = (purpose("necessary", Basis.NECESSARY), *(purpose(key) for key in asked))
    return Notice("shop", "en", SHOP.operator, SHOP.authority_in("en"), purposes, (), POLICY, WORDS)


def terms(*asked: str, answerable: Collection[str] = ("n",), rest: int = 0, opt_out: bool = False) -> Terms:
    """Return the terms of a site that asks about these purposes; answers to notice ``n`` count."""
    return Terms(
        asked=frozenset(asked), answerable=frozenset(answerable), rest=timedelta(seconds=rest), opt_out=opt_out
    )


def held(granted: set[str] | frozenset[str] = frozenset(), **changes: object) -> Held:
    """Return what a browser holds of a decision about notice ``n``, given at 1 000 and valid until 2 000."""
    given: dict[str, object] = {
        "receipt": uuid7(),
        "subject": UUID(int=7),
        "sequence": 1,
        "notice": "n",
        "granted": frozenset(granted),
        "refused": frozenset(),
        "method": Method.SAVE,
        "decided_at": 1_000,
        "expires_at": 2_000,
    }
    return Held(**{**given, **changes})  # type: ignore[arg-type]


def receipt(**changes: object) -> Receipt:
    """Return a receipt in which nothing is left to chance."""
    given: dict[str, object] = {
        "id": UUID("01946e9c-0000-7000-8000-000000000001"),
        "site": "shop",
        "subject": UUID("01946e9c-0000-7000-8000-000000000002"),
        "previous": None,
        "decision": Decision("b" * 64, frozenset({"analytics"}), frozenset({"marketing"}), NOON),
        "policy": POLICY,
        "language": "kk",
        "method": Method.SAVE,
        "channel": Channel.FRAME,
        "source": Source.GIVEN_BY_PERSON,
        "expires_at": datetime(2027, 5, 25, 7, 0, tzinfo=UTC),
        "profile": "kz",
        "evidence": Evidence("https://gateway.example", "same-origin", gpc=False),
    }
    return Receipt(**{**given, **changes})  # type: ignore[arg-type]


KEYS = st.sampled_from(
    ["analytics", "marketing", "a", "b2", "maps", "social-media", "news_letter", "z" * 32, "necessary-2", "video"]
)
ASKED = st.sets(KEYS, max_size=8)
INSTANTS = st.datetimes(datetime(2020, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC)).map(  # noqa: DTZ001
    lambda instant: instant.replace(microsecond=0)
)
IDENTIFIERS = st.uuids()


@st.composite
def helds(draw: st.DrawFn) -> Held:
    """Anything a browser may hold."""
    granted, decided_at = draw(ASKED), draw(st.integers(0, 4_000_000_000))
    return Held(
        receipt=draw(IDENTIFIERS),
        subject=draw(IDENTIFIERS),
        sequence=draw(st.integers(0, 2**53)),
        notice=draw(st.sampled_from(["n", "m", "f" * 64])),
        granted=frozenset(granted),
        refused=frozenset(draw(ASKED) - granted),
        method=draw(st.sampled_from(Method)),
        decided_at=decided_at,
        expires_at=draw(st.integers(decided_at + 1, decided_at + 40_000_000)),
        signal=draw(st.booleans()),
    )


@st.composite
def receipts(draw: st.DrawFn) -> Receipt:
    """Any receipt."""
    asked = draw(ASKED)
    granted = frozenset(draw(st.sets(st.sampled_from(sorted(asked))))) if asked else frozenset[str]()
    instant = draw(INSTANTS)
    return receipt(
        id=draw(IDENTIFIERS),
        subject=draw(IDENTIFIERS),
        previous=draw(st.none() | IDENTIFIERS),
        decision=Decision("c" * 64, granted, frozenset(asked) - granted, instant),
        language=draw(st.sampled_from(["kk", "ru", "en"])),
        method=draw(st.sampled_from(Method)),
        channel=draw(st.sampled_from(Channel)),
        source=draw(st.sampled_from(Source)),
        expires_at=draw(INSTANTS),
        evidence=Evidence(
            draw(st.none() | st.sampled_from(["https://shop.example", "null"])),
            draw(st.none() | st.sampled_from(["cross-site", "same-origin"])),
            draw(st.booleans()),
        ),
    )
