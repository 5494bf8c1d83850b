"""Our starter policy says what each clause of the founding policy promises, in every language, and safely."""

# ruff: noqa: E501 - the words of one language stand on one line

from __future__ import annotations

import re
from dataclasses import dataclass, replace

import pytest

from consentgw.http.languages import NAMES, country, duration
from consentgw.law.profiles import RequestType, profile
from consentgw.policies.model import PolicyText
from consentgw.policies.rights import day
from consentgw.policies.service import compose, starter
from tests.policies.shop import FACTS, SHOP, TODAY, clause, shop

COMPOSED = compose(SHOP, starter(NAMES), FACTS, TODAY)
RENDERINGS = COMPOSED.renderings

# What the founding policy said, and a policy must not say, by language; each with a sentence that says it.
UNSAFE = {
    "kk": {
        r"пайдалану арқылы[^.]*келіс": "Сайтты пайдалану арқылы сіз шарттарға келісесіз.",
        r"келіспесеңіз[^.]*тоқтат": "Егер келіспесеңіз, Сайтты пайдалануды тоқтатыңыз.",
        r"заңды мүдде": "Негізі – біздің заңды мүдделеріміз.",
        r"браузердің баптауларына сәйкес": "Cookie файлдары браузердің баптауларына сәйкес сақталады.",
        r"жеке дерек": "Жеке деректеріңізді жинаймыз.",
        r"заң(ға|ның)? (бойынша|сәйкес|талабы)[^.]*күн": "Заң бойынша 3 жұмыс күні ішінде жауап береміз.",
        r"\bБІН\b|\bБИН\b": "БИН 240140012342",
    },
    "ru": {
        r"(используя|пользуясь|посещая)[^.]*соглаша": "Пользуясь сайтом, вы соглашаетесь с условиями.",
        r"не согласны[^.]*(прекратите|покиньте)": "Если вы не согласны, прекратите пользоваться сайтом.",
        r"законн\w+ интерес": "Основание – наши законные интересы.",
        r"согласно настройкам браузера": "Файлы cookie хранятся согласно настройкам браузера.",
        r"личн\w+ данн": "Мы собираем ваши личные данные.",
        r"(по закону|согласно закону|законом)[^.;]*\d+ (рабочих|рабочего|календарных)": "По закону отвечаем в течение 3 рабочих дней.",
    },
    "en": {
        r"by (using|visiting|continuing)[^.]*agree": "By using the site you agree to these terms.",
        r"not agree[^.]*(stop|leave)": "If you do not agree, stop using the site.",
        r"legitimate interest": "The ground is our legitimate interests.",
        r"according to[^.]*browser": "Cookies are kept according to the settings of your browser.",
        r"(by law|law requires|legally)[^.;]*\d+ (working|calendar)": "By law we answer within 3 working days.",
    },
}  # fmt: skip


@dataclass(frozen=True)
class Reader:
    """Someone who reads the policy in one language."""

    language: str

    @property
    def text(self) -> PolicyText:
        """The policy in that language."""
        return RENDERINGS[self.language].text

    def reads(self, number: str) -> str:
        """Return the words of a clause."""
        return clause(self.text.html, number)

    def finds(self, number: str, **words: str) -> None:
        """Fail unless the clause has all these words, separated by a bar, in the reader's language."""
        said = self.reads(number)
        for word in words[self.language].split("|"):
            assert word in said, f"{self.language} {number} does not say {word!r}: {said}"


@pytest.fixture(params=list(NAMES))
def reader(request: pytest.FixtureRequest) -> Reader:
    return Reader(request.param)


def test_clause_1_1_names_the_site_and_its_owner_and_what_is_regulated(reader):
    reader.finds(
        "1.1",
        kk="Дана дүкені|«Дана Сауда» ЖШС|БСН 240140012342|жинал|өңдел|сақтал|қорғал|иесі",
        ru="Дана дүкені|«Дана Сауда» ЖШС|БИН 240140012342|собира|обрабатыва|хранятся|защища|Владелец",
        en="Дана дүкені|«Дана Сауда» ЖШС|BIN 240140012342|collected|processed|stored|protected|owner",
    )


def test_clause_1_2_says_that_using_the_site_is_not_consent(reader):
    reader.finds(
        "1.2",
        kk="келісім болып саналмайды|бөлек сұраймыз|жауап бермеу бас тарту|пайдалана бересіз",
        ru="не считаются согласием|спрашиваем о нём отдельно|отсутствие ответа означает отказ|и дальше пользоваться",
        en="is not consent|ask for it separately|no answer means no|go on using the Site",
    )


