"""Vendor presets: what is known of the usual vendors, so that a tag needs no more than an id.

Facts with their standing, not promises: for each address whether the vendor documents it, for each cookie
whether its lifetime was read in the vendor's documents.
"""

from __future__ import annotations

import re
import tomllib
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Literal
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict, Field

from consentgw.errors import Malformed
from consentgw.notices.model import Cookie, Kind

if TYPE_CHECKING:
    from collections.abc import Mapping

_PLACE = re.compile(r"(?<!\$)\{([a-z]+)\}")
KINDS = {"script": Kind.SCRIPT, "image": Kind.IMAGE, "frame": Kind.FRAME}
"""The kinds of element by the name a file gives them."""


class Status(StrEnum):
    """How well an address is known."""

    DOCUMENTED = "documented"
    SEEN_IN_VENDOR_NOSCRIPT = "seen_in_vendor_noscript"
    UNDOCUMENTED = "undocumented"
    SERVER_SIDE_ONLY = "server_side_only"


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Parameter(_Part):
    """What a site has to say, and the form it has."""

    pattern: str
    example: str
    means: str


class Template(_Part):
    """One way to load the vendor."""

    kind: Literal["script", "image", "frame", "server"]
    address: str = ""
    status: Status
    note: str


class PresetCookie(_Part):
    """A cookie the vendor sets."""

    name: str
    days: float = Field(ge=0)
    party: Literal["first", "third"]
    documented: bool


class Preset(_Part):
    """Everything known of a vendor."""

    vendor: str
    purposes: tuple[str, ...] = Field(min_length=1)
    country: str | None = None
    """None where only the site knows."""
    cookies: tuple[PresetCookie, ...] | None = None
    """None where nobody made sure."""
    templates: tuple[Template, ...] = Field(min_length=1)
    id: Parameter
    host: Parameter | None = None
    label: Parameter | None = None

    @property
    def parameters(self) -> dict[str, Parameter]:
        """Return what a site says of it, by name."""
        known = {"id": self.id, "host": self.host, "label": self.label}
        return {name: parameter for name, parameter in known.items() if parameter}

    def filled(self, said: Mapping[str, str]) -> Filled:
        """Return the addresses and cookies for what a site says.

        Raises:
            Malformed: a parameter is missing, too many or not of its form.
        """
        if strange := set(said) - set(self.parameters):
            raise Malformed(f"takes no {', '.join(sorted(strange))}, only {', '.join(self.parameters)}")
        values: dict[str, str] = {}
        for name, parameter in self.parameters.items():
            if name not in said:
                raise Malformed(f'needs its {name}, the {parameter.means}, such as "{parameter.example}"')
            found = re.fullmatch(parameter.pattern, said[name], re.ASCII)
            if found is None:
                raise Malformed(f'{name} is the {parameter.means}, such as "{parameter.example}", not {said[name]!r}')
            values |= {name: said[name], **found.groupdict()}
        return Filled(self, values)


class Filled:
    """A preset with a site's own id in its places."""

    def __init__(self, preset: Preset, values: Mapping[str, str]) -> None:
        self._preset, self._values = preset, values

    def addresses(self) -> dict[Kind, str]:
        """Return the vendor's addresses by kind of element; none where only servers talk to it."""
        return {
            KINDS[template.kind]: self._at(template.address)
            for template in self._preset.templates
            if template.kind != "server"
        }

    def cookies(self) -> tuple[Cookie, ...] | None:
        """Return the cookies, None where nobody made sure which there are."""
        if self._preset.cookies is None:
            return None
        return tuple(
            Cookie(self._at(cookie.name), round(cookie.days * 86_400), cookie.party) for cookie in self._preset.cookies
        )

    def _at(self, template: str) -> str:
        return _PLACE.sub(lambda match: quote(self._values[match[1]], safe=""), template)


@cache
def presets() -> Mapping[str, Preset]:
    """Return every preset by its name."""
    read = tomllib.loads((files("consentgw.configuration") / "presets.toml").read_text("utf-8"))
    return {name: Preset.model_validate(said) for name, said in read.items()}


def preset(name: str) -> Preset:
    """Return a preset.

    Raises:
        Malformed: there is none of this name; for Google Tag Manager the message says why.
    """
    if found := presets().get(name):
        return found
    if name in {"gtm", "google-tag-manager"}:
        raise Malformed("Google Tag Manager has no preset: it loads vendors that no file names; write a tag for each")
    raise Malformed(f"there is no preset {name!r}; there are {', '.join(presets())}")
