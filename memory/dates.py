"""Which days people mean by "yesterday", "last Friday", "先週" or "3 June", so that what they said keeps its date.

Most questions about when rest on a line that says "yesterday"; without the day it was said, it answers nothing.
English, Chinese and Japanese are read; weeks begin on Monday.

"On Friday" alone is the one that the sentence looks to, back or ahead; where its tense can't be told, none.

What is not covered: feasts that move (Easter, 春节), days of a month without the month in Chinese and Japanese, and
clock times. "Next Friday" is read as the first one to come, "last Friday" as the latest one gone, though not everybody
speaks so; nor does every Japanese week begin on Monday.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from memory import dates_east, dates_english
from memory.dates_spans import Span
from memory.languages import language_of

__all__ = ["Mention", "Span", "dated", "mentions"]


@dataclass(frozen=True, slots=True)
class Mention:
    """Where a text speaks of a time (`begin` to `end`, in characters) and which days it means.

    `calendar` is true where the text itself names the month or year, so that a reader needs no help.
    """

    begin: int
    end: int
    span: Span
    calendar: bool = False


def mentions(text: str, said_on: date) -> tuple[Mention, ...]:
    """Every time the text speaks of, first to last, as somebody means it who says it on `said_on`."""
    found: list[Mention] = []
    for mention in sorted(candidates(text, said_on), key=lambda m: (m.begin, m.begin - m.end)):
        if not found or mention.begin >= found[-1].end:
            found.append(mention)
    return tuple(found)


def dated(text: str, said_on: date) -> str:
    """The text with the days behind each "yesterday" in brackets: "yesterday (22 November 2026)"."""
    east = language_of(text) != "en"
    pieces, done = [], 0
    for mention in mentions(text, said_on):
        if not mention.calendar:
            note = f"({mention.span.in_characters()})" if east else f" ({mention.span})"
            pieces += [text[done : mention.end], note]
            done = mention.end
    return "".join([*pieces, text[done:]])


def candidates(text: str, said_on: date) -> Iterator[Mention]:
    """What each pattern finds; findings may overlap, and days that no calendar has are left out."""
    for language in (dates_english, dates_east):
        if not language.MAYBE.search(text):  # most lines speak of no time, and this is forty times faster
            continue
        for pattern, meaning, calendar in language.PATTERNS:
            for match in pattern.finditer(text):
                try:
                    span = meaning(match, said_on)
                except (ValueError, OverflowError):  # the 31st of February, or a hundred thousand years ago
                    continue
                yield Mention(match.start(), match.end(), span, calendar)
