"""The examination of a partner's page: its origin, our lines on it, and what around them would stop them.

What is looked for was measured in Chromium and Firefox; ``docs/embed/csp.md`` tells partners the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

from consentgw.doctor.csp import faults, loads, read_policies
from consentgw.doctor.document import fetch
from consentgw.doctor.model import Finding
from consentgw.http.origins import origin_of
from consentgw.notices.addresses import read_address
from consentgw.sites.model import Style

if TYPE_CHECKING:
    from collections.abc import Iterator

    from consentgw.doctor.document import Document, Element
    from consentgw.notices.catalogue import Offer
    from consentgw.notices.model import Tag

_NEEDED = ("allow-forms", "allow-same-origin")
"""Without these a sandbox keeps an answer from being sent, or hides where it comes from."""
_HARMFUL = ("crossorigin", "integrity", "credentialless")
_HIDING = frozenset({"no-referrer", "same-origin"})
_REFERRER_POLICIES = _HIDING | {
    "no-referrer-when-downgrade", "origin", "origin-when-cross-origin", "strict-origin",
    "strict-origin-when-cross-origin", "unsafe-url",
}  # fmt: skip
_LOADING = frozenset({"stylesheet", "preload", "modulepreload", "prefetch", "preconnect", "dns-prefetch", "icon"})
"""What makes a link a request, or a connection."""
_SCRIPTS = frozenset({"", "module", "text/javascript", "application/javascript"})


def inspect(offer: Offer, gateway: str, address: str = "") -> list[Finding]:
    """Fetch a page of a site once and say what is missing or wrong on it; the front page where none is named.

    ``gateway`` is the address visitors reach us under where we do not stand on the site's own ground.

    Raises:
        Malformed: the address is none, or there is no HTML.
        TooLarge: the page is too long.
        Unavailable: nobody answers there, or not with a page of that origin.
    """
    page = fetch(address or f"{min(offer.site.origins)}/")
    lines = _Lines.on(page, offer, gateway)
    wrong = [Finding(False, sentence) for sentence in _wrong(page, lines)]
    well = Finding(True, f"{page.origin}: the page carries today's lines of {offer.site.slug}, and nothing stops them")
    return [*(wrong or [well]), *(Finding(True, sentence) for sentence in _notes(page, lines))]


@dataclass(frozen=True, slots=True)
class _Lines:
    """Our lines on a page."""

    offer: Offer
    gateway: str
    """Where they lead to."""
    stylesheets: list[Element]
    frames: list[Element]
    forms: list[Element]
    releases: list[tuple[str, Element]]
    """Each with the file it asks for, such as ``ga.js``."""

    @classmethod
    def on(cls, page: Document, offer: Offer, gateway: str) -> _Lines:
        """Find them; a site may carry them for each address that leads to us."""
        slug = offer.site.slug
        for base in sorted({gateway, *offer.site.first_party}, key=len, reverse=True):
            embed, release = f"{base}/embed/{slug}", f"{base}/release/{slug}/"
            led = [(element.address.partition("?")[0], element) for element in page.elements if element.address]
            found = cls(
                offer,
                base,
                [each for address, each in led if each.tag == "link" and address == f"{embed}/style.css"],
                [each for address, each in led if each.tag == "iframe" and address == embed],
                [each for address, each in led if each.tag == "form" and address == embed],
                [(address.removeprefix(release), each) for address, each in led if address.startswith(release)],
            )
            if found.elements:
                return found
        return cls(offer, offer.site.gateway or gateway, [], [], [], [])

    @property
    def elements(self) -> list[Element]:
        """Return all of them."""
        return [*self.stylesheets, *self.frames, *self.forms, *(element for _, element in self.releases)]

    @property
    def style(self) -> Style:
        """Return the style they are of."""
        return Style.INLINE if self.forms else Style.FRAME

    @property
    def paste(self) -> str:
        """Return what mends them."""
        return f"paste again what `consentgw site snippet {self.offer.site.slug}` prints"


def _wrong(page: Document, lines: _Lines) -> Iterator[str]:
    site = lines.offer.site
    if page.origin not in site.origins:
        yield f"{page.origin} is not among the origins of {site.slug}, so nothing works there"
    if not lines.elements:
        yield f"our lines are not on the page: {lines.paste}"
    else:
        yield from _lines(page, lines)
        yield from _surroundings(page, lines)
    yield from _past_the_gate(page, lines)


def _lines(page: Document, lines: _Lines) -> Iterator[str]:
    site = lines.offer.site
    if not lines.stylesheets:
        yield f"the stylesheet's link is not on the page, so the question is never shown: {lines.paste}"
    if not lines.frames:
        yield f"the frame is not on the page, so no answer arrives: {lines.paste}"
    elif lines.style is not site.style:
        yield f"the lines are of the style {lines.style}, and the site asks in the style {site.style}: {lines.paste}"
    elif not _digests(page, lines) <= set(lines.offer.digests):
        yield f"the question on the page is outdated, so whoever answers is asked to confirm: {lines.paste}"
    known = {f"{tag.name}.{kind.value}" for tag in lines.offer.tags.values() for kind in tag.addresses}
    if {file for file, _ in lines.releases} - known:
        yield f"the page asks for a tag that {site.slug} does not have: {lines.paste}"
    for link in lines.stylesheets[:1]:
        if link.in_head:
            yield "the stylesheet's link is in <head>, where it holds up the page: it belongs last in <body>"
        elif page.elements[-1] is not link:
            yield "the stylesheet's link is not last in <body>, so what follows may wait for it: move it there"
        if "alternate" not in _rel(link):
            yield f"the stylesheet's link is an older one, and the page waits for us: {lines.paste}"
        elif link.attributes.get("title") not in page.meant("http-equiv", "default-style"):
            yield f"the stylesheet's <meta> is not on the page, so the question is never shown: {lines.paste}"
        elif named := _named(page, link):
            yield f'a stylesheet of the page has the title "{named}", and browsers use those of one title: take it away'
    for frame in lines.frames:
        allowed = frame.attributes.get("sandbox", " ".join(_NEEDED)).lower().split()
        if missing := [word for word in _NEEDED if word not in allowed]:
            yield f"the frame's sandbox lacks {' and '.join(missing)}, so no answer is kept"
    for attribute in _HARMFUL:
        if carrying := sorted({element.tag for element in lines.elements if attribute in element.attributes}):
            named = ", ".join(f"<{tag}>" for tag in carrying)
            yield f"{attribute} on our {named} loses what a visitor answered: take it away"


def _named(page: Document, link: Element) -> str:
    """Return the title of a stylesheet of the page's own that browsers prefer; empty when it has none."""
    own = [each for each in page.all("link") if each is not link and "stylesheet" in _rel(each)]
    preferred = [each for each in [*own, *page.all("style")] if "alternate" not in _rel(each)]
    return next((title for each in preferred if (title := each.attributes.get("title", ""))), "")


