"""A small API with everything an OpenAPI document can say, as FastAPI writes it: a lending library."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Body, FastAPI, Header, Path, Query, Security
from fastapi.security import HTTPBearer
from pydantic import BaseModel, ConfigDict, Field

KEY = HTTPBearer(auto_error=False)
BOOK = {"title": "The Path of Abai", "copies": 2, "kind": "novel"}
PROBLEM = {"type": "/problems/not_found", "code": "not_found", "status": 404, "title": "No such thing"}
BUSY = {**PROBLEM, "code": "in_progress", "status": 409}


class Kind(StrEnum):
    """What sort of book it is."""

    NOVEL = "novel"
    POETRY = "poetry"


class Shelf(BaseModel):
    """A shelf, which may stand on another shelf."""

    label: Annotated[
        str, Field(min_length=1, max_length=20, pattern="^[A-Z]+$", description="What is *painted* on it.")
    ]
    above: Shelf | None = None


class Book(BaseModel):
    """A book as it is lent."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [BOOK]})

    title: Annotated[str, Field(min_length=1, max_length=200)]
    copies: Annotated[int, Field(ge=0, le=500)] = 1
    kind: Kind = Kind.NOVEL
    shelf: Shelf | None = None
    tags: Annotated[list[str], Field(max_length=3)] = []
    readers: dict[str, datetime] = {}
    source: Literal["bought"] = "bought"
    former: Annotated[str, Field(deprecated=True, description="Use <b>title</b>.")] = ""


class Problem(BaseModel):
    """What went wrong (RFC 9457)."""

    type: str
    code: str
    status: int


class Lent(BaseModel):
    """Somebody took a book home."""

    type: Literal["book.lent"]
    book: UUID


def problem(description: str, *examples: dict[str, Any]) -> dict[str, Any]:
    """Return a response that is a problem."""
    named = {example["code"]: {"value": example} for example in examples}
    schema = {"$ref": "#/components/schemas/Problem"}
    return {"description": description, "content": {"application/problem+json": {"schema": schema, "examples": named}}}


def library() -> FastAPI:
    """Return the API."""
    app = FastAPI(title="Lending library", version="2.1", openapi_tags=TAGS, description="Books **lent** to readers.")

    @app.post(
        "/v1/branches/{branch}/books",
        tags=["books"],
        operation_id="addBook",
        summary="Add a book",
        status_code=201,
        responses={201: CREATED, 404: problem("No such branch.", PROBLEM), 409: problem("Not now.", BUSY)},
    )
    async def add(
        branch: Annotated[str, Path(examples=["almaty"], description="A branch.", pattern="^[a-z]+$")],
        book: Book,
        idempotency_key: Annotated[str, Header(examples=["8e03"], description="Any word.")],
        key: Annotated[Any, Security(KEY, scopes=["books:write"])],
    ) -> Book:
        """Put a book on the shelf.

        | when | what |
        |---|---|
        | it is there | `409` |

        # Not a heading
        """
        raise NotImplementedError

    @app.get("/v1/books", tags=["books"], operation_id="listBooks", summary="List books")
    async def listed(
        kind: Annotated[Kind | None, Query(description="Only these.")] = None,
        limit: Annotated[int, Query(ge=1, le=100)] = 20,
        written: Annotated[list[Kind], Query(examples=[["novel"]])] = [],  # noqa: B006
    ) -> list[Book]:
        raise NotImplementedError

    @app.delete(
        "/v1/books/{book}",
        tags=["ends"],
        operation_id="dropBook",
        summary="Drop <a> book",
        deprecated=True,
        status_code=204,
    )
    async def drop(book: UUID, reason: Annotated[str, Body(media_type="text/plain")] = "torn") -> None:
        raise NotImplementedError

    @app.webhooks.post("book.lent", summary="A book was lent")
    async def lent(body: Lent, webhook_id: Annotated[str, Header()]) -> None:
        """Sent within a minute."""

    return app


TAGS = [{"name": "books", "description": "Everything that has pages."}, {"name": "unused", "description": "Nothing."}]
CREATED = {
    "description": "It stands on the shelf.",
    "headers": {"Location": {"description": "Where it is.", "schema": {"type": "string", "format": "uri"}}},
    "links": {
        "drop": {"operationId": "dropBook", "parameters": {"book": "$response.body#/id"}, "description": "Drop it."}
    },
}
