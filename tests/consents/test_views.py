"""The question, the answer that holds, the receipt and the partner's lines."""

from __future__ import annotations

from dataclasses import replace

import pytest

from consentgw.consents.views import Face, ReceiptStanding, snippet
from consentgw.http.languages import LANGUAGES
from consentgw.http.pages import Prepared
from consentgw.sites.model import Site, Style
from tests.house.documents import (
    AGAIN,
    GATEWAY,
    SHOP,
    Reader,
    asked_again,
    full_page,
    notice,
    question,
    read,
    receipt,
    said,
    written,
)

ASKING = [face for face in Face if face not in {Face.DECIDED, Face.SAVED}]
HOLDING = [Face.DECIDED, Face.SAVED]


def methods(document: Reader) -> list[str]:
    return [button["value"] for button in document.all("button")]


def ticked(document: Reader) -> set[str]:
    return {box["value"] for box in document.all("input") if box.get("checked") is not None and box.get("name")}


def site(style: Style) -> Site:
    return Site(slug="shop", name=SHOP.name, operator=SHOP.operator, origins=SHOP.origins, style=style)


@pytest.mark.parametrize("face", ASKING)
def test_a_question_offers_yes_no_and_a_choice_with_nothing_ticked(face: Face):
    for document in (read(question("kk", face, "analytics")), read(full_page("kk", face, "analytics"))):
        assert methods(document) == ["accept_all", "reject_all", "save"]
        assert ticked(document) == set()


@pytest.mark.parametrize("face", HOLDING)
def test_an_answer_that_holds_is_changed_or_withdrawn_by_one_press(face: Face):
    for document in (read(question("ru", face, "analytics")), read(full_page("ru", face, "analytics"))):
        assert methods(document) == ["save", "withdraw"]
        assert ticked(document) == {"analytics"}


def test_where_nothing_is_granted_there_is_nothing_to_withdraw():
    assert methods(read(question("en", Face.DECIDED))) == ["save"]


def test_what_holds_is_said_in_words():
    text = said(read(question("en", Face.DECIDED, "analytics")).all("dl")[0].text)

    assert text == "Allowed Analytics Not allowed Marketing Valid until 24.05.2027"


def test_every_face_opens_with_words_of_its_own():
    titles = [said(read(question("en", face)).all("h1")[0].text) for face in Face]

    assert len(set(titles)) == len(Face)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("why", AGAIN)
def test_who_is_asked_again_sees_why_and_the_earlier_answer_beside_each_empty_box(language: str, why: str):
    words = {
        "kk": ("рұқсат етілген", "рұқсат етілмеген", "Жаңа"),
        "ru": ("разрешено", "не разрешено", "Новое"),
        "en": ("allowed", "not allowed", "New"),
    }[language]
    for view in asked_again(language, why):
        document = read(view)
        beside = [said(mark.text) for mark in document.all("span") if mark.get("class") == "then"]
        links = [link["href"] for link in document.all("a")]

        assert methods(document) == ["accept_all", "reject_all", "save"]
        assert ticked(document) == set()
        assert [text.rpartition(": ")[2] for text in beside] == [words[0], words[2 if why == "new" else 1]]
        assert "23.11.2026" in written(view)
        assert "/receipt/c0de" in links


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_has_changed_is_said_in_a_list(language: str):
    for view in asked_again(language, "changed"):
        (changes,) = [each for each in read(view).all("ul") if each.get("class") == "changes"]
        lines = [(said(line.text), line.get("lang")) for line in changes.children]

        reasons = [("Dala 1", "kk"), ("Dala 2", "ru"), ("Dala 3", "en")]
        assert lines[:3] == [(text, None if spoken == language else spoken) for text, spoken in reasons]
        assert "Dala & Sons LLP" in lines[3][0]
        assert lines[4][0].endswith(": Dala Maps, Google Ads")
        assert len(lines) == 5
    for view in asked_again(language, "new"):
        (changes,) = [each for each in read(view).all("ul") if each.get("class") == "changes"]
        title = next(each.wording[language].title for each in view.notice.purposes if each.key == "marketing")
        assert said(changes.text).endswith(f": {title}")
    for view in asked_again(language, "joined"):
        (changes,) = [each for each in read(view).all("ul") if each.get("class") == "changes"]
        assert said(changes.text).endswith(": Dala Club (club.example)")


