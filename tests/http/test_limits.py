"""Budgets: counted by who asks, told to who asks, and never the end of the service."""

from __future__ import annotations

import pytest
from starlette.requests import Request

from consentgw.errors import Misconfigured, TooMany
from consentgw.http import limits
from consentgw.http.limits import Budget, Limits, client, prefix

pytestmark = pytest.mark.anyio
HOURLY = Budget("requests", 3, 3600)


class Seconds:
    """A clock of seconds that stands until it is turned."""

    def __init__(self):
        self.now = 36_000_000.0

    def __call__(self):
        return self.now


@pytest.fixture
def seconds():
    return Seconds()


async def test_so_many_are_let_in_and_no_more(seconds):
    counting = Limits(clock=seconds)

    left = [(await counting.take(HOURLY, "192.0.2.1")).remaining for _ in range(3)]

    assert left == [2, 1, 0]
    with pytest.raises(TooMany):
        await counting.take(HOURLY, "192.0.2.1")
    assert (await counting.take(HOURLY, "192.0.2.2")).remaining == 2
    assert (await counting.take(Budget("other", 3, 3600), "192.0.2.1")).remaining == 2


@pytest.mark.parametrize("begun", [0, 1, 1800, 3000, 3599])
async def test_whoever_waits_as_long_as_told_is_let_in_and_not_a_second_before(seconds, begun):
    counting = Limits(clock=seconds)
    seconds.now += begun
    for _ in range(3):
        await counting.take(HOURLY, "a")
    for _ in range(6):
        with pytest.raises(TooMany) as refused:
            await counting.take(HOURLY, "a")
        seconds.now += refused.value.retry_after - 1
        with pytest.raises(TooMany):
            await counting.take(HOURLY, "a")
        seconds.now += 1
        await counting.take(HOURLY, "a")


async def test_a_window_slides_so_that_its_edge_lets_no_double_amount_in(seconds):
    counting = Limits(clock=seconds)
    seconds.now += 3599
    for _ in range(3):
        await counting.take(HOURLY, "a")
    seconds.now += 2

    with pytest.raises(TooMany):
        await counting.take(HOURLY, "a")

    seconds.now += 7200
    assert (await counting.take(HOURLY, "a")).remaining == 2


async def test_only_so_many_windows_are_remembered(seconds, monkeypatch):
    monkeypatch.setattr(limits, "KNOWN", 100)
    counting = Limits(clock=seconds)

    for number in range(1000):
        await counting.take(HOURLY, str(number))

    assert len(counting._own._counts) == 100


async def test_what_is_left_is_told_in_headers():
    left = await Limits().take(Budget("calls", 10, 60), "a")

    policy, now = left.headers
    assert policy == (b"ratelimit-policy", b'"calls";q=10;w=60')
    assert now[1].startswith(b'"calls";r=9;t=')


async def test_a_shared_store_that_does_not_answer_leaves_each_process_to_itself(seconds, caplog):
    counting = Limits("redis://127.0.0.1:1/0", clock=seconds)

    left = [(await counting.take(HOURLY, "a")).remaining for _ in range(3)]

    assert left == [2, 1, 0]
    with pytest.raises(TooMany):
        await counting.take(HOURLY, "a")
    assert caplog.text.count("the shared limits do not answer") == 1


def test_a_shared_store_needs_an_address():
    with pytest.raises(Misconfigured, match="CONSENTGW_LIMITS_URL"):
        Limits("nonsense")


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("2001:db8:1:2::9", "2001:db8:1:2::"),
        ("2001:db8:1:3::9", "2001:db8:1:3::"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("fe80::1%eth0", "fe80::"),
        ("nothing", ""),
    ],
)
def test_a_client_is_its_address_or_its_network(address, counted):
    assert prefix(address) == counted
    assert client(Request({"type": "http", "client": (address, 1), "headers": []})) == counted


def test_whoever_says_to_be_somebody_else_is_not_believed():
    said = [(b"x-forwarded-for", b"203.0.113.9"), (b"forwarded", b"for=203.0.113.9")]

    assert client(Request({"type": "http", "client": ("192.0.2.7", 1), "headers": said})) == "192.0.2.7"
    assert client(Request({"type": "http", "client": None, "headers": said})) == ""
