"""What a partner's Content-Security-Policy must allow for our lines to work, and whether it does (CSP Level 3).

A release address redirects to its vendor, and browsers check that hop too: both stand in the directive.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from consentgw.http.origins import origin_of
from consentgw.notices.addresses import read_address
from consentgw.notices.model import Kind
from consentgw.sites.model import Style

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from consentgw.notices.model import Tag
    from consentgw.sites.model import Site

_LOOKED_UP = {
    "style-src": ("style-src-elem", "style-src", "default-src"),
    "script-src": ("script-src-elem", "script-src", "default-src"),
    "img-src": ("img-src", "default-src"),
    "frame-src": ("frame-src", "child-src", "default-src"),
    "form-action": ("form-action",),
}
"""Where a browser looks for what a load may be; the first that is there counts."""
_SHARED = frozenset({"default-src", "child-src"})
_KINDS = {Kind.SCRIPT: "script-src", Kind.IMAGE: "img-src", Kind.FRAME: "frame-src"}
_SOURCE = re.compile(
    r"(?:(?P<scheme>[a-z][a-z0-9+.-]*)://)?(?P<host>\*|(?:\*\.)?[a-z0-9.-]+)(?::(?P<port>[0-9]+|\*))?(?P<path>/.*)?",
    re.IGNORECASE,
)
_PORTS = {"http": 80, "https": 443}

Policy = dict[str, list[str]]
"""One policy: its directives in lower case, with their sources."""


@dataclass(frozen=True, slots=True)
class Load:
    """One address that the page must be allowed to load, or to post to."""

    directive: str
    address: str
    redirected: bool = False
    """Whether the browser comes there by our redirect: paths in the policy do not count then."""


def loads(site: Site, tags: Iterable[Tag], gateway: str) -> tuple[Load, ...]:
    """Return everything a site's lines load when everything is granted."""
    embed, release = f"{gateway}/embed/{site.slug}", f"{gateway}/release/{site.slug}"
    found = [Load("style-src", f"{embed}/style.css"), Load("frame-src", embed)]
    if site.style is Style.INLINE:  # the frame's own form follows our own policy
        found.append(Load("form-action", embed))
    for tag in tags:
        for kind, address in tag.addresses.items():
            found.append(Load(_KINDS[kind], f"{release}/{tag.name}.{kind.value}"))
            found.append(Load(_KINDS[kind], f"{read_address(address).origin}/", redirected=True))
    return tuple(found)


def directives(wanted: Iterable[Load]) -> dict[str, tuple[str, ...]]:
    """Return the directives that allow these loads and nothing else, each with its sources."""
    found: dict[str, dict[str, None]] = {name: {} for name in _LOOKED_UP}
    for load in sorted(wanted, key=lambda load: (load.redirected, load.address)):
        found[load.directive][origin_of(load.address)] = None
    return {name: tuple(sources) for name, sources in found.items() if sources}


def written(found: Mapping[str, Sequence[str]]) -> str:
    """Return directives as the value of the header."""
    return "; ".join(" ".join((name, *sources)) for name, sources in found.items())


def read_policies(values: Iterable[str]) -> list[Policy]:
    """Return the policies in some headers; a header may hold several, and every one of them must allow a load."""
    policies: list[Policy] = []
    for value in ",".join(values).split(","):
        policy: Policy = {}
        for directive in value.split(";"):
            name, *sources = directive.split() or [""]
            if name:  # words in quotes are read in any case, but for nonces; a repeated directive is ignored
                read = [each if each.startswith("'nonce-") else each.lower() for each in sources]
                policy.setdefault(name.lower(), read)
        if policy:
            policies.append(policy)
    return policies


def faults(policy: Policy, wanted: Iterable[Load], page: str, nonces: Mapping[str, frozenset[str]]) -> Iterator[str]:
    """Yield a sentence for each directive of a policy that keeps a load of ours off.

    ``page`` is the page's origin, ``nonces`` those on our own elements, by directive, when every one of them has one.
    """
    needed = tuple(wanted)
    for directive in directives(needed):
        name = next((name for name in _LOOKED_UP[directive] if name in policy), None)
        if name is None:
            continue
        sources = policy[name]
        if any(f"'nonce-{nonce}'" in sources for nonce in nonces.get(directive, ())):
            continue
        if directive == "script-src" and "'strict-dynamic'" in sources:
            yield f"{name} has 'strict-dynamic', which ignores hosts: give our script elements the page's nonce"
            continue
        off = [
            load
            for load in needed
            if load.directive == directive and not any(_allows(source, load, page) for source in sources)
        ]
        if off:
            kept = [source for source in sources if source != "'none'" and source.isascii() and source.isprintable()]
            whole = {directive if name in _SHARED else name: (*kept, *directives(off)[directive])}
            yield f"it keeps our lines off; this directive lets them in: {written(whole)}"


def _allows(source: str, load: Load, page: str) -> bool:
    wanted = urlsplit(load.address)
    if source == "'self'":
        return origin_of(load.address) == page
    if source.endswith(":"):
        return _scheme_allows(source[:-1].lower(), wanted.scheme)
    if source == "*":
        return True
    found = _SOURCE.fullmatch(source)
    if found is None or not _scheme_allows((found["scheme"] or urlsplit(page).scheme).lower(), wanted.scheme):
        return False
    host, port, path = found["host"].lower(), found["port"], found["path"]
    name = wanted.hostname or ""
    if not (host in {"*", name} or (host.startswith("*.") and name.endswith(host[1:]))):
        return False
    default = _PORTS[wanted.scheme]
    if port != "*" and int(port or default) != (wanted.port or default):
        return False
    if load.redirected or not path:
        return True
    return wanted.path.startswith(path) if path.endswith("/") else wanted.path == path


def _scheme_allows(allowed: str, scheme: str) -> bool:
    return scheme == allowed or (allowed, scheme) == ("http", "https")
