"""What a receiver does to know that a message is ours, written for itself: v1 by a library, v1a by cryptography."""

from __future__ import annotations

import time
from base64 import b64decode
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

if TYPE_CHECKING:
    from collections.abc import Mapping

TOLERANCE = 300


def by_secret(secret: str, headers: Mapping[str, str], body: bytes) -> bool:
    """Return whether the holder of the secret signed this (v1)."""
    try:
        Webhook(secret).verify(body, dict(headers))
    except WebhookVerificationError:
        return False
    return True


def by_public_key(public: str, headers: Mapping[str, str], body: bytes) -> bool:
    """Return whether the holder of the key signed this (v1a)."""
    key = Ed25519PublicKey.from_public_bytes(b64decode(public.removeprefix("whpk_")))
    content = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    if abs(time.time() - int(headers["webhook-timestamp"])) > TOLERANCE:
        return False
    for signature in headers["webhook-signature"].split(" "):
        version, _, value = signature.partition(",")
        if version == "v1a":
            try:
                key.verify(b64decode(value), content)
            except InvalidSignature:
                continue
            return True
    return False
