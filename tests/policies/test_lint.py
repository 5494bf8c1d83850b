"""The law lint: what it finds in the three languages, where, and what it leaves alone."""

# ruff: noqa: E501 - the sentences of one language stand on one line

from __future__ import annotations

import time
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consentgw.http.languages import NAMES
from consentgw.policies.findings import Severity, Unpublishable
from consentgw.policies.model import Basis
from consentgw.policies.rendering import LIMIT
from consentgw.policies.service import compose, publish, starter
from tests.policies.shop import FACTS, SHOP, TODAY, draft, drafts, part, shop

UNSAFE = {
    "consent-by-use": {
        "en": (
            "By using this site you agree to the policy.",
            "By continuing to browse, you consent to cookies.",
            "If you continue to use the site you accept these terms.",
            "Use of the site constitutes acceptance of this policy.",
            "Whoever stays here is deemed to have consented.",
        ),
        "ru": (
            "Используя сайт, вы соглашаетесь с условиями.",
            "Вы соглашаетесь с политикой, продолжая пользоваться сайтом.",
            "Использование сайта означает согласие с политикой.",
            "Посещая страницы, Вы даёте согласие на обработку.",
        ),
        "kk": (
            "Сайтты пайдалану арқылы сіз осы шарттарға келісесіз.",
            "Сайтқа кіру арқылы келісім бересіз.",
            "Сайтты пайдалана отырып, сіз саясатқа келісесіз.",
            "Сайтты пайдалану келісім болып саналады.",
        ),
    },
    "agree-or-leave": {
        "en": ("If you do not agree, stop using the site.",),
        "ru": ("Если вы не согласны, покиньте сайт.",),
        "kk": ("Егер келіспесеңіз, Сайтты пайдалануды тоқтатыңыз.",),
    },
    "silence": {
        "en": ("Analytics is on unless you opt out.", "Untick the box to refuse."),
        "ru": ("Аналитика включена, если вы не отказались.", "Снимите галочку, чтобы отказаться."),
        "kk": ("Қарсы болмасаңыз, аналитика қосулы тұрады.",),
    },
    "nudging": {
        "en": ("We recommend that you accept all cookies.", "For the best experience, allow cookies.", "Please accept."),
        "ru": ("Рекомендуем принять все файлы cookie.", "Для лучшей работы сайта примите cookie.", "Пожалуйста, согласитесь."),
        "kk": ("Барлық cookie файлдарын қабылдауды ұсынамыз.", "Жақсы тәжірибе үшін қабылдаңыз.", "Келісуіңізді сұраймыз."),
    },
    "guilt": {
        "en": ("You will miss out on offers.", "No, I don't care about my safety."),
        "ru": ("Вы упустите выгодные предложения.", "Нам будет грустно."),
        "kk": ("Тиімді ұсыныстардан айырыласыз.",),
    },
    "double-negative": {
        "en": ("Tick the box if you do not want to opt out.", "Choose this if you do not refuse."),
        "ru": ("Отметьте, если не хотите не получать рекламу.", "Нажмите, чтобы не отказываться."),
        "kk": ("Бас тартпаймын.", "Егер бас тартпасаңыз, белгі қойыңыз."),
    },
    "only-ok": {
        "en": ("Press “OK” to go on.", "Click the Got it button."),
        "ru": ("Нажмите «ОК», чтобы продолжить.", "Нажмите кнопку «Понятно»."),
        "kk": ("«Түсінікті» батырмасын басыңыз.",),
    },
    "ask-me-later": {
        "en": ("Choose yes or “Ask me later”.",),
        "ru": ("Выберите «Да» или «Спросить позже».",),
        "kk": ("«Иә» немесе «Кейінірек сұраңыз» дегенді таңдаңыз.",),
    },
    "legitimate-interest": {
        "en": ("Traffic analysis rests on our legitimate interests.",),
        "ru": ("Анализ трафика основан на наших законных интересах.",),
        "kk": ("Трафикті талдау – біздің заңды мүддеміз.",),
    },
    "statute-words": {
        "ru": ("Мы собираем ваши личные данные.",),
        "kk": ("Біз жеке деректеріңізді жинаймыз.",),
    },
    "browser-lifetime": {
        "en": ("Cookies are kept according to the settings of your browser.",),
        "ru": ("Файлы cookie хранятся согласно настройкам вашего браузера.",),
        "kk": ("Cookie файлдары браузердің баптауларына сәйкес сақталады.",),
    },
    "unverified-law": {
        "en": ("By law we erase data within 15 calendar days.",),
        "ru": ("По закону мы удаляем данные в течение 15 календарных дней.",),
        "kk": ("Заң бойынша деректерді 15 күнтізбелік күн ішінде өшіреміз.",),
    },
}  # fmt: skip
EVERY = [
    pytest.param(rule, language, sentence, id=f"{rule}-{language}-{number}")
    for rule, languages in UNSAFE.items()
    for language, sentences in languages.items()
    for number, sentence in enumerate(sentences)
]
SAFE = {
    "en": (
        "Visiting or using the Site is not consent.",
        "By using this site you do not agree to anything.",
        "If you do not agree, everything optional stays off.",
        "We ask for your consent separately.",
        "Press “Accept all” or “Reject all”; there is no “OK” that decides for you.",
        "Data is kept until a period set by law has ended.",
        "You can accept, refuse or decide not now: no answer means refusal.",
        "The best way to reach us is e-mail.",
    ),
    "ru": (
        "Посещение Сайта и пользование им не считаются согласием.",
        "Если вы не согласны, всё необязательное остаётся выключенным.",
        "Мы спрашиваем согласие отдельно.",
        "Мы никогда не продаём данные и никому не показываем их.",
        "Данные хранятся, пока не истёк срок, установленный законом.",
    ),
    "kk": (
        "Сайтқа кіру немесе оны пайдалану келісім болып саналмайды.",
        "Келіспесеңіз, міндетті емес қызметтер өшірулі тұрады.",
        "Жауап бермеу бас тарту болып есептеледі.",
        "Дербес деректер заңда белгіленген мерзім аяқталғанша сақталады.",
        "Келісімді бөлек сұраймыз.",
    ),
}  # fmt: skip


