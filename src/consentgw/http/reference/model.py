"""What the reference shows: operations in their groups, webhooks and schemas, as plain values in reading order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from markupsafe import Markup


@dataclass(frozen=True, slots=True)
class Span:
    """Some words of a type; those that name a schema lead to it."""

    words: str
    schema: str = ""


@dataclass(frozen=True, slots=True)
class Rule:
    """A constraint in words, and the code it ends with: a pattern, a default value."""

    words: str
    code: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One value: a parameter, a header, or a member of an object."""

    name: str
    type: tuple[Span, ...]
    required: bool = False
    deprecated: bool = False
    description: Markup
    rules: tuple[Rule, ...] = ()
    values: tuple[str, ...] = ()
    """The only values it takes."""
    fields: tuple[Field, ...] = ()
    """Members of the object it is, or of each object it holds."""


@dataclass(frozen=True, slots=True)
class Sample:
    """Something to copy, or to compare with: a command, a program, a body."""

    title: str
    code: Markup


@dataclass(frozen=True, slots=True)
class Content:
    """A body in one media type."""

    media: str
    type: tuple[Span, ...]
    fields: tuple[Field, ...]
    samples: tuple[Sample, ...]


@dataclass(frozen=True, slots=True)
class Link:
    """Where to go on from an answer: an operation, and which of the answer's values it takes."""

    operation: str
    """Its id; empty when the document does not name one of ours."""
    name: str
    takes: tuple[tuple[str, str, str], ...]
    """For each parameter what it is given, and where that is found: in the answer or in the call."""
    description: Markup


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer by its status."""

    status: str
    phrase: str
    description: Markup
    contents: tuple[Content, ...]
    headers: tuple[Field, ...]
    links: tuple[Link, ...]
    problems: tuple[str, ...]
    """Codes of the problems that are answered with this status."""

    @property
    def good(self) -> bool:
        """Return whether this is what was hoped for."""
        return self.status[0] in "123"


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One call: a method at an address, or a message of ours to an address of theirs."""

    id: str
    method: str
    path: str
    summary: str
    description: Markup
    deprecated: bool
    scopes: tuple[str, ...]
    open: bool
    """Nobody has to say who they are."""
    parameters: tuple[tuple[str, tuple[Field, ...]], ...]
    """By the place they are written in: path, query, header."""
    body: tuple[Content, ...]
    body_required: bool
    replies: tuple[Reply, ...]
    requests: tuple[Sample, ...]
    """The call as a command and as a program."""


@dataclass(frozen=True, slots=True)
class Group:
    """Operations that belong together."""

    name: str
    anchor: str
    description: Markup
    operations: tuple[Operation, ...]


@dataclass(frozen=True, slots=True)
class Schema:
    """A shape with a name."""

    name: str
    title: str
    type: tuple[Span, ...]
    description: Markup
    rules: tuple[Rule, ...]
    values: tuple[str, ...]
    fields: tuple[Field, ...]
    sample: Markup


@dataclass(frozen=True, slots=True)
class Reference:
    """Everything an OpenAPI document says."""

    title: str
    version: str
    description: Markup
    origin: str
    """The address that samples call."""
    groups: tuple[Group, ...]
    webhooks: tuple[Operation, ...]
    schemas: tuple[Schema, ...]
    scopes: tuple[tuple[str, Markup], ...]
    """What a key can be allowed to do."""
