"""The one writer and the one reader of cookies.

Starlette cannot write ``Partitioned`` below Python 3.14, and parses every cookie to find one; a visitor's
request needs one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.requests import Request

_LIMIT = 16_384
"""Bytes read of a Cookie line; browsers keep up to ten kilobytes of partitioned cookies for one host."""


def read_cookies(request: Request, name: str) -> Iterator[str]:
    """Yield every value of a cookie; a browser may send a partitioned and a plain one of the same name."""
    wanted = f"{name}=".encode()
    for header, line in request.scope["headers"]:
        if header == b"cookie" and len(line) <= _LIMIT:
            for pair in line.split(b";"):
                pair = pair.strip()
                if pair.startswith(wanted):
                    yield pair[len(wanted) :].decode("latin-1")


def partitioned(name: str, value: str, max_age: int) -> tuple[bytes, bytes]:
    """Return the header that keeps a third-party cookie in the partition of the embedding site (CHIPS).

    ``max_age`` in seconds.
    """
    line = f"{name}={value}; Path=/; Max-Age={max_age}; Secure; HttpOnly; SameSite=None; Partitioned"
    return b"set-cookie", line.encode("latin-1")


def own(name: str, value: str, max_age: int | None, *, strict: bool = False) -> tuple[bytes, bytes]:
    """Return the header that keeps a cookie of the visited site itself.

    ``max_age`` in seconds; without one it ends with the browser. ``strict``: nobody who comes from another site has it
    on their first request.
    """
    ends = "" if max_age is None else f" Max-Age={max_age};"
    line = f"{name}={value}; Path=/;{ends} Secure; HttpOnly; SameSite={'Strict' if strict else 'Lax'}"
    return b"set-cookie", line.encode("latin-1")
