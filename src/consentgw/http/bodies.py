"""JSON bodies, read strictly: one reader for every operation of the API.

JSON leaves open what a repeated name, ``NaN``, a lone surrogate or a number beyond 63 bits means (RFC 8259,
sections 4, 6 and 8). Each could mean one thing to us and another to a proxy, a database or a signature, so each is
refused before a model sees it.
"""

from __future__ import annotations

import json
import math
import re
from typing import TYPE_CHECKING, Annotated, Any, Never, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.requests import ClientDisconnect

from consentgw.errors import Fault, Invalid, Malformed, TooLarge
from consentgw.http import forms
from consentgw.http.problems import UnsupportedMedia

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from pydantic_core import ErrorDetails
    from starlette.requests import Request

LIMIT = 65_536
"""Bytes of a body, unless an operation says otherwise."""
LARGEST = 3 * 1_048_576
"""What an operation may say at the most: the server takes no larger body of anybody (``http/connection.py``)."""
DEPTH = 20
"""Objects and lists within each other."""
_LARGEST = 2**63 - 1
_EXACT = 2**53
"""Below it every whole number has a float of its own."""
_JSON = (b"application/json", b"application/json; charset=utf-8")
_NONCHARACTERS = "".join(chr(plane << 16 | end) for plane in range(17) for end in (0xFFFE, 0xFFFF))
_UNSAFE = re.compile(f"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef{_NONCHARACTERS}]")

_PRINTABLE = r"^[^\x00-\x1F\x7F-\x9F\u202A-\u202E\u2066-\u2069\uFDD0-\uFDEF\uFFFE\uFFFF]+$"
TEXT = _PRINTABLE.replace(r"\x00-\x1F", r"\x00-\x08\x0B-\x1F")
"""A text of one line or many, as the description of the API tells what the reader below takes."""
Line = Annotated[str, Field(min_length=1, max_length=200, pattern=_PRINTABLE)]
"""A name or a short sentence: one line, and nothing that turns the direction of what follows."""
Prose = Annotated[str, Field(min_length=1, max_length=65_536, pattern=TEXT)]
"""A text of many lines."""


class Body(BaseModel):
    """What an operation takes: unknown fields are refused, and nothing is turned into another type."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Query(BaseModel):
    """The parameters an operation takes in its address: unknown ones are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


_B = TypeVar("_B", bound=BaseModel)


async def receive(request: Request, limit: int = LIMIT) -> bytes:
    """Receive the JSON body of a request.

    Raises:
        UnsupportedMedia: it is not sent as JSON in UTF-8 and without content coding.
        TooLarge: it has more than ``limit`` bytes; found out as it arrives.
        ClientDisconnect: the connection ended first, so nobody waits for an answer.
    """
    _check_headers(request.scope["headers"], limit)
    body = b""
    more = True
    while more:
        message = await request.receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        body += message.get("body", b"")
        if len(body) > limit:
            raise TooLarge(f"a body has {limit} bytes at the most")
        more = message.get("more_body", False)
    return body


def read(model: type[_B], body: bytes) -> _B:
    """Return what a body says.

    Raises:
        Malformed: it is not JSON as we read it.
        Invalid: a field is missing, unknown or not what it must be.
    """
    value = check(body)
    try:
        return model.model_validate_json(body, strict=True)
    except ValidationError as error:
        if not any(detail["type"] == "int_type" for detail in error.errors(include_url=False, include_context=False)):
            raise _invalid("the body", error, _pointer) from None
    try:  # JSON has one kind of number, so 3.0 is an integer (JSON Schema, Core 4.2.3); pydantic's strict mode differs
        return model.model_validate_json(json.dumps(value))
    except ValidationError as error:
        raise _invalid("the body", error, _pointer) from None


def query(model: type[_B], request: Request) -> _B:
    """Return what the parameters of an address say.

    Raises:
        Malformed: a parameter is repeated, or not percent-encoded UTF-8.
        Invalid: a parameter is unknown or not what it must be.
    """
    said = forms.query(request)
    try:
        return model.model_validate({name: said.one(name) for name in said.names})
    except ValidationError as error:
        raise _invalid("the query", error, _parameter) from None


