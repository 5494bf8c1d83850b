"""Lists by pages: a cursor names the last thing of the page before, so nothing is skipped or told twice (RFC 8288)."""

from __future__ import annotations

import json
from datetime import date
from typing import Annotated, Any, Generic, TypeVar
from urllib.parse import urlencode
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, Field

from consentgw.errors import NotFound
from consentgw.http.bodies import Query
from consentgw.http.seals import from_base64, to_base64

USUAL, MOST = 50, 200
_T = TypeVar("_T")


def _digits(value: object) -> object:
    if isinstance(value, str) and not (value.isascii() and value.isdigit()):
        raise ValueError("not a number in digits")
    return value


class Paged(Query):
    """Which page."""

    limit: Annotated[int, BeforeValidator(_digits)] = Field(
        default=USUAL, ge=1, le=MOST, description="Entries on a page."
    )
    cursor: str | None = Field(
        default=None,
        max_length=300,
        pattern=r"^[A-Za-z0-9_-]+$",
        description='Where the page begins; taken from the `Link` with `rel="next"` of the page before.',
    )

    def place(self, *kinds: type[Any]) -> tuple[Any, ...] | None:
        """Return the place the cursor names, None for the first page.

        Raises:
            NotFound: the cursor is none of ours: there is no such page.
        """
        if self.cursor is None:
            return None
        try:
            place = json.loads(from_base64(self.cursor))
        except (ValueError, RecursionError):
            place = None
        if not isinstance(place, list) or [type(part) for part in place] != [*kinds]:  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
            raise NotFound("no such page")
        return tuple(place)  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]

    def place_by_day(self) -> tuple[date, UUID] | None:
        """Return the place of a list that goes by a day and then by id, None for the first page.

        Raises:
            NotFound: as :meth:`place`.
        """
        place = self.place(str, str)
        try:
            return (date.fromisoformat(place[0]), UUID(place[1])) if place else None
        except ValueError:
            raise NotFound("no such page") from None


class Page(BaseModel, Generic[_T]):
    """One page of a list."""

    items: list[_T]
    next: str | None = Field(
        description="Address of the next page; null on the last one. Also sent as `Link`.", examples=[None]
    )


def next_page(path: str, asked: Paged, *place: Any) -> str:
    """Return the address of the page that follows a place, with everything else as it was asked."""
    said = asked.model_dump(mode="json", exclude_none=True, exclude_defaults=True)
    cursor = to_base64(json.dumps(place, separators=(",", ":")).encode())
    return f"{path}?{urlencode({**said, 'cursor': cursor})}"
