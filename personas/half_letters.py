"""Joins the halves of letters that JSON escapes in two (`\\ud83d\\ude00`): a half is no text one can send or keep."""

import re

from personas.card_json import Json

HALF = re.compile("[\ud800-\udfff]")


def joined(text: str) -> str:
    """The text with whole letters only; a half without its other half becomes U+FFFD."""
    if not HALF.search(text):
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def has_lone_half(text: str) -> bool:
    """Whether a half stands in the text without its other half."""
    return joined(text).count("\ufffd") > text.count("\ufffd")


def all_joined(value: Json) -> Json:
    """A value with whole letters in every text and key."""
    if isinstance(value, str):
        return joined(value)
    if isinstance(value, dict):
        return {joined(key): all_joined(inner) for key, inner in value.items()}
    return [all_joined(inner) for inner in value] if isinstance(value, list) else value
