"""Signing in at the house's own identity provider: OpenID Connect Core 1.0, authorization code with PKCE.

What must come back unchanged travels in one sealed cookie, so nothing is stored while somebody is away.
"""

from __future__ import annotations

import json
import secrets
import time
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from hmac import compare_digest
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from consentgw.errors import Unauthenticated, Unavailable
from consentgw.http.seals import Seal, from_base64, to_base64
from consentgw.operators.model import PROVEN
from consentgw.operators.store import Elsewhere

if TYPE_CHECKING:
    from collections.abc import Mapping

    import httpx

AWAY_SECONDS = 600
"""How long somebody may be away signing in."""
ALGORITHMS = ("RS256", "ES256", "Ed25519", "PS256")
"""Signatures that are taken on an ID token; never ``none``, and nothing with a shared secret."""
BACK = "/desk/sign-in/back"
"""Where the provider sends people back to; registered there."""
_ADDRESSES = ("authorization_endpoint", "token_endpoint", "jwks_uri")
_PATIENCE_SECONDS = 10
_SKEW = 60
_KEPT_SECONDS = 3600


@dataclass(frozen=True, slots=True)
class Client:
    """What we are to the provider."""

    issuer: str
    identifier: str
    secret: str


@dataclass(frozen=True, slots=True)
class Errand:
    """Somebody on the way to the provider and back."""

    state: str
    nonce: str
    verifier: str
    until: int
    invitation: str
    """What they take up when they are back; empty for signing in."""


@dataclass(frozen=True, slots=True)
class Arrived:
    """Somebody who came back."""

    who: Elsewhere
    invitation: str
    proven_at: datetime | None
    """When the provider last made sure of who they are, as far as it says; a session there may be days old."""


