"""From files to what they say: ``site.toml``, the policy beside it, and folders of sites."""

from __future__ import annotations

import re
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, TypeVar

from consentgw.configuration.countries import check_country
from consentgw.configuration.model import Configuration, Faulty, Source, Statement
from consentgw.configuration.presets import KINDS, preset
from consentgw.configuration.shape import ChangeFile, SiteFile, shaped
from consentgw.errors import Malformed, NotFound
from consentgw.law import profiles
from consentgw.notices.model import Cookie, Kind, Purpose, Tag, Wording
from consentgw.notices.wording import USUAL, usual
from consentgw.sites.inventory import DataItem, Retention, Words, usual_data, usual_retention
from consentgw.sites.model import LANGUAGES, Authority, Called, Looks, Operator, Site, admit, origins
from consentgw.sites.processors import Processor

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Mapping, Sequence
    from pathlib import Path

    from consentgw.configuration import shape

_NAMES = frozenset({"site.toml", "policy", "change.toml", *(f"{language}.md" for language in LANGUAGES)})
LIMIT = 1_048_576
"""Bytes of a file at the most."""
_PLAIN = re.compile(r"http://(?!(?:[a-z0-9-]+\.)*localhost[:/]|127\.0\.0\.1[:/])")
"""How an address begins that is not fetched under encryption, nor from this very machine."""
_K = TypeVar("_K")


def read_folder(folder: Path, day: date | None = None) -> tuple[Source, ...]:
    """Read a folder that holds ``site.toml``, or one whose folders do. The law is that of a day (today).

    Raises:
        Faulty: something cannot be read or says what cannot be; one line for each fault, with its file and place.
    """
    below = sorted(file.parent for file in folder.glob("*/site.toml"))
    single = (folder / "site.toml").is_file()
    found = [folder] if single else below
    places = [folder, *([] if single else sorted(folder.glob("*/"))), *(place / "policy" for place in found)]
    if misspelt := [line for place in places for line in _misspelt(place)]:
        raise Faulty(misspelt)
    if single and below:
        raise Faulty([f"{folder}: there is a site.toml here and one in {below[0].name}: it is one site or several"])
    if not found:
        raise Faulty([f"{folder}: there is no site.toml here, nor in a folder here"])
    sources: list[Source] = []
    faults: list[str] = []
    for place in found:
        try:
            sources.append(read_site(place / "site.toml", place / "policy", day))
        except Faulty as error:
            faults += error.faults
    slugs = [source.slug for source in sources]
    faults += [
        f"{folder}: two folders describe the site {slug!r}" for slug in sorted(set(slugs)) if slugs.count(slug) > 1
    ]
    if faults:
        raise Faulty(faults)
    return tuple(sources)


def _misspelt(folder: Path) -> Iterator[str]:
    """Yield what differs from a name of ours in its capitals alone: it would be passed over in silence."""
    for entry in sorted(folder.glob("*")):
        name = entry.name.lower()
        if entry.name != name and name in _NAMES:
            yield f"{entry}: its name is {name}, in lower case"


def read_site(file: Path, policy: Path | None = None, day: date | None = None) -> Source:
    """Read one site's file, and the folder with its policy where there is one.

    Raises:
        Faulty: as :func:`read_folder`.
    """
    with _in(file):
        configuration = interpret(_text(file), day)
    if policy is None or not policy.is_dir():
        return Source(str(file.parent), configuration)
    drafts = {file.stem: _draft(file) for file in sorted(policy.glob("*.md"))}
    if strange := sorted(set(drafts) - set(LANGUAGES)):
        raise Faulty([f"{policy}: {', '.join(f'{name}.md' for name in strange)} is in no language of ours"])
    statement = policy / "change.toml"
    return Source(
        str(file.parent), configuration, drafts or None, _statement(statement) if statement.exists() else None
    )


def interpret(text: str, day: date | None = None) -> Configuration:
    """Return the configuration that the text of a ``site.toml`` says; the law is that of a day (today).

    Raises:
        Faulty: one line for each fault, with its place.
    """
    return understand(shaped(SiteFile, text), day)


