"""From an OpenAPI 3.1 document to the reference: references resolved, operations in the groups of their first tag."""

from __future__ import annotations

import json
import re
from functools import cached_property
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from consentgw.http.prose import line, paragraphs
from consentgw.http.reference import samples
from consentgw.http.reference.highlight import highlight
from consentgw.http.reference.model import Content, Group, Link, Operation, Reference, Reply, Sample, Schema
from consentgw.http.reference.schemas import Schemas, shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from consentgw.http.reference.model import Field

    Json = Mapping[str, Any]

_METHODS = ("get", "post", "put", "patch", "delete", "head", "options")
_PLACES = {"path": "Path parameters", "query": "Query parameters", "header": "Headers"}
_EVERYWHERE = {"RateLimit", "RateLimit-Policy"}
"""Headers of every answer: told once, in the guide."""
_SHOWN = {"Idempotency-Key": ["8e03978e-40d5-43e8-bc93-6894a57f9324"]}
"""What samples show although it may be left out: a habit worth having. An example would make two callers collide."""
_SOURCES = {
    "$response.body#/": "the answer",
    "$response.header.": "the headers of the answer",
    "$request.path.": "the call",
    "$request.query.": "the call",
}
_PROBLEM = "application/problem+json"
_MARKERS = re.compile(r"[^a-z0-9]+")


def read(document: Json, origin: str) -> Reference:
    """Return what a document says; samples call ``origin`` unless the document names a server."""
    return _Reading(document, origin).reference()