def check(body: bytes) -> Any:
    """Return the value of JSON bytes if nothing in them could be read in two ways.

    Raises:
        Malformed: not UTF-8, not JSON, a repeated name, a number that is none or too large, a character that no text
            may have, or more than :data:`DEPTH` levels.
    """
    try:
        value = json.loads(
            body.decode(),
            object_pairs_hook=_unrepeated,
            parse_constant=_no_number,
            parse_int=_integer,
            parse_float=_finite,
        )
    except UnicodeDecodeError:
        raise Malformed("the body is not UTF-8") from None
    except RecursionError:
        raise _too_deep() from None
    except ValueError:  # the decoder's own message repeats nothing, but tells no more than this
        raise Malformed("the body is not JSON") from None
    # Without an escape, JSON has no control character and UTF-8 no surrogate; both checks skip what cannot be.
    if b"\\" in body or not body.isascii():
        _check_texts(value)
    if body.count(b"{") + body.count(b"[") > DEPTH:
        _check_depth(value, DEPTH)
    return value


def _check_headers(headers: Iterable[tuple[bytes, bytes]], limit: int) -> None:
    kinds: list[bytes] = []
    for name, value in headers:
        if name == b"content-type":
            kinds.append(value)
        elif name == b"content-length":
            if not value.isdigit():
                raise Malformed("the length of the body is not a number")
            if len(value) > 18 or int(value) > limit:
                raise TooLarge(f"a body has {limit} bytes at the most")
        elif name == b"content-encoding" and value.lower() != b"identity":
            raise UnsupportedMedia("a body is sent without content coding")
    if len(kinds) != 1 or (kinds[0] not in _JSON and not _is_json(kinds[0])):
        raise UnsupportedMedia("a body is sent once, as application/json in UTF-8")


def _is_json(kind: bytes) -> bool:
    essence, *parameters = [part.strip().lower() for part in kind.split(b";")]
    return essence == b"application/json" and parameters in ([], [b"charset=utf-8"], [b'charset="utf-8"'])


def _unrepeated(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    read = dict(pairs)
    if len(read) != len(pairs):
        raise Malformed("a name stands twice in one object")
    return read


def _no_number(_: str) -> Never:
    raise Malformed("NaN and Infinity are no JSON")


def _integer(digits: str) -> int:
    number = int(digits) if len(digits) < 21 else _LARGEST + 1
    if not -_LARGEST - 1 <= number <= _LARGEST:
        raise Malformed("a number does not fit into 63 bits")
    return number


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise Malformed("a number is too large")
    return int(number) if number.is_integer() and abs(number) < _EXACT else number


def _check_texts(value: Any) -> None:
    match value:
        case str():
            if not (value.isascii() and value.isprintable()) and _UNSAFE.search(value):
                raise Malformed("a text has a character that no text may have")
        case dict():
            for name, inner in value.items():  # pyright: ignore[reportUnknownVariableType]
                _check_texts(name)
                _check_texts(inner)
        case list():
            for inner in value:  # pyright: ignore[reportUnknownVariableType]
                _check_texts(inner)
        case _:
            pass


def _check_depth(value: Any, left: int) -> None:
    if isinstance(value, (dict, list)):
        if left == 0:
            raise _too_deep()
        for inner in value.values() if isinstance(value, dict) else value:  # pyright: ignore[reportUnknownVariableType]
            _check_depth(inner, left - 1)


def _too_deep() -> Malformed:
    return Malformed(f"more than {DEPTH} objects and lists stand within each other")


def _invalid(what: str, error: ValidationError, place: Callable[[list[str]], str]) -> Invalid:
    details = error.errors(include_url=False, include_input=False, include_context=False)
    return Invalid(f"{what} is not what this operation takes", [_fault(detail, place) for detail in details[:20]])


def _fault(detail: ErrorDetails, place: Callable[[list[str]], str]) -> Fault:
    parts = [str(part) for part in detail["loc"]]
    match detail["type"]:
        case "extra_forbidden":  # the unknown name is itself input: told is only where it stands
            return Fault(place(parts[:-1]), "has a name that this operation does not know")
        case "missing":
            return Fault(place(parts), "is missing")
        case kind if kind.startswith(("value_error", "json_")):
            return Fault(place(parts), "is not a value this field takes")
        case _ if "[key]" in parts:
            return Fault(place(parts[: parts.index("[key]") - 1]), "has a name that it does not take")
        case _:
            return Fault(place(parts), detail["msg"][0].lower() + detail["msg"][1:])


def _pointer(parts: list[str]) -> str:
    return "#" + "".join("/" + part.replace("~", "~0").replace("/", "~1") for part in parts)


def _parameter(parts: list[str]) -> str:
    return parts[0] if parts else "the query"
