"""The relays: a vendor hears of something while consent to that stands, and nothing before, after or in doubt."""

from __future__ import annotations

import json
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import pytest

from consentgw.client import Client
from tests.client.scripted import CLOSES, HANGS, Asked, Script, said, scripted
from tests.kits.house import House, kit

RELAYS = kit("relays/relays.py")
PAGE = "https://duken.example/tea"


def ga4(consent: Client, subject: str, vendor: Script) -> bool:
    return RELAYS.ga4(
        consent, subject, "purchase", {"currency": "KZT", "value": 4990}, stream="G-1", secret="s", to=vendor.origin
    )


def meta(consent: Client, subject: str, vendor: Script) -> bool:
    return RELAYS.meta(consent, subject, "Purchase", PAGE, pixel="100", token="t", to=vendor.origin)


def yandex(consent: Client, subject: str, vendor: Script) -> bool:
    return RELAYS.yandex(consent, subject, PAGE, "Шай", counter="42", token="t", to=vendor.origin)


NEEDS = {ga4: {"analytics"}, meta: {"marketing"}, yandex: {"analytics", "marketing"}}


@pytest.fixture
def consent(house: House):
    with house.client() as client:
        yield client


@pytest.mark.parametrize("relay", NEEDS)
@pytest.mark.parametrize("granted", [(), ("analytics",), ("marketing",), ("analytics", "marketing")])
def test_a_vendor_hears_of_it_only_where_all_of_its_purposes_are_granted(consent, relay, granted):
    subject = f"id:{uuid4()}"
    with scripted(said({})) as vendor:
        assert relay(consent, subject, vendor) is False
        consent.record(subject, dict.fromkeys(granted, True))
        sent = relay(consent, subject, vendor)

    assert sent is (NEEDS[relay] <= set(granted))
    assert len(vendor.asked) == sent


@pytest.mark.parametrize("relay", NEEDS)
def test_after_a_withdrawal_the_next_message_is_not_sent(consent, relay):
    subject = f"id:{uuid4()}"
    with scripted(said({})) as vendor:
        consent.record(subject, {"analytics": True, "marketing": True})
        assert relay(consent, subject, vendor)
        consent.withdraw(subject, sorted(NEEDS[relay])[:1])
        assert not relay(consent, subject, vendor)

    assert len(vendor.asked) == 1


@pytest.mark.parametrize("relay", NEEDS)
@pytest.mark.parametrize("answer", [HANGS, CLOSES, (200, {}, b"<h1>nginx</h1>")], ids=["hangs", "closes", "page"])
def test_in_doubt_nothing_is_sent(relay, answer):
    with (
        scripted(answer) as gateway,
        scripted(said({})) as vendor,
        Client(gateway.origin, "k", "shop", timeout=0.3) as consent,
    ):
        assert relay(consent, "id:1", vendor) is False
    assert vendor.asked == []


@pytest.mark.parametrize("relay", NEEDS)
def test_a_vendor_that_is_away_is_told_of_and_breaks_nothing(consent, relay):
    subject = f"id:{uuid4()}"
    consent.record(subject, {"analytics": True, "marketing": True})
    with scripted(CLOSES) as vendor:
        assert relay(consent, subject, vendor) is False
    with scripted((500, {}, b"")) as vendor:
        assert relay(consent, subject, vendor) is False


def heard(consent: Client, relay, *granted: str) -> tuple[Asked, str]:
    """Return the one request a vendor got, and of whom it tells."""
    subject = f"id:{uuid4()}"
    consent.record(subject, dict.fromkeys(granted, True))
    with scripted(said({})) as vendor:
        assert relay(consent, subject, vendor)
    [asked] = vendor.asked
    return asked, subject


@pytest.mark.parametrize(
    ("granted", "advertising"), [(("analytics",), "DENIED"), (("analytics", "marketing"), "GRANTED")]
)
def test_google_analytics_is_told_in_the_shape_of_its_measurement_protocol(consent, granted, advertising):
    asked, subject = heard(consent, ga4, *granted)

    address = urlsplit(asked.path)
    assert (asked.method, address.path) == ("POST", "/mp/collect")
    assert parse_qs(address.query) == {"measurement_id": ["G-1"], "api_secret": ["s"]}
    assert asked.json == {
        "client_id": subject,
        "consent": {"ad_user_data": advertising, "ad_personalization": advertising},
        "events": [{"name": "purchase", "params": {"currency": "KZT", "value": 4990}}],
    }


def test_meta_is_told_in_the_shape_of_its_conversions_api_and_of_nobody_by_name(consent):
    asked, subject = heard(consent, meta, "marketing")

    address = urlsplit(asked.path)
    assert (asked.method, address.path.split("/")[2:]) == ("POST", ["100", "events"])
    assert parse_qs(address.query) == {"access_token": ["t"]}
    [event] = asked.json["data"]
    assert (event["event_name"], event["action_source"], event["event_source_url"]) == ("Purchase", "website", PAGE)
    assert event["event_id"]
    assert subject not in json.dumps(event)
    assert len(event["user_data"]["external_id"][0]) == 64


def test_yandex_metrica_is_told_in_the_shape_of_its_measurement_protocol(consent):
    asked, subject = heard(consent, yandex, "analytics", "marketing")

    assert (asked.method, asked.path) == ("POST", "/collect")
    hit = {name: value[0] for name, value in parse_qs(asked.body.decode(), keep_blank_values=True).items()}
    assert hit == {"tid": "42", "cid": subject, "t": "pageview", "dl": PAGE, "dr": "", "dt": "Шай", "ms": "t"}
