"""Policies for visitors: one immutable version, and the way to the one in force."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

from consentgw.errors import NotFound
from consentgw.http import surfaces
from consentgw.http.forms import query
from consentgw.http.lane import Route
from consentgw.http.languages import negotiate
from consentgw.http.pages import render
from consentgw.policies import store
from consentgw.policies.model import VERSION
from consentgw.policies.views import PolicyView
from consentgw.sites.model import SLUG

if TYPE_CHECKING:
    from starlette.requests import Request

    from consentgw.db import Database
    from consentgw.http.surfaces import Answer
    from consentgw.policies.model import PolicyVersion

KEPT = 64
"""Versions whose pages are kept in memory; a page is some 30 kB in each language."""


@dataclass(frozen=True, slots=True)
class _Leaf:
    """One version in one language, ready to send."""

    body: bytes
    etag: bytes
    headers: tuple[tuple[bytes, bytes], ...]


@dataclass(frozen=True, slots=True)
class PolicyPages:
    """``/policy/{version}`` and ``/sites/{site}/policy``."""

    db: Database
    _kept: dict[str, dict[str, _Leaf]] = field(default_factory=dict[str, dict[str, _Leaf]])
    """Pages by version, then by language in the site's order. A version never changes: none is stale."""

    def routes(self) -> tuple[Route, ...]:
        """Return the addresses of this room."""
        return (
            Route("/policy/{version}", self.show, surfaces.POLICY),
            Route("/sites/{site}/policy", self.current, surfaces.VISITOR),
        )

    async def show(self, request: Request) -> Answer:
        """Show one version in the asked language.

        Raises:
            NotFound: there is no such version, or not in that language: legal text has no silent fallback.
            Malformed: the language is asked for twice, or in bytes that are no text.
        """
        leaves = await self._leaves(request.path_params["version"])
        language = _language(request, tuple(leaves))
        if language not in leaves:
            raise NotFound("this version does not speak the language")
        leaf = leaves[language]
        if _matches(request.headers.getlist("if-none-match"), leaf.etag):
            answer = surfaces.POLICY.answer(b"", *leaf.headers, status=304)
            # A length would speak of the page, which is not empty (RFC 9110 section 8.6).
            del answer.headers["content-length"]
            return answer
        return surfaces.POLICY.answer(leaf.body, *leaf.headers)

    async def current(self, request: Request) -> Answer:
        """Lead to the version in force, in the language that was asked for.

        Raises:
            NotFound: there is no such site, it has published nothing, or not in that language.
        """
        site: str = request.path_params["site"]
        if not SLUG.fullmatch(site):
            raise NotFound("no site has such a name")
        policy = await self.db.read(store.in_force, site)
        address = f"/policy/{policy.version}"
        if (chosen := query(request).one("lang")) is not None:
            if chosen not in policy.languages:
                raise NotFound("the version in force does not speak the language")
            address += f"?lang={chosen}"
        return surfaces.VISITOR.answer(b"", (b"location", address.encode()), status=302)

    async def _leaves(self, version: str) -> dict[str, _Leaf]:
        leaves = self._kept.get(version)
        if leaves is None:
            if not VERSION.fullmatch(version):
                raise NotFound("no version has such a name")
            policy = await self.db.read(store.version, version)
            while len(self._kept) >= KEPT:
                del self._kept[next(iter(self._kept))]
            leaves = self._kept[version] = {language: _leaf(policy, language) for language in policy.languages}
        return leaves


def _leaf(policy: PolicyVersion, language: str) -> _Leaf:
    address = f"/policy/{policy.version}"
    links = [f'<{address}>; rel="privacy-policy"']
    if policy.predecessor:
        links.append(f'</policy/{policy.predecessor.version}>; rel="predecessor-version"')
    etag = f'"{policy.digest}-{language}"'.encode()
    headers = (
        (b"content-language", language.encode()),
        (b"etag", etag),
        (b"link", ", ".join(links).encode()),
    )
    return _Leaf(render(PolicyView.of(policy, language)).encode(), etag, headers)


def _language(request: Request, offered: tuple[str, ...]) -> str:
    """Return the language asked for, which the version may lack, else the one the browser prefers."""
    chosen = query(request).one("lang")
    return _preferred(request.headers.get("accept-language", "")[:1024], offered) if chosen is None else chosen


@lru_cache(maxsize=256)
def _preferred(header: str, offered: tuple[str, ...]) -> str:
    """Return what the browser prefers; browsers send few different headers, and reading one costs half a page."""
    return negotiate(header, offered)


def _matches(given: list[str], etag: bytes) -> bool:
    """Return whether If-None-Match names this page: any list, weak or strong (RFC 9110 section 13.1.2)."""
    tags = [tag.strip().removeprefix("W/") for value in given for tag in value.split(",")]
    return "*" in tags or etag.decode() in tags
