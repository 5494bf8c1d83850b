"""Whatever state the gateway is in: the partner's page is there, its links lead on, and no vendor hears of it."""

from __future__ import annotations

import os

import pytest

from tests.embedding import alive
from tests.embedding.states import STATES
from tests.embedding.ways import DIRECT, MOUNTED, direct, mounted
from tests.gateway import copy_of


@pytest.fixture(scope="module")
def embedded_directly(seeded_file, tmp_path_factory):
    """The gateway and the partners whose pages lead to it."""
    folder = tmp_path_factory.mktemp("alive")
    with direct(copy_of(seeded_file, folder), folder) as (partner, ways):
        yield partner, ways


@pytest.fixture
def browsers(open_browser):
    """Every browser, with scripts on: the partner has some, and the driver measures with others."""
    return [open_browser(engine, scripts=True, eager=True) for engine in alive.ENGINES]


@pytest.mark.parametrize("name", DIRECT)
def test_a_page_whose_lines_lead_to_the_gateway(name, embedded_directly, browsers):
    partner, ways = embedded_directly
    stays_alive(name, alive.examine(ways[name], browsers, f"{partner.at('lead')}/lead"))


@pytest.mark.parametrize("name", MOUNTED)
def test_a_page_of_a_web_server_that_asks_the_gateway(name, embedded_directly, browsers, tmp_path):
    partner, _ = embedded_directly
    with mounted(name, tmp_path, partner) as way:
        stays_alive(name, alive.examine(way, browsers, f"{partner.at('lead')}/lead"))


def stays_alive(name, found):
    """Compare what was seen with what the document promises, or write it there."""
    for engine, states in found.items():
        assert tuple(states) == STATES
        broken = {state: look.faults for state, looks in states.items() for look in looks if look.faults}
        assert not broken, f"{name} in {engine}"
        if alive.RENEWING in os.environ:
            alive.renew(alive.row(name, engine, states))
        seen = [alive.mark(looks) for looks in states.values()]
        assert seen == alive.written(name, engine), "read docs/embed/alive.md, then run python -m tests.embedding.alive"
