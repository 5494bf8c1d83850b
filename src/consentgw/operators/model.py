"""Who works at the desk, what each may do, and when a session ends."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from consentgw.errors import Malformed

if TYPE_CHECKING:
    from uuid import UUID

IDLE = timedelta(minutes=20)
"""A session nobody uses ends after this."""
LONGEST = timedelta(hours=10)
"""No session outlives a working day."""
PROVEN = timedelta(minutes=10)
"""How long a proof of who is there counts for what is delicate."""
INVITED = timedelta(hours=24)
"""How long an invitation can be taken up."""
PASSWORD_CHARACTERS = range(12, 129)
"""How long a password is (NIST SP 800-63B asks for length and for nothing else)."""
_LOGIN = re.compile(r"[a-z0-9](?:[a-z0-9._@+-]{0,62}[a-z0-9])?")


class Role(StrEnum):
    """What somebody is at the desk for."""

    VIEWER = "viewer"
    HANDLER = "handler"
    OFFICER = "officer"
    """The data protection officer."""
    OWNER = "owner"


class Act(StrEnum):
    """What a role allows."""

    READ = "read"
    HANDLE = "handle"
    """Work on requests: assign, note, write to the person, extend, answer, refuse."""
    APPROVE = "approve"
    """Be the second person for an erasure."""
    HOLD = "hold"
    """Place a legal hold and release it, and see who asked where one has locked a request."""
    EXPORT = "export"
    """Take personal data out; asks who is there once more."""
    MANAGE = "manage"
    """Say who works here."""


ACTS: dict[Role, frozenset[Act]] = {
    Role.VIEWER: frozenset({Act.READ}),
    Role.HANDLER: frozenset({Act.READ, Act.HANDLE}),
    Role.OFFICER: frozenset(Act) - {Act.MANAGE},
    Role.OWNER: frozenset(Act),
}


@dataclass(frozen=True, slots=True)
class Operator:
    """Somebody who works at the desk."""

    id: UUID
    login: str
    name: str
    """As colleagues read it; a person who asked never does."""
    role: Role
    site: str | None
    """The one site they work for; None for all."""

    def __post_init__(self) -> None:
        if not _LOGIN.fullmatch(self.login):
            raise Malformed(
                "a login is up to 64 lower case letters, digits and . _ @ + -, such as dana or dana@shop.example"
            )
        if not self.name.strip() or len(self.name) > 100 or not self.name.isprintable():
            raise Malformed("a name is one line of up to 100 characters")

    def may(self, act: Act, site: str) -> bool:
        """Return whether this person may do something for a site."""
        return act in ACTS[self.role] and self.site in {None, site}

    def may_all(self, act: Act) -> bool:
        """Return whether this person may do something for every site."""
        return act in ACTS[self.role] and self.site is None


@dataclass(frozen=True, slots=True)
class Session:
    """Somebody signed in."""

    operator: Operator
    began_at: datetime
    seen_at: datetime
    proven_at: datetime
    """When they last proved who they are."""

    def alive(self, now: datetime) -> bool:
        """Return whether it has not ended by itself."""
        return now < self.seen_at + IDLE and now < self.began_at + LONGEST

    def proven(self, now: datetime) -> bool:
        """Return whether who is there was proven lately enough for something delicate."""
        return now < self.proven_at + PROVEN


def acceptable(password: str, login: str) -> bool:
    """Return whether a password may be chosen."""
    return len(password) in PASSWORD_CHARACTERS and password.casefold() != login and len(set(password)) > 4
