"""Codes that count once, and passwords that are never kept."""

from __future__ import annotations

import pyotp
import pytest

from consentgw.operators import credentials
from consentgw.operators.credentials import Passwords, recovery_digest, step_of

pytestmark = pytest.mark.anyio

SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
NOW = 1_795_500_000.0


def test_the_code_of_now_is_known_by_its_half_minute():
    assert step_of(SECRET, pyotp.TOTP(SECRET).at(NOW), NOW) == int(NOW) // 30


@pytest.mark.parametrize(("seconds", "taken"), [(-30, True), (30, True), (-60, False), (60, False)])
def test_a_clock_may_be_half_a_minute_off_and_no_more(seconds, taken):
    assert (step_of(SECRET, pyotp.TOTP(SECRET).at(NOW + seconds), NOW) is not None) is taken


def test_a_code_may_be_typed_with_spaces():
    code = pyotp.TOTP(SECRET).at(NOW)

    assert step_of(SECRET, f" {code[:3]} {code[3:]}", NOW) == int(NOW) // 30


@pytest.mark.parametrize("code", ["", "0", "12345", "1234567", "１２３４５６", "-12345", "abcdef", "½"])
def test_what_is_no_code_counts_for_nothing(code):
    assert step_of(SECRET, code, NOW) is None


def test_recovery_codes_are_many_different_and_long():
    codes = credentials.new_recovery_codes()

    assert len(set(codes)) == credentials.RECOVERY_CODES
    assert all(len(code.replace("-", "")) == 16 for code in codes)


def test_a_recovery_code_is_the_same_however_it_is_typed():
    assert recovery_digest("ABCD-EFGH-IJKL-MNOP") == recovery_digest(" abcd efgh ijkl-mnop")


async def test_a_password_matches_what_was_kept_of_it_and_no_other_does():
    passwords = Passwords()
    kept = await passwords.keep("saddle winter apple bridge")

    assert "saddle" not in kept
    assert await passwords.match(kept, "saddle winter apple bridge")
    assert not await passwords.match(kept, "saddle winter apple bridges")


async def test_nobody_has_a_password_so_nobody_matches_it():
    assert not await Passwords().match(None, "")
