"""Sites by REST: read as they are written, changed by whoever has read them, and made by who may."""

from __future__ import annotations

import pytest

from consentgw.access.model import Scope
from tests.caller import caller, code
from tests.gateway import digest, rows

pytestmark = pytest.mark.anyio

OPERATOR = {"name": "Bolat", "registration": "240140012342", "address": "Astana", "email": "bolat@blog.example"}
BLOG = {"slug": "blog", "name": "Bolat's blog", "origins": ["https://blog.example"], "operator": OPERATOR}
NEW = {"if-none-match": "*"}


async def test_what_is_read_can_be_changed_and_sent_back(gateway):
    dana = caller(gateway, site="shop")
    read = await dana.get("/v1/sites/shop")
    site = {**read.json(), "name": "Another name", "policy": {"change": "editorial"}}

    changed = await dana.put("/v1/sites/shop", site, headers={"if-match": read.headers["etag"]})

    assert changed.status_code == 200, changed.text
    again = await dana.get("/v1/sites/shop")
    assert again.json() == changed.json() == {**read.json(), "name": "Another name"}
    assert again.headers["etag"] == changed.headers["etag"] != read.headers["etag"]
    trail = (await dana.get("/v1/audit")).json()["items"]
    assert [(act["act"], act["site"], act["actor"]) for act in trail] == [("put_site", "shop", f"key:{dana.key.id}")]


async def test_nobody_overwrites_what_somebody_else_has_changed(gateway):
    dana = caller(gateway, site="shop")
    read = await dana.get("/v1/sites/shop")
    site, tag = read.json(), {"if-match": read.headers["etag"]}
    said = {"policy": {"change": "editorial"}}
    assert (await dana.put("/v1/sites/shop", {**site, "name": "First", **said}, headers=tag)).status_code == 200
    before = digest(gateway.settings)

    assert code(await dana.put("/v1/sites/shop", {**site, "name": "Second", **said}, headers=tag)) == (
        412, "precondition_failed",
    )  # fmt: skip
    assert code(await dana.put("/v1/sites/shop", {**site, **said})) == (428, "precondition_required")
    assert code(await dana.put("/v1/sites/shop", {**site, **said}, headers=NEW)) == (412, "precondition_failed")
    weak = {"if-match": f"W/{read.headers['etag']}"}
    assert code(await dana.put("/v1/sites/shop", {**site, **said}, headers=weak)) == (412, "precondition_failed")
    assert digest(gateway.settings) == before


async def test_a_key_of_the_whole_installation_makes_a_site_that_asks_at_once(gateway):
    dana = caller(gateway)

    made = await dana.put("/v1/sites/blog", BLOG, headers=NEW)

    assert made.status_code == 201, made.text
    assert made.headers["location"] == "/v1/sites/blog"
    assert (await dana.get("/v1/sites/blog")).json() == made.json()
    assert {notice["language"] for notice in (await dana.get("/v1/sites/blog/notices")).json()["items"]} == {
        "kk", "ru", "en",
    }  # fmt: skip
    assert [site["slug"] for site in (await dana.get("/v1/sites")).json()["items"]] == ["blog", "news", "shop"]
    assert code(await dana.put("/v1/sites/vlog", {**BLOG, "slug": "vlog"})) == (428, "precondition_required")
    assert code(await dana.put("/v1/sites/vlog", {**BLOG, "slug": "vlog"}, headers={"if-match": "*"})) == (
        412, "precondition_failed",
    )  # fmt: skip


async def test_what_publishes_a_policy_needs_the_right_to_publish(gateway):
    eve = caller(gateway, Scope.SITES_READ, Scope.SITES_WRITE)
    before = digest(gateway.settings)

    assert code(await eve.put("/v1/sites/blog", BLOG, headers=NEW)) == (403, "forbidden")

    assert digest(gateway.settings) == before


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"slug": "other"}, "#/slug"),
        ({"origins": ["https://blog.example/path"]}, "#"),
        ({"profile": "eve"}, "#"),
        ({"operator": {**OPERATOR, "registration": "1"}}, "#"),
        ({"operator": {**OPERATOR, "eve": "1"}}, "#/operator"),
        ({"purposes": ["eve"]}, "#"),
        ({"languages": ["en"]}, "#"),
        ({"validity_days": "7"}, "#/validity_days"),
        ({"name": "a‮b"}, "#/name"),
    ],
)
async def test_a_site_that_cannot_be_is_refused_with_its_place_and_nothing_is_written(embedded, change, place):
    answer = await caller(embedded).put("/v1/sites/blog", {**BLOG, **change}, headers=NEW)

    assert code(answer) == (422, "invalid")
    assert answer.json()["errors"][0]["pointer"] == place
    assert "eve" not in answer.text
    assert rows(embedded.settings)["sites"] == 2


async def test_purposes_and_tags_are_told_with_their_release_addresses(gateway):
    dana = caller(gateway, Scope.SITES_READ, site="shop")

    purposes = (await dana.get("/v1/sites/shop/purposes")).json()["items"]
    tags = (await dana.get("/v1/sites/shop/tags")).json()["items"]

    assert [(one["key"], one["optional"]) for one in purposes] == [
        ("necessary", False), ("analytics", True), ("marketing", True),
    ]  # fmt: skip
    assert purposes[1]["wording"]["ru"]["title"] == "Аналитические"
    assert tags[0]["releases"] == ["/release/shop/ga.gif", "/release/shop/ga.js"]
