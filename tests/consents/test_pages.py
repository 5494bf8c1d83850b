"""The full page and the person's own receipt: read, change, withdraw, keep and verify."""

from __future__ import annotations

import json
import time
from dataclasses import replace

import httpx
import pytest
from click.testing import CliRunner
from joserfc import jws
from joserfc.jwk import KeySet

from consentgw.cli import main
from consentgw.consents.model import Channel, Method
from consentgw.consents.tokens import FORM_SECONDS, Forms
from consentgw.db import open_database
from consentgw.errors import Malformed
from consentgw.http.seals import Seal
from consentgw.keys.model import derive, verify
from consentgw.sites import store as sites
from tests.gateway import COOKIE, EVE, NEWS, SHOP, copy_of, digest, ledger, running
from tests.visitor import GATEWAY, Visitor

pytestmark = pytest.mark.anyio


async def answered(visitor, method="accept_all", **given):
    """Answer in the frame of the news site; return the frame and the person's receipt in a window of its own."""
    frame = await (await visitor.frame("/embed/news?lang=en", NEWS)).press(method, **given)
    return frame, await frame.follow("/receipt/")


async def get(app, address, **headers):
    """Fetch an address as a program does."""
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=GATEWAY) as client:
        return await client.get(address, headers=headers)


async def test_the_full_page_takes_an_answer_and_leads_to_its_receipt(gateway, aigerim):
    page = await (await aigerim.open("/consent/shop")).press("save", tick=["marketing"])

    [kept] = ledger(gateway)
    assert kept.receipt.channel is Channel.PAGE
    assert kept.receipt.decision.granted == {"marketing"}
    assert page.url.startswith(f"{GATEWAY}/receipt/")
    assert page.status == 200
    assert page.form("withdraw")
    assert page.form("save").ticked == {"marketing"}
    assert aigerim.cookie(COOKIE[SHOP], GATEWAY)


async def test_the_full_page_shows_what_holds_and_can_take_it_back(gateway, aigerim):
    await (await aigerim.open("/consent/shop")).press("accept_all")

    page = await aigerim.open("/consent/shop")
    assert page.form("save").ticked == {"analytics", "marketing"}
    await page.press("withdraw")

    page = await aigerim.open("/consent/shop")
    assert not page.offers("withdraw")
    first, second = ledger(gateway)
    assert second.receipt.previous == first.receipt.id
    assert second.receipt.method is Method.WITHDRAW


async def test_a_text_browser_that_says_nothing_about_itself_can_answer(embedded):
    lynx = Visitor(embedded, fetch_metadata=False)

    page = await (await lynx.open("/consent/shop")).press("save", tick=["analytics"], origin=None, referer=None)

    assert page.url.startswith(f"{GATEWAY}/receipt/")
    assert ledger(embedded)[0].receipt.evidence.origin is None


async def test_a_receipt_says_what_was_answered_to_whom_when_and_under_which_policy(gateway, aigerim):
    _, page = await answered(aigerim, "save", tick=["analytics"])

    [kept] = ledger(gateway)
    receipt = kept.receipt
    for said in (
        "«Дана Сауда» ЖШС",
        gateway.catalogue.offer("news").site.operator.registration,
        receipt.policy.version,
        receipt.policy.digest,
        receipt.decision.notice,
        str(receipt.id),
        kept.kid,
        receipt.decision.decided_at.isoformat(),
        receipt.expires_at.isoformat(),
        "Google Analytics",
        "This answer holds today.",
    ):
        assert said in page.text
    assert "Meta Pixel" not in page.text
    assert receipt.expires_at - receipt.decision.decided_at == gateway.catalogue.offer("news").site.validity


async def test_looking_at_a_receipt_changes_nothing(gateway, aigerim):
    _, page = await answered(aigerim)
    before, cookies = digest(gateway.settings), len(aigerim.set_cookies)

    for address in (page.url, f"{page.url}&x=1", page.url.replace("/receipt/", "/receipt/", 1)):
        await aigerim.open(address)
    for ending in (".json", ".jws", "/withdraw"):
        code = page.url.partition("?")[0]
        await aigerim.open(code + ending)

    assert digest(gateway.settings) == before
    assert len(aigerim.set_cookies) == cookies


async def test_withdrawing_from_the_receipt_is_one_press_and_reaches_the_partner_s_page(gateway, aigerim):
    _, page = await answered(aigerim)
    assert (await aigerim.load("/release/news/ga.gif", "image", NEWS)).status_code == 302

    page = await page.press("withdraw")

    first, second = ledger(gateway)
    assert second.receipt.subject == first.receipt.subject
    assert second.receipt.previous == first.receipt.id
    assert second.receipt.decision.granted == frozenset()
    assert "You withdrew this consent" in page.text
    assert (await aigerim.load("/release/news/ga.gif", "image", NEWS)).status_code == 200
    assert not (await aigerim.frame("/embed/news", NEWS)).offers("withdraw")


