"""How English speaks of days: "yesterday", "three weeks ago", "last Friday", "on 3 June 2023"."""

import re
from datetime import date, timedelta

from memory.dates_spans import (
    Meaning,
    Patterns,
    Span,
    ago,
    day,
    day_towards,
    fixed,
    month,
    nearest,
    shifted,
    weekday_near,
    year,
)
from memory.dates_tense import direction

MONTHS = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
ENGLISH_NUMBERS = (
    *("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"),
)
NUMBERS = {
    **{word: number for number, word in enumerate(ENGLISH_NUMBERS, 1)},
    **{"a": 1, "an": 1, "a couple of": 2, "a couple": 2, "couple of": 2, "a few": 3},
}


ORDINALS = (
    *("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth", "eleventh"),
    *("twelfth", "thirteenth", "fourteenth", "fifteenth", "sixteenth", "seventeenth", "eighteenth", "nineteenth"),
    *("twentieth", "twenty-first", "twenty-second", "twenty-third", "twenty-fourth", "twenty-fifth", "twenty-sixth"),
    *("twenty-seventh", "twenty-eighth", "twenty-ninth", "thirtieth", "thirty-first"),
)
FEASTS = {
    r"new year's eve": (12, 31),
    r"new year's day": (1, 1),
    r"christmas eve": (12, 24),
    r"(?:christmas day|at christmas)": (12, 25),
    r"boxing day": (12, 26),
    r"hallowe'?en": (10, 31),
    r"valentine's(?: day)?": (2, 14),
}


def counted(sign: int) -> Meaning:
    """ "three weeks ago" (-1) and "in three weeks" (+1)."""
    return lambda m, on: ago(on, m[2].lower(), sign * count(m[1].lower()), vague=m[1].lower() == "a few")


def count(words: str) -> int:
    """ "three", "a couple of" or "12" as a number."""
    return NUMBERS[words] if words in NUMBERS else int(words)


def ordinal(word: str) -> int:
    """ "sixth" or "6th" as a number."""
    return ORDINALS.index(word.lower()) + 1 if word[0].isalpha() else int(re.sub(r"\D", "", word))


def feast(of_month: int, of_day: int) -> Meaning:
    """A day that every year has."""
    return lambda _, on: nearest(on, of_month, of_day)


def month_number(name: str) -> int:
    """January is 1; "Sept" and "sep" will do."""
    return next(number for number, full in enumerate(MONTHS, 1) if full.startswith(name.lower()[:3]))


def nth_weekend(m: re.Match[str], _: date) -> Span:
    """ "the first weekend of October 2023"."""
    first = month(int(m[3]), month_number(m[2])).first
    saturday = first + timedelta(
        (5 - first.weekday()) % 7 + 7 * (["first", "second", "third", "fourth"].index(m[1].lower()))
    )
    return Span(saturday, saturday + timedelta(1))


def compiled(source: str) -> re.Pattern[str]:
    """Case makes no difference; "May" the month is told from "may" by its own patterns."""
    return re.compile(source, re.IGNORECASE)


