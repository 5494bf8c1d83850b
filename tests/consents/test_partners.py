"""What partners tell us of people: a yes stays where it was given, a no travels, the last word counts."""

from __future__ import annotations

import asyncio
import itertools
from dataclasses import dataclass, field

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from consentgw.consents import partners, store
from consentgw.consents.identifiers import uuid7
from consentgw.consents.model import Channel, Method, Reason, Source, reasons
from consentgw.consents.service import record
from consentgw.consents.states import Changes
from consentgw.consents.subjects import Pseudonyms
from consentgw.errors import Malformed, NotFound, OnlyThePerson, UnknownPurpose
from consentgw.notices.catalogue import read_offer
from tests.db import notes
from tests.notices.story import answer, open_shop, signer

PURPOSES = frozenset({"analytics", "marketing"})
PSEUDONYMS = Pseudonyms((b"k" * 32,))
SOME = st.sets(st.sampled_from(sorted(PURPOSES))).map(frozenset)
BROWSERS, PEOPLE = ("laptop", "phone", "kiosk"), ("4711", "aigerim@example.kz")
FRESH = itertools.count()


@pytest.fixture
def offer(db):
    """What the shop asks."""
    return db.ask(read_offer, db.apply(open_shop))


@pytest.fixture
def key(db):
    """The key that signs."""
    return db.apply(signer)


@pytest.fixture
def customer():
    """A partner's identifier."""
    return PSEUDONYMS.of("shop", "4711")


def person(db, offer, key, *granted):
    """Let somebody answer in a browser of their own; return what it holds."""
    return db.apply(record, answer(offer.notices["en"], Method.SAVE, granted), key)


def hold(db, offer, key, who, *granted):
    """Record what the partner says of somebody; return what they hold now."""
    kept = db.apply(partners.hold, offer, who, offer.notices["en"], granted, key)
    return store.held_by(kept.receipt, kept.sequence)


def withdraw(db, offer, key, who, purposes=None):
    """Take consent back; return what the subject that decided last holds now."""
    kept = db.apply(partners.withdraw, offer, who, purposes, key)
    return store.held_by(kept.receipt, kept.sequence)


def allowed(db, offer, clock, who):
    """Return the purposes that are allowed for somebody now."""
    held = db.ask(partners.holds, offer.site.slug, who)
    return {one for one, reason in reasons(held, offer.terms, now=clock.now.timestamp()).items() if reason.allows}


def test_what_is_recorded_at_once_for_one_person_is_one_history(db, offer, key, customer):
    with notes.busy(db):
        group = [
            db.writer.submit(lambda unit, yes=yes: partners.hold(unit, offer, customer, offer.notices["en"], yes, key))
            for yes in (("analytics",), ("marketing",), ())
        ]
    first, second, third = [future.result(30) for future in group]

    assert [kept.receipt.previous for kept in (first, second, third)] == [None, first.receipt.id, second.receipt.id]
    assert len({kept.receipt.subject for kept in (first, second, third)}) == 1
    assert db.ask(partners.holds, "shop", customer) == store.held_by(third.receipt, third.sequence)


def test_a_partner_s_record_is_a_signed_receipt_that_says_who_says_so(db, offer, key, customer, clock):
    held = hold(db, offer, key, customer, "analytics")

    receipt = db.ask(store.read, held.receipt).receipt
    assert (receipt.source, receipt.channel, receipt.method) == (Source.ASSERTED_BY_PARTNER, Channel.API, Method.SAVE)
    assert (receipt.decision.granted, receipt.decision.refused) == ({"analytics"}, {"marketing"})
    assert (receipt.evidence.origin, receipt.evidence.fetch_site, receipt.evidence.gpc) == (None, None, False)
    assert allowed(db, offer, clock, customer) == {"analytics"}
    assert allowed(db, offer, clock, held.subject) == {"analytics"}


@pytest.mark.parametrize(
    ("granted", "method"),
    [(("analytics", "marketing"), Method.ACCEPT_ALL), ((), Method.REJECT_ALL), (("marketing",), Method.SAVE)],
)
def test_the_method_is_what_was_decided(db, offer, key, customer, granted, method):
    assert db.ask(store.read, hold(db, offer, key, customer, *granted).receipt).receipt.method is method


