"""A partner's page as it came: its elements in their order, however carelessly it was written."""

from __future__ import annotations

import codecs
import re
import time
from dataclasses import dataclass
from html.parser import HTMLParser
from urllib.parse import urljoin

import httpx

from consentgw import __version__
from consentgw.errors import Malformed, TooLarge, Unavailable

SECONDS = 10.0
"""The longest that anything is waited for."""
BYTES = 2_000_000
"""The longest page that is read."""
REDIRECTS = 5

_CHARSET = re.compile(r"""charset\s*=\s*["']?([^\s"';]+)""", re.IGNORECASE)
_IN_HEAD = frozenset({"html", "head", "title", "meta", "link", "script", "style", "base", "noscript", "template"})
_INERT = frozenset({"template", "textarea", "title"})
"""What is written in these is no element of the page."""
_LEADS = {
    "link": "href", "script": "src", "img": "src", "iframe": "src", "embed": "src", "object": "data", "form": "action",
}  # fmt: skip


@dataclass(slots=True)
class Element:
    """An element of the page."""

    tag: str
    attributes: dict[str, str]
    in_head: bool
    address: str
    """Where it leads or what it loads, in full; empty where it does neither."""
    text: str = ""
    """What a script says."""


@dataclass(frozen=True, slots=True)
class Document:
    """A page, as a browser got it."""

    address: str
    headers: httpx.Headers
    elements: tuple[Element, ...]
    marked: bool
    """Whether it begins with a byte order mark."""

    @property
    def origin(self) -> str:
        """Return the page's origin, as browsers write it."""
        return _origin(httpx.URL(self.address))

    def all(self, *tags: str) -> list[Element]:
        """Return the elements with one of these tags."""
        return [element for element in self.elements if element.tag in tags]

    def said(self, name: str) -> list[str]:
        """Return the values of every header of a name."""
        return self.headers.get_list(name)

    def meant(self, attribute: str, name: str) -> list[str]:
        """Return what the page's meta elements say under a name; ``attribute`` is ``name`` or ``http-equiv``."""
        metas = [meta.attributes for meta in self.all("meta") if meta.attributes.get(attribute, "").lower() == name]
        return [meta.get("content", "") for meta in metas]

    @property
    def encoding(self) -> str:
        """Return the encoding that counts: of its mark, else of its header, else of itself; empty where none is named.

        WHATWG HTML, 13.2.3.2.
        """
        metas = [meta.attributes["charset"] for meta in self.all("meta") if "charset" in meta.attributes]
        contents = (*self.said("content-type"), *self.meant("http-equiv", "content-type"))
        named = [found[1] for content in contents if (found := _CHARSET.search(content))]
        label = "utf-8" if self.marked else next(iter([*named, *metas]), "").strip()
        try:
            return codecs.lookup(label).name
        except LookupError:
            return label


def fetch(address: str) -> Document:
    """Get a page once: without a proxy or a cookie, and not past its own origin.

    Raises:
        Malformed: the address is none of a page, or what is there is no HTML.
        TooLarge: the page is longer than ``BYTES``.
        Unavailable: nobody answers, not in time, with another status, or with another origin's address.
    """
    try:
        url = httpx.URL(address)
    except httpx.InvalidURL:
        url = httpx.URL("")
    if url.scheme not in {"http", "https"} or not url.host:
        raise Malformed("the address of a page is written in full, like https://shop.example/")
    headers = {"accept": "text/html", "accept-encoding": "identity", "user-agent": f"consentgw/{__version__}"}
    try:
        with httpx.Client(trust_env=False, timeout=SECONDS, headers=headers) as client:
            return _fetch(client, url)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise Unavailable(f"the page cannot be fetched from {_origin(url)}: {type(error).__name__}") from None


def _fetch(client: httpx.Client, url: httpx.URL) -> Document:
    for _ in range(REDIRECTS + 1):
        host = {"host": url.netloc.decode()}
        # Names below localhost are this machine, whatever its resolver knows of them (RFC 6761, section 6.3).
        here = url.copy_with(host="127.0.0.1") if url.host.endswith(".localhost") else url
        with client.stream("GET", here, headers=host) as response:
            if not response.has_redirect_location:
                return _read(url, response)
            onward = url.join(response.headers["location"])
        if _origin(onward) != _origin(url):
            raise Unavailable("the page leads on to another origin: name the page that people see")
        url = onward
    raise Unavailable(f"the page leads on more than {REDIRECTS} times")


def _read(url: httpx.URL, response: httpx.Response) -> Document:
    if response.status_code != 200:
        raise Unavailable(f"the page answers {response.status_code}")
    if response.headers.get("content-type", "").partition(";")[0].strip().lower() != "text/html":
        raise Malformed("what is there is no HTML page")
    began, content = time.monotonic(), b""
    for part in response.iter_bytes():
        content += part
        if len(content) > BYTES:
            raise TooLarge(f"the page is longer than {BYTES} bytes")
        if time.monotonic() - began > SECONDS:
            raise Unavailable(f"the page has not come to its end in {SECONDS:.0f} seconds")
    return read(str(url), response.headers, content.decode(response.encoding or "utf-8", "replace"))


def read(address: str, headers: httpx.Headers, text: str) -> Document:
    """Return a page that was fetched.

    Raises:
        Malformed: it cannot be read as HTML.
    """
    reader = _Reader(address)
    try:
        reader.feed(text)
        reader.close()
    except AssertionError:  # how the standard library's parser tells of a broken declaration
        raise Malformed("the page cannot be read: a declaration in it (<!...>) is broken") from None
    return Document(address, headers, tuple(reader.elements), text.startswith("\ufeff"))


def _origin(url: httpx.URL) -> str:
    """Return an origin; httpx leaves a default port out already."""
    return f"{url.scheme}://{url.netloc.decode()}"


class _Reader(HTMLParser):
    """Lists elements, and forgives what browsers forgive."""

    def __init__(self, address: str) -> None:
        super().__init__()
        self.elements: list[Element] = []
        self._base = address
        self._in_head = True
        self._inert = ""
        self._unscripted = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element."""
        if self._inert:
            return
        if tag in _INERT:
            self._inert = tag
        if tag == "noscript":
            self._unscripted = True
        elif tag not in _IN_HEAD and not self._unscripted:
            self._in_head = False
        attributes = {name: value or "" for name, value in reversed(attrs)}  # the first of a repeated one counts
        if tag == "base" and "href" in attributes:
            self._base = urljoin(self._base, attributes["href"])
        leads = attributes.get(_LEADS.get(tag, ""))
        address = "" if leads is None else self._full(leads.strip())
        self.elements.append(Element(tag, attributes, self._in_head, address))

    def handle_endtag(self, tag: str) -> None:
        """Note where what is inert ends; what follows </head> before the body is still part of it."""
        if tag == self._inert:
            self._inert = ""
        if tag == "noscript":
            self._unscripted = False

    def handle_data(self, data: str) -> None:
        """Keep what a script says."""
        if self.cdata_elem == "script" and self.elements and not self._inert:
            self.elements[-1].text += data

    def _full(self, address: str) -> str:
        try:
            return urljoin(self._base, address)
        except ValueError:
            return ""
