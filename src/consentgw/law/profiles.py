"""A law profile, read from its file; and which of its dated values hold on a day."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from consentgw.errors import Misconfigured, NotFound

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


class Grade(StrEnum):
    """How well a value is known."""

    PRIMARY = "primary"
    """Read in the law or the regulator's own text."""
    REPORTED = "reported"
    """Agreed on by independent texts that cite the article."""
    PRACTICE = "practice"
    """Good practice where the law is silent."""
    UNVERIFIED = "unverified"
    """Known from one place only, or not at all."""


class RequestType(StrEnum):
    """What a data subject may ask for (names after OpenDSR, with those it lacks)."""

    ACCESS = "access"
    RECTIFICATION = "rectification"
    ERASURE = "erasure"
    RESTRICTION = "restriction"
    OBJECTION = "objection"
    PORTABILITY = "portability"
    CONSENT_WITHDRAWAL = "consent_withdrawal"
    COMPLAINT = "complaint"
    INFORMATION = "information"


class Unit(StrEnum):
    """What a limit is counted in."""

    WORKING_DAYS = "working_days"
    CALENDAR_DAYS = "calendar_days"
    MONTHS = "months"
    AT_ONCE = "at_once"


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Dated(_Part):
    """Where a value was read, from when it holds, and when it was last checked."""

    source: str = Field(min_length=3)
    valid_from: date
    checked_on: date
    grade: Grade

    @property
    def law(self) -> bool:
        """Return whether it may be printed as what the law says."""
        return self.grade in {Grade.PRIMARY, Grade.REPORTED}


class Extension(_Part):
    """How a limit may be extended, once: by how much more, told with reasons before the first limit."""

    limit: int = Field(ge=1)
    unit: Unit


class RequestRule(Dated):
    """The time in which a request of one type is answered."""

    type: RequestType
    limit: int = Field(ge=0)
    unit: Unit
    starts: Literal["receipt", "confirmation"] = "receipt"
    """What the clock starts on: the request itself, or its ground being confirmed."""
    extension: Extension | None = None
    cited: dict[str, str] = {}
    """The source in other languages than English, for whoever is told of it."""


class Validity(Dated):
    """How long an answer holds, and how soon a refusal may be asked again."""

    days: int = Field(ge=1, le=395)
    reask_after_refusal_days: int = Field(ge=1)


class Languages(Dated):
    """Languages a text for visitors must be complete in; the first is offered first."""

    required: tuple[str, ...]


class Authority(Dated):
    """The supervisory authority, with its name in the languages it is known in."""

    name: dict[str, str] = Field(min_length=1)
    link: str = ""
    named: bool = True
    """Whether that is its own name, to which one can write; false for words like "that of your country"."""

    def called(self, language: str) -> str:
        """Return its name in a language, or in the first it has one in."""
        return self.name.get(language) or next(iter(self.name.values()))


class Age(Dated):
    """Below this age, somebody else consents."""

    years: int = Field(ge=1, le=21)
    who: Literal["representative", "representative_agrees"]
    """The representative consents instead, or agrees to the young person's own consent."""


class Signals(Dated):
    """What a Global Privacy Control means here."""

    gpc: Literal["opt_out", "honoured"]
    """An opt-out by law, or honoured because a person asked for it."""


