"""The comparison of weights adds up, and our lines cost a page what we say. How fast anything is, no test decides."""

from __future__ import annotations

import pytest

from tests.bench import weight


def test_a_package_that_is_not_the_one_we_know_is_not_used():
    with pytest.raises(ValueError, match="is not what it was"):
        weight.unpacked(b"another package")


def test_a_table_holds_medians_and_ratios_that_are_paired_by_round():
    plain = [{"bytes": 1000.0, "requests": 2.0}, {"bytes": 3000.0, "requests": 2.0}, {"bytes": 2000.0, "requests": 2.0}]
    ours = [{"bytes": 2000.0, "requests": 4.0}, {"bytes": 3000.0, "requests": 4.0}, {"bytes": 5000.0, "requests": 4.0}]

    assert weight.table({"plain": plain, "ours": ours}).splitlines() == [
        "| | without | consentgw |",
        "|---|---|---|",
        "| bytes over the wire | 2 000 | 3 000 (2.00) |",
        "| requests | 2 | 4 (2.00) |",
    ]


def test_our_lines_bring_no_script_and_shift_nothing_and_cost_a_request_for_the_state_and_one_for_each_tag(stage):
    nothing = {"cookieconsent.css": b"", "cookieconsent.umd.js": b""}
    with weight.opened(nothing) as shop:
        bare, _ = weight.in_chromium(stage, shop, "plain", hurried=True)
        first, later = weight.in_chromium(stage, shop, "ours", hurried=True)

    assert first["requests"] == bare["requests"] + 1 + 2
    assert first["script"] == bare["script"] == 0
    assert first["shift"] == later["shift"] == 0
    assert first["bytes"] - bare["bytes"] < 12_000
    assert later["script"] == 2 * len(weight.VENDOR), "the vendors' own, and nothing of ours"
