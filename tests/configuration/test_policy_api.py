"""Policies by REST: drafted, looked through, published as an act of its own."""

from __future__ import annotations

import hashlib

import pytest
import rfc8785

from consentgw.access.model import Scope
from tests.caller import caller, code
from tests.gateway import REASONS, digest, rows
from tests.policies.shop import draft

pytestmark = pytest.mark.anyio

ADDRESS = "/v1/sites/shop/policy-draft"
TEXTS = {language: draft("1.1. New words.") for language in ("kk", "ru", "en")}


async def written(dana, texts):
    """Let Dana write a draft; return what was answered."""
    tag = (await dana.get(ADDRESS)).headers["etag"]
    return await dana.put(ADDRESS, {"texts": texts}, headers={"if-match": tag})


async def test_a_draft_is_written_looked_through_and_published(gateway):
    dana = caller(gateway, site="shop")
    begun = (await dana.get(ADDRESS)).json()
    assert not begun["kept"]

    kept = (await written(dana, TEXTS)).json()
    assert (kept["kept"], kept["texts"], kept["findings"]) == (True, TEXTS, [])
    published = await dana.post(
        "/v1/sites/shop/policies", {"draft": kept["digest"], "change": "material", "reasons": REASONS}, once="a"
    )

    assert published.status_code == 201, published.text
    version = published.json()
    assert published.headers["location"] == f"/v1/sites/shop/policies/{version['version']}"
    assert (await dana.get(published.headers["location"])).json() == version
    assert version["standing"] == "in_force"
    assert version["reasons"] == REASONS
    listed = (await dana.get("/v1/sites/shop/policies?limit=1")).json()
    assert [one["version"] for one in listed["items"]] == [version["version"]]
    (first,) = (await dana.get(listed["next"])).json()["items"]
    assert (first["standing"], version["predecessor"]) == ("superseded", first["digest"])
    assert (await dana.get(ADDRESS)).json() == {**kept, "kept": False}
    notices = (await dana.get("/v1/sites/shop/notices")).json()
    assert (notices["round"], {notice["policy"] for notice in notices["items"]}) == (2, {version["version"]})


async def test_only_the_draft_that_was_read_is_published_and_only_once(gateway):
    dana, bolat = caller(gateway, site="shop"), caller(gateway, site="shop")
    seen = (await written(dana, TEXTS)).json()["digest"]
    said = {"draft": seen, "change": "material", "reasons": REASONS}
    await written(bolat, {**TEXTS, "en": draft("1.1. Bolat's words.")})
    before = digest(gateway.settings)

    assert code(await dana.post("/v1/sites/shop/policies", said)) == (409, "conflict")
    assert digest(gateway.settings) == before

    await written(dana, TEXTS)
    first = await dana.post("/v1/sites/shop/policies", said, once="a")
    again = await dana.post("/v1/sites/shop/policies", said, once="a")
    assert (first.status_code, first.content) == (201, again.content)
    assert rows(gateway.settings)["policies"] == 3


async def test_a_draft_with_faults_is_kept_and_told_and_never_published(gateway):
    dana = caller(gateway, site="shop")

    kept = await written(dana, {**TEXTS, "en": "# Nothing [[eve.place]]"})

    assert kept.status_code == 200
    assert {(one["language"], one["severity"]) for one in kept.json()["findings"]} >= {("en", "error")}
    before = digest(gateway.settings)
    said = {"draft": kept.json()["digest"], "change": "material", "reasons": REASONS}
    assert code(await dana.post("/v1/sites/shop/policies", said)) == (422, "invalid")
    assert code(await dana.post("/v1/sites/shop/policies", {**said, "reasons": {}}))[0] == 422
    assert digest(gateway.settings) == before


async def test_writing_and_publishing_are_two_rights(gateway):
    writer = caller(gateway, Scope.POLICIES_READ, Scope.POLICIES_WRITE, site="shop")
    publisher = caller(gateway, Scope.POLICIES_READ, Scope.POLICIES_PUBLISH, site="shop")
    seen = (await written(writer, TEXTS)).json()["digest"]
    said = {"draft": seen, "change": "material", "reasons": REASONS}

    assert code(await writer.post("/v1/sites/shop/policies", said)) == (403, "forbidden")
    assert code(await written(publisher, TEXTS)) == (403, "forbidden")
    assert (await publisher.post("/v1/sites/shop/policies", said)).status_code == 201


async def test_a_notice_is_told_with_the_record_its_digest_names(gateway):
    dana = caller(gateway, Scope.NOTICES_READ, site="shop")
    (line, *_) = (await dana.get("/v1/sites/shop/notices")).json()["items"]

    notice = (await dana.get(f"/v1/sites/shop/notices/{line['digest']}")).json()

    assert hashlib.sha256(rfc8785.dumps(notice["record"])).hexdigest() == line["digest"]
    assert notice["record"]["language"] == line["language"]
    assert len(notice["issued_at"]) == 1