async def test_an_answer_can_be_changed_from_its_receipt_whatever_browser_it_is_opened_in(gateway, aigerim):
    _, page = await answered(aigerim)
    elsewhere = await Visitor(gateway).open(page.url)

    changed = await elsewhere.press("save", tick=["marketing"])

    first, second = ledger(gateway)
    assert second.receipt.subject == first.receipt.subject
    assert "This answer holds today." in changed.text
    assert "You answered again later" in (await aigerim.open(page.url)).text
    assert (await aigerim.load("/release/news/ga.gif", "image", NEWS)).status_code == 200
    assert (await aigerim.load("/release/news/pixel.gif", "image", NEWS)).status_code == 302


async def test_the_full_page_opened_from_a_receipt_changes_that_receipt(gateway, aigerim):
    _, page = await answered(aigerim)
    code = page.url.rpartition("/")[2].partition("?")[0]

    full = await Visitor(gateway).open(f"/consent/news?receipt={code}&lang=en")
    assert full.form("save").ticked == {"analytics", "marketing"}
    await full.press("save", tick=["analytics"])

    first, second = ledger(gateway)
    assert second.receipt.previous == first.receipt.id
    assert second.receipt.subject == first.receipt.subject


async def test_the_full_page_opened_from_a_frame_changes_the_answer_that_was_given_there(gateway, aigerim):
    frame, _ = await answered(aigerim)

    await (await frame.follow("/consent/news")).press("withdraw")

    assert not (await aigerim.frame("/embed/news?lang=en", NEWS)).offers("withdraw")


async def test_a_page_that_a_site_never_hears_of_says_so(seeded):
    with open_database(seeded) as db:
        db.apply(sites.keep, replace(db.ask(sites.read, "news"), returns={}))
    async with running(seeded) as app:
        aigerim = Visitor(app, language="en")
        frame, receipt = await answered(aigerim)
        by_receipt = await frame.follow("/consent/news")
        alone = await aigerim.open("/consent/news")
        given = await alone.press("reject_all")
        elsewhere = await aigerim.open("/consent/shop")

    for page, apart in ((alone, True), (given, True), (receipt, False), (by_receipt, False), (elsewhere, False)):
        assert ("an answer given on our page alone does not reach it" in page.text) is apart, page.url


async def test_a_receipt_s_code_opens_nothing_at_another_site(gateway, aigerim):
    _, page = await answered(aigerim)
    code = page.url.rpartition("/")[2].partition("?")[0]

    assert (await aigerim.open(f"/consent/shop?receipt={code}")).status == 404
    form = await aigerim.open("/consent/shop")
    before = digest(gateway.settings)
    refused = await form.press("reject_all", fields=[*form.form("reject_all").fields("reject_all"), ("receipt", code)])
    assert refused.status == 404
    assert digest(gateway.settings) == before


async def test_nobody_finds_another_person_s_receipt(gateway, aigerim):
    _, page = await answered(aigerim)
    address = page.url.partition("?")[0]
    code = address.rpartition("/")[2]
    identifier, _, mac = code.partition("~")
    before = digest(gateway.settings)

    guesses = {
        str(ledger(gateway)[0].receipt.id),
        identifier,
        f"{identifier}~",
        f"{identifier}~{mac[:-1]}",
        f"{identifier}~{mac[:-1]}{'A' if mac[-1] != 'A' else 'B'}",
        f"{'A' * len(identifier)}~{mac}",
        f"{mac}~{identifier}",
        code.swapcase(),
        f"{code}~{mac}",
        f"{code}%00",
        f"{code}%0a",
        f" {code}",
        "..%2f..",
        "%ff",
    }
    for guess in guesses:
        for ending in ("", ".json", ".jws"):
            assert (await get(gateway, f"/receipt/{guess}{ending}")).status_code == 404, guess
    assert digest(gateway.settings) == before


@pytest.mark.parametrize(
    ("said", "status"),
    [
        pytest.param({"origin": EVE, "sec_fetch_site": "cross-site"}, 403, id="another page's"),
        pytest.param({"origin": "null"}, 409, id="hidden"),
        pytest.param({"body": b"method=withdraw"}, 409, id="no token"),
        pytest.param({"body": b"method=withdraw&token=x"}, 409, id="forged token"),
        pytest.param({"body": b"method=withdraw&token=x&token=x"}, 400, id="doubled"),
        pytest.param({"body": b"method=%ff"}, 400, id="no text"),
        pytest.param({"body": b"a=b&" * 100}, 413, id="too much"),
    ],
)
async def test_a_withdrawal_that_is_refused_says_so_and_offers_a_fresh_form(gateway, aigerim, said, status):
    _, page = await answered(aigerim)
    before = digest(gateway.settings)

    refused = await page.press("withdraw", **said)

    assert refused.status == status
    assert digest(gateway.settings) == before
    assert "so nothing is stored" in refused.text
    await refused.press("withdraw")
    first, second = ledger(gateway)
    assert second.receipt.subject == first.receipt.subject
    assert second.receipt.method is Method.WITHDRAW


