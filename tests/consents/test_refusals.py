"""What is not an answer: nothing is stored, and the person can answer right where they are."""

from __future__ import annotations

import asyncio
import time

import pytest

from consentgw.consents.model import Channel
from consentgw.consents.tokens import FORM_SECONDS, Forms
from consentgw.db import open_database
from consentgw.http.seals import Seal
from consentgw.keys.model import derive
from tests.gateway import EVE, NEWS, PARTNERS, SHOP, copy_of, digest, ledger, open_partners, peeking, rows, running
from tests.visitor import GATEWAY, Visitor

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
async def embedded(seeded_file, tmp_path_factory):
    """One gateway for all these tests: what they send leaves no trace in it."""
    async with running(copy_of(seeded_file, tmp_path_factory.mktemp("refusals"))) as app:
        yield app


@pytest.fixture
async def framed(bolat):
    """The news site's question in its frame."""
    return await bolat.frame("/embed/news", NEWS)


@pytest.fixture
async def full(bolat):
    """The shop's question on the full page."""
    return await bolat.open("/consent/shop")


@pytest.fixture
def asked(request):
    """The question, in the frame and on the full page."""
    return request.getfixturevalue(request.param)


EVERYWHERE = pytest.mark.parametrize("asked", ["framed", "full"], indirect=True)


def kept(app):
    """Return what the database holds: a digest of all of it, and how many receipts."""
    return digest(app.settings), len(ledger(app))


async def assert_refused(app, answer, before, *, status):
    """Nothing was stored, the page is for people, and its fresh form works."""
    assert answer.status == status
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "set-cookie" not in answer.headers
    assert "Traceback" not in answer.text
    assert kept(app) == before
    again = await answer.press("save", tick=["analytics"])
    assert again.status == 200
    assert ledger(app)[-1].receipt.decision.granted == {"analytics"}
    assert len(ledger(app)) == before[1] + 1


def with_field(page, button, name, *values):
    """Return what the form would send, but these values for one field."""
    fields = [(key, value) for key, value in page.form(button).fields(button) if key != name]
    return [*fields, *((name, value) for value in values)]


@EVERYWHERE
async def test_a_post_from_another_page_is_refused(embedded, asked):
    before = kept(embedded)

    answer = await asked.press("accept_all", origin=EVE, sec_fetch_site="cross-site", referer=f"{EVE}/")

    await assert_refused(embedded, answer, before, status=403)
    assert "Please confirm your choice" in answer.text


@EVERYWHERE
@pytest.mark.parametrize("said", [{"origin": EVE}, {"sec_fetch_site": "cross-site"}, {"sec_fetch_site": "same-site"}])
async def test_whatever_says_that_it_comes_from_elsewhere_is_refused(embedded, asked, said):
    before = kept(embedded)

    await assert_refused(embedded, await asked.press("accept_all", **said), before, status=403)


@EVERYWHERE
async def test_a_hidden_origin_is_asked_to_confirm(embedded, asked):
    before = kept(embedded)

    answer = await asked.press("accept_all", origin="null", sec_fetch_site="cross-site", referer=None)

    await assert_refused(embedded, answer, before, status=409)


async def test_an_embedded_form_posted_outside_its_frame_is_refused(embedded, framed):
    for destination in ("document", "empty", "object", "script", "image"):
        before = kept(embedded)
        answer = await framed.press("accept_all", sec_fetch_dest=destination)
        await assert_refused(embedded, answer, before, status=400)


@EVERYWHERE
async def test_a_used_form_stores_nothing_again(embedded, asked):
    await asked.press("accept_all")
    first = ledger(embedded)[-1]
    before = kept(embedded)

    answer = await asked.press("reject_all")

    await assert_refused(embedded, answer, before, status=409)
    assert "This form was already used" in answer.text
    assert first in ledger(embedded)


@pytest.mark.parametrize("where", ["frame", "page"])
async def test_fifty_at_once_with_one_form_make_one_receipt(gateway, aigerim, where):
    page = await (aigerim.frame("/embed/news", NEWS) if where == "frame" else aigerim.open("/consent/news"))
    others = [Visitor(gateway) for _ in range(50)]

    answers = await asyncio.gather(
        *(other.submit(page.place, page.form("accept_all"), "accept_all") for other in others)
    )

    assert len(ledger(gateway)) == 1
    assert rows(gateway.settings)["events"] == len(PARTNERS) + 1
    assert sorted(answer.status for answer in answers) == [200] + [409] * 49
    assert sum(len(other.set_cookies) for other in others) == 1


