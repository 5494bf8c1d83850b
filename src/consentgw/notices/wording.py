"""The words we offer: the usual purposes and the buttons, in every language of the gateway."""

from __future__ import annotations

from typing import TYPE_CHECKING

from consentgw.http.languages import NAMES, gettext_for, sentence, translations
from consentgw.notices.model import NECESSARY, Basis, Purpose, Wording, Words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from consentgw.notices.model import Covered

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


def words(
    language: str, *, operator: str, site: str, vendors: int, covers: Sequence[Covered] = (), asks: bool = True
) -> Words:
    """Return what the question says beside its purposes: who asks, on which site, and how many vendors there are.

    With ``covers`` it is asked for all of these sites at once, and says which. Where the site does only what is
    necessary it ``asks`` nothing, and says that.
    """
    _, ngettext = gettext_for(language), translations(language).ngettext
    if not asks:
        introduction = _("%(site)s uses only what it needs to work:")
    elif covers:
        introduction = _(
            "%(operator)s asks for your consent to cookies and similar technologies on these sites: %(sites)s. One"
            " answer counts on all of them, and so does a refusal or a withdrawal. You are asked for these purposes:"
        )
    else:
        introduction = _(
            "%(operator)s asks for your consent to cookies and similar technologies on %(site)s for these purposes:"
        )
    return Words(
        title=_("Optional cookies") if asks else _("Only what is necessary"),
        introduction=introduction % {"operator": operator, "site": site, "sites": ", ".join(map(str, covers))},
        always_on=_("always on"),
        freedom=_("You may refuse, and you can change your mind at any time.")
        if asks
        else _("Nothing of this needs your consent, so there is nothing to answer."),
        vendors=ngettext("%(count)s vendor", "%(count)s vendors", vendors) % {"count": vendors},
        policy=_("Privacy policy"),
        buttons=(_("Accept all"), _("Reject all"), _("Save choice")) if asks else (),
    )


def usual(key: str) -> Purpose:
    """Return one of the purposes nearly every site has: ``necessary``, ``analytics`` or ``marketing``.

    Raises:
        KeyError: there is no usual purpose of that name.
    """
    title, line = USUAL[key]
    basis = Basis.NECESSARY if key == NECESSARY else Basis.CONSENT
    words = {language: Wording(gettext_for(language)(title), gettext_for(language)(line)) for language in NAMES}
    return Purpose(key, basis, words)
