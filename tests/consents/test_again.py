"""Asking again: only for a reason, with the reason, and with the earlier answer kept."""

from __future__ import annotations

import asyncio
import hashlib
import html
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from consentgw.notices import service
from consentgw.policies.model import Change
from tests.conftest import Clock
from tests.consents.visits import (
    MAP,
    MAPS,
    ORIGIN,
    answer,
    answered,
    change,
    configure,
    released,
    showing,
    visiting,
)
from tests.gateway import NEWS, PURPOSES, REASONS, SHOP, TAGS, ledger, publish

pytestmark = pytest.mark.anyio

EDITORIAL = {language: f"A comma ({language})." for language in ("kk", "ru", "en")}
TITLES = {"kk": "Қайта жауап беруіңізді сұраймыз", "ru": "Пожалуйста, ответьте ещё раз", "en": "Please answer again"}
NOTHING = {"kk": "Тек қажеттісі", "ru": "Только необходимое", "en": "Only what is necessary"}

both_styles = pytest.mark.parametrize("slug", ["shop", "news"])


@both_styles
async def test_an_editorial_version_bothers_nobody_and_a_material_one_asks_with_its_reason(seeded, slug):
    async with visiting(seeded) as aigerim:
        first = await answer(aigerim, slug)
        receipt = first.link("/receipt/")
        policy = await aigerim.open((await aigerim.open(receipt)).link("/policy/"))
        notice = await (await aigerim.open(receipt)).follow("/notice/")
        assert await released(aigerim, slug) == {"ga"}

    change(seeded, publish, "We keep what is needed!", change=Change.EDITORIAL, reasons=EDITORIAL)
    async with visiting(seeded, aigerim.jar) as aigerim:
        assert await showing(aigerim, slug) == "decided"
        assert await released(aigerim, slug) == {"ga"}
        assert "Your choice" in (await aigerim.frame(f"/embed/{slug}", ORIGIN[slug])).text

    change(seeded, publish, "We keep more than before.", reasons=REASONS)
    async with visiting(seeded, aigerim.jar) as aigerim:
        assert await showing(aigerim, slug) == "framed"
        assert await released(aigerim, slug) == set()
        for language, reason in REASONS.items():
            page = await aigerim.frame(f"/embed/{slug}?lang={language}", ORIGIN[slug])
            assert TITLES[language] in page.text
            assert reason in page.text
            assert EDITORIAL[language] not in page.text
            assert page.form("accept_all").ticked == set()
            assert receipt.partition("?")[0] in page.link("/receipt/")
        assert await released(aigerim, slug) == set(), "looking at the question answers nothing"

        await answer(aigerim, slug, "accept_all")
        assert await released(aigerim, slug) == {"ga", "pixel"}
        assert await showing(aigerim, slug) == "decided"
        early, late = ledger(aigerim.app)
        assert late.receipt.previous == early.receipt.id
        assert early.receipt.policy.version != late.receipt.policy.version

        kept = await aigerim.open(receipt)
        assert "You answered again later" in kept.text
        assert (await kept.follow("/notice/")).text == notice.text
        now = await aigerim.open(kept.link("/policy/"))
        assert "We keep what is needed." in now.text
        assert "We keep what is needed." in policy.text


@both_styles
async def test_a_new_purpose_is_asked_about_while_earlier_answers_go_on(seeded, slug):
    async with visiting(seeded) as aigerim:
        await answer(aigerim, slug)

    change(seeded, configure, (*PURPOSES, MAPS), (*TAGS, MAP))
    async with visiting(seeded, aigerim.jar) as aigerim:
        assert await showing(aigerim, slug) == "framed"
        assert await released(aigerim, slug) == {"ga"}, "the tag of the new purpose waits, the others go on"
        for language in ("kk", "ru", "en"):
            page = await aigerim.frame(f"/embed/{slug}?lang={language}", ORIGIN[slug])
            assert f": Maps-{language}</li>" in page.text
            assert page.form("save").ticked == set()
        assert page.text.count("Your earlier answer") == 2
        assert "That answer still holds" in page.text

        await page.press("save", tick=["analytics", "maps"])
        assert await released(aigerim, slug) == {"ga", "map"}
        assert await showing(aigerim, slug) == "decided"


async def test_who_refused_is_asked_about_a_new_purpose_too_and_nothing_else_changes(seeded):
    async with visiting(seeded) as aigerim:
        await answer(aigerim, method="reject_all")

    change(seeded, configure, (*PURPOSES, MAPS), (*TAGS, MAP))
    async with visiting(seeded, aigerim.jar) as aigerim:
        assert await showing(aigerim) == "framed"
        assert await released(aigerim) == set()