def test_clause_2_1_lists_the_data_a_person_gives(reader):
    reader.finds(
        "2.1",
        kk="тізбесі|Аты-жөні|Электрондық пошта|Телефон|өз еркіңізбен|өзіңіз берсеңіз",
        ru="перечень|Имя и фамилия|электронной почты|телефона|добровольно|если вы сообщите их сами",
        en="list|Full name|E-mail|Telephone|free will|if you give it yourself",
    )


def test_clause_2_1_lists_every_kind_of_data_with_its_use_and_when_it_is_collected(reader):
    asked = {"kk": "тек келіссеңіз", "ru": "только с вашего согласия", "en": "only if you agree"}[reader.language]
    optional = {purpose.key for purpose in FACTS.purposes if purpose.optional}

    said = reader.reads("2.1")

    for item in SHOP.data:
        words = item.wording[reader.language]
        row = said.partition(f"{words.title} {words.sentence} ")[2]
        assert row, f"{item.key} is not listed"
        assert row.startswith(asked) == bool(item.purposes & optional)


def test_clause_2_2_tells_what_is_collected_automatically_and_ties_observation_to_consent(reader):
    reader.finds(
        "2.2",
        kk="IP мекенжайын|құрылғы|браузер|ел, қала|Cookie файлдары және ұқсас технологиялар|Қаралған беттер|өткізілген уақыт|келіссеңіз ғана",
        ru="IP-адрес|устройства|браузера|страна, город|файлах cookie и похожих технологиях|Просмотренные страницы|время|только если вы согласились",
        en="IP address|device|browser|country, city|Cookies and similar technologies|Pages viewed|time spent|only if you have agreed",
    )


def test_clause_3_1_lists_the_purposes_and_sends_marketing_only_with_consent(reader):
    reader.finds(
        "3.1",
        kk="қызмет көрсету|Сайттың жұмысын жақсарту|маркетингтік материалдар жіберу: тек сіздің келісіміңізбен|бөлек|заңнамасының",
        ru="оказывать услуги|улучшать работу Сайта|маркетинговые материалы: только с вашего согласия|отдельно|законодательства",
        en="provide our services|improve the Site|marketing materials: only with your consent|separately|legislation",
    )


def test_clause_3_1_gathers_statistics_only_after_consent_to_analytics(reader):
    reader.finds(
        "3.1",
        kk="статистикасын бұған келіссеңіз ғана",
        ru="только если вы согласились на это",
        en="only if you have agreed to that",
    )


def test_clause_3_2_shows_every_purpose_that_is_configured(reader):
    for purpose in FACTS.purposes:
        assert purpose.titles[reader.language] in reader.reads("3.2")
        assert purpose.sentences[reader.language] in reader.reads("3.2")


def test_clause_4_1_names_each_ground_and_rests_analytics_on_consent_alone(reader):
    reader.finds(
        "4.1",
        kk="келісіміңіз|шарт|алаяқтықтан|заңнамасының талаптары|аналитика мен маркетинг тек келісімге негізделеді",
        ru="согласие|договор|мошенничества|требования законодательства|аналитика и маркетинг основаны только на согласии",
        en="your consent|a contract|fraud|requirements of the legislation|analytics and marketing rest on consent alone",
    )


def test_clause_4_2_says_how_long_a_consent_lasts(reader):
    reader.finds(
        "4.2",
        kk="сақталу мерзімі бойы|қайта сұраймыз|кері қайтарып алғанша",
        ru="столько же, сколько хранится|спрашиваем снова|не отозвали",
        en="lasts as long as the cookie|ask again|withdraw it",
    )


def test_clause_5_1_passes_nothing_on_without_consent_and_makes_no_exception_for_analytics(reader):
    reader.finds(
        "5.1",
        kk="келісіміңізсіз үшінші тұлғаларға бермейміз|төлем жүйесіне|мемлекеттік органдары|Аналитика және жарнама қызметтері бұл жағдайларға жатпайды",
        ru="Без вашего согласия мы не передаём|платёжной системы|государственных органов|Сервисы аналитики и рекламы к этим исключениям не относятся",
        en="do not pass your data to third parties without your consent|payment system|state bodies|Analytics and advertising services are not among these exceptions",
    )