class _Reading:
    def __init__(self, document: Json, origin: str) -> None:
        self.document = document
        servers: Sequence[Json] = document.get("servers", ())
        named = str(servers[0]["url"]) if servers else ""
        self.origin = named.rstrip("/") if named.startswith("http") else origin
        self.components: Json = document.get("components", {})
        self.schemas = Schemas(self.components.get("schemas", {}))

    def reference(self) -> Reference:
        info = self.document["info"]
        groups = tuple(self.groups())
        return Reference(
            title=info["title"],
            version=info["version"],
            description=paragraphs(info.get("description", "")),
            origin=self.origin,
            groups=groups,
            webhooks=tuple(
                self.operation(method, name, one, webhook=True)
                for name, item in self.document.get("webhooks", {}).items()
                for method, one in _operations(self.follow(item))
            ),
            schemas=tuple(self.schema(name, one) for name, one in sorted(self.schemas.named.items())),
            scopes=tuple(self.scopes(groups)),
        )

    def follow(self, item: Json) -> Json:
        """Return what a reference to a component stands for."""
        while "$ref" in item:
            target: Any = self.document
            for step in item["$ref"].removeprefix("#/").split("/"):
                target = target[step.replace("~1", "/").replace("~0", "~")]
            item = target
        return item

    @cached_property
    def operation_ids(self) -> dict[str, str]:
        """The title of each operation by its id."""
        found = [one for item in self.document.get("paths", {}).values() for _, one in _operations(self.follow(item))]
        return {one["operationId"]: one.get("summary", one["operationId"]) for one in found}

    def groups(self) -> Iterator[Group]:
        """Yield the groups in the order the document declares its tags, then those it did not declare."""
        described = {tag["name"]: tag.get("description", "") for tag in self.document.get("tags", ())}
        members: dict[str, list[Operation]] = {name: [] for name in described}
        for path, item in self.document.get("paths", {}).items():
            item = self.follow(item)
            for method, one in _operations(item):
                shared = item.get("parameters", ())
                tag = next(iter(one.get("tags", ())), "Other")
                members.setdefault(tag, []).append(self.operation(method, path, one, shared))
        for name, operations in members.items():
            if operations:
                anchor = f"tag-{_MARKERS.sub('-', name.lower()).strip('-')}"
                yield Group(_title(name), anchor, paragraphs(described.get(name, "")), tuple(operations))

    def operation(
        self, method: str, path: str, one: Json, shared: Sequence[Json] = (), *, webhook: bool = False
    ) -> Operation:
        parameters = [self.follow(parameter) for parameter in (*shared, *one.get("parameters", ()))]
        request = self.follow(one.get("requestBody", {}))
        security: Sequence[Json] = one.get("security", self.document.get("security", ()))
        is_open = not security or {} in security
        return Operation(
            id=one.get("operationId", f"{method}-{path}") if not webhook else f"webhook-{path}",
            method=method.upper(),
            path=path,
            summary=one.get("summary", path),
            description=paragraphs(one.get("description", "")),
            deprecated=bool(one.get("deprecated")),
            scopes=tuple(dict.fromkeys(scope for need in security for scopes in need.values() for scope in scopes)),
            open=is_open,
            parameters=tuple(self.parameters(parameters)),
            body=self.contents(request.get("content", {})),
            body_required=bool(request.get("required")),
            replies=tuple(self.reply(status, self.follow(reply)) for status, reply in one.get("responses", {}).items()),
            requests=() if webhook else self.calls(method, path, parameters, request, key=bool(security)),
        )

    def parameters(self, parameters: Sequence[Json]) -> Iterator[tuple[str, tuple[Field, ...]]]:
        for place, title in _PLACES.items():
            if found := tuple(self.parameter(one) for one in parameters if one["in"] == place):
                yield title, found

    def parameter(self, one: Json, name: str = "") -> Field:
        schema: Json = one.get("schema", {})
        beside = {"description": one["description"]} if "description" in one else {}
        return self.schemas.field(name or one["name"], {**schema, **beside}, required=bool(one.get("required")))

    def calls(
        self, method: str, path: str, parameters: Sequence[Json], request: Json, *, key: bool
    ) -> tuple[Sample, ...]:
        values = {place: self.values(parameters, place) for place in _PLACES}
        content: tuple[str, Any] | None = None
        for media, one in request.get("content", {}).items():
            given = next(iter(self.examples(one)), None)
            content = (media, given[1] if given else self.schemas.sample(one.get("schema", {})))
            break
        address = self.origin + samples.fill(path, values["path"])
        return samples.calls(
            method.upper(), address, query=values["query"], headers=values["header"], content=content, key=key
        )

    def values(self, parameters: Sequence[Json], place: str) -> dict[str, Any]:
        """Return example values for what a call must have, and for what the document shows an example of."""
        found: dict[str, Any] = {}
        for one in parameters:
            schema = one.get("schema", {})
            shown = [value for _, value in self.examples(one)] or schema.get("examples") or _SHOWN.get(one["name"])
            if one["in"] == place and (one.get("required") or shown):
                found[one["name"]] = shown[0] if shown else self.schemas.sample(schema)
        return found

    def contents(self, content: Json) -> tuple[Content, ...]:
        return tuple(self.content(media, one) for media, one in content.items())

    def content(self, media: str, one: Json) -> Content:
        schema: Json = one.get("schema", {})
        examples = list(self.examples(one))
        if not examples and schema and media.endswith("json"):
            examples = [("Example", self.schemas.sample(schema))]
        shown = tuple(Sample(title, highlight(samples.body(value))) for title, value in examples)
        return Content(media, self.schemas.type(schema), self.schemas.fields(schema), shown)

    def examples(self, one: Json) -> Iterator[tuple[str, Any]]:
        """Yield the examples of a parameter or a body with their titles."""
        for name, example in one.get("examples", {}).items():
            example = self.follow(example)
            if "value" in example:
                yield example.get("summary", name), example["value"]
        if "example" in one:
            yield "Example", one["example"]

    def reply(self, status: str, one: Json) -> Reply:
        content: Json = one.get("content", {})
        problem: Json = content.get(_PROBLEM, {})
        values = [value for _, value in self.examples(problem)]
        headers = one.get("headers", {})
        return Reply(
            status=status,
            phrase=HTTPStatus(int(status)).phrase if status.isdigit() else "",
            description=line(one.get("description", "")),
            contents=self.contents({media: said for media, said in content.items() if media != _PROBLEM}),
            headers=tuple(
                self.parameter(self.follow(header), name) for name, header in headers.items() if name not in _EVERYWHERE
            ),
            links=tuple(self.link(name, self.follow(link)) for name, link in one.get("links", {}).items()),
            problems=tuple(dict.fromkeys(value["code"] for value in values if "code" in value)),
        )

    def link(self, name: str, one: Json) -> Link:
        operation = one.get("operationId", "")
        known = operation in self.operation_ids
        takes = tuple((name, *_source(str(value))) for name, value in one.get("parameters", {}).items())
        said = line(one.get("description", ""))
        return Link(operation if known else "", self.operation_ids.get(operation, name), takes, said)

    def schema(self, name: str, one: Json) -> Schema:
        sample = json.dumps(self.schemas.sample(one, within=(name,)), ensure_ascii=False, indent=2)
        return Schema(
            name=name,
            title=shown(name),
            type=self.schemas.type(one),
            description=paragraphs(one.get("description", "")),
            rules=self.schemas.rules(one),
            values=self.schemas.values(one),
            fields=self.schemas.fields(one, within=(name,)),
            sample=highlight(sample) if "{" in sample else Markup(""),
        )

    def scopes(self, groups: Sequence[Group]) -> Iterator[tuple[str, Markup]]:
        """Return every scope an operation needs, with what it allows as far as a security scheme says so."""
        described: dict[str, str] = {}
        for scheme in self.components.get("securitySchemes", {}).values():
            described.update(scheme.get("x-scopes", {}))
            for flow in scheme.get("flows", {}).values():
                described.update(flow.get("scopes", {}))
        needed = {scope for group in groups for one in group.operations for scope in one.scopes}
        return ((scope, line(described.get(scope, ""))) for scope in sorted(needed))


def _operations(item: Json) -> Iterator[tuple[str, Json]]:
    return ((method, item[method]) for method in _METHODS if method in item)


def _source(expression: str) -> tuple[str, str]:
    """Return what a runtime expression (OpenAPI 3.1, 4.8.20.4) names, and where that is found."""
    for start, where in _SOURCES.items():
        if expression.startswith(start):
            return expression.removeprefix(start).replace("/", "."), where
    return expression, ""


def _title(name: str) -> str:
    """Return the name of a tag as a heading."""
    return name[:1].upper() + name[1:].replace("_", " ")
