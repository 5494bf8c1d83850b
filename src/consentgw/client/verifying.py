"""Receipts and messages verified from bytes and keys alone: no gateway is asked."""

from __future__ import annotations

import hmac
import json
import re
import time
from base64 import b64decode, urlsafe_b64decode, urlsafe_b64encode
from datetime import datetime
from typing import TYPE_CHECKING, Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from consentgw.client.errors import NotGenuine
from consentgw.client.model import Event, Record

if TYPE_CHECKING:
    from collections.abc import Mapping

_RECEIPT = "consent-receipt+jws"
_WRONG = (ValueError, KeyError, TypeError, AttributeError, RecursionError)


def verify_receipt(jws: str, jwks: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a signed receipt says; ``jwks`` is what ``/.well-known/jwks.json`` said, then or now (RFC 7515).

    Raises:
        NotGenuine: none of these keys signed it, or it was altered since.
    """
    try:
        head, body, signature = jws.strip().split(".")
        header = json.loads(_decoded(head))
        if header["typ"] != _RECEIPT or header["alg"] not in {"Ed25519", "EdDSA"} or "crit" in header:
            raise NotGenuine("this is no receipt of a gateway")
        _key(jwks, header["kid"]).verify(_decoded(signature), f"{head}.{body}".encode())
        return json.loads(_decoded(body))
    except InvalidSignature:
        raise NotGenuine("the receipt was altered, or signed by somebody else") from None
    except _WRONG:
        raise NotGenuine("this is no signed receipt") from None


def verify_record(record: Record, jwks: Mapping[str, Any]) -> None:
    """Verify a receipt as the API answers it.

    Raises:
        NotGenuine: as :func:`verify_receipt`.
    """
    header = f'{{"alg":"Ed25519","kid":"{record.kid}","typ":"{_RECEIPT}"}}'
    # What RFC 8785 asks for; a receipt holds strings, booleans and lists of strings alone.
    body = json.dumps(dict(record.receipt), ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    verify_receipt(f"{_encoded(header)}.{_encoded(body)}.{record.signature}", jwks)


def verify_webhook(
    headers: Mapping[str, str], body: bytes, key: str, *, tolerance: float = 300, now: float | None = None
) -> Event:
    """Return the event of a message (Standard Webhooks).

    ``key`` is the endpoint's secret (``whsec_...``) or its public key (``whpk_...``), ``tolerance`` the seconds by
    which a message may be old or early, ``headers`` a mapping that ignores case, or one in small letters.

    Raises:
        NotGenuine: the key did not sign it, it was altered, or it is too old.
    """
    try:
        message, stamp, signed = (headers[f"webhook-{name}"] for name in ("id", "timestamp", "signature"))
        if not re.fullmatch(r"[0-9]{1,12}", stamp) or not abs((now or time.time()) - int(stamp)) <= tolerance:
            raise NotGenuine("the message is not of this time: it may be an old one, sent again")
        content = f"{message}.{stamp}.".encode() + body
        if not any(_signed(content, signature, key) for signature in signed.split()):
            raise NotGenuine("the message was altered, or signed by somebody else")
        said = json.loads(body)
        return Event(message, said["type"], datetime.fromisoformat(said["timestamp"]), said["data"])
    except _WRONG:
        raise NotGenuine("this is no message of a gateway") from None


def _signed(content: bytes, signature: str, key: str) -> bool:
    version, _, value = signature.partition(",")
    kind, _, material = key.partition("_")
    raw, given = b64decode(material, validate=True), b64decode(value, validate=True)
    if (kind, version) == ("whsec", "v1"):
        return hmac.compare_digest(hmac.digest(raw, content, "sha256"), given)
    if (kind, version) == ("whpk", "v1a"):
        try:
            Ed25519PublicKey.from_public_bytes(raw).verify(given, content)
        except InvalidSignature:
            return False
        return True
    return False


def _key(jwks: Mapping[str, Any], kid: str) -> Ed25519PublicKey:
    for key in jwks["keys"]:
        if key.get("kid") == kid:
            return Ed25519PublicKey.from_public_bytes(_decoded(key["x"]))
    raise NotGenuine("it is signed by a key that is not among these")


def _decoded(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _encoded(text: str) -> str:
    return urlsafe_b64encode(text.encode()).rstrip(b"=").decode()
