"""Sentences a policy must not say, in Kazakh, Russian and English, with what to write instead.

A sentence is unsafe when it matches every pattern of a rule and not its exception. Patterns look at small
letters without markup. The list follows the Cookie Banner Taskforce (2023), EDPB Guidelines 05/2020 and
11 CCR 7004; it finds what people usually write, and a person still has to read the text.
"""

# ruff: noqa: E501 - the patterns of one language stand on one line

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Flag, auto
from functools import cache, lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


class Where(Flag):
    """Which sites a rule is for."""

    EVERYWHERE = auto()
    KAZAKHSTAN = auto()
    """Only under the profile ``kz``."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One kind of unsafe sentence."""

    name: str
    says: str
    remedy: str
    patterns: Mapping[str, tuple[tuple[str, ...], ...]]
    """By language: each alternative is a tuple of patterns that all must match."""
    unless: Mapping[str, str] | None = None
    """By language: what makes the sentence harmless."""
    where: Where = Where.EVERYWHERE

    def found_in(self, sentence: str, language: str) -> bool:
        """Return whether a sentence is unsafe."""
        if not any(
            all(_compiled(pattern).search(sentence) for pattern in patterns)
            for patterns in self.patterns.get(language, ())
        ):
            return False
        exception = (self.unless or {}).get(language)
        return not (exception and _compiled(exception).search(sentence))


@lru_cache(maxsize=8192)
def unsafe(sentence: str, language: str) -> tuple[Rule, ...]:
    """Return the rules that a sentence breaks. Versions of a policy are mostly the same sentences."""
    return tuple(rule for rule in RULES if rule.found_in(sentence, language))


def tells_of_the_browser(sentence: str, language: str) -> bool:
    """Return whether a sentence tells people to manage cookies in their browser."""
    patterns = BROWSER_ONLY.get(language, ("(?!)",))
    return all(_compiled(pattern).search(sentence) for pattern in patterns)


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


