"""Letters reach a real mail server, wait while it is away, and leave nothing behind."""

from __future__ import annotations

import asyncio
import email
import email.policy
import json
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import pytest
from aiosmtpd.controller import Controller
from sqlalchemy import select

from consentgw.db import open_database
from consentgw.db.sealing import Sealer
from consentgw.demo.running import free_port
from consentgw.errors import Malformed, Misconfigured
from consentgw.http.languages import LANGUAGES
from consentgw.mail import service, store
from consentgw.mail.delivery import Delivery
from consentgw.mail.model import A_DAY, Letter, read_address
from consentgw.mail.service import Post
from consentgw.mail.smtp import message, read_server
from consentgw.mail.tables import mails
from consentgw.settings import Settings
from tests.conftest import SECRET
from tests.db import notes
from tests.house.test_catalogues import messages

pytestmark = pytest.mark.anyio

AIGERIM, DANA = "aigerim@mail.example", "privacy@shop.example"
LETTER = Letter(
    language="kk",
    subject="Сұрау салуыңызды растаңыз",
    paragraphs=("Мына бетті ашыңыз:", "Немесе мына цифрларды енгізіңіз:", "Хатқа жауап бермеңіз."),
    link="http://gateway.localhost:8080/requests/shop/confirm/k~k?lang=kk",
    digits="01234567",
)


class Inbox:
    """What a mail server was given; it refuses whom it is told to."""

    def __init__(self):
        self.letters = []
        self.refused = {}

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802
        if answer := self.refused.get(address):
            return answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):  # noqa: N802
        self.letters.append(email.message_from_bytes(envelope.content, policy=email.policy.default))
        return "250 OK"


@pytest.fixture
def inbox():
    """An inbox that is not there yet."""
    return Inbox()


@pytest.fixture
def smtp(inbox):
    """A mail server of our own."""
    controller = Controller(inbox, hostname="127.0.0.1", port=free_port(), ready_timeout=20)
    controller.start()
    yield controller
    if controller.server is not None:
        controller.stop()


def port_of(controller):
    """Return the port a server was given."""
    return controller.port


def server_at(port, **given):
    """Return the mail server of settings that name it."""
    said = {"smtp_url": f"smtp://127.0.0.1:{port}", "mail_from": "consent@gateway.example", **given}
    return read_server(Settings.read(secret=SECRET, **said))


@pytest.fixture
def post():
    """What posting needs."""
    return Post(Sealer([b"m" * 32]), (b"i" * 32,), serving=True)


def waiting(db):
    """Return how many letters wait."""
    return db.ask(lambda c: len(c.execute(select(mails.c.id).where(mails.c.sent_at.is_(None))).all()))


async def test_a_letter_arrives_as_plain_text_and_as_html_and_is_gone_then(db, post, smtp, inbox, clock):
    db.apply(service.send, post, AIGERIM, LETTER, reference="r1")

    await Delivery(post, server_at(port_of(smtp))).run(db)

    (arrived,) = inbox.letters
    assert (arrived["to"], arrived["from"], arrived["subject"]) == (AIGERIM, "consent@gateway.example", LETTER.subject)
    assert arrived["auto-submitted"] == "auto-generated"
    assert arrived["content-language"] == LETTER.language
    assert arrived["date"].datetime == clock.now.replace(microsecond=0)
    plain, html = (arrived.get_body((kind,)).get_content() for kind in ("plain", "html"))
    for part in (*LETTER.paragraphs, LETTER.link, LETTER.digits):
        assert part in plain
        assert part in html
    assert f'<a href="{LETTER.link}">' in html
    assert '<html lang="kk">' in html
    assert waiting(db) == 0
    assert db.ask(lambda c: c.execute(select(mails.c.sealed)).scalar_one()) is None
    clock.step(days=1, seconds=1)
    assert db.apply(store.purge) == 1


async def test_a_server_that_is_away_delays_letters_and_loses_none(db, post, inbox, clock, caplog):
    first = Controller(inbox, hostname="127.0.0.1", port=free_port(), ready_timeout=20)
    first.start()
    port = port_of(first)
    delivery = Delivery(post, server_at(port))
    db.apply(service.send, post, AIGERIM, LETTER, reference="r1")
    await delivery.run(db)
    first.stop()

    for number in range(3):
        db.apply(service.send, post, DANA, LETTER, reference=f"o{number}", limited=False)
        await delivery.run(db)
        clock.step(minutes=3)
    assert (len(inbox.letters), waiting(db)) == (1, 3)
    assert "takes no letters" in caplog.text

    again = Controller(inbox, hostname="127.0.0.1", port=port, ready_timeout=20)
    again.start()
    try:
        for _ in range(8):
            await delivery.run(db)
            clock.step(minutes=10)
    finally:
        again.stop()
    assert [letter["to"] for letter in inbox.letters] == [AIGERIM, DANA, DANA, DANA]
    assert waiting(db) == 0
    assert len({letter["message-id"] for letter in inbox.letters}) == 4
    assert AIGERIM not in caplog.text


async def test_one_letter_that_is_refused_for_good_holds_up_no_other(db, post, smtp, inbox, caplog):
    inbox.refused = {AIGERIM: "550 no such mailbox"}
    db.apply(service.send, post, AIGERIM, LETTER, reference="r1")
    db.apply(service.send, post, DANA, LETTER, reference="r2")

    await Delivery(post, server_at(port_of(smtp))).run(db)

    assert [letter["to"] for letter in inbox.letters] == [DANA]
    assert waiting(db) == 0
    assert AIGERIM not in caplog.text