def _digests(page: Document, lines: _Lines) -> set[str]:
    """Return the digests of the question that the page shows, as its form and its stylesheet's link name them."""
    if lines.style is not Style.INLINE:
        return set()
    links = [_query(link).get("notice", [""])[-1] for link in lines.stylesheets]
    inside = page.elements[page.elements.index(lines.forms[0]) :]
    fields = [each.attributes.get("value", "") for each in inside if each.attributes.get("name") == "notice"]
    return {*links, *(fields[:1] or [""])}


def _surroundings(page: Document, lines: _Lines) -> Iterator[str]:
    if page.encoding != "utf-8":
        yield (
            "the page is not in UTF-8, or does not say so, and our words are unreadable on it: send it in UTF-8, with"
            ' <meta charset="utf-8"> first in <head>'
        )
    ours = origin_of(lines.gateway)
    hidden = _HIDING if ours != page.origin else {"no-referrer"}
    policy = _referrer_policy(page)
    if lines.style is Style.INLINE and policy in hidden:
        yield f"the page's Referrer-Policy is {policy}, so each answer must be confirmed: make it strict-origin"
    if "credentialless" in _embedder_policy(page):
        yield "Cross-Origin-Embedder-Policy: credentialless sends us no cookie, so no answer is remembered"
    untold = [each for each in (*lines.frames, *lines.forms) if _query(each).get("isolated") != ["1"]]
    if "require-corp" in _embedder_policy(page) and untold:
        yield (
            "Cross-Origin-Embedder-Policy: require-corp keeps off the document that confirms a yes: end the addresses"
            " of our frame and our form with &isolated=1"
        )

    nonces = {"script-src": _nonces(lines, "script"), "style-src": _nonces(lines, "link")}
    wanted = loads(lines.offer.site, lines.offer.tags.values(), lines.gateway)
    headers = read_policies(page.said("content-security-policy"))
    metas = [policy for said in page.meant("http-equiv", "content-security-policy") for policy in read_policies([said])]
    for where, policies in (("header", headers), ("meta element", metas)):
        for each in policies:
            for fault in faults(each, wanted, page.origin, nonces):
                yield f"Content-Security-Policy ({where}): {fault}"
    for each in headers:  # browsers ignore it in a meta element
        if missing := [word for word in _NEEDED if word not in each.get("sandbox", _NEEDED)]:
            yield f"Content-Security-Policy (header): sandbox lacks {' and '.join(missing)}, so no answer is kept"


