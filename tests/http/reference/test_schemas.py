"""A schema in words: what a value is, what it must be, what it holds."""

from __future__ import annotations

from itertools import pairwise

import pytest

from consentgw.http.reference.model import Rule
from consentgw.http.reference.schemas import DEPTH, Schemas, shown

NAMED = {
    "Name": {"type": "string", "minLength": 1, "description": "What it is called.", "examples": ["Abai"]},
    "Node": {
        "type": "object",
        "required": ["label"],
        "properties": {
            "label": {"$ref": "#/components/schemas/Name"},
            "next": {"anyOf": [{"$ref": "#/components/schemas/Node"}, {"type": "null"}]},
        },
    },
    "Loop": {"$ref": "#/components/schemas/Loop"},
    "Deep": {"properties": {"a": {"properties": {"b": {"properties": {"c": {"properties": {"d": {}}}}}}}}},
}
SCHEMAS = Schemas(NAMED)


def ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def words(schema: dict) -> str:
    return "".join(span.words for span in SCHEMAS.type(schema))


@pytest.mark.parametrize(
    ("schema", "said"),
    [
        ({"type": "string"}, "string"),
        ({"type": "string", "format": "date-time"}, "date and time (RFC 3339)"),
        ({"type": "string", "format": "unheard"}, "string"),
        ({"type": ["string", "null"]}, "string or null"),
        ({"anyOf": [ref("Name"), {"type": "null"}]}, "Name or null"),
        ({"oneOf": [ref("Name"), ref("Node")]}, "Name or Node"),
        ({"allOf": [ref("Node")]}, "Node"),
        ({"type": "array", "items": ref("Node")}, "list of Node"),
        ({"type": "array"}, "list"),
        ({"type": "object", "additionalProperties": {"type": "boolean"}}, "object of boolean"),
        ({"type": "object", "additionalProperties": False}, "object"),
        ({"type": "object", "additionalProperties": True}, "object"),
        ({"properties": {}}, "object"),
        ({"const": 1}, "integer"),
        ({"const": True}, "boolean"),
        ({"enum": ["a", "b", None]}, "string or null"),
        (ref("Unheard"), "any value"),
        ({}, "any value"),
    ],
)
def test_a_type_is_said_in_words(schema, said):
    assert words(schema) == said


def test_words_that_name_a_schema_lead_to_it_and_others_do_not():
    spans = SCHEMAS.type({"anyOf": [ref("Node"), {"type": "null"}]})

    assert [(span.words, span.schema) for span in spans] == [("Node", "Node"), (" or ", ""), ("null", "")]


@pytest.mark.parametrize(
    ("schema", "rules"),
    [
        ({"type": "string", "minLength": 1, "maxLength": 64}, [Rule("1 to 64 characters")]),
        ({"type": "string", "maxLength": 1}, [Rule("up to 1 character")]),
        ({"type": "string", "minLength": 3, "maxLength": 3}, [Rule("exactly 3 characters")]),
        ({"type": "array", "minItems": 1}, [Rule("at least 1 entry")]),
        ({"type": "array", "uniqueItems": True}, [Rule("no entry twice")]),
        ({"type": "array", "items": {"type": "string", "pattern": "^a$"}}, [Rule("each: matches", "^a$")]),
        ({"type": "object", "maxProperties": 500}, [Rule("up to 500 members")]),
        ({"type": "integer", "minimum": 0.0, "maximum": 5}, [Rule("at least", "0"), Rule("at most", "5")]),
        ({"type": "number", "exclusiveMinimum": 0.5}, [Rule("more than", "0.5")]),
        ({"type": "string", "default": ""}, [Rule("default", '""')]),
        ({"type": "string", "default": None}, []),
        ({"const": "bought", "default": "bought"}, [Rule("always", "bought")]),
        ({"anyOf": [{"type": "string", "maxLength": 9}, {"type": "null"}]}, [Rule("up to 9 characters")]),
        (ref("Name"), []),
    ],
)
def test_constraints_are_said_in_words_and_those_of_a_named_schema_stand_with_its_name(schema, rules):
    assert list(SCHEMAS.rules(schema)) == rules