def test_clause_5_2_tells_of_transfer_to_other_countries(reader):
    reader.finds(
        "5.2",
        kk="шекарадан тыс|трансшекаралық беру|келісіміңізсіз ештеңе алмайды|осылай берілуіне де келісім бересіз",
        ru="пересекают ли данные границу|трансграничная передача|без вашего согласия ничего не получают|даёте согласие и на такую передачу",
        en="crosses the border|cross-border transfer|receive nothing without it|also agree to this transfer",
    )


def test_clause_8_2_flags_the_services_beyond_the_border(reader):
    words = {"kk": "трансшекаралық беру", "ru": "трансграничная передача", "en": "cross-border transfer"}
    none = {"kk": "трансшекаралық беру жоқ", "ru": "без трансграничной передачи", "en": "no cross-border transfer"}
    home = replace(FACTS, tags=(replace(FACTS.tags[0], country="KZ"), FACTS.tags[1]))

    said = clause(compose(SHOP, starter(NAMES), home, TODAY).renderings[reader.language].text.html, "8.2")

    assert f"{country('KZ', reader.language)}: {none[reader.language]}" in said
    assert f"{country('US', reader.language)}: {words[reader.language]}" in said


def test_clause_6_1_says_how_data_is_protected(reader):
    reader.finds(
        "6.1",
        kk="қорғалған серверлерде|шифрланады|жаңартылып",
        ru="защищённых серверах|шифруется|обновляются",
        en="protected servers|encrypted|up to date",
    )


def test_clause_6_2a_keeps_personal_data_as_long_as_the_purpose_or_the_law_needs(reader):
    reader.finds(
        "6.2",
        kk="дербес деректер – өңдеу мақсаттарына қажет болғанша немесе заңда белгіленген мерзім",
        ru="персональные данные – пока они нужны для целей обработки или пока не истёк срок, установленный законом",
        en="personal data : as long as the purposes of processing need it, or until a period set by law",
    )


def test_clause_6_2a_says_how_long_each_kind_of_record_is_kept(reader):
    said = reader.reads("6.2")

    for kept in SHOP.retention:
        assert f"{kept.wording[reader.language].title} {kept.wording[reader.language].sentence}" in said
        assert duration(kept.period_days * 86_400, reader.language) in said


def test_clause_6_2b_gives_every_cookie_a_lifetime_instead_of_the_browser_s_settings(reader):
    reader.finds(
        "6.2",
        kk="cookie файлдары – әрқайсысы 8.2-тармақтағы кестеде көрсетілген мерзім",
        ru="файлы cookie – каждый в течение срока, указанного в таблице",
        en="cookies : each for the period shown in the table",
    )
    for cookie in (*FACTS.own, *(cookie for tag in FACTS.tags for cookie in tag.cookies)):
        assert f"{cookie.name} " in reader.reads("8.2")
        assert duration(cookie.lifetime_seconds, reader.language) in reader.reads("8.2")


def test_clause_7_gives_access_within_three_working_days(reader):
    reader.finds(
        "7",
        kk="Деректерге қол жеткізу|3 жұмыс күні ішінде жауап береміз немесе дәлелді түрде бас тартамыз",
        ru="Доступ к данным|Ответим или мотивированно откажем в течение 3 рабочих дней",
        en="Access|We answer, or refuse with reasons, within 3 working days",
    )


def test_clause_7_rectifies_within_one_working_day_of_the_ground_being_confirmed(reader):
    reader.finds(
        "7",
        kk="Деректерді түзету : деректеріңізді өзгерттіру немесе толықтыру."
        "|Құжаттар дұрысын растағаннан кейін 1 жұмыс күні ішінде орындаймыз; бұл мерзім заңда белгіленген.",
        ru="Исправление : изменить или дополнить ваши данные."
        "|Когда документы подтвердят верные сведения, сделаем это в течение 1 рабочего дня; этот срок установлен законом.",
        en="Rectification : have your data changed or supplemented."
        "|Once documents confirm what is right, we do so within 1 working day; this time is set by law.",
    )


def test_clause_7_destroys_what_was_processed_unlawfully_within_one_working_day(reader):
    reader.finds(
        "7",
        kk="Деректердің заң бұзылып өңделгені расталғаннан кейін оларды 1 жұмыс күні ішінде жоямыз; бұл мерзім заңда белгіленген.",
        ru="обрабатывались с нарушением закона, уничтожим их в течение 1 рабочего дня; этот срок установлен законом.",
        en="Once it is confirmed that the processing broke the law, we destroy the data within 1 working day; this time is set by law.",
    )


