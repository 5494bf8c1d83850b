"""What partners with a server of their own put into it: a link to the redirect flow, or the gateway under a path."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from consentgw.errors import NotFound
from consentgw.http.pages import View, render
from consentgw.sites.addresses import split_base

if TYPE_CHECKING:
    from consentgw.sites.model import Site

PRIVATE = ("/v1", "/desk", "/docs", "/problems", "/openapi.json", "/metrics", "/health")
"""What a partner's own host does not hand on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RedirectKit(View):
    """The link to the question, and how the answer is fetched."""

    template: ClassVar[str] = "snippet/redirect.html"
    site: Site
    gateway: str
    name: str
    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Mounted(View):
    site: Site
    upstream: str
    """Host and port the gateway listens on."""
    host: str
    mount: str
    private: tuple[str, ...] = PRIVATE

    @property
    def cookie(self) -> str:
        """Return the name of the cookie that is handed on."""
        return f"__Host-cgf-{self.site.slug}"


@dataclass(frozen=True, slots=True, kw_only=True)
class NginxKit(_Mounted):
    """What goes into a server block of nginx."""

    template: ClassVar[str] = "snippet/nginx.conf"


@dataclass(frozen=True, slots=True, kw_only=True)
class CaddyKit(_Mounted):
    """What goes on top of a Caddyfile."""

    template: ClassVar[str] = "snippet/caddy.conf"


def redirect_kit(site: Site, language: str, gateway: str) -> str:
    """Return the lines for a partner who sends visitors to the question.

    Raises:
        NotFound: the site has no return address.
    """
    if not site.returns:
        raise NotFound(f"{site.slug} has no return address: write [returns] into its site.toml")
    name, address = next(iter(site.returns.items()))
    return render(RedirectKit(language=language, site=site, gateway=gateway, name=name, address=address))


def mounted_kit(kind: type[NginxKit | CaddyKit], site: Site, upstream: str) -> str:
    """Return the configuration of a web server that has the gateway under a path of its own host.

    Raises:
        NotFound: the site has no such path.
    """
    for base in sorted(site.first_party):
        origin, mount = split_base(base)
        if mount:
            host = origin.partition("://")[2]
            return render(kind(language=site.language, site=site, upstream=upstream, host=host, mount=mount))
    raise NotFound(
        f'{site.slug} has no path for the gateway: write first_party = ["https://…/consent-gateway"] into its site.toml'
    )