class BreachRule(Dated):
    """The time in which the authority is told of a breach of personal data, from its discovery."""

    limit: int = Field(ge=1)
    unit: Literal["hours", "working_days"]
    hours_ahead: int = Field(default=0, ge=-12, le=14)
    """How far the country's clocks are ahead of UTC: its working days begin and end by them."""
    exemption: str = ""
    """Which breach the authority need not be told of; empty where the law knows none."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What a profile says on one day."""

    profile: str
    country: str
    territory: Mapping[str, str]
    """Whose law it is, by language, in the form that stands beside "legislation" and "state bodies"."""
    statute: Mapping[str, str]
    """What the law on personal data is called, by language."""
    validity: Validity
    languages: Languages
    authority: Authority
    signals: Signals
    requests: tuple[RequestRule, ...]
    ages: tuple[Age, ...]
    breach: BreachRule | None = None
    """None where the profile knows no time for it."""

    def request(self, type_: RequestType) -> RequestRule:
        """Return the time in which a request of a type is answered or refused.

        It runs from receipt; from its ground being confirmed only where the profile knows no other time.

        Raises:
            NotFound: this profile knows no such request.
        """
        rule = self._rule(type_, "receipt") or self.confirmed(type_)
        if rule is None:
            raise NotFound(f"{self.profile} knows no request for {type_.value}")
        return rule

    def confirmed(self, type_: RequestType) -> RequestRule | None:
        """Return the shorter time that begins when the ground of a request is confirmed, None where there is none.

        In Kazakhstan data that was processed in breach of the law is destroyed, or blocked, one working day
        after that is confirmed (Art. 25(2)(8)); whoever has not confirmed it yet answers in the usual time.
        """
        return self._rule(type_, "confirmation")

    def _rule(self, type_: RequestType, starts: str) -> RequestRule | None:
        return next((rule for rule in self.requests if rule.type is type_ and rule.starts == starts), None)


class Profile(_Part):
    """The whole file: every value that ever held, by its date."""

    name: str
    title: str
    country: str
    territory: dict[str, str]
    statute: dict[str, str]
    enabled: bool = True
    validity: tuple[Validity, ...]
    languages: tuple[Languages, ...]
    authority: tuple[Authority, ...]
    signals: tuple[Signals, ...]
    requests: tuple[RequestRule, ...]
    ages: tuple[Age, ...] = ()
    breaches: tuple[BreachRule, ...] = ()

    def on(self, day: date) -> Rules:
        """Return what holds on a day.

        Raises:
            NotFound: the profile says nothing of a day so early.
        """
        latest = {(rule.type, rule.starts): rule for rule in _in_force(self.requests, day)}
        return Rules(
            profile=self.name,
            country=self.country,
            territory=self.territory,
            statute=self.statute,
            validity=self._one(self.validity, day),
            languages=self._one(self.languages, day),
            authority=self._one(self.authority, day),
            signals=self._one(self.signals, day),
            requests=tuple(latest.values()),
            ages=tuple(_in_force(self.ages, day)),
            breach=next(reversed(_in_force(self.breaches, day)), None),
        )

    def _one(self, values: Iterable[_D], day: date) -> _D:
        held = _in_force(values, day)
        if not held:
            raise NotFound(f"the profile {self.name} says nothing of {day.isoformat()}")
        return held[-1]


_D = TypeVar("_D", bound=Dated)


def _in_force(values: Iterable[_D], day: date) -> list[_D]:
    return sorted((value for value in values if value.valid_from <= day), key=lambda value: value.valid_from)


def names() -> tuple[str, ...]:
    """Return the names of the profiles a site may choose."""
    return tuple(name for name, profile in _profiles().items() if profile.enabled)


def profile(name: str) -> Profile:
    """Return a profile.

    Raises:
        NotFound: there is none of this name, or it is disabled until its texts are read.
    """
    found = _profiles().get(name)
    if found is None:
        raise NotFound(f"there is no law profile {name!r}; there are {', '.join(names())}")
    if not found.enabled:
        raise NotFound(f"the law profile {name!r} is disabled until its texts are read")
    return found


@cache
def _profiles() -> dict[str, Profile]:
    read: dict[str, Profile] = {}
    folder = files("consentgw.law") / "data"
    for file in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if file.name.endswith(".toml"):
            try:
                found = Profile.model_validate(tomllib.loads(file.read_text("utf-8")))
            except ValueError as error:
                raise Misconfigured(f"the law profile {file.name} cannot be read: {error}") from None
            read[found.name] = found
    return read
