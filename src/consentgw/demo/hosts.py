"""The demo's hosts: seven names for one server, told apart as web servers do it, by the Host header."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from starlette.datastructures import Headers

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send


@dataclass(frozen=True, slots=True)
class Addresses:
    """The origins of the demo on a port.

    Browsers know every name below ``localhost`` as this machine, so nothing has to be set up; and each is a
    site of its own to them, as the real ones would be.
    """

    port: int

    @property
    def gateway(self) -> str:
        """Return the origin of the gateway."""
        return self._origin("gateway")

    @property
    def shop(self) -> str:
        """Return the origin of the first partner."""
        return self._origin("shop")

    @property
    def news(self) -> str:
        """Return the origin of the second partner."""
        return self._origin("news")

    @property
    def club(self) -> str:
        """Return the origin of the third partner, which has a server of its own."""
        return self._origin("club")

    @property
    def cafe(self) -> str:
        """Return the origin of the third partner's other site."""
        return self._origin("cafe")

    @property
    def vendor(self) -> str:
        """Return the origin of the vendors' stand-in."""
        return self._origin("vendor")

    def _origin(self, name: str) -> str:
        return f"http://{name}.localhost" if self.port == 80 else f"http://{name}.localhost:{self.port}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hosts:
    """The application that asks the right one of the others. It starts and stops with the gateway."""

    gateway: ASGIApp
    shop: ASGIApp
    news: ASGIApp
    club: ASGIApp
    cafe: ASGIApp
    vendor: ASGIApp
    signpost: ASGIApp
    """Answers under every other name, such as 127.0.0.1."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand one request to the application of its host."""
        await self._application(scope)(scope, receive, send)

    def _application(self, scope: Scope) -> ASGIApp:
        if scope["type"] != "http":
            return self.gateway
        match Headers(scope=scope).get("host", "").partition(":")[0].lower():
            case "gateway.localhost":
                return self.gateway
            case "shop.localhost":
                return self.shop
            case "news.localhost":
                return self.news
            case "club.localhost":
                return self.club
            case "cafe.localhost":
                return self.cafe
            case "vendor.localhost":
                return self.vendor
            case _:
                return self.signpost