class Provider:
    """The identity provider of the house."""

    def __init__(self, client: Client, origin: str, keys: tuple[bytes, ...]) -> None:
        self._client = client
        self._back = f"{origin}{BACK}"
        self._seal = Seal(keys)
        self._known: dict[str, Any] = {}
        self._known_until = 0.0
        self._keys: KeySet | None = None

    async def send(self, invitation: str = "") -> tuple[str, str]:
        """Return where to send somebody, and what their browser keeps meanwhile.

        Raises:
            Unavailable: the provider does not answer, or not as one.
        """
        verifier = secrets.token_urlsafe(48)
        state, nonce = secrets.token_urlsafe(24), secrets.token_urlsafe(24)
        errand = Errand(state, nonce, verifier, _now() + AWAY_SECONDS, invitation)
        challenge = urlsafe_b64encode(sha256(verifier.encode()).digest()).rstrip(b"=").decode()  # RFC 7636 section 4.2
        asked = {
            "response_type": "code",
            "client_id": self._client.identifier,
            "redirect_uri": self._back,
            "scope": "openid",
            "state": errand.state,
            "nonce": errand.nonce,
            "max_age": int(PROVEN.total_seconds()),
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        address: str = (await self._metadata())["authorization_endpoint"]
        return f"{address}{'&' if '?' in address else '?'}{urlencode(asked)}", self._close(errand)

    async def receive(self, kept: str, state: str, code: str) -> Arrived:
        """Return who came back, and the invitation they went away with.

        Raises:
            Unauthenticated: they did not leave from this browser, were away too long, or the provider does not
                vouch for them to us.
            Unavailable: the provider does not answer.
        """
        errand = self._open(kept)
        if errand is None or not compare_digest(errand.state.encode(), state.encode()) or errand.until < _now():
            raise Unauthenticated("this sign-in did not begin here, or took too long")
        said = await self._exchange(code, errand.verifier)
        claims = await self._read(str(said.get("id_token", "")))
        if not compare_digest(str(claims.get("nonce", "")).encode(), errand.nonce.encode()):
            raise Unauthenticated("the provider speaks of another sign-in")
        who = Elsewhere(self._client.issuer, str(claims["sub"]))
        return Arrived(who, errand.invitation, _proven_at(claims.get("auth_time")))

    async def _exchange(self, code: str, verifier: str) -> Mapping[str, Any]:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._back,
            "client_id": self._client.identifier,
            "code_verifier": verifier,
        }
        # client_secret_basic, which every provider takes (OpenID Connect Core 1.0 section 9).
        auth = (self._client.identifier, self._client.secret)
        address = (await self._metadata())["token_endpoint"]
        answer = await _ask("POST", address, data=form, auth=auth)
        if not answer.is_success:
            raise Unauthenticated("the provider does not vouch for this sign-in")
        return _object(answer)

    async def _read(self, token: str) -> Mapping[str, Any]:
        """Return the claims of an ID token (OpenID Connect Core 1.0 section 3.1.3.7)."""
        requests = jwt.JWTClaimsRegistry(
            now=_now,
            leeway=_SKEW,
            iss={"essential": True, "value": self._client.issuer},
            aud={"essential": True, "value": self._client.identifier},
            exp={"essential": True},
            sub={"essential": True},
        )
        for fresh in (False, True):  # a key we do not know may have been made since we looked
            try:
                keys = await self._signing_keys(fresh=fresh)
                read = jwt.decode(token, keys, algorithms=list(ALGORITHMS))
                requests.validate(read.claims)
            except (JoseError, ValueError, KeyError, TypeError):
                continue
            if read.claims["aud"] not in (self._client.identifier, [self._client.identifier]):
                break  # a word to several is not for us to judge
            return read.claims
        raise Unauthenticated("the provider's word is not signed for us")

    async def _signing_keys(self, *, fresh: bool) -> KeySet:
        if self._keys is None or fresh:
            self._keys = KeySet.import_key_set(_object(await _ask("GET", (await self._metadata())["jwks_uri"])))  # pyright: ignore[reportArgumentType]
        return self._keys

    async def _metadata(self) -> dict[str, Any]:
        """Return what the provider says of itself (OpenID Connect Discovery 1.0), asked for once an hour."""
        if time.monotonic() >= self._known_until:
            address = f"{self._client.issuer.rstrip('/')}/.well-known/openid-configuration"
            known = _object(await _ask("GET", address))
            told = all(isinstance(known.get(one), str) for one in _ADDRESSES)
            if known.get("issuer") != self._client.issuer or not told:
                raise Unavailable("the identity provider does not describe itself as the one we know")
            self._known, self._known_until = known, time.monotonic() + _KEPT_SECONDS
        return self._known

    def _close(self, errand: Errand) -> str:
        said = [errand.state, errand.nonce, errand.verifier, errand.until, errand.invitation]
        return self._seal.close(to_base64(json.dumps(said).encode()))

    def _open(self, kept: str) -> Errand | None:
        text = self._seal.open(kept)
        return Errand(*json.loads(from_base64(text))) if text else None


async def _ask(method: str, address: str, **sent: Any) -> httpx.Response:
    import httpx  # brings its command line along: a tenth of a start, where most houses have no provider

    try:
        async with httpx.AsyncClient(timeout=_PATIENCE_SECONDS, trust_env=False) as client:
            return await client.request(method, address, **sent)
    except httpx.HTTPError as error:
        raise Unavailable("the identity provider does not answer") from error


def _object(answer: httpx.Response) -> dict[str, Any]:
    try:
        said = answer.json()
    except ValueError:
        said = None
    if not isinstance(said, dict):
        raise Unavailable("the identity provider does not answer as one")
    return said  # pyright: ignore[reportUnknownVariableType]


def _proven_at(said: object) -> datetime | None:
    """Return when somebody proved who they are (``auth_time``): never in the future, and never where it is not said."""
    if not isinstance(said, int) or isinstance(said, bool) or said < 0:
        return None
    return datetime.fromtimestamp(min(said, _now()), UTC)


def _now() -> int:
    return int(time.time())
