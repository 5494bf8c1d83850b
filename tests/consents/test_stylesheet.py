"""The stylesheets a site changes."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consentgw.consents.stylesheet import DARK, LIGHT, Showing, contrast, stylesheet, text_on, theme
from consentgw.http.pages import STATIC
from consentgw.sites.model import Looks, Site, Style
from tests.house.documents import SHOP

colours = st.integers(0, 0xFFFFFF).map(lambda number: f"#{number:06x}")


def site(style: Style = Style.INLINE, looks: Looks | None = None) -> Site:
    return Site(
        slug="shop", name=SHOP.name, operator=SHOP.operator, origins=SHOP.origins, style=style, looks=looks or Looks()
    )


def css(style: Style, showing: Showing) -> str:
    return stylesheet(site(style), showing).decode()


every_state = pytest.mark.parametrize(
    ("style", "showing"), [(style, showing) for style in Style for showing in Showing]
)


@every_state
def test_every_rule_is_about_our_section_or_the_room_it_takes(style: Style, showing: Showing):
    selectors = re.findall(r"[{}]\s*([^{}@;]+?)\s*\{", css(style, showing))

    assert selectors
    for selector in selectors:
        for part in re.split(r",(?![^(]*\))", selector):
            assert part.strip().startswith(".cg") or part.strip() == ":root:has(.cg-ask)"


@every_state
def test_every_declaration_is_important_in_a_layer_so_a_partner_cannot_bend_it(style: Style, showing: Showing):
    text = css(style, showing)
    declarations = re.findall(r"[a-z-]+\s*:\s*[^{};]+;", text)

    assert text.count("@layer consentgw {") == 1
    assert len(declarations) > 30
    assert all(declaration.endswith(" !important;") for declaration in declarations)
    assert text.count("{") == text.count("}")
    assert "$" not in text


def test_the_stylesheets_load_nothing():
    texts = [css(style, showing) for style in Style for showing in Showing]
    texts += [theme(Looks()).decode(), *(file.read_text(encoding="utf-8") for file in STATIC.glob("*.css"))]

    for text in texts:
        assert "url(" not in text
        assert "@import" not in text
        assert "image-set" not in text


def test_the_question_is_shown_only_while_it_stands():
    assert ".cg .cg-ask { display: flex" in css(Style.INLINE, Showing.ASKS)
    for showing in (Showing.DECIDED, Showing.SIGNAL):
        assert ".cg .cg-ask { display: none" in css(Style.INLINE, showing)
        assert "display: flex; flex-direction: column; max-height" not in css(Style.INLINE, showing)
        assert "::details-content" not in css(Style.FRAME, showing)
    assert "::details-content" in css(Style.FRAME, Showing.ASKS)


def test_an_outdated_question_on_the_partner_s_page_gives_way_to_our_own_document():
    outdated = css(Style.INLINE, Showing.FRAMED)

    assert ".cg .cg-ask { display: none" in outdated
    assert ".cg .cg-ask { display: flex" not in outdated
    assert "::details-content" in outdated
    assert "position: sticky" not in outdated, "the section stands at the top of that page"
    again, first = css(Style.FRAME, Showing.FRAMED), css(Style.FRAME, Showing.ASKS)
    assert again.replace("framed", "asks").replace("400px", "320px") == first, "it has more to say, and more room"


def test_an_answer_hides_the_question_at_once_and_catches_a_second_click_a_moment_longer():
    text = css(Style.INLINE, Showing.ASKS)
    rule = re.search(r"\.cg:has\(\.cg-sent:user-valid\) \.cg-ask \{([^}]*)\}", text)

    assert rule
    assert "opacity: 0" in rule[1]
    assert "visibility 0s .5s" in rule[1]
    assert "pointer-events" not in rule[1]


def test_clicks_reach_the_page_beside_the_control():
    text = css(Style.INLINE, Showing.DECIDED)

    assert re.search(r"\n\.cg \{[^}]*pointer-events: none", text)
    assert re.search(r"\.cg \.cg-set \{[^}]*pointer-events: none", text)
    assert re.search(r"\.cg \.cg-set > summary \{[^}]*pointer-events: auto", text)


@pytest.mark.parametrize("corner", ["left", "right"])
def test_the_control_stands_in_the_corner_of_the_site(corner: str):
    text = stylesheet(site(looks=Looks(corner=corner)), Showing.DECIDED).decode()
    rule = re.search(r"\.cg \.cg-set \{([^}]*)\}", text)

    assert rule
    assert f"{corner}: 0" in rule[1]
    assert {"left": "align-items: flex-start", "right": "align-items: flex-end"}[corner] in rule[1]


def test_states_differ_so_that_their_fingerprints_do():
    for style in Style:
        assert len({css(style, showing) for showing in Showing}) == len(Showing)


def test_contrast_is_that_of_the_guidelines():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)
    assert contrast("#0b5c6b", "#0b5c6b") == 1


@given(colours)
def test_text_on_any_accent_can_be_read(colour: str):
    assert contrast(text_on(colour), colour) >= 4.5


@given(colours, colours)
def test_marks_of_any_accent_can_be_seen_on_our_surfaces(accent: str, dark: str):
    light_mark, dark_mark = re.findall(r"--mark:(#[0-9a-f]{6})", theme(Looks(accent, dark)).decode())

    assert contrast(light_mark, LIGHT) >= 3
    assert contrast(dark_mark, DARK) >= 3


def test_a_theme_holds_the_accent_and_the_text_on_it_for_light_and_dark():
    assert theme(Looks("#ffdd00", "#101010")).decode() == (
        ":root{--accent:#ffdd00;--on-accent:#000000;--mark:#000000;}\n"
        "@media (prefers-color-scheme:dark){:root{--accent:#101010;--on-accent:#ffffff;--mark:#ffffff;}}\n"
    )


def test_the_roles_of_our_own_pages_can_be_read_in_light_and_dark():
    text = (STATIC / "gateway.css").read_text(encoding="utf-8")
    light, dark = (
        dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6})", block)) for block in re.findall(r":root \{([^}]*)\}", text)[:2]
    )
    dark = {**light, **dark}

    for roles in (light, dark):
        for ground in ("ground", "surface", "sunken"):
            for ink in ("text", "muted", "good"):
                assert contrast(roles[ink], roles[ground]) >= 4.5
            for line in ("control", "focus", "mark"):
                assert contrast(roles[line], roles[ground]) >= 3
        assert contrast(roles["on-accent"], roles["accent"]) >= 4.5
    assert (light["surface"], dark["surface"]) == (LIGHT, DARK)


def test_the_default_accent_is_the_same_on_every_surface():
    text = (STATIC / "gateway.css").read_text(encoding="utf-8")

    assert f"--accent: {Looks().accent};" in text
    assert f"--accent: {Looks().accent_dark};" in text