@pytest.mark.parametrize(
    ("site", "notice", "channel", "ago"),
    [
        pytest.param("shop", None, "frame", 0, id="another site's"),
        pytest.param("news", "0" * 64, "frame", 0, id="of another question"),
        pytest.param("news", None, "page", 0, id="of another surface"),
        pytest.param("news", None, "frame", FORM_SECONDS + 1, id="too old"),
        pytest.param("news", None, "frame", -3600, id="from the future"),
    ],
)
async def test_a_genuine_form_that_is_not_this_one_is_refused(embedded, framed, site, notice, channel, ago):
    forms = Forms(Seal(derive(embedded.settings.secrets(), "form")))
    current = embedded.catalogue.offer("news").notices["en"].digest
    token = forms.issue(site, notice or current, Channel(channel), time.time() - ago)
    before = kept(embedded)

    answer = await framed.press("accept_all", fields=with_field(framed, "accept_all", "token", token))

    await assert_refused(embedded, answer, before, status=409)


@EVERYWHERE
async def test_a_forged_or_missing_token_is_refused(embedded, asked):
    token = dict(asked.form("save").fields("save"))["token"]
    for values, status in (((token[:-1] + ("A" if token[-1] != "A" else "B"),), 409), (("",), 409)):
        before = kept(embedded)
        answer = await asked.press("accept_all", fields=with_field(asked, "accept_all", "token", *values))
        await assert_refused(embedded, answer, before, status=status)


async def test_the_full_page_takes_no_answer_without_a_token(embedded, full):
    before = kept(embedded)

    answer = await full.press("accept_all", fields=[("method", "accept_all")])

    await assert_refused(embedded, answer, before, status=409)


@EVERYWHERE
@pytest.mark.parametrize(
    ("name", "values", "status"),
    [
        ("granted", ("analytics", "profiling"), 422),
        ("granted", ("necessary",), 422),
        ("granted", ("",), 422),
        ("method", (), 400),
        ("method", ("",), 400),
        ("method", ("ACCEPT_ALL",), 400),
        ("method", ("accept_all", "reject_all"), 400),
        ("method", ("save", "save"), 400),
        ("token", ("x", "y"), 400),
    ],
)
async def test_an_answer_that_cannot_be_read_is_not_kept(embedded, asked, name, values, status):
    before = kept(embedded)

    answer = await asked.press("save", fields=with_field(asked, "save", name, *values))

    await assert_refused(embedded, answer, before, status=status)


@EVERYWHERE
@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", None),
        (b"method=accept_all&token=\x00", 400),
        (b"method=accept_all&token=%00", 400),
        (b"method=accept_all&token=%ff%fe", 400),
        (b"method=accept_all&token=%ed%a0%80", 400),
        (b"method=accept_all&token=%zz", 400),
        (b"a=b&" * 10_000, 413),
        (b"a=b&" * 60, 413),
        (b"token=" + b"x" * 20_000, 413),
    ],
)
async def test_bytes_that_are_no_form_are_answered_with_one(embedded, asked, body, status):
    before = kept(embedded)

    answer = await asked.press("accept_all", body=body)

    await assert_refused(embedded, answer, before, status=status or answer.status)
    assert 400 <= answer.status < 500


@EVERYWHERE
@pytest.mark.parametrize("kind", ["multipart/form-data; boundary=x", "application/json", "text/plain", None])
async def test_a_body_of_another_kind_is_refused(embedded, asked, kind):
    before = kept(embedded)

    answer = await asked.press("accept_all", content_type=kind)

    await assert_refused(embedded, answer, before, status=400)


@EVERYWHERE
@pytest.mark.parametrize(
    "query", ["lang=ru&lang=kk", "lang=%ff", "lang=%00", "lang=%zz", "&".join("a=b" for _ in range(60))]
)
async def test_an_address_that_cannot_be_read_keeps_nothing_either(embedded, asked, query):
    before = kept(embedded)
    form = asked.form("accept_all")
    form.action = form.action.partition("?")[0] + "?" + query

    answer = await asked.press("accept_all")

    assert answer.status in {400, 413}
    assert kept(embedded) == before
    assert answer.offers("accept_all")


# The question in the partner's own page has no token: its origin and its notice speak for it.


def inline(app, **changes):
    notice = app.catalogue.offer("shop").notices["en"].digest
    return list({"method": "accept_all", "notice": notice, **changes}.items())


async def post_inline(visitor, fields, on=SHOP, **said):
    """Send the form of a partner's page into the frame."""
    page = visitor.read('<form action="/embed/shop?lang=en" method="post"><button name="method" value="save">', on)
    form = page.form("save")
    form.action = f"{GATEWAY}{form.action}"
    return await visitor.submit(page.place, form, "save", fields=fields, **said)


async def test_only_the_site_s_own_pages_may_hold_its_question(embedded, bolat):
    for origin in (EVE, NEWS, "http://shop.example", "https://shop.example:8443", "https://shop.example.eve.example"):
        before = kept(embedded)
        answer = await post_inline(bolat, inline(embedded), on=origin)
        await assert_refused(embedded, answer, before, status=403)


