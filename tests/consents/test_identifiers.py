"""Identifiers sort in the order they were made, within a millisecond too: keys, messages and lists rely on it."""

import itertools
import time
from uuid import RFC_4122

from consentgw.consents.identifiers import uuid7


def test_what_is_made_later_sorts_later():
    made = [uuid7() for _ in range(5000)]

    assert all(earlier < later for earlier, later in itertools.pairwise(made))


def test_it_is_a_uuid_of_version_7_that_begins_with_the_time():
    before = time.time_ns()
    made = uuid7()
    after = time.time_ns()

    assert (made.version, made.variant) == (7, RFC_4122)
    assert before // 1_000_000 <= made.int >> 80 <= after // 1_000_000
    parts = (made.int >> 64 & 0xFFF) * 1_000_000 >> 12  # nanoseconds of the millisecond
    assert before - 250 <= (made.int >> 80) * 1_000_000 + parts <= after


def test_every_other_bit_is_left_to_chance():
    made = [uuid7().int & (1 << 62) - 1 for _ in range(200)]

    for bit in range(62):
        assert 40 < sum(number >> bit & 1 for number in made) < 160
