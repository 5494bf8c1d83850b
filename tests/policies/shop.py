"""The shop whose policy these tests publish, and a reader that finds clauses in what was published."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from html import unescape
from typing import TYPE_CHECKING, Any

from consentgw.policies import store
from consentgw.policies.model import CookieFact, Facts, PurposeFact, TagFact
from consentgw.policies.service import publish
from consentgw.sites.model import Operator, Site

if TYPE_CHECKING:
    from collections.abc import Mapping

    from consentgw.db import Unit
    from consentgw.policies.model import PolicyVersion

TODAY = date(2026, 11, 24)
"""The day whose law counts."""

REASONS = {"kk": "Жаңа қызмет қосылды.", "ru": "Добавлен новый сервис.", "en": "A new service was added."}
"""Why a version was changed."""

SHOP = Site(
    slug="shop",
    name="Дана дүкені",
    operator=Operator(
        name="«Дана Сауда» ЖШС",
        registration="240140012342",
        address="Алматы қ., Абай даңғылы, 1",
        email="privacy@shop.example",
    ),
    origins=frozenset({"https://shop.example"}),
)

FACTS = Facts(
    purposes=(
        PurposeFact(
            "necessary",
            basis="necessary",
            titles={"kk": "Қажетті", "ru": "Необходимые", "en": "Necessary"},
            sentences={"kk": "Сайт жұмыс істеуі үшін.", "ru": "Чтобы сайт работал.", "en": "So that the site works."},
        ),
        PurposeFact(
            "analytics",
            basis="consent",
            titles={"kk": "Аналитикалық", "ru": "Аналитические", "en": "Analytics"},
            sentences={"kk": "Кірушілерді санау.", "ru": "Считать посещения.", "en": "To count visits."},
        ),
        PurposeFact(
            "marketing",
            basis="consent",
            titles={"kk": "Маркетингтік", "ru": "Маркетинговые", "en": "Marketing"},
            sentences={"kk": "Жарнама көрсету.", "ru": "Показывать рекламу.", "en": "To show advertising."},
        ),
    ),
    tags=(
        TagFact("Google Analytics", ("analytics",), "US", (CookieFact("_ga", 63_072_000, "first"),)),
        TagFact("Meta Pixel", ("marketing",), "US", (CookieFact("_fbp", 7_776_000, "first"),)),
        TagFact("Google Ads", ("marketing",), "US", (CookieFact("IDE", 33_696_000, "third"),)),
    ),
    own=(CookieFact("__Host-cg-shop", 15_724_800, "third"),),
    settings="/consent/shop",
)


def shop(*languages: str, slug: str = "shop") -> Site:
    """Return the shop, speaking these languages; without Kazakh and Russian it is a shop in the Union."""
    spoken = languages or SHOP.languages
    return replace(SHOP, slug=slug, languages=spoken, profile="kz" if {"kk", "ru"} <= set(spoken) else "eu")


WHOLE = (
    "[[site.name]] [[operator.name]] [settings]([[site.settings]]) [versions]([[site.versions]])",
    *(f"[[{name}]]" for name in ("data", "purposes", "tags", "retention", "rights", "cookies", "contacts")),
)
"""What no policy may lack, in no language in particular."""


def part(*clauses: str, title: str = "Policy") -> str:
    """Return a short draft with one section, which alone is no policy."""
    return "\n\n".join((f"# {title}", "## 1. Section", *clauses))


def draft(*clauses: str, title: str = "Policy") -> str:
    """Return a short draft that can be published."""
    return part(*clauses, *WHOLE, title=title)


def clause(html: str, number: str) -> str:
    """Return the words of a clause or of a whole section, without markup."""
    anchors = [(match[1], match.start()) for match in re.finditer(r'<(?:h2|p) id="s([0-9.]+)"', html)]
    start = dict(anchors)[number]
    end = next((at for name, at in anchors if at > start and not name.startswith(f"{number}.")), len(html))
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html[start:end])).split())


def drafts(site: Site = SHOP, after: PolicyVersion | None = None, **texts: str) -> dict[str, str]:
    """Return a short policy for each language of a site, some of them replaced; other words than the version before."""
    words = f"1.1. [[site.name]]. {after.version if after else ''}"
    return {language: draft(words, title=language) for language in site.languages} | texts


def follow(unit: Unit, site: Site = SHOP, texts: Mapping[str, str] | None = None, **said: Any) -> PolicyVersion:
    """Publish a version of a site's policy; with the reasons of a change unless it is the first."""
    before = store.latest(unit.connection, site.slug)
    if before:
        said = {"reasons": {language: REASONS[language] for language in site.languages}, **said}
    return publish(unit, site, texts or drafts(site, before), FACTS, **said)
