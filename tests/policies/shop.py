"""The shop whose policy these tests publish, and a reader that finds clauses in what was published."""

from __future__ import annotations

import re
from dataclasses import replace
from html import unescape

from consentgw.policies.model import CookieFact, Facts, PurposeFact, TagFact
from consentgw.sites.model import Operator, Site

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
            optional=False,
            titles={"kk": "Қажетті", "ru": "Необходимые", "en": "Necessary"},
            sentences={"kk": "Сайт жұмыс істеуі үшін.", "ru": "Чтобы сайт работал.", "en": "So that the site works."},
        ),
        PurposeFact(
            "analytics",
            optional=True,
            titles={"kk": "Аналитикалық", "ru": "Аналитические", "en": "Analytics"},
            sentences={"kk": "Кірушілерді санау.", "ru": "Считать посещения.", "en": "To count visits."},
        ),
        PurposeFact(
            "marketing",
            optional=True,
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
    """Return the shop, speaking these languages."""
    return replace(SHOP, slug=slug, languages=languages or SHOP.languages)


def draft(*clauses: str, title: str = "Policy") -> str:
    """Return a short draft with one section."""
    return "\n\n".join((f"# {title}", "## 1. Section", *clauses))


def clause(html: str, number: str) -> str:
    """Return the words of a clause or of a whole section, without markup."""
    anchors = [(match[1], match.start()) for match in re.finditer(r'<(?:h2|p) id="s([0-9.]+)"', html)]
    start = dict(anchors)[number]
    end = next((at for name, at in anchors if at > start and not name.startswith(f"{number}.")), len(html))
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html[start:end])).split())
