"""Tells whether a line calls somebody by name or only speaks of them: "Mika, sing!" against "Mika sang well".

Rules, not a model: they cost microseconds and can be read. Written for English, Chinese and Japanese; in other
languages a name at the start or the end of a sentence, set off by punctuation, still counts as a call.
What is not covered: irony, and a name that is also a common word in the middle of a sentence.
"""

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

CJK = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
SENTENCE = re.compile(r"[^.!?…。！？\n]+[.!?…。！？]*|\n")


def any_of(*lines: str) -> str:
    """A pattern for any of the phrases; `/` stands between two, and an apostrophe may be either kind."""
    phrases = [phrase.strip() for line in lines for phrase in line.split("/")]
    return "|".join(phrase.replace("'", "['’]") for phrase in phrases)


# What may stand before a name that opens a sentence as a call.
OPENERS = any_of(
    "oh / and / so / but / ok / okay / well / hey / hi / hello / hiya / yo / heya / please / pls / psst / dear",
    "sorry / thanks / thank you / thx / ty / good (?:morning|evening|night|afternoon) / morning / night",
    "welcome(?: back)? / happy birthday / bye / goodbye / see you / congrats / congratulations / come on / sing",
    "tell (?:me|us) / help(?: me)? / listen / look / wait / yes / no / yeah / nah / omg / wow / lol / alright / right",
    "love you / miss you / i (?:love|miss) you / hmm+ / um / uh / anyway / btw / by the way / question for / gn",
    "come here / stop it / \\w+(?=[,!?])",
)
# What stands after a name that opens a sentence as a call.
ASKED = any_of(
    "you / your / you're / ur / u / can / could / do / don't / what / what's / how / how's / why / when / where / who",
    "which / are / have / would you / will you / did you / is it / is that / please / pls / sing / tell / say / help",
    "come / play / show / give / read / look / listen / wait / stop / let's / i / i'm / i've / we / my / any",
    "remember / guess / thanks / thank / good / welcome / happy / think / should (?:i|we) / may i / sorry / wake / be",
    "go / pick / choose / make / draw / teach / explain / describe / name / finish / repeat / write / that / exactly",
    "lol / haha / did (?:you|u) / did i / does (?:it|that) / was (?:it|that|i)",
)
# What stands after a name that is only spoken of.
TOLD_OF = any_of(
    "(?:is|was|isn't|wasn't|did|does|doesn't|didn't|will|won't|would)(?!\\s+(?:you|u|i|we|it|that)\\b)",
    "has / had / hasn't / says",
    "said / sings / sang / looks / looked / seems / seemed / told / tells / went / goes / came / comes / made / makes",
    "got / gets / likes / liked / loves / loved / hates / thinks / thought / knows / knew / wants / wanted / never",
    "always / really / just / and (?:i|me) / fans? / merch / stream / songs? / plushies? / might / must",
)
# What stands before a name that closes a sentence as a call, where no comma sets it off.
CLOSERS = any_of(
    "hey / hi / hello / thanks / thank you / ty / thx / night / morning / evening / bye / you / please / pls / welcome",
    "birthday / sorry / congrats / done / job / sing it / one / right / lol / it / that / this / there / back / gn",
    "here / going / exactly",
)
HONORIFICS = any_of("酱 / 桑 / さん / ちゃん / くん / 君 / 様 / 姐姐 / 姐 / 小姐 / 老师 / 先生 / せんせい")
CJK_BEFORE = any_of(
    "嗨 / 你好 / 您好 / 喂 / 嘿 / 谢谢 / 谢谢你 / 晚安 / 早安 / 早上好 / 晚上好 / 再见 / 拜拜 / 亲爱的",
    "ねえ / ねぇ / おはよう / こんにちは / こんばんは / おやすみ / ありがとう / やあ / よし",
)
CJK_AFTER = any_of(
    "你 / 您 / 妳 / 快 / 请 / 請 / 能 / 可以 / 帮 / 告诉 / 说说 / 唱 / 给我 / 给大家 / 早 / 晚安 / 好",
    "ねえ / って(?=.*[?？]) / は(?=.*[?？か]) / も(?=.*[?？]) / お願い / 教えて / 歌って / 聞いて / 見て",
    "おはよう / おやすみ / ありがとう / 大好き",
)


def calls(text: str, names: Iterable[str]) -> bool:
    """Whether a line calls one who goes by any of these names."""
    return any(calls_by(folded(text), folded(name)) for name in names if name.strip())


def folded(text: str) -> str:
    """Case and width don't make another name."""
    return unicodedata.normalize("NFKC", text).casefold().strip()


def calls_by(text: str, name: str) -> bool:
    """`calls` for one name, both folded."""
    if CJK.search(name):
        return bool(cjk_call(name).search(text))
    return any(calls_in(sentence[0].strip(), name) for sentence in SENTENCE.finditer(text))


def calls_in(sentence: str, name: str) -> bool:
    """Whether one sentence calls a Latin name: first or last in it, and not as its subject or object."""
    opening, closing, told_of = latin_call(name)
    return bool(opening.match(sentence) or (closing.search(sentence) and not told_of.search(sentence)))


@lru_cache(maxsize=512)
def cjk_call(name: str) -> re.Pattern[str]:
    """A call of a Chinese or Japanese name."""
    after = rf"(?:{HONORIFICS})?\s*(?:[,，、:!?~～。…]|$|{CJK_AFTER})"
    return re.compile(rf"(?:^|[,，、!。?\s]|{CJK_BEFORE}){re.escape(name)}{after}")


@lru_cache(maxsize=512)
def latin_call(name: str) -> tuple[re.Pattern[str], re.Pattern[str], re.Pattern[str]]:
    """A name that opens a sentence as a call, one that closes it, and one that is only told of."""
    word = rf"(?<!\w)@?{re.escape(name)}(?!\w)"
    told_of = rf"(?:['’]s\b(?!\s+(?:turn|up)\b)|\s+(?:{TOLD_OF})\b)"
    asked = rf"(?:\s*[,:!?.…~—-]|\s*$|\s+(?:{ASKED})\b)"
    before = rf"[\"'*(\s]*(?:(?!{word})(?:{OPENERS})[,!\s]+)*+"  # taken once: "no, no, no" is two openers at each word
    opening = re.compile(rf"{before}{word}(?!{told_of})(?:{asked}|(?<=@{re.escape(name)}))")
    closing = re.compile(rf"(?:[,;:—-]\s*|(?:^|\s)(?:{CLOSERS})\s+){word}[\W_]*$")
    return opening, closing, re.compile(word + told_of)