def findings(clause: str, language: str, site=SHOP, facts=FACTS, **texts: str):
    """Return what is found when one language of a good policy says one thing more."""
    given = drafts(site, **{language: draft("1.1. [[site.name]].\n\n" + clause)}) | texts
    return compose(site, given, facts, TODAY).findings


def rules(found) -> set[str]:
    return {finding.rule for finding in found}


def test_a_short_policy_with_all_its_parts_has_no_findings():
    assert compose(SHOP, drafts(), FACTS, TODAY).findings == ()


@pytest.mark.parametrize(("rule", "language", "sentence"), EVERY)
def test_an_unsafe_sentence_is_an_error_with_its_line_language_and_remedy(rule, language, sentence):
    found = [finding for finding in findings(sentence, language) if finding.rule == rule]

    assert [(finding.language, finding.line, finding.severity) for finding in found] == [(language, 7, Severity.ERROR)]
    assert found[0].remedy
    assert str(found[0]).startswith(f"{language}, line 7: ")


@pytest.mark.parametrize(
    ("language", "sentence"), [(language, sentence) for language, said in SAFE.items() for sentence in said]
)
def test_a_safe_sentence_is_left_alone(language, sentence):
    assert findings(sentence, language) == ()


@pytest.mark.parametrize(
    "disguise",
    [
        "By *using* this site you **agree** to the policy.",
        "- By using this site you agree.",
        "> By using\n> this site you\n> agree.",
        "By using this&nbsp;site you agree.",
        "By us\u00ading this site you ag\u200bree.",
        "BY USING THIS SITE YOU AGREE",
        "[By using](#s1) this site you agree.",
        "| a |\n|---|\n| By using this site you agree |",
        "### By using this site you agree",
        r"By using this site you \agree".replace(r"\a", "a"),
    ],
)
def test_markup_and_invisible_signs_hide_nothing(disguise):
    assert rules(findings(disguise, "en")) == {"consent-by-use"}