def test_who_is_asked_again_is_told_so_in_the_title():
    titles = {said(read(asked_again("en", why)[0]).all("h1")[0].text) for why in AGAIN}

    assert titles == {"Your answer has expired", "Please answer again", "There is a new question"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_notice_lists_every_sentence_of_the_question_in_its_order(language: str):
    asides = {"kk": "(жаңа қойындыда ашылады)", "ru": "(откроется в новой вкладке)", "en": "(opens in a new tab)"}
    inline = Reader(snippet(site(Style.INLINE), notice(language), GATEWAY).start).all("form")[0].text
    (frame,) = read(replace(question(language, Face.ASK), site=replace(SHOP, languages=(language,)))).all("form")

    shown = " ".join(text for _, text in notice(language).shown)
    for text in (inline, frame.text):
        assert said(text.replace(asides[language], "").replace("\n", " ")) == shown


def test_a_signal_that_is_followed_is_named():
    assert "Global Privacy Control" in written(question("en", Face.SIGNAL, signal=True))
    assert "Global Privacy Control" not in written(question("en", Face.ASK))


def test_a_signal_beside_an_answer_is_said_to_be_honoured_or_to_contradict_it():
    def message(*granted: str, curbed: tuple[str, ...] = (), signal: bool = True) -> str:
        view = replace(question("en", Face.DECIDED, *granted, signal=signal), curbed=frozenset(curbed))
        return " ".join(said(each.text) for each in read(view).all("p") if each.get("class") == "message")

    assert message("marketing").endswith("What you allowed here is stronger; you can withdraw it at any time.")
    assert message().endswith("and that is honoured.")
    assert "honoured: Marketing stays off although you allowed it" in message("analytics", curbed=("marketing",))
    assert message("marketing", signal=False) == ""


def test_what_a_browser_answers_by_itself_is_said_and_ticks_nothing():
    for granted in ((), ("analytics",)):
        for make in (question, full_page):
            view = replace(make("en", Face.SIGNAL, *granted), adpc=True)
            document = read(view)
            assert "Advanced Data Protection Control" in written(view)
            assert ticked(document) == set()
            titles = {(): "Everything optional is off", ("analytics",): "Your browser answers for you"}
            assert said(document.all("h1")[0].text) == titles[granted]
            assert ("Allowed Analytics" in said(document.all("main")[0].text)) == bool(granted)


def test_the_form_posts_its_token_to_where_it_came_from():
    document = read(question("kk", Face.ASK))
    form = document.all("form")[0]
    hidden = {field["name"]: field["value"] for field in document.all("input") if field["type"] == "hidden"}

    assert form["action"] == "/embed/shop?lang=kk"
    assert hidden == {"token": "t0ken"}


def test_slots_are_those_that_the_face_needs():
    assert Prepared.of(question("en", Face.ASK)).slots == {"token", "passed"}
    assert Prepared.of(question("en", Face.DECIDED)).slots == {"token", "passed", "until", "receipt_url", "receipt"}
    saved = {"token", "passed", "until", "receipt_url", "receipt", "releases"}
    assert Prepared.of(question("en", Face.SAVED)).slots == saved
    assert Prepared.of(full_page("en", Face.SAVED)).slots == {"token", "until", "receipt_url"}


def test_released_elements_stand_in_the_confirmation_as_they_are():
    image = '<img src="/release/shop/ads.gif" alt="" width="1" height="1">'
    page = Prepared.of(question("en", Face.SAVED, "marketing"))
    filled = page.fill(token="t", until="", receipt_url="", receipt="", passed="", releases=image).decode()

    assert image in filled


@pytest.mark.parametrize(
    ("language", "words"), [("kk", "3 сыртқы сервис"), ("ru", "3 сторонних сервиса"), ("en", "3 vendors")]
)
def test_the_number_of_vendors_links_to_the_list(language: str, words: str):
    links = {said(link.text): link["href"] for link in read(question(language, Face.ASK)).all("a")}

    assert [address for text, address in links.items() if text.startswith(words)] == [f"/consent/shop?lang={language}"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_full_page_lists_every_vendor_cookie_lifetime_and_country(language: str):
    text = said(" ".join(main.text for main in read(full_page(language, Face.ASK)).all("main")))
    lifetimes = {
        "kk": ("2 жыл", "1 жыл 25 күн", "182 күн"),
        "ru": ("2 года", "1 год 25 дней", "182 дня"),
        "en": ("2 years", "1 year 25 days", "182 days"),
    }
    countries = {"kk": ("АҚШ", "Қазақстан"), "ru": ("США", "Казахстан"), "en": ("United States", "Kazakhstan")}

    for fact in ("Google Analytics", "Google Ads", "Dala Maps", "_ga", "IDE", "__Host-cg-shop", "240140012342"):
        assert fact in text
    for fact in lifetimes[language] + countries[language]:
        assert fact in text


def test_what_is_necessary_is_text_and_not_a_box():
    for document in (read(question("en", Face.ASK)), read(full_page("en", Face.ASK))):
        assert "Necessary" in "".join(element.text for element in document.all("main"))
        assert not [box for box in document.all("input") if box.get("value") == "necessary"]


def test_a_page_opened_from_a_receipt_answers_for_it():
    fields = read(replace(full_page("en", Face.ASK), receipt="c0de")).all("input")

    assert {field["name"]: field["value"] for field in fields if field["type"] == "hidden"} == {
        "token": "t0ken",
        "receipt": "c0de",
    }


def test_a_receipt_says_what_was_answered_to_whom_when_and_how():
    text = said(read(receipt("en", ReceiptStanding.VALID, "analytics")).all("main")[0].text)

    for fact in (
        "Analytics allowed", "Marketing not allowed", "Dala & Sons LLP", "240140012342", "Almaty, Abay Avenue 45",
        "privacy@shop.example", "Ministry of Artificial Intelligence", "23 November 2026, 18:39 UTC",
        "24 May 2027, 18:39 UTC", "chose by purpose", "in our frame on a page of the site", "English",
        "shop-2026-11-23", "3f" * 32, notice("en").digest, "0193b2c4-7d5e-7c1a-9f00-1b2c3d4e5f60", "2026-11",
    ):  # fmt: skip
        assert fact in text


def test_a_valid_receipt_is_withdrawn_and_changed_by_plain_forms():
    forms = read(receipt("en", ReceiptStanding.VALID, "analytics")).all("form")

    assert [form["action"] for form in forms] == ["/receipt/c0de/withdraw?lang=en", "/consent/shop?lang=en"]
    assert ticked(read(receipt("en", ReceiptStanding.VALID, "analytics"))) == {"analytics"}


@pytest.mark.parametrize("standing", [each for each in ReceiptStanding if each is not ReceiptStanding.VALID])
def test_a_receipt_that_no_longer_holds_says_why_and_ticks_nothing(standing: ReceiptStanding):
    document = read(receipt("en", standing, "analytics"))
    why = said(document.all("p")[2].text)

    assert "This answer holds today" not in document.all("main")[0].text
    assert why
    assert methods(document) == ["save"]
    assert ticked(document) == set()
    assert "Who receives data" not in document.all("main")[0].text


def test_a_receipt_leads_to_its_files_and_to_the_very_policy():
    links = {link["href"] for link in read(receipt("ru", ReceiptStanding.VALID)).all("a")}

    assert {"/receipt/c0de.json", "/receipt/c0de.jws", "/policy/shop-2026-11-23?lang=ru"} <= links


def test_the_inline_lines_ask_on_the_partners_page_and_answer_in_our_frame():
    lines = snippet(site(Style.INLINE), notice("kk"), GATEWAY)
    start, end = Reader(lines.start), Reader(lines.end)
    section, form, frame = (start.all(tag)[0] for tag in ("section", "form", "iframe"))
    hidden = {field["name"]: field["value"] for field in start.all("input") if field["type"] == "hidden"}
    sentinel = next(field for field in start.all("input") if field.get("class") == "cg-sent")

    assert section["class"] == "cg"
    assert section["lang"] == "kk"
    assert "hidden" in section.attributes
    assert form["action"] == f"{GATEWAY}/embed/shop?lang=kk"
    assert form["target"] == frame["name"]
    assert hidden == {"notice": notice("kk").digest}
    assert {"required", "checked", "hidden"} <= set(sentinel.attributes)
    assert "name" not in sentinel.attributes
    assert frame["src"] == f"{GATEWAY}/embed/shop?lang=kk"
    assert "allow-scripts" not in frame["sandbox"]
    named, link = end.elements[-2:]
    assert (named.tag, named["http-equiv"], named["content"]) == ("meta", "default-style", link["title"])
    assert (link.tag, link["rel"]) == ("link", "alternate stylesheet")
    assert link["href"] == f"{GATEWAY}/embed/shop/style.css?notice={notice('kk').digest}"


def test_the_frame_lines_hold_no_question_of_their_own():
    lines = snippet(site(Style.FRAME), notice("ru"), GATEWAY)
    end = Reader(lines.end)

    assert lines.start == ""
    assert not end.all("form")
    assert [frame["class"] for frame in end.all("iframe") if frame.get("class")] == ["cg-frame"]
    assert end.elements[-1].tag == "link"


def test_only_the_gateway_is_named_in_the_partners_page_and_no_vendor():
    for style in Style:
        lines = str(snippet(site(style), notice("en"), GATEWAY))
        addresses = [
            element[name]
            for element in Reader(lines).elements
            for name in ("src", "href", "action")
            if element.get(name)
        ]

        assert "vendor.example" not in lines
        assert all(address.startswith(f"{GATEWAY}/") for address in addresses)


def test_each_tag_stands_in_the_place_of_its_kind():
    lines = snippet(site(Style.INLINE), notice("en"), GATEWAY)
    scripts = [element["src"] for element in Reader(lines.head).all("script")]
    images = [(element["src"], element.inside) for element in Reader(lines.end).all("img")]
    frames = [element["src"] for element in Reader(lines.end).all("iframe")]

    assert scripts == [f"{GATEWAY}/release/shop/ga4.js"]
    assert images == [
        (f"{GATEWAY}/release/shop/ga4.gif", ("noscript",)),
        (f"{GATEWAY}/release/shop/ads.gif", ()),
    ]
    assert frames == [f"{GATEWAY}/release/shop/map.html"]


def test_the_lines_tell_the_partner_where_they_go():
    text = str(snippet(site(Style.INLINE), notice("en"), GATEWAY))

    assert text.index("1 of 3, in <head>") < text.index("2 of 3, directly after <body>") < text.index("3 of 3")


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_inline_question_says_what_the_frame_says(language: str):
    def words(document: Reader, kind: str) -> list[str]:
        return [said(element.text) for element in document.all(kind)]

    inline = Reader(snippet(site(Style.INLINE), notice(language), GATEWAY).start)
    frame = read(question(language, Face.ASK))

    assert words(inline, "button") == words(frame, "button")
    assert words(inline, "label") == words(frame, "label")
    assert words(inline, "h2") == words(frame, "h1")
