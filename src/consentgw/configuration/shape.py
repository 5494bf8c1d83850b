"""The shape of ``site.toml`` and ``change.toml``: which settings there are, and of what kind each is.

Unknown names are refused, so a misspelt setting never passes for a chosen one.
"""

from __future__ import annotations

import re
import tomllib
from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    StrictBool,
    StrictInt,
    Tag,
    ValidationError,
)

from consentgw.configuration.model import Faulty
from consentgw.http.bodies import TEXT
from consentgw.law.profiles import RequestType
from consentgw.notices.model import Basis
from consentgw.policies.model import Change
from consentgw.sites.model import Style
from consentgw.sites.processors import LONGEST, Given

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic_core import ErrorDetails

_S = TypeVar("_S", bound="_Part")
UNFIT = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
"""Control characters, and those that turn the direction of what follows."""
Text = Annotated[str, Field(pattern=TEXT)]
"""The same to whom the API describes it; what is unfit is told before, in words."""
_WORD = TEXT.strip("^$").replace("[^", r'[^@\s<>"')
_WRITTEN = {
    "email": "an address is written like derekter@duken.example",
    "country": "a country is written in two capital letters, like KZ",
}
"""What is said in place of a pattern."""
_DATED = re.compile(r"\d{4}-\d{2}-\d{2}")


def _dated(said: Any) -> Any:
    """Refuse a number, also in quotes, which would be read as the seconds since 1970."""
    if isinstance(said, date) or (isinstance(said, str) and _DATED.match(said.strip())):
        return said
    raise ValueError("a date is written like 2027-01-01, with its time like 2027-01-01T00:00:00+05:00")


_Dated = BeforeValidator(_dated)


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True, str_min_length=1, str_max_length=2_000)


class Called(_Part):
    """``[operator.ru]``"""

    name: Text | None = None
    address: Text | None = None


class Operator(_Part):
    """``[operator]``"""

    name: Text
    registration: Text
    address: Text
    email: str = Field(pattern=f"^{_WORD}@{_WORD}$")
    kk: Called | None = None
    ru: Called | None = None
    en: Called | None = None


class Authority(_Part):
    """``[authority]``"""

    name: dict[Literal["kk", "ru", "en"], Text]
    link: Text = ""
    checked_on: Annotated[date, _Dated]


class Looks(_Part):
    """``[looks]``"""

    accent: Text | None = None
    accent_dark: Text | None = None
    corner: Literal["left", "right"] | None = None


class Words(_Part):
    """A title and a sentence."""

    title: Text
    sentence: Text


class Worded(_Part):
    """Something with words in each language."""

    key: Text
    kk: Words | None = None
    ru: Words | None = None
    en: Words | None = None

    def words(self) -> dict[str, Words]:
        """Return the words by language."""
        said = {"kk": self.kk, "ru": self.ru, "en": self.en}
        return {language: words for language, words in said.items() if words}


class Purpose(Worded):
    """``[[purposes]]`` in words of the site's own."""

    basis: Basis
    """``consent`` or ``necessary``; nothing else lets a site read a device (ePrivacy Directive Art. 5(3))."""


class DataItem(Worded):
    """One of ``data``."""

    purposes: list[Text] = []
    required: StrictBool = False


class Retention(Worded):
    """One of ``retention``."""

    days: StrictInt = Field(ge=1, le=36_525)


class Processor(Worded):
    """``[[processors]]``"""

    types: list[RequestType] = Field(min_length=1)
    given: list[Given] = Field(min_length=1)
    days: StrictInt = Field(ge=1, le=LONGEST)


class Cookie(_Part):
    """One of a tag's ``cookies``. Zero days: until the browser is closed."""

    name: Text
    days: float = Field(ge=0, le=36_525, allow_inf_nan=False)
    party: Literal["first", "third"]


class TagShape(_Part):
    """``[[tags]]``"""

    preset: Text | None = None
    id: Text | None = None
    host: Text | None = None
    label: Text | None = None
    name: Text | None = None
    vendor: Text | None = None
    purposes: list[Text] | None = Field(default=None, min_length=1)
    country: str | None = Field(default=None, pattern=r"^[A-Z]{2}$")
    script: Text | None = None
    image: Text | None = None
    frame: Text | None = None
    server: StrictBool = False
    cookies: list[Cookie] | None = None


