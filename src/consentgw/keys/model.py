"""Signing and verifying: JWS over Ed25519, and the keys derived from the installation's secret."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from joserfc.jwk import OKPKey

from consentgw.errors import Malformed
from consentgw.http.seals import from_base64, to_base64

if TYPE_CHECKING:
    from collections.abc import Mapping

ALGORITHM = "Ed25519"


def derive(secrets: tuple[bytes, ...], use: str) -> tuple[bytes, ...]:
    """Return a 256-bit key for one use from each secret (HKDF-SHA256, RFC 5869)."""
    return tuple(HKDF(SHA256(), 32, salt=None, info=f"consentgw/{use}".encode()).derive(secret) for secret in secrets)


@dataclass(frozen=True, slots=True)
class Signer:
    """The key that signs now."""

    kid: str
    private: Ed25519PrivateKey

    def sign(self, payload: bytes, kind: str) -> bytes:
        """Return the 64-byte signature of a payload as a JWS of this kind (RFC 7515 section 5.1)."""
        return self.private.sign(_signing_input(payload, self.kid, kind))


def new_key() -> tuple[Ed25519PrivateKey, dict[str, Any]]:
    """Make a key; return it and its public JWK with ``kid``, ``alg`` and ``use``."""
    private = Ed25519PrivateKey.generate()
    public = OKPKey.import_key(private.public_key()).as_dict(private=False)
    kid = OKPKey.import_key(public).thumbprint()
    return private, {**public, "kid": kid, "alg": ALGORITHM, "use": "sig"}


def compact(payload: bytes, kid: str, kind: str, signature: bytes) -> str:
    """Return the JWS in compact serialisation (RFC 7515 section 7.1)."""
    return f"{_signing_input(payload, kid, kind).decode()}.{to_base64(signature)}"


def verify(jws: str, jwks: Mapping[str, Any], kind: str) -> dict[str, Any]:
    """Return the claims of a JWS that one of these keys signed, from the two texts alone.

    Raises:
        Malformed: it is no such JWS, names an unknown key, or was altered; or these are no keys.
    """
    try:
        head, body, signature = jws.strip().split(".")
        header = json.loads(from_base64(head))
        known = header.get("typ") == kind and header.get("alg") in {ALGORITHM, "EdDSA"} and "crit" not in header
        if not known:
            raise Malformed(f"this is not a {kind}")
        _public(jwks, header.get("kid")).verify(from_base64(signature), f"{head}.{body}".encode())
        return json.loads(from_base64(body))
    except InvalidSignature:
        raise Malformed("the signature does not match: it was altered, or signed by somebody else") from None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise Malformed("this is not a signed receipt") from None


def _public(jwks: Mapping[str, Any], kid: str | None) -> Ed25519PublicKey:
    """Return the key of this name; what is wrong with the keys is not said of what they signed."""
    try:
        key = next((key for key in jwks["keys"] if key.get("kid") == kid), None)
        if key is None:
            raise Malformed("it is signed by a key that is not in the key file")
        return Ed25519PublicKey.from_public_bytes(from_base64(key["x"]))
    except (ValueError, KeyError, TypeError, AttributeError):
        raise Malformed("the key file is not one: save it from /.well-known/jwks.json") from None


def _signing_input(payload: bytes, kid: str, kind: str) -> bytes:
    return f"{_header(kid, kind)}.{to_base64(payload)}".encode()


@cache
def _header(kid: str, kind: str) -> str:
    return to_base64(f'{{"alg":"{ALGORITHM}","kid":"{kid}","typ":"{kind}"}}'.encode())
