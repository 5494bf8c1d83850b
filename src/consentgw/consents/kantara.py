"""A receipt in the Kantara Initiative's format of 2018, for those who collect such: an export, and a lossy one.

The format knows neither refusal nor withdrawal: what was not granted is left out. It wants a telephone number, which we
do not have, so that is empty.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from consentgw.consents.disclosure import Disclosure
    from consentgw.consents.receipt import Receipt
    from consentgw.notices.model import Notice

MEDIA = "application/vnd.kantara.consent-receipt+json"
"""Nobody has registered one; this is our own name for it."""
VERSION = "KI-CR-v1.1.0"
_CATEGORIES = {"marketing": "6 - Marketing"}


def kantara(receipt: Receipt, notice: Notice, told: Disclosure, origin: str) -> dict[str, Any]:
    """Return a receipt as Kantara's Consent Receipt 1.1. ``notice`` and ``told`` go with it, ``origin`` is our own."""
    operator = told.operator
    return {
        "version": VERSION,
        "jurisdiction": told.jurisdiction,
        "consentTimestamp": int(receipt.decision.decided_at.timestamp()),
        "collectionMethod": f"{receipt.source.value}: {receipt.method.value}, {receipt.channel.value}",
        "consentReceiptID": str(receipt.id),
        "language": receipt.language,
        "piiPrincipalId": str(receipt.subject),
        "piiControllers": [
            {
                "piiController": f"{operator.name} ({operator.registration})",
                "contact": operator.name,
                "address": {"streetAddress": operator.address},
                "email": operator.email,
                "phone": "",
            }
        ],
        "policyUrl": f"{origin}/policy/{receipt.policy.version}",
        "services": [
            {
                "service": receipt.site,
                "purposes": [_purpose(key, notice, told) for key in sorted(receipt.decision.granted)],
            }
        ],
        "sensitive": False,
        "spiCat": [],
    }


def _purpose(key: str, notice: Notice, told: Disclosure) -> dict[str, Any]:
    words = next(purpose.wording[notice.language] for purpose in notice.purposes if purpose.key == key)
    vendors = [one.name for one in told.recipients if key in one.purposes]
    return {
        "purpose": words.sentence,
        "purposeCategory": [_CATEGORIES.get(key, words.title)],
        "consentType": "EXPLICIT",
        "piiCategory": sorted({datum.name for datum in told.data if key in datum.purposes}) or ["online identifiers"],
        "primaryPurpose": False,
        "termination": told.valid_until.isoformat().replace("+00:00", "Z"),
        "thirdPartyDisclosure": bool(vendors),
        **({"thirdPartyName": ", ".join(vendors)} if vendors else {}),
    }
