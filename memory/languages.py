"""Cuts a text into the terms that recall compares, whatever it is written in.

Latin script goes word by word, without stop words, stemmed as English (other European languages lose little by it).
Chinese and Japanese write no spaces: every Chinese character, kanji and katakana pair stands for itself and with its
neighbour (n-grams search as well as a dictionary does for short texts: Nie et al., "Chinese information retrieval:
a comparison between characters and words", 1999), and no dictionary has to be shipped.

What is not covered: Thai, Khmer and others without spaces outside East Asia; Korean goes by pairs of syllables.
"""

import re
import unicodedata
from collections.abc import Iterator
from typing import Literal

import Stemmer

Language = Literal["en", "zh", "ja"]

HAN = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff々"
HIRAGANA = "\u3041-\u309f"
KATAKANA = "\u30a0-\u30ff"
EAST = re.compile(f"[{HAN}{HIRAGANA}{KATAKANA}\uac00-\ud7af]+")
KANA = re.compile(f"[{HIRAGANA}{KATAKANA}]")
IDEOGRAPH = re.compile(f"[{HAN}]")
ONLY_HIRAGANA = re.compile(f"[{HIRAGANA}]+")
PIECE = re.compile(f"[{HAN}{HIRAGANA}{KATAKANA}\uac00-\ud7af]+|[^\\W_]+")

STOP_WORDS = frozenset(
    """
    a about again all also am an and any are as at be been being but by can could did do does doing don for from get got
    had has have having he her hers him his how i if in into is isn it its just ll let m me mine more most my no not of
    off oh on or our ours out over own re s she should so some such t than that the their theirs them then there these
    they this those to too up us ve very was we well were what when where which while who whom whose why will with would
    yeah yes you your yours
    """.split()  # noqa: SIM905, a list of 130 quoted words would be a page
)
# Characters that say how, not what, in Chinese; kanji that stand for "what" and "who" and for the two who talk.
STOP_CHARACTERS = frozenset(
    "的了是我你您他她它们吗呢吧啊呀么什谁哪里怎样这那个在有和跟也都还就不没说过得地着把被给让会能要想去来到上下"
    "何誰私僕俺君"
)


def language_of(text: str) -> Language:
    """Japanese has kana, Chinese has ideographs and none; everything else is read as English."""
    if KANA.search(text):
        return "ja"
    return "zh" if IDEOGRAPH.search(text) else "en"


def terms(text: str) -> list[str]:
    """The terms of a text in order, repeats included; may be empty (a text of stop words, or of none)."""
    return list(cut(unicodedata.normalize("NFKC", text).casefold().replace("'s", "").replace("’s", "")))


def length(text: str) -> float:
    """How many words a text has, or half its characters where no spaces are written."""
    return len(text.split()) if language_of(text) == "en" else len(text) / 2


def cut(text: str) -> Iterator[str]:
    """Terms of a text that is already folded."""
    words = []
    for piece in PIECE.findall(text):
        if EAST.fullmatch(piece):
            yield from east_terms(piece)
        elif piece not in STOP_WORDS:
            words.append(piece)
    # A stemmer holds state of its own, and is made in microseconds: one for each call keeps threads apart.
    yield from Stemmer.Stemmer("english").stemWords(words)


def east_terms(run: str) -> Iterator[str]:
    """Pairs of neighbours that hold more than hiragana, and every ideograph by itself."""
    for here, pair in zip(run, (run[at : at + 2] for at in range(len(run))), strict=True):
        if IDEOGRAPH.match(here) and here not in STOP_CHARACTERS:
            yield here
        if len(pair) == 2 and not all(letter in STOP_CHARACTERS for letter in pair):
            yield pair
