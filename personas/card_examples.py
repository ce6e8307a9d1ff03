"""Example dialogues: from a card's `mes_example` to exchanges of two lines, and back.

A block begins with `<START>`; lines begin with `{{user}}:`, `{{char}}:` or the literal name. What is not covered: a
block without a line of the fan's makes no exchange. It stays in the card.
"""

import re
from collections.abc import Iterable, Iterator, Sequence

START = re.compile(r"^[ \t]*<START>[ \t]*$", re.IGNORECASE | re.MULTILINE)
Exchange = tuple[str, str]


def exchanges(text: str, name: str) -> tuple[tuple[Exchange, ...], int]:
    """What a fan says and what is answered, for every answer in the text; and how many blocks had none to show."""
    found: list[Exchange] = []
    silent = 0
    for block in START.split(text.replace("\r\n", "\n")):
        if not block.strip():
            continue
        made = tuple(answered(lines(block, name)))
        silent += not made
        found += made
    return tuple(found), silent


def lines(block: str, name: str) -> Iterator[tuple[bool, str]]:
    """Each stretch of one speaker: whether it is the character, and the words, further lines included."""
    speaker = re.compile(
        rf"^[ \t]*(?:(?P<char>\{{\{{char\}}\}}|<bot>|<char>|{re.escape(name)})|\{{\{{user\}}\}}|<user>|you)[ \t]*:",
        re.IGNORECASE | re.MULTILINE,
    )
    marks = list(speaker.finditer(block))
    for number, mark in enumerate(marks):
        end = marks[number + 1].start() if number + 1 < len(marks) else len(block)
        words = block[mark.end() : end].strip()
        if words:
            yield mark["char"] is not None, words


def answered(said: Iterable[tuple[bool, str]]) -> Iterator[Exchange]:
    """A fan's words with the character's answer to them; what neighbours of one side say is one thing."""
    fan: list[str] = []
    char: list[str] = []
    for is_char, words in said:
        if is_char and fan:
            char.append(words)
        elif not is_char:
            if char:
                yield "\n".join(fan), "\n".join(char)
                fan, char = [], []
            fan.append(words)
    if char:
        yield "\n".join(fan), "\n".join(char)


def mes_example(pairs: Sequence[Exchange]) -> str:
    """Exchanges as a card writes them, one block each."""
    return "\n".join(f"<START>\n{{{{user}}}}: {fan}\n{{{{char}}}}: {says}" for fan, says in pairs)
