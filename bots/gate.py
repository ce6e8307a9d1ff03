"""What somebody typed becomes an utterance here, whatever they typed: the first step of every bot.

Letters of every script, emoji, right-to-left text and HTML stay as they are, for they are words; how they are shown is
for the page, how they reach the model for `personas.labels`. What no database and no terminal can hold is taken out.
"""

import re

CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")


class NothingSaid(Exception):
    """The message is empty, or nothing of it can be shown."""

    def __init__(self) -> None:
        super().__init__("There is nothing in that message.")


class TooMuchSaid(Exception):
    """The message is longer than the house reads at once."""

    def __init__(self, length: int, limit: int) -> None:
        super().__init__(f"That message has {length:,} characters, and {limit:,} are the most I can read at once.")
        self.length = length
        self.limit = limit


def words_of(typed: str, *, limit: int) -> str:
    """What was typed, without control characters and halves of characters. Raises `NothingSaid`, `TooMuchSaid`."""
    whole = typed.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    words = CONTROL.sub("", whole.replace("\r\n", "\n").replace("\r", "\n")).strip()
    if len(words) > limit:
        raise TooMuchSaid(len(words), limit)
    if not any(character.isprintable() and not character.isspace() for character in words):
        raise NothingSaid
    return words