def understand(said: SiteFile, day: date | None = None) -> Configuration:
    """Return the configuration that is said in this shape, in a file or in a call.

    Raises:
        Faulty: as :func:`interpret`.
    """
    try:
        return _configuration(said, day or datetime.now(UTC).date())
    except Faulty:
        raise
    except Malformed as error:
        raise Faulty([str(error)]) from None


def _configuration(said: SiteFile, day: date) -> Configuration:
    purposes = tuple(usual(part) if isinstance(part, str) else _purpose(part) for part in _ours(said.purposes, USUAL))
    tags = tuple(_tag(part, f"tags[{number}]") for number, part in enumerate(said.tags, 1))
    operator = said.operator
    site = Site(
        slug=said.slug,
        name=said.name,
        operator=Operator(operator.name, operator.registration, operator.address, operator.email),
        origins=origins(said.origins),
        languages=tuple(said.languages),
        profile=said.profile,
        style=said.style,
        looks=Looks(**said.looks.model_dump(exclude_none=True)),
        validity=timedelta(days=said.validity_days or _validity(said.profile, day)),
        called={
            language: Called(called.name or operator.name, called.address or operator.address)
            for language, called in (("kk", operator.kk), ("ru", operator.ru), ("en", operator.en))
            if called
        },
        authority=said.authority and _authority(said.authority, day),
        data=_data(said, frozenset(purpose.key for purpose in purposes)),
        retention=_retention(said),
        returns=dict(sorted(said.returns.items())),
        first_party=frozenset(said.first_party),
        processors=tuple(_processor(part, f"processors[{number}]") for number, part in enumerate(said.processors, 1)),
        shares_consent_with=frozenset(said.shares_consent_with),
    )
    admit(site, day)
    return Configuration(site, purposes, tags)


def _ours(parts: Sequence[_K], known: Mapping[str, object]) -> Sequence[_K]:
    for part in parts:
        if isinstance(part, str) and part not in known:
            raise Malformed(f"purposes: {part!r} has no words of ours; write a table with a title and a sentence")
    return parts


def _validity(profile: str, day: date) -> int:
    try:
        return profiles.profile(profile).on(day).validity.days
    except NotFound as error:
        raise Malformed(f"profile: {error}") from None


def _authority(said: shape.Authority, day: date) -> Authority:
    if said.checked_on > day + timedelta(days=1):  # the day is that of UTC, and the person's may be the next
        raise Malformed(f"authority.checked_on: nobody has made sure on {said.checked_on} yet")
    return Authority({**said.name}, said.link, said.checked_on)


def _purpose(part: shape.Purpose) -> Purpose:
    return Purpose(
        part.key,
        part.basis,
        {language: Wording(words.title, words.sentence) for language, words in part.words().items()},
    )


def _data(said: SiteFile, purposes: frozenset[str]) -> tuple[DataItem, ...]:
    known = {item.key: item for item in usual_data()}
    if said.data is None:  # all the usual data, but none that only a purpose this site does not have would need
        return tuple(item for item in known.values() if item.purposes <= purposes)
    items = tuple(
        _known("data", part, known)
        if isinstance(part, str)
        else DataItem(part.key, _words(part), frozenset(part.purposes), part.required)
        for part in said.data
    )
    for item in items:
        if strange := item.purposes - purposes:
            raise Malformed(f"data: {item.key} is for {', '.join(sorted(strange))}, no purpose of the site")
    return items


def _retention(said: SiteFile) -> tuple[Retention, ...]:
    known = {kind.key: kind for kind in usual_retention()}
    if said.retention is None:
        return tuple(known.values())
    return tuple(
        _known("retention", part, known) if isinstance(part, str) else _kind(part, known) for part in said.retention
    )


def _kind(part: shape.Retention, known: Mapping[str, Retention]) -> Retention:
    """Return a kind of record in the file's words; one of ours may state another period and no words."""
    wording = _words(part)
    if not wording and part.key in known:
        return replace(known[part.key], period_days=part.days)
    return Retention(part.key, wording, part.days)


