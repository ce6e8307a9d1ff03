"""Finds keys in what was said: plain words by an index of letter triples, patterns against a clock.

A thousand entries with three keys each would be three thousand searches for every message. Instead, the words and the
letter triples of the text are put into sets once: a key of one word is looked up among the words, and the others are
searched for only if all their triples are there. Patterns (`/…/flags`) come
from strangers: each has a time limit, all of one turn share a longer one, and what runs out is reported.

Whole words: a word ends where the script it is written in says so. Latin, Cyrillic, Greek, digits and the like need a
boundary on both sides; Katakana runs and Hangul stems need theirs; Chinese characters, Hiragana and Thai are written
without gaps, so a key may stand anywhere in them. What is not covered: where a Chinese word ends (京都 is in 東京都).
"""

import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import regex

from personas.macros import without_remarks

SLASHED = regex.compile(r"/(?P<body>(?:\\.|[^\\/\n])+)/(?P<flags>[a-z]*)")
FLAGS = {"i": regex.IGNORECASE, "m": regex.MULTILINE, "s": regex.DOTALL, "u": 0, "g": 0, "y": 0, "v": 0, "d": 0}
LONGEST_PATTERN = 2000
LONGEST_TEXT = 200_000
ONE_PATTERN, ALL_PATTERNS = 0.015, 0.030  # seconds
WORD = re.compile(
    r"[^\W\u0e00-\u0eff\u1100-\u11ff\u1780-\u17ff\u3005-\u30ff\u31f0-\u9fff\uac00-\ud7a3\uf900-\U000fffff]+"
)
GAPLESS = ((0x0E00, 0x0EFF), (0x1780, 0x17FF), (0x3005, 0x3007), (0x3040, 0x309F), (0x3400, 0x9FFF), (0xF900, 0xFAFF))


@dataclass(slots=True)
class Clock:
    """What patterns may still take in this turn, and those that took too long; one clock for each turn."""

    seconds: Callable[[], float] = time.perf_counter
    left: float = ALL_PATTERNS
    late: list[str] = field(default_factory=list)

    def search(self, pattern: "regex.Pattern[str]", text: str) -> bool:
        """Whether a pattern is in a text; not found if it takes too long."""
        if self.left <= 0:
            self.late.append(pattern.pattern)
            return False
        start = self.seconds()
        try:
            return pattern.search(text, timeout=min(ONE_PATTERN, self.left)) is not None
        except TimeoutError:
            self.late.append(pattern.pattern)
            return False
        finally:
            self.left -= self.seconds() - start


@dataclass(frozen=True, slots=True)
class Key:
    """One key, ready to be looked for. `pattern` is None for plain words, and so is one that is not valid."""

    text: str
    folded: str
    triples: frozenset[str]
    slashed: bool = False
    one_word: bool = False
    pattern: "regex.Pattern[str] | None" = None


@lru_cache(maxsize=50_000)
def key_of(text: str, *, patterned: bool = True) -> Key:
    """A key as it is written: `/…/flags` is a pattern where patterns are on, everything else plain words."""
    found = SLASHED.fullmatch(text.strip()) if patterned else None
    if found is not None:
        return Key(text, "", frozenset(), True, pattern=compiled(found["body"], found["flags"]))
    folded = text.strip().casefold()
    within = frozenset[str]().union(*map(triples, WORD.findall(folded)))
    return Key(text.strip(), folded, within, one_word=WORD.fullmatch(folded) is not None)


def compiled(body: str, flags: str) -> "regex.Pattern[str] | None":
    """JavaScript's pattern as ours, or None where it is not valid."""
    if len(body) > LONGEST_PATTERN or any(flag not in FLAGS for flag in flags):
        return None
    body = body.replace("[^]", r"[\s\S]").replace(r"\/", "/")
    try:
        return regex.compile(body, sum(FLAGS[flag] for flag in set(flags)) | regex.V0)
    except (regex.error, RecursionError, OverflowError, MemoryError):
        return None


def triples(text: str) -> frozenset[str]:
    """Every three neighbouring letters of a text."""
    return frozenset(map("".join, zip(text, text[1:], text[2:], strict=False)))


class ScanText:
    """A text that keys are looked for in."""

    __slots__ = ("_triples", "_vocabulary", "_words", "folded", "text")

    def __init__(self, text: str) -> None:
        self.text = without_remarks(text)[-LONGEST_TEXT:]
        self.folded = self.text.casefold()
        self._words = frozenset(WORD.findall(self.folded))
        self._vocabulary = "\n".join(self._words)
        self._triples = triples(self._vocabulary)

    def plus(self, text: str) -> "ScanText":
        """This text with more behind it."""
        if not text:
            return self
        more = ScanText.__new__(ScanText)
        new = without_remarks(text)
        more.text, more.folded = f"{self.text}\n{new}", f"{self.folded}\n{new.casefold()}"
        more._words = self._words.union(WORD.findall(new.casefold()))
        more._vocabulary = "\n".join(more._words)
        more._triples = self._triples | triples("\n".join(more._words - self._words))
        return more

    def holds(self, key: Key, *, clock: Clock, case_sensitive: bool = False, whole_words: bool = False) -> bool:
        """Whether a key is in the text."""
        if key.slashed:
            return key.pattern is not None and clock.search(key.pattern, self.text)
        if not case_sensitive and key.one_word:
            return key.folded in self._words or (not whole_words and self._within_a_word(key))
        if not key.folded or not key.triples <= self._triples or key.folded not in self.folded:
            return False
        wanted, text = (key.text, self.text) if case_sensitive else (key.folded, self.folded)
        return word_in(wanted, text) if whole_words else wanted in text

    def _within_a_word(self, key: Key) -> bool:
        return key.triples <= self._triples and key.folded in self._vocabulary


def word_in(wanted: str, text: str) -> bool:
    """Whether the words stand in the text with nothing of the same word before or after them."""
    at = text.find(wanted)
    while at >= 0:
        end = at + len(wanted)
        before, after = text[at - 1 : at], text[end : end + 1]
        if not joined(before, wanted[0]) and not (joined(wanted[-1], after) and run(wanted[-1]) != "hangul"):
            return True
        at = text.find(wanted, at + 1)
    return False


def joined(first: str, second: str) -> bool:
    """Whether two neighbouring letters belong to one word."""
    return bool(first and second) and (found := run(first)) is not None and found == run(second)


def run(letter: str) -> str | None:
    """Which letters this one makes words with, or None where scripts leave no gaps, and between words."""
    code = ord(letter)
    if code < 0x300:
        return "letters" if letter.isalnum() or letter == "_" else None
    if any(low <= code <= high for low, high in GAPLESS) or code >= 0x20000:
        return None
    if 0x30A0 <= code <= 0x30FF or 0x31F0 <= code <= 0x31FF or 0xFF66 <= code <= 0xFF9F:
        return None if letter == "・" else "katakana"
    if 0xAC00 <= code <= 0xD7A3 or 0x1100 <= code <= 0x11FF:
        return "hangul"
    return "letters" if letter.isalnum() else None


def window(messages: Sequence[str], depth: int) -> str:
    """The newest messages as one text, newest last; each begins with the mark that card patterns may rely on."""
    return "\n".join(messages[-depth:]) if depth > 0 else ""
