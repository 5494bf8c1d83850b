"""Places in a draft: filled from configuration, or refused with their line."""

from __future__ import annotations

from dataclasses import replace

import pytest

from consentgw.errors import Malformed
from consentgw.http.languages import NAMES
from consentgw.law.profiles import profile
from consentgw.policies.model import Facts
from consentgw.policies.placeholders import ADDRESSES, BLOCKS, WORDS, Sources
from consentgw.policies.placeholders import fill as fill_from
from consentgw.policies.rendering import render
from consentgw.sites.model import Site
from tests.policies.shop import FACTS, SHOP, TODAY, clause, part


def fill(text: str, site: Site, facts: Facts, language: str) -> str:
    """Fill a draft under the law of the site's profile."""
    return fill_from(text, Sources(site, facts, profile(site.profile).on(TODAY), TODAY), language)


def shown(operator_name: str) -> str:
    """Return how an operator's name is shown at the beginning and within a line of a policy."""
    site = replace(SHOP, operator=replace(SHOP.operator, name=operator_name))
    source = fill(part("1.1. Us: [[operator.name]]!", "[[operator.name]]"), site, FACTS, "en")
    return render(source).text.html


@pytest.mark.parametrize("language", NAMES)
def test_every_known_place_is_filled(language):
    places = "\n\n".join(f"[[{name}]]" for name in (*WORDS, *ADDRESSES, *BLOCKS))

    filled = fill(part(places), SHOP, FACTS, language)

    assert "[[" not in filled
    assert SHOP.operator.registration in filled
    assert f"/consent/shop?lang={language}" in filled


@pytest.mark.parametrize("place", ["[[operator.fax]]", "[[]]", "[[ site.name ]]", "[[Site.Name]]", "[[cookies.all]]"])
def test_an_unknown_place_is_refused_with_its_language_and_line(place):
    with pytest.raises(Malformed, match=r"^kk, line 5: \[\[.*\]\] is not a place we know"):
        fill(part(f"1.1. Write to {place}."), SHOP, FACTS, "kk")


@pytest.mark.parametrize(
    "gap",
    ["[Сайт атауы]", "[[operator.name", "operator.name]]", "[[[site.name]]]", "[label]", "[", "]", "[a\n]", "\\\\[a]"],
)
def test_a_gap_left_by_the_author_is_refused_with_its_line(gap):
    with pytest.raises(Malformed, match=r"^ru, line 5: "):
        fill(part(f"1.1. Мы – {gap}."), SHOP, FACTS, "ru")


@pytest.mark.parametrize("field", ["name", "registration", "address", "email"])
def test_a_place_with_nothing_to_fill_it_is_refused_with_its_line(field):
    site = replace(SHOP, operator=replace(SHOP.operator, **{field: "  "}))

    with pytest.raises(Malformed, match=rf"^en, line 7: there is nothing to fill \[\[operator.{field}\]\] with"):
        fill(part("1.1. First.", f"1.2. [[operator.{field}]]"), site, FACTS, "en")


@pytest.mark.parametrize("line", ["Cookies: [[cookies]]", "- [[cookies]]", "[[tags]] [[cookies]]"])
def test_a_table_stands_alone_on_its_line(line):
    with pytest.raises(Malformed, match="stands alone on its line"):
        fill(part(line), SHOP, FACTS, "en")


def test_a_purpose_without_words_in_a_language_is_refused():
    necessary, analytics, marketing = FACTS.purposes
    silent = replace(analytics, sentences={"en": "To count visits."})

    with pytest.raises(Malformed, match=r"^kk: there are no words for the purpose analytics"):
        fill(part(), SHOP, replace(FACTS, purposes=(necessary, silent, marketing)), "kk")


def test_a_nul_character_is_refused():
    with pytest.raises(Malformed, match=r"^en, line 5: .*NUL"):
        fill(part("1.1. a\0b"), SHOP, FACTS, "en")


def test_a_link_and_an_escaped_bracket_are_no_gaps():
    source = fill(part(r"1.1. [Settings]([[site.settings]]) and \[sic\]."), SHOP, FACTS, "en")

    assert '<a href="/consent/shop?lang=en">Settings</a> and [sic].' in render(source).text.html


@pytest.mark.parametrize(
    ("name", "html"),
    [
        ("A *B* _C_ `D`", "A *B* _C_ `D`"),
        ("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"),
        ("[click](https://evil.example)", "[click](https://evil.example)"),
        ("https://evil.example <b@c.example>", "https://evil.example &lt;b@c.example&gt;"),
        ("1. Firm", "1. Firm"),
        ("- Firm", "- Firm"),
        ("## Firm", "## Firm"),
        ("a\n\n# b | c ~~d~~ &amp;", "a # b | c ~~d~~ &amp;amp;"),
        ("[[operator.email]]", "[[operator.email]]"),
        ("back\\slash", "back\\slash"),
    ],
)
def test_a_configured_word_is_shown_as_it_is_and_never_becomes_markup(name, html):
    assert f"Us: {html}!</p>" in shown(name)
    assert f"<p>{html}</p>" in shown(name)


def test_a_configured_word_cannot_break_a_table():
    odd = replace(FACTS.tags[0], vendor="Pipe | Dreams *Inc*")

    html = render(fill(part("[[tags]]"), SHOP, replace(FACTS, tags=(odd,)), "en")).text.html

    assert "<td>Pipe | Dreams *Inc*</td>" in html
    assert html.count("<td>") == 3


def test_the_table_of_cookies_lists_ours_first_and_then_each_tag_s():
    html = render(fill(part("1.1. Cookies:", "[[cookies]]", "1.2. End."), SHOP, FACTS, "en")).text.html
    said = clause(html, "1.1")

    assert '<th scope="col">Name</th>' in html
    assert html.count("<tr>") == 5
    names = ["__Host-cg-shop", "_ga ", "_fbp", "IDE"]
    assert [said.find(name) for name in names] == sorted(said.find(name) for name in names)
    assert all(name in said for name in names)
    assert "182 days" in said
    assert "Google Analytics: Analytics (belongs to this site)" in said
    assert "Google Ads: Marketing (belongs to another site)" in said


def test_the_table_of_services_says_for_what_and_where():
    both = replace(FACTS.tags[0], purposes=("marketing", "analytics"))

    html = render(fill(part("[[tags]]"), SHOP, replace(FACTS, tags=(both,)), "ru")).text.html

    assert "<td>Google Analytics</td>\n<td>Аналитические, Маркетинговые</td>\n<td>" in html