def test_a_line_is_told_also_within_a_long_paragraph():
    found = findings("One.\nTwo.\nBy using this site\nyou agree.\nFive.", "en")

    assert [finding.line for finding in found] == [9]


def test_legitimate_interest_is_no_basis_in_kazakhstan_whatever_it_is_put_on():
    sentence = "Protection against fraud rests on our legitimate interests."
    union = shop("en")

    assert rules(findings(sentence, "en")) == {"legitimate-interest"}
    assert findings(sentence, "en", union) == ()


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("en", "You can delete cookies in the settings of your browser."),
        ("ru", "Вы можете удалить файлы cookie в настройках браузера."),
        ("kk", "Cookie файлдарын браузердің баптауларынан өшіре аласыз."),
    ],
)
def test_the_browser_s_settings_are_fine_beside_our_page_and_not_instead_of_it(language, sentence):
    alone = draft(sentence).replace("[settings]([[site.settings]])", "")

    assert findings(sentence, language) == ()
    assert "browser-only" in rules(findings("", language, **{language: alone}))


def test_a_time_copied_from_the_law_is_worth_a_look():
    (found,) = findings("By law we answer within 3 working days.", "en")

    assert found.rule == "copied-law"
    assert found.severity is Severity.WARNING


@pytest.mark.parametrize(
    ("place", "missing"),
    [
        ("[[site.name]]", "the name of the site"),
        ("[[data]]", "the list of personal data"),
        ("[[purposes]]", "the legal basis of each purpose"),
        ("[[tags]]", "who receives data"),
        ("[[retention]]", "how long data is kept"),
        ("[[rights]]", "where people may complain"),
        ("[[cookies]]", "the cookies and their lifetimes"),
        ("[settings]([[site.settings]])", "the page where people choose and withdraw"),
        ("[versions]([[site.versions]])", "how the policy changes"),
        ("[[contacts]]", "the operator's number"),
    ],
)
def test_a_part_that_is_missing_is_an_error_in_every_language(place, missing):
    texts = {language: text.replace(place, "") for language, text in drafts().items()}

    errors = compose(SHOP, texts, FACTS, TODAY).errors

    told = {(error.language, error.says) for error in errors if error.rule == "part"}
    assert {(language, f"missing: {missing}") for language in NAMES} <= told


@pytest.mark.parametrize(
    ("place", "heading"),
    [
        ("[[data]]", {"kk": "2. Қандай деректер", "ru": "2. Какие данные", "en": "2. What data"}),
        ("[[purposes]]", {"kk": "3. Мақсаттар мен негіздер", "ru": "3. Цели и основания", "en": "3. Purposes and grounds"}),
        ("[[tags]]", {"kk": "5. Үшінші тұлғалар", "ru": "5. Третьи лица", "en": "5. Third parties"}),
        ("[[retention]]", {"kk": "6. Сақтау", "ru": "6. Хранение", "en": "6. Retention"}),
        ("[versions]([[site.versions]])", {"kk": "9. Өзгерістер", "ru": "9. Изменения", "en": "9. Changes"}),
    ],
)  # fmt: skip
def test_a_part_in_fixed_words_under_its_heading_is_worth_a_look(place, heading):
    texts = {language: text.replace(place, f"\n\n## {heading[language]}\n\n") for language, text in drafts().items()}

    composed = compose(SHOP, texts, FACTS, TODAY)

    assert composed.errors == ()
    assert {finding.language for finding in composed.findings if finding.rule == "part"} == set(NAMES)