@pytest.mark.parametrize(
    ("said", "status"), [({"origin": "null"}, 409), ({"origin": None}, 409), ({"origin": ""}, 403)]
)
async def test_a_partner_s_page_that_hides_its_origin_is_asked_to_confirm(embedded, bolat, said, status):
    before = kept(embedded)

    answer = await post_inline(bolat, inline(embedded), **said)

    await assert_refused(embedded, answer, before, status=status)


async def test_evidence_is_what_browsers_say_and_no_room_for_notes(embedded, bolat):
    before = kept(embedded)

    answer = await post_inline(bolat, inline(embedded), sec_fetch_site="my name is Bolat " * 100)

    await assert_refused(embedded, answer, before, status=403)


@pytest.mark.parametrize("notice", ["", "0" * 64, "x", "../../etc"])
async def test_a_question_nobody_asks_any_more_is_asked_anew(embedded, bolat, notice):
    before = kept(embedded)

    answer = await post_inline(bolat, inline(embedded, notice=notice))

    await assert_refused(embedded, answer, before, status=409)
    assert "Please confirm your choice" in answer.text


async def test_an_answer_to_a_question_that_has_changed_since_is_asked_again(seeded):
    async with running(seeded) as app:
        aigerim = Visitor(app)
        stale = [await aigerim.frame("/embed/news", NEWS), await aigerim.open("/consent/news")]
        old = inline(app)
    with open_database(seeded) as db:
        db.apply(open_partners, "We keep more than before.")
    async with running(seeded) as app:
        aigerim = Visitor(app)
        for page in stale:
            page.visitor = aigerim
            before = kept(app)
            await assert_refused(app, await page.press("accept_all"), before, status=409)
        before = kept(app)
        await assert_refused(app, await post_inline(aigerim, old), before, status=409)


# When the database fails, nobody is thanked for an answer that was not kept.


BREAKING = {
    ("statement", "sqlite"): ["ALTER TABLE receipts RENAME TO elsewhere"],
    ("statement", "postgresql"): [
        """CREATE FUNCTION doom() RETURNS trigger LANGUAGE plpgsql AS
           $$ BEGIN RAISE EXCEPTION 'no room' USING ERRCODE = 'disk_full'; END $$""",
        "CREATE TRIGGER doom BEFORE INSERT ON receipts FOR EACH ROW EXECUTE FUNCTION doom()",
    ],
    ("commit", "sqlite"): [
        "CREATE TABLE nobody (id INTEGER PRIMARY KEY)",
        "CREATE TABLE doomed (id INTEGER REFERENCES nobody (id) DEFERRABLE INITIALLY DEFERRED)",
        "CREATE TRIGGER doom AFTER INSERT ON receipts BEGIN INSERT INTO doomed VALUES (1); END",
    ],
    ("commit", "postgresql"): [
        "CREATE FUNCTION doom() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no room'; END $$",
        """CREATE CONSTRAINT TRIGGER doom AFTER INSERT ON receipts DEFERRABLE INITIALLY DEFERRED
           FOR EACH ROW EXECUTE FUNCTION doom()""",
    ],
}
MENDING = {
    ("statement", "sqlite"): "ALTER TABLE elsewhere RENAME TO receipts",
    ("statement", "postgresql"): "DROP TRIGGER doom ON receipts",
    ("commit", "sqlite"): "DROP TRIGGER doom",
    ("commit", "postgresql"): "DROP TRIGGER doom ON receipts",
}


@pytest.mark.parametrize("where", ["frame", "page"])
@pytest.mark.parametrize("failing", ["statement", "commit"])
async def test_when_the_database_fails_nothing_is_confirmed_and_the_same_form_may_be_sent_again(
    gateway, aigerim, failing, where
):
    page = await (aigerim.frame("/embed/news", NEWS) if where == "frame" else aigerim.open("/consent/news"))
    dialect = "sqlite" if gateway.settings.embedded else "postgresql"
    with peeking(gateway.settings) as connection:
        for statement in BREAKING[failing, dialect]:
            connection.exec_driver_sql(statement)

    answer = await page.press("accept_all")

    assert answer.status == 503
    assert answer.headers["retry-after"] == "2"
    assert aigerim.set_cookies == []
    assert answer.offers("accept_all")
    assert "so nothing is stored" in answer.text
    with peeking(gateway.settings) as connection:
        connection.exec_driver_sql(MENDING[failing, dialect])
    assert ledger(gateway) == []

    assert (await page.press("accept_all")).status == 200  # the form was not used up by the failure
    assert (await answer.press("reject_all")).status == 200  # and the fresh one works, too
    assert len(ledger(gateway)) == 2
