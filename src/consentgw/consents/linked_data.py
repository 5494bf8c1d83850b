"""A receipt as linked data: JSON-LD in the Data Privacy Vocabulary, modelled on its profile of ISO/IEC TS 27560.

By way of the W3C community group's guide: the text of the standard is not public, and nobody has checked us against it.
The context travels with the document and says which properties hold names of things, because with a plain one
``dpv:Marketing`` would be a piece of text. Lists are always lists.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from consentgw.consents.model import Method, Source

if TYPE_CHECKING:
    from consentgw.consents.disclosure import Disclosure
    from consentgw.consents.receipt import Receipt
    from consentgw.notices.model import Notice, Purpose

MEDIA = "application/ld+json"
PROFILE = "https://w3id.org/dpv/schema/dpv-27560"
_THINGS = (
    "dct:conformsTo", "dct:publisher", "dct:replaces", "dpv:hasConsentControl", "dpv:hasConsentStatus",
    "dpv:hasCountry", "dpv:hasDataController", "dpv:hasDataSubject", "dpv:hasJurisdiction", "dpv:hasLegalBasis",
    "dpv:hasNecessity", "dpv:hasNotice", "dpv:hasPersonalData", "dpv:hasProcess", "dpv:hasPurpose", "dpv:hasRecipient",
    "dpv:hasRecordOfActivity", "dpv:isExercisedAt", "dpv:isIndicatedBy", "skos:broader",
)  # fmt: skip
_TYPED = {
    "dct:created": "xsd:dateTime",
    "dct:date": "xsd:dateTime",
    "dpv:isIndicatedAtTime": "xsd:dateTime",
}
CONTEXT: dict[str, Any] = {
    "@version": 1.1,
    "dct": "http://purl.org/dc/terms/",
    "dpv": "https://w3id.org/dpv#",
    "loc": "https://w3id.org/dpv/loc#",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
    **{name: {"@id": name, "@type": "@id"} for name in _THINGS},
    **{name: {"@id": name, "@type": kind} for name, kind in _TYPED.items()},
}
_KNOWN = {"analytics": "dpv:ServiceUsageAnalytics", "marketing": "dpv:Marketing"}


def linked_data(receipt: Receipt, notice: Notice, told: Disclosure, origin: str) -> dict[str, Any]:
    """Return a receipt as JSON-LD. ``notice`` is the one it names, ``told`` what goes with it, ``origin`` our own."""
    name = f"urn:uuid:{receipt.id}"
    written = receipt.decision.decided_at.isoformat().replace("+00:00", "Z")
    controller = {
        "@id": f"{name}#controller",
        "@type": "dpv:DataController",
        "dpv:hasName": told.operator.name,
        "dpv:hasIdentifier": told.operator.registration,
        "dpv:hasAddress": told.operator.address,
        "dpv:hasContact": told.operator.email,
    }
    record = {
        "@id": f"{name}#record",
        "@type": "dpv:ConsentRecord",
        "dct:conformsTo": f"{PROFILE}#record",
        "dct:identifier": str(receipt.id),
        "dct:created": written,
        **({"dct:replaces": f"urn:uuid:{receipt.previous}#record"} if receipt.previous else {}),
        "dpv:hasDataSubject": {"@id": f"urn:uuid:{receipt.subject}", "@type": "dpv:DataSubject"},
        "dpv:hasDataController": controller,
        "dpv:hasNotice": {
            "@id": f"{origin}/notice/{notice.digest}",
            "@type": "dpv:ConsentNotice",
            "dct:identifier": notice.digest,
            "dct:language": notice.language,
        },
        "dpv:hasProcess": [
            _process(receipt, notice, purpose, told, origin, written) for purpose in notice.purposes if purpose.optional
        ],
    }
    return {
        "@context": CONTEXT,
        "@id": name,
        "@type": "dpv:ConsentReceipt",
        "dct:conformsTo": f"{PROFILE}#receipt",
        "dct:description": "Modelled on ISO/IEC TS 27560 by way of the DPV profile; not checked against the standard.",
        "dct:identifier": str(receipt.id),
        "dct:created": written,
        "dct:publisher": controller["@id"],
        "dpv:hasRecordOfActivity": [record],
    }


def _process(
    receipt: Receipt, notice: Notice, purpose: Purpose, told: Disclosure, origin: str, written: str
) -> dict[str, Any]:
    name = f"urn:uuid:{receipt.id}#{purpose.key}"
    said = purpose.wording[notice.language]
    broader = {"skos:broader": _KNOWN[purpose.key]} if purpose.key in _KNOWN else {}
    days = (receipt.expires_at - receipt.decision.decided_at).days
    return {
        "@id": name,
        "@type": "dpv:Process",
        "dct:identifier": purpose.key,
        "dpv:hasPurpose": {
            "@id": f"{origin}/notice/{notice.digest}#{purpose.key}",
            "@type": "dpv:Purpose",
            "dct:title": {"@value": said.title, "@language": notice.language},
            "dct:description": {"@value": said.sentence, "@language": notice.language},
            **broader,
        },
        "dpv:hasLegalBasis": "dpv:ExpressedConsent",
        "dpv:hasNecessity": "dpv:Optional",
        "dpv:hasJurisdiction": f"loc:{told.jurisdiction}",
        "dpv:hasRecipient": [
            {"@type": "dpv:ThirdParty", "dpv:hasName": one.name, "dpv:hasCountry": f"loc:{one.country}"}
            for one in told.recipients
            if purpose.key in one.purposes
        ],
        "dpv:hasPersonalData": [
            {"@type": "dpv:PersonalData", "dct:title": f"{datum.name} ({datum.vendor})"}
            for datum in told.data
            if purpose.key in datum.purposes
        ],
        "dpv:hasConsentControl": {
            "@type": "dpv:WithdrawConsent",
            "dpv:isExercisedAt": f"{origin}/consent/{receipt.site}",
        },
        "dpv:hasConsentStatus": [
            {
                "@type": _status(receipt, purpose.key),
                "dpv:isIndicatedAtTime": written,
                "dpv:hasDuration": {
                    "@type": "dpv:TemporalDuration",
                    "rdf:value": {"@value": f"P{days}D", "@type": "xsd:duration"},
                },
                **_indicated(receipt),
            }
        ],
    }


def _status(receipt: Receipt, purpose: str) -> str:
    if receipt.decision.allows(purpose):
        return "dpv:ConsentGiven"
    taken = receipt.method is Method.WITHDRAW or purpose in receipt.withdrawn
    return "dpv:ConsentWithdrawn" if taken else "dpv:ConsentRefused"


def _indicated(receipt: Receipt) -> dict[str, str]:
    """Return who says so, and how: the person, or a partner about the person. Never confused."""
    if receipt.source is Source.GIVEN_BY_PERSON:
        who, words = f"urn:uuid:{receipt.subject}", "given by the person"
    else:
        who, words = f"urn:uuid:{receipt.id}#controller", "asserted by the controller"
    method = f"{words}: {receipt.method.value}, {receipt.channel.value}"
    return {"dpv:isIndicatedBy": who, "dpv:hasIndicationMethod": method}