@pytest.mark.parametrize("number", ["", "240140012345", "24014001234", "2401400123420", "BIN 240140012342"])
def test_an_operator_without_a_number_that_can_be_one_is_refused_in_kazakhstan(number):
    nobody = replace(SHOP, operator=replace(SHOP.operator, registration=number))

    assert "operator-number" in rules(compose(nobody, drafts(), FACTS, TODAY).errors)


@pytest.mark.parametrize("basis", ["", "because"])
def test_a_purpose_without_a_basis_is_refused(basis):
    odd = replace(FACTS, purposes=(*FACTS.purposes[:2], replace(FACTS.purposes[2], basis=basis)))

    errors = compose(SHOP, {}, odd, TODAY).errors

    assert any(error.says.startswith("the purpose marketing has no legal basis") for error in errors)


@pytest.mark.parametrize("site", [SHOP, shop("en")], ids=lambda site: site.profile)
def test_legitimate_interests_for_a_purpose_that_loads_tags_are_refused(site):
    analytics = replace(FACTS.purposes[1], basis=Basis.LEGITIMATE_INTERESTS)
    odd = replace(FACTS, purposes=(FACTS.purposes[0], analytics, FACTS.purposes[2]))

    errors = compose(site, drafts(site), odd, TODAY).errors

    assert [error.rule for error in errors] == ["legitimate-interest"]
    assert "analytics" in errors[0].says


def test_legitimate_interests_for_what_loads_nothing_are_a_basis_in_the_union_only():
    security = replace(FACTS.purposes[0], key="security", basis=Basis.LEGITIMATE_INTERESTS)
    odd = replace(FACTS, purposes=(*FACTS.purposes, security))

    assert compose(shop("en"), drafts(shop("en")), odd, TODAY).errors == ()
    assert rules(compose(SHOP, drafts(), odd, TODAY).errors) == {"legitimate-interest"}


def test_words_of_a_purpose_are_read_like_the_text():
    pushy = replace(FACTS.purposes[2], sentences={**FACTS.purposes[2].sentences, "ru": "Вы упустите скидки."})
    odd = replace(FACTS, purposes=(*FACTS.purposes[:2], pushy))

    (error,) = compose(SHOP, drafts(), odd, TODAY).errors

    assert (error.rule, error.language) == ("guilt", "ru")
    assert "the purpose marketing" in error.says


def test_a_tag_that_loads_without_consent_is_worth_a_look():
    always = replace(FACTS, tags=(replace(FACTS.tags[0], purposes=("necessary",)),))

    (found,) = compose(SHOP, drafts(), always, TODAY).findings

    assert (found.rule, found.severity) == ("tag-without-consent", Severity.WARNING)


def test_an_authority_nobody_checked_for_a_year_is_worth_a_look():
    later = SHOP.authority_in("kk", TODAY).checked_on + timedelta(days=366)

    assert rules(compose(SHOP, drafts(), FACTS, later).findings) == {"stale"}


def test_a_site_in_kazakhstan_that_lacks_a_required_language_is_refused():
    english = replace(shop("en"), profile="kz")

    errors = compose(english, drafts(english), FACTS, TODAY).errors

    assert [error.says for error in errors] == [
        "the law profile kz asks for kk, which shop does not speak",
        "the law profile kz asks for ru, which shop does not speak",
    ]


SEEDLIKE = """# Құпиялылық

## 1. Жалпы

1.1. Бұл саясат [Сайт атауы] сайтындағы жеке деректер туралы.

1.2. Сайтты пайдалану арқылы шарттармен келісесіз. Келіспесеңіз, пайдалануды тоқтатыңыз.

## 4. Негіздер

4.1. Негізі – заңды мүдде (трафикті талдау).

## 6. Сақтау

6.2. Cookie файлдары браузердің баптауларына сәйкес немесе оларды өшіргенше сақталады.

## 8. Cookie

8.3. Оларды браузердің баптауларынан өшіре аласыз.

## 10. Байланыс

[байланыс email]
"""
"""Our own short telling of what the founding policy got wrong."""


