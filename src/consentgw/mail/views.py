"""What a letter shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from consentgw.http.pages import View

if TYPE_CHECKING:
    from consentgw.mail.model import Letter


@dataclass(frozen=True, slots=True, kw_only=True)
class LetterView(View):
    """A letter as HTML: the words of the plain text, the link to press, the digits in large print."""

    template: ClassVar[str] = "letter.html"
    letter: Letter
