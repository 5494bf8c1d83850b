"""Seals: what we wrote is recognised, and nothing else is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consentgw.http.seals import Seal, from_base64, from_text, to_base64, to_text

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
SEAL = Seal((b"k" * 32,))


@given(TEXT)
def test_a_sealed_text_opens_to_itself(text):
    assert SEAL.open(SEAL.close(text)) == text


@given(TEXT)
def test_what_we_did_not_seal_does_not_open(text):
    assert SEAL.open(text) is None


@given(TEXT, st.integers(0), st.characters(exclude_categories=["Cs"]))
def test_a_sealed_text_altered_anywhere_does_not_open(text, place, letter):
    sealed = SEAL.close(text)
    place %= len(sealed)
    altered = sealed[:place] + letter + sealed[place + 1 :]

    assert SEAL.open(altered) == (text if altered == sealed else None)


@given(TEXT)
def test_another_key_opens_nothing_and_an_older_one_while_it_is_listed(text):
    old, new = Seal((b"o" * 32,)), Seal((b"n" * 32, b"o" * 32))

    assert new.open(old.close(text)) == text
    assert old.open(new.close(text)) is None
    assert SEAL.open(old.close(text)) is None


@given(st.binary())
def test_base64_is_unpadded_and_has_one_spelling(data):
    text = to_base64(data)

    assert set(text) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_")
    assert from_base64(text) == data


@pytest.mark.parametrize("text", ["=", "A", "AB=", "AB==", "A A", "AB\n", "+/", "QQ\0", "QR", "é", "QUI=", " QUI"])
def test_other_spellings_are_refused(text):
    with pytest.raises(ValueError, match=r"(?i)base64|padding|ascii"):
        from_base64(text)


@given(st.uuids())
def test_an_identifier_is_22_letters(identifier):
    assert len(to_text(identifier)) == 22
    assert from_text(to_text(identifier)) == identifier