async def test_a_letter_that_is_refused_for_now_is_tried_again_later(db, post, smtp, inbox, clock):
    inbox.refused = {AIGERIM: "451 greylisted"}
    delivery = Delivery(post, server_at(port_of(smtp)))
    db.apply(service.send, post, AIGERIM, LETTER, reference="r1")
    await delivery.run(db)
    inbox.refused = {}
    await delivery.run(db)
    assert inbox.letters == []

    clock.step(minutes=1)
    await delivery.run(db)

    assert len(inbox.letters) == 1


async def test_two_processes_send_each_letter_once(db, post, smtp, inbox):
    for number in range(6):
        db.apply(service.send, post, DANA, LETTER, reference=str(number), limited=False)
    deliveries = [Delivery(post, server_at(port_of(smtp))) for _ in range(2)]

    await asyncio.gather(*(delivery.run(db) for delivery in deliveries))

    assert len(inbox.letters) == 6


async def test_a_fourth_letter_in_a_day_waits_for_the_next(db, post, clock):
    for number in range(A_DAY + 1):
        db.apply(service.send, post, AIGERIM, LETTER, reference=str(number))
        clock.step(hours=1)

    assert len(db.ask(store.due, clock.now, 9)) == A_DAY
    assert not db.apply(service.has_room, post, AIGERIM)
    clock.step(hours=20)
    assert len(db.ask(store.due, clock.now, 9)) == A_DAY + 1


async def test_no_address_and_no_word_of_a_letter_is_in_the_database(settings, clock, post):
    with open_database(settings, clock=clock) as db:
        db.apply(service.send, post, AIGERIM, LETTER, reference="r1")
        with notes.stranger(settings) as connection:
            row = connection.execute("SELECT * FROM mails").fetchall()
    text = repr(row)
    assert AIGERIM not in text
    assert LETTER.digits not in text
    assert json.dumps(LETTER.subject)[1:5] not in text


async def test_what_is_erased_takes_its_letters_with_it(db, post):
    db.apply(service.send, post, AIGERIM, LETTER, reference="r1")
    db.apply(service.send, post, AIGERIM, LETTER, reference="r2")

    db.apply(store.forget, "r1")

    assert waiting(db) == 1


async def test_without_a_server_nothing_is_put_down(db, post):
    db.apply(service.send, Post(post.sealer, post.index, serving=False), AIGERIM, LETTER, reference="r1")

    assert waiting(db) == 0


def test_nothing_anybody_typed_reaches_a_header():
    for to in (
        "a@b.example\r\nBcc: eve@eve.example",
        "a@b.example%0d%0aBcc:x",
        "a b@c.example",
        "<a@b.example>",
        "a@b",
        "@b.example",
        "a@b..example",
        "a@-b.example",
        "a" * 65 + "@b.example",
        "a@b.example, c@d.example",
    ):
        with pytest.raises(Malformed):
            read_address(to)
    odd = read_address("{{7*7}}@b.example")  # lawful, and only ever text
    written = message(LETTER, odd, "c@d.example", UUID(int=1), datetime.now(UTC))
    assert written["to"] == "{{7*7}}@b.example"
    assert "49@" not in written.as_string()


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_subject_comes_as_it_was_written_wherever_its_header_is_broken(language):
    words = [each.string for each in messages(language) if isinstance(each.string, str)]
    subjects = [subject for subject in words if subject and len(subject) < 200 and subject.isprintable()]
    assert len(subjects) > 500

    for subject in subjects[::8]:
        written = message(replace(LETTER, subject=subject), AIGERIM, DANA, UUID(int=1), datetime.now(UTC)).as_bytes()

        assert email.message_from_bytes(written, policy=email.policy.default)["subject"] == subject
        assert max(map(len, written.partition(b"\r\nMessage-ID")[0].split(b"\r\n"))) <= 78


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        (" Aigerim@Mail.Example ", "Aigerim@mail.example"),
        ("dana+requests@shop.example", "dana+requests@shop.example"),
        ("bolat@пошта.қаз", "bolat@xn--80a1acn3a.xn--80ao21a"),
    ],
)
def test_an_address_is_read_as_it_is_written_to(typed, read):
    assert read_address(typed) == read


@pytest.mark.parametrize(
    ("url", "sender"),
    [
        ("http://mail.example", "a@b.example"),
        ("smtp://", "a@b.example"),
        ("smtp://mail.example:99999", "a@b.example"),
        ("smtp://user:secret@mail.example", "a@b.example"),
        ("smtps://mail.example/path", "a@b.example"),
        ("smtps://mail.example", ""),
        ("smtps://mail.example", "nobody"),
    ],
)
def test_a_server_that_cannot_be_used_is_refused_in_one_sentence(url, sender):
    with pytest.raises(Misconfigured) as refused:
        server_at(0, smtp_url=url, mail_from=sender)
    assert "secret" not in str(refused.value)


def test_a_servers_password_is_in_no_picture_of_it():
    server = server_at(0, smtp_url="smtp+starttls://dana:s%40cret@mail.example")

    assert (server.user, server.password, server.port) == ("dana", "s@cret", 587)
    assert "cret" not in repr(server)
    assert server_at(0, smtp_url="") is None