def test_a_second_record_goes_to_the_same_subject_and_replaces_the_first(db, offer, key, customer):
    first = hold(db, offer, key, customer, "analytics")
    second = hold(db, offer, key, customer)

    assert second.subject == first.subject
    assert db.ask(store.read, second.receipt).receipt.previous == first.receipt
    assert db.ask(partners.find, "shop", customer) == [first.subject]


def test_identifiers_are_a_site_s_own_and_never_kept_in_clear(db, offer, key, settings):
    held = hold(db, offer, key, PSEUDONYMS.of("shop", "aigerim@example.kz"), "analytics")

    assert db.ask(partners.holds, "news", PSEUDONYMS.of("news", "aigerim@example.kz")) is None
    with pytest.raises(NotFound):
        db.ask(partners.holds, "news", held.subject)
    with notes.stranger(settings) as connection:
        ((digest,),) = connection.execute("SELECT digest FROM identifiers").fetchall()
    assert len(bytes(digest)) == 32
    if settings.embedded:
        assert all(b"aigerim" not in file.read_bytes() for file in settings.data.iterdir())


def test_an_identifier_kept_under_a_former_secret_is_still_found(db, offer, key, customer):
    held = hold(db, offer, key, customer, "analytics")
    renewed = Pseudonyms((b"n" * 32, b"k" * 32)).of("shop", "4711")

    assert db.ask(partners.holds, "shop", renewed) == held
    assert hold(db, offer, key, renewed).subject == held.subject
    assert db.ask(partners.holds, "shop", Pseudonyms((b"n" * 32,)).of("shop", "4711")) is None


def test_nobody_says_yes_for_a_browser(db, offer, key, clock):
    laptop = person(db, offer, key)

    with pytest.raises(OnlyThePerson):
        hold(db, offer, key, laptop.subject, "analytics")
    assert hold(db, offer, key, laptop.subject).refused == PURPOSES
    assert allowed(db, offer, clock, laptop.subject) == set()


def test_a_yes_for_an_identifier_does_not_reach_its_browsers(db, offer, key, customer, clock):
    laptop = person(db, offer, key)
    db.apply(partners.link, offer, laptop.subject, customer, key)

    hold(db, offer, key, customer, *PURPOSES)

    assert allowed(db, offer, clock, customer) == PURPOSES
    assert allowed(db, offer, clock, laptop.subject) == set()


def test_withdrawing_for_an_identifier_stops_every_linked_browser_of_every_process(db, offer, key, customer, clock):
    jars = [person(db, offer, key, *PURPOSES) for _ in range(3)]
    for jar in jars[:2]:
        db.apply(partners.link, offer, jar.subject, customer, key)

    db.apply(partners.withdraw, offer, customer, None, key)

    changes = Changes()
    asyncio.run(changes.refresh(_Async(db)))
    assert [changes.newest(jar).granted for jar in jars] == [frozenset(), frozenset(), PURPOSES]
    assert allowed(db, offer, clock, customer) == set()
    assert {entry.channel for entry in db.ask(store.decisions, "shop", [jar.subject for jar in jars[:2]])} == {
        Channel.INLINE,
        Channel.API,
        Channel.LINK,
    }


def test_withdrawing_in_one_browser_stops_the_others_of_the_same_person(db, offer, key, customer):
    laptop, phone = (person(db, offer, key, *PURPOSES) for _ in range(2))
    for jar in (laptop, phone):
        db.apply(partners.link, offer, jar.subject, customer, key)

    db.apply(record, answer(offer.notices["en"], Method.WITHDRAW, previous=laptop), key)

    assert db.ask(store.latest, "shop", phone.subject).granted == frozenset()


def test_taking_some_back_leaves_the_rest_as_it_was_given_and_no_longer(db, offer, key, customer, clock):
    given = hold(db, offer, key, customer, *PURPOSES)
    clock.step(days=100)

    held = withdraw(db, offer, key, customer, ["marketing"])

    receipt = db.ask(store.read, held.receipt).receipt
    assert (receipt.method, receipt.withdrawn) == (Method.WITHDRAW_SOME, {"marketing"})
    assert held.expires_at == given.expires_at
    assert held.notice == given.notice
    assert reasons(held, offer.terms, now=clock.now.timestamp()) == {
        "analytics": Reason.VALID,
        "marketing": Reason.WITHDRAWN,
    }
    clock.step(days=83)
    assert allowed(db, offer, clock, customer) == set()


