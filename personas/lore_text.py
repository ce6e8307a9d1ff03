"""Finds keys in what was said: plain words all at once, patterns one by one against a clock.

A thousand entries with three keys each would be three thousand searches for every message; an automaton (Aho and
Corasick, 1975) finds all plain keys in one reading. Patterns (`/…/flags`) come from strangers: each has a time limit,
all of one turn share a longer one, and what runs out is reported.

Whole words: a word ends where the script it is written in says so. Latin, Cyrillic, Greek, digits and the like need a
boundary on both sides; Katakana runs and Hangul stems need theirs; Chinese characters, Hiragana and Thai are written
without gaps, so a key may stand anywhere in them. What is not covered: where a Chinese word ends (京都 is in 東京都).
"""

import re
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import regex
from ahocorasick_rs import AhoCorasick

from personas.macros import without_remarks
from personas.pattern_size import repeats

SLASHED = regex.compile(r"/(?P<body>(?:\\.|[^\\/\n])+)/(?P<flags>[a-z]*)")
FLAGS = {"i": regex.IGNORECASE, "m": regex.MULTILINE, "s": regex.DOTALL, "u": 0, "g": 0, "y": 0, "v": 0, "d": 0}
LONGEST_PATTERN = 2000
MOST_REPEATS = 10_000
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
    slashed: bool = False
    one_word: bool = False
    pattern: "regex.Pattern[str] | None" = None


@lru_cache(maxsize=50_000)
def key_of(text: str, *, patterned: bool = True) -> Key:
    """A key as it is written: `/…/flags` is a pattern where patterns are on, everything else plain words."""
    found = SLASHED.fullmatch(text.strip()) if patterned else None
    if found is not None:
        return Key(text, "", True, pattern=compiled(found["body"], found["flags"]))
    folded = text.strip().casefold()
    return Key(text.strip(), folded, one_word=WORD.fullmatch(folded) is not None)


def compiled(body: str, flags: str) -> "regex.Pattern[str] | None":
    """JavaScript's pattern as ours, or None where it is not valid, or would be too large."""
    if len(body) > LONGEST_PATTERN or any(flag not in FLAGS for flag in flags):
        return None
    body = body.replace("[^]", r"[\s\S]").replace(r"\/", "/")
    if repeats(body) > MOST_REPEATS:
        return None
    try:
        return regex.compile(body, sum(FLAGS[flag] for flag in set(flags)) | regex.V0)
    except (regex.error, RecursionError, OverflowError, MemoryError):
        return None


class Finder:
    """Says which of some plain keys stand in a text, as parts of words or whole.

    Keys of one word are looked for among the text's different words, which are few; the others in all of it.
    """

    def __init__(self, keys: Iterable[Key]) -> None:
        plain = [key for key in keys if key.folded]
        self._in_words = Automaton(key.folded for key in plain if key.one_word)
        self._anywhere = Automaton(key.folded for key in plain if not key.one_word)

    def found(self, folded: str, words: Iterable[str]) -> frozenset[str]:
        """The keys, case-folded, that stand in a case-folded text of these words."""
        return self._in_words.found("\n".join(words)) | self._anywhere.found(folded)


class Automaton:
    """All of these strings that stand in a text, in one reading."""

    def __init__(self, wanted: Iterable[str]) -> None:
        self._wanted = sorted(set(wanted))
        self._automaton = AhoCorasick([well_formed(one) for one in self._wanted])

    def found(self, text: str) -> frozenset[str]:
        matches = self._automaton.find_matches_as_indexes(well_formed(text), overlapping=True) if self._wanted else ()
        return frozenset(self._wanted[number] for number in {match[0] for match in matches})


def well_formed(text: str) -> str:
    """The text with halves of surrogate pairs, which only damaged cards hold, replaced."""
    return text.encode("utf-8", "replace").decode()


class ScanText:
    """A text that keys are looked for in, and that may grow; `found` are the plain keys in it, case-folded."""

    __slots__ = ("_folded", "_texts", "_words", "found")

    def __init__(self, text: str, finder: Finder) -> None:
        clean = without_remarks(text)[-LONGEST_TEXT:]
        folded = clean.casefold()
        self._texts, self._folded = [clean], [folded]
        self._words = set(WORD.findall(folded))
        self.found = set(finder.found(folded, self._words))

    def copy(self) -> "ScanText":
        """The same text, to grow by itself."""
        twin = ScanText.__new__(ScanText)
        twin._texts, twin._folded = list(self._texts), list(self._folded)
        twin._words, twin.found = set(self._words), set(self.found)
        return twin

    def grow(self, more: "ScanText") -> None:
        """Puts another text behind this one; only what is new is gone through."""
        self._texts += more._texts
        self._folded += more._folded
        self._words |= more._words
        self.found |= more.found

    @property
    def text(self) -> str:
        """All of it."""
        return whole(self._texts)

    @property
    def folded(self) -> str:
        """All of it, case-folded."""
        return whole(self._folded)

    def holds(self, key: Key, *, clock: Clock, case_sensitive: bool = False, whole_words: bool = False) -> bool:
        """Whether a key is in the text."""
        if key.slashed:
            return key.pattern is not None and clock.search(key.pattern, self.text)
        if key.folded not in self.found:
            return False
        if key.one_word and not case_sensitive:
            return not whole_words or key.folded in self._words
        wanted, text = (key.text, self.text) if case_sensitive else (key.folded, self.folded)
        return word_in(wanted, text) if whole_words else wanted in text


def whole(parts: list[str]) -> str:
    """The parts as one text, and as one part from then on."""
    if len(parts) > 1:
        parts[:] = ["\n".join(parts)]
    return parts[0]


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
