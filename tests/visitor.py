"""A small browser without scripts: opens pages, fills in forms and presses buttons, over HTTP.

It says about itself what browsers say (Origin, Referer, Fetch Metadata) and keeps cookies as they do where
third-party cookies are blocked: partitioned ones, one jar for each site at the top of the window, and those of the
visited site itself. What it cannot find on a page it does not invent: pressing a button that is not there fails
the test.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlencode, urljoin, urlsplit

import httpx

GATEWAY = "http://gateway.localhost:8080"
NAVIGATIONS = frozenset({"document", "iframe"})


@dataclass
class Box:
    """A checkbox."""

    name: str | None
    value: str
    ticked: bool


@dataclass
class Form:
    """A form as it stands on a page."""

    action: str
    method: str
    hidden: list[tuple[str, str]] = field(default_factory=list)
    boxes: list[Box] = field(default_factory=list)
    buttons: list[tuple[str, str]] = field(default_factory=list)

    @property
    def ticked(self) -> set[str]:
        """Return the values of the boxes that are ticked."""
        return {box.value for box in self.boxes if box.name and box.ticked}

    def tick(self, wanted: Iterable[str]) -> None:
        """Tick exactly these boxes."""
        named = [box for box in self.boxes if box.name]
        missing = set(wanted) - {box.value for box in named}
        assert not missing, f"no box for {missing}"
        for box in named:
            box.ticked = box.value in set(wanted)

    def fields(self, button: str) -> list[tuple[str, str]]:
        """Return what a browser sends when a button is pressed."""
        pressed = [(name, value) for name, value in self.buttons if value == button]
        assert pressed, f"no button {button!r} among {self.buttons}"
        boxes = [(box.name, box.value) for box in self.boxes if box.name and box.ticked]
        return [*self.hidden, *boxes, pressed[0]]


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.links: list[str] = []
        self.loads: list[tuple[str, str]] = []
        self.tags: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given: dict[str, Any] = dict(attrs)
        self.tags.append(tag)
        inside = self.forms[-1] if self.forms else None
        match tag:
            case "form":
                self.forms.append(Form(given["action"], given.get("method", "get")))
            case "input" if inside and given["type"] == "hidden":
                inside.hidden.append((given["name"], given["value"]))
            case "input" if inside and given["type"] == "checkbox":
                inside.boxes.append(Box(given.get("name"), given.get("value", "on"), "checked" in given))
            case "button" if inside:
                inside.buttons.append((given["name"], given["value"]))
            case "a":
                self.links.append(given["href"])
            case "img" | "iframe" | "script" if "src" in given:
                self.loads.append((tag, given["src"]))


@dataclass(frozen=True)
class Place:
    """Where a document stands: its address, and the origin at the top of its window."""

    url: str
    top: str
    referrer_policy: str = "strict-origin-when-cross-origin"
    destination: str = "iframe"
    """What its forms lead into: a window of their own, or a frame."""

    @property
    def origin(self) -> str:
        """Return the origin of the document."""
        return origin_of(self.url)

    @property
    def framed(self) -> bool:
        """Return whether another site is at the top of the window."""
        return self.origin != self.top


class Page:
    """A document a visitor looks at."""

    def __init__(self, visitor: Visitor, place: Place, response: httpx.Response) -> None:
        self.visitor = visitor
        self.place = place
        self.response = response
        self.text = response.text
        self._read = _Reader()
        self._read.feed(self.text)

    @property
    def status(self) -> int:
        """Return the status code."""
        return self.response.status_code

    @property
    def headers(self) -> httpx.Headers:
        """Return the headers."""
        return self.response.headers

    @property
    def url(self) -> str:
        """Return the address in full."""
        return self.place.url

    @property
    def language(self) -> str:
        """Return the language the page says it is in."""
        return self.headers["content-language"]

    @property
    def links(self) -> list[str]:
        """Return the addresses of all links."""
        return self._read.links

    @property
    def loads(self) -> list[tuple[str, str]]:
        """Return element and address of everything embedded in the page."""
        return self._read.loads

    @property
    def elements(self) -> list[str]:
        """Return the names of all elements, in order."""
        return self._read.tags

    def form(self, button: str) -> Form:
        """Return the form that has a button."""
        found = [form for form in self._read.forms if button in {value for _, value in form.buttons}]
        assert found, f"no form with {button!r} at {self.url}"
        return found[0]

    def offers(self, button: str) -> bool:
        """Return whether there is such a button."""
        return any(button in {value for _, value in form.buttons} for form in self._read.forms)

    def link(self, part: str) -> str:
        """Return the address of the link that contains a text."""
        found = [address for address in self.links if part in address]
        assert found, f"no link with {part!r} among {self.links}"
        return found[0]

    async def follow(self, part: str) -> Page:
        """Follow a link into a window of its own."""
        return await self.visitor.open(urljoin(self.url, self.link(part)))

    async def press(self, button: str, *, tick: Iterable[str] | None = None, **sent: Any) -> Page:
        """Press a button, having ticked exactly these boxes; see where it leads.

        ``sent`` changes what the browser says: ``Visitor.submit`` takes the same.
        """
        form = self.form(button)
        if tick is not None:
            form.tick(tick)
        return await self.visitor.submit(self.place, form, button, **sent)


class Visitor:
    """A person with a browser."""

    def __init__(
        self,
        app: Any,
        *,
        language: str = "en",
        gpc: bool = False,
        keeps_cookies: bool = True,
        fetch_metadata: bool = True,
    ) -> None:
        self.language = language
        self.gpc = gpc
        self.keeps_cookies = keeps_cookies
        self.fetch_metadata = fetch_metadata
        self.jar: dict[tuple[str, str], str] = {}
        self.set_cookies: list[str] = []
        """Every Set-Cookie line that was received."""
        self._transport = httpx.ASGITransport(app)

    def cookie(self, name: str, top: str) -> str | None:
        """Return a cookie of the gateway under a top-level site."""
        return self.jar.get((top, name))

    async def open(self, address: str, **headers: str | None) -> Page:
        """Type an address."""
        url = urljoin(GATEWAY, address)
        return await self._navigate("GET", url, None, "document", origin_of(url), **headers)

    async def frame(self, address: str, on: str, **headers: str | None) -> Page:
        """Look at the frame of a partner's page."""
        place = Place(f"{on}/", on, "origin")
        return await self._navigate("GET", urljoin(GATEWAY, address), place, "iframe", on, **headers)

    def read(self, html: str, on: str) -> Page:
        """Look at a partner's page: a file, for which nobody is asked."""
        return Page(self, Place(f"{on}/", on), httpx.Response(200, text=html))

    async def load(self, address: str, destination: str, on: str, **headers: str | None) -> httpx.Response:
        """Load what a partner's page embeds: ``image``, ``script``, ``style`` or ``iframe``."""
        place = Place(f"{on}/", on, "origin")
        return await self._send("GET", urljoin(GATEWAY, address), place, destination, on, **headers)

    async def submit(
        self, place: Place, form: Form, button: str, *, fields: list[tuple[str, str]] | None = None, **headers: Any
    ) -> Page:
        """Send a form into the frame it belongs to; ``fields`` and ``headers`` replace what a browser would send."""
        data = form.fields(button) if fields is None else fields
        target = urljoin(place.url, form.action)
        return await self._navigate("POST", target, place, place.destination, place.top, data=data, **headers)

    async def _navigate(
        self, method: str, url: str, place: Place | None, destination: str, top: str, **sent: Any
    ) -> Page:
        response = await self._send(method, url, place, destination, top, **sent)
        if response.status_code in {302, 303}:
            url = urljoin(url, response.headers["location"])
            response = await self._send("GET", url, place, destination, top)
        return Page(self, Place(url, top, response.headers.get("referrer-policy", ""), destination), response)

    async def _send(
        self,
        method: str,
        url: str,
        place: Place | None,
        destination: str,
        top: str,
        *,
        data: list[tuple[str, str]] | None = None,
        body: bytes | None = None,
        **changed: str | None,
    ) -> httpx.Response:
        said: dict[str, str | None] = {
            "host": urlsplit(url).netloc,
            "accept-language": self.language,
            "cookie": "; ".join(f"{name}={value}" for (site, name), value in self.jar.items() if site == top) or None,
            "referer": _referrer(place, url),
            "sec-gpc": "1" if self.gpc else None,
        }
        if self.fetch_metadata:
            said["sec-fetch-dest"] = destination
            said["sec-fetch-mode"] = "navigate" if destination in NAVIGATIONS else "no-cors"
            said["sec-fetch-site"] = _relation(place, url)
        if method == "POST":
            assert place is not None
            said["origin"] = "null" if place.referrer_policy == "no-referrer" else place.origin
            said["content-type"] = "application/x-www-form-urlencoded"
            body = urlencode(data or []).encode() if body is None else body
        said |= {name.replace("_", "-"): value for name, value in changed.items()}
        given = [(name.encode(), value.encode("utf-8")) for name, value in said.items() if value is not None]
        request = httpx.Request(method, url, headers=given, content=body)
        response = await self._transport.handle_async_request(request)
        await response.aread()
        self._keep(response, url, top)
        return response

    def _keep(self, response: httpx.Response, url: str, top: str) -> None:
        for line in response.headers.get_list("set-cookie"):
            self.set_cookies.append(line)
            pair, *attributes = (part.strip() for part in line.split(";"))
            name, _, value = pair.partition("=")
            said = {key.lower(): value for key, _, value in (part.partition("=") for part in attributes)}
            lawful = name.startswith("__Host-") and "secure" in said and said.get("path") == "/"
            first_party = said.get("samesite") == "Lax" and _site(url) == _site(top)
            lawful = lawful and ("partitioned" in said or first_party) and "domain" not in said
            if not (lawful and self.keeps_cookies):
                continue
            if int(said["max-age"]) > 0:
                self.jar[top, name] = value
            else:
                self.jar.pop((top, name), None)


def origin_of(url: str) -> str:
    """Return the origin of an address."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _relation(place: Place | None, url: str) -> str:
    if place is None:
        return "none"
    if place.origin == origin_of(url):
        return "same-origin"
    return "same-site" if _site(place.url) == _site(url) else "cross-site"


def _site(url: str) -> str:
    """Return the registrable domain of an address, for the names these tests use."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{'.'.join((parts.hostname or '').split('.')[-2:])}"


def _referrer(place: Place | None, url: str) -> str | None:
    if place is None or place.referrer_policy == "no-referrer":
        return None
    same = place.origin == origin_of(url)
    match place.referrer_policy:
        case "same-origin":
            return place.url if same else None
        case "strict-origin" | "origin":
            return f"{place.origin}/"
        case _:
            return place.url if same else f"{place.origin}/"