def test_a_withdrawal_for_somebody_unknown_is_kept_and_stops_a_browser_that_is_linked_later(
    db, offer, key, customer, clock
):
    laptop = person(db, offer, key, *PURPOSES)
    db.apply(partners.withdraw, offer, customer, ["marketing"], key)
    phone = person(db, offer, key, *PURPOSES)

    for jar in (laptop, phone):
        assert db.apply(partners.link, offer, jar.subject, customer, key).new

    assert allowed(db, offer, clock, laptop.subject) == {"analytics"}
    assert allowed(db, offer, clock, phone.subject) == PURPOSES, "that yes was given after the withdrawal"
    assert allowed(db, offer, clock, customer) == PURPOSES, "and is the last word"


def test_linking_twice_changes_nothing(db, offer, key, customer):
    laptop = person(db, offer, key, *PURPOSES)

    assert db.apply(partners.link, offer, laptop.subject, customer, key).new
    before = db.ask(store.decisions, "shop", [laptop.subject])
    assert not db.apply(partners.link, offer, laptop.subject, customer, key).new

    assert db.ask(partners.find, "shop", customer) == [laptop.subject]
    assert db.ask(store.decisions, "shop", [laptop.subject]) == before


def test_what_is_not_there_or_another_site_s_is_not_found(db, offer, key, customer):
    laptop = person(db, offer, key)
    elsewhere = db.ask(read_offer, db.apply(open_shop, _news()))

    for site, subject in ((offer, uuid7()), (elsewhere, laptop.subject)):
        with pytest.raises(NotFound):
            db.apply(partners.link, site, subject, customer, key)
        with pytest.raises(NotFound):
            db.apply(partners.withdraw, site, subject, None, key)
        with pytest.raises(NotFound):
            db.apply(partners.hold, site, subject, site.notices["en"], (), key)
        with pytest.raises(NotFound):
            db.ask(partners.holds, site.site.slug, subject)
        assert db.ask(partners.hold_all, site.site.slug, [subject]) == [None]
    assert len(db.ask(store.decisions, "shop", [laptop.subject])) == 1


def test_a_purpose_nobody_asked_about_is_refused_and_nothing_is_kept(db, offer, key, customer):
    with pytest.raises(UnknownPurpose):
        db.apply(partners.withdraw, offer, customer, ["profiling"], key)
    with pytest.raises(UnknownPurpose):
        hold(db, offer, key, customer, "profiling")

    assert db.ask(partners.find, "shop", customer) == []


@pytest.mark.parametrize("text", ["", "id:", "4711", "id:a b", "id:\n", "id:\x00", "id:" + "x" * 201, "id:\ud800",
                                  "00000000-0000-0000-0000-00000000000g", "{" + "0" * 36 + "}", "ID:4711"])  # fmt: skip
def test_a_subject_that_is_named_in_no_known_way_is_refused(text):
    with pytest.raises(Malformed):
        PSEUDONYMS.read("shop", text)


def test_a_subject_is_named_by_its_id_or_by_the_partner_s_own():
    identifier = uuid7()

    assert PSEUDONYMS.read("shop", str(identifier)) == identifier
    assert PSEUDONYMS.read("shop", "id:aigerim@example.kz") == PSEUDONYMS.of("shop", "aigerim@example.kz")
    assert PSEUDONYMS.of("shop", "4711") != PSEUDONYMS.of("news", "4711")
    assert "4711" not in repr(PSEUDONYMS.of("shop", "4711"))


# Any sequence of decisions, links and withdrawals, against the three rules written down once more.


@dataclass
class Said:
    """Something somebody said, in its place."""

    subject: str
    granted: frozenset[str] | None
    """None where it only takes back."""
    no: frozenset[str]
    at: float


@dataclass
class Oracle:
    """The rules, without a ledger."""

    said: list[Said] = field(default_factory=list)
    behind: dict[str, list[str]] = field(default_factory=lambda: {name: [] for name in PEOPLE})

    def last(self, who: str) -> str | None:
        """Return whose word was the last: a browser's own, or one of those behind an identifier."""
        group = self.behind.get(who, [who])
        return next((one.subject for one in reversed(self.said) if one.subject in group), None)

    def grants(self, subject: str | None, now: float) -> set[str]:
        """Return what a subject may be used for."""
        place, given = next(
            (
                (place, one)
                for place, one in reversed(list(enumerate(self.said)))
                if one.subject == subject and one.granted is not None
            ),
            (0, None),
        )
        if given is None or given.at + 182 * 86_400 <= now:
            return set()
        near = {subject}.union(*(group for group in self.behind.values() if subject in group))
        return set(given.granted).difference(*(one.no for one in self.said[place + 1 :] if one.subject in near))


