"""What happens to a request while somebody has its page open."""

from __future__ import annotations

from uuid import UUID

import pytest

from consentgw.db import Unit
from consentgw.db.database import utc_now
from consentgw.law.profiles import RequestType
from consentgw.subject_requests import service
from consentgw.subject_requests.model import SUBJECT, Actor, Level, Ref
from consentgw.subject_requests.model import Role as Who
from consentgw.subject_requests.office import open_office
from tests.desk.colleague import joined
from tests.gateway import peeking
from tests.subject_requests.asking import ask
from tests.subject_requests.story import AIGERIM

pytestmark = pytest.mark.anyio
NEWS = "Something is new since you opened this page. Nothing was changed."


@pytest.fixture
async def dana(embedded):
    return await joined(embedded)


def asked(app, type_, level=Level.MATCHED):
    """Let Aigerim ask; return the address of her request at the desk."""
    return f"/desk/requests/shop/{ask(app, type_, level=level)}"


def happens(app, request, verb, *said, by=SUBJECT):
    """Do something to a request behind the back of whoever has its page open."""
    with peeking(app.settings) as connection:
        ref = Ref("shop", UUID(request.rpartition("/")[2]))
        verb(Unit(connection, utc_now()), open_office(app.settings), ref, by, *said)


async def test_nothing_is_erased_past_a_message_that_was_not_read(embedded, dana):
    request = asked(embedded, RequestType.ERASURE)
    await dana.press(await dana.open(request), "propose-erasure", words="Everything.")
    yerlan = await joined(embedded, login="yerlan")
    page = await yerlan.open(request)
    happens(embedded, request, service.message, "Stop! Do not erase the invoice.")

    page = await yerlan.press(page, "erase", words="I looked at everything.")

    assert page.status == 409
    assert page.says(NEWS)
    assert page.says("Stop! Do not erase the invoice.")
    assert page.says(AIGERIM.name)
    assert page.form(f"{request}/erase")["words"] == "I looked at everything."
    assert (await yerlan.press(page, "erase", words="The invoice stays.")).says("has been erased")


@pytest.mark.parametrize(
    ("act", "typed"),
    [
        ("complete", {"words": "Here it is."}),
        ("reject", {"words": "No.", "reason": "no_match"}),
        ("hold", {"words": "Order 5", "ground": "authority", "review_on": "2999-01-01"}),
    ],
)
async def test_nothing_is_decided_past_a_message_and_what_was_typed_stays(embedded, dana, act, typed):
    request = asked(embedded, RequestType.ACCESS)
    page = await dana.open(request)
    happens(embedded, request, service.message, "I meant last year.")

    page = await dana.press(page, act, **typed)

    assert page.status == 409
    assert page.says(NEWS)
    kept = page.form(f"{request}/{act}")
    assert all(kept[name] == said for name, said in typed.items() if name not in {"reason", "ground"})
    assert all(f'value="{typed[name]}" selected' in page.text for name in ("reason", "ground") if name in typed)
    assert (await dana.press(page, act, **typed)).status == 200


async def test_notes_and_messages_go_out_all_the_same_and_a_program_that_reads_is_no_news(embedded, dana):
    request = asked(embedded, RequestType.ACCESS)
    page = await dana.open(request)
    happens(embedded, request, service.message, "I meant last year.")

    for act in ("take", "note", "write"):
        assert (await dana.press(page, act, words="We look at it.")).status == 200
    page = await dana.open(request)
    happens(embedded, request, service.reveal, by=Actor(Who.PROGRAM, "key-1"))
    assert (await dana.press(page, "reject", words="No.", reason="no_match")).status == 200


async def test_what_was_typed_is_shown_where_its_form_is_gone(embedded, dana):
    request = asked(embedded, RequestType.ACCESS)
    page = await dana.open(request)
    happens(embedded, request, service.cancel)

    page = await dana.press(page, "write", words="A long and careful text.")

    assert page.status == 409
    assert not page.offers(f"{request}/write")
    assert page.says("What you typed: A long and careful text.")
