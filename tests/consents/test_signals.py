"""What a browser says by itself: Global Privacy Control, and Advanced Data Protection Control where it is let."""

from __future__ import annotations

import json
import re
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request

from consentgw.consents.adpc import Statement, read
from consentgw.http.origins import provenance
from tests.consents.visits import answer, answered, change, configure, released, showing, visiting
from tests.gateway import NEWS, ledger, rows

pytestmark = pytest.mark.anyio

SIGNALLED = {"kk": "бақыламауды сұрайды", "ru": "просит не отслеживать", "en": "asks not to be tracked"}
OPT_OUT = {"kk": "Дербес деректерімді сатпаңыз", "ru": "Не продавать мои", "en": "Do Not Sell"}
LAWS = pytest.mark.parametrize("profile", ["kz", "eu", "uk", "us-ca"])


def sent(*lines: tuple[bytes, bytes]):
    """Return what a request with these header lines says."""
    return provenance(Request({"type": "http", "headers": list(lines)}))


@pytest.mark.parametrize(
    ("lines", "on"),
    [
        ([], False),
        (["1"], True),
        (["0"], False),
        (["true"], False),
        ([""], False),
        (["1 "], False),
        (["11"], False),
        (["1;q=1"], False),
        (['"1"'], False),
        (["?1"], False),
        (["١"], False),
        (["1", "0"], True),
        (["0", "1"], True),
        (["0", "0"], False),
        (["0, 1"], True),
        (["1,0"], True),
        (["1\t, x"], True),
        (["01, 10"], False),
        ([","], False),
        (["", "1"], True),
    ],
)
def test_the_signal_is_exactly_one_and_once_is_enough_however_proxies_joined_it(lines, on):
    assert sent(*((b"sec-gpc", line.encode()) for line in lines)).gpc is on


@LAWS
async def test_the_signal_keeps_everything_off_without_a_question_and_says_so(seeded_sqlite, profile):
    change(seeded_sqlite, configure, profile=profile)
    async with visiting(seeded_sqlite, gpc=True) as dana:
        before = rows(seeded_sqlite)
        for language, words in (
            ("kk", "бақыламауды сұрайды"),
            ("ru", "просит не отслеживать"),
            ("en", "asks not to be tracked"),
        ):
            page = await dana.frame(f"/embed/news?lang={language}", NEWS)
            full = await dana.open(f"/consent/news?lang={language}")
            assert words in page.text
            assert words in full.text
        assert await showing(dana) == "signal"
        assert await released(dana) == set()
        assert rows(seeded_sqlite) == before, "a signal is applied and never recorded"
        assert dana.set_cookies == []


async def test_answers_that_differ_by_a_signal_say_so(bolat):
    for path in ("/embed/news", "/embed/news/style.css", "/release/news/ga.gif", "/release/news", "/consent/news"):
        vary = (await bolat.load(path, "iframe", NEWS)).headers["vary"].split(", ")
        assert {"Cookie", "Sec-GPC"} <= set(vary)


CONFLICTS = [
    ("kz", False, {"ga", "pixel"}, "What you allowed here is stronger"),
    ("kz", True, {"ga", "pixel"}, "What you allowed here is stronger"),
    ("eu", False, {"ga", "pixel"}, "What you allowed here is stronger"),
    ("us-ca", False, {"ga"}, "Marketing stays off although you allowed it earlier"),
    ("us-ca", True, {"ga", "pixel"}, "What you allowed here is stronger"),
]


@pytest.mark.parametrize(("profile", "signal_then", "loads", "words"), CONFLICTS)
async def test_a_yes_and_a_signal_that_contradict_each_other_are_weighed_by_the_law_and_shown(
    seeded, profile, signal_then, loads, words
):
    change(seeded, configure, profile=profile)
    async with visiting(seeded, gpc=signal_then) as dana:
        await answer(dana, method="accept_all")
        dana.gpc = True

        assert await released(dana) == loads
        assert await showing(dana) == "decided"
        page = await dana.frame("/embed/news", NEWS)
        assert words in page.text
        assert page.form("save").ticked == ({"analytics"} if loads == {"ga"} else {"analytics", "marketing"})
        dana.gpc = False
        assert await released(dana) == {"ga", "pixel"}, "without the signal the answer stands as it was given"


async def test_by_law_a_signal_can_be_overruled_on_our_own_form_and_only_there(seeded):
    change(seeded, configure, profile="us-ca")
    async with visiting(seeded) as dana:
        await answer(dana, method="accept_all")
        dana.gpc = True
        page = await dana.frame("/embed/news", NEWS)

        await page.press("save", tick=["analytics", "marketing"])

        assert await released(dana) == {"ga", "pixel"}
        assert [kept.receipt.evidence.gpc for kept in ledger(dana.app)] == [False, True]


