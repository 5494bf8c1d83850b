"""Signing and verifying, with another implementation as witness."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from joserfc import jws
from joserfc.errors import BadSignatureError
from joserfc.jwk import KeySet, OctKey, OKPKey

from consentgw.errors import Malformed
from consentgw.keys.model import ALGORITHM, Signer, compact, derive, new_key, verify

KIND = "consent-receipt+jws"
PRIVATE, PUBLIC = new_key()
SIGNER = Signer(PUBLIC["kid"], PRIVATE)
JWKS = {"keys": [new_key()[1], PUBLIC]}
CLAIMS = {"granted": ["analytics"], "name": "Дана", "number": 1}


def base64(value):
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def signed(payload=CLAIMS, kind=KIND, signer=SIGNER):
    """Return a receipt as we write it."""
    body = json.dumps(payload).encode()
    return compact(body, signer.kid, kind, signer.sign(body, kind))


def forged(**header):
    """Return a receipt under another header, honestly signed with our key."""
    head = {"alg": ALGORITHM, "kid": SIGNER.kid, "typ": KIND, **header}
    text = f"{base64({name: value for name, value in head.items() if value is not None})}.{base64(CLAIMS)}"
    return f"{text}.{base64(PRIVATE.sign(text.encode()))}"


def test_what_we_signed_is_verified_from_the_two_texts_alone():
    assert verify(signed(), json.loads(json.dumps(JWKS)), KIND) == CLAIMS
    assert verify(f"  {signed()}\n", JWKS, KIND) == CLAIMS, "a file may end with a line break"


@pytest.mark.parametrize("keys", [{}, [], 1, {"keys": 1}, {"keys": ["a"]}, {"keys": [{**PUBLIC, "x": "AA"}]}])
def test_of_a_key_file_that_is_none_it_is_said_and_not_of_the_receipt(keys):
    with pytest.raises(Malformed, match="the key file"):
        verify(signed(), keys, KIND)


def test_another_implementation_verifies_what_we_signed():
    token = signed()

    witness = jws.deserialize_compact(token, KeySet.import_key_set(JWKS), algorithms=["Ed25519"])

    assert json.loads(witness.payload) == CLAIMS
    assert witness.headers() == {"alg": "Ed25519", "kid": SIGNER.kid, "typ": KIND}
    stranger = OKPKey.import_key({name: JWKS["keys"][0][name] for name in ("kty", "crv", "x")})
    with pytest.raises(BadSignatureError):
        jws.deserialize_compact(token, stranger, algorithms=["Ed25519"])


def test_we_verify_what_another_implementation_signed():
    key = OKPKey.import_key(PRIVATE)
    header = {"alg": "Ed25519", "kid": SIGNER.kid, "typ": KIND}

    assert verify(jws.serialize_compact(header, json.dumps(CLAIMS), key, algorithms=["Ed25519"]), JWKS, KIND) == CLAIMS


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_one_altered_character_anywhere_is_found(data):
    token = signed()
    place = data.draw(st.integers(0, len(token) - 1))
    other = data.draw(st.sampled_from([c for c in "AZaz09-_.=+/ \x00ы" if c != token[place]]))

    with pytest.raises(Malformed):
        verify(f".{token[:place]}{other}{token[place + 1 :]}"[1:], JWKS, KIND)


def test_every_flipped_bit_of_the_signature_and_of_the_body_is_found():
    head, body, signature = signed().split(".")
    for part in (1, 2):
        text = (head, body, signature)[part]
        for place in range(len(text)):
            parts = [head, body, signature]
            parts[part] = text[:place] + ("B" if text[place] == "A" else "A") + text[place + 1 :]
            with pytest.raises(Malformed):
                verify(".".join(parts), JWKS, KIND)


@pytest.mark.parametrize(
    "header",
    [
        {"alg": "none"},
        {"alg": "HS256"},
        {"alg": "ES256"},
        {"alg": "ed25519"},
        {"alg": None},
        {"alg": ["Ed25519"]},
        {"alg": {"Ed25519": 1}},
        {"typ": "JWT"},
        {"typ": None},
        {"typ": "CONSENT-RECEIPT+JWS"},
        {"kid": "unknown"},
        {"kid": None},
        {"kid": 7},
        {"kid": ["x"]},
        {"kid": JWKS["keys"][0]["kid"]},
        {"crit": ["exp"], "exp": 0},
        {"crit": ["b64"], "b64": False},
    ],
)
def test_a_header_that_is_not_ours_is_refused_even_with_a_good_signature(header):
    assert verify(forged(), JWKS, KIND) == CLAIMS
    with pytest.raises(Malformed):
        verify(forged(**header), JWKS, KIND)


def test_a_key_the_receipt_brings_along_is_not_asked():
    private, public = new_key()
    text = f"{base64({'alg': ALGORITHM, 'kid': public['kid'], 'typ': KIND, 'jwk': public})}.{base64(CLAIMS)}"

    with pytest.raises(Malformed, match="not in the key file"):
        verify(f"{text}.{base64(private.sign(text.encode()))}", JWKS, KIND)


def test_our_public_key_is_no_secret_to_sign_with():
    header = {"alg": "HS256", "kid": SIGNER.kid, "typ": KIND}
    token = jws.serialize_compact(header, json.dumps(CLAIMS), OctKey.import_key(PUBLIC["x"] * 2), algorithms=["HS256"])

    with pytest.raises(Malformed):
        verify(token, JWKS, KIND)


def test_a_receipt_of_one_kind_never_passes_for_another():
    with pytest.raises(Malformed, match="not a checkpoint"):
        verify(signed(), JWKS, "checkpoint+jws")


@pytest.mark.parametrize(
    "text",
    [
        "",
        ".",
        "..",
        "...",
        "a.b.c",
        "ы.ы.ы",
        "\ud800.\ud800.\ud800",
        "{}",
        f"{base64([])}.{base64({})}.{base64(b'')}",
        f"{base64('x')}.{base64({})}.{base64(b'')}",
        f"{base64(b'{')}.{base64({})}.{base64(b'')}",
        f"{base64(b'[' * 100_000)}.{base64({})}.{base64(b'')}",
        f"{base64(chr(0).encode())}.x.y",
        signed().rsplit(".", 1)[0] + ".",
        signed() + ".",
        signed() + "=",
        signed().replace(".", "\n."),
    ],
)
def test_what_is_no_receipt_is_told_in_one_sentence(text):
    with pytest.raises(Malformed):
        verify(text, JWKS, KIND)


@pytest.mark.parametrize(
    "jwks", [{}, {"keys": []}, {"keys": [{}]}, {"keys": [7]}, [], None, {"keys": [{"kid": SIGNER.kid}]}]
)
def test_a_key_file_that_is_none_is_told_in_one_sentence(jwks):
    with pytest.raises(Malformed):
        verify(signed(), jwks, KIND)


def test_a_public_key_says_what_it_is_for_and_holds_no_secret():
    assert set(PUBLIC) == {"kty", "crv", "x", "kid", "alg", "use"}
    assert {**PUBLIC, "x": "", "kid": ""} == {
        "kty": "OKP",
        "crv": "Ed25519",
        "x": "",
        "kid": "",
        "alg": "Ed25519",
        "use": "sig",
    }


def test_the_name_of_a_key_is_its_thumbprint():
    # RFC 8037 appendix A.3: the thumbprint of this Ed25519 key by RFC 7638
    vector = {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}

    assert OKPKey.import_key(vector).thumbprint() == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
    assert OKPKey.import_key({name: PUBLIC[name] for name in ("kty", "crv", "x")}).thumbprint() == PUBLIC["kid"]


def test_every_use_and_every_secret_has_keys_of_its_own():
    secrets = (b"a" * 32, b"b" * 32)
    made = [key for use in ("form", "state-cookie", "receipt-code", "keys", "") for key in derive(secrets, use)]

    assert len(set(made)) == len(made) == 10
    assert {len(key) for key in made} == {32}
    assert not set(made) & set(secrets)
    assert derive(secrets, "form") == derive(secrets, "form")
    assert derive(secrets[1:], "form") == derive(secrets, "form")[1:]


def test_a_derived_key_is_what_rfc_5869_says():
    import hashlib
    import hmac

    pseudorandom = hmac.digest(bytes(32), b"a" * 32, "sha256")
    expected = hmac.digest(pseudorandom, b"consentgw/form\x01", hashlib.sha256)

    assert derive((b"a" * 32,), "form") == (expected,)
