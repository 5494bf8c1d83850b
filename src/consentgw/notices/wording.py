"""The words we offer: the usual purposes and the buttons, in every language of the gateway."""

from __future__ import annotations

from consentgw.http.languages import NAMES, gettext_for, sentence
from consentgw.notices.model import NECESSARY, Basis, Purpose, Wording

BUTTONS = (sentence("Accept all"), sentence("Reject all"), sentence("Save choice"))
"""The words on the buttons of every question, in the order shown."""

USUAL = {
    NECESSARY: (
        sentence("Necessary"),
        sentence("Keep the site working and safe, and remember the answer you give here."),
    ),
    "analytics": (
        sentence("Analytics"),
        sentence("Count visits and see which pages are read, so that the site can be improved."),
    ),
    "marketing": (
        sentence("Marketing"),
        sentence("Measure advertising and show you advertising on other sites that fits what you looked at here."),
    ),
}
"""Title and sentence of the purposes nearly every site has."""


def buttons(language: str) -> tuple[str, ...]:
    """Return the words on the buttons in a language."""
    _ = gettext_for(language)
    return tuple(_(text) for text in BUTTONS)


def usual(key: str) -> Purpose:
    """Return one of the purposes nearly every site has: ``necessary``, ``analytics`` or ``marketing``.

    Raises:
        KeyError: there is no usual purpose of that name.
    """
    title, line = USUAL[key]
    basis = Basis.NECESSARY if key == NECESSARY else Basis.CONSENT
    words = {language: Wording(gettext_for(language)(title), gettext_for(language)(line)) for language in NAMES}
    return Purpose(key, basis, words)
