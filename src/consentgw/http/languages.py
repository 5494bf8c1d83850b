"""Which language a visitor reads, and how dates, durations and countries are said in it.

Words come from the compiled catalogues in ``consentgw/locale``; nothing here guesses from an address or
translates on the fly.
"""

from __future__ import annotations

import gettext
from datetime import UTC, datetime
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from consentgw.errors import Misconfigured

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import date

CATALOGUES = Path(__file__).parents[1] / "locale"

NAMES = {"kk": "Қазақша", "ru": "Русский", "en": "English"}
"""Every language in its own words, for the links that change it."""

LANGUAGES = tuple(NAMES)
"""The gateway's own languages, in the order they are offered."""

_HEADER_LIMIT = 1024
_TAG_LIMIT = 35  # what RFC 5646 section 4.4.1 asks readers to take; looking up a longer one costs its square
_MINUTE, _HOUR, _DAY, _YEAR = 60, 3_600, 86_400, 31_536_000


def sentence(text: str) -> str:
    """Return the text as it is, and mark it for the catalogues: it is translated where it is shown."""
    return text


MONTHS = (
    sentence("January"),
    sentence("February"),
    sentence("March"),
    sentence("April"),
    sentence("May"),
    sentence("June"),
    sentence("July"),
    sentence("August"),
    sentence("September"),
    sentence("October"),
    sentence("November"),
    sentence("December"),
)

COUNTRIES = {
    "AE": sentence("United Arab Emirates"),
    "CA": sentence("Canada"),
    "CH": sentence("Switzerland"),
    "CN": sentence("China"),
    "CY": sentence("Cyprus"),
    "CZ": sentence("Czechia"),
    "DE": sentence("Germany"),
    "EE": sentence("Estonia"),
    "FI": sentence("Finland"),
    "FR": sentence("France"),
    "GB": sentence("United Kingdom"),
    "IE": sentence("Ireland"),
    "IL": sentence("Israel"),
    "IN": sentence("India"),
    "JP": sentence("Japan"),
    "KG": sentence("Kyrgyzstan"),
    "KR": sentence("South Korea"),
    "KZ": sentence("Kazakhstan"),
    "LT": sentence("Lithuania"),
    "LU": sentence("Luxembourg"),
    "LV": sentence("Latvia"),
    "NL": sentence("Netherlands"),
    "PL": sentence("Poland"),
    "RU": sentence("Russia"),
    "SE": sentence("Sweden"),
    "SG": sentence("Singapore"),
    "TR": sentence("Türkiye"),
    "US": sentence("United States"),
    "UZ": sentence("Uzbekistan"),
}
"""Where vendors live, by ISO 3166-1 alpha-2 code."""


@cache
def translations(language: str) -> gettext.GNUTranslations:
    """Return the compiled catalogue of a language.

    Raises:
        Misconfigured: the gateway does not speak it, or the package was installed without its catalogues.
    """
    compiled = CATALOGUES / language / "LC_MESSAGES" / "consentgw.mo"
    if language not in NAMES or not compiled.is_file():
        raise Misconfigured(f"there is no catalogue for the language {language!r}; install consentgw again")
    with compiled.open("rb") as file:
        return gettext.GNUTranslations(file)


def gettext_for(language: str) -> Callable[[str], str]:
    """Return the function that says a sentence in a language; name it ``_`` where you use it."""
    return translations(language).gettext


def negotiate(header: str | None, offered: Sequence[str], *, chosen: str | None = None) -> str:
    """Return the language to answer in: what was chosen, what the browser prefers, or the first offered.

    A range loses its last subtag until it matches (RFC 4647 section 3.4), so ``kk-Latn-KZ`` finds ``kk``.
    What cannot be read is passed over: a header never makes a page fail.
    """
    if chosen and (match := _lookup(chosen, offered)):
        return match
    for wanted in _preferred((header or "")[:_HEADER_LIMIT]):
        if wanted == "*":
            break
        if match := _lookup(wanted, offered):
            return match
    return offered[0]


@lru_cache(1024)
def _preferred(header: str) -> tuple[str, ...]:
    """Return the ranges of an Accept-Language header, dearest first (RFC 9110 section 12.5.4)."""
    weighed = [(quality, tag) for tag, quality in _ranges(header) if quality > 0]
    return tuple(tag for _, tag in sorted(weighed, key=lambda pair: -pair[0]))


def _ranges(header: str) -> Iterator[tuple[str, float]]:
    for element in header.split(","):
        tag, *parameters = (part.strip() for part in element.split(";"))
        quality = 1.0
        for parameter in parameters:
            name, _, value = parameter.partition("=")
            if name.strip().lower() == "q":
                quality = _quality(value.strip())
        if tag:
            yield tag, quality


def _quality(value: str) -> float:
    digits = value.replace(".", "", 1)
    return min(float(value), 1.0) if digits.isascii() and digits.isdigit() else 0.0


def _lookup(wanted: str, offered: Sequence[str]) -> str | None:
    if len(wanted) > _TAG_LIMIT:
        return None
    by_tag = {tag.lower(): tag for tag in offered}
    subtags = wanted.lower().replace("_", "-").split("-")
    while subtags:
        if match := by_tag.get("-".join(subtags)):
            return match
        subtags.pop()
    return None


def long_date(instant: datetime, language: str) -> str:
    """Return the day of an instant in UTC, in words: ``23 November 2026``."""
    _, day = gettext_for(language), instant.astimezone(UTC)
    # Translators: a date; %(month)s is the name of the month in the form that follows a day number.
    return _("%(day)d %(month)s %(year)d") % {
        "day": day.day,
        "month": _(MONTHS[day.month - 1]),
        "year": day.year,
    }


def long_day(day: date, language: str) -> str:
    """Return a day of the calendar in words."""
    return long_date(datetime(day.year, day.month, day.day, tzinfo=UTC), language)


def date_time(instant: datetime, language: str) -> str:
    """Return the day and minute of an instant in UTC, in words."""
    _ = gettext_for(language)
    values = {"date": long_date(instant, language), "time": instant.astimezone(UTC).strftime("%H:%M")}
    return _("%(date)s, %(time)s UTC") % values


def duration(seconds: int, language: str) -> str:
    """Return a length of time in words, exactly; zero is the life of a browser session."""
    _ = gettext_for(language)
    if seconds <= 0:
        return _("until the browser is closed")
    ngettext = translations(language).ngettext
    years, seconds = divmod(seconds, _YEAR)
    days, seconds = divmod(seconds, _DAY)
    hours, seconds = divmod(seconds, _HOUR)
    minutes, seconds = divmod(seconds, _MINUTE)
    said = (
        years and ngettext("%(count)d year", "%(count)d years", years) % {"count": years},
        days and ngettext("%(count)d day", "%(count)d days", days) % {"count": days},
        hours and ngettext("%(count)d hour", "%(count)d hours", hours) % {"count": hours},
        minutes and ngettext("%(count)d minute", "%(count)d minutes", minutes) % {"count": minutes},
        seconds and ngettext("%(count)d second", "%(count)d seconds", seconds) % {"count": seconds},
    )
    return " ".join(part for part in said if part)


def country(code: str, language: str) -> str:
    """Return the name of a country, or its code when the catalogues do not know it."""
    name = COUNTRIES.get(code.upper())
    return gettext_for(language)(name) if name else code.upper()
