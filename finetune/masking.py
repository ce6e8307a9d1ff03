"""Takes out of people's words what could name or find them, before anything learns from them.

Mail, phone numbers (by phonenumbers, Google's rules for seven countries and all that begin with +), cards and accounts,
addresses of the net and of houses, identity and other long numbers, handles, days of birth, and the names that the
caller knows (`finetune/masking_names.py` finds those that a talk itself gives away).

What is not covered: a name that nobody declared or introduced (only a model that reads names would see it; none can be
had offline), a place that is described in a sentence, a phone number in words, and a story so particular that it names
its teller.
"""

import re
from collections.abc import Iterable, Iterator, Mapping

from phonenumbers import Leniency, PhoneNumberMatcher

REGIONS = ("US", "GB", "DE", "FR", "CN", "JP", "KR")
EAST = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]")
WORDS = frozenset(
    """
    a an and are art as be bill but by can do dream for from frank go grace happy hope i in is it joy just king love
    luck man mark may me miles moon my no not of on or pat queen rain rich rose see shadow she sky so son star summer
    sun sunny that the they to us we will winter you young
    """.split()  # noqa: SIM905, a list of quoted words would be a page
)
DIGITS = re.compile(r"(?:\d\D{0,3}){7}")
PATTERNS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("ID", re.compile(r"<(?:@[!&]?|#)\d+>")),
    ("MAIL", re.compile(r"[\w.+-]{1,64}\s?(?:@|\(at\)|\[at\])\s?[\w-]+(?:\s?(?:\.|\(dot\)|\[dot\])\s?[\w-]+)+")),
    ("LINK", re.compile(r"(?:https?://|www\.|discord\.gg/|t\.me/)\S+", re.IGNORECASE)),
    ("IP", re.compile(r"\b(?:\d{1,3}\.){3}\d{1,3}\b|\b(?:[0-9a-f]{1,4}:){4,7}[0-9a-f]{1,4}\b", re.IGNORECASE)),
    ("ACCOUNT", re.compile(r"\b[A-Z]{2}\d{2}(?:[ ]?[A-Z0-9]{4}){2,7}[ ]?[A-Z0-9]{0,3}\b")),
    ("CARD", re.compile(r"\b(?:\d[ -]?){13,19}\b")),
    ("ID", re.compile(r"\b\d{3}-\d{2}-\d{4}\b|\b[1-9]\d{16}[\dXx]\b|\b[A-Z]{1,2}\d{6,9}[A-Z]?\b")),
    ("BIRTHDAY", re.compile(r"(?<=\bborn )(?:on |in )?(?:the )?[\w ,./-]{0,14}(?:19|20)\d\d\b", re.IGNORECASE)),
    ("PHONE", re.compile(r"(?<![\w-])(?!\d{4}-\d\d-\d\d(?!\d))\+?\d[\d ()/.-]{6,16}\d(?!\w)")),
    (
        "ADDRESS",
        re.compile(
            r"\b\d{1,5}[a-z]?\s+(?:[A-Z][\w'’-]+\s+){1,4}(?:Street|St|Road|Rd|Avenue|Ave|Lane|Ln|Drive|Way|Square|Court|Boulevard|Blvd|Place|Terrace|Close)\b\.?"
            r"|\b[A-ZÄÖÜ][\wäöüß-]+(?:straße|strasse|weg|platz|gasse|allee)\s+\d{1,4}[a-z]?\b"
            r"|\b\d{1,4},?\s+(?:rue|avenue|boulevard|place)\s+[\w'’ -]{3,40}"
            r"|[\u4e00-\u9fff]{2,8}(?:路|街|大道|胡同|巷)\d{1,5}[号號]"
        ),
    ),
    ("ID", re.compile(r"\b\d{7,}\b")),
    ("HANDLE", re.compile(r"(?<![\w@])@[A-Za-z]\w{2,31}\b|\b[a-z0-9_.]{2,32}#\d{4}\b", re.IGNORECASE)),
)


def masked(text: str, names: Iterable[str] | Mapping[str, str] = ()) -> str:
    """The text with what identifies somebody replaced by its kind in brackets, and each name by what stands for it."""
    instead = dict(names) if isinstance(names, Mapping) else dict.fromkeys(names, "[NAME]")
    for kind, pattern in PATTERNS:
        text = pattern.sub(f"[{kind}]", text)
        if kind == "CARD":  # before longer patterns break a number that the library would know
            text = without_phones(text)
    for name in sorted((name for name in instead if len(name) > 1), key=len, reverse=True):
        text = spelled_as(name).sub(instead[name].replace("\\", ""), text)
    return text


def spelled_as(name: str) -> re.Pattern[str]:
    """A name in every case; one that is a common word only where it is written as a name."""
    if name.casefold() in WORDS:
        return re.compile(edged(name.capitalize()))
    return re.compile(edged(name), re.IGNORECASE)


def edged(name: str) -> str:
    """A name as a word of its own; scripts without spaces between words know no edge."""
    return re.escape(name) if EAST.search(name) else rf"(?<!\w){re.escape(name)}(?!\w)"


def without_phones(text: str) -> str:
    """The text with telephone numbers masked that are valid somewhere we know."""
    if not DIGITS.search(text):
        return text
    for start, end in sorted(set(phones(text)), reverse=True):
        text = f"{text[:start]}[PHONE]{text[end:]}"
    return text


def phones(text: str) -> Iterator[tuple[int, int]]:
    """Where the telephone numbers stand, without overlaps."""
    taken: list[tuple[int, int]] = []
    for region in REGIONS:
        for match in PhoneNumberMatcher(text, region, leniency=Leniency.VALID, max_tries=64):
            if all(match.end <= start or end <= match.start for start, end in taken):
                taken.append((match.start, match.end))
                yield match.start, match.end


def identifies(text: str) -> str | None:
    """The kind of the first thing in a text that could name or find somebody, or None; a mask counts as what it hid."""
    for kind, pattern in PATTERNS:
        if f"[{kind}]" in text or pattern.search(text):
            return kind
    return "PHONE" if without_phones(text) != text else None
