"""A receipt: the record of one decision, as it is signed and as it is read back.

The signed body is canonical JSON (RFC 8785); the field names follow ISO/IEC TS 27560 where it has one
("modelled on": the text of the standard is not public). No address of the person, no browser name, no name.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from consentgw.consents.model import Channel, Decision, Method, Source
from consentgw.errors import Malformed
from consentgw.http.seals import from_base64
from consentgw.keys.model import compact
from consentgw.policies.model import PolicyRef

if TYPE_CHECKING:
    from collections.abc import Mapping

KIND = "consent-receipt+jws"
"""``typ`` of the JWS around a receipt."""
SCHEMA = "consentgw-receipt-1"


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the browser said about where the answer came from. Kept because it cannot identify anybody."""

    origin: str | None
    fetch_site: str | None
    gpc: bool


NOTHING_SEEN = Evidence(origin=None, fetch_site=None, gpc=False)
"""No browser was there."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """The immutable record of a decision."""

    id: UUID
    site: str
    subject: UUID
    previous: UUID | None
    """The receipt this answer replaces."""
    decision: Decision
    policy: PolicyRef
    language: str
    method: Method
    channel: Channel
    source: Source
    expires_at: datetime
    profile: str
    evidence: Evidence
    withdrawn: frozenset[str] = frozenset()
    """What ``withdraw_some`` took back, whether or not it was granted; other methods leave nothing to say."""
    covers: frozenset[str] = frozenset()
    """Every site this answer was given for, where it was given for several; each has a receipt of its own."""

    @property
    def denies(self) -> frozenset[str] | None:
        """Return what it says no to, for whoever is linked to its subject; None is everything, now and before.

        Whoever takes some purposes back says nothing about those that were refused before.
        """
        if self.method is Method.WITHDRAW:
            return None
        return self.withdrawn if self.method is Method.WITHDRAW_SOME else self.decision.refused

    def body(self) -> bytes:
        """Return the canonical JSON that is signed.

        Every value is a string, a boolean, null or a list of strings under an ASCII key; for those the standard
        library writes what RFC 8785 asks for, at a tenth of the cost. A test compares the two.
        """
        return _canonical(
            {
                "schema_version": SCHEMA,
                "receipt_id": str(self.id),
                "site": self.site,
                "pii_principal_id": str(self.subject),
                "replaces": str(self.previous) if self.previous else None,
                "notice": self.decision.notice,
                "policy": {"version": self.policy.version, "digest": self.policy.digest},
                "language": self.language,
                "granted": sorted(self.decision.granted),
                "refused": sorted(self.decision.refused),
                "method": self.method.value,
                "channel": self.channel.value,
                "source": self.source.value,
                "event_time": _written(self.decision.decided_at),
                "valid_until": _written(self.expires_at),
                **({"withdrawn": sorted(self.withdrawn)} if self.withdrawn else {}),
                **({"covers": sorted(self.covers)} if self.covers else {}),
                "jurisdiction_profile": self.profile,
                "evidence": {
                    "origin": self.evidence.origin,
                    "fetch_site": self.evidence.fetch_site,
                    "gpc": self.evidence.gpc,
                },
            }
        )


def read(body: Mapping[str, Any]) -> Receipt:
    """Return the receipt of a body that was written by :meth:`Receipt.body`."""
    return Receipt(
        id=UUID(body["receipt_id"]),
        site=body["site"],
        subject=UUID(body["pii_principal_id"]),
        previous=UUID(body["replaces"]) if body["replaces"] else None,
        decision=Decision(
            notice=body["notice"],
            granted=frozenset(body["granted"]),
            refused=frozenset(body["refused"]),
            decided_at=_read(body["event_time"]),
        ),
        policy=PolicyRef(**body["policy"]),
        language=body["language"],
        method=Method(body["method"]),
        channel=Channel(body["channel"]),
        source=Source(body["source"]),
        expires_at=_read(body["valid_until"]),
        profile=body["jurisdiction_profile"],
        evidence=Evidence(**body["evidence"]),
        withdrawn=frozenset(body.get("withdrawn", ())),
        covers=frozenset(body.get("covers", ())),
    )


def signed_forms(text: str) -> tuple[str, ...]:
    """Return the JWS of every receipt in a file: a JWS itself, a record of the API, or a page of records.

    A record holds the JWS as ``signed``, or what was signed, the key's name and the signature: from these three it is
    put together again.

    Raises:
        Malformed: it is JSON and none of these.
    """
    if not text.lstrip().startswith("{"):
        return (text,)
    try:
        value = json.loads(text)
        found = tuple(_jws(record) for record in value.get("items", [value]))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise Malformed("this is not a signed receipt") from None
    if not found:
        raise Malformed("there is no receipt in this file")
    return found


_encode = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode


def _jws(record: Mapping[str, Any]) -> str:
    if "signed" in record:
        return str(record["signed"])
    return compact(_canonical(record["receipt"]), record["kid"], KIND, from_base64(record["signature"]))


def _canonical(value: dict[str, Any]) -> bytes:
    return _encode(value).encode()


def _written(instant: datetime) -> str:
    return instant.isoformat(timespec="seconds").replace("+00:00", "Z")


def _read(text: str) -> datetime:
    return datetime.fromisoformat(text)
