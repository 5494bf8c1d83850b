"""Policies for visitors: every version, what it changed, the list of all, and the way to the one in force.

A version's text never changes, and its record (``.json``, the canonical JSON that its digest is taken of) is
kept by caches for ever. Its page also says where the version stands, which does change: a copy of the page is
good for a minute, and its tag covers every byte of it.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, TypeVar

from consentgw.errors import NotFound, Unavailable
from consentgw.http import surfaces
from consentgw.http.forms import query
from consentgw.http.lane import Route
from consentgw.http.languages import negotiate
from consentgw.http.pages import render
from consentgw.policies import store
from consentgw.policies.model import VERSION
from consentgw.policies.standing import Place, places
from consentgw.policies.views import ArchiveView, ChangesView, Listed, PolicyView
from consentgw.sites.model import SLUG

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from starlette.requests import Request

    from consentgw.db import Database
    from consentgw.http.pages import Page
    from consentgw.http.surfaces import Answer, Surface
    from consentgw.policies.model import Change, Entry, PolicyVersion

KEPT = 64
"""Versions, and sites, that are kept in memory; a version is some 100 kB."""
LEAVES = 256
"""Pages that are kept in memory; a page is some 30 kB."""

K = TypeVar("K")
V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class _Leaf:
    """One page in one language, ready to send; ``of`` is what it was made from."""

    of: Hashable
    body: bytes
    etag: bytes
    headers: tuple[tuple[bytes, bytes], ...]


@dataclass(frozen=True, slots=True)
class _Reasons:
    """What the list of versions says of one beyond its dates."""

    languages: tuple[str, ...]
    change: Change
    reasons: dict[str, str]


@dataclass(frozen=True, slots=True)
class PolicyPages:
    """``/policy/{version}`` with its changes and record, ``/sites/{site}/policy`` and the list of all versions."""

    db: Database
    name_of: Callable[[str], str]
    """How a site calls itself now; it may do so otherwise than when a version was published."""
    fresh_for: float = 1.0
    """Seconds for which the list of a site's versions is not read again."""
    _kept: dict[str, PolicyVersion] = field(default_factory=dict[str, "PolicyVersion"])
    _leaves: dict[tuple[str, ...], _Leaf] = field(default_factory=dict[tuple[str, ...], _Leaf])
    _chains: dict[str, tuple[float, tuple[Entry, ...]]] = field(
        default_factory=dict[str, tuple[float, tuple["Entry", ...]]]
    )
    _listed: dict[str, _Reasons] = field(default_factory=dict[str, _Reasons])

    def routes(self) -> tuple[Route, ...]:
        """Return the addresses of this room."""
        return (
            Route("/policy/{version}.json", self.record, surfaces.RECORD),
            Route("/policy/{version}/changes", self.changes, surfaces.POLICY),
            Route("/policy/{version}", self.show, surfaces.POLICY),
            Route("/sites/{site}/policies", self.archive, surfaces.POLICY),
            Route("/sites/{site}/policy", self.current, surfaces.VISITOR),
        )

    async def show(self, request: Request) -> Answer:
        """Show one version in the asked language.

        Raises:
            NotFound: there is no such version, or not in that language: legal text has no silent fallback.
            Malformed: the language is asked for twice, or in bytes that are no text.
        """
        policy = await self._policy(request.path_params["version"])
        language = _language(request, policy.languages)
        place = await self._place(policy)
        address = f"/policy/{policy.version}"
        named = self.name_of(policy.site)
        leaf = self._leaf(
            ("page", policy.version, language),
            (place, named),
            lambda: PolicyView.of(policy, place, language, named),
            lambda: _links(
                (f"{address}?lang={language}", "canonical"),
                (address, "privacy-policy"),
                (f"/sites/{policy.site}/policies", "version-history"),
                *_neighbours(place),
            ),
        )
        return _send(request, surfaces.POLICY, leaf)

    async def changes(self, request: Request) -> Answer:
        """Show what a version changed against the one before, in the asked language.

        Raises:
            NotFound, Malformed: as :meth:`show`.
        """
        policy = await self._policy(request.path_params["version"])
        language = _language(request, policy.languages)
        name = ("changes", policy.version, language)
        named = self.name_of(policy.site)
        leaf = self._leaves.get(name)
        if leaf is None or leaf.of != named:
            before = await self._policy(policy.predecessor.version) if policy.predecessor else None
            # Comparing long texts takes a while, in which other visitors are not kept waiting.
            view = await asyncio.to_thread(ChangesView.of, policy, before, language, named)
            links = [(f"/policy/{policy.version}/changes?lang={language}", "canonical")]
            if policy.predecessor:
                links.append((f"/policy/{policy.predecessor.version}", "predecessor-version"))
            leaf = self._leaf(name, named, lambda: view, lambda: _links(*links))
        return _send(request, surfaces.POLICY, leaf)

    async def archive(self, request: Request) -> Answer:
        """List every version of a site's policy in the asked language.

        Raises:
            NotFound: there is no such site, it has published nothing, or never in that language.
            Malformed: as :meth:`show`.
        """
        site: str = request.path_params["site"]
        chain = await self._chain(site) if SLUG.fullmatch(site) else ()
        if not chain:
            raise NotFound("no site of this name has published a policy")
        for entry in chain:
            if entry.version not in self._listed:
                policy = await self.db.read(store.version, entry.version)
                said = _Reasons(policy.languages, policy.change, dict(policy.reasons))
                _keep(self._listed, entry.version, said, KEPT * KEPT)
        known = [self._listed[entry.version] for entry in chain]
        spoken = tuple(dict.fromkeys(language for said in reversed(known) for language in said.languages))
        language = _language(request, spoken)
        stand = places(chain, self.db.clock())
        listed = [
            Listed(place, said.languages, said.change, said.reasons.get(language, ""))
            for place, said in zip(stand, known, strict=True)
        ]
        named = self.name_of(site)
        leaf = self._leaf(
            ("archive", site, language),
            (stand, named),
            lambda: ArchiveView(
                language=language,
                languages=spoken,
                site_slug=site,
                site_name=named,
                listed=tuple(reversed(listed)),
            ),
            lambda: _links(
                (f"/sites/{site}/policies?lang={language}", "canonical"),
                *((f"/policy/{place.version}", "latest-version") for place in [stand[-1].ruling] if place),
            ),
        )
        return _send(request, surfaces.POLICY, leaf)

    async def record(self, request: Request) -> Answer:
        """Send the canonical JSON of a version: its SHA-256 is the version's digest.

        Raises:
            NotFound: there is no such version.
        """
        version: str = request.path_params["version"]
        policy = await self._policy(version)
        etag = f'"{policy.digest}"'.encode()
        return _send(request, surfaces.RECORD, _Leaf(None, policy.canonical(), etag, ((b"etag", etag),)))

    async def current(self, request: Request) -> Answer:
        """Lead to the version in force, in the language that was asked for.

        Raises:
            NotFound: there is no such site, it has nothing in force, or not in that language.
        """
        site: str = request.path_params["site"]
        if not SLUG.fullmatch(site):
            raise NotFound("no site has such a name")
        stand = places(await self._chain(site, fresh_for=0), self.db.clock())
        ruling = stand[-1].ruling if stand else None
        if ruling is None:
            raise NotFound("the site has no policy in force")
        policy = await self._policy(ruling.version)
        address = f"/policy/{policy.version}"
        if (chosen := query(request).one("lang")) is not None:
            if chosen not in policy.languages:
                raise NotFound("the version in force does not speak the language")
            address += f"?lang={chosen}"
        return surfaces.VISITOR.answer(b"", (b"location", address.encode()), status=302)

    async def _policy(self, version: str) -> PolicyVersion:
        policy = self._kept.get(version)
        if policy is None:
            if not VERSION.fullmatch(version):
                raise NotFound("no version has such a name")
            policy = _keep(self._kept, version, await self.db.read(store.version, version), KEPT)
        return policy

    async def _place(self, policy: PolicyVersion) -> Place:
        known = {place.entry.version: place for place in places(await self._chain(policy.site), self.db.clock())}
        if policy.version not in known:
            chain = await self._chain(policy.site, fresh_for=0)
            known = {place.entry.version: place for place in places(chain, self.db.clock())}
        try:
            return known[policy.version]
        except KeyError:
            raise NotFound("nothing leads to this version: its chain is broken") from None

    async def _chain(self, site: str, *, fresh_for: float | None = None) -> tuple[Entry, ...]:
        """Return the versions of a site, at most a moment old; while the database is away, as they were."""
        kept = self._chains.get(site)
        if kept and time.monotonic() - kept[0] < (self.fresh_for if fresh_for is None else fresh_for):
            return kept[1]
        try:
            chain = await self.db.read(store.chain, site)
        except Unavailable:
            if kept is None:
                raise
            return kept[1]
        if chain:
            _keep(self._chains, site, (time.monotonic(), chain), KEPT)
        return chain

    def _leaf(
        self,
        name: tuple[str, ...],
        of: Hashable,
        view: Callable[[], Page],
        links: Callable[[], bytes],
    ) -> _Leaf:
        """Return a page as it was made before, if it was made from the same."""
        leaf = self._leaves.get(name)
        if leaf is None or leaf.of != of:
            body = render(view()).encode()
            etag = f'"{hashlib.sha256(body).hexdigest()}"'.encode()
            headers = ((b"content-language", name[-1].encode()), (b"etag", etag), (b"link", links()))
            leaf = _keep(self._leaves, name, _Leaf(of, body, etag, headers), LEAVES)
        return leaf


