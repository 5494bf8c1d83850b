"""Where messages may go, and when they are tried again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from consentgw.errors import Invalid, NotFound
from consentgw.webhooks import model
from consentgw.webhooks.model import Outcome, address, delivery_of, message_id, next_attempt

NOW = datetime(2026, 11, 24, 7, 0, tzinfo=UTC)
BAD = Outcome(500, "", timedelta(seconds=1))

GOOD = [
    "https://partner.example/",
    "https://partner.example",
    "https://partner.example/consent-events?token=x&y=1",
    "https://hooks.partner.example:8443/a/b",
    "https://xn--80ak6aa92e.com/",
    "https://a.b-c.example/%D0%B0",
]
BAD_ADDRESSES = [
    "", "partner.example", "//partner.example/", "http://partner.example/", "ftp://partner.example/",
    "https://", "https:///x", "https:partner.example", "https:/partner.example", "https:\\\\partner.example",
    "HTTPS://partner.example/", "https://Partner.example/", "https://partner.example:443/", "https://partner.example:80/",
    "https://partner.example:22/", "https://partner.example:0/", "https://partner.example:99999/",
    "https://partner.example:/", "https://eve@partner.example/", "https://a:b@partner.example/",
    "https://partner.example@eve.example/", "https://partner.example#x", "https://partner.example/#x",
    "https://partner.example?x", "https://partner.example\\@eve.example/", "https://localhost/", "https://localhost:8443/",
    "https://partner/", "https://partner.example./", "https://.example/", "https://-a.example/", "https://a-.example/",
    "https://a..example/", "https://a_b.example/", "https://127.0.0.1/", "https://127.1/", "https://0x7f.1/",
    "https://2130706433/", "https://0177.0.0.1/", "https://[::1]/", "https://[::ffff:127.0.0.1]/", "https://1.1.1.1/",
    "https://169.254.169.254/latest/meta-data/", "https://1.2.3.4.5/", "https://a.1/", "https://a.b1.0x7f/",
    "https://partner.example/a b", "https://partner.example/\n", "https://partner.example\n", " https://partner.example/",
    "https://partner.example/\x00", "https://partner.example/ы", "https://пример.example/", "https://ｐartner.example/",
    "https://partner。example/", "javascript:alert(1)", "file:///etc/passwd", "https://partner.example/" + "x" * 1000,
    "https://" + "a" * 64 + ".example/", "https://partner.example:8443:8443/",
]  # fmt: skip


@pytest.mark.parametrize("url", GOOD)
def test_an_address_is_https_to_a_name(url):
    assert address(url, to_loopback=False) == url
    assert address(url, to_loopback=True) == url


@pytest.mark.parametrize("url", BAD_ADDRESSES)
def test_any_other_is_refused_and_not_repeated(url):
    with pytest.raises(Invalid) as caught:
        address(url, to_loopback=False)
    assert [fault.pointer for fault in caught.value.faults] == ["#/url"]


@pytest.mark.parametrize(
    "url",
    ["http://localhost:9000/", "http://127.0.0.1:9000/x", "http://a.localhost/"],
)
def test_this_machine_is_an_address_only_where_that_is_allowed(url):
    assert address(url, to_loopback=True) == url
    with pytest.raises(Invalid):
        address(url, to_loopback=False)


@pytest.mark.parametrize("url", ["http://partner.example/", "http://10.0.0.1/", "http://127.0.0.2/", "http://[::1]/"])
def test_and_nothing_but_this_machine(url):
    with pytest.raises(Invalid):
        address(url, to_loopback=True)


def test_there_are_ten_attempts_over_three_days():
    waits, now, attempts = [], NOW, 1
    while due := next_attempt(attempts, BAD, now=now, chance=0.5):
        waits.append((due - now).total_seconds())
        now, attempts = due, attempts + 1

    assert waits == [5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400]
    assert timedelta(hours=75) < now - NOW < timedelta(hours=76)


def test_a_pause_is_a_fifth_shorter_or_longer_by_chance():
    due = [next_attempt(2, BAD, now=NOW, chance=chance) - NOW for chance in (0.0, 0.5, 1.0)]

    assert due == [timedelta(seconds=seconds) for seconds in (240, 300, 360)]


@pytest.mark.parametrize("status", [429, 503])
def test_an_endpoint_is_left_alone_as_long_as_it_asks_up_to_an_hour(status):
    def pause(asked, attempts=1):
        outcome = Outcome(status, "", timedelta(), timedelta(seconds=asked))
        return (next_attempt(attempts, outcome, now=NOW, chance=0.5) - NOW).total_seconds()

    assert pause(120) == 120
    assert pause(3600) == 3600
    assert pause(10**9) == 3600
    assert pause(1) == 5, "never sooner than by the schedule"
    assert pause(120, attempts=4) == 7200


def test_only_an_endpoint_that_is_busy_can_ask_to_be_left_alone():
    asked = Outcome(500, "", timedelta(), timedelta(seconds=600))

    assert next_attempt(1, asked, now=NOW, chance=0.5) == NOW + timedelta(seconds=5)


def test_whoever_says_it_is_gone_is_not_tried_again():
    assert next_attempt(1, Outcome(410, "", timedelta()), now=NOW, chance=0.5) is None


def test_nothing_but_2xx_is_well():
    well = {status for status in range(100, 600) if Outcome(status, "", timedelta()).well}

    assert well == set(range(200, 300))
    assert not Outcome(None, "timed_out", timedelta()).well


def test_a_message_s_id_is_read_back_and_anything_else_is_not_found():
    delivery = uuid4()

    assert delivery_of(message_id(delivery)) == delivery
    assert message_id(delivery).startswith("msg_")
    for text in ("", "msg_", "msg_x", message_id(delivery) + "A", "msg_" + "A" * 30, "msg_" + "=" * 22, "msg_ы"):
        with pytest.raises(NotFound):
            delivery_of(text)
    with pytest.raises(NotFound):
        delivery_of(message_id(UUID(int=0)).removeprefix("msg_"))


def test_the_longest_silence_is_longer_than_all_attempts_at_one_message():
    assert sum(model.PAUSES, timedelta()) * (1 + model.JITTER) < model.PATIENCE
