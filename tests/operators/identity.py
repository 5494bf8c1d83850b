"""An identity provider of its own process thread: OpenID Connect as far as signing in needs it."""

from __future__ import annotations

import hashlib
import json
import secrets
import time
from base64 import b64decode, urlsafe_b64encode
from contextlib import contextmanager
from urllib.parse import parse_qs, urlencode

from joserfc import jwt
from joserfc.jwk import RSAKey
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from consentgw.http.server import running

CLIENT, SECRET = "consentgw", "between us"


class Identity:
    """The provider: says who somebody is, honestly unless a test makes it lie."""

    def __init__(self) -> None:
        self.issuer = ""
        self.person = "248289761001"
        self.asked: dict[str, str] = {}
        """What it was asked last."""
        self.key = self.signs = RSAKey.generate_key(2048, parameters={"kid": "one"})
        self.header = {"alg": "RS256", "kid": "one"}
        self.claims: dict[str, object] = {}
        """What an ID token says instead of the truth."""
        self._waiting: dict[str, dict[str, str]] = {}

    async def __call__(self, scope, receive, send) -> None:
        if scope["type"] == "lifespan":
            while (await receive())["type"] != "lifespan.shutdown":
                await send({"type": "lifespan.startup.complete"})
            await send({"type": "lifespan.shutdown.complete"})
            return
        request = Request(scope, receive)
        answer = await {
            "/.well-known/openid-configuration": self._describe,
            "/keys": self._keys,
            "/authorize": self._authorize,
            "/token": self._token,
        }[request.url.path](request)
        await answer(scope, receive, send)

    async def _describe(self, _: Request) -> Response:
        places = {"authorization_endpoint": "/authorize", "token_endpoint": "/token", "jwks_uri": "/keys"}
        return JSONResponse({"issuer": self.issuer, **{name: f"{self.issuer}{path}" for name, path in places.items()}})

    async def _keys(self, _: Request) -> Response:
        return JSONResponse({"keys": [{**self.key.as_dict(private=False), "use": "sig"}]})

    async def _authorize(self, request: Request) -> Response:
        asked = self.asked = dict(request.query_params)
        code = secrets.token_urlsafe(16)
        self._waiting[code] = asked
        return RedirectResponse(f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state']})}", 302)

    async def _token(self, request: Request) -> Response:
        form = {name: values[0] for name, values in parse_qs((await request.body()).decode()).items()}
        asked = self._waiting.pop(form["code"], None)
        proof = urlsafe_b64encode(hashlib.sha256(form["code_verifier"].encode()).digest()).rstrip(b"=").decode()
        basic = b64decode(request.headers["authorization"].split()[1]).decode()
        honest = asked and asked["code_challenge"] == proof and asked["redirect_uri"] == form["redirect_uri"]
        if not honest or basic != f"{CLIENT}:{SECRET}":
            return JSONResponse({"error": "invalid_grant"}, 400)
        claims = {
            "iss": self.issuer,
            "aud": CLIENT,
            "sub": self.person,
            "exp": int(time.time()) + 60,
            "iat": int(time.time()),
            "auth_time": int(time.time()),
            "nonce": asked["nonce"],
            **self.claims,
        }
        return JSONResponse({"id_token": self._sign(claims), "token_type": "Bearer", "access_token": "unused"})

    def _sign(self, claims: dict[str, object]) -> str:
        if self.header["alg"] == "none":
            parts = [
                urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in (self.header, claims)
            ]
            return f"{'.'.join(parts)}."
        return jwt.encode(self.header, claims, self.signs)


@contextmanager
def provider():
    """Run one on a port of its own."""
    identity = Identity()
    with running(identity) as address:
        identity.issuer = address
        yield identity
