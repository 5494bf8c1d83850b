"""JSON Schema (2020-12, as OpenAPI 3.1 has it) in words: the type of a value, its constraints, its members.

A ``$ref`` becomes a link to the schema it names. Members of named schemas are shown in place where that helps,
a few levels deep and never inside themselves.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from consentgw.http.prose import line
from consentgw.http.reference.model import Field, Rule, Span

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    Json = Mapping[str, Any]

DEPTH = 3
"""Levels of members within members."""
_PREFIX = "#/components/schemas/"
_FORMATS = {
    "date-time": "date and time (RFC 3339)",
    "date": "date",
    "uuid": "UUID",
    "uri": "address (URI)",
    "email": "e-mail address",
    "binary": "bytes",
}
_STRINGS = {
    "date-time": "2026-11-25T09:00:00Z",
    "date": "2026-11-25",
    "uuid": "0198f2b4-6f0e-7c1a-9a55-5d2c7f3e9b10",
    "uri": "https://shop.example",
    "email": "privacy@shop.example",
}
_BOUNDS = {
    "minimum": "at least",
    "exclusiveMinimum": "more than",
    "maximum": "at most",
    "exclusiveMaximum": "less than",
    "multipleOf": "a multiple of",
    "pattern": "matches",
}
_SIZES = {
    ("minLength", "maxLength"): ("character", "characters"),
    ("minItems", "maxItems"): ("entry", "entries"),
    ("minProperties", "maxProperties"): ("member", "members"),
}


@dataclass(frozen=True, slots=True)
class Schemas:
    """The named schemas of a document, and how to say any schema that uses them."""

    named: Mapping[str, Json]

    def resolve(self, schema: Json) -> Json:
        """Return a schema with its reference followed; what stands beside the reference is stronger."""
        seen: set[str] = set()
        while (name := self.name(schema)) and name not in seen:
            seen.add(name)
            beside = {key: value for key, value in schema.items() if key != "$ref"}
            schema = {**self.named[name], **beside}
        return schema

    def name(self, schema: Json) -> str:
        """Return the name a schema refers to; empty when it is written in place, or names nothing we have."""
        name = str(schema.get("$ref", "")).removeprefix(_PREFIX)
        return name if name in self.named else ""

    def type(self, schema: Json, *, follow: bool = False) -> tuple[Span, ...]:
        """Return what a value is, in words; ``follow`` says a named schema's own type instead of its name."""
        if name := self.name(schema):
            if not follow:
                return (Span(shown(name), name),)
            schema = self.resolve(schema)
        if "const" in schema:
            return (Span(_kind_of(schema["const"])),)
        if choices := _choices(schema):
            spoken = [self.type(choice) for choice in choices]
            return tuple(_joined(dict.fromkeys(spoken), " or "))
        if len(kinds := _kinds(schema)) > 1:
            spoken = [self.type({**schema, "type": kind}) for kind in kinds]
            return tuple(_joined(dict.fromkeys(spoken), " or "))
        return self._single(schema)

    def _single(self, schema: Json) -> tuple[Span, ...]:
        kind = _kinds(schema)[0]
        if kind == "array":
            entries = schema.get("items")
            return (Span("list of "), *self.type(entries)) if entries else (Span("list"),)
        if kind == "object":
            values = schema.get("additionalProperties")
            if "properties" not in schema and values and values is not True:
                return Span("object of "), *self.type(values)
            return (Span("object"),)
        if kind == "string" and (words := _FORMATS.get(schema.get("format", ""))):
            return (Span(words),)
        if not kind and "enum" in schema:
            return tuple(_joined(dict.fromkeys((Span(_kind_of(value)),) for value in schema["enum"]), " or "))
        return (Span(str(kind) or "any value"),)

    def fields(self, schema: Json, *, within: tuple[str, ...] = (), depth: int = DEPTH) -> tuple[Field, ...]:
        """Return the members of the object a schema describes, or of each object it holds."""
        name = self.name(schema)
        if name in within or depth == 0:
            return ()
        within = (*within, name) if name else within
        schema = self.resolve(schema)
        for inner in _within(schema, "items", "additionalProperties"):
            if found := self.fields(inner, within=within, depth=depth):
                return found
        required = schema.get("required", ())
        return tuple(
            self.field(name, member, required=name in required, within=within, depth=depth - 1)
            for name, member in schema.get("properties", {}).items()
        )

    def field(
        self, name: str, schema: Json, *, required: bool, within: tuple[str, ...] = (), depth: int = DEPTH
    ) -> Field:
        """Return one value with all that is said about it."""
        whole = self.resolve(schema)
        return Field(
            name=name,
            type=self.type(schema),
            required=required,
            deprecated=bool(whole.get("deprecated")),
            description=line(whole["description"]) if "description" in whole else Markup(""),
            rules=self.rules(schema),
            values=self.values(schema),
            fields=self.fields(schema, within=within, depth=depth),
        )

    def rules(self, schema: Json) -> tuple[Rule, ...]:
        """Return the constraints on a value, and its default; those of a schema with a name stand with the name."""
        return tuple(dict.fromkeys(self._rules(schema)))

    def _rules(self, schema: Json) -> Iterator[Rule]:
        for inner in _choices(schema):
            yield from self._rules(inner)
        if entries := schema.get("items"):
            yield from (Rule(f"each: {rule.words}", rule.code) for rule in self._rules(entries))
        if "const" in schema:
            yield Rule("always", _written(schema["const"]))
            return
        for (least, most), (one, many) in _SIZES.items():
            if said := _size(schema.get(least, 0), schema.get(most), one, many):
                yield Rule(said)
        for key, words in _BOUNDS.items():
            if key in schema:
                yield Rule(words, _written(schema[key]))
        if schema.get("uniqueItems"):
            yield Rule("no entry twice")
        if schema.get("default") is not None:
            yield Rule("default", _written(schema["default"]))

    def values(self, schema: Json) -> tuple[str, ...]:
        """Return the only values a schema takes; none when it is open."""
        schema = self.resolve(schema)
        found = [_written(value) for value in schema.get("enum", ()) if value is not None]
        for inner in _within(schema, "items"):
            found += self.values(inner)
        return tuple(dict.fromkeys(found))

    def sample(self, schema: Json, *, within: tuple[str, ...] = ()) -> Any:
        """Return a value as it could be: an example where the document has one, else the least that fits.

        What is null unless it is given is left out.
        """
        if (name := self.name(schema)) in within and name:
            return {}
        within = (*within, name) if name else within
        schema = self.resolve(schema)
        for given in (schema.get("examples"), [schema["example"]] if "example" in schema else None, schema.get("enum")):
            if given:
                return given[0]
        for key in ("const", "default"):
            if schema.get(key) is not None:
                return schema[key]
        if choices := _choices(schema):
            return self.sample(choices[0], within=within)
        return self._least(_kinds(schema)[0], schema, within)

    def _worth_showing(self, schema: Json) -> bool:
        """Return whether a member that may be left out is in a sample: not one that is null unless it is given."""
        whole = self.resolve(schema)
        return bool(whole.get("examples")) or not any("null" in _kinds(one) for one in (whole, *_choices(whole)))

    def _least(self, kind: str, schema: Json, within: tuple[str, ...]) -> Any:
        if kind == "object":
            members = schema.get("properties", {}).items()
            required = schema.get("required", ())
            return {
                name: self.sample(one, within=within)
                for name, one in members
                if name in required or self._worth_showing(one)
            }
        if kind == "array":
            return [self.sample(schema["items"], within=within)] if schema.get("items") else []
        if kind == "string":
            return _STRINGS.get(schema.get("format", ""), "string")
        if kind in {"integer", "number"}:
            least = schema.get("minimum", 0)
            return int(least) if kind == "integer" else least
        return True if kind == "boolean" else None


