"""What the reference reads from an OpenAPI document, as FastAPI writes it."""

from __future__ import annotations

import re
from copy import deepcopy

import pytest

from consentgw.http.reference.reading import read
from tests.http.reference.library import library

ORIGIN = "https://consent.example"


@pytest.fixture(scope="module")
def document():
    return library().openapi()


@pytest.fixture(scope="module")
def reference(document):
    return read(document, ORIGIN)


@pytest.fixture(scope="module")
def operations(reference):
    return {one.id: one for group in reference.groups for one in group.operations}


def test_operations_stand_in_the_groups_of_their_tags_and_an_empty_group_is_left_out(reference):
    groups = [(group.name, group.anchor, [one.id for one in group.operations]) for group in reference.groups]

    assert groups == [("Books", "tag-books", ["addBook", "listBooks"]), ("Ends", "tag-ends", ["dropBook"])]
    assert reference.groups[0].description == "<p>Everything that has pages.</p>\n"
    assert (reference.title, reference.version, reference.origin) == ("Lending library", "2.1", ORIGIN)


def test_an_operation_tells_what_a_key_must_be_allowed(reference, operations):
    assert (operations["addBook"].scopes, operations["addBook"].open) == (("books:write",), False)
    assert operations["listBooks"].open
    assert reference.scopes == (("books:write", ""),)


def test_scopes_are_described_where_the_security_scheme_says_what_they_allow(document):
    said = deepcopy(document)
    said["components"]["securitySchemes"]["HTTPBearer"]["x-scopes"] = {"books:write": "Add *books*.", "other": ""}

    assert read(said, ORIGIN).scopes == (("books:write", "Add <em>books</em>."),)


def test_parameters_are_told_by_their_place(operations):
    places = [(title, [field.name for field in fields]) for title, fields in operations["addBook"].parameters]

    assert places == [("Path parameters", ["branch"]), ("Headers", ["idempotency-key"])]


def test_a_description_is_markdown_without_raw_html_or_headings(operations):
    said = operations["addBook"].description

    assert "<table>" in said
    assert "<p># Not a heading</p>" in said
    assert not re.search(r"<h\d|<script|<b>", said)
    former = operations["addBook"].body[0].fields[-1]
    assert (former.description, former.deprecated) == ("Use &lt;b&gt;title&lt;/b&gt;.", True)


def test_an_answer_tells_its_problems_by_code_and_where_to_go_on(operations):
    replies = {one.status: one for one in operations["addBook"].replies}

    assert replies["404"].problems == ("not_found",)
    assert replies["409"].problems == ("in_progress",)
    assert (replies["201"].good, replies["404"].good) == (True, False)
    (link,) = replies["201"].links
    assert (link.operation, link.takes) == ("dropBook", (("book", "id", "the answer"),))
    assert [header.name for header in replies["201"].headers] == ["Location"]


def test_a_link_to_an_operation_that_is_not_there_leads_nowhere(document):
    changed = deepcopy(document)
    del changed["paths"]["/v1/books/{book}"]

    (link,) = read(changed, ORIGIN).groups[0].operations[0].replies[0].links
    assert (link.operation, link.name) == ("", "drop")


def test_calls_carry_what_must_be_there_and_the_document_s_examples(operations):
    assert "/v1/branches/almaty/books" in operations["addBook"].requests[0].code
    assert "idempotency-key: 8e03" in operations["addBook"].requests[0].code
    assert "The Path of Abai" in operations["addBook"].requests[0].code
    assert "limit" not in operations["listBooks"].requests[0].code


def test_the_document_s_own_server_is_called_where_it_names_one(document):
    served = read({**document, "servers": [{"url": "https://other.example/"}]}, ORIGIN)
    relative = read({**document, "servers": [{"url": "/"}]}, ORIGIN)

    assert (served.origin, relative.origin) == ("https://other.example", ORIGIN)


def test_a_webhook_is_told_without_a_call(reference):
    (lent,) = reference.webhooks

    assert (lent.id, lent.path, lent.requests) == ("webhook-book.lent", "book.lent", ())
    assert lent.body[0].samples[0].code.count("span")


def test_what_is_written_elsewhere_in_the_document_is_followed(document):
    moved = deepcopy(document)
    add = moved["paths"]["/v1/branches/{branch}/books"]["post"]
    moved["components"]["responses"] = {"Created": add["responses"]["201"]}
    moved["components"]["parameters"] = {"a/b": add["parameters"][0]}
    moved["components"]["pathItems"] = {"Books": moved["paths"].pop("/v1/books")}
    moved["paths"]["/v1/books"] = {"$ref": "#/components/pathItems/Books"}
    moved["paths"]["/v1/books/{book}"] = moved["paths"].pop("/v1/books/{book}")
    add["responses"]["201"] = {"$ref": "#/components/responses/Created"}
    add["parameters"][0] = {"$ref": "#/components/parameters/a~1b"}

    assert read(moved, ORIGIN).groups == read(document, ORIGIN).groups


def test_every_schema_with_a_name_is_there_once_and_in_order(reference, document):
    assert [schema.name for schema in reference.schemas] == sorted(document["components"]["schemas"])


def test_the_least_a_document_can_say_is_enough():
    paths = {"/a": {"get": {"responses": {"200": {"description": "d"}}}}}

    (group,) = read({"openapi": "3.1.0", "info": {"title": "T", "version": "1"}, "paths": paths}, ORIGIN).groups
    assert (group.name, group.operations[0].summary, group.operations[0].id) == ("Other", "/a", "get-/a")
