"""Surfaces: the headers of every address, declared once.

A surface is a promise about a class of addresses: who may frame it, what it may load, who may keep a copy.
Places in braces are filled per site: ``{partner}`` with the site's origins, ``{vendors}`` with the origins
its tags lead to.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

from starlette.responses import Response

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from starlette.types import Receive, Scope, Send

Headers = tuple[tuple[bytes, bytes], ...]

_NOTHING = "default-src 'none'; base-uri 'none'"
_FILE = f"{_NOTHING}; frame-ancestors 'none'"
_PAGE = f"{_NOTHING}; style-src 'self'; img-src 'self'"
_DENY_ALL = ", ".join(
    f"{feature}=()"
    for feature in (
        "accelerometer", "autoplay", "browsing-topics", "camera", "display-capture", "encrypted-media", "fullscreen",
        "geolocation", "gyroscope", "magnetometer", "microphone", "midi", "payment", "usb",
    )
)  # fmt: skip
_ALWAYS = {"x-content-type-options": "nosniff"}
_DOCUMENT = {"permissions-policy": _DENY_ALL}
"""Only documents have features to deny."""


@dataclass(frozen=True, slots=True, eq=False)
class Places:
    """What a site fills into the headers of its surfaces."""

    partner: str = ""
    vendors: str = ""


NOWHERE = Places()


@dataclass(frozen=True, slots=True, eq=False)
class Surface:
    """A class of addresses and the headers all of them carry."""

    name: str
    media: str
    """Empty where each answer names its own."""
    declared: Mapping[str, str] = field(default_factory=dict[str, str])

    def headers(self, places: Places = NOWHERE) -> Headers:
        """Return the headers for a site, as bytes."""
        return tuple(_head(self, places).fields)

    def answer(self, body: bytes, *extra: tuple[bytes, bytes], places: Places = NOWHERE, status: int = 200) -> Answer:
        """Return a response on this surface."""
        return Answer(body, _head(self, places), extra, status)


@dataclass(frozen=True, slots=True)
class Head:
    """The headers of a surface for one site, and the same as lines of HTTP/1.1."""

    fields: list[tuple[bytes, bytes]]
    lines: bytes


class Answer(Response):
    """A Starlette response over bytes and headers prepared beforehand."""

    def __init__(self, body: bytes, head: Head, extra: Iterable[tuple[bytes, bytes]], status: int = 200) -> None:
        self.status_code = status
        self.body = body
        self.background = None
        self.raw_headers = [*head.fields, *extra, (b"content-length", b"%d" % len(body))]
        self._head = head

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it, and with it the prepared head, which our own server can send as it is (``http/connection.py``)."""
        await send(
            {
                "type": "http.response.start",
                "status": self.status_code,
                "headers": self.raw_headers,
                "consentgw.head": self._head,
            }
        )
        await send({"type": "http.response.body", "body": self.body})


@lru_cache(maxsize=4096)
def _head(surface: Surface, places: Places) -> Head:
    document = _DOCUMENT if surface.media == _HTML else {}
    declared = {**_ALWAYS, **document, **surface.declared}
    if surface.media:
        declared["content-type"] = surface.media
    filled = {name: value.format(partner=places.partner, vendors=places.vendors) for name, value in declared.items()}
    if not all(value.isascii() and value.isprintable() for value in filled.values()):
        raise ValueError("a header is one line of ASCII")
    fields = [(name.encode(), value.encode()) for name, value in filled.items()]
    return Head(fields, b"".join(b"%s: %s\r\n" % field for field in fields))


_HTML = "text/html; charset=utf-8"
_EMBEDDABLE = {"cache-control": "no-store", "cross-origin-resource-policy": "cross-origin"}
_EMBED = {
    **_EMBEDDABLE,
    # strict-origin and not no-referrer: with the latter browsers send "Origin: null" on the decision.
    "referrer-policy": "strict-origin",
    "vary": "Cookie, Sec-GPC, ADPC, Accept-Language",
    "x-robots-tag": "noindex",
}
_TOP = {
    "content-security-policy": f"{_PAGE}; form-action 'self'; frame-ancestors 'none'",
    "x-frame-options": "DENY",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}

EMBED = Surface(
    "embed",
    _HTML,
    {
        **_EMBED,
        "content-security-policy": f"{_PAGE}; form-action 'self'; frame-ancestors {{partner}}",
        "cross-origin-embedder-policy": "require-corp",
    },
)
"""The document inside a partner's iframe."""

RELEASING = Surface(
    "releasing",
    _HTML,
    {
        **_EMBED,
        # No embedder policy here: the vendors' images and frames do not declare themselves embeddable.
        "content-security-policy": (
            f"{_NOTHING}; style-src 'self'; img-src 'self' {{vendors}}; frame-src 'self' {{vendors}};"
            " form-action 'self'; frame-ancestors {partner}"
        ),
    },
)
"""A document of ours that carries released tags: the confirmation just after a yes, and the release frame."""

RELEASING_ISOLATED = Surface(
    "releasing into an isolated page", _HTML, {**RELEASING.declared, "cross-origin-embedder-policy": "require-corp"}
)
"""The same in a page whose own embedder policy lets in no document without one; it keeps off most vendors' images."""

DECISION = Surface(
    "decision",
    _HTML,
    {
        **_EMBED,
        "content-security-policy": f"{_NOTHING}; frame-ancestors {{partner}}",
        "cross-origin-embedder-policy": "require-corp",
    },
)
"""The answer to a decision: a 303 with the cookie. WebKit wants the embedder policy on it, too."""

STYLE = Surface(
    "style",
    "text/css; charset=utf-8",
    {
        **_EMBEDDABLE,
        "content-security-policy": _FILE,
        "referrer-policy": "no-referrer",
        "vary": "Cookie, Sec-GPC, ADPC, Referer, Accept-Encoding",
    },
)
"""The state stylesheet of a partner's page."""

