"""Where the gateway stands on partners' own ground: on a subdomain of theirs, or under a path of their own host.

An ASGI app in front of the others. It knows the ground by the Host and the path of a request, as configured: no header
of a proxy is believed, and nothing is guessed. Under a path, every address in our answers gets that path in front, so
that no other room needs to know.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from consentgw.sites.addresses import split_base

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from consentgw.sites.model import Site

Known = dict[bytes, tuple[tuple[str, str], ...]]
"""By Host: the paths we are mounted on there, the longest first, each with the whole address."""

# Our templates write every address of ours in this way, and what people wrote cannot hold a raw quotation mark.
_ADDRESS = re.compile(rb'(\s(?:href|src|action)=")/(?!/)')


def known(sites: Iterable[Site]) -> Known:
    """Return the grounds of some sites."""
    found: dict[bytes, dict[str, str]] = {}
    for site in sites:
        for base in site.first_party:
            origin, mount = split_base(base)
            found.setdefault(origin.partition("://")[2].encode(), {})[mount] = base
    return {host: tuple(sorted(mounts.items(), key=lambda one: -len(one[0]))) for host, mounts in found.items()}


class Grounds:
    """Tells the app behind on which ground it is asked (``ground`` of the scope) and takes the mount off the path."""

    def __init__(self, behind: ASGIApp, known: Callable[[], Known]) -> None:
        self._behind = behind
        self._known = known

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        known = self._known()
        if known and scope["type"] == "http":
            path: str = scope["path"]
            host = next((value for name, value in scope["headers"] if name == b"host"), b"")
            for mount, base in known.get(host, ()):
                if path.startswith(f"{mount}/"):
                    scope = {**scope, "path": path[len(mount) :], "root_path": mount, "ground": base}
                    send = _Under(mount.encode(), send, scope["method"]) if mount else send
                    break
        await self._behind(scope, receive, send)


class _Under:
    """Sends answers whose addresses are those under a mount."""

    def __init__(self, mount: bytes, send: Send, method: str) -> None:
        self._mount = mount
        self._send = send
        self._method = method
        self._page: Message | None = None
        self._body = b""

    async def __call__(self, message: Message) -> None:
        """Send one message; that of a page waits for the whole of it."""
        if message["type"] == "http.response.start":
            headers = [self._placed(name, value) for name, value in message["headers"]]
            page = any(_is_page(*header) for header in headers)
            if page:  # it gets longer
                headers = [header for header in headers if header[0] != b"content-length"]
            start: dict[str, Any] = {"type": message["type"], "status": message["status"], "headers": headers}
            if page and self._method != "HEAD":
                self._page = start
            else:
                await self._send(start)
        elif self._page is None:
            await self._send(message)
        else:
            self._body += message.get("body", b"")
            if not message.get("more_body", False):
                await self._whole(self._page)

    async def _whole(self, start: Message) -> None:
        body = _ADDRESS.sub(rb"\1" + self._mount + b"/", self._body)
        await self._send({**start, "headers": [*start["headers"], (b"content-length", b"%d" % len(body))]})
        await self._send({"type": "http.response.body", "body": body})

    def _placed(self, name: bytes, value: bytes) -> tuple[bytes, bytes]:
        if name == b"location" and value[:1] == b"/" and value[1:2] != b"/":
            return name, self._mount + value
        if name == b"link":
            return name, value.replace(b"</", b"<" + self._mount + b"/")
        return name, value


def _is_page(name: bytes, value: bytes) -> bool:
    return name == b"content-type" and value.startswith(b"text/html")
