"""Fields of a posted form or of an address's query, read strictly.

Both are ``application/x-www-form-urlencoded`` (https://url.spec.whatwg.org/#urlencoded-parsing). Where that
standard shrugs, we refuse: a half escape, bytes that are not UTF-8, a control character or a repeated field
could mean one thing to us and another to a proxy or a database.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import unquote_to_bytes

from starlette.requests import ClientDisconnect

from consentgw.errors import Malformed, TooLarge

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from starlette.requests import Request

URLENCODED = b"application/x-www-form-urlencoded"

_HALF_ESCAPE = re.compile(rb"%(?![0-9A-Fa-f]{2})")
_NONCHARACTERS = "".join(chr(plane << 16 | end) for plane in range(17) for end in (0xFFFE, 0xFFFF))
_UNSAFE = re.compile(f"[\x00-\x1f\x7f-\x9f\ufdd0-\ufdef{_NONCHARACTERS}]")


class Form:
    """Names, each with its values in the order they were sent."""

    __slots__ = ("_fields",)

    def __init__(self, fields: Iterable[tuple[str, str]] = ()) -> None:
        self._fields: dict[str, tuple[str, ...]] = {}
        for name, value in fields:
            self._fields[name] = (*self._fields.get(name, ()), value)

    @property
    def names(self) -> frozenset[str]:
        """Return the names that were sent."""
        return frozenset(self._fields)

    def one(self, name: str) -> str | None:
        """Return the value of a field, or None when it was not sent.

        Raises:
            Malformed: the field was sent more than once, even with the same value.
        """
        found = self._fields.get(name, ())
        if len(found) > 1:
            raise Malformed(f"the field {name!r} was sent more than once")
        return found[0] if found else None

    def many(self, name: str) -> tuple[str, ...]:
        """Return every value of a field, in order."""
        return self._fields.get(name, ())


NOTHING = Form()

_SHORT = 24
"""Bytes of a query that is read once for everybody, such as ``lang=ru``; no code of a receipt is as short."""


def read(data: bytes, *, fields: int = 50, lines: Collection[str] = ()) -> Form:
    """Read urlencoded bytes; a field without ``=`` is empty and empty fields between ``&`` are none.

    The values of the fields ``lines`` may have line breaks, which come out as single line feeds.

    Raises:
        TooLarge: more than ``fields`` fields.
        Malformed: a half escape, bytes that are not UTF-8, a control character or a noncharacter.
    """
    if not data:
        return NOTHING
    if data.count(b"&") >= fields:
        raise TooLarge(f"more than {fields} fields were sent")
    if _HALF_ESCAPE.search(data):
        raise Malformed("a percent sign is not followed by two hexadecimal digits")
    data = data.replace(b"+", b" ")
    if b"%" not in data:  # as in our own forms: then all of it can be read at once
        pairs = [piece.partition("=") for piece in _text(data).split("&") if piece]
        return Form([(name, value) for name, _, value in pairs])
    pieces = [piece.partition(b"=") for piece in data.split(b"&") if piece]
    return Form([(name, _text(value, breaks=name in lines)) for name, value in ((_text(n), v) for n, _, v in pieces)])


def query(request: Request) -> Form:
    """Read the query of an address, ``?lang=ru``, by the same rules as a form.

    Raises:
        TooLarge, Malformed: as in ``read``.
    """
    data: bytes = request.scope["query_string"]
    return _read_once(data) if len(data) <= _SHORT else read(data)


_read_once = lru_cache(256)(read)


async def read_form(request: Request, *, limit: int = 16_384, fields: int = 50, lines: Collection[str] = ()) -> Form:
    """Receive and read a posted form of at most ``limit`` bytes.

    The size is checked as the body arrives: one that tells no length and never ends costs no more memory than
    an honest one. A body that comes too slowly is ended by the server (``http/server.py``).

    Raises:
        TooLarge: more bytes or more fields than allowed.
        Malformed: not a urlencoded form in UTF-8.
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
            raise TooLarge(f"the form is larger than {limit} bytes")
        more = message.get("more_body", False)
    return read(body, fields=fields, lines=lines)


def _check_headers(headers: Iterable[tuple[bytes, bytes]], limit: int) -> None:
    kinds: list[bytes] = []
    for name, value in headers:
        if name == b"content-type":
            kinds.append(value)
        elif name == b"content-length":
            if not value.isdigit():
                raise Malformed("the length of the form is not a number")
            # More digits than any length has are not worth reading.
            if len(value) > 18 or int(value) > limit:
                raise TooLarge(f"the form is larger than {limit} bytes")
        elif name == b"content-encoding":
            raise Malformed("a form is sent without content coding")
    if kinds != [URLENCODED] and not (len(kinds) == 1 and _is_urlencoded(kinds[0])):
        raise Malformed("a form is sent as application/x-www-form-urlencoded in UTF-8")


def _is_urlencoded(kind: bytes) -> bool:
    essence, *parameters = [part.strip().lower() for part in kind.split(b";")]
    return essence == URLENCODED and parameters in ([], [b"charset=utf-8"], [b'charset="utf-8"'])


def _text(raw: bytes, *, breaks: bool = False) -> str:
    if b"%" in raw:
        raw = unquote_to_bytes(raw)
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        # UTF-8 has no surrogates, so lone ones end here too.
        raise Malformed("a field is not UTF-8") from None
    if breaks:
        text = text.replace("\r\n", "\n")
    # Plain ASCII, by far the most common, needs no search.
    if not (text.isascii() and text.isprintable()) and _UNSAFE.search(text.replace("\n", "") if breaks else text):
        raise Malformed("a field has a character that no field may have")
    return text
