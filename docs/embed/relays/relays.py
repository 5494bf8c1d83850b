"""Tell vendors of something that happened, from server to server, and only while consent to that stands."""

from __future__ import annotations

import hashlib
import time
import uuid
from typing import Any

import httpx

from consentgw.client import Client

GOOGLE, META, YANDEX = "https://www.google-analytics.com", "https://graph.facebook.com", "https://mc.yandex.ru"


def ga4(
    consent: Client, subject: str, name: str, params: dict[str, Any], *, stream: str, secret: str, to: str = GOOGLE
) -> bool:
    """Send an event to Google Analytics 4 (Measurement Protocol); return whether it was sent."""
    held = consent.holds(subject)
    if not held.allows("analytics"):
        return False
    advertising = "GRANTED" if held.allows("marketing") else "DENIED"
    event = {
        "client_id": subject,
        "consent": {"ad_user_data": advertising, "ad_personalization": advertising},
        "events": [{"name": name, "params": params}],
    }
    return _sent(f"{to}/mp/collect", params={"measurement_id": stream, "api_secret": secret}, json=event)


def meta(
    consent: Client,
    subject: str,
    name: str,
    page: str,
    *,
    pixel: str,
    token: str,
    version: str = "v24.0",
    to: str = META,
) -> bool:
    """Send an event to Meta (Conversions API); return whether it was sent."""
    if not consent.holds(subject).allows("marketing"):
        return False
    event = {
        "event_name": name,
        "event_time": int(time.time()),
        "event_id": str(uuid.uuid4()),
        "action_source": "website",
        "event_source_url": page,
        "user_data": {"external_id": [hashlib.sha256(subject.encode()).hexdigest()]},
    }
    return _sent(f"{to}/{version}/{pixel}/events", params={"access_token": token}, json={"data": [event]})


def yandex(consent: Client, subject: str, page: str, title: str, *, counter: str, token: str, to: str = YANDEX) -> bool:
    """Send a page view to Yandex Metrica (Measurement Protocol); return whether it was sent."""
    if not consent.holds(subject).allows("analytics", "marketing"):
        return False
    hit = {"tid": counter, "cid": subject, "t": "pageview", "dl": page, "dr": "", "dt": title, "ms": token}
    return _sent(f"{to}/collect", data=hit)


def _sent(url: str, **request: Any) -> bool:
    try:
        return httpx.post(url, timeout=2.0, **request).is_success
    except httpx.HTTPError:
        return False