def _named_or_told(said: Any) -> str:
    return "named" if isinstance(said, str) else "told"


_Named = Annotated[Text, Tag("named")]
_Either = Discriminator(_named_or_told)


class SiteFile(_Part):
    """``site.toml``"""

    slug: Text
    name: Text
    origins: list[Text] = Field(min_length=1)
    languages: list[Text] = ["kk", "ru", "en"]
    profile: Text = "kz"
    style: Style = Style.INLINE
    validity_days: StrictInt | None = Field(default=None, ge=1, le=395)
    purposes: list[Annotated[_Named | Annotated[Purpose, Tag("told")], _Either]] = [
        "necessary",
        "analytics",
        "marketing",
    ]
    operator: Operator
    authority: Authority | None = None
    looks: Looks = Looks()
    data: list[Annotated[_Named | Annotated[DataItem, Tag("told")], _Either]] | None = None
    retention: list[Annotated[_Named | Annotated[Retention, Tag("told")], _Either]] | None = None
    returns: dict[str, Text] = Field(default={}, max_length=20, json_schema_extra={"propertyNames": {"pattern": TEXT}})
    first_party: list[Text] = Field(default=[], max_length=20)
    processors: list[Processor] = Field(default=[], max_length=20)
    shares_consent_with: list[Text] = Field(default=[], max_length=20)
    tags: list[TagShape] = []


class ChangeFile(_Part):
    """``policy/change.toml``"""

    change: Change
    effective_from: Annotated[datetime, _Dated] | None = None
    reasons: dict[Literal["kk", "ru", "en"], Text] = {}


def shaped(shape: type[_S], text: str) -> _S:
    """Return what a file's text says, in its shape.

    Raises:
        Faulty: it is no TOML, or names settings we do not know or of another kind; a line for each, with its place.
    """
    try:
        said = tomllib.loads(text)
        if strange := unfit(said):
            raise Faulty(strange)
        return shape.model_validate(said)
    except ValidationError as error:
        raise Faulty(_fault(detail) for detail in error.errors(include_url=False, include_input=False)) from None
    except (ValueError, RecursionError) as error:  # no TOML, or numbers and nesting beyond all use
        raise Faulty([str(error)]) from None


def unfit(said: Any) -> list[str]:
    """Return where a value holds characters that no page can show, a line each."""
    return list(_unfit(said, ""))


def _unfit(said: Any, place: str) -> Iterator[str]:
    """Yield where text holds characters that no page can show as they are."""
    match said:
        case str() if found := UNFIT.search(said):
            yield f"{place}: there is the character U+{ord(found[0]):04X}, which no page can show"
        case dict():
            for key, value in said.items():  # pyright: ignore[reportUnknownVariableType]
                yield from _unfit(key, f"{place or 'the file'}, a name in it")
                yield from _unfit(value, f"{place}.{key}" if place else str(key))  # pyright: ignore[reportUnknownArgumentType]
        case list():
            for number, value in enumerate(said, 1):  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
                yield from _unfit(value, f"{place}[{number}]")
        case _:
            pass


def _fault(detail: ErrorDetails) -> str:
    place = ""
    for part in detail["loc"]:
        if isinstance(part, int):
            place += f"[{part + 1}]"
        elif part not in {"named", "told", "[key]"}:
            place += f".{part}" if place else part
    match detail["type"]:
        case "missing":
            return f"{place} is missing"
        case "string_too_short":
            return f"{place} is empty"
        case "extra_forbidden":
            return f"{place} is not a setting we know"
        case "string_pattern_mismatch":
            return f"{place}: {_WRITTEN.get(place.rpartition('.')[2], 'there is a character which no page can show')}"
        case "value_error":
            return f"{place}: {detail['msg'].removeprefix('Value error, ')}"
        case _:
            return f"{place}: {detail['msg'][0].lower()}{detail['msg'][1:]}"
