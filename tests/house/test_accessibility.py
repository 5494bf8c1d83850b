"""Every page of ours, in every language: nothing that axe finds wrong, light and dark; it fits; forced colours do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from consentgw.consents.stylesheet import Showing, stylesheet, theme
from consentgw.consents.views import snippet
from consentgw.demo.hosts import Addresses
from consentgw.demo.pages import PartnerPage, Sheet
from consentgw.demo.seeds import partners_at
from consentgw.demo.servers import ServedPage
from consentgw.demo.vendors import Hit, HitsView
from consentgw.http.languages import LANGUAGES
from consentgw.http.pages import STATIC, View
from consentgw.notices.service import facts
from consentgw.policies.service import compose, starter
from consentgw.policies.views import PolicyView
from consentgw.resources import folder
from consentgw.sites.model import Style
from tests.browsers.accessibility import Eye, eye
from tests.house.documents import ANSWERED_AT, PLACES, SHOP, documents, notice, snippets, version, written

ADDRESSES = Addresses(8080)
HIT = Hit("/www.facebook.com/tr", "id=1", {"fr": "stand-in"}, "http://shop.localhost:8080/", "2026-11-24T07:00:00Z")
NEWS = replace(SHOP, slug="news", style=Style.FRAME)
CLUB, CAFE = (replace(SHOP, slug=slug) for slug in ("club", "cafe"))


def demo() -> Iterator[tuple[str, View]]:
    """Yield the demo's own pages; a partner's holds the question."""
    for language in LANGUAGES:
        for site, name in ((SHOP, "shop/front"), (SHOP, "shop/tea"), (NEWS, "news/front")):
            page = PartnerPage(
                language=language,
                name=name,
                place="",
                languages=LANGUAGES,
                snippet=snippet(site, notice(language), ADDRESSES.gateway),
                notice=notice(language),
                addresses=ADDRESSES,
            )
            yield f"demo-{name}-{language}", page
        for site, known, allowed in ((CLUB, False, ()), (CAFE, True, ("Analytics",))):
            served = ServedPage(
                language=language,
                name=f"{site.slug}/front",
                addresses=ADDRESSES,
                site=site,
                known=known,
                allowed=allowed,
                tags=(),
            )
            yield f"demo-{site.slug}-{language}", served
        yield (
            f"demo-hits-{language}",
            HitsView(language=language, name="vendors/hits", addresses=ADDRESSES, hits=(HIT,), total=1, live=False),
        )
    yield "demo-signpost", Sheet(language="en", name="signpost", addresses=ADDRESSES)


EVERY = {**dict(documents()), **dict(demo())}
VISITED = [
    name for name in dict(documents()) if name.endswith("-kk") and not name.startswith(("desk-", "letter-", "package-"))
]
"""What visitors read, in the language with the longest words; letters and packages come without a style."""


def starting_policy(language: str) -> PolicyView:
    """Return the page of our own policy text, about the demo's shop."""
    shop = next(partner.configuration for partner in partners_at(ADDRESSES) if partner.slug == SHOP.slug)
    said = facts(shop.site, shop.purposes, shop.tags)
    composed = compose(shop.site, starter(shop.site.languages), said, ANSWERED_AT.date())
    texts = {spoken: rendering.text for spoken, rendering in composed.renderings.items()}
    return PolicyView.of(replace(version(PLACES[1]), texts=texts), PLACES[1], language, shop.site.name)


@pytest.fixture(scope="module")
def reviewer(stage) -> Iterator[Eye]:
    """A tab with our own files."""
    files = {f"/static/{file.name}": file.read_bytes() for file in STATIC.iterdir()}
    for name in ("shop", "news", "club", "cafe", "vendors"):
        files |= {f"/{file.name}": file.read_bytes() for file in (folder("templates") / "demo" / name).iterdir()}
    for site in (SHOP, NEWS):
        files[f"/sites/{site.slug}/theme.css"] = theme(site.looks)
        files[f"/embed/{site.slug}/style.css"] = stylesheet(site, Showing.ASKS)
    with eye(stage, files) as reviewer:
        yield reviewer


@pytest.mark.parametrize("name", EVERY)
def test_a_page_has_nothing_that_axe_finds_wrong_in_any_colours_and_fits_a_narrow_window(reviewer, name):
    # Words differ by language and colours do not: those of one language stand for all.
    assert reviewer.judge(written(EVERY[name]), colours=not name.endswith(("-ru", "-en"))) == []


@pytest.mark.parametrize("name", VISITED)
def test_nothing_sticks_out_of_a_narrow_window_with_large_letters_or_a_long_word(reviewer, name):
    assert reviewer.sideways(written(EVERY[name])) == []


def test_nothing_sticks_out_of_the_question_on_the_partners_page(reviewer):
    question = dict(snippets())["inline-kk"]
    style = '<!doctype html><link rel="stylesheet" href="/embed/shop/style.css">'

    assert reviewer.sideways(style + written(question)) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_word_is_torn_in_the_tables_of_a_policy(reviewer, language):
    page = written(starting_policy(language))

    for width in (1280, 700, 560, 500, 400):
        assert reviewer.torn(page, width) == [], width


def test_the_link_that_a_law_asks_for_stands_apart_from_the_buttons(reviewer):
    page = written(EVERY["consent-california-en"])

    assert reviewer.gap(page, ".actions", "a[href*='do-not-sell']") >= 16


def test_a_page_with_faults_is_found_out(reviewer):
    faulty = """<!doctype html><html lang="en"><title>Form</title><link rel="stylesheet" href="/nowhere.css"><style>
        @media (prefers-color-scheme: dark) { p { color: #333; background: #222 } }
        @media (forced-colors: active) { p { forced-color-adjust: none } }
        button { appearance: none; border: 0; background: #ccc } div { width: 400px } a { font-size: 8px }</style>
        <main><h1>Form</h1><p>Hard to read</p><button>Send</button>
        <div><input name="n"><a href="/1">1</a><a href="/2">2</a></div></main>"""

    found = "\n".join(reviewer.judge(faulty))

    for fault in ("wide, light: label", "narrow, dark: color-contrast", "forced colours: keeps its own colours: <p>"):
        assert fault in found
    assert "forced colours: has no edge: <button>" in found
    assert "wide, light: target-size" in found
    assert "pixels wider than the window" in found
    assert "not found: /nowhere.css" in found