_REFUSAL = {
    "en": r"\b(reject|refus|declin|say no)",
    "ru": r"отклон|отказ",
    "kk": r"бас тарт|қабылдамау",
}
RULES = (
    Rule(
        "consent-by-use",
        "visiting or using a site is never consent",
        "write that use is not consent, and point to [[site.settings]], where people answer",
        {
            "en": (
                (
                    r"\bby (your )?(continu\w+ )?(to )?(us(e|ing)|visit\w*|access\w*|brows\w+|navigat\w+|scroll\w*|clos\w+|stay\w*|remain\w*|continu\w+)\b",
                    r"(?<!not )(?<!never )\b(agree|accept|consent)",
                ),
                (
                    r"\b(when|if|whenever|while|once) you (continue|keep|go on)?\s?(to )?(use|using|visit\w*|access|brows\w+|navigat\w+|stay\w*)\b.*(?<!not )(?<!never )\b(agree|accept|consent to)\b",
                ),
                (
                    r"\b(use|using|visiting|visit|continued \w+|access)\b.*(?<!not )\b(means|constitutes|implies|signifies|indicates|amounts to|is deemed|shall constitute|is considered)\b.*\b(agreement|acceptance|consent|agree|accept)",
                ),
                (r"\bdeemed to (have )?(agree|accept|consent)",),
            ),
            "ru": (
                (
                    r"\b(используя|пользуясь|посещая|просматривая|продолжая|заходя|находясь|оставаясь|закрывая|прокручивая)\b",
                    r"(?<!не )\b(соглаша|да(е|ё)те согласие|выража\w+ согласие|принима(е|ё)те|подтвержда\w+ согласие)",
                ),
                (
                    r"\b(использовани|пользовани|посещени|продолжени|просмотр)\w*",
                    r"(?<!не )\b(означа|подразумева|считается|является|признается|признаётся|расценивается)\w*",
                    r"соглас|принят",
                ),
                (
                    r"\b(путем|путём|при|в результате|посредством) (использовани|посещени|просмотр)\w*",
                    r"(?<!не )\bсоглаша",
                ),
            ),
            "kk": (
                (
                    r"(пайдалан|кіру|кіре|қарау|шолу|қолдан|жалғастыр|қал|жаб)\w*\s+арқылы",
                    r"келіс(есіз|есің|ім бер|іміңізді бер|кен|етін)|қабылдайсыз|қабылдағ",
                ),
                (
                    r"(пайдалана|қолдана|кіре|қарай|жалғастыра) отырып",
                    r"келіс(есіз|есің|ім бер|іміңізді бер|кен|етін)|қабылдайсыз",
                ),
                (
                    r"(пайдалан|қолдан|кір|жалғастыр|қал)\w*(саңыз|сеңіз|са|се)\b",
                    r"келіс(кен|ім берген|кеніңіз)\w*\s+(боп|болып)?\s*(саналасыз|есептелесіз|саналады|есептеледі|табыласыз|білдір)|келісесіз",
                ),
                (
                    r"(пайдалан|қолдан|кір|қарау)\w*",
                    r"келіс(ім|кен)\w*\s+(ретінде |боп |болып )(саналады|есептеледі|табылады|бағаланады|қабылданады)",
                ),
            ),
        },
    ),
    Rule(
        "agree-or-leave",
        "people who do not agree are sent away",
        "say that the site can be used after a refusal too",
        {
            "en": (
                (
                    r"\b(not|n't) (agree|accept|consent)|\bdisagree",
                    r"\b(stop|leave|discontinue|cease|refrain|do not use|don't use|must not use|should not use|exit)\b",
                ),
            ),
            "ru": (
                (
                    r"\bне (соглас|принима)",
                    r"\b(прекратите|покиньте|воздержитесь|не используйте|не пользуйтесь|закройте|должны прекратить|обязаны прекратить|следует прекратить)",
                ),
            ),
            "kk": ((r"келіспе", r"тоқтат|пайдаланба|қолданба|кетіңіз|шығыңыз|жабыңыз"),),
        },
    ),
    Rule(
        "silence",
        "silence is taken for consent",
        "ask, and write that no answer means no",
        {
            "en": (
                (
                    r"\bunless you (object|opt[- ]?out|refuse|decline|disagree|reject|tell us otherwise|untick|uncheck|switch)",
                ),
                (r"\b(untick|uncheck|deselect)\b",),
                (r"\b(pre-?ticked|pre-?checked|pre-?selected|ticked by default)\b",),
            ),
            "ru": (
                (r"\bесли вы не (возража|отказ|отклон|снял|запрет|отключ)",),
                (r"\b(снимите|уберите) (галочк|флаж|отметк)",),
                (
                    r"\b(молчание|отсутствие (ответа|возражени))\w*",
                    r"(?<!не )\b(означает|считается|является)\b.*соглас",
                ),
            ),
            "kk": (
                (r"(қарсы болмасаңыз|қарсылық білдірмесеңіз|бас тартпасаңыз|тыйым салмасаңыз|өшірмесеңіз)",),
                (r"(белгіні|құсбелгіні) алып таста",),
                (r"(үнсіз|жауап бермеу)", r"келіс(ім|кен)\w*\s+(боп|болып|ретінде)?\s*(саналады|есептеледі|табылады)"),
            ),
        },
    ),
    Rule(
        "nudging",
        "people are pushed towards yes",
        "describe what each choice does and leave the choice to them",
        {
            "en": (
                (
                    r"\b(recommend|suggest|advise|encourage|urge|invite)\w*\b.{0,40}\b(accept|agree|allow|say yes|consent|opt in)",
                ),
                (r"\b(please|ask you to|just|simply) (accept|agree|allow|consent|say yes|opt in)\b",),
                (
                    r"\b(best|better|full|optimal|improved|smoother)\b.{0,30}\b(experience|functionality)\b",
                    r"\b(accept|agree|allow|cookie|consent)",
                ),
                (r"\bhelp us\b", r"\b(accept|agree|allow|consent|cookie)"),
            ),
            "ru": (
                (
                    r"\b(рекомендуем|советуем|предлагаем|призываем|просим|пожалуйста)\b.{0,40}\b(принять|принимать|примите|согласиться|соглашаться|согласитесь|разрешить|разрешите|дать согласие|дайте согласие)",
                ),
                (
                    r"\b(лучш|наилучш|полноценн|максимальн|удобн)\w*\b.{0,40}\b(опыт|работ|впечатлен|пользован)",
                    r"\b(примите|принять|согласи|разреш|cookie)",
                ),
                (r"\bпомогите (нам|сайту)", r"\b(примите|приняв|согласи|разреш|cookie)"),
                (r"\bпросто (примите|согласитесь|нажмите)",),
            ),
            "kk": (
                (
                    r"(қабылда|келіс|рұқсат)\w*\s+(ұсынамыз|кеңес береміз|сұраймыз|шақырамыз|өтінеміз)(?! бөлек)",
                    r"(қабылдау|келісу|рұқсат ету|рұқсат беру)\w*",
                ),
                (
                    r"(жақсы|толық|ыңғайлы)\w*\s.{0,30}(тәжірибе|жұмыс|мүмкіндік)",
                    r"(қабылдаңыз|келісіңіз|рұқсат (етіңіз|беріңіз))",
                ),
                (r"бізге көмектес", r"(қабылда|келіс|рұқсат|cookie)"),
                (r"(жай ғана|тек қана) (қабылдаңыз|келісіңіз|басыңыз)",),
            ),
        },
    ),
    Rule(
        "guilt",
        "a refusal is made to feel like a loss or a fault",
        "say what works and what does not after a refusal, without reproach",
        {
            "en": (
                (
                    r"\b(miss out|you('ll| will) (miss|lose|regret)|sorry to (see|hear)|sad to|you do(n't| not) care|no,? (thanks,? )?i (do not|don't|hate|prefer not)|hurts? us|we (cannot|can't) (survive|exist)|supports? (our|us)|keep (us|this site) (free|alive))\b",
                ),
            ),
            "ru": (
                (
                    r"\b(вы (упустите|потеряете|лишитесь|пожалеете)|нам (жаль|грустно|обидно)|нам будет (жаль|грустно)|нет,? (мне не|я не|спасибо,? я)|вам (всё|все) равно|поддержите нас|без этого мы не (сможем|выживем)|вредит нам)",
                ),
            ),
            "kk": (
                (
                    r"(айырыласыз|айрыласыз|айырылып қаласыз|жіберіп аласыз|өкінесіз|құр қаласыз|өкінішті|ренжиміз|жоқ,? маған .{0,30}(керек емес|маңызды емес)|бізді қолдаңыз|бізге зиян)",
                ),
            ),
        },
    ),
    Rule(
        "double-negative",
        "two negatives in one choice",
        'say what happens after "yes" and what happens after "no"',
        {
            "en": (
                (
                    r"\b(do not|don't|did not|didn't|cannot|can't|never|choose not to|wish not to|prefer not to|want not to)\s+(want\s+)?(us\s+)?(to\s+)?(not|refuse|decline|object|opt[- ]?out|reject|disagree|disable|forbid|prohibit|deny)\b",
                ),
                (r"\b(refuse|decline|object|disagree)\b.{0,20}\b(not to|to not|non-)",),
                (r"\bnot (un|dis)(subscrib|allow|agree)\w*",),
            ),
            "ru": (
                (r"\bне (хочу|хотите|желаю|желаете|могу|можете|буду|будете|нужно|надо|следует) не ",),
                (
                    r"\bне (отказывать?ся|отказываюсь|отказываетесь|отказывайтесь|запрещать|запрещаю|запрещаете|запрещайте|отключать|отключайте|возражаю|возражаете|против)\b",
                ),
                (
                    r"\b(отказ\w*|отказаться|запретить|запрет\w*)\s+(от|на)\s+(отказ|отключени|запрет|непередач|неиспользован)",
                ),
                (r"\bне отказ\w* не ",),
            ),
            "kk": (
                (r"бас тартпа(у|ймын|йсыз|ңыз|саңыз)?\b",),
                (r"(тыйым салма|қарсы емес|қарсы болма|өшірме|ажыратпа)(у|ймын|йсыз|ңыз|сіз)?\b",),
                (r"(келіспеу|рұқсат етпеу|рұқсат бермеу)\w*\s+(бас тарт|қарсы|емес|тыйым)",),
            ),
        },
    ),
    Rule(
        "only-ok",
        "an acknowledgement is offered instead of a choice",
        "name both buttons, the one that accepts and the one that rejects",
        {
            "en": (
                (
                    r"\b(click|press|tap|select|choose|button|hit)\w*\b",
                    r"[\"“”'«‘]\s*(ok|okay|got it|i understand|understood|continue|close|fine|i see)\s*[\"“”'»’]|\bok(ay)? button\b|\bgot it\b",
                ),
            ),
            "ru": (
                (
                    r"(нажм|нажим|нажат|кнопк|выбер|щелкн|щёлкн)",
                    r"[\"“”'«„]\s*(ok|ок|окей|понятно|хорошо|ясно|я понимаю|понял|продолжить|закрыть)\s*[\"“”'»]|кнопк\w* (ok|ок)\b",
                ),
            ),
            "kk": (
                (
                    r"(басу|басса|басы|батырма|түйме|таңда)",
                    r"[\"“”'«„]\s*(ok|ок|жақсы|түсінікті|түсіндім|жалғастыру|жабу)\s*[\"“”'»]|\b(ok|ок) (батырма|түйме)",
                ),
            ),
        },
        unless=_REFUSAL,
    ),
    Rule(
        "ask-me-later",
        "a delay is offered instead of a refusal",
        "offer a refusal that is as easy as consent",
        {
            "en": ((r"\b((ask|remind) me later|maybe later|not now|decide later)\b",),),
            "ru": (
                (r"(спросит\w* (меня )?позже|напомнит\w* (мне )?позже|решить позже|не сейчас|может быть,? позже)",),
            ),
            "kk": ((r"(кейін(ірек)? (сұра|еске сал|шеш)|қазір емес|мүмкін кейін)",),),
        },
        unless=_REFUSAL,
    ),
    Rule(
        "legitimate-interest",
        "legitimate interest is put on what needs consent",
        "let analytics and marketing rest on consent alone",
        {
            "en": (
                (r"\blegitimate interest", r"\b(analy|traffic|statistic|advert|marketing|measure|profil|cookie|visit)"),
            ),
            "ru": ((r"законн\w+ интерес", r"(анали|трафик|статистик|реклам|маркетинг|измер|профил|cookie|посещ)"),),
            "kk": ((r"заңды мүдде", r"(анали|трафик|талдау|статистика|жарнама|маркетинг|өлше|профил|cookie)"),),
        },
    ),
    Rule(
        "legitimate-interest",
        "we know of no general basis of legitimate interest in the law of Kazakhstan",
        "name consent, a contract or a duty under the law, or leave the purpose out",
        {
            "en": ((r"\blegitimate interest",),),
            "ru": ((r"законн\w+ интерес",),),
            "kk": ((r"заңды мүдде",),),
        },
        where=Where.KAZAKHSTAN,
    ),
    Rule(
        "statute-words",
        "the statute has another word for personal data",
        "write «дербес деректер» (kk), «персональные данные» (ru)",
        {
            "kk": ((r"\bжеке (дерек|мәлімет|ақпарат)|\bдербес (мәлімет|ақпарат)",),),
            "ru": ((r"\b(личн|приватн)\w+ (данн|информаци)|\bперсональн\w+ информаци",),),
        },
    ),
    Rule(
        "browser-lifetime",
        "how long cookies are kept is left to the browser",
        "show the lifetime of each with [[cookies]]",
        {
            "en": (
                (
                    r"\b(according to|as set (in|by)|depend\w* on|as per|governed by|determined by|in line with|defined (in|by)|subject to|set by)\b.*\bbrowser",
                ),
                (
                    r"\b(kept|stored|retained|remain|last|valid|expire)\b.*\buntil (you|they are|you have) (delete|remove|clear)",
                ),
            ),
            "ru": (
                (
                    r"\b(согласно|в соответствии с|завис\w+ от|определя\w+|по|исходя из)\s+(\w+\s+){0,3}настро\w+.*браузер",
                ),
                (r"\b(хран|сохраня|действу|оста)\w*.*\bпока (вы )?(их )?(не )(удал|очист)",),
                (r"\bхран\w*.*\bдо (их )?удаления",),
            ),
            "kk": (
                (r"браузер\w*\s+(\w+\s+){0,2}(баптау|параметр|теңшел)\w*\s+(сәйкес|қарай|байланысты|бойынша)",),
                (r"(сақта|қал)\w*.*өшір(генше|генге дейін|ілгенше)|өшір(генше|генге дейін|ілгенше).*сақта",),
            ),
        },
    ),
)
"""Every rule; a sentence can be unsafe in more than one way."""