async def test_a_receipt_that_lay_open_too_long_says_so_and_still_withdraws(gateway, aigerim):
    _, page = await answered(aigerim)
    forms = Forms(Seal(derive(gateway.settings.secrets(), "form")))
    shown = gateway.catalogue.offer("news").notices["en"].digest
    old = forms.issue("news", shown, Channel.PAGE, time.time() - FORM_SECONDS - 1)

    late = await page.press("withdraw", fields=[("token", old), ("method", "withdraw")])

    assert late.status == 409
    assert "lain open for too long" in late.text
    assert "This answer holds today" in late.text
    assert not late.offers("accept_all")
    assert "You withdrew this consent" in (await late.press("withdraw")).text


async def test_the_languages_of_a_refused_withdrawal_lead_back_to_the_receipt(gateway, aigerim):
    _, page = await answered(aigerim)
    refused = await page.press("withdraw", origin=EVE)
    before = digest(gateway.settings)

    back = await refused.follow("?lang=ru")

    assert back.url == page.url.replace("lang=en", "lang=ru")
    assert back.language == "ru"
    assert back.offers("withdraw")
    assert digest(gateway.settings) == before


async def test_the_address_for_withdrawing_takes_nothing_else(gateway, aigerim):
    _, page = await answered(aigerim, "reject_all")
    form = page.form("save")
    form.action = page.url.replace("?", "/withdraw?")
    before = digest(gateway.settings)

    refused = await page.press("save", tick=["analytics", "marketing"])

    assert refused.status == 400
    assert digest(gateway.settings) == before


async def test_withdrawing_twice_with_one_form_is_one_withdrawal(gateway, aigerim):
    _, page = await answered(aigerim)

    await page.press("withdraw")
    again = await page.press("withdraw")

    assert again.status == 409
    assert "What you answered the first time stands" in again.text
    assert "You withdrew this consent" in again.text
    assert not again.offers("withdraw")
    assert len(ledger(gateway)) == 2


async def test_a_receipt_verifies_offline_by_us_and_by_others(gateway, aigerim, tmp_path):
    _, page = await answered(aigerim, "save", tick=["analytics"])
    [kept] = ledger(gateway)
    signed = await get(gateway, page.link(".jws"))
    plain = await get(gateway, page.link(".json"))
    keys = await get(gateway, "/.well-known/jwks.json")

    assert signed.headers["content-type"] == "application/jose"
    assert plain.headers["content-type"] == "application/json"
    name = f"receipt-news-{kept.receipt.id}"
    assert signed.headers["content-disposition"] == f'attachment; filename="{name}.jws"'
    assert plain.headers["content-disposition"] == f'attachment; filename="{name}.json"'
    for answer in (signed, plain):
        assert answer.headers["cache-control"] == "no-store"
    read = jws.deserialize_compact(signed.text, KeySet.import_key_set(keys.json()), algorithms=["Ed25519"])
    assert read.payload == plain.content == kept.body
    assert verify(signed.text, keys.json(), "consent-receipt+jws") == json.loads(plain.content)

    (tmp_path / "r.jws").write_text(signed.text)
    (tmp_path / "jwks.json").write_text(keys.text)
    told = CliRunner().invoke(main, ["verify", str(tmp_path / "r.jws"), "--jwks", str(tmp_path / "jwks.json")])
    assert told.exit_code == 0
    assert told.output.startswith("genuine")
    assert json.loads(told.output.partition("\n")[2]) == json.loads(plain.content)


async def test_a_receipt_altered_at_any_place_is_not_genuine(gateway, aigerim):
    _, page = await answered(aigerim)
    signed = (await get(gateway, page.link(".jws"))).text
    keys = (await get(gateway, "/.well-known/jwks.json")).json()

    for place in range(0, len(signed), 7):
        other = "A" if signed[place] != "A" else "B"
        with pytest.raises(Malformed):
            verify(signed[:place] + other + signed[place + 1 :], keys, "consent-receipt+jws")


@pytest.mark.parametrize(
    ("language", "words"), [("kk", "Мұнда ештеңе жоқ"), ("ru", "Здесь ничего нет"), ("en", "Nothing here")]
)
@pytest.mark.parametrize(
    "address",
    [
        "/embed/nobody",
        "/embed/nobody/style.css",
        "/sites/nobody/theme.css",
        "/sites/nobody/policy",
        "/consent/nobody",
        "/release/nobody",
        "/release/nobody/ga.gif",
        "/release/shop/nothing.gif",
        "/release/shop/ga.html",
        "/policy/shop-1999-01-01",
        "/receipt/nobody~s",
        "/receipt/nobody~s.json",
        "/static/nothing.css",
        "/nothing",
    ],
)
async def test_what_is_not_there_is_said_in_the_visitor_s_language(nowhere, address, language, words):
    by_header = await nowhere.open(address, accept_language=language)
    by_choice = await nowhere.open(f"{address}?lang={language}", accept_language="de")

    for page in (by_header, by_choice):
        assert page.status == 404
        assert page.language == language
        assert words in page.text
        assert f'<html lang="{language}">' in page.text
        assert "set-cookie" not in page.headers


@pytest.fixture(scope="module")
async def nowhere(seeded_file, tmp_path_factory):
    """A visitor of a gateway that keeps nothing of these visits."""
    async with running(copy_of(seeded_file, tmp_path_factory.mktemp("nowhere"))) as app:
        yield Visitor(app)
