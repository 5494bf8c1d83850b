"""The pages of the desk's door."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from consentgw.http.languages import LANGUAGES
from consentgw.http.pages import Page

if TYPE_CHECKING:
    from markupsafe import Markup

    from consentgw.operators.model import Operator


@dataclass(frozen=True, slots=True, kw_only=True)
class DoorView(Page):
    """A page of the desk before somebody is signed in."""

    languages: tuple[str, ...] = LANGUAGES
    token: str = ""
    refused: bool = False
    """Whether what was sent last did not count."""
    elsewhere: bool = False
    """Whether the house has an identity provider."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInView(DoorView):
    """Signing in."""

    template: ClassVar[str] = "desk/sign_in.html"
    login: str = ""
    next: str = ""
    """Where to go on to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProveView(DoorView):
    """Saying once more who one is."""

    template: ClassVar[str] = "desk/prove.html"
    operator: Operator
    next: str

    @property
    def about_people(self) -> bool:
        """Return whether what comes next is who works here, and not data about who asked."""
        return self.next.startswith("/desk/people")


@dataclass(frozen=True, slots=True, kw_only=True)
class JoinView(DoorView):
    """Taking an invitation up."""

    template: ClassVar[str] = "desk/join.html"
    operator: Operator
    invitation: str
    picture: Markup
    """The authenticator's secret as a QR code."""
    secret: str
    """The same in letters and digits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UsedView(Page):
    """An invitation that lets nobody in any more."""

    template: ClassVar[str] = "desk/used.html"
    languages: tuple[str, ...] = LANGUAGES


@dataclass(frozen=True, slots=True, kw_only=True)
class JoinedView(Page):
    """What somebody keeps who has just joined."""

    template: ClassVar[str] = "desk/joined.html"
    recovery_codes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ArrivedView(Page):
    """A step on our own ground after the provider's: browsers send no strict cookie on the way back from there."""

    template: ClassVar[str] = "desk/arrived.html"