BROWSER_ONLY = {
    "en": (r"\b(browser|device)", r"\bsettings?\b", r"delet|remov|block|disabl|manag|control|refus|clear"),
    "ru": (r"браузер", r"настройк", r"удал|заблокир|отключ|управл|запрет|очист|откаж"),
    "kk": (r"браузер", r"баптау|параметр|теңшел", r"өшір|бұғатта|басқар|ажырат|тазала|бас тарт"),
}
"""Sentences that tell people to manage cookies in their browser: fine beside our own page, not instead of it."""

STATED_AS_LAW = {
    "en": r"\b(by law|law (requires|obliges|says|sets)|under the law|required by law|statutory|legal(ly)? (require|oblige|deadline|time|period))",
    "ru": r"(по закону|согласно закон|в соответствии с закон|законом|законодательств|установленн\w+ срок|закон (обязывает|требует))",
    "kk": r"(заң бойынша|заңға сәйкес|заңнамаға сәйкес|заңнама бойынша|заңда|заң талап|заң міндетте)",
}
"""How a sentence says that a law asks for something."""

PERIOD = {
    "en": r"(?P<count>\d+|one|two|three|ten|fifteen|thirty)\s+(?P<unit>working|business|calendar)?\s*(?P<what>day|month|hour)",
    "ru": r"(?P<count>\d+|одн\w+|дв\w+|тр(?:е|ё)х|десят\w+|пятнадцат\w+|тридцат\w+)\s+(?:\([^)]*\)\s+)?(?P<unit>рабоч|календарн)?\w*\s*(?P<what>дн|день|месяц|час)",
    "kk": r"(?P<count>\d+|бір|екі|үш|он бес|он|отыз)\s+(?:\([^)]*\)\s+)?(?P<unit>жұмыс|күнтізбелік)?\s*(?P<what>күн|ай|сағат)",
}
"""A length of time."""
