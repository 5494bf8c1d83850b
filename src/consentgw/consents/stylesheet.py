"""The stylesheets a site changes: the one that shows our question on the partner's page, and the theme.

The partner's page is somebody else's house. Every rule is scoped under ``section.cg``, starts from what the
browser itself would do (``all: revert``), and is important inside a cascade layer, which is stronger than
any ordinary or important rule outside one: the partner's own styles cannot bend the question.
"""

from __future__ import annotations

from enum import StrEnum
from string import Template
from typing import TYPE_CHECKING

from consentgw.sites.model import Style

if TYPE_CHECKING:
    from consentgw.sites.model import Looks, Site

LIGHT, DARK = "#ffffff", "#181d20"
"""The surfaces of ``gateway.css`` that an accent stands on."""


class Showing(StrEnum):
    """What the partner's page shows of us."""

    ASKS = "asks"
    """The question."""
    FRAMED = "framed"
    """The question as our own document, where a form in the partner's page is outdated or cannot say what changed."""
    DECIDED = "decided"
    """Only the settings control: an answer holds."""
    SIGNAL = "signal"
    """Only the settings control: a signal of the browser holds."""


def stylesheet(site: Site, showing: Showing) -> bytes:
    """Return the stylesheet for the partner's page, in one of its states."""
    rules, room = [_BASE, _CONTROL], "320px"
    if showing is Showing.ASKS and site.style is Style.INLINE:
        rules.append(_ASKS_INLINE)
    elif showing in {Showing.ASKS, Showing.FRAMED}:
        rules += [_ASKS_FRAME, _FIXED if site.style is Style.INLINE else _STICKY]
        room = "400px" if showing is Showing.FRAMED else room  # it has more to say
    css = Template("".join(rules)).substitute(
        room=room,
        corner=site.looks.corner,
        side="flex-start" if site.looks.corner == "left" else "flex-end",
        light=_roles(site.looks.accent, LIGHT),
        dark=_roles(site.looks.accent_dark, DARK),
    )
    # Written once for all, and in front of every end of a declaration: see the head of this module.
    important = css.replace(";", " !important;")
    return f"/* consentgw: {site.slug}, {showing} */\n@layer consentgw {{{important}}}\n".encode()


