"""What we hold: collected for who has proven to be the person, fetched a few times, and gone again."""

from __future__ import annotations

import hashlib
import io
import json
import re
import zipfile

import pytest

from consentgw.consents import service as consents
from consentgw.consents.model import Method
from consentgw.consents.receipt import KIND
from consentgw.errors import Gone, NotFound
from consentgw.keys import store as keys
from consentgw.keys.model import verify
from consentgw.law.profiles import RequestType
from consentgw.notices.catalogue import read_offer
from consentgw.subject_requests import answers, service
from consentgw.subject_requests.model import Act, Person, Ref
from tests.house.documents import Reader
from tests.notices.story import answer, signer
from tests.subject_requests.story import AIGERIM, BOLAT, DANA
from tests.subject_requests.test_service import case_of, do

HOSTILE = Person(
    name="<script>alert(1)</script>",
    email=AIGERIM.email,
    phone="=cmd|' /C calc'!A0",
    details="../../etc/passwd {{7*7}} <b onmouseover=x>",
)


def opened(package):
    """Return the files of a package."""
    with zipfile.ZipFile(io.BytesIO(package.file)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def answered(room, **given):
    """Let Aigerim ask for access, prove it, and be answered."""
    request = room.vouch(room.prove(room.ask(**given)))
    return do(room, service.complete, request, DANA, "Here it is.")


def test_everything_about_one_person_is_collected_and_nothing_about_another(room, clock):
    notice = room.db.ask(read_offer, room.site).notices["en"]
    key = room.db.apply(signer)
    first = room.db.apply(consents.record, answer(notice), key)
    room.db.apply(consents.record, answer(notice, Method.WITHDRAW, previous=first), key)
    bolats = room.db.apply(consents.record, answer(notice), key)
    room.prove(room.ask(RequestType.RESTRICTION, Person(email=AIGERIM.email, details="Block my old orders")))
    room.ask(RequestType.COMPLAINT, Person(email=AIGERIM.email, details="Somebody else typed her address"))
    room.ask(RequestType.COMPLAINT, BOLAT)
    clock.step(days=2)
    request = room.prove(room.ask(receipt=first.receipt))
    do(room, service.note, request, DANA, "An internal note")
    do(room, service.complete, request, DANA, "Here it is.")

    files = opened(do(room, answers.download, request))

    assert set(files) == {
        "index.html", "data.json", "manifest.json", "receipts/001.json", "receipts/001.jws", "receipts/002.json",
        "receipts/002.jws",
    }  # fmt: skip
    whole = b"".join(files.values()).decode()
    for there in (AIGERIM.name, AIGERIM.phone, "Block my old orders", "Here it is.", str(first.receipt)):
        assert there in whole
    for other in ("Somebody else typed", BOLAT.email, "An internal note", str(bolats.receipt)):
        assert other not in whole
    data = json.loads(files["data.json"])
    assert [one["subject_request_type"] for one in data["subject_requests"]] == ["access", "restriction"]
    published = {"keys": room.db.ask(keys.published)}
    assert verify(files["receipts/001.jws"].decode(), published, KIND) == json.loads(files["receipts/001.json"])


def test_the_page_of_a_package_names_purposes_in_its_language_and_says_what_became_of_a_receipt(quick):
    notice = quick.db.ask(read_offer, quick.site).notices["en"]
    key = quick.db.apply(signer)
    first = quick.db.apply(consents.record, answer(notice, Method.ACCEPT_ALL), key)
    second = quick.db.apply(consents.record, answer(notice, Method.ACCEPT_ALL, previous=first), key)
    quick.db.apply(consents.record, answer(notice, Method.WITHDRAW, previous=second), key)
    request = quick.prove(quick.ask(language="ru", receipt=first.receipt))
    do(quick, service.complete, request, DANA, "Вот они.")

    page = opened(do(quick, answers.download, request))["index.html"].decode()

    said = re.findall(r": ([^:<]*) \(<code>", page)
    assert said == [
        "Аналитические, Маркетинговые; позже заменено другим ответом",
        "Аналитические, Маркетинговые; позже отозвано",
        "ничего не разрешено",
    ]


def test_the_manifest_holds_the_sum_of_every_other_file(quick):
    package = do(quick, answers.download, answered(quick))

    files = opened(package)

    sums = json.loads(files.pop("manifest.json"))["sha256"]
    assert sums == {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}
    assert package.digest == hashlib.sha256(package.file).hexdigest()


def test_nothing_anybody_typed_is_markup_or_a_name_of_a_file(quick):
    files = opened(do(quick, answers.download, answered(quick, person=HOSTILE)))

    page = Reader(files["index.html"].decode())
    assert not page.all("script", "b", "img", "link")
    assert not any(name.startswith("on") for element in page.elements for name in element.attributes)
    assert "{{7*7}}" in files["index.html"].decode()
    assert set(files) == {"index.html", "data.json", "manifest.json"}
    assert not any(name.endswith((".csv", ".xlsx")) for name in files)


def test_a_package_is_fetched_three_times_and_no_more(room):
    request = answered(room)
    for _ in range(answers.DOWNLOADS):
        assert do(room, answers.download, request).file
    with pytest.raises(Gone):
        do(room, answers.download, request)
    assert [step.act for step in case_of(room, request).history][-3:] == [Act.DOWNLOAD] * 3


def test_a_package_can_be_taken_back_and_is_nobody_elses_and_gone_after_a_week(quick, clock):
    request = answered(quick)
    with pytest.raises(NotFound):
        quick.db.apply(answers.download, quick.office, Ref("news", request.id))
    do(quick, answers.revoke, request, DANA, "It went to the wrong person.")
    with pytest.raises(Gone):
        do(quick, answers.download, request)

    clock.step(days=2)
    late = answered(quick)
    clock.step(days=7, seconds=1)
    with pytest.raises(Gone):
        do(quick, answers.download, late)


def test_only_what_asks_for_data_gets_a_package(quick):
    request = quick.ask(RequestType.INFORMATION)
    done = do(quick, service.complete, request, DANA, "So it is.")

    with pytest.raises(Gone):
        do(quick, answers.download, done)
