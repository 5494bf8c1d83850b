"""Every page is a typed view, rendered by one function; a page that many people see is prepared once.

Templates see ``view`` and nothing else: no request, no globals but the addresses of our own static files.
They hold no script, no inline style and no handler, and a test reads every one of them to prove it.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import ClassVar, Self

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from consentgw.http import languages
from consentgw.resources import folder

STATIC = Path(__file__).parent / "static"

# Two private-use characters cannot come from a catalogue, a configuration or a form unnoticed.
_OPEN, _CLOSE = "\ue000", "\ue001"
_SLOT = re.compile(f"{_OPEN}([a-z0-9_-]+){_CLOSE}")

_KINDS = {
    403: "forged",
    404: "not_found",
    409: "conflict",
    410: "gone",
    413: "too_large",
    503: "unavailable",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """Everything a template needs to know, in one language."""

    template: ClassVar[str]
    language: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(View):
    """A page of its own in the browser window: its template extends ``page.html``."""

    languages: tuple[str, ...] = ()
    """The languages this page can be read in; each is linked as ``?lang=`` of the same address."""
    query: str = ""
    """What else of its address a link to another language keeps: ``&name=value``."""
    site_slug: str = ""
    """Whose colours the page wears; empty for the gateway's own."""
    site_name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProblemView(Page):
    """What went wrong, said to a person, and what they can do now. No internal words."""

    template: ClassVar[str] = "problem.html"
    status: int
    code: str = ""
    """Stable code of the error (see :mod:`consentgw.errors`); without one, the status chooses the words."""
    back: str = ""
    """Address of a page to go on from; empty when we know none."""
    wait: int = 0
    """In how many seconds it may be sent again; 0 when we do not know."""

    @property
    def kind(self) -> str:
        """Return the code that chooses the words."""
        return self.code or _KINDS.get(self.status, "")


def slot(name: str) -> Markup:
    """Return a place in a page that :meth:`Prepared.fill` fills for each request."""
    return Markup(f"{_OPEN}{name}{_CLOSE}")  # noqa: S704 - two fixed characters and a name from our own code


def static(name: str) -> str:
    """Return the address of one of our static files; it changes when the content does."""
    return f"/static/{name}?v={_fingerprint(name)}"


def render(view: View) -> str:
    """Render a view in its language; slots stay open.

    Raises:
        Misconfigured: the gateway does not speak the language.
        jinja2.UndefinedError: the template asks for what the view does not have.
    """
    return _environment(view.language).get_template(view.template).render(view=view)


class Prepared:
    """A rendered page whose slots are filled for each request, without rendering again."""

    __slots__ = ("_parts", "_places")

    def __init__(self, text: str) -> None:
        pieces = _SLOT.split(text)  # every other one is the name of a slot
        self._parts = [piece.encode() for piece in pieces]
        self._places = tuple(enumerate(pieces))[1::2]

    @classmethod
    def of(cls, view: View) -> Self:
        """Render a view once and find its slots."""
        return cls(render(view))

    @property
    def slots(self) -> frozenset[str]:
        """Return the names of the slots."""
        return frozenset(name for _, name in self._places)

    def fill(self, **values: str) -> bytes:
        """Return the page with every slot filled; a value for a slot this page lacks is left out.

        Values are put in as they are: they must be safe as markup and between the quotes of an attribute.

        Raises:
            KeyError: a slot has no value.
        """
        filled = list(self._parts)
        for place, name in self._places:
            filled[place] = values[name].encode()
        return b"".join(filled)


@cache
def _fingerprint(name: str) -> str:
    return hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]


@cache
def _environment(language: str) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(folder("templates")),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    environment.policies["ext.i18n.trimmed"] = True
    # The extension adds this method while it loads; the type of Environment does not know it.
    environment.install_gettext_translations(languages.translations(language), newstyle=True)  # type: ignore[attr-defined]
    environment.globals["static"] = static  # type: ignore[assignment]
    environment.filters.update(
        long_date=partial(languages.long_date, language=language),
        day=partial(languages.long_day, language=language),
        date_time=partial(languages.date_time, language=language),
        duration=partial(languages.duration, language=language),
        country=partial(languages.country, language=language),
        language_name=languages.NAMES.__getitem__,
    )
    return environment