RELEASE = Surface(
    "release",
    "",
    {
        **_EMBEDDABLE,
        # 'self', because our own confirmation holds the frames that a yes has released.
        "content-security-policy": f"{_NOTHING}; frame-ancestors 'self' {{partner}}",
        "referrer-policy": "no-referrer",
        "vary": "Cookie, Sec-GPC, ADPC, Sec-Fetch-Dest, Referer",
    },
)
"""The gate: a redirect to a vendor, or nothing. The kind of element decides the media type."""

STANDING = Surface(
    "standing",
    "text/plain; charset=utf-8",
    {
        "cache-control": "no-store",
        "content-security-policy": _FILE,
        "cross-origin-resource-policy": "same-origin",
        "vary": "Cookie, Sec-GPC, ADPC, Referer",
    },
)
"""What holds for a visitor, for a partner's web server."""

LINES = Surface(
    "lines",
    _HTML,
    {
        "cache-control": "public, max-age=60",
        "content-security-policy": _FILE,
        "cross-origin-resource-policy": "same-origin",
        "vary": "Accept-Language",
        "x-robots-tag": "noindex",
    },
)
"""A part of a partner's page, the same for every visitor, for a web server to include."""

_PRIVATE = {**_TOP, "cache-control": "no-store", "referrer-policy": "same-origin", "x-robots-tag": "noindex"}

VISITOR = Surface("visitor", _HTML, {**_PRIVATE, "vary": "Cookie, Sec-GPC, ADPC, Accept-Language"})
"""A page of ours at top level."""

RETURNING = Surface(
    "returning",
    _HTML,
    {
        **VISITOR.declared,
        # Chromium follows the redirect after a form only where the policy of its page names the place.
        "content-security-policy": f"{_PAGE}; form-action 'self' {{partner}}; frame-ancestors 'none'",
    },
)
"""The question in the redirect flow, and the way back: the partner here is the one origin that is returned to."""

DESK = Surface("desk", _HTML, {**_PRIVATE, "vary": "Cookie, Accept-Language"})
"""A page for the operators who answer requests."""

POLICY = Surface(
    "policy",
    _HTML,
    {
        **_TOP,
        # The page of a version says whether it still is in force, which must not be old news for long.
        "cache-control": "public, max-age=60",
        "referrer-policy": "no-referrer",
        "vary": "Accept-Language",
    },
)
"""A version of a policy, what it changed, and the list of all versions."""

RECORD = Surface(
    "record",
    "application/json",
    {
        "cache-control": "public, max-age=31536000, immutable",
        "content-security-policy": _FILE,
        "cross-origin-resource-policy": "cross-origin",
        "access-control-allow-origin": "*",
    },
)
"""The record of a published version or of a notice, named by its digest: no byte of it ever changes."""

NOTICE = Surface(
    "notice",
    _HTML,
    # It never changes, but it may be issued once more, and then the page says when.
    {**_TOP, "cache-control": "public, max-age=3600", "referrer-policy": "no-referrer", "x-robots-tag": "noindex"},
)
"""A question as it was shown."""

DOWNLOAD = Surface(
    "download",
    "application/json",
    {
        "cache-control": "no-store",
        "content-security-policy": f"{_FILE}; sandbox",
        "referrer-policy": "no-referrer",
        "cross-origin-resource-policy": "same-origin",
        "x-robots-tag": "noindex",
    },
)
"""A receipt as a file."""

STATIC = Surface(
    "static",
    "text/css; charset=utf-8",
    {
        "cache-control": "public, max-age=31536000, immutable",
        "content-security-policy": _FILE,
        "cross-origin-resource-policy": "cross-origin",
    },
)
"""A file of ours that its address names by content."""

THEME = Surface(
    "theme",
    "text/css; charset=utf-8",
    {
        "cache-control": "public, max-age=60",
        "content-security-policy": _FILE,
        "cross-origin-resource-policy": "cross-origin",
    },
)
"""The colours of a site, which may change."""

PUBLIC = Surface(
    "public",
    "application/json",
    {
        "cache-control": "public, max-age=300",
        "content-security-policy": _FILE,
        "cross-origin-resource-policy": "cross-origin",
        "access-control-allow-origin": "*",
    },
)
"""Keys and statements for everybody."""

OPERATIONS = Surface(
    "operations",
    "application/json",
    {"cache-control": "no-store", "content-security-policy": _FILE},
)
"""Health and the API's description."""

METRICS = Surface(
    "metrics",
    "text/plain; version=0.0.4; charset=utf-8",
    {"cache-control": "no-store", "content-security-policy": _FILE},
)
"""What Prometheus reads."""

REFERENCE = Surface(
    "reference",
    _HTML,
    {
        **_TOP,
        "content-security-policy": f"{_PAGE}; form-action 'none'; frame-ancestors 'none'",
        "cache-control": "public, max-age=300",
        "referrer-policy": "no-referrer",
        "vary": "Accept-Encoding",
    },
)
"""The API's reference and the pages of its problem types: the same for everybody."""

_CALL = {
    "cache-control": "no-store",
    "content-security-policy": f"{_FILE}; sandbox",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "x-robots-tag": "noindex",
}

API = Surface("api", "application/json", _CALL)
"""An answer of the REST API."""

API_OTHER = Surface("api in another format", "", _CALL)
"""The same, where each answer names its media type."""

API_PROBLEM = Surface("api problem", "application/problem+json", _CALL)
"""What went wrong, told to a program (RFC 9457)."""


PROBLEM = Surface("problem", _HTML, _PRIVATE)
"""A page that says what went wrong."""
