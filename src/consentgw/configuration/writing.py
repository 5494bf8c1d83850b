"""From what a site is to the files that say it: what :mod:`consentgw.configuration.reading` reads back."""

from __future__ import annotations

import json
from itertools import chain
from typing import TYPE_CHECKING

from consentgw.configuration.presets import KINDS
from consentgw.notices.wording import USUAL, usual
from consentgw.sites.inventory import usual_data, usual_retention

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from consentgw.configuration.model import Configuration, Statement
    from consentgw.notices.model import Purpose, Tag, Wording
    from consentgw.sites.inventory import DataItem, Retention, Words
    from consentgw.sites.model import Site
    from consentgw.sites.processors import Processor

_DAY = 86_400


def site_file(configuration: Configuration) -> str:
    """Return the text of ``site.toml``."""
    parts = _site(configuration), _processors(configuration.site.processors), _tags(configuration.tags)
    return "\n".join((*chain.from_iterable(parts), ""))


def change_file(statement: Statement) -> str:
    """Return the text of ``change.toml``."""
    lines = [f"change = {_text(statement.change.value)}"]
    if statement.effective_from:
        lines.append(f"effective_from = {statement.effective_from.isoformat()}")
    if statement.reasons:
        lines += ["", "[reasons]", *(f"{name} = {_text(reason)}" for name, reason in statement.reasons.items())]
    return "\n".join((*lines, ""))


def _site(configuration: Configuration) -> Iterator[str]:
    site = configuration.site
    yield f"slug = {_text(site.slug)}"
    yield f"name = {_text(site.name)}"
    yield f"origins = {_texts(sorted(site.origins))}"
    yield f"languages = {_texts(site.languages)}"
    yield f"profile = {_text(site.profile)}"
    yield f"style = {_text(site.style.value)}"
    yield f"validity_days = {site.validity.days}"
    if site.first_party:
        yield f"first_party = {_texts(sorted(site.first_party))}"
    if site.shares_consent_with:
        yield f"shares_consent_with = {_texts(sorted(site.shares_consent_with))}"
    yield from _list("purposes", (_purpose(purpose) for purpose in configuration.purposes))
    yield from _list("data", (_data(item) for item in site.data))
    yield from _list("retention", (_retention(kind) for kind in site.retention))
    yield from _operator(site)
    if authority := site.authority:
        yield from ("", "[authority]")
        yield f"name = {{ {', '.join(f'{name} = {_text(said)}' for name, said in authority.name.items())} }}"
        if authority.link:
            yield f"link = {_text(authority.link)}"
        yield f"checked_on = {authority.checked_on.isoformat()}"
    if site.returns:
        yield from ("", "[returns]", *(f"{name} = {_text(address)}" for name, address in site.returns.items()))
    yield from ("", "[looks]")
    yield f"accent = {_text(site.looks.accent)}"
    yield f"accent_dark = {_text(site.looks.accent_dark)}"
    yield f"corner = {_text(site.looks.corner)}"


def _operator(site: Site) -> Iterator[str]:
    yield from ("", "[operator]")
    for name in ("name", "registration", "address", "email"):
        yield f"{name} = {_text(getattr(site.operator, name))}"
    for language, called in site.called.items():
        yield from ("", f"[operator.{language}]", f"name = {_text(called.name)}", f"address = {_text(called.address)}")


def _processors(processors: Iterable[Processor]) -> Iterator[str]:
    for one in processors:
        yield from ("", "[[processors]]", f"key = {_text(one.key)}", *_wording(one.wording))
        yield f"types = {_texts(sorted(one.types))}"
        yield f"given = {_texts(sorted(one.given))}"
        yield f"days = {one.days}"


def _tags(tags: Iterable[Tag]) -> Iterator[str]:
    names = {kind: name for name, kind in KINDS.items()}
    for tag in tags:
        yield from ("", "[[tags]]")
        yield f"name = {_text(tag.name)}"
        yield f"vendor = {_text(tag.vendor)}"
        yield f"purposes = {_texts(sorted(tag.purposes))}"
        yield f"country = {_text(tag.country)}"
        for kind, address in tag.addresses.items():
            yield f"{names[kind]} = {_text(address)}"
        if not tag.addresses:
            yield "server = true"
        yield from _list(
            "cookies",
            (
                f"{{ name = {_text(cookie.name)}, days = {_number(cookie.lifetime_seconds / _DAY)},"
                f" party = {_text(cookie.party)} }}"
                for cookie in tag.cookies
            ),
        )


def _purpose(purpose: Purpose) -> str:
    if purpose.key in USUAL and purpose == usual(purpose.key):
        return _text(purpose.key)
    return _table(f"key = {_text(purpose.key)}", f"basis = {_text(purpose.basis.value)}", *_wording(purpose.wording))


def _data(item: DataItem) -> str:
    if item in usual_data():
        return _text(item.key)
    required = "true" if item.required else "false"
    rest = (f"purposes = {_texts(sorted(item.purposes))}", f"required = {required}")
    return _table(f"key = {_text(item.key)}", *rest, *_wording(item.wording))


def _retention(kind: Retention) -> str:
    if kind in usual_retention():
        return _text(kind.key)
    return _table(f"key = {_text(kind.key)}", f"days = {kind.period_days}", *_wording(kind.wording))


def _wording(wording: Mapping[str, Wording] | Mapping[str, Words]) -> Iterator[str]:
    for language, words in wording.items():
        yield f"{language} = {{ title = {_text(words.title)}, sentence = {_text(words.sentence)} }}"


def _table(*pairs: str) -> str:
    return f"{{ {', '.join(pairs)} }}"


def _list(name: str, values: Iterable[str]) -> Iterator[str]:
    listed = list(values)
    if all(value.startswith('"') for value in listed):
        yield f"{name} = [{', '.join(listed)}]"
    else:
        yield from (f"{name} = [", *(f"  {value}," for value in listed), "]")


def _texts(values: Iterable[str]) -> str:
    return f"[{', '.join(map(_text, values))}]"


def _text(value: str) -> str:
    """Return a TOML string. JSON writes the same, but for the one control character that TOML escapes and JSON not."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007F")


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(value)
