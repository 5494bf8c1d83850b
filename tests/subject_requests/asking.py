"""People who ask behind the back of a running gateway, and who have proven so much."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from consentgw.consents.identifiers import uuid7
from consentgw.db import Unit
from consentgw.db.database import utc_now
from consentgw.law.profiles import RequestType
from consentgw.operators import store as operators
from consentgw.sites import store as sites
from consentgw.subject_requests import proving, service
from consentgw.subject_requests.model import Level
from consentgw.subject_requests.office import open_office
from tests.gateway import peeking
from tests.operators.desk import PASSWORD, SEALER
from tests.operators.desk import dana as invited
from tests.subject_requests.story import AIGERIM, DANA, DELIVERY, LETTERS, office_of

if TYPE_CHECKING:
    from consentgw.app import Gateway
    from consentgw.operators.model import Operator
    from consentgw.subject_requests.model import Person


def ask(
    app: Gateway,
    type_: RequestType = RequestType.ACCESS,
    person: Person = AIGERIM,
    *,
    site: str = "shop",
    level: Level = Level.NOTHING,
) -> str:
    """Let somebody ask, who can be written to; return the id of the request."""
    office = open_office(app.settings)
    with peeking(app.settings) as connection:
        unit = Unit(connection, utc_now())
        of = sites.read(connection, site)
        asked = service.Asked(id=uuid7(), site=of, type=type_, language="kk", person=person)
        request = service.open_request(unit, office_of(app.settings), asked)
        if level > Level.NOTHING:
            proving.vouch(unit, office, request.ref, DANA, level, "She came in person.")
        return str(request.id)


def employ(app: Gateway, **said: str) -> Operator:
    """Let somebody work at the desk."""
    operator = invited(**said)
    with peeking(app.settings) as connection:
        operators.add(Unit(connection, utc_now()), operator, SEALER, password=PASSWORD, authenticator="x")
    return operator


def employ_processors(app: Gateway, site: str = "shop") -> None:
    """Give a site two processors."""
    with peeking(app.settings) as connection:
        known = sites.read(connection, site)
        sites.keep(Unit(connection, utc_now()), replace(known, processors=(DELIVERY, LETTERS)))
