"""A notice is named by what it shows."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from datetime import date

import pytest

from consentgw.errors import Malformed
from consentgw.notices.model import Basis, Cookie, Kind, Notice, Purpose, Wording
from consentgw.notices.wording import usual, words
from consentgw.policies.model import PolicyRef
from tests.notices import story
from tests.policies.shop import SHOP

NOTICE = Notice(
    site="shop",
    language="kk",
    operator=SHOP.operator,
    authority=SHOP.authority_in("kk"),
    purposes=story.PURPOSES,
    tags=story.TAGS,
    policy=PolicyRef("shop-2026-11-24", "0" * 64),
    words=words("kk", operator=SHOP.operator.name, site=SHOP.name, vendors=2),
)


def reworded(**changes):
    """Return the purposes with other words in one language."""
    first, second, third = story.PURPOSES
    return (first, replace(second, wording={**second.wording, **changes}), third)


def test_the_name_is_the_sha_256_of_the_canonical_words():
    written = json.dumps(NOTICE.content(), ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()

    assert NOTICE.canonical() == written
    assert NOTICE.digest == hashlib.sha256(written).hexdigest()


def test_the_same_words_have_the_same_name_however_the_notice_was_built():
    pixel = replace(story.PIXEL, purposes=frozenset({"marketing", "analytics"}))
    liked = replace(story.PIXEL, purposes=frozenset({"analytics", "marketing"}))
    purposes = tuple(replace(one, wording=dict(reversed(one.wording.items()))) for one in story.PURPOSES)

    assert replace(NOTICE, tags=(pixel,)).digest == replace(NOTICE, tags=(liked,), purposes=purposes).digest


@pytest.mark.parametrize(
    "changes",
    [
        {"site": "news"},
        {"language": "ru"},
        *({"operator": replace(SHOP.operator, **{name: "other"})} for name in SHOP.operator.__slots__),
        {"authority": replace(NOTICE.authority, name="Басқа орган")},
        {"authority": replace(NOTICE.authority, link="https://other.example/")},
        {"authority": replace(NOTICE.authority, checked_on=date(2027, 1, 1))},
        {"purposes": story.PURPOSES[:2]},
        {"purposes": tuple(reversed(story.PURPOSES))},
        {"purposes": reworded(kk=Wording("Басқа", "Кірушілерді санау."))},
        {"purposes": (replace(story.PURPOSES[0], basis=Basis.CONSENT), *story.PURPOSES[1:])},
        {"tags": ()},
        {"tags": tuple(reversed(story.TAGS))},
        {"tags": (replace(story.ANALYTICS, name="ga2"),)},
        {"tags": (replace(story.ANALYTICS, vendor="Other"),)},
        {"tags": (replace(story.ANALYTICS, country="IE"),)},
        {"tags": (replace(story.ANALYTICS, purposes=frozenset({"marketing"})),)},
        {"tags": (replace(story.ANALYTICS, cookies=()),)},
        {"tags": (replace(story.ANALYTICS, cookies=(Cookie("_ga", 1, "first"),)),)},
        {"tags": (replace(story.ANALYTICS, cookies=(Cookie("_ga", 63_072_000, "third"),)),)},
        {"policy": PolicyRef("shop-2026-11-25", "0" * 64)},
        {"policy": PolicyRef("shop-2026-11-24", "1" * 64)},
        {"words": replace(NOTICE.words, buttons=("Иә", *NOTICE.buttons[1:]))},
        {"words": replace(NOTICE.words, buttons=tuple(reversed(NOTICE.buttons)))},
        *({"words": replace(NOTICE.words, **{name: "Басқа"})} for name in NOTICE.words.__slots__ if name != "buttons"),
    ],
)
def test_anything_a_person_can_see_changes_the_name(changes):
    assert replace(NOTICE, **changes).digest != NOTICE.digest


def test_what_a_person_does_not_see_leaves_the_name_alone():
    russian = reworded(ru=Wording("Другое", "Другими словами."))
    elsewhere = replace(story.ANALYTICS, addresses={Kind.SCRIPT: "https://www.googletagmanager.com/gtag/js?id=G-2"})

    assert replace(NOTICE, purposes=russian, tags=(elsewhere, story.PIXEL)).digest == NOTICE.digest


def test_only_what_needs_consent_is_asked():
    assert NOTICE.asked == {"analytics", "marketing"}


def test_a_vendor_with_two_tags_is_named_once():
    twice = replace(NOTICE, tags=(*story.TAGS, replace(story.ANALYTICS, name="ga-ads")))

    assert twice.vendors == ("Google Analytics", "Meta Pixel")


def test_a_tag_without_a_purpose_cannot_exist():
    with pytest.raises(Malformed, match="names no purpose"):
        replace(story.PIXEL, purposes=frozenset())


@pytest.mark.parametrize("name", ["", "two words", "a.b", "a+b", "Analytics", "-a", "a" * 33, "ы", "a\n"])
def test_names_that_would_run_together_in_a_cookie_are_refused(name):
    with pytest.raises(Malformed, match="a purpose is named"):
        replace(usual("analytics"), key=name)
    with pytest.raises(Malformed, match="a tag is named"):
        replace(story.PIXEL, name=name)


def test_the_usual_purposes_and_the_buttons_have_words_of_their_own_in_every_language():
    for key in ("necessary", "analytics", "marketing"):
        purpose = usual(key)
        assert isinstance(purpose, Purpose)
        assert len({wording.title for wording in purpose.wording.values()}) == 3
        assert len({wording.sentence for wording in purpose.wording.values()}) == 3
    said = [words(language, operator="Дана", site="Дана", vendors=2) for language in ("kk", "ru", "en")]
    for name in said[0].__slots__:
        assert len({getattr(one, name) for one in said}) == 3