def test_clause_7_blocks_and_erases(reader):
    reader.finds(
        "7",
        kk="Деректерді бұғаттау|Деректерді өшіру|иесіздендірту|15 күнтізбелік күн ішінде",
        ru="Блокирование|Удаление|обезличить|в течение 15 календарных дней",
        en="Blocking|Erasure|depersonalised|within 15 calendar days",
    )


def test_clause_7_withdraws_consent_in_one_step_or_within_fifteen_working_days(reader):
    reader.finds(
        "7",
        kk="Келісімді кері қайтарып алу|бірден, бір әрекетпен|15 жұмыс күні ішінде",
        ru="Отзыв согласия|сразу и одним действием|в течение 15 рабочих дней",
        en="Withdrawal of consent|at once and in one step|within 15 working days",
    )


def test_clause_7_objects_to_automated_processing(reader):
    reader.finds(
        "7",
        kk="автоматтандырылған өңдеуге|қарсылық білдіру",
        ru="возразить против|автоматизированной обработки",
        en="object to|automated processing",
    )


def test_clause_7_complains_to_the_authorised_body_or_a_court(reader):
    authority = SHOP.authority_in(reader.language)
    reader.finds(
        "7", **{reader.language: f"{authority.name}|{authority.link}|{day(authority.checked_on, reader.language)}"}
    )
    reader.finds("7", kk="уәкілетті органға|сотқа", ru="в уполномоченный орган|в суд", en="authorised body|court")


def test_clause_7_writes_to_the_operator_free_of_charge(reader):
    reader.finds("7", kk="жазыңыз|тегін", ru="напишите на|бесплатно", en="write to|free of charge")
    assert '<a href="mailto:privacy@shop.example">privacy@shop.example</a>' in reader.text.html


def test_clause_7_promises_no_deadline_but_the_known_ones(reader):
    unit = {
        "kk": r"(\d+) (жұмыс|күнтізбелік) күн",
        "ru": r"(\d+) (рабоч|календарн)\w+ дн",
        "en": r"(\d+) (working|calendar) day",
    }
    kinds = {"жұмыс": "w", "рабоч": "w", "working": "w", "күнтізбелік": "c", "календарн": "c", "calendar": "c"}
    promised = [(int(count), kinds[kind]) for count, kind in re.findall(unit[reader.language], reader.reads("7"))]

    assert sorted(promised) == [(1, "w")] * 3 + [(3, "w")] * 4 + [(10, "c"), (15, "c"), (15, "w")]


def test_clause_8_1_explains_cookies_and_what_is_like_them(reader):
    reader.finds(
        "8.1",
        kk="шағын файл|құрылғыңызда|пиксельдер|жергілікті жады",
        ru="небольшой файл|на вашем устройстве|пиксели|локальное хранилище",
        en="small file|on your device|pixels|local storage",
    )


def test_clause_8_2_necessary_is_always_on_and_does_nothing_else(reader):
    reader.finds(
        "8.2",
        kk="Қажеттілері кіру нысандары, себет|келісім сұралмайды|аналитика мен жарнама үшін пайдаланылмайды",
        ru="Необходимые нужны для форм входа, корзины|согласие не запрашивается|для аналитики и рекламы они не используются",
        en="Necessary ones are for sign-in forms, the basket|consent is not asked|not used for analytics or advertising",
    )


def test_clause_8_2_analytics_is_off_until_agreed_and_names_its_vendor(reader):
    reader.finds(
        "8.2",
        kk="Аналитикалық Кірушілерді санау|келіскенше өшірулі|Google Analytics",
        ru="Аналитические Считать посещения|выключена, пока вы не согласитесь|Google Analytics",
        en="Analytics To count visits|off until you agree|Google Analytics",
    )


def test_clause_8_2_marketing_is_off_until_agreed_and_names_its_vendors(reader):
    off = {"kk": "келіскенше өшірулі", "ru": "пока вы не согласитесь", "en": "off until you agree"}
    assert reader.reads("8.2").count(off[reader.language]) == 3  # once for all, and in the row of each
    reader.finds(
        "8.2",
        kk="Маркетингтік Жарнама көрсету|Meta Pixel|Google Ads",
        ru="Маркетинговые Показывать рекламу|Meta Pixel|Google Ads",
        en="Marketing To show advertising|Meta Pixel|Google Ads",
    )


