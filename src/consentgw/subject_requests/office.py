"""What handling requests needs besides the database, made once from the settings."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from consentgw.consents.tokens import Codes
from consentgw.db.sealing import Sealer
from consentgw.errors import NotFound
from consentgw.http.seals import Seal, from_text, to_text
from consentgw.keys.model import derive
from consentgw.law.deadlines import read_calendars
from consentgw.mail.service import Post
from consentgw.mail.smtp import read_server
from consentgw.subject_requests.vault import Vault

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from consentgw.law.deadlines import Calendar
    from consentgw.settings import Settings
    from consentgw.subject_requests.model import Request


class Addresses:
    """The unguessable addresses of a request: its status page, and the one a letter leads to."""

    def __init__(self, status: Seal, proof: Seal, digits: tuple[bytes, ...], public_url: str) -> None:
        self._status = status
        self._proof = proof
        self._digits = digits
        self._public_url = public_url

    def code(self, request: Request) -> str:
        """Return the code of the status page that works now."""
        return self._status.close(f"{to_text(request.id)}.{request.turn:x}").replace(".", "~")

    def request(self, code: str) -> tuple[UUID, int]:
        """Return the request of a code, and the turn it was given out for.

        Raises:
            NotFound: we never gave out this code.
        """
        text = self._status.open(code.replace("~", "."))
        if text is None:
            raise NotFound("no such request")
        identifier, turn = text.split(".")
        return from_text(identifier), int(turn, 16)

    def key(self, proof: UUID) -> str:
        """Return what the link in a letter ends with."""
        return self._proof.close(to_text(proof)).replace(".", "~")

    def proof(self, key: str) -> UUID:
        """Return the proof of such a link.

        Raises:
            NotFound: we never wrote it.
        """
        text = self._proof.open(key.replace("~", "."))
        if text is None:
            raise NotFound("no such letter")
        return from_text(text)

    def digest(self, proof: UUID, digits: str) -> bytes:
        """Return what the eight digits of a letter are kept as."""
        return hmac.digest(self._digits[0], proof.bytes + digits.encode(), "sha256")

    def status_url(self, request: Request) -> str:
        """Return the whole address of the status page, for a letter."""
        return f"{self._public_url}/requests/{request.site}/{self.code(request)}?lang={request.language}"

    def proof_url(self, request: Request, proof: UUID) -> str:
        """Return the whole address that proves a mailbox, for a letter."""
        return f"{self._public_url}/requests/{request.site}/confirm/{self.key(proof)}?lang={request.language}"

    def desk_url(self, request: Request) -> str:
        """Return the whole address where an operator answers, for a letter."""
        return f"{self._public_url}/desk/requests/{request.site}/{request.id}"


@dataclass(frozen=True, slots=True)
class Office:
    """Handed to every verb of this room after the unit of work."""

    vault: Vault
    addresses: Addresses
    post: Post
    receipts: Codes
    """Codes of consent receipts, which prove one."""
    calendar: Callable[[str], Calendar]
    """The working days of a country."""


def open_office(settings: Settings) -> Office:
    """Return the office of an installation.

    Raises:
        Misconfigured: the secret is missing, or the calendar or the mail server cannot be used.
    """
    secrets = settings.secrets()
    keys = partial(derive, secrets)
    return Office(
        vault=Vault(keys("subject-key"), keys("subject-index")),
        addresses=Addresses(
            Seal(keys("request-code")), Seal(keys("request-proof")), keys("request-digits"), settings.public_url
        ),
        post=Post(Sealer(keys("mail")), keys("mail-index"), serving=read_server(settings) is not None),
        receipts=Codes(Seal(keys("receipt-code"))),
        calendar=read_calendars(settings.calendar).of,
    )
