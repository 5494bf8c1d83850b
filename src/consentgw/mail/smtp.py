"""The mail server: its address in the settings, a letter as a message, and handing one over."""

from __future__ import annotations

import smtplib
import ssl
from dataclasses import dataclass
from email.header import Header
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import EmailPolicy
from email.utils import format_datetime
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from consentgw.errors import Malformed, Misconfigured
from consentgw.http.pages import render
from consentgw.mail.model import read_address
from consentgw.mail.views import LetterView

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from consentgw.mail.model import Letter
    from consentgw.settings import Settings

TIMEOUT_SECONDS = 20
_PORTS = {"smtp": 25, "smtps": 465, "smtp+starttls": 587}
_HERE = frozenset({"localhost", "127.0.0.1", "::1"})


class _Policy(EmailPolicy):
    """The standard library's, but for subjects: where it breaks a long one, it loses a space (seen in Python 3.11)."""

    def fold(self, name: str, value: str) -> str:
        """Return a header as it is sent."""
        if name.lower() != "subject":
            return super().fold(name, value)
        return f"{name}: {Header(value, header_name=name).encode(linesep=self.linesep)}{self.linesep}"

    def fold_binary(self, name: str, value: str) -> bytes:
        """Return the same as bytes."""
        return self.fold(name, value).encode() if name.lower() == "subject" else super().fold_binary(name, value)


_POLICY = _Policy(linesep="\r\n")


@dataclass(frozen=True, slots=True)
class Server:
    """Where letters are handed over, and in whose name."""

    scheme: str
    host: str
    port: int
    user: str
    password: str
    sender: str

    def __repr__(self) -> str:
        """Return it without its password."""
        return f"{self.scheme}://{self.host}:{self.port}"


def read_server(settings: Settings) -> Server | None:
    """Return the mail server of an installation, None where there is none.

    Raises:
        Misconfigured: its address or the sender's cannot be used, or a password would travel in the open.
    """
    url = settings.smtp_url.get_secret_value()
    if not url:
        return None
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS[parts.scheme]
        if not parts.hostname or parts.path not in {"", "/"} or parts.query or parts.fragment:
            raise ValueError
    except (ValueError, KeyError):
        raise Misconfigured(
            "CONSENTGW_SMTP_URL is like smtp+starttls://user:password@mail.example:587, or smtps:// or smtp://"
        ) from None
    if parts.password and parts.scheme == "smtp" and parts.hostname not in _HERE:
        raise Misconfigured("CONSENTGW_SMTP_URL sends a password in the open: use smtps:// or smtp+starttls://")
    try:
        sender = read_address(settings.mail_from)
    except Malformed:
        raise Misconfigured("CONSENTGW_MAIL_FROM is the address letters come from, like privacy@shop.example") from None
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    return Server(parts.scheme, parts.hostname, port, user, password, sender)


def message(letter: Letter, to: str, sender: str, identifier: UUID, at: datetime) -> EmailMessage:
    """Return a letter as it is sent ``at``: plain text and the same as HTML. Sent twice, it is known by its id."""
    written = EmailMessage(policy=_POLICY)
    local, _, domain = to.rpartition("@")
    written["From"] = sender
    written["To"] = str(Address(username=local, domain=domain))
    written["Subject"] = letter.subject
    written["Message-ID"] = f"<{identifier}@{sender.rpartition('@')[2]}>"
    written["Date"] = format_datetime(at)
    written["Auto-Submitted"] = "auto-generated"  # RFC 3834: no answering machine answers
    written.set_content("\n\n".join(letter.lines()) + "\n")
    written.add_alternative(render(LetterView(language=letter.language, letter=letter)), subtype="html")
    written["Content-Language"] = letter.language  # setting and adding content clears what was said of it before
    return written


def hand_over(server: Server, written: EmailMessage) -> None:
    """Give one message to the server; blocks, so call it in a thread.

    Raises:
        OSError, smtplib.SMTPException: the server did not take it.
    """
    context = ssl.create_default_context()
    if server.scheme == "smtps":
        connection = smtplib.SMTP_SSL(server.host, server.port, timeout=TIMEOUT_SECONDS, context=context)
    else:
        connection = smtplib.SMTP(server.host, server.port, timeout=TIMEOUT_SECONDS)
    with connection:
        if server.scheme == "smtp+starttls":
            connection.starttls(context=context)
        if server.user:
            connection.login(server.user, server.password)
        connection.send_message(written)


def hopeless(error: Exception) -> bool:
    """Return whether a server will never take a letter: it said so of its receiver or its words (RFC 5321, 4.2.1)."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return all(500 <= code < 600 for code, _ in error.recipients.values())
    return isinstance(error, smtplib.SMTPDataError) and 500 <= error.smtp_code < 600