def test_the_only_values_are_listed_wherever_they_are_written():
    assert SCHEMAS.values({"enum": ["a", 1, None, ""]}) == ("a", "1", '""')
    assert SCHEMAS.values({"type": "array", "items": {"enum": ["a"]}}) == ("a",)
    assert SCHEMAS.values({"anyOf": [{"enum": ["a"]}, {"enum": ["a", "b"]}]}) == ("a", "b")


def test_a_member_has_the_words_of_the_schema_it_refers_to_unless_it_has_its_own():
    inherited = SCHEMAS.field("label", ref("Name"), required=True)
    own = SCHEMAS.field("label", {**ref("Name"), "description": "Its **own**."}, required=False)

    assert (inherited.required, inherited.description) == (True, "What it is called.")
    assert (own.required, own.description) == (False, "Its <strong>own</strong>.")


def test_members_are_found_in_lists_in_maps_and_behind_alternatives():
    for schema in (
        ref("Node"),
        {"type": "array", "items": ref("Node")},
        {"type": "object", "additionalProperties": ref("Node")},
        {"anyOf": [{"type": "null"}, ref("Node")]},
    ):
        assert [(field.name, field.required) for field in SCHEMAS.fields(schema)] == [("label", True), ("next", False)]


def test_a_schema_within_itself_is_named_and_not_unfolded():
    (_, following) = SCHEMAS.fields(ref("Node"))

    assert following.type[0].schema == "Node"
    assert following.fields == ()


def test_a_schema_that_refers_to_nothing_but_itself_ends():
    assert SCHEMAS.fields(ref("Loop")) == ()
    assert SCHEMAS.type(ref("Loop"), follow=True)
    assert SCHEMAS.sample(ref("Loop")) is not ...


def test_members_are_unfolded_only_so_deep():
    depth, fields = 0, SCHEMAS.fields(ref("Deep"))
    while fields:
        depth, fields = depth + 1, fields[0].fields

    assert depth == DEPTH


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        (ref("Name"), "Abai"),
        (ref("Node"), {"label": "Abai"}),
        ({"type": "array", "items": ref("Name")}, ["Abai"]),
        ({"type": "string", "format": "date"}, "2026-11-25"),
        ({"type": "integer", "minimum": 3}, 3),
        ({"type": ["boolean", "null"]}, True),
        ({"enum": ["b", "a"]}, "b"),
        ({"const": "x"}, "x"),
        ({"type": "string", "example": "e", "default": "d"}, "e"),
        ({"default": "d", "type": "string"}, "d"),
        ({"properties": {"a": ref("Name"), "b": {"type": ["string", "null"]}}}, {"a": "Abai"}),
        ({"properties": {"b": {"anyOf": [ref("Name"), {"type": "null"}], "examples": ["B"]}}}, {"b": "B"}),
        ({"properties": {"b": {"type": ["string", "null"]}}, "required": ["b"]}, {"b": "string"}),
        ({"type": "string", "format": "uuid"}, "0198f2b4-6f0e-7c1a-9a55-5d2c7f3e9b10"),
        ({"type": "number", "minimum": 0.5}, 0.5),
        ({"type": "integer", "minimum": 1.0}, 1),
        ({}, None),
    ],
)
def test_a_sample_is_the_document_s_example_else_the_least_that_fits(schema, value):
    assert SCHEMAS.sample(schema) == value


def test_a_name_that_two_rooms_use_says_whose_it_is():
    assert shown("consentgw__webhooks__model__State") == "State (webhooks)"
    assert shown("Book-Input") == "Book-Input"


def test_types_have_no_two_separators_in_a_row():
    spans = SCHEMAS.type({"anyOf": [{"type": "null"}, {"type": "null"}, ref("Name")]})

    assert all(one.words != two.words for one, two in pairwise(spans))