def shown(name: str) -> str:
    """Return the name of a schema as it is shown: FastAPI writes out whose it is where two rooms use one name."""
    *rooms, own = name.split("__")
    return f"{own} ({rooms[1]})" if len(rooms) > 1 else own


def _choices(schema: Json) -> Sequence[Json]:
    """Return the alternatives of a schema; the parts of an ``allOf`` count as one each."""
    return [choice for key in ("anyOf", "oneOf", "allOf") for choice in schema.get(key, ())]


def _within(schema: Json, *keys: str) -> Iterator[Json]:
    """Yield the alternatives of a schema and what stands under these keys, as far as it is a schema."""
    yield from _choices(schema)
    for key in keys:
        if schema.get(key) and schema[key] is not True:
            yield schema[key]


def _kinds(schema: Json) -> list[str]:
    """Return the types a schema names; an empty word where it names none."""
    named = schema.get("type") or ("object" if "properties" in schema else "")
    return [named] if isinstance(named, str) else named


def _size(least: int, most: int | None, one: str, many: str) -> str:
    if most is None:
        return f"at least {least} {one if least == 1 else many}" if least else ""
    if least == most:
        return f"exactly {most} {one if most == 1 else many}"
    unit = one if most == 1 else many
    return f"{least} to {most} {unit}" if least else f"up to {most} {unit}"


def _joined(kinds: Mapping[tuple[Span, ...], None], between: str) -> Iterator[Span]:
    for index, spans in enumerate(kinds):
        if index:
            yield Span(between)
        yield from spans


def _kind_of(value: Any) -> str:
    kinds = {"str": "string", "bool": "boolean", "int": "integer", "float": "number", "list": "list", "dict": "object"}
    return kinds.get(type(value).__name__, "null")


def _written(value: Any) -> str:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return value if isinstance(value, str) and value else json.dumps(value, ensure_ascii=False)