def theme(looks: Looks) -> bytes:
    """Return the stylesheet that puts a site's accent on our own pages."""
    light, dark = _roles(looks.accent, LIGHT), _roles(looks.accent_dark, DARK)
    return f":root{{{light}}}\n@media (prefers-color-scheme:dark){{:root{{{dark}}}}}\n".encode()


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two colours, 1 to 21 (WCAG 2.2, "contrast ratio")."""
    dark, light = sorted((_luminance(one), _luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def text_on(colour: str) -> str:
    """Return black or white, whichever reads better on a colour; never below 4.5."""
    return max("#000000", "#ffffff", key=lambda text: contrast(text, colour))


def _roles(accent: str, surface: str) -> str:
    # An accent too pale to be seen as a mark on the surface gives way to the text there (WCAG 2.2, 1.4.11).
    mark = accent if contrast(accent, surface) >= 3 else text_on(surface)
    return f"--accent:{accent};--on-accent:{text_on(accent)};--mark:{mark};"


def _luminance(colour: str) -> float:
    """Return the relative luminance of ``#rrggbb`` (WCAG 2.2)."""
    red, green, blue = (_linear(int(colour[place : place + 2], 16) / 255) for place in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(channel: float) -> float:
    return channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4


_BASE = """
.cg, .cg * { all: revert; box-sizing: border-box; }
.cg *::before, .cg *::after { content: none; }
.cg {
  color-scheme: light dark; $light
  --surface: #ffffff; --text: #171c1f; --muted: #4f5a61;
  --line: #d3dadd; --control: #6d7a82; --focus: #171c1f;
  display: block; pointer-events: none; z-index: 2147483000; margin: 0; padding: 0; border: 0;
  max-width: none; background: none; color: var(--text); text-align: start; direction: ltr;
  font: 400 max(15px, .9375rem)/1.4 system-ui, "Segoe UI", Roboto, "Noto Sans", sans-serif;
  letter-spacing: normal; word-spacing: normal; text-transform: none; text-indent: 0; white-space: normal;
  overflow-wrap: anywhere;
}
@media (prefers-color-scheme: dark) {
  .cg { $dark
    --surface: #181d20; --text: #eaeef0; --muted: #abb6bc;
    --line: #343d42; --control: #84929a; --focus: #ffffff; }
}
.cg > * { pointer-events: auto; }
.cg :focus-visible { outline: 3px solid var(--focus); outline-offset: 3px; border-radius: 4px; }
"""

_CONTROL = """
.cg { position: fixed; inset: auto 0 0; }
.cg .cg-ask { display: none; }
.cg .cg-set { position: fixed; inset: auto auto 0 auto; $corner: 0; display: flex; flex-direction: column-reverse;
  align-items: $side; max-width: 100%; max-height: 100%; padding: 12px; pointer-events: none; }
.cg .cg-set > summary { display: flex; align-items: center; flex: none; width: max-content; max-width: 100%;
  min-height: 44px; margin: 0; padding: 8px 18px; list-style: none; pointer-events: auto; cursor: pointer;
  border: 1px solid var(--control); border-radius: 22px; background: var(--surface); color: var(--text);
  font-weight: 600; box-shadow: 0 2px 10px rgb(0 0 0 / .18); user-select: none; -webkit-user-select: none; }
.cg .cg-set > summary::-webkit-details-marker { display: none; }
.cg .cg-set > summary:hover { border-color: var(--text); }
.cg .cg-frame { display: block; width: 416px; max-width: calc(100vw - 24px); height: 460px;
  max-height: calc(100vh - 96px); margin: 0 0 10px; pointer-events: auto; border: 1px solid var(--line);
  border-radius: 14px; background: var(--surface); box-shadow: 0 8px 30px rgb(0 0 0 / .28); }
@media print { .cg { display: none; } }
@media (forced-colors: active) { .cg .cg-set > summary, .cg .cg-frame { border-color: ButtonBorder; } }
"""

# The bar covers nothing for good: the page can be scrolled past it, and the keyboard never lands behind it. It
# is a margin after the end, so nothing on the page moves when it comes or goes.
_ASKS_INLINE = """
:root:has(.cg-ask) { margin-bottom: 320px; scroll-padding-bottom: 320px; }
@media (max-width: 544px) { :root:has(.cg-ask) { margin-bottom: 66vh; scroll-padding-bottom: 66vh; } }
.cg:not(:has(.cg-sent:user-valid)) .cg-set { display: none; }
.cg .cg-sent { display: none; }
.cg .cg-ask { display: flex; flex-direction: column; max-height: max(66vh, min(100vh, 320px)); margin: 0;
  background: var(--surface); color: var(--text); border: 0; border-top: 1px solid var(--line);
  box-shadow: 0 -6px 30px rgb(0 0 0 / .16); }
.cg .cg-words { flex: 1 1 auto; min-height: 0; overflow: auto; overscroll-behavior: contain;
  padding: 14px max(16px, (100% - 960px) / 2) 4px; }
.cg h2 { margin: 0 0 6px; font-size: 1.2em; font-weight: 700; line-height: 1.2; color: var(--text); }
.cg p { margin: 0 0 8px; }
.cg .cg-purposes { display: grid; gap: 6px; margin: 0 0 8px; padding: 0; list-style: none; }
.cg .cg-purposes li { margin: 0; padding: 0; list-style: none; }
.cg .cg-purposes strong { font-weight: 700; }
.cg .cg-purposes label { display: block; position: relative; min-height: 26px; padding-left: 32px;
  cursor: pointer; }
.cg .cg-purposes input { position: absolute; top: 0; left: 0; width: 22px; height: 22px; margin: 0;
  accent-color: var(--mark); }
.cg .cg-more { display: flex; flex-wrap: wrap; gap: 2px 16px; }
.cg a { min-height: 24px; color: var(--text); text-decoration: underline; text-decoration-color: var(--mark);
  text-underline-offset: .2em; }
.cg .cg-aside { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%);
  white-space: nowrap; }
.cg .cg-actions { display: grid; flex: none; grid-template-columns: repeat(3, minmax(0, 1fr)); gap: 8px;
  padding: 10px max(16px, (100% - 960px) / 2) 12px; border-top: 1px solid var(--line); }
.cg .cg-button { appearance: none; display: flex; align-items: center; justify-content: center; min-width: 0;
  min-height: 44px; margin: 0; padding: 6px 8px; border: 2px solid var(--accent); border-radius: 10px;
  background: var(--accent); color: var(--on-accent); font: inherit; font-weight: 600; line-height: 1.2;
  text-align: center; cursor: pointer; }
.cg .cg-button:hover { box-shadow: inset 0 0 0 2px var(--on-accent); }
.cg .cg-quiet { border-color: var(--control); background: transparent; color: var(--text); }
.cg .cg-quiet:hover { box-shadow: inset 0 0 0 1px var(--control); }
@media (max-width: 544px) {
  .cg .cg-actions { grid-template-columns: repeat(auto-fit, minmax(min(100%, max(7em, 50% - 8px)), 1fr)); }
  .cg .cg-quiet { grid-column: 1 / -1; }
}
@media (forced-colors: active) { .cg .cg-button { border-color: ButtonBorder; } }
.cg:has(.cg-sent:user-valid) .cg-ask { opacity: 0; visibility: hidden; transition: visibility 0s .5s; }
@media (prefers-reduced-motion: no-preference) {
  .cg:has(.cg-sent:user-valid) .cg-ask { transition: visibility 0s .5s, opacity .15s; }
}
"""

_ASKS_FRAME = """
@supports selector(::details-content) {
  .cg .cg-set { position: static; display: block; padding: 0; pointer-events: auto; }
  .cg .cg-set > summary { display: none; }
  .cg .cg-set::details-content { display: block; content-visibility: visible; block-size: auto; opacity: 1; }
  .cg .cg-frame { width: 100%; max-width: none; height: $room; max-height: 70vh; margin: 0; border: 0;
    border-top: 1px solid var(--line); border-radius: 0; box-shadow: 0 -6px 30px rgb(0 0 0 / .16); }
}
"""

# The section stands at the end of the page, and takes its own room there.
_STICKY = """
@supports selector(::details-content) { .cg { position: sticky; inset: auto 0 0; } }
"""

# The section stands at the top of the page, so the room is made as for the form in the page.
_FIXED = """
@supports selector(::details-content) {
  :root:has(.cg-ask) { margin-bottom: min($room, 70vh); scroll-padding-bottom: min($room, 70vh); }
}
"""