A_NUMBER = r"(\d{1,3}|" + "|".join(sorted(NUMBERS, key=len, reverse=True)) + ")"
MONTH_IN_FULL = "(" + "|".join(MONTHS) + ")"
A_MONTH = (
    "(" + "|".join(f"{name[:3]}(?:{name[3:]})?" if name != "september" else "sept?(?:ember)?" for name in MONTHS) + ")"
)
AN_ORDINAL = "(" + "|".join(sorted(ORDINALS, key=len, reverse=True)) + ")"
A_WEEKDAY = "(" + "|".join(WEEKDAYS) + ")"
WHICH = {"last": -1, "past": -1, "previous": -1, "this": 0, "next": 1, "coming": 1}
WORDS = (
    (r"\b(?:today|tonight|this (?:morning|afternoon|evening))\b", "day", 0),
    (r"(?<!before )\byesterday\b|\blast night\b", "day", -1),
    (r"\bthe day before yesterday\b", "day", -2),
    (r"(?<!after )\btomorrow\b", "day", 1),
    (r"\bthe day after tomorrow\b", "day", 2),
)
MAYBE = compiled(
    rf"\d(?:st|nd|rd|th)?(?: of)? {A_MONTH}|\b{A_MONTH}\.?,? (?:of )?\d|\b(?:in|during|since|of) \d|\d[-/]\d"
    r"|\bago\b|\byesterday\b|\bto(?:day|night|morrow)\b|\b(?:last|past|previous|this|next|coming) \w"
    rf"|\bin (?:an?|couple|{'|'.join(ENGLISH_NUMBERS)})\b|{MONTH_IN_FULL}|\bon (?:the|{'|'.join(WEEKDAYS)})\b"
    rf"|\bfrom (?:today|now)\b|{'|'.join(FEASTS)}"
)
PATTERNS: Patterns = (
    *((compiled(words), fixed(unit, by), False) for words, unit, by in WORDS),
    (compiled(rf"\b{A_NUMBER} (day|week|month|year)s? ago\b"), counted(-1), False),
    (compiled(rf"\bin {A_NUMBER} (day|week|month|year)s?\b(?! or)"), counted(1), False),
    (compiled(rf"\b{A_NUMBER} (day|week|month|year)s? from (?:today|now)\b"), counted(1), False),
    (
        compiled(rf"\bon {A_WEEKDAY}\b"),
        lambda m, on: weekday_near(on, WEEKDAYS.index(m[1].lower()), direction(m.string, m.start())),
        False,
    ),
    (
        compiled(rf"\bon the (?:{AN_ORDINAL}|\d{{1,2}}(?:st|nd|rd|th))(?=[,.;:!?]| (?:and|at|by)\b|$)"),
        lambda m, on: day_towards(on, ordinal(m[0].split()[-1]), direction(m.string, m.start())),
        False,
    ),
    *((compiled(rf"\b{name}\b"), feast(*when), False) for name, when in FEASTS.items()),
    (
        compiled(rf"\b{AN_ORDINAL} of {MONTH_IN_FULL}\b(?!,? \d{{4}})"),
        lambda m, on: nearest(on, month_number(m[2]), ordinal(m[1])),
        True,
    ),
    (
        compiled(r"\b(last|past|previous|this|next|coming) (weekend|week|month|year)\b"),
        lambda m, on: shifted(on, m[2].lower(), WHICH[m[1].lower()]),
        False,
    ),
    (
        compiled(rf"\b(last|past|this|next|coming) {A_WEEKDAY}\b"),
        lambda m, on: weekday_near(on, WEEKDAYS.index(m[2].lower()), WHICH[m[1].lower()]),
        False,
    ),
    (
        compiled(rf"\b(first|second|third|fourth) weekend (?:of|in) {MONTH_IN_FULL},? (\d{{4}})\b"),
        nth_weekend,
        True,
    ),
    (
        compiled(rf"\b(\d{{1,2}})(?:st|nd|rd|th)?(?: of)? {A_MONTH}\.?,? (\d{{4}})\b"),
        lambda m, _: day(date(int(m[3]), month_number(m[2]), int(m[1]))),
        True,
    ),
    (
        compiled(rf"\b{A_MONTH}\.? (\d{{1,2}})(?:st|nd|rd|th)?,? (\d{{4}})\b"),
        lambda m, _: day(date(int(m[3]), month_number(m[1]), int(m[2]))),
        True,
    ),
    (
        compiled(rf"\b{A_MONTH}\.?,? (?:of )?(\d{{4}})\b"),
        lambda m, _: month(int(m[2]), month_number(m[1])),
        True,
    ),
    (
        compiled(rf"\b{MONTH_IN_FULL} (\d{{1,2}})(?:st|nd|rd|th)?\b(?!,? \d{{4}})"),
        lambda m, on: nearest(on, month_number(m[1]), int(m[2])),
        True,
    ),
    (
        compiled(rf"\b(\d{{1,2}})(?:st|nd|rd|th)?(?: of)? {MONTH_IN_FULL}\b(?!,? \d{{4}})"),
        lambda m, on: nearest(on, month_number(m[2]), int(m[1])),
        True,
    ),
    (
        compiled(rf"\b(?:in|during|since|until|by) (?:early |mid-?|late )?{MONTH_IN_FULL}\b(?! \d)"),
        lambda m, on: nearest(on, month_number(m[1])),
        True,
    ),
    (compiled(r"\b(?:in|during|since|of) ((?:19|20)\d\d)\b"), lambda m, _: year(int(m[1])), True),
    (
        re.compile(r"\b((?:19|20)\d\d)[-/](\d{1,2})[-/](\d{1,2})\b"),
        lambda m, _: day(date(int(m[1]), int(m[2]), int(m[3]))),
        True,
    ),
)