async def test_a_new_recipient_is_named_where_no_policy_gives_a_reason(seeded_sqlite):
    async with visiting(seeded_sqlite) as aigerim:
        await answer(aigerim)

    change(seeded_sqlite, configure, PURPOSES, (*TAGS, replace(MAP, purposes=frozenset({"marketing"}))))
    async with visiting(seeded_sqlite, aigerim.jar) as aigerim:
        page = await aigerim.frame("/embed/news", NEWS)

        assert "New recipients of data: Dala Maps</li>" in page.text
        assert await released(aigerim) == set()


async def test_words_of_a_purpose_and_a_vendor_that_left_ask_nobody(seeded_sqlite):
    async with visiting(seeded_sqlite) as aigerim:
        await answer(aigerim)

    said = replace(PURPOSES[1], wording={**PURPOSES[1].wording, "en": replace(PURPOSES[1].wording["en"], title="Sums")})
    change(seeded_sqlite, configure, (PURPOSES[0], said, PURPOSES[2]), TAGS[:1])
    async with visiting(seeded_sqlite, aigerim.jar) as aigerim:
        assert await showing(aigerim) == "decided"
        assert await released(aigerim) == {"ga"}


async def test_reasons_of_every_material_version_since_are_told_oldest_first(seeded_sqlite):
    async with visiting(seeded_sqlite) as aigerim:
        await answer(aigerim)
    for number in (1, 2, 3):
        kind = Change.EDITORIAL if number == 2 else Change.MATERIAL
        reasons = {language: f"Reason {number} <{language}>" for language in REASONS}
        change(seeded_sqlite, publish, f"Version {number}.", change=kind, reasons=reasons)

    async with visiting(seeded_sqlite, aigerim.jar) as aigerim:
        page = await aigerim.frame("/embed/news?lang=ru", NEWS)
        (cookie,) = (f"{name}={value}" for (_, name), value in aigerim.jar.items())
        full = await aigerim.open("/consent/news?lang=ru", cookie=cookie)

    for seen in (page, full):
        assert re.findall(r"Reason . &lt;..&gt;", seen.text) == ["Reason 1 &lt;ru&gt;", "Reason 3 &lt;ru&gt;"]


async def test_an_outdated_form_on_the_partner_s_page_gives_way_to_the_frame_for_newcomers_too(
    seeded_sqlite,
):
    async with visiting(seeded_sqlite) as bolat:
        stands = bolat.app.catalogue.offer("shop").notices["en"].digest

        async def shown(notice):
            style = await bolat.load(f"/embed/shop/style.css?notice={notice}", "style", SHOP)
            return style.text.partition(", ")[2].partition(" ")[0]

        assert await shown(stands) == "asks"
        assert await shown("0" * 64) == "framed"
        assert await shown("") == "framed"
    change(seeded_sqlite, publish, "We keep what is needed!", change=Change.EDITORIAL, reasons=EDITORIAL)
    async with visiting(seeded_sqlite) as bolat:
        assert await shown(stands) == "framed"


async def test_an_expired_yes_is_asked_again_and_says_so(seeded):
    jar = await answered(seeded, 91, "accept_all")

    async with visiting(seeded, jar) as aigerim:
        page = await aigerim.frame("/embed/news", NEWS)

        assert await showing(aigerim) == "framed"
        assert "Your answer has expired" in page.text
        assert page.text.count("Your earlier answer: allowed") == 2
        assert await released(aigerim) == set()
        assert "This answer has expired" in (await page.follow("/receipt/")).text


async def test_a_yes_holds_to_its_last_day(seeded_sqlite):
    jar = await answered(seeded_sqlite, 89, "accept_all")

    async with visiting(seeded_sqlite, jar) as aigerim:
        assert await showing(aigerim) == "decided"
        assert await released(aigerim) == {"ga", "pixel"}


@pytest.mark.parametrize("given", [("reject_all",), ("save", ("analytics",))])
async def test_an_expired_refusal_is_not_asked_again_for_half_a_year(seeded_sqlite, given):
    jar = await answered(seeded_sqlite, 181, *given)

    async with visiting(seeded_sqlite, jar) as aigerim:
        assert await showing(aigerim) == "decided"
        assert await released(aigerim) == set()
        page = await aigerim.frame("/embed/news", NEWS)
        assert page.offers("accept_all"), "whoever opens the settings may answer"
    later = await answered(seeded_sqlite, 183, *given)
    async with visiting(seeded_sqlite, later) as aigerim:
        assert await showing(aigerim) == "asks"


