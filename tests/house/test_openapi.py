"""Laws over the API's description: what it says is whole, valid, and what is served."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest
from jsonschema import Draft202012Validator
from schemathesis.specs.openapi.definitions import OPENAPI_31

from consentgw.access.description import EXAMPLES
from consentgw.http.explanations import EXPLANATIONS
from consentgw.http.reference.schemas import Schemas
from tests.house.openapi import SNAPSHOT, served, written

pytestmark = pytest.mark.anyio

PROBLEM = "application/problem+json"
DATA = {"example", "value", "examples", "default", "const", "enum"}
METHODS = ("get", "post", "put", "patch", "delete")
Json = dict[str, Any]


@pytest.fixture(scope="module")
async def document() -> Json:
    """The document as it is served."""
    return await served()


@pytest.fixture(scope="module")
def operations(document: Json) -> dict[str, Json]:
    """Every operation by its id, with its method and path."""
    found = [
        {**one, "method": method, "path": path}
        for path, item in document["paths"].items()
        for method, one in item.items()
        if method in METHODS
    ]
    assert len({one["operationId"] for one in found}) == len(found) > 5
    return {one["operationId"]: one for one in found}


async def test_it_is_what_we_keep_a_copy_of(document):
    renew = "the API has changed: if it is meant to, run `python -m tests.house.openapi` and commit the difference"

    assert written(document) == SNAPSHOT.read_text(encoding="utf-8"), renew


async def test_it_is_valid_openapi_and_every_schema_in_it_is_valid(document):
    Draft202012Validator(OPENAPI_31).validate(document)

    for where, schema in schemas(document):
        Draft202012Validator.check_schema(schema)
        assert "nullable" not in schema, f"{where}: that is OpenAPI 3.0"


async def test_every_reference_leads_somewhere(document):
    for where, node in nodes(document):
        if "$ref" in node:
            assert resolved(document, node) is not None, where


async def test_it_names_the_api_its_tags_and_every_scope(document, operations):
    assert document["info"]["description"]
    tags = {tag["name"]: tag["description"] for tag in document["tags"]}
    scopes = document["components"]["securitySchemes"]["key"]["x-scopes"]

    assert all(tags.values())
    assert all(scopes.values())
    assert {tag for one in operations.values() for tag in one["tags"]} == set(tags)
    for name, one in operations.items():
        (need,) = one["security"]
        assert set(need) == {"key"}, name
        assert need["key"], f"{name} needs a scope"
        assert set(need["key"]) <= set(scopes), name


async def test_every_operation_says_what_it_does(operations):
    for name, one in operations.items():
        assert re.fullmatch(r"[a-z][a-z_]+", name)
        assert len(one["tags"]) == 1
        assert 0 < len(one["summary"]) <= 70, name
        assert not one["summary"].endswith("."), name
        for parameter in one.get("parameters", ()):
            assert parameter.get("description"), f"{name}: {parameter['name']}"


async def test_every_error_is_a_problem_that_is_explained(document, operations):
    for name, one in operations.items():
        statuses = set(one["responses"])
        assert {"400", "401", "403", "413", "422", "429", "503"} <= statuses, name
        assert "404" in statuses or "{" not in one["path"], name
        assert "415" in statuses or "requestBody" not in one, name
        for status in statuses:
            if status >= "400":
                answer = one["responses"][status]
                assert set(answer["content"]) == {PROBLEM}, f"{name} {status}"
                examples = answer["content"][PROBLEM]["examples"]
                assert examples, f"{name} {status}"
                for code, example in examples.items():
                    assert example["value"]["code"] == code
                    assert example["value"]["title"] == EXPLANATIONS[code].title
                    assert EXPLANATIONS[code].status == int(status) == example["value"]["status"]


async def test_what_is_made_has_an_address_and_tells_where_to_go_on(operations):
    for name, one in operations.items():
        for status, answer in one["responses"].items():
            if status == "201":
                assert "Location" in answer["headers"], name
                assert answer["links"], name
            for link in answer.get("links", {}).values():
                target = operations[link["operationId"]]
                known = {parameter["name"] for parameter in target.get("parameters", ())}
                assert set(link["parameters"]) <= known, name


async def test_a_body_takes_no_field_it_does_not_name(document, operations):
    for name, one in operations.items():
        for media, content in one.get("requestBody", {}).get("content", {}).items():
            if media == "application/json":
                schema = resolved(document, content["schema"])
                assert schema.get("additionalProperties") is False, name


async def test_every_example_is_valid(document):
    shown = list(examples(document))

    assert len(shown) > 20
    for where, schema, value in shown:
        faults = [fault.message for fault in validator(document, schema).iter_errors(value)]
        assert not faults, f"{where}: {value!r}: {faults}"


async def test_what_is_sent_and_answered_is_shown_by_examples_and_not_by_placeholders(document, operations):
    known = Schemas(document["components"]["schemas"])
    assert set(json.loads(EXAMPLES.read_text(encoding="utf-8"))) <= set(known.named)
    for name, one in operations.items():
        answers = [answer for status, answer in one["responses"].items() if status < "400"]
        for body in (one.get("requestBody", {}), *answers):
            for content in body.get("content", {}).values():
                sample = json.dumps(known.sample(content["schema"])) if "$ref" in content["schema"] else ""
                assert '"string"' not in sample, f"{name}: put an example into {EXAMPLES.name}: {sample}"


async def test_every_message_we_send_is_described(document):
    for name, item in document.get("webhooks", {}).items():
        assert item["post"]["summary"], name
        assert item["post"]["requestBody"]["content"]["application/json"]["schema"], name


def nodes(node: Any, where: str = "#") -> Iterator[tuple[str, Json]]:
    """Yield every object in a document with where it stands; what an example holds is data."""
    if isinstance(node, dict):
        yield where, node
        for key, value in node.items():
            is_data = key in DATA and not where.endswith("/properties")
            if not is_data or (key == "examples" and isinstance(value, dict)):
                yield from nodes(value, f"{where}/{key}")
    elif isinstance(node, list):
        for index, value in enumerate(node):
            yield from nodes(value, f"{where}/{index}")


def schemas(document: Json) -> Iterator[tuple[str, Json]]:
    """Yield every schema that is no part of another."""
    yield from ((f"#/components/schemas/{name}", one) for name, one in document["components"]["schemas"].items())
    for where, node in nodes({key: value for key, value in document.items() if key != "components"}):
        if "schema" in node and not where.endswith("/properties"):
            yield f"{where}/schema", node["schema"]


def examples(document: Json) -> Iterator[tuple[str, Json, Any]]:
    """Yield every example with the schema it belongs to: of bodies, of parameters, and within schemas."""
    for where, node in nodes(document):
        schema = node.get("schema")
        if isinstance(schema, dict) and isinstance(node.get("examples"), dict):
            yield from ((f"{where}/{name}", schema, one["value"]) for name, one in node["examples"].items())
        if isinstance(schema, dict) and "example" in node:
            yield where, schema, node["example"]
        if isinstance(node.get("examples"), list):
            yield from ((where, node, value) for value in node["examples"])


def resolved(document: Json, node: Json) -> Any:
    """Return what a reference stands for."""
    while "$ref" in node:
        target: Any = document
        for step in node["$ref"].removeprefix("#/").split("/"):
            target = target[step.replace("~1", "/").replace("~0", "~")]
        node = target
    return node


def validator(document: Json, schema: Json) -> jsonschema_rs.Draft202012Validator:
    """Return a validator of values that knows the document's schemas, and what every format means."""
    return jsonschema_rs.Draft202012Validator({"components": document["components"], **schema}, validate_formats=True)
