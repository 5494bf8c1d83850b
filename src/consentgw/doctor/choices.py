"""What an installation has chosen, looked at before anything is opened.

The doctor tells all of it, and ``consentgw serve`` refuses the first that cannot be: the two never disagree.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from consentgw.doctor.model import Finding
from consentgw.errors import ConsentgwError
from consentgw.http.limits import Limits
from consentgw.http.server import read_proxies
from consentgw.law.deadlines import read_calendars
from consentgw.mail.smtp import read_server

if TYPE_CHECKING:
    from collections.abc import Iterator

    from consentgw.settings import Settings


def choices(settings: Settings) -> Iterator[Finding]:
    """Say of each choice what comes of it, or why nothing can."""
    for look in (_address, _calendar, _mail, _limits, _proxies):
        try:
            yield Finding(True, look(settings))
        except ConsentgwError as error:
            yield Finding(False, str(error))


def _address(settings: Settings) -> str:
    said = f"visitors reach the gateway under {settings.public_url}"
    return said if settings.public_url.startswith("https://") else f"{said}: fine for trying out, not for the public"


def _calendar(settings: Settings) -> str:
    corrected = read_calendars(settings.calendar).corrected
    said = ", ".join(calendar.version for calendar in corrected.values()) or "as the calendar package knows them"
    return f"working days for deadlines: {said}"


def _mail(settings: Settings) -> str:
    server = read_server(settings)
    return f"letters are sent by {server!r}, from {server.sender}" if server else "no mail server: no letters are sent"


def _limits(settings: Settings) -> str:
    url = settings.limits_url.get_secret_value()
    Limits(url)
    return f"how often somebody asks is counted {'by all processes together' if url else 'by each process for itself'}"


def _proxies(settings: Settings) -> str:
    proxies = read_proxies(settings.forwarded_allow_ips)
    return f"believed about who asks: {', '.join(proxies) or 'nobody but the connection'}"