async def test_the_cookie_lives_as_long_as_the_policy_says_and_no_longer(seeded_sqlite):
    for profile, days in (("kz", 182), ("us-ca", 365)):
        change(seeded_sqlite, configure, validity=timedelta(days=90), profile=profile)
        async with visiting(seeded_sqlite) as bolat:
            await answer(bolat)
            site = bolat.app.catalogue.offer("news").site
        (line,) = bolat.set_cookies
        assert service.own_cookies(site)[0].lifetime_seconds == days * 86_400
        assert abs(int(re.search(r"Max-Age=(\d+)", line)[1]) - days * 86_400) < 5


async def test_where_a_refusal_is_an_opt_out_nobody_is_asked_for_twelve_months_whatever_changes(seeded):
    jar = await answered(seeded, 364, "reject_all", profile="us-ca")
    reasons = {"reasons": REASONS}
    change(seeded, publish, "We keep more than before.", **reasons)
    change(seeded, configure, (*PURPOSES, MAPS), (*TAGS, MAP), profile="us-ca", validity=timedelta(days=90))

    async with visiting(seeded, jar) as aigerim:
        assert await showing(aigerim) == "decided"
        assert await released(aigerim) == set()
        page = await aigerim.frame("/embed/news", NEWS)
        await page.press("accept_all")
        assert await released(aigerim) == {"ga", "pixel", "map"}, "of one's own accord one may always answer"


async def test_twelve_months_after_an_opt_out_one_may_be_asked(seeded_sqlite):
    jar = await answered(seeded_sqlite, 366, "reject_all", profile="us-ca")

    async with visiting(seeded_sqlite, jar) as aigerim:
        assert await showing(aigerim) == "asks"


async def test_elsewhere_a_material_change_asks_who_refused_too(seeded_sqlite):
    async with visiting(seeded_sqlite) as aigerim:
        await answer(aigerim, method="reject_all")
    change(seeded_sqlite, publish, "We keep more than before.", reasons=REASONS)

    async with visiting(seeded_sqlite, aigerim.jar) as aigerim:
        assert await showing(aigerim) == "framed"


async def test_a_version_for_later_asks_nobody_before_its_day_and_everybody_from_then_on(seeded):
    clock = Clock(datetime.now(UTC) + timedelta(seconds=1))
    change(seeded, publish, "We keep more.", clock=clock, effective_from=clock.now + timedelta(days=3), reasons=REASONS)
    async with visiting(seeded, clock=clock) as aigerim:
        await answer(aigerim)
        for days, shown in ((2, "decided"), (2, "framed")):
            clock.step(days=days)
            await _until(lambda: showing(aigerim), shown)
        assert REASONS["en"] in (await aigerim.frame("/embed/news", NEWS)).text


async def _until(look, wanted):
    for _ in range(40):
        if await look() == wanted:
            return
        await asyncio.sleep(0.05)
    assert await look() == wanted


async def test_the_page_of_a_notice_shows_every_sentence_of_the_question_and_can_be_checked(gateway, aigerim):
    for language, shown in gateway.catalogue.offer("news").notices.items():
        page = await aigerim.open(f"/notice/{shown.digest}")
        record = await aigerim.open(f"/notice/{shown.digest}.json")

        text = " ".join(html.unescape(re.sub("<[^>]*>", " ", page.text)).split())
        place = 0
        for _, sentence in shown.shown:
            place = text.index(sentence, place) + len(sentence)
        assert page.language == language
        assert page.elements.count("form") == page.elements.count("button") == page.elements.count("input") == 0
        assert hashlib.sha256(record.response.content).hexdigest() == shown.digest
        assert shown.digest in page.text
        assert page.link(f"/policy/{shown.policy.version}")
    for unknown in ("0" * 64, "x", shown.digest.upper(), shown.digest[:-1]):
        assert (await aigerim.open(f"/notice/{unknown}")).status == 404


async def test_every_receipt_leads_to_the_question_it_answered(gateway, aigerim):
    page = await answer(aigerim)

    receipt = await page.follow("/receipt/")
    notice = await receipt.follow("/notice/")

    assert notice.status == 200
    assert ledger(gateway)[0].receipt.decision.notice in notice.text


@both_styles
async def test_a_site_with_nothing_optional_asks_nothing_and_says_so(seeded, slug):
    change(seeded, configure, PURPOSES[:1], ())

    async with visiting(seeded) as aigerim:
        assert await showing(aigerim, slug) == "decided"
        for language, title in NOTHING.items():
            frame = await aigerim.frame(f"/embed/{slug}?lang={language}", ORIGIN[slug])
            page = await aigerim.open(f"/consent/{slug}?lang={language}")
            for shown in (frame.text, page.text):
                assert f"<h1>{title}</h1>" in shown
                assert "<button" not in shown
                assert 'class="actions"' not in shown
        name = "basket" if slug == "shop" else "read"
        back = await aigerim.load(f"/consent/{slug}?return={name}&state=x", "document", ORIGIN[slug])
        assert back.headers["location"].startswith(ORIGIN[slug])
