"""The whole journey, for each way to embed, in each engine, as their owners have set them up."""

from __future__ import annotations

import os
from itertools import combinations, product
from typing import Literal, NamedTuple

import pytest

from tests.browsers.fixtures import EVERY
from tests.journeys.visiting import complaints
from tests.matrix.ways import COUNTED, KITS, SNIPPETS, WAYS, visitor


class Case(NamedTuple):
    """One browser at one partner."""

    way: str
    engine: str
    scripts: bool
    cookies: Literal["allow", "block"]
    gpc: bool

    def __str__(self) -> str:
        """Return it as the test's id."""
        scripts = "with-scripts" if self.scripts else "without-scripts"
        return f"{self.way}-{self.engine}-{scripts}-{self.cookies}{'-gpc' if self.gpc else ''}"


EVERYDAY = """
            chromium        firefox         webkit
inline      block   allow+  allow   block+  allow   allow
frame       allow+  block   block+  allow   allow   allow
subdomain   block+  allow   allow+  block   block   allow
nginx       allow   block+  block   allow+  allow   block
caddy       block   allow+  allow   block+  block   allow
redirect    allow+  block   block+  allow   allow   block
"""
"""Each way in each engine, first without scripts and then with them. Third-party cookies are as it says, and ``+`` is
Global Privacy Control: any two settings meet in some case. ``CG_MATRIX=all`` runs every combination."""


def everyday() -> list[Case]:
    """Return the cases of the table."""
    head, *rows = EVERYDAY.strip().splitlines()
    columns = [(engine, scripts) for engine in head.split() for scripts in (False, True)]
    return [
        Case(way, engine, scripts, said.removesuffix("+"), said.endswith("+"))
        for way, *cells in map(str.split, rows)
        for (engine, scripts), said in zip(columns, cells, strict=True)
    ]


def possible(case: Case) -> bool:
    """Return whether the journey can be gone so: what cannot is in `test_limits`."""
    return case.engine != "webkit" or not (case.gpc or (case.way in SNIPPETS and case.cookies == "block"))


ALL = [
    case
    for case in map(Case._make, product(WAYS, EVERY, (False, True), ("allow", "block"), (False, True)))
    if possible(case)
]
CASES = ALL if os.environ.get("CG_MATRIX") == "all" else everyday()


def test_any_two_settings_meet_in_some_case():
    def pairs(cases):
        return {
            ((one, getattr(case, one)), (other, getattr(case, other)))
            for case in cases
            for one, other in combinations(Case._fields, 2)
        }

    assert set(everyday()) <= set(ALL)
    assert pairs(everyday()) == pairs(ALL)
    assert {case[:3] for case in everyday()} == {case[:3] for case in ALL}


@pytest.mark.parametrize("case", CASES, ids=str)
def test_vendors_hear_of_a_visitor_exactly_as_long_as_she_allows_it(case, person, town, ground):
    ground(case.way)
    browser = person(case.engine, scripts=case.scripts, third_party_cookies=case.cookies, gpc=case.gpc)
    aigerim, elsewhere = visitor(case.way, browser, town)
    partner, mounted = aigerim.partner, case.way in KITS
    # Who sends Global Privacy Control is not asked, and everything is off; only a partner's own server does not know.
    asks = not case.gpc

    # Undecided, and nobody is told, here or there.
    elsewhere.visit()
    assert elsewhere.asked is asks
    aigerim.visit()
    assert aigerim.asked is (asks or case.way == "redirect")
    assert not town.seen
    assert COUNTED not in browser.source()

    # Refuse.
    (aigerim.answer if aigerim.asked else aigerim.change)("reject_all")
    aigerim.visit()
    assert not aigerim.asked
    assert not town.seen

    # Analytics only: released right after the click, and again on the next page; marketing never.
    aigerim.change("save", "analytics")
    aigerim.saw({partner.analytics})
    town.forget()
    aigerim.visit()
    aigerim.saw({partner.analytics})

    # Everything.
    aigerim.change("save", "marketing")
    aigerim.saw(partner.everyone)
    town.forget()
    aigerim.visit()
    aigerim.saw(partner.everyone)
    assert (COUNTED in browser.source()) is mounted

    # Withdraw: nothing from the next request on, and she is not asked again.
    aigerim.change("withdraw")
    town.forget()
    aigerim.visit()
    assert not aigerim.asked
    assert not town.seen
    assert COUNTED not in browser.source()

    # The other partner has been undecided all along, and the browser had nothing to complain about.
    elsewhere.visit()
    assert elsewhere.asked is asks
    assert not town.seen
    if case.engine != "webkit" and not mounted:  # a web server's refusal of a file is an error in the console
        assert not complaints(browser)