def test_clause_8_2_lists_the_purposes_of_the_site_and_no_others(reader):
    maps = replace(
        FACTS.purposes[1],
        key="maps",
        titles={language: f"Maps ({language})" for language in NAMES},
        sentences=dict.fromkeys(NAMES, "Dala Maps."),
    )
    other = replace(FACTS, purposes=(FACTS.purposes[0], maps), tags=())

    text = compose(SHOP, starter(NAMES), other, TODAY).renderings[reader.language].text

    assert f"Maps ({reader.language})" in clause(text.html, "8.2")
    for word in ("Аналитикалық", "Аналитические", "Analytics", "үш санат", "три категории", "three categories"):
        assert word not in clause(text.html, "8.2")
    for asked_for in ("аналитикаға келіс", "согласились на аналитику", "agreed to analytics"):
        assert asked_for not in text.source


def test_clause_8_2_lists_the_cookie_that_keeps_the_choice_even_where_nothing_else_is_used(reader):
    bare = type(FACTS)(FACTS.purposes[:1], (), FACTS.own, FACTS.settings)

    said = clause(compose(SHOP, starter(NAMES), bare, TODAY).renderings[reader.language].text.html, "8.2")

    assert "__Host-cg-shop" in said
    assert duration(15_724_800, reader.language) in said
    assert "Google" not in said


def test_clause_8_3_manages_choices_on_our_page_and_not_only_in_the_browser(reader):
    reader.finds(
        "8.3",
        kk="кез келген уақытта|кері қайтарып ала аласыз|Бас тарту келісу сияқты оңай|браузердің баптауларынан|жұмыс істемеуі мүмкін",
        ru="в любое время изменить или отозвать|Отказаться так же просто, как согласиться|в настройках браузера|могут не работать",
        en="change or withdraw your choice at any time|Refusing is as easy as agreeing|settings of your browser|may not work",
    )
    assert f'href="/consent/shop?lang={reader.language}"' in reader.text.html


def test_clause_8_3_obeys_global_privacy_control(reader):
    assert "Global Privacy Control" in reader.reads("8.3")


def test_clause_9_1_is_in_force_from_publication_and_keeps_earlier_versions(reader):
    reader.finds(
        "9.1",
        kk="жарияланған сәттен|күшіне енеді, одан ерте емес|бұрынғы редакциялар өзгертілмейді|не үшін өзгергені",
        ru="вступает в силу с момента публикации|и не раньше|прежние редакции не изменяются|почему изменилось",
        en="in force from the moment it is published|and never earlier|earlier versions are not altered|what changed and why",
    )


def test_clause_9_1_leads_to_all_versions(reader):
    assert f'href="/sites/shop/policies?lang={reader.language}"' in reader.text.html


def test_clause_9_asks_again_when_what_was_agreed_changes(reader):
    reader.finds("9", kk="келісіміңізді қайта сұраймыз", ru="спросим согласие снова", en="ask for your consent again")


def test_clause_10_gives_the_e_mail_and_the_legal_address(reader):
    said = reader.reads("10")

    assert SHOP.operator.email in said
    assert SHOP.operator.address in said
    assert SHOP.operator.name in said


def test_the_law_lint_finds_nothing_in_the_starter():
    assert COMPOSED.findings == ()


def test_nothing_unsafe_is_said(reader):
    said = re.sub(r"<[^>]+>", "", reader.text.html)

    for pattern, sentence in UNSAFE[reader.language].items():
        assert re.search(pattern, sentence, re.IGNORECASE), "the pattern does not know what it looks for"
        assert not re.search(pattern, said, re.IGNORECASE)


def test_the_languages_have_the_same_clauses_in_the_same_order():
    kk, ru, en = (RENDERINGS[language].clauses for language in ("kk", "ru", "en"))

    assert kk == ru == en
    assert [number for number in kk if "." not in number] == [str(number) for number in range(1, 11)]


def test_the_languages_have_the_same_shape():
    shapes = {
        language: re.findall(r"<(h2|p|li|table|td|strong|a)\b", rendering.text.html)
        for language, rendering in RENDERINGS.items()
    }

    assert shapes["kk"] == shapes["ru"] == shapes["en"]


def test_kazakh_says_personal_data_as_the_statute_does():
    assert RENDERINGS["kk"].text.html.count("дербес деректер") >= 3
    assert "жеке" not in RENDERINGS["kk"].text.html