async def test_after_an_answer_has_expired_the_signal_answers_and_nobody_asks(seeded_sqlite):
    jar = await answered(seeded_sqlite, 100, "accept_all")
    async with visiting(seeded_sqlite, jar, gpc=True) as dana:
        assert await showing(dana) == "signal"
        assert await released(dana) == set()


async def test_the_support_resource_is_what_the_draft_asks_for(bolat):
    answer_ = await bolat.open("/.well-known/gpc.json")

    said = answer_.response.json()
    assert answer_.headers["content-type"] == "application/json"
    assert said["gpc"] is True
    assert date.fromisoformat(said["lastUpdate"]) <= datetime.now(UTC).date()
    assert set(said) == {"gpc", "lastUpdate"}


# Do Not Sell or Share: California, 11 CCR 7026(a)(4).


async def test_sale_and_sharing_end_with_one_press_that_asks_for_no_name(seeded):
    change(seeded, configure, profile="us-ca")
    async with visiting(seeded) as dana:
        frame = await answer(dana, method="accept_all")
        receipt = await frame.follow("/receipt/")
        page = await receipt.follow("/do-not-sell")
        form = page.form("save")

        assert "Do Not Sell or Share My Personal Information" in page.text
        assert "Allowed now: Marketing" in page.text
        assert form.boxes == []
        assert {name for name, _ in form.hidden} == {"token", "receipt", "granted"}
        after = await page.press("save")

        assert after.status == 200
        assert await released(dana) == {"ga"}, "on the partner's page too"
        assert ledger(dana.app)[-1].receipt.decision.granted == {"analytics"}
        again = await after.follow("/do-not-sell")
        assert "By your answer, nothing about you is sold or shared." in again.text


async def test_the_full_page_leads_there_where_the_law_asks_for_it_and_elsewhere_there_is_no_such_page(seeded_sqlite):
    async with visiting(seeded_sqlite) as dana:
        assert "do-not-sell" not in (await dana.open("/consent/news")).text
        assert (await dana.open("/sites/news/do-not-sell")).status == 404
    change(seeded_sqlite, configure, profile="us-ca")
    async with visiting(seeded_sqlite) as dana:
        for language, words in (
            ("kk", "Дербес деректерімді сатпаңыз"),
            ("ru", "Не продавать мои"),
            ("en", "Do Not Sell"),
        ):
            page = await (await dana.open(f"/consent/news?lang={language}")).follow("/do-not-sell")
            assert words in page.text
        assert len(ledger(dana.app)) == 0
        done = await page.press("save")
        assert done.status == 200
        assert ledger(dana.app)[-1].receipt.decision.refused == {"analytics", "marketing"}


# Advanced Data Protection Control.


@pytest.fixture
def listening(seeded_sqlite):
    """Settings under which browsers may answer by themselves."""
    return seeded_sqlite.model_copy(update={"adpc": True})


@pytest.mark.parametrize(
    ("header", "statement"),
    [
        ("withdraw=*", Statement(withdraw=frozenset("*"))),
        ("object=direct-marketing", Statement(object=frozenset({"direct-marketing"}))),
        ('consent="a.1 b.1"', Statement(consent=frozenset({"a.1", "b.1"}))),
        ("consent=a.1", Statement(consent=frozenset({"a.1"}))),
        ('withdraw=*, consent="a.1"', Statement(withdraw=frozenset("*"), consent=frozenset({"a.1"}))),
        ('consent="a.1",consent="b.1"', Statement(consent=frozenset({"a.1", "b.1"}))),
        (' withdraw="a.1" ,\tobject=* ', Statement(withdraw=frozenset({"a.1"}), object=frozenset("*"))),
        ('consent=""', Statement()),
        ("", None),
        ("consent=*", None),
        ('consent="* a.1"', None),
        ("consent", None),
        ("consent=", None),
        ('consent="a.1', None),
        ('consent="a.1" x', None),
        ("consent='a.1'", None),
        ("Consent=a.1", None),
        ('consent="a.1", deny=*', None),
        ('consent="a.1";q=1', None),
        ('consent="a\\"b"', None),
        ("withdraw=*, " * 2_000, None),
        ('consent="é"', None),
    ],
)
def test_a_statement_is_read_as_a_whole_or_not_at_all(header, statement):
    assert read(header) == statement


