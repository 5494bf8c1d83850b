"""What the law of a site makes its policy say: the grounds of processing, and what holds for data that is passed on.

The starter text is one for every law; what laws see differently stands here, in the words of one language.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from consentgw.http.languages import gettext_for, sentence

if TYPE_CHECKING:
    from consentgw.law.profiles import Rules
    from consentgw.sites.model import Site

_INTERESTS = frozenset({"eu", "uk", "br"})
"""Laws that know legitimate interests as a ground, and safeguards for transfers instead of consent to them."""
_CONSENT = sentence(
    "your consent (for example, when you subscribe to news); analytics and marketing rest on consent alone;"
)
_CONTRACT = {
    True: sentence("a contract: if you are our client, the data needed to conclude and perform it;"),
    False: sentence(
        "a contract: if you are our client, the data needed to conclude and perform it; where this too needs consent,"
        " we ask for it when the contract is concluded;"
    ),
}
_SECURITY = {
    True: sentence(
        "legitimate interests: protection against fraud and failures, with only the technical data that the security"
        " of the Site cannot do without, never used for analytics or advertising; you may object to it;"
    ),
    False: sentence(
        "protection against fraud and failures: only the technical data that the security of the Site cannot do"
        " without, never used for analytics or advertising;"
    ),
}


def grounds(rules: Rules, language: str) -> str:
    """Return the grounds on which data is processed, as a list."""
    _ = gettext_for(language)
    duty = _("the requirements of the legislation of %(country)s.") % {"country": rules.territory[language]}
    known = rules.profile in _INTERESTS
    contract = _CONTRACT[rules.profile != "kz"]
    return "\n".join(f"- {ground}" for ground in (_(_CONSENT), _(contract), _(_SECURITY[known]), duty))


def transfers(site: Site, rules: Rules, language: str) -> str:
    """Return what holds for data that services receive, beyond the consent without which they receive none."""
    _ = gettext_for(language)
    if rules.signals.gpc == "opt_out":
        said = _(
            "What advertising services receive after you have agreed may count as sharing or sale of your data: the"
            " page “%(page)s” ends it in one step."
        )
        title = _("Do Not Sell or Share My Personal Information")
        return said % {"page": f"[{title}](/sites/{site.slug}/do-not-sell?lang={language})"}
    if rules.profile in _INTERESTS:
        return _(
            "Data that leaves the reach of this law is protected by the safeguards it asks for, such as an adequacy"
            " decision or standard contractual clauses: write to us, and we tell you which."
        )
    return _("By agreeing to analytics or marketing you also agree to this transfer to the services of that category.")


def operator_number(registration: str, rules: Rules, language: str) -> str:
    """Return the operator's number with what it is called, empty where there is none."""
    _ = gettext_for(language)
    if not registration:
        return ""
    said = _("BIN %(number)s") if rules.profile == "kz" else _("registration number %(number)s")
    return said % {"number": registration}
