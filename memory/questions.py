"""Reads what a fan says as a question to memory: about whom, about when, and in which words.

Fans do not name themselves: "my sister" is about the fan, "you promised" about the persona, and in Chinese and
Japanese likewise. Names of the two who talk are cut from the words, because nobody says their own name when they
tell something; what an answer would be like has no names in it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from memory.dates import Span, mentions
from memory.languages import language_of, terms

FAN = re.compile(
    r"\b(?:i|i'm|i've|i'd|i'll|my|mine|me|myself|we|our|us)\b"
    r"|我|咱|私|僕|俺|わたし|あたし|ぼく|おれ|うち[のはが]|自分",
    re.IGNORECASE,
)
PERSONA = re.compile(
    r"\b(?:you|you're|you've|you'd|your|yours|yourself)\b|你|您|妳|君[はがの]|あなた|きみ|お前|そっち", re.IGNORECASE
)
# "Do you remember …" asks the persona, not about the persona.
PREAMBLE = re.compile(
    r"^(?:(?:hey|hi|so|ok|okay|well|and|but|um)\b[,.!]?\s*)*"
    r"(?:(?:do|did|can|could|would) you (?:still |even |happen to )?"
    r"(?:remember|recall|know|tell me|guess|remind me(?: of)?|say)"
    r"|you (?:know|remember)|remind me(?: of)?|tell me(?: again)?|what do you (?:know|remember) about)\b[,:]?\s*"
    r"|^(?:那|诶|欸|嗯)?[,，]?(?:你|您)(?:还|还能)?(?:记得|记不记得|知道|知不知道|能告诉我|觉得)"
    r"|^(?:ねえ|ね)?[、,]?(?:君は?|あなたは?)?(?:覚えて(?:る|いる|ます)?|知って(?:る|いる))",
    re.IGNORECASE,
)
SAY = r"(?:say|said|tell|told|mention|mentioned|promise|promised"
# Who told is who is asked about: "what did you say about my job" is about the persona's words.
TOLD_BY_PERSONA = re.compile(
    rf"\b(?:did|have|had) you (?:ever |once )?{SAY}|recommend|recommended|suggest|suggested)"
    r"|\byou (?:said|told|promised|recommended|suggested|mentioned)\b"
    r"|(?:你|您)(?:说过?|要|会|答应|推荐|建议|告诉过?我|保证)"
    r"|(?:君|あなた)[はがも]?.{0,8}(?:言って|約束|勧め|おすすめ)"
    r"|約束して?くれ|教えてくれた|言ってくれた|勧めてくれ",
    re.IGNORECASE,
)
TOLD_BY_FAN = re.compile(
    rf"\b(?:did|have|had) i (?:ever |once )?{SAY})|\bi (?:said|told|mentioned|promised)\b"
    r"|我(?:跟你|和你|对你|给你)?(?:说过|提过|讲过|告诉过?你|提到)"
    r"|(?:私|僕|俺)[はがも]?.{0,10}(?:言った|話した|言って|教えた)",
    re.IGNORECASE,
)
WHEN = re.compile(
    r"\b(?:when|what (?:date|day|month|year|time)|which (?:day|month|year)|how (?:long|recently)"
    r"|how many (?:days|weeks|months|years))\b"
    r"|什么时候|何时|几号|哪天|哪一天|哪年|哪个月|几月|多久"
    r"|いつ|何月|何日|何年|何曜日|どのくらい前",
    re.IGNORECASE,
)
YEAR = re.compile(r"\b(?:what|which) year\b|哪一?年|何年", re.IGNORECASE)
NOW = re.compile(
    r"\b(?:now|nowadays|these days|current|currently|at present|at the moment|lately|still|any ?more|latest)\b"
    r"|现在|目前|如今|最近|还(?=.{1,8}[吗么?？])|今(?!日|朝|夜|週|月|年|度)|現在|いま(?!す|し)|まだ|最近",
    re.IGNORECASE,
)
# What happened is not replaced by what happened later; how things are is.
HAPPENED = re.compile(
    r"\b(?:did|was|were|had|has|ago|last|used to|first)\b|以前|当时|上次|第一次|当初|以前|この前|最初|当時",
    re.IGNORECASE,
)
ASKS = re.compile(r"[?？]\s*$|(?:吗|呢|么)\s*$|(?:かな|の|か|っけ)[。…]?\s*$")
CLITIC = r"(?:'s|’s)?"


@dataclass(frozen=True, slots=True)
class Question:
    """What was asked: `bare` without the two names, `about` the one speaker it is about (None: can't tell).

    `spans` are the days it names ("in June"), `asks_when` whether it wants to know a time (`asks_year`: the year),
    `asks_now` how things are today, and `asked_on` is that day. `asks_state`: whether a newer answer would take an
    older one's place.
    """

    text: str
    bare: str
    terms: tuple[str, ...]
    about: str | None = None
    spans: tuple[Span, ...] = ()
    asks_when: bool = False
    asks_year: bool = False
    asks_now: bool = False
    asks_state: bool = False
    asked_on: date | None = None


def read(text: str, *, asked_on: date, fan: str, persona: str, names: Mapping[str, str]) -> Question:
    """The question in a fan's words; `names` maps the name of each of the two to their speaker id."""
    bare = without_names(text, names)
    spans = tuple(mention.span for mention in mentions(text, asked_on))
    asks_when, asks_now = bool(WHEN.search(text)), bool(NOW.search(text))
    return Question(
        text=text,
        bare=bare,
        terms=tuple(terms(of_the_matter(bare))),
        about=about(text, fan=fan, persona=persona, names=names),
        spans=spans,
        asks_when=asks_when,
        asks_year=bool(YEAR.search(text)),
        asks_now=asks_now,
        asks_state=asks_now or not (spans or asks_when or HAPPENED.search(text)),
        asked_on=asked_on,
    )


def of_the_matter(text: str) -> str:
    """An East Asian question without its "now": a third of its terms would be that, and the oldest line may say it."""
    rest = NOW.sub(" ", text) if language_of(text) != "en" else text
    return rest if terms(rest) else text


def is_question(text: str) -> bool:
    """Whether somebody asks something, by the end of what they say."""
    return bool(ASKS.search(text.rstrip()))


def about(text: str, *, fan: str, persona: str, names: Mapping[str, str]) -> str | None:
    """Whose words would answer it: the one of the two who is named; else by who told; else by the first pronoun."""
    named = {speaker for name, speaker in names.items() if name_pattern([name]).search(text)}
    if named:
        return named.pop() if len(named) == 1 else None
    if TOLD_BY_PERSONA.search(text) and not TOLD_BY_FAN.search(text):
        return persona
    asked = PREAMBLE.sub("", text, count=1)
    if TOLD_BY_FAN.search(asked):
        return fan
    mine, yours = FAN.search(asked), PERSONA.search(asked)
    if mine and (not yours or mine.start() < yours.start()):
        return fan
    return persona if yours else None


def without_names(text: str, names: Mapping[str, str]) -> str:
    """The text without the names of the two who talk; all of it, if nothing would be left."""
    if not names:
        return text
    return " ".join(name_pattern(list(names)).sub(" ", text).split()) or text


def name_pattern(names: list[str]) -> re.Pattern[str]:
    """Any of the names as whole words, with the "'s" behind it; East Asian names stand between any letters."""
    words = [rf"\b{re.escape(name)}\b{CLITIC}" if name.isascii() else re.escape(name) for name in names if name]
    return re.compile("|".join(sorted(words, key=len, reverse=True)) or r"(?!)")
