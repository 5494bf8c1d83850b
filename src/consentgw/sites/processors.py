"""Who processes data for a site, and what of a person's request each of them is given.

The processors of GDPR Art. 28, who help the operator to answer (Art. 28(3)(e)), and the recipients who are told of what
was rectified, erased or restricted (Art. 19). Which requests go to whom is written down; nobody is given more.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from consentgw.errors import Malformed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from consentgw.law.profiles import RequestType
    from consentgw.sites.inventory import Words

KEY = r"[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?"
LONGEST = 60
"""Days a processor may be given at the most."""


class Given(StrEnum):
    """What a processor may be given of who asks."""

    NAME = "name"
    EMAIL = "email"
    PHONE = "phone"
    RECEIPT = "receipt"
    """The id of the consent receipt the request was opened with."""
    DETAILS = "details"
    """What is asked for, in the person's own words."""


@dataclass(frozen=True, slots=True)
class Processor:
    """One processor of a site."""

    key: str
    wording: Mapping[str, Words]
    """By language: what people read it is called, and one sentence on what it does."""
    types: frozenset[RequestType]
    """The requests it is asked to act on."""
    given: frozenset[Given]
    days: int
    """How long it has, counted as the limit of the request is (working days or days), and never past its due date."""

    def __post_init__(self) -> None:
        if not re.fullmatch(KEY, self.key):
            raise Malformed(f"a processor is named in lower case letters, digits and hyphens, not {self.key!r}")
        if not self.types:
            raise Malformed(f"{self.key} is asked to act on no type of request: name some in types")
        if not self.given:
            raise Malformed(f"{self.key} is given nothing to find a person by: name something in given")
        if not 1 <= self.days <= LONGEST:
            raise Malformed(f"{self.key} has between 1 and {LONGEST} days, not {self.days}")