def _query(element: Element) -> dict[str, list[str]]:
    return parse_qs(urlsplit(element.address).query)


def _referrer_policy(page: Document) -> str:
    """Return the page's own policy: the last that browsers know, of a meta element before the header."""
    said = [*page.said("referrer-policy"), *page.meant("name", "referrer")]
    words = [word.strip().lower() for value in said for word in value.split(",")]
    return next((word for word in reversed(words) if word in _REFERRER_POLICIES), "")


def _embedder_policy(page: Document) -> list[str]:
    return [value.partition(";")[0].strip() for value in page.said("cross-origin-embedder-policy")]


def _nonces(lines: _Lines, tag: str) -> frozenset[str]:
    """Return the nonces on our elements of a tag, when none of these elements is without."""
    nonces = frozenset(each.attributes.get("nonce", "") for each in lines.elements if each.tag == tag)
    return frozenset() if "" in nonces else nonces


def _past_the_gate(page: Document, lines: _Lines) -> Iterator[str]:
    for tag in lines.offer.tags.values():
        loading = {f"<{element.tag}>" for element in page.elements if _loads(element, tag, page)}
        if loading:
            yield (
                f"{', '.join(sorted(loading))} leads to {tag.vendor} directly, past the gate, whatever visitors answer:"
                " take it away"
            )


def _loads(element: Element, tag: Tag, page: Document) -> bool:
    if element.tag == "form" or (element.tag == "link" and not _loading(element)):
        return False
    if element.text and element.attributes.get("type", "").lower() not in _SCRIPTS:
        return False
    for template in tag.addresses.values():
        address = read_address(template)
        if address.origin == page.origin:  # a vendor that lives with the partner: only its own file is meant
            wanted = address.parts[0].partition("?")[0]
            if element.address.partition("?")[0] == wanted:
                return True
        elif (element.address and origin_of(element.address) == address.origin) or (
            f"//{address.origin.partition('://')[2]}/" in element.text
        ):
            return True
    return False


def _loading(link: Element) -> bool:
    return not _LOADING.isdisjoint(_rel(link))


def _rel(link: Element) -> list[str]:
    return link.attributes.get("rel", "").lower().split()


def _notes(page: Document, lines: _Lines) -> Iterator[str]:
    known = [f"{tag.name}.{kind.value}" for tag in lines.offer.tags.values() for kind in tag.addresses]
    asked = {file for file, _ in lines.releases}
    if lines.elements and (left_out := [name for name in known if name not in asked]):
        yield f"the page does not ask for {', '.join(left_out)}, so these tags never load there"
    if "require-corp" in _embedder_policy(page):
        yield (
            "Cross-Origin-Embedder-Policy: require-corp keeps off every vendor whose answers do not carry"
            " Cross-Origin-Resource-Policy; ours do"
        )
