"""Takes out of people's words what could name or find them, before anything learns from them.

Mail, phone numbers, cards and accounts, addresses of the net and of houses, long numbers, handles, and the names that
the caller knows (a speaker's own). What is not covered: a name that nobody declared, and a story so particular that it
names its teller.
"""

import re
from collections.abc import Iterable

PATTERNS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("ID", re.compile(r"<@!?\d+>")),
    ("MAIL", re.compile(r"[\w.+-]{1,64}@[\w-]+(?:\.[\w-]+)+")),
    ("LINK", re.compile(r"(?:https?://|www\.)\S+", re.IGNORECASE)),
    ("IP", re.compile(r"\b(?:\d{1,3}\.){3}\d{1,3}\b")),
    ("ACCOUNT", re.compile(r"\b[A-Z]{2}\d{2}(?:[ ]?[A-Z0-9]{4}){2,7}[ ]?[A-Z0-9]{0,3}\b")),
    ("CARD", re.compile(r"\b(?:\d[ -]?){13,19}\b")),
    ("PHONE", re.compile(r"(?<!\w)\+?\d[\d ()/.-]{6,16}\d(?!\w)")),
    (
        "ADDRESS",
        re.compile(
            r"\b\d{1,5}[a-z]?\s+(?:[A-Z][\w'’-]+\s+){1,4}(?:Street|St|Road|Rd|Avenue|Ave|Lane|Ln|Drive|Way|Square|Court)\b\.?"
            r"|\b[A-ZÄÖÜ][\wäöüß-]+(?:straße|strasse|weg|platz|gasse)\s+\d{1,4}[a-z]?\b"
        ),
    ),
    ("ID", re.compile(r"\b\d{7,}\b")),
    ("HANDLE", re.compile(r"(?<![\w@])@[A-Za-z]\w{2,31}\b")),
)


def masked(text: str, names: Iterable[str] = ()) -> str:
    """The text with what identifies somebody replaced by its kind in brackets."""
    for kind, pattern in PATTERNS:
        text = pattern.sub(f"[{kind}]", text)
    for name in sorted({name for name in names if len(name) > 1}, key=len, reverse=True):
        text = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", "[NAME]", text, flags=re.IGNORECASE)
    return text


def identifies(text: str) -> str | None:
    """The kind of the first thing in a text that could name or find somebody, or None."""
    return next((kind for kind, pattern in PATTERNS if pattern.search(text)), None)