def _keep(shelf: dict[K, V], name: K, value: V, limit: int) -> V:
    """Put a value on a shelf, and take the oldest off it when it is full."""
    shelf.pop(name, None)
    while len(shelf) >= limit:
        del shelf[next(iter(shelf))]
    shelf[name] = value
    return value


def _send(request: Request, surface: Surface, leaf: _Leaf) -> Answer:
    if _matches(request.headers.getlist("if-none-match"), leaf.etag):
        answer = surface.answer(b"", *leaf.headers, status=304)
        # A length would speak of the page, which is not empty (RFC 9110 section 8.6).
        del answer.headers["content-length"]
        return answer
    return surface.answer(leaf.body, *leaf.headers)


def _neighbours(place: Place) -> list[tuple[str, str]]:
    """Return the versions around one as links (RFC 5829): the one in force counts as the latest."""
    around = (
        (place.ruling, "latest-version"),
        (place.predecessor, "predecessor-version"),
        (place.successor, "successor-version"),
    )
    return [(f"/policy/{entry.version}", relation) for entry, relation in around if entry]


def _links(*links: tuple[str, str]) -> bytes:
    return ", ".join(f'<{target}>; rel="{relation}"' for target, relation in links).encode()


def _language(request: Request, offered: tuple[str, ...]) -> str:
    """Return the language asked for, else the one the browser prefers.

    Raises:
        NotFound: the language asked for is not offered.
        Malformed: it is asked for twice, or in bytes that are no text.
    """
    chosen = query(request).one("lang")
    if chosen is None:
        return _preferred(request.headers.get("accept-language", "")[:1024], offered)
    if chosen not in offered:
        raise NotFound("there is no text in this language")
    return chosen


@lru_cache(maxsize=256)
def _preferred(header: str, offered: tuple[str, ...]) -> str:
    """Return what the browser prefers; browsers send few different headers, and reading one costs half a page."""
    return negotiate(header, offered)


def _matches(given: list[str], etag: bytes) -> bool:
    """Return whether If-None-Match names this page: any list, weak or strong (RFC 9110 section 13.1.2)."""
    tags = [tag.strip().removeprefix("W/") for value in given for tag in value.split(",")]
    return "*" in tags or etag.decode() in tags