ACTS = st.one_of(
    st.tuples(st.just("answers"), st.sampled_from(BROWSERS), SOME),
    st.tuples(st.just("withdraws"), st.sampled_from(BROWSERS), st.none()),
    st.tuples(st.just("holds"), st.sampled_from(PEOPLE), SOME),
    st.tuples(st.just("takes back"), st.sampled_from(BROWSERS + PEOPLE), st.none() | SOME.filter(bool)),
    st.tuples(st.just("links"), st.sampled_from(BROWSERS), st.sampled_from(PEOPLE)),
    st.tuples(st.just("waits"), st.sampled_from((1, 100)), st.none()),
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(acts=st.lists(ACTS, max_size=14))
def test_any_story_ends_as_the_three_rules_say(db, offer, key, clock, acts):
    story = next(FRESH)
    whos = {name: PSEUDONYMS.of("shop", f"{name}/{story}") for name in PEOPLE}
    oracle, jars = Oracle(), {}

    for act, who, what in acts:
        now = clock.now.timestamp()
        if act == "waits":
            clock.step(days=who)
        elif act == "answers":
            jars[who] = _in_browser(db, offer, key, jars.get(who), Method.SAVE, what)
            oracle.said.append(Said(who, what, PURPOSES - what, now))
        elif act == "holds":
            hold(db, offer, key, whos[who], *what)
            if f"own {who}" not in oracle.behind[who]:
                oracle.behind[who].append(f"own {who}")
            oracle.said.append(Said(f"own {who}", what, PURPOSES - what, now))
        elif who not in jars and who not in whos:
            continue
        elif act == "withdraws":
            jars[who] = _in_browser(db, offer, key, jars[who], Method.WITHDRAW, ())
            oracle.said.append(Said(who, None, PURPOSES, now))
        elif act == "takes back":
            db.apply(partners.withdraw, offer, whos.get(who) or jars[who].subject, what, key)
            subject = oracle.last(who)
            if subject is None:
                subject = f"own {who}"
                oracle.behind[who].append(subject)
            oracle.said.append(Said(subject, None, PURPOSES if what is None else what, now))
        else:
            db.apply(partners.link, offer, jars[who].subject, whos[what], key)
            if who not in oracle.behind[what]:
                oracle.behind[what].append(who)

    now = clock.now.timestamp()
    changes = Changes()
    asyncio.run(changes.refresh(_Async(db)))
    for name, jar in jars.items():
        expected = oracle.grants(name, now)
        assert allowed(db, offer, clock, jar.subject) == expected, name
        at_the_gate = reasons(changes.newest(jar), offer.terms, now=now)
        assert {one for one, reason in at_the_gate.items() if reason.allows} == expected, f"{name} at the gate"
    for name, who in whos.items():
        assert allowed(db, offer, clock, who) == oracle.grants(oracle.last(name), now), name
    everyone = [*whos.values(), *(jar.subject for jar in jars.values())]
    assert db.ask(partners.hold_all, "shop", everyone) == [db.ask(partners.holds, "shop", who) for who in everyone]


def _in_browser(db, offer, key, jar, method, granted):
    """Answer as a browser does: with its cookie, corrected by what this process has heard."""
    previous = jar and db.ask(store.latest, "shop", jar.subject)
    return db.apply(record, answer(offer.notices["en"], method, tuple(granted), previous=previous), key)


def test_processes_take_in_changes_of_browsers_and_leave_out_whom_only_a_partner_records_to(db, offer, key, customer):
    browser = person(db, offer, key, "analytics")
    db.apply(partners.link, offer, browser.subject, customer, key)  # an identifier of the partner's, still a browser
    withdrawn = withdraw(db, offer, key, browser.subject)
    hold(db, offer, key, PSEUDONYMS.of("shop", "4712"), "analytics")
    changed = hold(db, offer, key, PSEUDONYMS.of("shop", "4712"))

    found, read_to = db.ask(store.changes, 0)

    assert found == [withdrawn]
    assert read_to == changed.sequence
    assert db.ask(store.changes, read_to) == ([], read_to)


def _news():
    from tests.gateway import PARTNERS

    return PARTNERS[1]


class _Async:
    """The reading half of a database, for a test without an event loop of its own."""

    def __init__(self, db):
        self._db = db

    async def read(self, query, *args):
        return self._db.ask(query, *args)
