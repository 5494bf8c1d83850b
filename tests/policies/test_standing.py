"""Where a version stands among its neighbours."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consentgw.policies.model import Entry
from consentgw.policies.standing import Standing, places

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
IN_FORCE, SUPERSEDED, PLANNED, OVERTAKEN = Standing.IN_FORCE, Standing.SUPERSEDED, Standing.PLANNED, Standing.OVERTAKEN


def chain(*days: tuple[int, int]) -> tuple[Entry, ...]:
    """Return versions published and in force on these days."""
    digests = [str(number) for number in range(len(days))]
    return tuple(
        Entry(f"shop-{digest}", digest, before, NOON + timedelta(days=published), NOON + timedelta(days=effective))
        for digest, before, (published, effective) in zip(digests, [None, *digests], days, strict=False)
    )


@pytest.mark.parametrize(
    ("days", "at", "expected"),
    [
        ([(0, 0)], 0, [IN_FORCE]),
        ([(0, 0)], 900, [IN_FORCE]),
        ([(0, 5)], 4, [PLANNED]),
        ([(0, 5)], 5, [IN_FORCE]),
        ([(0, 0), (1, 1)], 1, [SUPERSEDED, IN_FORCE]),
        ([(0, 0), (0, 0)], 0, [SUPERSEDED, IN_FORCE]),
        ([(0, 0), (1, 5)], 4, [IN_FORCE, PLANNED]),
        ([(0, 0), (1, 5)], 5, [SUPERSEDED, IN_FORCE]),
        ([(0, 0), (1, 5), (2, 5)], 3, [IN_FORCE, OVERTAKEN, PLANNED]),
        ([(0, 0), (1, 5), (2, 5)], 9, [SUPERSEDED, OVERTAKEN, IN_FORCE]),
        ([(0, 0), (1, 5), (2, 7)], 6, [SUPERSEDED, IN_FORCE, PLANNED]),
        ([(0, 0), (1, 5), (5, 5)], 5, [SUPERSEDED, SUPERSEDED, IN_FORCE]),
    ],
)
def test_a_version_stands_where_its_dates_and_its_follower_s_put_it(days, at, expected):
    assert [place.standing for place in places(chain(*days), NOON + timedelta(days=at))] == expected


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), max_size=6), st.integers(-1, 40))
def test_at_any_instant_at_most_one_version_is_in_force_and_it_is_the_one_all_lead_to(steps, at):
    days: list[tuple[int, int]] = []
    for published, later in steps:  # published in order; in force in order, never before it was published
        begun = (days[-1][0] if days else 0) + published
        days.append((begun, max(begun + later, days[-1][1] if days else 0)))
    entries = chain(*days)

    stand = places(entries, NOON + timedelta(days=at))

    ruling = [place.entry for place in stand if place.standing is IN_FORCE]
    assert ruling == [entry for entry in entries if entry.effective_from <= NOON + timedelta(days=at)][-1:]
    assert all(place.ruling == (ruling[0] if ruling else None) for place in stand)
    for place in stand:
        assert (place.until is not None) == (
            place.standing is SUPERSEDED or bool(ruling and place.entry is ruling[0] and place.successor)
        )