def test_no_place_is_left_open(reader):
    assert "[" not in reader.text.html
    assert "]" not in reader.text.html


def test_a_site_in_one_language_can_use_the_starter_too(reader):
    alone = compose(shop(reader.language), starter([reader.language]), FACTS, TODAY)

    assert list(alone.renderings) == [reader.language]


# The same text under every law


LAWS = {
    "eu": {"kk": "GDPR", "ru": "GDPR", "en": "General Data Protection Regulation"},
    "uk": {"kk": "UK GDPR", "ru": "UK GDPR", "en": "UK General Data Protection Regulation"},
    "us-ca": {"kk": "CCPA", "ru": "CCPA", "en": "California Consumer Privacy Act"},
    "br": {"kk": "LGPD", "ru": "LGPD", "en": "General Data Protection Law of Brazil"},
}
KAZAKHSTAN = r"Қазақстан|Казахстан|Kazakhstan|\bБСН\b|\bБИН\b|\bBIN\b"


def under(law: str, language: str) -> str:
    """Return the starter as a site under a law publishes it."""
    composed = compose(replace(SHOP, profile=law), starter(NAMES), FACTS, TODAY)
    assert composed.findings == ()
    return composed.renderings[language].text.html


@pytest.mark.parametrize("law", LAWS)
def test_the_starter_names_the_law_of_the_site_and_not_another(reader, law):
    said = under(law, reader.language)

    assert LAWS[law][reader.language] in said
    assert not re.search(KAZAKHSTAN, said)
    for other, names in LAWS.items():
        if other != law and names[reader.language] not in LAWS[law][reader.language]:
            assert names[reader.language] not in said


@pytest.mark.parametrize("law", LAWS)
def test_the_starter_has_the_same_clauses_under_every_law(law):
    for language in NAMES:
        clauses = compose(replace(SHOP, profile=law), starter(NAMES), FACTS, TODAY).renderings[language].clauses
        assert clauses == RENDERINGS[language].clauses


@pytest.mark.parametrize("law", ["eu", "uk", "br"])
def test_clause_4_1_rests_security_on_legitimate_interests_only_where_the_law_knows_them(reader, law):
    words = {"kk": "заңды мүдделер", "ru": "законные интересы", "en": "legitimate interests"}[reader.language]

    assert words in clause(under(law, reader.language), "4.1")
    assert words not in under("us-ca", reader.language)
    assert words not in reader.text.html


@pytest.mark.parametrize("law", ["eu", "uk"])
def test_clause_7_restricts_and_objects_as_europe_words_it(reader, law):
    said = clause(under(law, reader.language), "7")
    words = {
        "kk": ("Өңдеуді шектеу", "тікелей маркетингке"),
        "ru": ("Ограничение обработки", "прямого маркетинга"),
        "en": ("Restriction", "direct marketing at any time"),
    }
    for word in words[reader.language]:
        assert word in said
        assert word not in reader.reads("7")


def test_clause_5_2_in_california_leads_to_the_opt_out_of_sale_and_sharing(reader):
    address = f'href="/sites/shop/do-not-sell?lang={reader.language}"'

    assert address in under("us-ca", reader.language)
    for law in ("eu", "uk", "br"):
        assert address not in under(law, reader.language)
    assert address not in reader.text.html


def test_clause_5_2_tells_of_safeguards_where_the_law_asks_for_them_and_of_consent_where_it_does_not(reader):
    safeguards = {"kk": "стандартты шарттық", "ru": "стандартными договорными", "en": "standard contractual clauses"}

    for law in ("eu", "uk", "br"):
        said = clause(under(law, reader.language), "5.2")
        assert safeguards[reader.language] in said
        assert {"kk": "келісім бересіз", "ru": "вы даёте согласие", "en": "you also agree"}[reader.language] not in said
    assert safeguards[reader.language] not in under("us-ca", reader.language) + reader.text.html


def test_what_nobody_verified_is_never_said_to_be_law_under_any_profile():
    for law in ("kz", *LAWS):
        rules = profile(law).on(TODAY)
        said = clause(under(law, "en") if law != "kz" else RENDERINGS["en"].text.html, "7")
        promised = said.count("our own promise")
        unverified = sum(not rule.law for rule in rules.requests if rule.type is not RequestType.INFORMATION)
        assert promised == unverified, law