@given(st.text(st.sampled_from('consentwithdraw=*,". \\;') | st.characters(max_codepoint=255)))
def test_nothing_a_browser_sends_consents_to_everything(header):
    statement = read(header)

    assert statement is None or "*" not in statement.consent


def identifiers(app, *keys, language="en"):
    """Return what a browser names these purposes by."""
    digest = app.catalogue.offer("news").notices[language].digest
    return " ".join(f"{key}.{digest}" for key in keys)


ANSWERS = [
    ('consent="{analytics}"', {"ga"}, "signal"),
    ('consent="{analytics} {marketing}"', {"ga", "pixel"}, "signal"),
    ('withdraw=*, consent="{analytics}"', {"ga"}, "signal"),
    ('consent="{analytics}", withdraw="{analytics}"', set(), "signal"),
    ('object=direct-marketing, consent="{analytics} {marketing}"', {"ga"}, "signal"),
    ("withdraw=*", set(), "signal"),
    ("object=direct-marketing", set(), "signal"),
    ('consent="analytics"', set(), "asks"),
    ("consent=*", set(), "asks"),
    ('consent="{analytics}", deny=*', set(), "asks"),
    ('consent="necessary.x"', set(), "asks"),
]


@pytest.mark.parametrize(("header", "loads", "shown"), ANSWERS)
async def test_a_browser_s_own_answer_is_applied_to_its_request_and_never_recorded(listening, header, loads, shown):
    async with visiting(listening) as bolat:
        names = {key: identifiers(bolat.app, key) for key in ("analytics", "marketing")}
        before = rows(listening)

        async def load(path, destination):
            return await bolat.load(path, destination, NEWS, adpc=header.format(**names))

        files = {"ga": ("/release/news/ga.js", "script"), "pixel": ("/release/news/pixel.gif", "image")}
        assert {tag for tag, file in files.items() if (await load(*file)).status_code == 302} == loads
        assert f"news, {shown} */" in (await load("/embed/news/style.css", "style")).text
        page = await bolat.frame("/embed/news", NEWS, adpc=header.format(**names))
        assert ("Advanced Data Protection Control" in page.text) == (shown == "signal")
        assert rows(listening) == before
        assert bolat.set_cookies == []
        assert await released(bolat) == set(), "the next request says nothing"


async def test_an_answer_of_the_person_s_own_is_stronger_than_the_browser_s(listening):
    async with visiting(listening) as bolat:
        await answer(bolat, method="reject_all")
        header = f'consent="{identifiers(bolat.app, "analytics", "marketing")}"'

        yes = await bolat.load("/release/news/ga.js", "script", NEWS, adpc=header)
        assert yes.status_code == 200
        await answer(bolat, tick=("analytics", "marketing"))
        no = await bolat.load("/release/news/ga.js", "script", NEWS, adpc="withdraw=*")
        assert no.status_code == 302


async def test_both_signals_at_once_release_only_what_neither_speaks_against(listening):
    async with visiting(listening, gpc=True) as bolat:
        header = f'consent="{identifiers(bolat.app, "analytics", "marketing")}"'

        ga = await bolat.load("/release/news/ga.js", "script", NEWS, adpc=header)
        pixel = await bolat.load("/release/news/pixel.gif", "image", NEWS, adpc=header)

        assert (ga.status_code, pixel.status_code) == (302, 200)


async def test_the_full_page_leads_browsers_to_what_is_asked_in_every_language(listening):
    async with visiting(listening) as bolat:
        for language in ("kk", "ru", "en"):
            page = await bolat.open(f"/consent/news?lang={language}")
            address, relation, languages = re.fullmatch(
                r'<(\S+)>; rel="(\S+)"; hreflang="([a-z ]+)"', page.headers["link"]
            ).groups()
            assert (relation, languages) == ("consent-requests", "kk ru en")
            listed = json.loads((await bolat.open(address)).text)["consentRequests"]
            shown = bolat.app.catalogue.offer("news").notices[language]
            assert [each["id"] for each in listed] == identifiers(
                bolat.app, "analytics", "marketing", language=language
            ).split()
            for each, purpose in zip(listed, shown.purposes[1:], strict=True):
                assert each["text"].startswith(shown.words.introduction)
                assert each["text"].endswith(purpose.wording[language].sentence)


async def test_where_it_is_not_let_a_browser_s_own_answer_is_not_heard(embedded, bolat):
    header = f'consent="{identifiers(embedded, "analytics")}"'

    assert (await bolat.load("/release/news/ga.js", "script", NEWS, adpc=header)).status_code == 200
    assert (await bolat.open("/consent/news/requests.json")).status == 404
    assert "link" not in (await bolat.open("/consent/news")).headers
