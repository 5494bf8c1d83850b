"""``/docs`` and ``/problems/{code}``: pages without a script, each made once and kept as bytes."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from consentgw.errors import NotFound
from consentgw.http import surfaces
from consentgw.http.explanations import EXPLANATIONS, Explanation, example
from consentgw.http.lane import Route
from consentgw.http.pages import View, render
from consentgw.http.prose import line, paragraphs
from consentgw.http.reference.highlight import highlight
from consentgw.http.reference.reading import read

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from markupsafe import Markup
    from starlette.requests import Request
    from starlette.responses import Response

    from consentgw.http.reference.model import Reference


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferenceView(View):
    """The whole reference on one page: the browser's own search finds everything."""

    template: ClassVar[str] = "reference/reference.html"
    reference: Reference

    @property
    def problems(self) -> Mapping[str, Explanation]:
        """Return every kind of problem by its code."""
        return EXPLANATIONS

    @property
    def problem(self) -> Markup:
        """Return an example of a problem document."""
        return _example("invalid", self.reference.origin)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplanationView(View):
    """One kind of problem: what it means, why it happens, what to do."""

    template: ClassVar[str] = "reference/problem.html"
    code: str
    explanation: Explanation
    origin: str

    @property
    def meaning(self) -> Markup:
        """Return what it means, as paragraphs."""
        return paragraphs(self.explanation.meaning)

    @property
    def causes(self) -> tuple[Markup, ...]:
        """Return why it happens, a line each."""
        return tuple(line(cause) for cause in self.explanation.causes)

    @property
    def remedy(self) -> Markup:
        """Return what to do, as paragraphs."""
        return paragraphs(self.explanation.remedy)

    @property
    def example(self) -> Markup:
        """Return the problem document as it could be answered."""
        return _example(self.code, self.origin)


@dataclass(frozen=True, slots=True)
class _Written:
    """A page as it is sent: plain, and packed for whoever takes it so."""

    plain: bytes
    packed: bytes
    etag: str

    @classmethod
    def of(cls, view: View) -> _Written:
        """Write a page. Its tag is weak, for it stands for both forms (RFC 9110 section 8.8.1)."""
        plain = render(view).encode()
        return cls(plain, gzip.compress(plain, mtime=0), f'W/"{hashlib.sha256(plain).hexdigest()}"')


@dataclass(frozen=True, slots=True)
class ReferencePages:
    """``/docs`` and ``/problems/{code}``: nothing of them depends on who asks."""

    document: Callable[[], Mapping[str, Any]]
    """Returns the OpenAPI document, which does not change while we run; called in a thread."""
    origin: str
    _kept: dict[str, _Written] = field(default_factory=dict[str, _Written], init=False)

    def routes(self) -> tuple[Route, ...]:
        """Return the addresses."""
        return (
            Route("/docs", self.show, surfaces.REFERENCE),
            Route("/problems/{code}", self.explain, surfaces.REFERENCE),
        )

    async def show(self, request: Request) -> Response:
        """Show the reference."""
        return await self._send(
            request, "", lambda: ReferenceView(language="en", reference=read(self.document(), self.origin))
        )

    async def explain(self, request: Request) -> Response:
        """Show what a kind of problem means.

        Raises:
            NotFound: no problem has this code.
        """
        code: str = request.path_params["code"]
        if code not in EXPLANATIONS:
            raise NotFound("no problem has such a code")
        return await self._send(
            request,
            code,
            lambda: ExplanationView(language="en", code=code, explanation=EXPLANATIONS[code], origin=self.origin),
        )

    async def _send(self, request: Request, name: str, view: Callable[[], View]) -> Response:
        page = self._kept.get(name)
        if page is None:
            # In a thread: the first reader of a long page must not keep visitors waiting.
            page = self._kept[name] = await asyncio.to_thread(lambda: _Written.of(view()))
        headers = ((b"content-language", b"en"), (b"etag", page.etag.encode()))
        if page.etag in request.headers.get("if-none-match", ""):
            answer = surfaces.REFERENCE.answer(b"", *headers, status=304)
            # A length would speak of the page, which is not empty (RFC 9110 section 8.6).
            del answer.headers["content-length"]
            return answer
        if "gzip" in request.headers.get("accept-encoding", ""):
            return surfaces.REFERENCE.answer(page.packed, *headers, (b"content-encoding", b"gzip"))
        return surfaces.REFERENCE.answer(page.plain, *headers)


def _example(code: str, origin: str) -> Markup:
    return highlight(json.dumps(example(code, origin), indent=2))
