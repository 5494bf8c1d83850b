"""What operators say again and again, to begin from: in the language of whoever asked."""

from __future__ import annotations

from consentgw.http.languages import gettext_for, sentence

REPLIES = {
    "working": (
        sentence("We are working on it"),
        sentence("We have your request and are working on it. We will answer by the date on this page."),
    ),
    "more": (
        sentence("We need to know more"),
        sentence("To find what you mean we need to know more. Please tell us which data, and from about when."),
    ),
    "nothing": (
        sentence("We hold nothing"),
        sentence("We looked for data about you and found none besides this request itself."),
    ),
    "corrected": (
        sentence("It is corrected"),
        sentence("We have corrected the data as you asked, and told those we had passed it on to."),
    ),
    "blocked": (
        sentence("It is blocked"),
        sentence("We have stopped using the data you named. It stays locked until the question is settled."),
    ),
    "not_proven": (
        sentence("We could not tell that it is you"),
        sentence(
            "We could not make sure that the data is yours, so we cannot give it out. You may ask again, and you may"
            " complain to the authority named on this page."
        ),
    ),
}
"""By key: what it is about, and the words."""


def replies(language: str) -> dict[str, str]:
    """Return what each reply is about, in the operator's language."""
    _ = gettext_for(language)
    return {key: _(about) for key, (about, _words) in REPLIES.items()}


def words(key: str | None, language: str) -> str:
    """Return the words of a reply in the language of whoever asked; nothing for a key we do not know."""
    return gettext_for(language)(REPLIES[key][1]) if key in REPLIES else ""
