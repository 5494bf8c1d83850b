"""The ways to embed, each as a visitor meets it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from consentgw.consents.kits import CaddyKit, NginxKit, mounted_kit
from tests.browsers.browser import Browser
from tests.embedding import kits
from tests.embedding.kits import Kit
from tests.https import Authority
from tests.journeys.visiting import Partner, Visitor
from tests.matrix.town import AT_SUBDOMAIN, MOUNTED, NEWS, REDIRECTED, SHOP, Town

SNIPPETS = ("inline", "frame")
"""The ways whose cookie is a third party's."""
WAYS = (*SNIPPETS, "subdomain", "nginx", "caddy", "redirect")

_SHOPS_VENDORS = frozenset({"Google Analytics", "Meta Pixel", "Google Ads"})
_NEWS = Partner(NEWS, "Matomo", frozenset({"Matomo", "Meta Pixel"}), inline=False)


def _shop(origin: str, path: str = "/en/") -> Partner:
    return Partner(origin, "Google Analytics", _SHOPS_VENDORS, inline=True, path=path)


PARTNERS: dict[str, tuple[Partner, Partner]] = {
    "inline": (_shop(SHOP), _NEWS),
    "frame": (_NEWS, _shop(SHOP)),
    "subdomain": (_shop(AT_SUBDOMAIN), _NEWS),
    "nginx": (_shop(MOUNTED["nginx"], "/"), _NEWS),
    "caddy": (_shop(MOUNTED["caddy"], "/"), _NEWS),
    "redirect": (_shop(REDIRECTED), _NEWS),
}
"""By way: the partner that embeds so, and another partner of the same gateway."""


@dataclass(frozen=True, slots=True)
class Sent(Visitor):
    """A person whom a partner's server sends to the question and back."""

    @property
    def asked(self) -> bool:
        """Return whether the partner has yet to ask: its page does not by itself."""
        return self.browser.text("#granted") == "nobody asked"

    def answer(self, method: str, *purposes: str) -> None:
        """Go to the question, answer, and come back."""
        self.browser.click("#ask")
        self.browser.see(f"main button[value={method}]")
        self._answer("main", method, purposes)
        self.browser.see("#granted")

    change = answer


def visitor(way: str, browser: Browser, town: Town) -> tuple[Visitor, Visitor]:
    """Return a person at the partner that embeds in this way, and the same at another partner."""
    here, elsewhere = PARTNERS[way]
    return (Sent if way == "redirect" else Visitor)(browser, here, town), Visitor(browser, elsewhere, town)


# The kits, on hosts of the town and in front of its gateway.

KITS: dict[str, tuple[type[NginxKit | CaddyKit], str]] = {
    "nginx": (NginxKit, "consent.conf"),
    "caddy": (CaddyKit, "consent.caddy"),
}
INCLUDED = {
    "nginx": '<!--# include virtual="/_consent/lines/head?lang=en" -->',
    "caddy": '{{httpInclude "/_consent/lines/head?lang=en"}}',
}
COUNTED = 'src="/tags/ga/analytics.js"'
"""What the server puts into the page of a visitor who allows analytics."""


@contextmanager
def mounted(name: str, town: Town, folder: Path) -> Iterator[None]:
    """Start a web server with the files and the command of its document, under HTTPS."""
    kind, file = KITS[name]
    site = replace(town.shop, first_party=frozenset({f"{MOUNTED[name]}/consent-gateway"}))
    (folder / file).write_text(mounted_kit(kind, site, f"127.0.0.1:{town.port}"), "utf-8")

    def edit(text: str, kit: Kit) -> str:
        return _edited(text, kit, town.authority)

    with kits.started(name, folder, serve=False, edit=edit) as kit:
        town.proxy.names[MOUNTED[name].removeprefix("https://")] = kit.port
        yield


def _edited(text: str, kit: Kit, authority: Authority) -> str:
    """Do what the documents leave to the reader: a real name, TLS, the lines of the head, the tag's name."""
    tls = f"ssl_certificate {authority.chain}; ssl_certificate_key {authority.key};"
    for printed, meant in (
        ("listen 127.0.0.1:8081;", f"listen 127.0.0.1:8081 ssl; {tls}"),
        ("admin off", "admin off\n\tauto_https disable_redirects\n\tdefault_bind 127.0.0.1"),
        ("http://shop.localhost:8081 {", f"{MOUNTED['caddy']}:8081 {{\n\ttls {authority.chain} {authority.key}"),
        ("consent_tag ga", "consent_tag google-analytics"),
        ("?lang=kk", "?lang=en"),
        ("<title>", f"{INCLUDED[kit.name]}\n<title>"),
        # The address that the server leads to a vendor after it has asked; a picture loads without scripts, too.
        ("</h1>", '</h1><img src="/tags/ga.js" alt="">'),
    ):
        text = text.replace(printed, meant)
    # The gateway of the town serves already, and its shop is what the document's site would be.
    return re.sub(r"^consentgw .*\n", "", text, flags=re.MULTILINE)
