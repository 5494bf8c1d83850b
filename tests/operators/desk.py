"""Dana, who works at the desk, and what she signs in with."""

from __future__ import annotations

import time

import pyotp

from consentgw.consents.identifiers import uuid7
from consentgw.db.sealing import Sealer
from consentgw.operators import credentials, service
from consentgw.operators.credentials import Passwords
from consentgw.operators.model import Operator, Role

PASSWORD = "saddle winter apple bridge"
SEALER = Sealer((b"k" * 32,))


def dana(role=Role.OFFICER, site=None, login="dana"):
    """Return Dana as she is invited."""
    return Operator(uuid7(), login, "Dana", role, site)


def code(secret, now=None):
    """Return what her authenticator shows."""
    return pyotp.TOTP(secret).at(time.time() if now is None else now)


async def joined(db, operator=None):
    """Let Dana join a while ago; return her, her authenticator's secret and what she was given."""
    operator, secret = operator or dana(), credentials.new_secret()
    hashed = await Passwords().keep(PASSWORD)
    given = await db.write(service.join, operator, SEALER, hashed, secret, 0)
    return operator, secret, given
