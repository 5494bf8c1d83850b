"""The forms a receipt is exported in: linked data whose every term exists, and Kantara's with all it asks for."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from rdflib import Graph, Literal, URIRef
from rdflib.namespace import RDF

from consentgw.consents.disclosure import disclose
from consentgw.consents.kantara import kantara
from consentgw.consents.linked_data import CONTEXT, linked_data
from consentgw.consents.model import Channel, Decision, Method, Source
from tests.consents.answers import NOON, receipt
from tests.consents.answers import notice as plain
from tests.notices.story import TAGS

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:rdflib")
DPV = "https://w3id.org/dpv#"
LOC = "https://w3id.org/dpv/loc#"
DCT = "http://purl.org/dc/terms/"
ORIGIN = "https://consent.example"
# Read in version 2.3 of the vocabulary (dpv.ttl): every term we write is one of these.
TERMS = {
    "ConsentGiven", "ConsentNotice", "ConsentReceipt", "ConsentRecord", "ConsentRefused", "ConsentWithdrawn",
    "DataController", "DataSubject", "ExpressedConsent", "Marketing", "Optional", "PersonalData", "Process",
    "Purpose", "ServiceUsageAnalytics", "TemporalDuration", "ThirdParty", "WithdrawConsent", "hasAddress",
    "hasConsentControl", "hasConsentStatus", "hasContact", "hasCountry", "hasDataController", "hasDataSubject",
    "hasDuration", "hasIdentifier", "hasIndicationMethod", "hasJurisdiction", "hasLegalBasis", "hasName",
    "hasNecessity", "hasNotice", "hasPersonalData", "hasProcess", "hasPurpose", "hasRecipient", "hasRecordOfActivity",
    "isExercisedAt", "isIndicatedAtTime", "isIndicatedBy",
}  # fmt: skip
NO_TERMS = {"Analytics", "isImplementedBy", "ConsentTerminated"}
"""Named by the guide and missing in the vocabulary."""
NOTICE = replace(plain("analytics", "marketing", "maps"), tags=TAGS)
GRANTED = receipt(decision=Decision(NOTICE.digest, frozenset({"analytics"}), frozenset({"marketing", "maps"}), NOON))
EVERY = [
    GRANTED,
    replace(GRANTED, decision=Decision(NOTICE.digest, NOTICE.asked, frozenset(), NOON), method=Method.ACCEPT_ALL),
    replace(GRANTED, decision=Decision(NOTICE.digest, frozenset(), NOTICE.asked, NOON), method=Method.WITHDRAW),
    replace(GRANTED, method=Method.WITHDRAW_SOME, withdrawn=frozenset({"marketing"}), previous=GRANTED.subject),
    replace(GRANTED, source=Source.ASSERTED_BY_PARTNER, channel=Channel.API),
    replace(GRANTED, profile="eu"),
    replace(GRANTED, profile="us-ca"),
    replace(GRANTED, profile="atlantis"),
]


def document(one):
    return linked_data(one, NOTICE, disclose(one, NOTICE), ORIGIN)


def graph(one) -> Graph:
    return Graph().parse(data=json.dumps(document(one)), format="json-ld")


def dpv(name: str) -> URIRef:
    return URIRef(DPV + name)


def only(found):
    (one,) = found
    return one


@pytest.mark.parametrize("one", EVERY, ids=range(len(EVERY)))
def test_every_term_is_in_the_vocabulary_and_names_are_never_mere_text(one):
    read = graph(one)

    assert len(read) > 40
    used = {str(term).removeprefix(DPV) for triple in read for term in triple if str(term).startswith(DPV)}
    assert used <= TERMS
    assert not used & NO_TERMS
    for subject, predicate, value in read:
        name = str(predicate)
        assert name.startswith((DPV, DCT, str(RDF), "http://www.w3.org/2004/02/skos/core#")), name
        if CONTEXT.get(name.replace(DPV, "dpv:").replace(DCT, "dct:"), {}) == {"@type": "@id"}:
            assert isinstance(value, URIRef)
        if isinstance(value, Literal):
            assert not str(value).startswith(("dpv:", "loc:", "dct:")), f"{subject} {predicate}"


def test_every_property_that_names_a_thing_is_typed_so():
    text = json.dumps(document(EVERY[1]))
    for name, said in CONTEXT.items():
        if isinstance(said, dict) and said["@type"] == "@id":
            assert f'"{name}"' in text or name == "dct:replaces"


@pytest.mark.parametrize("one", EVERY, ids=range(len(EVERY)))
def test_a_record_has_one_subject_one_controller_a_notice_in_its_language_and_a_process_for_each_purpose(one):
    read = graph(one)

    whole = only(read.subjects(RDF.type, dpv("ConsentReceipt")))
    record = only(read.objects(whole, dpv("hasRecordOfActivity")))
    assert (record, RDF.type, dpv("ConsentRecord")) in read
    assert str(only(read.objects(record, dpv("hasDataSubject")))) == f"urn:uuid:{one.subject}"
    controller = only(read.objects(record, dpv("hasDataController")))
    assert str(only(read.objects(controller, dpv("hasIdentifier")))) == NOTICE.operator.registration
    shown = only(read.objects(record, dpv("hasNotice")))
    assert str(shown) == f"{ORIGIN}/notice/{NOTICE.digest}"
    assert str(only(read.objects(shown, URIRef(f"{DCT}language")))) == NOTICE.language
    processes = set(read.objects(record, dpv("hasProcess")))
    assert {str(only(read.objects(each, URIRef(f"{DCT}identifier")))) for each in processes} == NOTICE.asked
    for process in processes:
        status = only(read.objects(process, dpv("hasConsentStatus")))
        assert only(read.objects(status, dpv("isIndicatedAtTime"))).toPython() == one.decision.decided_at
        control = only(read.objects(process, dpv("hasConsentControl")))
        assert str(only(read.objects(control, dpv("isExercisedAt")))) == f"{ORIGIN}/consent/{one.site}"
        assert str(only(read.objects(process, dpv("hasLegalBasis")))) == f"{DPV}ExpressedConsent"


@pytest.mark.parametrize(
    ("one", "states"),
    [
        (EVERY[0], {"analytics": "ConsentGiven", "marketing": "ConsentRefused", "maps": "ConsentRefused"}),
        (EVERY[2], dict.fromkeys(NOTICE.asked, "ConsentWithdrawn")),
        (EVERY[3], {"analytics": "ConsentGiven", "marketing": "ConsentWithdrawn", "maps": "ConsentRefused"}),
    ],
)
def test_given_refused_and_withdrawn_are_told_apart(one, states):
    (record,) = document(one)["dpv:hasRecordOfActivity"]
    told = {each["dct:identifier"]: only(each["dpv:hasConsentStatus"])["@type"] for each in record["dpv:hasProcess"]}

    assert told == {purpose: f"dpv:{state}" for purpose, state in states.items()}


def test_what_a_partner_asserts_never_looks_as_if_the_person_had_said_it():
    for one, who in ((EVERY[0], f"urn:uuid:{GRANTED.subject}"), (EVERY[4], f"urn:uuid:{GRANTED.id}#controller")):
        read = graph(one)
        assert {str(said) for said in read.objects(None, dpv("isIndicatedBy"))} == {who}
    assert "asserted by the controller" in json.dumps(document(EVERY[4]))
    assert "given by the person" not in json.dumps(document(EVERY[4]))


@pytest.mark.parametrize(("one", "place"), [(EVERY[0], "KZ"), (EVERY[5], "EU"), (EVERY[6], "US-CA")])
def test_the_jurisdiction_is_that_of_the_law(one, place):
    assert {str(said) for said in graph(one).objects(None, dpv("hasJurisdiction"))} == {LOC + place}
    assert kantara(one, NOTICE, disclose(one, NOTICE), ORIGIN)["jurisdiction"] == place


def test_it_says_modelled_on_and_claims_nothing_more():
    text = json.dumps(document(GRANTED)).lower()

    assert "modelled on iso/iec ts 27560" in text
    assert "compliant" not in text
    assert "conforms to" not in text


REQUIRED = {
    "version": str, "jurisdiction": str, "consentTimestamp": int, "collectionMethod": str, "consentReceiptID": str,
    "piiPrincipalId": str, "piiControllers": list, "policyUrl": str, "services": list, "sensitive": bool,
    "spiCat": list,
}  # fmt: skip


@pytest.mark.parametrize("one", EVERY, ids=range(len(EVERY)))
def test_kantara_s_receipt_has_every_field_it_must(one):
    said = json.loads(json.dumps(kantara(one, NOTICE, disclose(one, NOTICE), ORIGIN)))

    assert said["version"] == "KI-CR-v1.1.0"
    for name, kind in REQUIRED.items():
        assert type(said[name]) is kind, name
    assert said["consentTimestamp"] == NOON.timestamp()
    for controller in said["piiControllers"]:
        assert {"piiController", "contact", "address", "email", "phone"} <= set(controller)
        assert isinstance(controller["address"], dict)
    ((service,),) = (said["services"],)
    assert service["service"]
    assert len(service["purposes"]) == len(one.decision.granted), "it knows no refusal"
    for purpose in service["purposes"]:
        assert {"consentType", "purposeCategory", "piiCategory", "termination", "thirdPartyDisclosure"} <= set(purpose)
        assert type(purpose["thirdPartyDisclosure"]) is bool
        assert ("thirdPartyName" in purpose) is purpose["thirdPartyDisclosure"]
        assert all(isinstance(one, str) for one in purpose["purposeCategory"] + purpose["piiCategory"])


def test_what_was_told_is_what_was_granted_and_no_more():
    told = disclose(GRANTED, NOTICE)

    assert [(one.name, one.country, one.abroad) for one in told.recipients] == [("Google Analytics", "US", True)]
    assert told.countries == ("US",)
    assert [(datum.name, datum.lifetime_seconds) for datum in told.data] == [("_ga", 63_072_000)]
    assert told.valid_until == GRANTED.expires_at > NOON + timedelta(days=100)
    assert told.operator.registration == NOTICE.operator.registration
    refused = disclose(EVERY[2], NOTICE)
    assert (refused.recipients, refused.countries, refused.data, refused.disseminated) == ((), (), (), False)


def test_a_recipient_under_the_same_law_is_not_abroad():
    at_home = replace(NOTICE, tags=tuple(replace(tag, country="KZ") for tag in TAGS))

    assert disclose(GRANTED, at_home).countries == ()
    assert disclose(replace(GRANTED, profile="atlantis"), at_home).countries == ("KZ",), "nobody knows that law"