def _processor(part: shape.Processor, place: str) -> Processor:
    with _in(place):
        return Processor(part.key, _words(part), frozenset(part.types), frozenset(part.given), part.days)


def _known(place: str, key: str, known: Mapping[str, _K]) -> _K:
    if key not in known:
        raise Malformed(f"{place}: {key!r} has no words of ours; write a table with them. Ours are {', '.join(known)}")
    return known[key]


def _words(part: shape.Worded) -> dict[str, Words]:
    return {language: Words(words.title, words.sentence) for language, words in part.words().items()}


def _tag(part: shape.TagShape, place: str) -> Tag:
    with _in(f"{place} ({part.name or part.preset or part.vendor or 'no name'})"):
        own = {kind: address for name, kind in KINDS.items() if (address := getattr(part, name))}
        if open_ := [address for address in own.values() if _PLAIN.match(address)]:
            raise Malformed(f"browsers load nothing by http on a page that came by https: write https, not {open_[0]}")
        if part.server and own:
            raise Malformed("a tag with server = true is loaded by no element: it has no script, image or frame")
        if part.preset is None:
            return _whole_tag(part, own)
        known = preset(part.preset)
        said = {name: value for name in ("id", "host", "label") if (value := getattr(part, name)) is not None}
        filled = known.filled(said)
        cookies = filled.cookies() if part.cookies is None else _cookies(part.cookies)
        if cookies is None:
            raise Malformed(
                f"nobody made sure which cookies {known.vendor} sets: look at your browser and write cookies"
            )
        country = part.country or known.country
        if country is None:
            raise Malformed(f"country is missing: only you know where your {known.vendor} keeps its data")
        return Tag(
            name=part.name or part.preset,
            vendor=part.vendor or known.vendor,
            purposes=frozenset(part.purposes or known.purposes),
            addresses={} if part.server else filled.addresses() | own,
            country=check_country(country),
            cookies=cookies,
        )


def _whole_tag(part: shape.TagShape, addresses: Mapping[Kind, str]) -> Tag:
    if strange := [name for name in ("id", "host", "label") if getattr(part, name) is not None]:
        raise Malformed(f"{', '.join(strange)} is for a preset, and there is none")
    if missing := [name for name in ("name", "vendor", "purposes", "country") if getattr(part, name) is None]:
        raise Malformed(f"{', '.join(missing)} is missing, and there is no preset to know it")
    if not addresses and not part.server:
        raise Malformed("there is no script, image or frame; write server = true if only servers talk to the vendor")
    return Tag(
        name=part.name or "",
        vendor=part.vendor or "",
        purposes=frozenset(part.purposes or ()),
        addresses=addresses,
        country=check_country(part.country or ""),
        cookies=_cookies(part.cookies or ()),
    )


def _cookies(said: Sequence[shape.Cookie]) -> tuple[Cookie, ...]:
    return tuple(Cookie(cookie.name, round(cookie.days * 86_400), cookie.party) for cookie in said)


def _statement(file: Path) -> Statement:
    with _in(file):
        said = shaped(ChangeFile, _text(file))
        return Statement(said.change, {**said.reasons}, said.effective_from, left=True)


def _draft(file: Path) -> str:
    with _in(file):
        return _text(file)


def _text(file: Path) -> str:
    try:
        content = file.read_bytes()
        if len(content) > LIMIT:
            raise Malformed(f"it has more than {LIMIT} bytes")
        return content.decode("utf-8-sig").replace("\r\n", "\n")
    except OSError as error:
        raise Malformed(f"cannot be read: {error.strerror or error}") from None
    except UnicodeDecodeError:
        raise Malformed("is no UTF-8 text") from None


@contextmanager
def _in(place: object) -> Generator[None]:
    """Say in every fault where it is."""
    try:
        yield
    except Faulty as error:
        raise Faulty(f"{place}: {fault}" for fault in error.faults) from None
    except Malformed as error:
        raise Faulty([f"{place}: {error}"]) from None
