"""Invitations: who may join the desk, sealed by whoever holds the installation's secret."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

from consentgw.errors import Malformed, NotFound
from consentgw.http.seals import Seal, from_base64, from_text, to_base64, to_text
from consentgw.operators.model import INVITED, Operator, Role

if TYPE_CHECKING:
    from uuid import UUID


class Invitations:
    """Makes and reads invitations."""

    def __init__(self, keys: tuple[bytes, ...]) -> None:
        self._seal = Seal(keys)

    def issue(self, operator: Operator, now: float | None = None) -> str:
        """Return an invitation, to be handed to this person and to nobody else; good for a day."""
        until = int(time.time() if now is None else now) + int(INVITED.total_seconds())
        said = [to_text(operator.id), operator.login, operator.name, operator.role.value, operator.site, until]
        return self._seal.close(to_base64(json.dumps(said, ensure_ascii=False).encode())).replace(".", "~")

    def read(self, invitation: str, now: float | None = None) -> Operator:
        """Return who is invited.

        Raises:
            NotFound: we did not write it, or it is too old.
        """
        text = self._seal.open(invitation.replace("~", "."))
        if text is None:
            raise NotFound("no such invitation")
        identifier, login, name, role, site, until = json.loads(from_base64(text))
        if until <= (time.time() if now is None else now):
            raise NotFound("this invitation is too old")
        return Operator(from_text(identifier), login, name, Role(role), site)


def invited(identifier: UUID, login: str, name: str, role: str, site: str | None) -> Operator:
    """Return the operator an invitation is written for.

    Raises:
        Malformed: the login, the name or the role is none.
    """
    try:
        return Operator(identifier, login, name, Role(role), site)
    except ValueError:
        raise Malformed(f"a role is one of {', '.join(Role)}") from None
