"""Cuts a reply into messages that Discord carries, at places where a reader would pause.

Joined, the parts are the reply again, to the letter; only a code fence or a spoiler that runs over a cut is closed in
one part and opened again, the fence with its language, in the next (`Part.closes`, `Part.reopens`). Links, mentions,
custom emoji and what looks like one character are never cut; a table stays whole where it fits.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bots.discord_marks import LONGEST_CLOSING, Marks, Open

LONGEST = 2000  # UTF-16 units, to be on the safe side of how Discord counts
WHOLE = re.compile(
    r"\[[^\]\n]{1,300}\]\([^)\s]{1,500}\)"  # a link
    r"|https?://\S{1,500}|<[^<>\s]{1,100}>|`[^`\n]{1,300}`|\*\*[^*\n]{1,120}\*\*|\*[^*\n]{1,120}\*"
    r"|.[\u0300-\u036f\u200d\ufe0e\ufe0f\U0001f3fb-\U0001f3ff\u20e3]+(?:(?<=\u200d).[\ufe0f\U0001f3fb-\U0001f3ff]*)*"
    r"|[\U0001f1e6-\U0001f1ff]{2}",
    re.DOTALL,
)
TABLE = re.compile(r"(?:^\|[^\n]*\n){2,}", re.MULTILINE)
PAUSES = (re.compile(r"\n\n+"), re.compile(r"\n"), re.compile(r"[.!?…]['\"”’)]*\s+|[。！？]+"), re.compile(r"\s+"))


@dataclass(frozen=True, slots=True)
class Part:
    """`words` are the reply's own; what stands around them only keeps a fence whole."""

    words: str
    reopens: str = ""
    closes: str = ""

    @property
    def text(self) -> str:
        return self.reopens + self.words + self.closes


def parts_of(reply: str, *, longest: int = LONGEST) -> list[Part]:
    """The parts of a reply, each at most `longest` UTF-16 units with its fences; one empty part for an empty reply."""
    return list(cut_up(reply, longest)) or [Part("")]


def cut_up(reply: str, longest: int) -> Iterator[Part]:
    marks, begin, now = Marks(reply), 0, Open()
    while begin < len(reply):
        rest, room = reply[begin:], longest - units(now.again)
        if units(rest) + units(marks.open_at(len(reply)).closing(rest)) <= room:
            end = len(reply)
        else:
            whole = [
                (start - begin, end - begin) for start, end in marks.unbroken if begin < end and start < begin + longest
            ]
            end = begin + best_cut(rest, fits(rest, max(16, room - LONGEST_CLOSING)), whole)
        words, after = reply[begin:end], marks.open_at(end)
        yield Part(words, now.again, after.closing(words))
        begin, now = end, after


def units(text: str) -> int:
    """Length in UTF-16 units."""
    return len(text) + sum(char > "\uffff" for char in text)


def fits(text: str, room: int) -> int:
    """How many characters of a text fit into so many units."""
    used = 0
    for place, char in enumerate(text):
        used += 2 if char > "\uffff" else 1
        if used > room:
            return place
    return len(text)


def best_cut(text: str, limit: int, marks: Sequence[tuple[int, int]]) -> int:
    """Where to cut, at most at `limit`: after a paragraph, a line, a sentence, a word, or wherever nothing breaks."""
    whole = [*marks, *(found.span() for found in WHOLE.finditer(text, 0, limit + 600))]
    tables = [found.span() for found in TABLE.finditer(text) if found.end() - found.start() <= limit]
    for unbroken in ([*whole, *tables], whole):
        for pause in PAUSES:
            cuts = [found.end() for found in pause.finditer(text, limit // 3, limit) if found.end() <= limit]
            for cut in reversed(cuts):
                if not any(begin < cut < end for begin, end in unbroken):
                    return cut
    around = next(((begin, end) for begin, end in whole if begin < limit < end), None)
    return around[0] if around and around[0] > 0 else limit