def test_a_policy_like_the_founding_one_is_refused_for_each_of_its_faults(db):
    texts = dict.fromkeys(NAMES, SEEDLIKE)
    with pytest.raises(Unpublishable) as refused:
        db.apply(publish, SHOP, texts, FACTS)

    kk = {(finding.rule, finding.line) for finding in refused.value.findings if finding.language == "kk"}
    assert {
        ("gap", 5),
        ("gap", 23),
        ("statute-words", 5),
        ("consent-by-use", 7),
        ("agree-or-leave", 7),
        ("legitimate-interest", 11),
        ("browser-lifetime", 15),
        ("browser-only", 19),
    } <= kk
    missing = {finding.says for finding in refused.value.findings if finding.rule == "part"}
    assert {
        "missing: the operator's number",
        "missing: the cookies and their lifetimes",
        "missing: the page where people choose and withdraw",
        "missing: where people may complain",
    } <= missing
    assert str(refused.value).count("\n") == len(refused.value.findings) - 1
    assert db.ask(lambda connection: connection.exec_driver_sql("SELECT count(*) FROM policies").scalar()) == 0


def test_warnings_do_not_keep_a_policy_from_being_published(db):
    texts = drafts(en=draft("1.1. By law we answer within 3 working days."))

    assert db.apply(publish, SHOP, texts, FACTS).texts["en"].source.startswith("# Policy")


def test_the_starter_is_without_findings_under_every_profile():
    for profile in ("kz", "eu", "uk", "us-ca", "br"):
        site = replace(SHOP, profile=profile)

        assert compose(site, starter(NAMES), FACTS, TODAY).findings == (), profile


@given(st.text(max_size=300), st.sampled_from(list(NAMES)))
def test_any_text_can_be_read(text, language):
    for finding in compose(SHOP, {language: part(text)}, FACTS, TODAY).findings:
        assert str(finding)


@pytest.mark.parametrize(
    "unit", ["browser ", "by using ", "do not ", "ask ", "в настройках браузера ", "пайдалану арқылы "]
)
def test_the_longest_repetition_is_read_soon(unit):
    varied = "".join(f"{unit}{number} " for number in range(LIMIT // 2 // len(f"{unit}00000 ".encode())))
    started = time.process_time()

    for language in NAMES:
        compose(SHOP, {language: part(varied)}, FACTS, TODAY)

    assert time.process_time() - started < 20


@pytest.mark.parametrize(
    "line", ["Hello <b>all</b>.", "<script>alert(1)</script>", "<!-- hidden -->", "![cat](https://a.example/c.png)"]
)
def test_html_and_pictures_are_told_with_their_line_because_people_would_read_their_source(line):
    (found,) = [one for one in compose(SHOP, drafts(en=draft(line)), FACTS, TODAY).findings if one.rule == "markup"]

    assert (found.language, found.line, found.severity) == ("en", 5, "warning")
    assert found.remedy


@pytest.mark.parametrize(
    "line", ["Write to <dana@shop.example>.", "See <https://shop.example/a>.", "1 < 2 and 3 > 2", r"\<b>"]
)
def test_an_address_in_brackets_and_a_sign_are_no_html(line):
    assert [one for one in compose(SHOP, drafts(en=draft(line)), FACTS, TODAY).findings if one.rule == "markup"] == []


def test_every_finding_that_forbids_publishing_has_a_remedy():
    texts = drafts(kk="# Саясат\n\n## 1. Бөлім\n\n1.1. [gap] Сайтты пайдалану арқылы келісесіз.", ru="", de="# x")
    site = replace(SHOP, operator=replace(SHOP.operator, registration="1"))

    errors = compose(site, texts, FACTS, TODAY).errors

    assert {error.rule for error in errors} >= {"gap", "language", "consent-by-use", "part", "operator-number"}
    assert [error for error in errors if not error.remedy and ": " not in error.says] == []
