"""The form of each type of request: only the fields it needs, and what was typed into them."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from consentgw.errors import Malformed
from consentgw.law.profiles import RequestType
from consentgw.mail.model import read_address
from consentgw.subject_requests.model import Capacity, Person

if TYPE_CHECKING:
    from collections.abc import Mapping

    from consentgw.http.forms import Form
    from consentgw.law.profiles import Rules

LONGEST = {"name": 200, "email": 254, "phone": 40, "details": 4_000, "representative": 200, "words": 2_000}
"""Characters a field takes."""
TRAP = "website"
"""A field nobody sees; who fills it is a machine, or is told to leave it empty."""
_BIDI = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


class Need(StrEnum):
    """Whether a field is there, and must be filled."""

    NO = "no"
    MAY = "may"
    MUST = "must"


class Fields(NamedTuple):
    """What the form of a type asks for. An e-mail address may always be given, and never must."""

    name: Need
    phone: Need
    details: Need

    @property
    def identified(self) -> bool:
        """Return whether somebody has to be recognised to be answered."""
        return self.name is Need.MUST


_KNOWN = Fields(Need.MUST, Need.MAY, Need.MAY)
FIELDS: Mapping[RequestType, Fields] = {
    RequestType.ACCESS: _KNOWN,
    RequestType.PORTABILITY: _KNOWN,
    RequestType.ERASURE: _KNOWN,
    RequestType.RECTIFICATION: _KNOWN._replace(details=Need.MUST),
    RequestType.RESTRICTION: _KNOWN._replace(details=Need.MUST),
    RequestType.OBJECTION: Fields(Need.NO, Need.NO, Need.MUST),
    RequestType.CONSENT_WITHDRAWAL: Fields(Need.NO, Need.NO, Need.MUST),
    RequestType.COMPLAINT: Fields(Need.MAY, Need.NO, Need.MUST),
    RequestType.INFORMATION: Fields(Need.NO, Need.NO, Need.MUST),
}


class Trouble(StrEnum):
    """What is wrong with a field."""

    EMPTY = "empty"
    LONG = "long"
    EMAIL = "email"
    ODD = "odd"
    """A character that turns the direction of writing, in a name."""
    TRAP = "trap"


@dataclass(frozen=True, slots=True)
class Typed:
    """What was typed into a form, as it was typed, and what is wrong with it by field."""

    person: Person
    trouble: Mapping[str, Trouble]


NOTHING_TYPED = Typed(Person(), {})


def adult_at(rules: Rules) -> int:
    """Return the age from which a person asks alone, 0 where the profile knows none."""
    return max((age.years for age in rules.ages), default=0)


def read(form: Form, type_: RequestType, rules: Rules) -> Typed:
    """Return what was typed; fields that the type does not ask for are not read.

    Raises:
        Malformed: a field was sent twice, or the capacity is none we offer.
    """
    fields = FIELDS[type_]
    wanted = {"email": Need.MAY, "name": fields.name, "phone": fields.phone, "details": fields.details}
    values, trouble = dict[str, str](), dict[str, Trouble]()
    if fields.identified and adult_at(rules):
        try:
            capacity = Capacity(form.one("capacity") or Capacity.MYSELF)
        except ValueError:
            raise Malformed("the capacity is none of those offered") from None
        if capacity is not Capacity.MYSELF:
            values["capacity"] = capacity.value
            wanted["representative"] = Need.MUST
    for name, need in wanted.items():
        if need is Need.NO:
            continue
        values[name] = unicodedata.normalize("NFC", form.one(name) or "").strip()
        if found := _wrong(name, values[name], need):
            trouble[name] = found
    if form.one(TRAP):
        trouble[TRAP] = Trouble.TRAP
    return Typed(Person(**values), trouble)


def accepted(typed: Typed) -> Person:
    """Return who asks, with the address as it is written to. Only when nothing is wrong."""
    email = typed.person.email
    return replace(typed.person, email=read_address(email)) if email else typed.person


def _wrong(name: str, value: str, need: Need) -> Trouble | None:
    if not value:
        return Trouble.EMPTY if need is Need.MUST else None
    if len(value) > LONGEST[name]:
        return Trouble.LONG
    if name != "details" and _BIDI.search(value):
        return Trouble.ODD
    if name == "email":
        try:
            read_address(value)
        except Malformed:
            return Trouble.EMAIL
    return None
