"""The partner's side: ask what is allowed, record what was learned, verify what we say.

Small and typed, on httpx; ``Client`` for threads, ``AsyncClient`` for event loops, with the same methods. It needs
nothing of the gateway's own rooms, and loads none of them. Examples that run stand in ``docs/embed``.

    consent = Client("https://consent.example", key, "shop")
    if consent.holds(subject).allows("marketing"):
        ...

``holds`` fails closed: whatever is wrong, nothing is allowed. Everything else raises :class:`ClientError`.
"""

from consentgw.client.clients import AsyncClient, Client
from consentgw.client.errors import ClientError, NotGenuine, Refused, Unreachable
from consentgw.client.model import NOTHING, Event, Record, Redeemed, Standing, Verdict
from consentgw.client.verifying import verify_receipt, verify_record, verify_webhook

__all__ = [
    "NOTHING",
    "AsyncClient",
    "Client",
    "ClientError",
    "Event",
    "NotGenuine",
    "Record",
    "Redeemed",
    "Refused",
    "Standing",
    "Unreachable",
    "Verdict",
    "verify_receipt",
    "verify_record",
    "verify_webhook",
]
