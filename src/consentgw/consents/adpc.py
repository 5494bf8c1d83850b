"""Advanced Data Protection Control: a browser's own answers, in a header, without a script.

Written after the draft of https://www.dataprotectioncontrol.org/spec/ (2022). A ``Link`` leads to what we ask for; a
browser answers with ``ADPC: withdraw=*, object=direct-marketing, consent="id id"``. An id names the notice it stands
in, so it changes with every word of the question. What is said is applied to the request that says it while no answer
of the person's own holds, and never recorded.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

    from consentgw.notices.catalogue import Offer
    from consentgw.notices.model import Notice

_LIMIT = 8_192
_MEMBER = re.compile(r'[ \t]*([a-z]+)=(?:([A-Za-z0-9*._-]+)|"([A-Za-z0-9*._ -]*)")[ \t]*(?:,|$)')
_MARKETING, _ALL = "direct-marketing", "*"


@dataclass(frozen=True, slots=True)
class Statement:
    """What one request says."""

    withdraw: frozenset[str] = frozenset()
    object: frozenset[str] = frozenset()
    consent: frozenset[str] = field(default=frozenset())


def read(header: str) -> Statement | None:
    """Read the header, repeated ones joined by commas; None where there is anything in it that we do not know.

    A word we do not know may take back what another one gives, so half of a statement is none.
    """
    said: dict[str, frozenset[str]] = {}
    place = 0
    while place < len(header) <= _LIMIT:
        member = _MEMBER.match(header, place)
        if member is None or member[1] not in {"withdraw", "object", "consent"}:
            return None
        said[member[1]] = said.get(member[1], frozenset()) | set((member[2] or member[3] or "").split())
        place = member.end()
    return Statement(**said) if said and _ALL not in said.get("consent", ()) else None


def granted(statement: Statement, offer: Offer) -> frozenset[str]:
    """Return the purposes a statement consents to: named one by one, in a question asked now, and not refused.

    What is named is stronger than ``*``; an objection to direct marketing is stronger than a name.
    """
    marketing = offer.terms.sold if _MARKETING in statement.object else frozenset[str]()
    consented = _purposes(statement.consent, offer) - _purposes(statement.withdraw | statement.object, offer)
    return consented - marketing


def refuses(statement: Statement) -> bool:
    """Return whether a statement says no to anything."""
    return bool(statement.withdraw or statement.object)


def requests(notice: Notice) -> dict[str, list[dict[str, str]]]:
    """Return what a notice asks for, as browsers read it."""
    return {
        "consentRequests": [
            {
                "id": _identifier(purpose.key, notice.digest),
                "text": " ".join(
                    (
                        notice.words.introduction,
                        f"{purpose.wording[notice.language].title}.",
                        purpose.wording[notice.language].sentence,
                    )
                ),
            }
            for purpose in notice.purposes
            if purpose.optional
        ]
    }


def _identifier(purpose: str, digest: str) -> str:
    return f"{purpose}.{digest}"


def _purposes(identifiers: Collection[str], offer: Offer) -> frozenset[str]:
    return frozenset(
        purpose
        for purpose in offer.terms.asked
        if any(_identifier(purpose, digest) in identifiers for digest in offer.digests)
    )
