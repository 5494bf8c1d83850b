"""The public keys, for whoever verifies a receipt."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from consentgw.http import surfaces
from consentgw.http.lane import Route
from consentgw.keys import store

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from consentgw.db import Database


@dataclass(frozen=True, slots=True)
class KeyPages:
    """``/.well-known/jwks.json``: a JWK Set (RFC 7517) of current and retired keys."""

    db: Database

    def routes(self) -> tuple[Route, ...]:
        """Return the address."""
        return (Route("/.well-known/jwks.json", self.jwks, surfaces.PUBLIC),)

    async def jwks(self, _: Request) -> Response:
        """Return every public key."""
        keys = await self.db.read(store.published)
        return surfaces.PUBLIC.answer(json.dumps({"keys": keys}, indent=2).encode())
